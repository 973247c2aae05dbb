// What the scaling lab shows of a result: the key with exponents, the findings in words, the published counts, the table.

import { Surface } from "../charts/surface.js";
import { h } from "../page/dom.js";
import { drawKey } from "./chart.js";
import {
  besideCounts, count, crossover, fit, LENGTHS, MIXINGS, nameOf, ownWay, pointsOf, WAYS, whyTimesDiffer, wordsOfCrossover, wordsOfGrowth, wordsOfRatio, wordsOfTime,
} from "./growth.js";

/**
 * @typedef {import("./growth.js").ScalingResult} ScalingResult
 * @typedef {import("./growth.js").Mixing} Mixing
 */

/** The chart's key; shows exponents, or the times of the length that is pointed at. */
export function makeKey() {
  /** @type {Map<Mixing, HTMLElement>} */ const values = new Map();
  const element = h("ul", { class: "scaling-key" }, MIXINGS.map(({ mixing, name, about }) => {
    const canvas = h("canvas", { class: "scaling-key-mark", "aria-hidden": "true" });
    new Surface(canvas, (context, _, height) => drawKey(context, mixing, height / 2));
    const value = h("span", { class: "scaling-key-value" });
    values.set(mixing, value);
    return h("li", null, canvas, h("span", null, h("strong", null, name), ` (${about})`), value);
  }));
  /** @param {ScalingResult | null} result @param {number | null} pointed */
  const show = (result, pointed) => {
    for (const { mixing } of MIXINGS) {
      const points = pointsOf(result?.measured ?? [], mixing);
      const at = points.find(([length]) => length === pointed);
      const growth = wordsOfGrowth(fit(points));
      let words = growth ? `time grows like ${growth}` : points.length > 3 ? "the times scatter too much to say how they grow" : points.length > 1 ? "how time grows cannot be told from so few lengths" : "";
      if (pointed !== null) words = at ? `${count(pointed)} tokens: ${wordsOfTime(at[1])}` : `${count(pointed)} tokens: not measured`;
      /** @type {HTMLElement} */ (values.get(mixing)).textContent = words;
    }
  };
  return { element, show };
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

/** All numbers. @param {ScalingResult} result */
export function numbersTable(result) {
  const lengths = LENGTHS.filter((length) => length <= result.longest);
  const cell = (/** @type {Mixing} */ mixing, /** @type {number} */ length) => {
    const found = result.measured.find((entry) => entry.mixing === mixing && entry.length === length);
    if (found) {
      const spread = `between ${wordsOfTime(found.fastest)} and ${wordsOfTime(found.slowest)}; samples: ${found.samples}, runs in each: ${found.runs}`;
      return h("td", { title: spread }, wordsOfTime(found.seconds), h("span", { class: "visually-hidden" }, `, ${spread}`));
    }
    const left = result.leftOut.find((entry) => entry.mixing === mixing && entry.length === length);
    if (left?.why === "memory") return h("td", { class: "scaling-left-out", title: left.message }, "too large");
    if (left) return h("td", { class: "scaling-left-out" }, left.expected ? `left out (about ${wordsOfTime(left.expected)})` : "left out");
    return h("td", { class: "scaling-left-out" }, "—");
  };
  return h("table", { class: "scaling-table scaling-numbers" },
    h("thead", null, h("tr", null, ["Tokens", ...WAYS.map(nameOf)].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", null, lengths.map((length) =>
      h("tr", null, h("th", { scope: "row" }, count(length)), WAYS.map((mixing) => cell(mixing, length))))));
}
