// What one gesture changed of the bends, small enough to be kept: of each head that it touched how it was and how it is, and
// the same of the couplings. No DOM.

import { count, list, number, orNull, record } from "../keep/check.js";
import { MOST } from "../keep/limits.js";

/**
 * @typedef {import("../engine/protocol.js").HeadInfo} HeadInfo
 * @typedef {import("../engine/protocol.js").CouplingInfo} CouplingInfo
 * @typedef {[frequency: number, damping: number, phase: number, gain: number, muted: number, solo: number]} Bend
 * @typedef {{ layer: number, head: number, was: Bend, is: Bend }} HeadChange
 * @typedef {{ layer: number, was: number[], is: number[] }} MixChange
 * @typedef {{ heads: HeadChange[], mixes: MixChange[] }} Change
 *
 * @typedef {object} Bent  how all of it is at one time
 * @property {HeadInfo[][]} heads
 * @property {CouplingInfo[]} couplings
 * @property {(layer: number, head: number) => [muted: number, solo: number]} marks
 */

/** Steps that can be taken back. */
export const MOST_STEPS = 100;

const bend = list(number(-1e6, 1e6), 6, { least: 6 });
const mix = list(number(-1e6, 1e6), MOST.heads ** 2);
const steps = list(record({
  heads: list(record({ layer: count(MOST.layers), head: count(MOST.heads), was: bend, is: bend }), MOST.layers * MOST.heads),
  mixes: list(record({ layer: count(MOST.layers), was: mix, is: mix }), MOST.layers),
}), MOST_STEPS);
const kept = orNull(record({ undo: steps, redo: steps }));

/** @param {HeadInfo} head @param {[number, number]} marks @returns {Bend} */
const bendOf = ({ frequency, damping, phase, gain }, marks) => [frequency, damping, phase, gain, ...marks];
/** @param {readonly number[]} a @param {readonly number[]} b */
const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);

/** The numbers of every head and coupling at one time. @param {Bent} bent */
export const taken = ({ heads, couplings, marks }) => ({
  heads: heads.map((layer, l) => layer.map((head, i) => bendOf(head, marks(l, i)))),
  mixes: couplings.map(({ weights }) => [...weights]),
});
/** @typedef {ReturnType<typeof taken>} Taken */

/** What became another; null where nothing did. @param {Taken} was @param {Taken} is @returns {Change | null} */
export function changed(was, is) {
  const heads = is.heads.flatMap((layer, l) => layer.flatMap((now, head) => {
    const before = was.heads[l]?.[head];
    return before && !same(before, now) ? [{ layer: l, head, was: before, is: now }] : [];
  }));
  const mixes = is.mixes.flatMap((now, layer) => {
    const before = was.mixes[layer];
    return before && !same(before, now) ? [{ layer, was: before, is: now }] : [];
  });
  return heads.length + mixes.length > 0 ? { heads, mixes } : null;
}

/** Whether a change ends in what is there. @param {Change} change @param {"was" | "is"} side @param {Taken} now */
export const isThere = ({ heads, mixes }, side, now) =>
  heads.every((change) => same(change[side], now.heads[change.layer]?.[change.head] ?? []))
  && mixes.every((change) => same(change[side], now.mixes[change.layer] ?? []));

/** What is kept of the steps of a model, where it is sound and still leads to how the model is bent. @param {any} value @param {Taken} now @returns {{ undo: Change[], redo: Change[] }} */
export function soundSteps(value, now) {
  const none = { undo: [], redo: [] };
  if (!value || kept(value, "") !== "") return none;
  const { undo, redo } = /** @type {{ undo: Change[], redo: Change[] }} */ (value);
  const [last, next] = [undo.at(-1), redo.at(-1)];
  return (!last || isThere(last, "is", now)) && (!next || isThere(next, "was", now)) ? { undo, redo } : none;
}

const NUMBERS = ["frequency", "damping", "phase"];

/** What a change was of, in words. @param {Change} change */
export function inWords({ heads, mixes }) {
  if (heads.length === 0) return mixes.length === 1 ? `the coupling of layer ${mixes[0].layer + 1}` : `the couplings of ${mixes.length} layers`;
  const layers = new Set(heads.map(({ layer }) => layer));
  const where = layers.size > 1 ? `in ${layers.size} layers` : `in layer ${heads[0].layer + 1}`;
  const others = mixes.length > 0 ? ", and couplings" : "";
  const soloed = heads.filter(({ was, is }) => was[5] !== is[5]);
  if (soloed.length === 1) return `hearing head ${soloed[0].head + 1} alone, ${where}${others}`;
  if (heads.length > 1) return `${heads.length} heads ${where}${others}`;
  const [{ head, was, is }] = heads;
  const moved = NUMBERS.filter((_, i) => was[i] !== is[i]);
  const what = moved.length === 1 ? `the ${moved[0]}` : moved.length === 0 ? "the muting" : "the wave";
  return `${what} of head ${head + 1} ${where}${others}`;
}
