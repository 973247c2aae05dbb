// Several trainings side by side: only those settings that differ, and what came of them.

import { h } from "../page/dom.js";
import { dataSet } from "../text/data-sets.js";
import { SETTINGS, settingsOf, size } from "../train/presets.js";
import { duration, loss, shortCount } from "../train/words.js";

/**
 * @typedef {import("./library.js").RunCard} RunCard
 * @typedef {import("../train/run.js").Facts} Facts
 * @typedef {{ letter: string, card: RunCard, facts: Facts, state: string }} Compared
 * @typedef {{ label: string, values: string[], lowest?: number }} Row  lowest: the column that does best
 */

/** What the engine was asked for that follows from the settings. */
const ELSEWHERE = new Set([...SETTINGS.map(({ key }) => key), "seq_len", "max_seq_len", "field_size", "min_lr"]);
/** Settings that follow from another one where they were not changed; where that differs, they say nothing new. */
const FOLLOW_STEPS = /** @type {const} */ (["warmup_steps", "evaluate_every", "sample_every"]);
const OF_SIZE = /** @type {const} */ (["embedding_dim", "num_layers", "num_heads", "ffn_dim", "stride", "position_scale"]);

/** @param {unknown} value @returns {string} */
function written(value) {
  if (value === undefined || value === null) return "–";
  return typeof value === "number" ? value.toLocaleString("en-GB", { maximumSignificantDigits: 6 }) : String(value);
}

/** Every setting of a training, in order, by label. @param {RunCard} card @returns {Map<string, string>} */
function settingsByLabel({ choices, plan }) {
  const settings = settingsOf(choices);
  /** @type {Map<string, string>} */
  const all = new Map([
    ["Text", choices.data === "own" ? plan.data_name : dataSet(choices.data).label],
    ["Size", choices.base ? `as ${choices.base.name}` : size(choices.size).label],
    ["Goes on from", choices.base ? `${choices.base.name} (${choices.base.digest})` : "–"],
    ["Read as", choices.base ? `as ${choices.base.name}` : choices.tokenizer === "bpe" ? `word pieces, ${written(choices.pieces)}` : "characters"],
  ]);
  for (const { key, label, options } of SETTINGS) {
    all.set(label, options?.find(({ value }) => value === settings[key])?.label ?? written(settings[key]));
  }
  for (const [key, value] of Object.entries(settings)) if (!SETTINGS.some((setting) => setting.key === key)) all.set(key.replaceAll("_", " "), written(value));
  for (const [key, value] of Object.entries({ ...plan.model, ...plan.train })) {
    if (!ELSEWHERE.has(key)) all.set(key.replaceAll("_", " "), written(value));
  }
  return all;
}

/** @param {readonly RunCard[]} cards @returns {Row[]} */
export function differences(cards) {
  const all = cards.map(settingsByLabel);
  const labels = [...new Set(all.flatMap((settings) => [...settings.keys()]))];
  const rows = labels.map((label) => ({ label, values: all.map((settings) => settings.get(label) ?? "–") }));
  const differ = rows.filter(({ values }) => values.some((value) => value !== values[0]));
  const named = new Set(differ.map(({ label }) => label));
  const labelOf = (/** @type {string} */ key) => SETTINGS.find((setting) => setting.key === key)?.label ?? "";
  /** @type {Set<string>} */
  const silent = new Set();
  if (named.has(labelOf("steps"))) for (const key of FOLLOW_STEPS) silent.add(labelOf(key));
  if (named.has("Size")) for (const key of OF_SIZE) silent.add(labelOf(key));
  return differ.filter(({ label }) => !silent.has(label));
}

/** @param {readonly Compared[]} compared @returns {Row[]} */
export function results(compared) {
  const row = (/** @type {string} */ label, /** @type {(one: Compared) => string} */ value) => ({ label, values: compared.map(value) });
  const lows = compared.map(({ card }) => card.lowest?.loss ?? Infinity);
  const lowest = lows.indexOf(Math.min(...lows));
  /** @param {Compared} one @param {(evaluation: import("../train/run.js").Evaluation) => string} words */
  const last = ({ facts }, words) => {
    const evaluation = facts.evaluations.at(-1);
    return evaluation ? words(evaluation) : "–";
  };
  return [
    row("State", ({ state }) => state),
    row("Steps done", ({ card, facts }) => `${written(facts.step)} of ${written(card.plan.train.steps)}`),
    { ...row("Lowest loss on held-back text", ({ card: { lowest: low } }) => (low ? `${loss(low.loss)} at step ${written(low.step)}` : "–")), ...(Number.isFinite(lows[lowest]) && { lowest }) },
    row("Last loss on held-back text", (one) => last(one, (evaluation) => loss(evaluation.loss))),
    row("Perplexity on held-back text, last", (one) => last(one, ({ perplexity }) => perplexity.toFixed(2))),
    row("Next token right, held-back text", (one) => last(one, ({ accuracy }) => `${(accuracy * 100).toFixed(1)} %`)),
    row("Changed while it went on", ({ facts }) => written(facts.control?.changes.length ?? 0)),
    row("Parameters", ({ facts }) => shortCount(facts.parameters)),
    row("Time trained", ({ facts }) => duration(facts.secondsTrained)),
    row("Tokens a second", ({ facts }) => (facts.tokensPerSecond ? written(Math.round(facts.tokensPerSecond)) : "–")),
  ];
}

/** @param {readonly Compared[]} compared @returns {HTMLElement} */
export function comparison(compared) {
  const settings = differences(compared.map(({ card }) => card));
  const body = (/** @type {string} */ title, /** @type {Row[]} */ rows) => h("tbody", null,
    h("tr", null, h("th", { scope: "rowgroup", colspan: compared.length + 1, class: "runs-compare-title" }, title)),
    rows.map(({ label, values, lowest }) => h("tr", null, h("th", { scope: "row" }, label),
      values.map((value, i) => h("td", null, i === lowest ? h("strong", null, `${value} (lowest)`) : value)))));
  return h("div", { class: "runs-compare-scroll", tabindex: 0, role: "region", "aria-label": "Comparison of trainings" },
    h("table", { class: "runs-compare" },
      h("thead", null, h("tr", null, h("td", null), compared.map(({ letter, card }) => h("th", { scope: "col" }, `${letter} `, h("bdi", { translate: "no" }, card.name))))),
      body(settings.length > 0 ? "Settings that differ" : "All settings are the same", settings),
      body("Results", results(compared))));
}
