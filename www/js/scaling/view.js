// What the scaling lab shows of a result: the key with exponents, the findings in words, the published counts, the table.

import { Surface } from "../charts/surface.js";
import { h } from "../page/dom.js";
import { COUNTED, drawKey } from "./chart.js";
import {
  besideCounts, bytes, count, crossover, fit, isTraining, LENGTHS, MIXINGS, nameOf, operations, ownWay, pointsOf, ratesOf, TRAININGS, whyTimesDiffer, wordsOfCrossover,
  wordsOfGrowth, wordsOfRatio, wordsOfTime,
} from "./growth.js";

/**
 * @typedef {import("./growth.js").ScalingResult} ScalingResult
 * @typedef {import("./growth.js").Mixing} Mixing
 * @typedef {import("./growth.js").Way} Way
 */

/**
 * A chart's key; shows what there is to say of each way, or its value at the length that is pointed at.
 * @param {import("./chart.js").Plot} plot @param {readonly {mixing: Way, name: string, about: string}[]} ways
 */
export function makeKey(plot, ways) {
  /** @type {Map<Way, HTMLElement>} */ const values = new Map();
  const element = h("ul", { class: "scaling-key" }, ways.map(({ mixing, name, about }) => {
    const canvas = h("canvas", { class: "scaling-key-mark", "aria-hidden": "true" });
    new Surface(canvas, (context, _, height) => drawKey(context, mixing, height / 2));
    const value = h("span", { class: "scaling-key-value" });
    values.set(mixing, value);
    return h("li", null, canvas, h("span", null, h("strong", null, name), ` (${about})`), value);
  }));
  const marks = h("li", { hidden: true }, h("span", { class: "scaling-key-hollow", "aria-hidden": "true" }, "△"), h("span", null, h("strong", null, COUNTED), " (so many times the waves by Fourier transform)"));
  element.append(marks);
  /** @param {ScalingResult | null} result @param {number | null} pointed */
  const show = (result, pointed) => {
    for (const { mixing } of ways) {
      const points = result ? plot.points(result, mixing) : [];
      const at = points.find(([length]) => length === pointed);
      const words = pointed === null ? (plot.fitted ? growthWords(points) : "") : `${count(pointed)} tokens: ${at ? plot.words(at[1]) : "not measured"}`;
      /** @type {HTMLElement} */ (values.get(mixing)).textContent = words;
    }
    marks.hidden = !result || plot.marks(result).length === 0;
  };
  return { element, show };
}

/** @param {[number, number][]} points */
function growthWords(points) {
  const growth = wordsOfGrowth(fit(points));
  if (growth) return `time grows like ${growth}`;
  return points.length > 3 ? "the times scatter too much to say how they grow" : points.length > 1 ? "how time grows cannot be told from so few lengths" : "";
}

/** What steps of training say, in sentences. @param {ScalingResult} result @returns {string[]} */
export function trainingFindings(result) {
  const [waves, standard] = TRAININGS.map(({ mixing }) => ratesOf(result.measured, mixing));
  if (waves.length === 0) return [];
  const [shortest, longest] = [waves[0], waves[waves.length - 1]];
  const kept = `A wave model learns from ${count(shortest[1])} tokens a second in texts of ${count(shortest[0])}, and from ${count(longest[1])} in texts of ${count(longest[0])}: ${Math.round((100 * longest[1]) / shortest[1])} %.`;
  const both = standard.findLast(([length]) => waves.some(([other]) => other === length));
  const own = both && waves.find(([length]) => length === both[0]);
  const beside = both && own ? [`At ${count(both[0])} tokens a Transformer of the same size learns from ${count(both[1])} a second, the wave model from ${wordsOfRatio(own[1] / both[1])} as many.`] : [];
  const twice = result.measured.find(({ mixing, recomputed }) => mixing === "train_wave" && recomputed);
  return [kept, ...beside, ...(twice ? [`From ${count(twice.length)} tokens on each layer was computed twice, as all layers side by side would not have fitted in memory: a part of the speed goes there.`] : [])];
}

/** What the numbers say, in sentences. @param {ScalingResult} result @returns {string[]} */
export function findings(result) {
  const of = (/** @type {Mixing} */ mixing) => pointsOf(result.measured, mixing);
  const lines = MIXINGS.flatMap(({ mixing, name }) => {
    const line = fit(of(mixing));
    const growth = wordsOfGrowth(line);
    return line && growth ? [`${name}: time grows like ${growth} from ${count(line.from)} tokens on (95 % interval).`] : [];
  });
  const own = ownWay(result.measured);
  /** @type {[Mixing, string][]} */ const others = [["attention", "attention"], ["direct_waves", "the same sums done directly"], ["waves", "the same by Fourier transform"]];
  const crossings = others.filter(([other]) => other !== own).map(([other, name]) => wordsOfCrossover(crossover(of(own), of(other)), nameOf(own), name));
  return [...lines, ...crossings.filter(Boolean)];
}

/** How the ratios of times compare with those of operations. @param {ScalingResult} result @returns {string[]} */
export function comparison(result) {
  const lines = besideCounts(result.measured).flatMap(({ length, times, attention }) => {
    if (attention === null) return [];
    const less = times / attention;
    const part = less > 1.1 ? "less than the count" : less < 0.9 ? "more than the count" : "about the count";
    return [`At ${count(length)} tokens the count says ${times}×; here attention takes ${wordsOfRatio(attention)} as long as waves: ${part}.`];
  });
  const why = whyTimesDiffer(result);
  if (!why) return lines;
  const rate = (/** @type {number} */ value) => `${Number((value / 1e9).toPrecision(2))}`;
  return [
    ...lines,
    `Why the two differ: a count takes every operation for equally quick. For this layer and ${count(why.length)} tokens attention needs ${wordsOfRatio(why.more)} as many additions and multiplications as the waves. In a second this device did ${rate(why.rates.attention)} thousand million of them for attention, and ${rate(why.rates.waves)} thousand million for the waves. So ${wordsOfRatio(why.more)} the work, at ${wordsOfRatio(why.faster)} the speed, made ${wordsOfRatio(why.times)} the time.`,
    ...(why.faster > 1 ? ["Attention is products of matrices: the same few numbers are used again and again, side by side, which is what a processor's vector units and nearby memory are made for. A wave takes each number once, and then it is done with it: memory sets the pace."] : []),
  ];
}

/** The published counts beside the measured ratios. @param {ScalingResult | null} result */
export function countsTable(result) {
  const cell = (/** @type {number | null} */ ratio) => h("td", null, ratio === null ? "not measured" : wordsOfRatio(ratio));
  return h("table", { class: "scaling-table" },
    h("thead", null, h("tr", null, ["Tokens", "Attention over waves, counted", "Attention over waves, measured", "Attention over waves by Fourier transform, measured"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", null, besideCounts(result?.measured ?? []).map(({ length, times, attention, transforms }) =>
      h("tr", null, h("th", { scope: "row" }, count(length)), h("td", null, `${times}×`), cell(attention), cell(transforms)))));
}

/** In thousands, millions or thousands of millions. @param {number} value */
const large = (value) => (value >= 1e9 ? `${Number((value / 1e9).toPrecision(2)).toLocaleString("en-GB")} G` : value >= 1e6 ? `${Number((value / 1e6).toPrecision(2))} M` : `${Number((value / 1e3).toPrecision(2))} k`);

/** All numbers: times, and under each the operations and bytes that go with it. @param {ScalingResult} result */
export function numbersTable(result) {
  return table("scaling-numbers", result, MIXINGS.map(({ mixing }) => mixing), ({ mixing, length, seconds }) => {
    if (isTraining(mixing)) return [wordsOfTime(seconds)];
    return [wordsOfTime(seconds), `${large(operations(mixing, length, result.layer))}, ${large(bytes(mixing, length, result.layer))}B`];
  });
}

/** All steps of training: tokens a second, and under each the time of a step. @param {ScalingResult} result */
export function trainingTable(result) {
  return table("scaling-rates", result, TRAININGS.map(({ mixing }) => mixing), ({ seconds, tokens = 0, recomputed }) =>
    [`${count(tokens / seconds)} tokens/s`, `${wordsOfTime(seconds)} for ${count(tokens)}${recomputed ? ", layers computed twice" : ""}`]);
}

/** @param {string} name @param {ScalingResult} result @param {readonly Way[]} ways @param {(found: import("./growth.js").Measured) => string[]} words */
function table(name, result, ways, words) {
  const lengths = LENGTHS.filter((length) => length <= result.longest);
  const cell = (/** @type {Way} */ mixing, /** @type {number} */ length) => {
    const found = result.measured.find((entry) => entry.mixing === mixing && entry.length === length);
    if (found) {
      const spread = `between ${wordsOfTime(found.fastest)} and ${wordsOfTime(found.slowest)}; samples: ${found.samples}, runs in each: ${found.runs}`;
      const [first, second] = words(found);
      return h("td", { title: spread }, first, second && h("small", null, second), h("span", { class: "visually-hidden" }, `, ${spread}`));
    }
    const left = result.leftOut.find((entry) => entry.mixing === mixing && entry.length === length);
    if (left?.why === "memory") return h("td", { class: "scaling-left-out", title: left.message }, "too large");
    if (left) return h("td", { class: "scaling-left-out" }, left.expected ? `left out (about ${wordsOfTime(left.expected)})` : "left out");
    return h("td", { class: "scaling-left-out" }, "—");
  };
  return h("table", { class: `scaling-table ${name}` },
    h("thead", null, h("tr", null, ["Tokens", ...ways.map(nameOf)].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", null, lengths.map((length) =>
      h("tr", null, h("th", { scope: "row" }, count(length)), ways.map((mixing) => cell(mixing, length))))));
}
