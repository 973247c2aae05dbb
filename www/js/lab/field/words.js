// What the field's pictures show, in words.

import { bySize } from "../numbers.js";
import { visible } from "../../page/signs.js";
import { largestAt, placeInWords, rounded } from "./parts.js";

/** @typedef {import("./field.js").Look} Look */

/** @param {number} share */
const percent = (share) => (share > 0 && share < 0.005 ? "less than 1 %" : `${(100 * share).toFixed(0)} %`);

/**
 * The field as it is now.
 * @param {Look & {place: string, time: number, chosen: number, frame: ArrayLike<number>}} now @returns {string}
 */
export function nowInWords({ view, positions, tokens, strength, place, time, chosen, frame }) {
  const at = positions[time];
  let [all, ahead] = [0, 0];
  for (let cell = 0; cell < frame.length; cell++) {
    all += Math.abs(frame[cell]);
    if (cell > at) ahead += Math.abs(frame[cell]);
  }
  const seen = strength ? "All channels together" : `Channel ${view.channel + 1}, ${(100 * view.shares[view.channel]).toFixed(0)} % of the energy of what the head's tokens drop`;
  const waves = all > 0
    ? `The waves are largest at cell ${largestAt(frame)}, and ${percent(ahead / all)} of them lie ahead, where tokens are yet to be read.`
    : "There are no waves: the head is muted.";
  const own = chosen < 0 ? "" : ` In front: what token ${chosen + 1}, "${visible(tokens[chosen] ?? "")}", alone spreads; ${placeInWords(positions[chosen])}`;
  return `${place}. ${seen}. ${time + 1} of ${view.times} tokens are read. The last one is "${visible(tokens[time] ?? "")}"; ${placeInWords(at)} ${waves}${own} Each lane has a scale of its own, given at its top right.`;
}

/**
 * How the waves were computed, and what that took.
 * @param {import("../../engine/observations.js").FieldView} view @param {boolean} transforms @returns {string}
 */
export function methodInWords({ times, milliseconds, difference }, transforms) {
  const took = `The model read these ${times} tokens up to this layer in ${milliseconds < 0.1 ? "less than 0.1" : milliseconds.toFixed(1)} ms`;
  if (!transforms) return `${took}, its waves step by step (a recurrence): each token turns and shrinks what the one before heard, and adds its own. That is how this page always computes them on the processor.`;
  return `${took}, its waves by Fourier transforms of the whole text, as the model was published. They are the same waves: what the tokens heard differs from the sum step by step by ${bySize(difference)} of its size, which is rounding.`;
}

/** All times. @param {Look & {rows: "own" | "field", time: number}} look @returns {string} */
export function spacetimeInWords({ view, tokens, strength, rows, time }) {
  const loudest = largestAt(view.deposits.subarray(0, time + 1));
  const what = rows === "own"
    ? `A row for each token, the first at the top: its own wave, from its cell to the right. ${strength ? "" : "What stands in a column adds up to the field there. "}`
    : "A row for each token, the first at the top: the field just after that token was read. Behind the token nothing changes any more; ahead of it the waves run free. ";
  const shades = strength ? "The farther from the ground's shade, the stronger" : "Blue is above zero, orange below; the farther from the ground's shade, the larger";
  return `${what}${shades}; shades grow with the square root, so that faint waves are seen. Token ${loudest + 1}, "${visible(tokens[loudest] ?? "")}", drops most: ${rounded(view.deposits[loudest])}. The line marks the token read last; click or drag to move through the text.`;
}

/**
 * What the token just read hears of one, in the strip under the text.
 * @param {Look} look @param {number} token On the field. @param {number} time @param {number} share Of the loudest one.
 */
export function heardInWords({ tokens, positions }, token, time, share) {
  if (token < 0) return "too far back: it is not on the part of the field that is drawn.";
  const place = placeInWords(positions[token]);
  if (token > time) return `${place} It is yet to be read.`;
  return `${place} Through this head "${visible(tokens[time] ?? "")}" hears ${(100 * share).toFixed(0)} % as much from it as from the loudest token.`;
}
