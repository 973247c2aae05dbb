// What of a prompt a model can read. What it cannot stays in the field and is said; nothing is replaced. No DOM.

import { visible } from "../page/signs.js";

/**
 * @typedef {import("../engine/protocol.js").ModelInfo} ModelInfo
 * @typedef {import("../engine/protocol.js").GenerateSettings["at_limit"]} AtLimit
 *
 * @typedef {{text: string, missing: string[]}} Readable The prompt without the letters that the model lacks, and those.
 */

/** So many letters are named. */
const NAMED = 12;

/** @type {WeakMap<readonly string[], Set<string>>} */ const vocabularies = new WeakMap();

/** @param {readonly string[]} tokens */
function lettersOf(tokens) {
  const letters = vocabularies.get(tokens) ?? new Set(tokens);
  vocabularies.set(tokens, letters);
  return letters;
}

/** @param {string} prompt @param {Pick<ModelInfo, "vocabulary_kind" | "tokens">} model @returns {Readable} */
export function readable(prompt, { vocabulary_kind, tokens }) {
  const letters = vocabulary_kind === "character" ? lettersOf(tokens) : null;
  // No model knows half a character: the engine's text cannot even hold it.
  const known = (/** @type {string} */ letter) => !/\p{Cs}/u.test(letter) && (letters === null || letters.has(letter));
  const missing = new Set();
  let text = "";
  for (const letter of prompt) {
    if (known(letter)) text += letter;
    else missing.add(letter);
  }
  return { text, missing: [...missing] };
}

/** What is left out of a prompt, in words; empty where nothing is. @param {Readable} readable @param {string} model its name */
export function missingInWords({ text, missing }, model) {
  if (missing.length === 0) return "";
  const named = missing.slice(0, NAMED).map((letter) => `“${visible(letter)}”`).join(", ") + (missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "");
  const them = missing.length === 1 ? "it" : "them";
  const left = text.trim() === "" ? `Nothing is left of the prompt without ${them}, so the text begins like a new one.` : `It reads the prompt without ${them}.`;
  return `${model} does not know ${named}. ${left} Your prompt stays as you typed it.`;
}

/**
 * How many of a prompt's tokens are still heard when the text begins, as the engine reads it (`Decoder::read`): at the
 * limit it drops the older half of the context and goes on.
 * @param {number} tokens @param {ModelInfo["config"]} config @param {AtLimit} atLimit
 */
export function heardOf(tokens, { max_seq_len: limit, architecture }, atLimit) {
  if (tokens <= limit || (atLimit === "run_on" && architecture !== "standard")) return tokens;
  const half = Math.floor(limit / 2);
  return half + 1 + ((tokens - limit - 1) % (limit - half));
}

/** @param {number} tokens of the prompt @param {ModelInfo} model @param {AtLimit} atLimit @returns {string} empty where all of it is heard */
export function lengthInWords(tokens, { name, config }, atLimit) {
  const heard = heardOf(tokens, config, atLimit);
  if (heard === tokens) return "";
  const count = (/** @type {number} */ n) => n.toLocaleString("en-GB");
  return `The prompt has ${count(tokens)} tokens, and ${name} hears ${count(config.max_seq_len)} at once: only the last ${count(heard)} of it count.`;
}
