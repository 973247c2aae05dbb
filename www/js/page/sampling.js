// The settings of writing: each is declared once, here; the panel, links and what was kept all go by it. No DOM.

import { settleNumber } from "./numbers.js";

/**
 * @typedef {import("./state.js").SamplingSettings} SamplingSettings
 * @typedef {"temperature" | "top_k" | "top_p" | "repetition_penalty" | "max_tokens" | "seed"} NumberKey
 */

/** @type {Record<NumberKey, {label: string, min: number, max: number, step: number, digits: number, whole: boolean, hint: string, slider: boolean}>} */
export const NUMBERS = {
  temperature: { label: "Temperature", min: 0, max: 2, step: 0.05, digits: 2, whole: false, slider: true, hint: "Low keeps to the likely, high takes risks." },
  max_tokens: { label: "Length", min: 1, max: 20000, step: 1, digits: 0, whole: true, slider: false, hint: "tokens" },
  seed: { label: "Seed", min: 0, max: 4294967295, step: 1, digits: 0, whole: true, slider: false, hint: "same seed, same text" },
  top_p: { label: "Top-p", min: 0.01, max: 1, step: 0.01, digits: 2, whole: false, slider: true, hint: "Only the likeliest tokens that make up this share; 1 is off." },
  top_k: { label: "Top-k", min: 0, max: 1000, step: 1, digits: 0, whole: true, slider: false, hint: "only the k likeliest; 0 is off" },
  repetition_penalty: { label: "Repetition penalty", min: 1, max: 2, step: 0.05, digits: 2, whole: false, slider: true, hint: "Above 1, what was used becomes less likely." },
};

/**
 * Settings that were kept, perhaps by an older version of the page that let more in: each number within its limits.
 * @param {SamplingSettings} kept @param {SamplingSettings} plain stands in for what is of another kind @returns {SamplingSettings}
 */
export function soundSettings(kept, plain) {
  const sound = { ...plain };
  for (const key of /** @type {NumberKey[]} */ (Object.keys(NUMBERS))) {
    if (typeof kept[key] === "number") sound[key] = settleNumber(String(kept[key]), NUMBERS[key], plain[key]).value;
  }
  if (typeof kept.greedy === "boolean") sound.greedy = kept.greedy;
  if (kept.at_limit === "run_on" || kept.at_limit === "reread") sound.at_limit = kept.at_limit;
  if (Array.isArray(kept.stop)) sound.stop = kept.stop.filter((text) => typeof text === "string" && text !== "");
  return sound;
}

const ESCAPES = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", ",": "\\," };

/** Stop texts on one line, with commas between: `\n` is a new line, `\,` a comma. @param {readonly string[]} texts */
export const writeStops = (texts) => texts.map((text) => text.replace(/[\\\n\r\t,]/g, (sign) => ESCAPES[/** @type {keyof typeof ESCAPES} */ (sign)])).join(",");

/** @param {string} line @returns {string[]} */
export function readStops(line) {
  const texts = [""];
  for (const [part] of line.matchAll(/\\[^]|[^]/gu)) {
    if (part === ",") texts.push("");
    else texts[texts.length - 1] += { "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\,": ",", "\\\\": "\\" }[part] ?? part;
  }
  return texts.filter((text) => text !== "");
}
