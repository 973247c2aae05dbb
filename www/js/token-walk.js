// Going from token to token with the arrow keys, the way the eye goes: in Arabic or Hebrew the next token is to the left.

import { directionOf, hasRightToLeft } from "./signs.js";

/** How far to look for the neighbours of a token on its line. */
const FAR = 400;
const LEFT_TO_RIGHT = /[\p{L}\p{Nd}]/u;

/**
 * The token beside one.
 * @param {readonly HTMLElement[]} spans @param {readonly string[]} texts what each adds to the text
 * @param {number} from @param {-1 | 1} side -1: to the left
 * @param {string} [before] the text before the first token, which may decide the way of its line
 * @returns {number} -1 or the number of tokens where there is none
 */
export function tokenBeside(spans, texts, from, side, before = "") {
  const whole = () => directionOf(paragraphOf(texts, from, before)) === "rtl";
  const near = texts.slice(Math.max(0, from - FAR), from + FAR).join("");
  if (!hasRightToLeft(near) && !hasRightToLeft(before)) return from + side;
  const onward = whole() ? -side : side;
  if (!spans[from]) return from + onward;
  const line = lineOf(spans, from);
  const letters = line.map(({ at }) => texts[at]).join("");
  const mixed = hasRightToLeft(letters) && LEFT_TO_RIGHT.test(letters.replace(/[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/gu, ""));
  if (!mixed) return from + onward;
  // Both ways on one line: what stands there counts, not what was written next.
  const own = /** @type {Seat} */ (line.find(({ at }) => at === from));
  const beside = line.filter(({ middle }) => (middle - own.middle) * side > 0.01)
    .sort((a, b) => Math.abs(a.middle - own.middle) - Math.abs(b.middle - own.middle));
  if (beside.length > 0) return beside[0].at;
  const numbers = line.map(({ at }) => at);
  return onward > 0 ? Math.max(...numbers) + 1 : Math.min(...numbers) - 1;
}

/** Where a token stands on its line. @typedef {{at: number, middle: number}} Seat */

/** @param {readonly HTMLElement[]} spans @param {number} from @returns {Seat[]} those on the same line that take room, and the one itself */
function lineOf(spans, from) {
  const own = spans[from].getBoundingClientRect();
  const seats = [{ at: from, middle: (own.left + own.right) / 2 }];
  for (const step of [-1, 1]) {
    for (let at = from + step; at >= 0 && at < spans.length && Math.abs(at - from) < FAR; at += step) {
      const { left, right, top, bottom } = spans[at].getBoundingClientRect();
      if (right - left < 0.01) continue;
      if (bottom < own.top + 1 || top > own.bottom - 1) break;
      seats.push({ at, middle: (left + right) / 2 });
    }
  }
  return seats;
}

/** The paragraph that a token stands in. @param {readonly string[]} texts @param {number} at @param {string} before */
function paragraphOf(texts, at, before) {
  const start = (before + texts.slice(0, at).join("")).split("\n").at(-1) ?? "";
  return start + (texts.slice(at, at + FAR).join("").split("\n")[0] || "\n");
}
