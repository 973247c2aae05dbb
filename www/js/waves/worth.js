// What each head is worth: how much the loss on held-back text rises when it alone is muted. Another question is which one
// feels a bend: a head that hears hardly more than the token itself may be missed most, and yet stretching its wave changes
// nothing.

/**
 * @typedef {[mean: number, low: number, high: number]} Worth  nats a token, with the 95 % interval
 * @typedef {{windows: number, tokens: number, layers: Worth[][], bent?: {windows: number, layers: Worth[][]}}} Worths
 *   `bent`: when its wave alone is bent by hand, the mean of four ways (models/heads.mjs)
 */

/** The one that is missed most; -1 where there is none. @param {readonly Worth[]} heads */
export const strongest = (heads) => heads.reduce((best, [mean], i) => (best < 0 || mean > heads[best][0] ? i : best), -1);

/** The one that is missed most of all layers. @param {Pick<Worths, "layers">} worths */
export function strongestOfAll({ layers }) {
  const layer = layers.reduce((best, heads, i) => (mostOf(heads) > mostOf(layers[best]) ? i : best), 0);
  return { layer, head: strongest(layers[layer]) };
}

/** By what the one to bend is chosen: what bending costs; what muting does where that is not known. @param {Worths} worths */
const felt = (worths) => worths.bent ?? worths;

/** The one of a layer whose bend is felt most; -1 where there is none. @param {Worths | null} worths @param {number} layer */
export const feltMost = (worths, layer) => strongest(worths ? felt(worths).layers[layer] ?? [] : []);

/** The one of all layers whose bend is felt most. @param {Worths} worths */
export const feltMostOfAll = (worths) => strongestOfAll(felt(worths));

/** @param {readonly Worth[]} heads */
const mostOf = (heads) => Math.max(...heads.map(([mean]) => mean));

/** With its sign, to as many places as its doubt leaves. @param {number} nats */
const signed = (nats) => `${nats < 0 ? "−" : "+"}${Math.abs(nats).toFixed(nats > -0.1 && nats < 0.1 ? 3 : 2)}`;

/** A head's worth in short: what the loss changes by without it. @param {Worth} worth */
export const worthInShort = ([mean, low, high]) => (low <= 0 && high >= 0 ? "±0" : signed(mean));

/** The same in a sentence. @param {Worths} worths @param {number} layer @param {number} head */
export function worthInWords(worths, layer, head) {
  const { bent } = worths;
  return `Without it the loss ${changeInWords(worths, layer, head)}.${bent ? ` Bent, it ${changeInWords(bent, layer, head)}.` : ""}`;
}

/** @param {Pick<Worths, "layers">} worths @param {number} layer @param {number} head */
function changeInWords(worths, layer, head) {
  const [mean, low, high] = worths.layers[layer][head];
  if (low <= 0 && high >= 0) return "stays as it is";
  const first = strongestOfAll(worths);
  const most = first.layer === layer && first.head === head ? ", the most of all heads" : "";
  return `${mean < 0 ? "falls" : "rises"} by ${Math.abs(mean).toFixed(3)} ± ${((high - low) / 2).toFixed(3)} nats a token${most}`;
}
