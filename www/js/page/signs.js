// Text that a model or a person wrote, made fit for where it is shown: signs that nobody can see get stand-ins, and a
// quotation in a sentence of the page is kept apart from it. No DOM.

/** What stands in quotation marks in a sentence of the page is a token, or text that somebody wrote. */
const QUOTED = /(“[^”]*”|"[^"]*")/;
const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** @param {string} character */
const code = (character) => /** @type {number} */ (character.codePointAt(0));
/** @param {string} character */
const named = (character) => `<U+${code(character).toString(16).toUpperCase().padStart(4, "0")}>`;

/** A control character's picture (U+2400 and on); those from U+0080 on have none. @param {string} character */
function controlPicture(character) {
  const at = code(character);
  return at < 0x20 ? String.fromCodePoint(0x2400 + at) : at === 0x7f ? "\u2421" : named(character);
}

const SHOWN = /** @type {Record<string, string>} */ ({ "\n": "⏎", "\t": "⇥", " ": "␣" });

/**
 * A token's text for lists and labels, with its invisible characters made visible: control characters by their pictures,
 * other spaces, marks without width and half characters by their code. A mark that would sit on the letter before gets
 * a circle to sit on.
 * @param {string} text
 */
export function visible(text) {
  if (text === "") return "∅";
  return text.replace(/[\p{Cc} ]/gu, (character) => SHOWN[character] ?? controlPicture(character))
    .replace(/[\p{Zs}\p{Zl}\p{Zp}\p{Cf}\p{Cs}\p{Cn}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]/gu, (character, at, whole) => (joins(whole, at) ? character : named(character)))
    .replace(/^\p{M}/u, "\u25cc$&");
}

/** Whether a sign without width joins two pictures to one, as a family of emoji. @param {string} text @param {number} at */
const joins = (text, at) => text[at] === "\u200d" && /[\p{Extended_Pictographic}\ufe0f\u{1f3fb}-\u{1f3ff}]$/u.test(text.slice(0, at)) && /^\p{Extended_Pictographic}/u.test(text.slice(at + 1));

/** What XML cannot hold, and what nobody could see in it, shown by stand-ins. @param {string} text */
export const xmlText = (text) => text.replace(/[^\P{Cc}\t\n\r]/gu, controlPicture).replace(/[\p{Cs}\ufffe\uffff]/gu, named);

/** Whether letters that are written from right to left stand in it. @param {string} text */
export const hasRightToLeft = (text) => RIGHT_TO_LEFT.test(text);

/** Whether letters or digits that are written from left to right stand among such. @param {string} text */
export const runsBothWays = (text) => hasRightToLeft(text) && [...text].some((letter) => /[\p{L}\p{Nd}]/u.test(letter) && !hasRightToLeft(letter));

/** A sentence in parts, of which every other one is a quotation. @param {string} sentence @returns {string[]} */
export const quotedParts = (sentence) => sentence.split(QUOTED);

/** A sentence as one text: a quotation that is written from right to left does not turn what stands after it. @param {string} sentence */
export const isolated = (sentence) => (hasRightToLeft(sentence)
  ? quotedParts(sentence).map((part, i) => (i % 2 === 1 ? `\u2068${part}\u2069` : part)).join("") : sentence);

/** Which way a text runs by its first letter, as `dir="auto"` decides it. @param {string} text @returns {"ltr" | "rtl"} */
export function directionOf(text) {
  const letter = /\p{L}/u.exec(text);
  return letter && RIGHT_TO_LEFT.test(letter[0]) ? "rtl" : "ltr";
}
