// What is conserved and what is not, as a table: the law in plain words, and what was measured on the text at hand.

import { csv } from "../../files/csv.js";
import { download, tableFile } from "../../files/out.js";
import { h } from "../../page/dom.js";
import { figure, mean, percent, placeName } from "./pictures.js";

/**
 * @typedef {import("../../engine/observations.js").Energy} Energy
 * @typedef {import("../../engine/observations.js").WaveEnergy} WaveEnergy
 *
 * @typedef {object} Check
 * @property {string} step
 * @property {string} law
 * @property {string} measured
 * @property {"kept" | "only less" | "not kept" | "reset" | "violated"} verdict
 */

/** Of numbers with 24 bits, summed up a few thousand at a time. */
const ROUNDING = 1e-4;

/** @param {number[]} values @param {(value: number) => string} [say] */
function span(values, say = figure) {
  const [least, most] = [say(Math.min(...values)), say(Math.max(...values))];
  return least === most ? least : `${least} to ${most}`;
}

/** @param {Energy} energy @returns {Check[]} */
export const checksOf = (energy) => [...(energy.waves ? waveChecks(energy.waves) : []), ...streamChecks(energy)];

/** @param {WaveEnergy} waves @returns {Check[]} */
function waveChecks({ heads: all, gate, row_difference, columns, coupling_change }) {
  const heads = all.filter((head) => head.kernel_absolute > 0);
  const most = (/** @type {keyof import("../../engine/observations.js").HeadEnergy} */ key) => Math.max(0, ...heads.map((head) => head[key]));
  /** @param {number} difference @returns {Check["verdict"]} */
  const kept = (difference) => (difference < ROUNDING ? "kept" : "violated");
  const lost = Math.max(0, ...all.map((head) => head.scatter_difference));
  const scattered = all.filter((head) => head.deposited > 0).map((head) => head.scattered / head.deposited);
  const whole = scattered.every((ratio) => Math.abs(ratio - 1) < ROUNDING);
  const spread = heads.filter((head) => head.scattered > 0).map((head) => ({ gain: head.propagated / head.scattered, bound: head.bound }));
  const within = spread.every(({ gain, bound }) => gain <= bound * (1 + ROUNDING)) && most("bound") <= 1 + ROUNDING;
  const gated = heads.filter((head) => head.coupled > 0).map((head) => head.gated / head.coupled);
  /** @type {Check[]} */
  const field = heads.length === 0 ? [] : [
    {
      step: "Waves: the sum", verdict: kept(most("wave_difference")),
      law: "A wave multiplies the sum on the cells by the sum of its kernel, less what runs over the end of the field.",
      measured: `Kernel sums by head: ${span(heads.map((head) => head.kernel_sum))}. Counting what runs over the end, the two sides differ by ${figure(most("wave_difference"))} at most, where 1 is the sum with all signs left aside. Of that, ${span(heads.map((head) => head.beyond), percent)} runs over the end.`,
    },
    {
      step: "Waves: energy", verdict: within ? "only less" : "violated",
      law: "A kernel's values add up to 1 at most, signs left aside, so no frequency gets louder and energy never grows (Young's inequality).",
      measured: `Over the whole field the waves leave ${span(spread.map(({ gain }) => gain), percent)} of the energy on the cells. The loudest frequency would keep ${span(spread.map(({ bound }) => bound), percent)}.`,
    },
  ];
  return [
    {
      step: "Scattering: the sum", verdict: kept(lost),
      law: "A token between two cells shares its deposit among them; the shares add up to 1, so the sum stays.",
      measured: lost > 0 ? `Over cells and over tokens the sums differ by ${figure(lost)} at most, where 1 is the sum with all signs left aside.` : "Over cells and over tokens the sums are the same to the last digit.",
    },
    {
      step: "Scattering: energy", verdict: whole ? "kept" : "not kept",
      law: whole ? "Here every token sits on a cell of its own, so its energy stays too." : "Energy is not shared like a sum: a deposit half on each of two cells keeps half of its energy.",
      measured: `The cells have ${span(scattered, percent)} of the deposits' energy.`,
    },
    ...field,
    {
      step: "Coupling: the shares", verdict: kept(row_difference),
      law: "Each head hears a mixture of all heads whose shares add up to 1.",
      measured: `The sums of the shares differ from 1 by ${figure(row_difference)} at most.`,
    },
    {
      step: "Coupling: the sum over heads", verdict: coupling_change < ROUNDING ? "kept" : "not kept",
      law: "How often a head is heard in all is free: only if every head were heard once in all would the sum over the heads stay.",
      measured: `A head is heard from ${figure(Math.min(...columns))} to ${figure(Math.max(...columns))} times. The sum over the heads moves by ${percent(coupling_change)} of its size.`,
    },
    {
      step: "Gate", verdict: gate[1] <= 1 && gated.every((ratio) => ratio <= 1) ? "only less" : "violated",
      law: "Every channel is multiplied by a factor between 0 and 1, so energy can only go.",
      measured: `The factors go from ${figure(gate[0])} to ${figure(gate[1])}; of each head's energy ${gated.length ? span(gated, percent) : "nothing"} is left.`,
    },
  ];
}

/** @param {Energy} energy @returns {Check[]} */
function streamChecks({ scale, places, norms, layer }) {
  const tokens = norms.length / places.length;
  const at = (/** @type {number} */ place) => mean(norms.subarray(place * tokens, (place + 1) * tokens));
  const ends = places.map((_, i) => i).filter((i) => i === 0 || places[i + 1]?.layer !== places[i].layer);
  const growth = ends.map((place) => `${placeName(places[place])} ${figure(at(place))}`);
  return [
    {
      step: `Normalising, layer ${layer + 1}`, verdict: "reset",
      law: "Before attention each state is brought to a standard size (layer normalisation), whatever it was before; only its direction counts.",
      measured: `The largest state is ${figure(scale.before[1] / scale.before[0])} times the smallest before (${figure(scale.before[0])} to ${figure(scale.before[1])}) and ${figure(scale.after[1] / scale.after[0])} times after (${figure(scale.after[0])} to ${figure(scale.after[1])}).`,
    },
    {
      step: "States from layer to layer", verdict: "not kept",
      law: "Each part adds what it likes to the state. No law holds its size.",
      measured: `Mean size after each layer: ${growth.join(", ")}.`,
    },
  ];
}

const SIGNS = { kept: "=", "only less": "↓", "not kept": "≠", reset: "→", violated: "✗" };

/** @param {Check[]} checks @returns {HTMLElement} */
export function checksTable(checks) {
  const save = () => download(tableFile(csv({ head: ["step", "what_holds", "measured", "verdict"], rows: checks.map(({ step, law, measured, verdict }) => [step, law, measured, verdict]) })), "energy-checks.csv");
  return h("div", { class: "energy-table-box" },
    h("table", { class: "energy-table" },
      h("thead", null, h("tr", null, ["Step", "What holds", "Measured on this text", "So it is"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, checks.map(({ step, law, measured, verdict }) => h("tr", { "data-verdict": verdict },
        h("th", { scope: "row" }, step), h("td", null, law), h("td", { class: "energy-measured" }, measured),
        h("td", { class: "energy-verdict" }, h("span", { "aria-hidden": "true" }, SIGNS[verdict]), ` ${verdict}`))))),
    h("div", { class: "figure-save" }, h("span", { "aria-hidden": "true" }, "Download as"), h("button", { type: "button", class: "small", "aria-label": "Download as CSV: energy checks", onclick: save }, "CSV")));
}
