// A text as the tokens that a training will have: what they are, how often each stands in it, and which it begins with.
// Characters are counted as the text is read, and numbered as the engine numbers them (src/tokenizer/character.rs); word
// pieces are for the engine to learn. No DOM.

import { learnedFrom } from "../text/data-sets.js";

/**
 * @typedef {import("../text/intake.js").TakenText} TakenText
 * @typedef {import("../engine/protocol.js").DataInfo} DataInfo
 *
 * @typedef {object} Cutting
 * @property {number} vocabulary  tokens that the model will know
 * @property {readonly string[]} texts  of each token, by its id
 * @property {readonly number[]} counts  how often each stands in what was counted, by its id
 * @property {readonly number[]} beginning  the ids that the text begins with
 * @property {number} tokens  of the whole text
 * @property {number} learned  of those, how many are learned from
 * @property {boolean} exact  or counted on the text's beginning only, and learned from that
 */

/** Tokens of the beginning. */
const BEGINNING = 400;

/**
 * @param {TakenText} text @param {number} share  that is held back
 * @param {readonly string[]} [known]  the tokens of a model that is gone on from, by their ids: what it lacks is left out
 * @returns {Cutting}
 */
export function asCharacters({ pieces, summary }, share, known = summary.distinct) {
  const ids = new Map(known.map((character, id) => [character, id]));
  const met = new Map(summary.distinct.map((character, i) => [character, summary.counts[i]]));
  const counts = known.map((character) => met.get(character) ?? 0);
  const characters = counts.reduce((sum, count) => sum + count, 0);
  const learned = learnedFrom(characters, share);
  /** @type {number[]} */
  const beginning = [];
  const most = Math.min(BEGINNING, learned);
  for (const piece of pieces) {
    if (beginning.length >= most) break;
    for (const character of piece) {
      const id = ids.get(character);
      if (id !== undefined && beginning.push(id) >= most) break;
    }
  }
  return { vocabulary: known.length, texts: known, counts, beginning, tokens: characters, learned, exact: true };
}

/** @param {DataInfo} info @param {number} characters  of the whole text; the engine may have seen its beginning @returns {Cutting} */
export function asPieces({ vocabulary, texts, counts, beginning, tokens, train_tokens, characters: seen }, characters) {
  const times = characters / seen;
  return { vocabulary, texts, counts, beginning, tokens: Math.round(tokens * times), learned: Math.round(train_tokens * times), exact: times === 1 };
}

/**
 * By the word pieces of a model that is gone on from.
 * @param {Uint32Array} ids  of the text's beginning @param {readonly string[]} texts  of its tokens, by their ids
 * @param {number} times  how much longer the whole text is @param {number} share  that is held back @returns {Cutting}
 */
export function asEncoded(ids, texts, times, share) {
  const counts = texts.map(() => 0);
  for (const id of ids) counts[id]++;
  const tokens = Math.round(ids.length * times);
  const learned = learnedFrom(tokens, share);
  return { vocabulary: texts.length, texts, counts, beginning: [...ids.subarray(0, Math.min(BEGINNING, learned))], tokens, learned, exact: times === 1 };
}

/** The ids of the tokens that are met most often, the first of equals first. @param {Cutting} cutting @param {number} most */
export const mostFrequent = ({ counts }, most) => [...counts.keys()].filter((id) => counts[id] > 0).sort((a, b) => counts[b] - counts[a] || a - b).slice(0, most);
