// Going from token to token with the arrow keys, the way the eye goes: in Arabic or Hebrew the next token is to the left.

import { directionOf, hasRightToLeft, runsBothWays } from "./signs.js";

/** How far to look for the neighbours of a token on its line. */
const FAR = 400;

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
  if (!runsBothWays(line.map(({ at }) => texts[at]).join(""))) return from + onward;
  // Both ways on one line: what stands there counts, not what was written next.
  // Two letters in one sign (lam and alef) stand at one place: of those the later one is further on its own way.
  const late = (/** @type {number} */ at) => (hasRightToLeft(texts[at]) ? -at : at);
  line.sort((a, b) => (Math.abs(a.middle - b.middle) > 0.5 ? a.middle - b.middle : late(a.at) - late(b.at)));
  const beside = line[line.findIndex(({ at }) => at === from) + side];
  if (beside) return beside.at;
  const numbers = line.map(({ at }) => at);
  return onward > 0 ? Math.max(...numbers) + 1 : Math.min(...numbers) - 1;
}

/** Where a token stands on its line. @typedef {{at: number, middle: number}} Seat */

/** @param {readonly HTMLElement[]} spans @param {number} from @returns {Seat[]} those on the same line */
function lineOf(spans, from) {
  const own = spans[from].getBoundingClientRect();
  const seats = [{ at: from, middle: (own.left + own.right) / 2 }];
  for (const step of [-1, 1]) {
    for (let at = from + step; at >= 0 && at < spans.length && Math.abs(at - from) < FAR; at += step) {
      const { left, right, top, bottom } = spans[at].getBoundingClientRect();
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
