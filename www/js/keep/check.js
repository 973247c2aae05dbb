// What a value from outside may be. A check gives the empty text where nothing is wrong, and else a sentence that says
// what was found where, and what was expected. No DOM here. By hand (1.3 KB, gzipped): valibot's like are 2.5 KB
// before the words, in the first view.

/**
 * @typedef {(value: any, at: string) => string} Check  at: the value's place, as in "facts.samples[3].text"
 * @typedef {{ [key: string]: Check }} Fields
 */

/** The largest number that the engine's float32 holds. */
export const FLOAT = 3.4028235e38;
const LONGEST_SHOWN = 40;

/** @param {unknown} value */
function found(value) {
  if (value === undefined || value === null) return value === null ? "is empty" : "is missing";
  if (typeof value === "string") return `is "${value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}…` : value}"`;
  if (Array.isArray(value)) return `is a list of ${plain(value.length)}`;
  return typeof value === "object" ? "is an object" : `is ${plain(value)}`;
}

/** @param {unknown} value */
const plain = (value) => (typeof value === "number" ? value.toLocaleString("en-GB", { maximumSignificantDigits: 12 }) : String(value));

/** @param {string} at @param {unknown} value @param {string} expected */
const wrong = (at, value, expected) => `"${at}" ${found(value)}; expected was ${expected}.`;

/** @param {unknown} v */
const isObject = (v) => typeof v === "object" && v !== null && !Array.isArray(v) && !ArrayBuffer.isView(v);

/** @param {number} least @param {number} most @returns {Check} */
export const number = (least, most) => (v, at) =>
  (typeof v === "number" && v >= least && v <= most ? "" : wrong(at, v, `a number from ${short(least)} to ${short(most)}`));

/** @param {number} most @param {number} [least] @returns {Check} */
export const count = (most, least = 0) => (v, at) =>
  (Number.isSafeInteger(v) && v >= least && v <= most ? "" : wrong(at, v, `a whole number from ${plain(least)} to ${plain(most)}`));

/** @param {number} value */
const short = (value) => (Math.abs(value) < 1e9 ? plain(value) : value.toPrecision(2));

/** @param {number} longest  characters @param {number} [shortest]  without the spaces around it @returns {Check} */
export const text = (longest, shortest = 0) => (v, at) =>
  (typeof v === "string" && v.length <= longest && v.trim().length >= shortest ? ""
    : typeof v === "string" && v.length > longest ? `"${at}" has ${plain(v.length)} characters; expected were at most ${plain(longest)}.`
      : wrong(at, v, shortest > 0 ? `a text of at least ${plain(shortest)} and at most ${plain(longest)} characters` : `a text of at most ${plain(longest)} characters`));

/** @param {readonly unknown[]} values @returns {Check} */
export const oneOf = (values) => (v, at) => (values.includes(v) ? "" : wrong(at, v, `one of ${values.join(", ")}`));

/** @type {Check} */
export const flag = (v, at) => (typeof v === "boolean" ? "" : wrong(at, v, "true or false"));

/** @param {Check} check @returns {Check} */
export const orNull = (check) => (v, at) => (v === null || v === undefined ? "" : check(v, at));

/** The first check's word where none is satisfied. @param {Check[]} checks @returns {Check} */
export const either = (...checks) => (v, at) => {
  const words = checks.map((check) => check(v, at));
  return words.includes("") ? "" : words[0];
};

/**
 * @param {Check} check  of each entry @param {number} most
 * @param {{ bySteps?: boolean, least?: number }} [more]  bySteps: each entry's step comes after the one before
 * @returns {Check}
 */
export const list = (check, most, { bySteps = false, least = 0 } = {}) => (v, at) => {
  if (!Array.isArray(v)) return wrong(at, v, "a list");
  if (v.length > most || v.length < least) return `"${at}" has ${plain(v.length)} entries; expected were ${least > 0 ? `from ${plain(least)} to` : "at most"} ${plain(most)}.`;
  for (let i = 0; i < v.length; i++) {
    const words = check(v[i], `${at}[${i}]`);
    if (words) return words;
    if (bySteps && i > 0 && !(v[i].step > v[i - 1].step)) return `"${at}[${i}].step" is ${plain(v[i].step)}; expected was one after ${plain(v[i - 1].step)}, the step before it in the list.`;
  }
  return "";
};

/** Numbers as the page keeps them in storage, or as a file has them. @param {Check} check @param {number} most @returns {Check} */
export const numbers = (check, most) => (v, at) => list(check, most)(v instanceof Float32Array ? Array.from(v) : v, at);

/** @param {Fields} fields @param {{ rest?: Check, most?: number }} [more]  rest: what other fields may be @returns {Check} */
export const record = (fields, { rest, most = 100 } = {}) => (v, at) => {
  if (!isObject(v)) return wrong(at, v, "an object");
  const inside = (/** @type {string} */ name) => (at === "" ? name : `${at}.${name}`);
  for (const [name, check] of Object.entries(fields)) {
    const words = check(v[name], inside(name));
    if (words) return words;
  }
  if (!rest) return "";
  const others = Object.keys(v).filter((name) => !Object.hasOwn(fields, name));
  if (others.length > most) return `"${at}" has ${plain(others.length)} fields that this page does not know; expected were at most ${plain(most)}.`;
  for (const name of others) {
    const words = name.length > 100 ? `"${at}" has a field with a name of ${plain(name.length)} characters; expected were at most 100.` : rest(v[name], inside(name));
    if (words) return words;
  }
  return "";
};

/** A setting that a later version may have added. @type {Check} */
export const simple = (v, at) => (either(number(-FLOAT, FLOAT), text(1000), flag, (x) => (x === null ? "" : "no"))(v, at)
  ? wrong(at, v, "a number, a text of at most 1,000 characters, true or false") : "");

/** Only the fields that are known: whatever else a file holds is not taken along. @template T @param {any} value @param {readonly string[]} names @returns {T} */
export const only = (value, names) => /** @type {T} */ (Object.fromEntries(names.filter((name) => value[name] !== undefined).map((name) => [name, value[name]])));
