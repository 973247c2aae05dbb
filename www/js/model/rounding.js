// What a model loses when its file has fewer bits a number, measured: the models that open from the files read the same
// windows of a text. No DOM.

import { observe } from "../engine/observations.js";
import { readable } from "../text/prompts.js";
import { joined, trainedOn, validation, windowsAtOnce, windowsHere } from "../text/validation.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../engine/protocol.js").Precision} Precision
 * @typedef {import("../engine/observations.js").LossChange} LossChange
 * @typedef {Pick<import("../text/validation.js").Validation, "label" | "length" | "windows">} Text
 *
 * @typedef {object} Watch
 * @property {AbortSignal} signal
 * @property {(share: number) => void} onProgress
 * @property {(precision: Precision, found: LossChange) => void} onFound Against 32 bits; those against themselves.
 */

/** Windows that are read at most: a few seconds on a slow device. */
const MOST = 64;

/**
 * The text to measure on: what training holds back of the model's own text, or what stands on the page where that cannot be had.
 * @param {App} app @returns {Promise<Text>} `label` says which, in the middle of a sentence
 */
async function textOf(app) {
  const model = app.state.get("model");
  if (!model) throw new Error("No model is open any more. Open one, then measure again.");
  const { max_seq_len: context } = model.config;
  try {
    const found = await validation(app, "bent", trainedOn(model), context);
    return { ...found, label: `the last tenth of ${found.label}` };
  } catch (error) {
    const written = app.state.get("recent").map((token) => token.text).reverse().join("");
    const text = readable(app.state.get("prompt"), model).text + written;
    // Where that does not do either, the first reason is the one that helps.
    return windowsHere(app, "bent", text, context, "the text under Write, which the model wrote itself").catch(() => { throw error; });
  }
}

/**
 * Measures in each of these precisions, of which the first is the one that the others are held against. The engine keeps the
 * last model until it is told otherwise; nothing is asked of it once the signal was given.
 * @param {App} app @param {readonly Precision[]} precisions @param {Watch} watch
 * @returns {Promise<string>} what was read, in words
 * @throws {Error} with a sentence for the person; the signal's reason where it was stopped
 */
export async function measureRounding(app, precisions, { signal, onProgress, onFound }) {
  const { engine, state } = app;
  const { label, length, windows } = await textOf(app);
  const read = windows.slice(0, MOST);
  const most = windowsAtOnce(state.get("model")?.parameters ?? 1, length);
  /** @type {number[] | null} */ let before = null;
  for (const [i, precision] of precisions.entries()) {
    signal.throwIfAborted();
    await engine.request("round_model", { precision });
    /** @type {number[]} */ const losses = [];
    while (losses.length < read.length) {
      signal.throwIfAborted();
      const ids = joined(read.slice(losses.length, losses.length + most));
      losses.push(...await engine.request("rounded_losses", { ids, length }));
      onProgress((i + losses.length / read.length) / precisions.length);
    }
    before ??= losses;
    const found = await observe(engine, "whatif_change", { before: Float64Array.from(before), after: Float64Array.from(losses) });
    signal.throwIfAborted();
    onFound(precision, found);
  }
  return `${read.length} windows of ${length} tokens of ${label}`;
}
