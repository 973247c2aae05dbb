// The texts a model can be trained on: two that the page ships, and the person's own.

/**
 * @typedef {"names" | "shakespeare" | "own"} DataId
 * @typedef {object} DataSet
 * @property {DataId} id
 * @property {string} label
 * @property {string} about      one sentence, shown beside the choice
 * @property {string | null} file  where the text is; null: the person brings it
 * @property {boolean} list      one item a line, each on its own (names): samples are shown as items
 */

/** @type {readonly DataSet[]} */
export const DATA_SETS = [
  { id: "names", label: "Names", about: "32,033 given names. A tiny model invents new ones within a minute.", file: "data/names.txt", list: true },
  { id: "shakespeare", label: "Shakespeare", about: "40,000 lines of the plays. Words and speeches take shape within minutes.", file: "data/tinyshakespeare.txt", list: false },
  { id: "own", label: "Your own text", about: "Paste it, drop a file, or choose one. It stays in this browser.", file: null, list: false },
];

/** The engine and the browser hold several copies of the text, so there is a limit. */
export const MAX_FILE_BYTES = 20 * 1024 * 1024;
/** Validation takes the last tenth of the text. */
export const VALIDATION_SHARE = 0.1;
/** A tenth of fewer characters is nothing to validate on. */
const FEWEST = 20;
/** Below this many characters a model learns the text by heart rather than its patterns. */
const LITTLE_TEXT = 20_000;
/** With more different characters than this, most are too rare to learn one by one. */
const MANY_CHARACTERS = 1_000;

/** @param {DataId} id @returns {DataSet} */
export function dataSet(id) {
  const found = DATA_SETS.find((entry) => entry.id === id);
  if (!found) throw new Error(`There is no data set "${id}".`);
  return found;
}

/** @type {Map<DataId, Promise<string>>} */
const loading = new Map();

/**
 * The text of a data set that the page ships; fetched once.
 * @param {DataId} id @returns {Promise<string>}
 */
export function loadDataSet(id) {
  const { file, label, list } = dataSet(id);
  if (file === null) throw new Error(`"${label}" has no file.`);
  let text = loading.get(id);
  if (!text) {
    text = fetchText(file, label).then((whole) => (list ? shuffleLines(whole) : whole));
    text.catch(() => loading.delete(id)); // A failed download may be tried again.
    loading.set(id, text);
  }
  return text;
}

/** @param {string} file @param {string} label @returns {Promise<string>} */
async function fetchText(file, label) {
  let response;
  try {
    response = await fetch(new URL(`../${file}`, import.meta.url));
  } catch {
    throw new Error(`"${label}" could not be loaded: there is no connection to the page's server. Try again when there is one.`);
  }
  if (!response.ok) {
    throw new Error(`"${label}" could not be loaded: the server answered ${response.status}. Try again, or use a text of your own.`);
  }
  return response.text();
}

/**
 * The lines in another order, always the same one. Lists come sorted, and validation takes the end of the text.
 * @param {string} text @returns {string}
 */
export function shuffleLines(text) {
  const lines = text.split("\n").filter((line) => line !== "");
  let state = 0x9e3779b9;
  for (let i = lines.length - 1; i > 0; i--) {
    // xorshift32: small, the same everywhere, and good enough to shuffle.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const j = (state >>> 0) % (i + 1);
    [lines[i], lines[j]] = [lines[j], lines[i]];
  }
  return `${lines.join("\n")}\n`;
}

/**
 * Reads a file that the person chose.
 * @param {File} file @returns {Promise<string>}
 * @throws {Error} with a message for the person
 */
export async function readTextFile(file) {
  if (file.size > MAX_FILE_BYTES) {
    throw new Error(`"${file.name}" has ${megabytes(file.size)} MB; up to ${megabytes(MAX_FILE_BYTES)} MB fit here. Choose a smaller file or a part of it.`);
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes.length === 0) throw new Error(`"${file.name}" is empty. Choose a file with text in it.`);
  const text = decodeText(bytes, file.name);
  if (text.includes("\0")) {
    throw new Error(`"${file.name}" is not a text file. Choose one that a text editor can show (.txt, .md, .csv, source code).`);
  }
  return tidyText(text);
}

/** @param {Uint8Array} bytes @param {string} name @returns {string} */
function decodeText(bytes, name) {
  const utf16 = bytes.length > 1 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff));
  const encoding = utf16 ? (bytes[0] === 0xff ? "utf-16le" : "utf-16be") : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`"${name}" is not text in UTF-8. If it is a text file, save it again as UTF-8; otherwise choose a text file.`);
  }
}

/**
 * One kind of line end, no byte-order mark, and no half characters (which encoders refuse).
 * @param {string} text @returns {string}
 */
export function tidyText(text) {
  return text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n").replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

/**
 * What a text is made of, seen without the engine. It goes through code units, which is ten times as fast as through
 * characters: a megabyte must not hold the page up.
 * @typedef {{ characters: number, distinct: string[] }} TextSummary
 * @param {string} text @returns {TextSummary}
 */
export function summarise(text) {
  const units = new Uint8Array(0x10000);
  /** @type {Set<number>} */
  const pairs = new Set();
  let characters = 0;
  for (let i = 0; i < text.length; i++, characters++) {
    const unit = text.charCodeAt(i);
    if ((unit & 0xfc00) === 0xd800 && i + 1 < text.length) pairs.add(/** @type {number} */ (text.codePointAt(i++)));
    else units[unit] = 1;
  }
  const points = [...pairs];
  units.forEach((seen, unit) => { if (seen) points.push(unit); });
  points.sort((a, b) => a - b);
  return { characters, distinct: points.map((point) => String.fromCodePoint(point)) };
}

/**
 * What stands in the way of training on a text, in words; null when nothing does.
 * @param {TextSummary} summary
 * @param {number} context  tokens read at once
 * @param {"character" | "bpe"} tokenizer
 * @param {number} share  of the text that is held back
 * @returns {string | null}
 */
export function problemWith({ characters, distinct }, context, tokenizer, share = VALIDATION_SHARE) {
  if (characters === 0) return "There is no text yet. Paste some, drop a file here, or choose one.";
  if (characters > MAX_FILE_BYTES) {
    return `This text has ${number(characters)} characters; up to ${number(MAX_FILE_BYTES)} fit here. Use a part of it.`;
  }
  if (distinct.length < 2) return "This text has only one kind of character, so there is nothing to learn. Use a text with more in it.";
  // What is learned from must fill one window and the token after it. For word pieces the engine checks, in tokens.
  const fewest = Math.max(FEWEST, Math.ceil(2 / share));
  const needed = tokenizer === "character" ? Math.max(Math.ceil((context + 1) / (1 - share)), fewest) : fewest;
  if (characters < needed) {
    return `This text is too short: it has ${number(characters)} characters, and a context of ${context} needs at least ${number(needed)}. Add more text, or choose a smaller context.`;
  }
  return null;
}

/**
 * What is worth knowing about a text that can be trained on; empty when there is nothing to say.
 * @param {TextSummary} summary @param {"character" | "bpe"} tokenizer @returns {string}
 */
export function adviceFor({ characters, distinct }, tokenizer) {
  if (tokenizer === "character" && distinct.length > MANY_CHARACTERS) {
    return `${number(distinct.length)} different characters are many to learn one by one. Word pieces suit this text better.`;
  }
  if (characters < LITTLE_TEXT) {
    return "This is little text: the model will soon know it by heart. When the validation curve turns upwards, stop.";
  }
  return "";
}

/** @param {number} value @returns {string} */
export function number(value) {
  return value.toLocaleString("en-GB");
}

/** @param {number} bytes @returns {string} */
function megabytes(bytes) {
  return (bytes / (1024 * 1024)).toLocaleString("en-GB", { maximumFractionDigits: 0 });
}
