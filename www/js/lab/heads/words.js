// The heads in words: how far they hear, how far training has moved them, and what each contributes.

/**
 * @typedef {import("../../engine/observations.js").HeadReport} HeadReport
 * @typedef {import("../../engine/observations.js").Contribution} Contribution
 * @typedef {"own" | "near" | "middle" | "far"} Range
 */

/** From the shortest reach to the longest. @type {readonly Range[]} */
export const RANGES = ["own", "near", "middle", "far"];
/** As they are counted. @type {Record<Range, string>} */
const COUNTED = { own: "on its own token only", near: "near", middle: "middle", far: "far" };

/** How far a head hears, by its role. @param {Pick<HeadReport, "role">} head @returns {Range} */
export const rangeOf = ({ role }) => /** @type {Range} */ (role === "This token only" ? "own" : role.split(",")[0].toLowerCase());

/** @param {readonly HeadReport[]} heads @returns {Record<Range, number>} */
export function countRanges(heads) {
  const counts = { own: 0, near: 0, middle: 0, far: 0 };
  for (const head of heads) counts[rangeOf(head)]++;
  return counts;
}

/** "5 near, 2 middle, 1 far" @param {readonly HeadReport[]} heads */
export function countsInWords(heads) {
  const counts = countRanges(heads);
  return RANGES.filter((range) => range !== "own" || counts.own > 0).map((range) => `${counts[range]} ${COUNTED[range]}`).join(", ");
}

/** @template T @param {readonly T[]} all @param {number} layers @returns {T[][]} Layer by layer. */
export function byLayer(all, layers) {
  const heads = all.length / Math.max(1, layers);
  return Array.from({ length: layers }, (_, layer) => all.slice(layer * heads, (layer + 1) * heads));
}

/**
 * Whether heads have taken on different ranges by training, as the design's author says they do.
 * @param {readonly HeadReport[]} heads @param {readonly HeadReport[]} starts @param {number} layers
 */
export function claimInWords(heads, starts, layers) {
  const of = byLayer(heads, layers);
  const full = of.filter((layer) => {
    const counts = countRanges(layer);
    return counts.near > 0 && counts.middle > 0 && counts.far > 0;
  }).length;
  const moved = heads.map((head, i) => RANGES.indexOf(rangeOf(head)) - RANGES.indexOf(rangeOf(starts[i])));
  const farther = moved.filter((by) => by > 0).length;
  const nearer = moved.filter((by) => by < 0).length;
  const all = heads.length;
  const now = of.map((layer, i) => `layer ${i + 1}: ${countsInWords(layer)}`).join("; ");
  const began = countsInWords(byLayer(starts, layers)[0] ?? []);
  const change = farther + nearer === 0
    ? "No head is in another range than at its start, so the spread is the one that it was given."
    : `Against that, ${farther + nearer} of ${all} heads ${farther + nearer === 1 ? "is" : "are"} in another range now: ${farther} farther, ${nearer} nearer. ${
      2 * (farther + nearer) < all ? "So most of the spread was given, and the rest came by training" : "So most heads are where training took them"}.`;
  return {
    headline: full === 0 ? "No layer has near, middle and far heads at once."
      : full === layers ? `Every layer has near, middle and far heads.` : `${full} of ${layers} layers ${full === 1 ? "has" : "have"} near, middle and far heads at once.`,
    words: `The author of Wave Field says that heads organise themselves into local grammar, medium context and long range. Here, ${now}. A fresh model has ${began} in every layer, before it has read anything. ${change} What a head uses its range for, grammar or context, a reach does not say.`,
  };
}

/** A reach in tokens. @param {number} reach */
export function tokens(reach) {
  if (!Number.isFinite(reach)) return "without end";
  return reach < 9.95 ? reach.toFixed(1) : Math.round(reach).toLocaleString("en-GB");
}

/** @param {number} value @param {number} [digits] */
export const plain = (value, digits = 3) => String(Number(value.toPrecision(digits))).replace("-", "−");

/** How far training has moved the heads, in a sentence or two. @param {readonly HeadReport[]} heads @param {readonly HeadReport[]} starts */
export function movesInWords(heads, starts) {
  const ratios = heads.map((head, i) => head.reach / starts[i].reach);
  const longer = ratios.filter((ratio) => ratio > 1.1).length;
  const shorter = ratios.filter((ratio) => ratio < 1 / 1.1).length;
  const far = ratios.map((ratio, i) => [Math.abs(Math.log(ratio)), i]).sort((a, b) => b[0] - a[0])[0]?.[1] ?? 0;
  const turned = heads.map((head, i) => Math.abs(head.frequency - starts[i].frequency));
  const most = turned.indexOf(Math.max(...turned));
  const middle = [...turned].sort((a, b) => a - b)[turned.length >> 1];
  return `${longer} of ${heads.length} heads reach more than a tenth farther than at their start, ${shorter} less far; the others have kept their reach. `
    + `Most moved: ${named(heads[far])}, from ${tokens(starts[far].reach)} to ${tokens(heads[far].reach)} tokens. `
    + `Half of the frequencies have moved by no more than ${plain(middle, 2)} radians a cell, the most by ${plain(turned[most], 2)} (${named(heads[most])}, from ${plain(starts[most].frequency)} to ${plain(heads[most].frequency)}).`;
}

/** @param {Pick<HeadReport, "layer" | "head">} head */
export const named = ({ layer, head }) => `layer ${layer + 1}, head ${head + 1}`;

/** Whether muting a head is told apart from no change. @param {Contribution} change @returns {"helps" | "hurts" | "open"} what the head does */
export const verdictOn = ({ low, high }) => (low > 0 ? "helps" : high < 0 ? "hurts" : "open");

/** "+0.0333 ± 0.0094", with as many digits as the interval makes sense of. @param {Pick<Contribution, "mean" | "low" | "high">} change */
export function amountInWords({ mean, low, high }) {
  const half = (high - low) / 2;
  const known = Number.isFinite(half);
  const digits = known && half > 0 ? Math.min(6, Math.max(3, 1 - Math.floor(Math.log10(half)))) : 4;
  return `${mean < 0 ? "−" : "+"}${Math.abs(mean).toFixed(digits)}${known ? ` ± ${half.toFixed(digits)}` : ""}`;
}

/** @param {Contribution} change */
export function contributionInWords(change) {
  const verdict = Number.isFinite(change.low) ? { helps: "", hurts: "; muting helps", open: "; not told apart from 0" }[verdictOn(change)]
    : " on one window; from the second on it has an interval";
  return `${amountInWords(change)} nats${verdict}`;
}

/** The heads with a value, the most useful first. @param {readonly (Contribution | null)[]} changes @returns {number[]} Their places. */
export const ranked = (changes) => changes.flatMap((change, i) => (change ? [i] : []))
  .sort((a, b) => /** @type {Contribution} */ (changes[b]).mean - /** @type {Contribution} */ (changes[a]).mean);

/** @param {readonly HeadReport[]} heads @param {readonly (Contribution | null)[]} changes @param {string} text Where it was measured. */
export function contributionsInWords(heads, changes, text) {
  const order = ranked(changes);
  if (order.length === 0) return "Nothing has been measured yet.";
  const change = (/** @type {number} */ i) => /** @type {Contribution} */ (changes[i]);
  const [first, last] = [order[0], order[order.length - 1]];
  const count = (/** @type {string} */ verdict) => order.filter((i) => verdictOn(change(i)) === verdict).length;
  const total = order.filter((i) => change(i).mean > 0).reduce((sum, i) => sum + change(i).mean, 0);
  const few = order.findIndex((_, k) => order.slice(0, k + 1).reduce((sum, i) => sum + Math.max(0, change(i).mean), 0) >= total / 2) + 1;
  return `Loss as the model is: ${change(first).before.toFixed(3)} nats a token on ${text}. Muting ${named(heads[first])} costs most, ${contributionInWords(change(first))}; `
    + `muting ${named(heads[last])} ${change(last).mean < 0 ? "gains most" : "costs least"}, ${contributionInWords(change(last))}. `
    + `${count("helps")} ${count("helps") === 1 ? "head helps" : "heads help"}, ${count("hurts")} ${count("hurts") === 1 ? "stands" : "stand"} in the way, ${count("open")} cannot be told apart from no change`
    + (total > 0 && order.length > 1 ? `; ${few === 1 ? "the first alone makes" : `the first ${few} make`} up half of all that the heads contribute one by one.` : ".");
}
