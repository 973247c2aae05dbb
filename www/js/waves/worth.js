// What each head is worth: how much the loss on held-back text rises when it alone is muted.

/**
 * @typedef {[mean: number, low: number, high: number]} Worth  nats a token, with the 95 % interval
 * @typedef {{windows: number, tokens: number, layers: Worth[][]}} Worths
 */

/** The one that is missed most; -1 where there is none. @param {readonly Worth[]} heads */
export const strongest = (heads) => heads.reduce((best, [mean], i) => (best < 0 || mean > heads[best][0] ? i : best), -1);

/** The one that is missed most of all layers. @param {Worths} worths */
export function strongestOfAll({ layers }) {
  const layer = layers.reduce((best, heads, i) => (mostOf(heads) > mostOf(layers[best]) ? i : best), 0);
  return { layer, head: strongest(layers[layer]) };
}

/** @param {readonly Worth[]} heads */
const mostOf = (heads) => Math.max(...heads.map(([mean]) => mean));

/** With its sign, to as many places as its doubt leaves. @param {number} nats */
const signed = (nats) => `${nats < 0 ? "−" : "+"}${Math.abs(nats).toFixed(nats > -0.1 && nats < 0.1 ? 3 : 2)}`;

/** A head's worth in short: what the loss changes by without it. @param {Worth} worth */
export const worthInShort = ([mean, low, high]) => (low <= 0 && high >= 0 ? "±0" : signed(mean));

/** The same in a sentence. @param {Worths} worths @param {number} layer @param {number} head */
export function worthInWords(worths, layer, head) {
  const [mean, low, high] = worths.layers[layer][head];
  if (low <= 0 && high >= 0) return "Without it the loss stays as it is.";
  const first = strongestOfAll(worths);
  const most = first.layer === layer && first.head === head ? ", the most of all heads" : "";
  return `Without it the loss ${mean < 0 ? "falls" : "rises"} by ${Math.abs(mean).toFixed(3)} ± ${((high - low) / 2).toFixed(3)} nats a token${most}.`;
}
