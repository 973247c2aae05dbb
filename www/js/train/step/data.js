// What a step did, cut into what its pictures show: rows of text, places, and the parts of the model. No DOM.

/**
 * @typedef {import("../../../pkg/wavefield.js").StepSeen} StepSeen
 * @typedef {import("../../../pkg/wavefield.js").StepTensor} StepTensor
 * @typedef {import("../../../pkg/wavefield.js").StepPart} StepPart
 * @typedef {import("../../../pkg/wavefield.js").StepWave} StepWave
 * @typedef {import("../../../pkg/wavefield.js").StepChoice} StepChoice
 *
 * A row of the batch. Place i reads the tokens up to i and predicts token i + 1.
 * @typedef {object} Row
 * @property {string[]} tokens  one more than there are places
 * @property {Float32Array} before  nats at each place
 * @property {Float32Array} after
 * @property {number} start  where it begins in the text, in tokens
 * @property {[string, string]} around  the text before it and after it
 *
 * The tensors of one part at one stage: from 0, before the first layer, to the one after the last.
 * @typedef {object} Cell
 * @property {StepPart} part
 * @property {number} stage
 * @property {StepTensor[]} tensors
 * @property {number} numbers
 * @property {number} gradient  norm
 * @property {number} weights
 * @property {number} moved
 */

/** Bits in a nat. */
export const BITS = Math.LOG2E;

/** The parts of a model on the way through it, by the names that a person reads. @type {readonly [StepPart, string][]} */
export const PARTS = [
  ["tokens", "Token table"], ["positions", "Positions"], ["deposit", "What is dropped"], ["attention", "Attention"], ["waves", "Waves ω α φ"],
  ["coupling", "Coupling"], ["gate", "Gate"], ["output", "Output"], ["feed_forward", "Feed-forward"], ["norms", "Norms"], ["interference", "Interference"],
];
const NAMES = new Map(PARTS);
/** @param {StepPart} part */
export const partName = (part) => NAMES.get(part) ?? part;

/** @param {number} stage @param {number} layers */
export const stageName = (stage, layers) => (stage === 0 ? "before the first layer" : stage > layers ? "after the last layer" : `layer ${stage}`);

/** @param {StepSeen} seen @param {number} row @returns {Row} */
export function rowOf({ tokens, before, after, starts, around, length }, row) {
  const places = [row * length, (row + 1) * length];
  return {
    tokens: tokens.slice(row * (length + 1), (row + 1) * (length + 1)),
    before: before.subarray(...places),
    after: after.subarray(...places),
    start: starts[row],
    around: /** @type {[string, string]} */ (around[row]),
  };
}

/** The place whose forecast is of a token: the first token of a row is read only. @param {number} token */
export const placeOf = (token) => Math.max(0, token - 1);

/** How many places got better, worse, or stayed as they were. @param {ArrayLike<number>} before @param {ArrayLike<number>} after */
export function compared(before, after) {
  const count = { better: 0, worse: 0, same: 0 };
  for (let i = 0; i < before.length; i++) count[after[i] < before[i] ? "better" : after[i] > before[i] ? "worse" : "same"]++;
  return count;
}

/** The change at each place as a share of the largest: above 0 where it got better. @param {ArrayLike<number>} before @param {ArrayLike<number>} after @returns {number[]} */
export function gains(before, after) {
  const changes = Array.from(before, (loss, i) => loss - after[i]);
  const most = Math.max(...changes.map(Math.abs));
  return changes.map((change) => (most > 0 ? change / most : 0));
}

/** @param {Iterable<number>} values */
const norm = (values) => Math.sqrt([...values].reduce((sum, value) => sum + value * value, 0));

/** The tensors by part and stage, in the order of {@link PARTS}. @param {readonly StepTensor[]} tensors @returns {Cell[]} */
export function cellsOf(tensors) {
  return PARTS.flatMap(([part]) => {
    const own = tensors.filter((tensor) => tensor.part === part);
    const stages = [...new Set(own.map(({ stage }) => stage))].sort((a, b) => a - b);
    return stages.map((stage) => {
      const here = own.filter((tensor) => tensor.stage === stage);
      return {
        part, stage, tensors: here,
        numbers: here.reduce((sum, { numbers }) => sum + numbers, 0),
        gradient: norm(here.map(({ gradient }) => gradient)),
        weights: norm(here.map(({ weights }) => weights)),
        moved: norm(here.map(({ moved }) => moved)),
      };
    });
  });
}

/** How far a part moved for its size; null where it was nothing but zeros before. @param {Pick<Cell, "moved" | "weights">} cell */
export const relative = ({ moved, weights }) => (weights > 0 ? moved / weights : moved > 0 ? null : 0);

/** The one of most. @template T @param {readonly T[]} all @param {(one: T) => number} amount @returns {T} */
export const mostOf = (all, amount) => all.reduce((best, one) => (amount(one) > amount(best) ? one : best));

/** A few significant digits, small ones with a power of ten. @param {number} value @param {number} [digits] */
export function figure(value, digits = 3) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e6) return value.toExponential(1).replaceAll("-", "\u2212").replace("+", "");
  return value.toLocaleString("en-GB", { maximumSignificantDigits: digits }).replace("-", "\u2212");
}
