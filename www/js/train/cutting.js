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

/** @param {TakenText} text @param {number} share  that is held back @returns {Cutting} */
export function asCharacters({ pieces, summary: { characters, distinct, counts } }, share) {
  const ids = new Map(distinct.map((character, id) => [character, id]));
  const learned = learnedFrom(characters, share);
  /** @type {number[]} */
  const beginning = [];
  const most = Math.min(BEGINNING, learned);
  for (const piece of pieces) {
    if (beginning.length >= most) break;
    for (const character of piece) if (beginning.push(/** @type {number} */ (ids.get(character))) >= most) break;
  }
  return { vocabulary: distinct.length, texts: distinct, counts, beginning, tokens: characters, learned, exact: true };
}

/** @param {DataInfo} info @param {number} characters  of the whole text; the engine may have seen its beginning @returns {Cutting} */
export function asPieces({ vocabulary, texts, counts, beginning, tokens, train_tokens, characters: seen }, characters) {
  const times = characters / seen;
  return { vocabulary, texts, counts, beginning, tokens: Math.round(tokens * times), learned: Math.round(train_tokens * times), exact: times === 1 };
}

/** The ids of the tokens that are met most often, the first of equals first. @param {Cutting} cutting @param {number} most */
export const mostFrequent = ({ counts }, most) => [...counts.keys()].filter((id) => counts[id] > 0).sort((a, b) => counts[b] - counts[a] || a - b).slice(0, most);
