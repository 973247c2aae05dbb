// Numbers as people type and read them: a comma or a point, digits of any script, groups of three. No DOM.

/**
 * What a field takes.
 * @typedef {object} Limits
 * @property {number} min
 * @property {number} max
 * @property {boolean} [whole] Whole numbers only.
 * @property {number} [multiple] Multiples of this only.
 * @property {number} [decimals] After the point, at most.
 *
 * @typedef {{value: number, doubtful: boolean}} Reading `doubtful`: it could have been meant otherwise.
 */

/** More digits than that are no person's wish but a computer's remainder. */
export const MOST_DIGITS = 10;
/** The zeros of digits of other scripts: Arabic, Persian, Indic, Thai and so on, and full width. */
const ZEROS = [0xff10, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040, 0x17e0];
const GROUPS = /^\d{1,3}(?:[ ',.]\d{3})+$/;

/** @param {string} text @returns {string} in ASCII as far as it is a number */
const plainly = (text) => text.trim()
  .replace(/[\u2212\u2012\u2013\u2010\u2011\uff0d]/g, "-").replaceAll("\uff0b", "+").replace(/[\u066b\uff0e]/g, ".").replace(/[\u066c\u060c\uff0c]/g, ",")
  .replace(/[\u2019\u02bc]/g, "'").replace(/[\s\u202f]/g, " ")
  .replace(/\p{Nd}/gu, (digit) => {
    const code = /** @type {number} */ (digit.codePointAt(0));
    const zero = ZEROS.find((first) => code >= first && code < first + 10);
    return zero === undefined ? digit : String(code - zero);
  });

/**
 * Reads a number as it may be typed: `0.7`, `0,7`, `1,234.5`, `1.234,5`, `200 000`, `1e-3`. One comma or point alone is
 * the decimal one; in a field for whole numbers, where three digits follow it, it parts thousands.
 * @param {string} text @param {boolean} [whole] @returns {Reading | null} null where it is no number
 */
export function readNumber(text, whole = false) {
  const found = /^([+-]?)([\d,. ']+)(e[+-]?\d{1,4})?$/i.exec(plainly(text));
  if (!found) return null;
  const [, sign, body, power = ""] = found;
  const read = readBody(body, whole);
  if (read === null) return null;
  return { value: Number(`${sign === "-" ? "-" : ""}${read.digits}${power}`), doubtful: read.doubtful };
}

/** @param {string} body @param {boolean} whole @returns {{digits: string, doubtful: boolean} | null} */
function readBody(body, whole) {
  const marks = [...body.matchAll(/[,.]/g)].map(([mark]) => mark);
  const last = marks.at(-1);
  const grouped = GROUPS.test(body) && !body.startsWith("0");
  /** @param {string} digits @param {boolean} doubtful */
  const sound = (digits, doubtful = false) => (/^(?:\d+\.?\d*|\.\d+)$/.test(digits) ? { digits, doubtful } : null);
  if (last === undefined) return /[ ']/.test(body) ? (grouped ? sound(body.replace(/[ ']/g, "")) : null) : sound(body);
  const alone = marks.length === 1;
  if (alone && grouped && whole) return sound(body.replace(/\D/g, ""), true);
  if (!alone && new Set(marks).size === 1) return grouped ? sound(body.replace(/\D/g, "")) : null;
  // The last mark is the decimal one; what stands before it may be in groups, by the other mark or by spaces.
  const at = body.lastIndexOf(last);
  const [before, after] = [body.slice(0, at), body.slice(at + 1)];
  if (before.includes(last) || /\D/.test(after) || (/\D/.test(before) && !GROUPS.test(before))) return null;
  return sound(`${before.replace(/\D/g, "")}.${after}`, alone && grouped && last === ",");
}

/** The significant digits of a number as it is written. @param {string} written */
const digitsOf = (written) => written.replace(/e.*$/, "").replace(/[-.]/g, "").replace(/^0+/, "").length;

/** Whether 16 bits hold a number, as those of a rounded model do: eleven binary digits. @param {number} value */
const isHalf = (value) => value !== 0 && Number.isInteger(value / 2 ** (Math.floor(Math.log2(Math.abs(value))) - 10));

/**
 * A number as a field shows it: all of it where a person can have set it, and a number that was computed to so many places.
 * @param {number} value @param {number} [digits] after the point, of a computed one, where the field has such
 */
export function showNumber(value, digits) {
  if (!Number.isFinite(value)) return "";
  const written = String(value);
  const computed = digits !== undefined && isHalf(value) && (written.split(".")[1] ?? "").length > digits;
  if (digitsOf(written) <= MOST_DIGITS && !computed) return written;
  const rounded = Number(value.toFixed(digits ?? 6));
  return String(rounded === 0 || Number.isInteger(value) ? Number(value.toPrecision(Math.max(3, digits ?? 6))) : rounded);
}

/** @param {string} typed */
const quoted = (typed) => `“${typed.length > 24 ? `${typed.slice(0, 24)}…` : typed}”`;

/**
 * The number that is used for what was typed, and in words what was changed about it; empty where nothing was.
 * @param {string} typed @param {Limits} limits @param {number} last holds where no number was typed
 * @returns {{value: number, said: string}}
 */
export function settleNumber(typed, limits, last) {
  const { min, max, whole = false, multiple = 1, decimals = 100 } = limits;
  const read = readNumber(typed, whole);
  if (read === null) {
    const stays = Number.isFinite(last) ? `, so ${showNumber(last)} stays` : "";
    return { value: last, said: typed.trim() === "" ? `Nothing was typed${stays}.` : `${quoted(typed.trim())} is no number${stays}.` };
  }
  const became = (/** @type {number} */ value) => `it became ${showNumber(value)}`;
  const name = quoted(typed.trim());
  if (read.value > max) return { value: max, said: `${name} is more than ${showNumber(max)}, the most: ${became(max)}.` };
  if (read.value < min) return { value: min, said: `${name} is less than ${showNumber(min)}, the least: ${became(min)}.` };
  if (whole) {
    const value = Math.min(max, Math.max(min, Math.round(read.value / multiple) * multiple));
    if (value === read.value) return { value, said: read.doubtful ? `${name} was read as ${showNumber(value)}.` : "" };
    return { value, said: `${name} is not ${multiple > 1 ? `a multiple of ${multiple}` : "a whole number"}: ${became(value)}.` };
  }
  const value = Number(Number(read.value.toPrecision(MOST_DIGITS)).toFixed(decimals));
  if (value !== read.value) return { value, said: `${name} was rounded to ${showNumber(value)}.` };
  return { value, said: read.doubtful ? `${name} was read as ${showNumber(value)}.` : "" };
}

/**
 * The next number up or down, as the arrow keys step.
 * @param {number} value @param {number} count how many steps; negative: down @param {number | "any"} step "any": a tenth
 *   of the number's own size @param {Limits} limits
 */
export function stepNumber(value, count, step, { min, max }) {
  const from = Number.isFinite(value) ? value : Math.max(min, Math.min(max, 0));
  const size = step === "any" ? 10 ** (Math.floor(Math.log10(Math.abs(from) || 1)) - 1) : step;
  return Math.min(max, Math.max(min, Number((from + count * size).toPrecision(MOST_DIGITS))));
}
