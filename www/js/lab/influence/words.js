// What one token heard, in words. Pure, so that a test can hold it against numbers.

import { percent, spoken } from "../../page/token-view.js";

/**
 * What is known of a text: a row for each token that hears. N×N numbers each, rows one after another.
 * @typedef {object} Heard
 * @property {readonly string[]} tokens
 * @property {"layer" | "gradient"} by
 * @property {string} place Where it was heard, such as "layer 2, all heads".
 * @property {Float32Array} loud Loudness, or the gradient's length.
 * @property {Float32Array} signed For (above 0) or against.
 * @property {Float32Array | null} weights A standard Transformer's attention weights.
 * @property {Uint8Array} known 1 for each row that has been computed.
 * @property {string[]} targets By gradient: the token that each row predicts.
 * @property {Float32Array} losses By gradient: in nats.
 *
 * @typedef {"loud" | "signed" | "weights"} Measure
 */

/** Tokens that are named. */
const NAMED = 3;

/** One row up to its own token, or nothing where it is not known. @param {Heard} heard @param {Measure} measure @param {number} i @returns {Float32Array} */
export function rowOf(heard, measure, i) {
  const values = heard[measure];
  const n = heard.tokens.length;
  return values && heard.known[i] ? values.subarray(i * n, i * n + i + 1) : new Float32Array(0);
}

/** The largest in size. @param {Float32Array} row */
export const largest = (row) => row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** The places of the largest values, largest first; none of zero. @param {Float32Array} row @param {number} count */
export const loudest = (row, count) =>
  Array.from(row.keys()).filter((j) => row[j] > 0).sort((a, b) => row[b] - row[a] || b - a).slice(0, count);

/** How many of the last tokens, the row's own among them, carry half of it. @param {Float32Array} row */
export function halfReach(row) {
  const half = row.reduce((sum, value) => sum + value, 0) / 2;
  let sum = 0;
  for (let j = row.length - 1; j >= 0; j--) {
    sum += row[j];
    if (sum >= half) return row.length - j;
  }
  return row.length;
}

/** @param {Heard} heard @param {number} j */
export const named = (heard, j) => `token ${j + 1}, “${spoken(heard.tokens[j])}”`;

/** @param {string[]} parts */
const listed = (parts) => (parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join("; ")} and ${parts[parts.length - 1]}`);

/** What token i heard, without its name: "heard most: ...". @param {Heard} heard @param {Measure} measure @param {number} i @returns {string} */
export function heardWords(heard, measure, i) {
  const row = rowOf(heard, measure, i);
  if (row.length === 0) return "what it felt is not computed yet.";
  if (largest(row) === 0) return heard.by === "layer" ? "hears nothing here: what reaches it is silent." : "its prediction feels no token.";
  return measure === "signed" ? signedWords(heard, row) : loudWords(heard, measure, row);
}

/** @param {Heard} heard @param {Measure} measure @param {Float32Array} row */
function loudWords(heard, measure, row) {
  const total = row.reduce((sum, value) => sum + value, 0);
  const top = loudest(row, NAMED);
  const carried = top.reduce((sum, j) => sum + row[j], 0) / total;
  const who = listed(top.map((j) => (j === row.length - 1 ? "itself" : named(heard, j))));
  const what = { layer: measure === "weights" ? "attention" : "loudness", gradient: "influence" }[heard.by];
  const reach = halfReach(row);
  const near = reach === 1 ? "half of it comes from the token itself" : `half of what it ${heard.by === "layer" ? "hears" : "feels"} comes from the last ${reach} tokens`;
  const most = heard.by === "layer" ? "heard most" : "its prediction changes most with";
  return `${most}: ${who}, which carr${top.length === 1 ? "ies" : "y"} ${percent(carried)} of the ${what}; ${near}.`;
}

/** @param {Heard} heard @param {Float32Array} row */
function signedWords(heard, row) {
  const against = row.map((value) => -value);
  const size = heard.by === "layer" ? 1 : row.reduce((sum, value) => sum + Math.abs(value), 0);
  const names = (/** @type {Float32Array} */ values) => loudest(values, NAMED).map((j) => `${j === row.length - 1 ? "itself" : named(heard, j)} (${percent(values[j] / size)})`);
  const [those, others] = [names(row), names(against)];
  const what = heard.by === "layer" ? "what it takes in" : "its prediction";
  return `most for ${what}: ${listed(those) || "none"}; most against it: ${listed(others) || "none"}.`;
}

/** The sentence of the chosen token. @param {Heard} heard @param {Measure} measure @param {number} i */
export function sentence(heard, measure, i) {
  const of = heard.by === "gradient" && heard.known[i]
    ? `, after which “${spoken(heard.targets[i])}” ${i === heard.tokens.length - 1 ? "is likeliest" : "follows"} (${percent(Math.exp(-heard.losses[i]))} sure)`
    : "";
  const name = named(heard, i);
  return `${name[0].toUpperCase()}${name.slice(1)}${of}, ${heardWords(heard, measure, i)}`;
}

/** What one cell is. @param {Heard} heard @param {Measure} measure @param {number} i @param {number} j */
export function cellWords(heard, measure, i, j) {
  const row = rowOf(heard, measure, i);
  if (j >= heard.tokens.length || j < 0) return "";
  if (j > i) return `Token ${j + 1} comes after token ${i + 1}, which cannot hear it.`;
  if (row.length === 0) return "";
  const size = measure === "signed" && heard.by === "layer" ? 1 : row.reduce((sum, value) => sum + Math.abs(value), 0) || 1;
  const share = Math.abs(row[j]) / size;
  const sign = measure === "signed" ? (row[j] < 0 ? " against" : " for") : "";
  return `Token ${i + 1}, “${spoken(heard.tokens[i])}”, from ${named(heard, j)}: ${percent(share)}${sign}.`;
}
