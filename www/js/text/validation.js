// The text that losses are measured on: the part of a data set that training holds back, cut into windows of
// tokens. What was learned from would flatter the model.

import { observe } from "../engine/observations.js";
import { DATA_SETS, OWN_TEXT, VALIDATION_SHARE, dataSet, learnedFrom, loadDataSet } from "./data-sets.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("./data-sets.js").DataId} DataId
 * @typedef {import("../engine/observations.js").Source} Source
 *
 * @typedef {object} Validation
 * @property {DataId} data
 * @property {string} label The data set's name.
 * @property {number} length Tokens that are predicted in each window.
 * @property {Uint32Array[]} windows `length + 1` tokens each, the last of which is only predicted. Any first few of
 *   them are spread over the text.
 */

/** Tokens a window, where the context has room for them. */
export const WINDOW = 128;
/** Tokens of a window where the text at hand is short. */
const SHORTEST = 8;
/** Parameters times tokens of one request: some 20 ms of the engine's time. */
const WORK = 200e6;
/** Code units of a text that are read; so many windows are more than anyone waits for. */
const MOST = 400_000;

/**
 * The data set that a model was trained on, as far as it says; Shakespeare where it says nothing.
 * @param {Pick<import("../engine/protocol.js").ModelInfo, "trained"> | null} model @returns {DataId}
 */
export function trainedOn(model) {
  const name = model?.trained.trained_on;
  if (name === undefined) return "shakespeare";
  return DATA_SETS.find(({ label, id }) => id !== "own" && (name === label || name.startsWith(`${label},`)))?.id ?? "own";
}

/**
 * The end of a text that training holds back, as the engine cuts it: by characters, not by code units.
 * @param {string} text @param {number} [share] @returns {string}
 */
export function heldBack(text, share = VALIDATION_SHARE) {
  let characters = 0;
  for (const _ of text) characters++;
  let skip = learnedFrom(characters, share);
  let at = 0;
  while (skip-- > 0) at += /** @type {number} */ (text.codePointAt(at)) > 0xffff ? 2 : 1;
  return text.slice(at);
}

/**
 * Whole windows of a text, each after the last, in an order in which any first few are spread over the text.
 * @param {Uint32Array} ids @param {number} length Tokens that are predicted in each. @returns {Uint32Array[]}
 */
export function windowsOf(ids, length) {
  if (!(length >= 1)) throw new RangeError(`a window of ${length} tokens`);
  const count = Math.max(0, Math.floor((ids.length - 1) / length));
  return spread(count).map((window) => ids.slice(window * length, (window + 1) * length + 1));
}

/**
 * 0 to `count - 1`, each once, in an order in which any first few lie evenly: the bits of a counter, reversed.
 * @param {number} count @returns {number[]}
 */
export function spread(count) {
  const bits = Math.ceil(Math.log2(Math.max(1, count)));
  const order = [];
  for (let i = 0; i < 2 ** bits; i++) {
    let reversed = 0;
    for (let bit = 0; bit < bits; bit++) reversed = 2 * reversed + ((i >> bit) & 1);
    if (reversed < count) order.push(reversed);
  }
  return order;
}

/**
 * The windows of a data set for a model.
 * @param {Pick<App, "engine"> & Partial<Pick<App, "storage">>} app  storage: for the person's own text @param {Source} source @param {DataId} data @param {number} context The model's, in tokens.
 * @returns {Promise<Validation>}
 */
export async function validation(app, source, data, context) {
  const { label } = dataSet(data);
  const text = heldBack(data === "own" ? await ownText(app) : await loadDataSet(data)).slice(0, MOST);
  const length = Math.min(WINDOW, context);
  let ids;
  try {
    ({ ids } = await observe(app.engine, "encoding", { source, text }));
  } catch (error) {
    throw new Error(`The loss cannot be measured on "${label}": ${/** @type {Error} */ (error).message}`);
  }
  const windows = windowsOf(ids, length);
  if (windows.length < 2) {
    throw new Error(`The last tenth of "${label}" has ${ids.length} tokens; two windows of ${length} tokens are needed to measure a loss. Choose a longer text.`);
  }
  return { data, label, length, windows };
}

/**
 * The windows of a text at hand, which are short where it is.
 * @param {App} app @param {Source} source @param {string} text @param {number} context @param {string} label
 * @returns {Promise<Omit<Validation, "data">>}
 */
export async function windowsHere(app, source, text, context, label) {
  const { ids } = await observe(app.engine, "encoding", { source, text });
  const length = Math.min(WINDOW, context, Math.max(SHORTEST, Math.floor((ids.length - 1) / 4)));
  const windows = windowsOf(ids, length);
  if (windows.length < 2) {
    throw new Error(`${label[0].toUpperCase()}${label.slice(1)} has ${ids.length} tokens; at least ${2 * SHORTEST + 1} are needed to measure on. Choose a longer text.`);
  }
  return { label, length, windows };
}

/** How many windows one request reads. @param {number} parameters The model's. @param {number} length */
export const windowsAtOnce = (parameters, length) => Math.max(1, Math.floor(WORK / (parameters * length)));

/** Windows one after another. @param {readonly Uint32Array[]} windows */
export function joined(windows) {
  const all = new Uint32Array(windows.reduce((sum, window) => sum + window.length, 0));
  let at = 0;
  for (const window of windows) {
    all.set(window, at);
    at += window.length;
  }
  return all;
}

/** @param {Partial<Pick<App, "storage">>} app @returns {Promise<string>} */
async function ownText(app) {
  const kept = await app.storage?.get(OWN_TEXT);
  const text = typeof kept?.text === "string" ? kept.text : await kept?.text?.text?.();
  if (!text) throw new Error("The model was trained on a text of its own, which is not kept in this browser. Choose another text to measure the loss on, or bring the text under Train, Your own text.");
  return text;
}
