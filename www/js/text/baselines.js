// How well a text is foretold by counting alone, to measure a training by: how often each letter comes, and how often it
// comes after the one before it. Counted on what is learned from, measured on what is held back, as a model is. No DOM.

import { learnedFrom } from "./data-sets.js";

/**
 * As perplexities, the way a model's is given.
 * @typedef {{ letters: number, pairs: number }} Baselines
 */

/** Characters that are learned from and measured on, of a longer text: enough for two digits, and done in a moment. */
const MOST = { learned: 300_000, held: 50_000 };
/** Pairs are trusted as much as single letters once the first of them came so often. */
const TRUST = 5;

/**
 * @param {string} text @param {number} share  that is held back
 * @returns {Baselines | null} null where nothing is left to count, or nothing to measure on
 */
export function baselines(text, share) {
  const cut = learnedFrom(text.length, share);
  const [learned, held] = [text.slice(0, Math.min(cut, MOST.learned)), text.slice(cut, cut + MOST.held)];
  if (learned.length < 2 || held.length < 2) return null;
  /** @type {Map<number, number>} */ const ids = new Map();
  const idsOf = (/** @type {string} */ part) => Uint32Array.from([...part], (letter) => {
    const code = /** @type {number} */ (letter.codePointAt(0));
    const id = ids.get(code) ?? ids.size;
    ids.set(code, id);
    return id;
  });
  const [a, b] = [idsOf(learned), idsOf(held)];
  const count = ids.size;
  const single = new Float64Array(count);
  /** @type {Map<number, number>} */ const pairs = new Map();
  for (let i = 0; i < a.length; i++) {
    single[a[i]]++;
    if (i > 0) pairs.set(a[i - 1] * count + a[i], (pairs.get(a[i - 1] * count + a[i]) ?? 0) + 1);
  }
  // One more of each than was seen, so that nothing is impossible.
  let [letters, after] = [0, 0];
  for (let i = 1; i < b.length; i++) {
    const alone = (single[b[i]] + 1) / (a.length + count);
    letters -= Math.log(alone);
    after -= Math.log(((pairs.get(b[i - 1] * count + b[i]) ?? 0) + TRUST * alone) / (single[b[i - 1]] + TRUST));
  }
  return { letters: Math.exp(letters / (b.length - 1)), pairs: Math.exp(after / (b.length - 1)) };
}
