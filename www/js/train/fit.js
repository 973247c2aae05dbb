// A text for a model that knows its letters already: what it lacks is left out, as of a prompt (text/prompts.js), which is
// said; where that is too much, the text does not do. No DOM.

import { visible } from "../page/signs.js";
import { readable } from "../text/prompts.js";
import { number } from "../text/data-sets.js";

/**
 * @typedef {import("../engine/protocol.js").ModelInfo} ModelInfo
 * @typedef {import("../text/intake.js").TextSummary} TextSummary
 * @typedef {{ text: string, missing: string[], lost: number }} Fitted  lost: how many letters were left out
 */

/** The share of a text that may be lost: more, and what is left is another text. */
const MOST_LOST = 0.1;
const NAMED = 12;

/** The letters of a text that a model lacks. @param {TextSummary} summary @param {ModelInfo} model */
export const lacking = ({ distinct }, model) => readable(distinct.join(""), model).missing;

/** A letter in a list of those that a pattern matches. @param {string} letter */
const escaped = (letter) => `\\u{${/** @type {number} */ (letter.codePointAt(0)).toString(16)}}`;

/** @param {string} text @param {readonly string[]} missing @returns {Fitted} */
export function fitted(text, missing) {
  if (missing.length === 0) return { text, missing: [], lost: 0 };
  let lost = 0;
  const rest = text.replace(new RegExp(`[${missing.map(escaped).join("")}]`, "gu"), () => {
    lost++;
    return "";
  });
  return { text: rest, missing: [...missing], lost };
}

/** @param {number} lost @param {number} characters */
const percent = (lost, characters) => {
  const share = (100 * lost) / characters;
  return share < 0.1 ? "less than 0.1 %" : `${share.toFixed(share < 10 ? 1 : 0)} %`;
};

/**
 * What is left out of a text, in words; empty where nothing is.
 * @param {readonly string[]} missing @param {number} lost  letters of the text @param {number} characters  that it has @param {string} model
 */
export function lostInWords(missing, lost, characters, model) {
  if (missing.length === 0) return "";
  const named = missing.slice(0, NAMED).map((letter) => `“${visible(letter)}”`).join(", ") + (missing.length > NAMED ? ` and ${number(missing.length - NAMED)} more` : "");
  const letters = missing.length === 1 ? "one letter" : `${number(missing.length)} letters`;
  return `${model} lacks ${letters} of this text: ${named}. ${missing.length === 1 ? "It is" : "They are"} left out: ${number(lost)} of ${number(characters)} characters (${percent(lost, characters)}).`;
}

/** Why a text of which so much would be lost does not do; empty where it does. @param {number} lost @param {number} characters @param {string} model */
export const tooMuchLost = (lost, characters, model) => (lost <= MOST_LOST * characters ? ""
  : `Too much of this text would be lost: ${model} lacks letters that make up ${percent(lost, characters)} of it, and up to ${100 * MOST_LOST} % may be left out. Choose another text, open a model that knows its letters, or train a new model on it.`);
