// Taking in a text of the person's own, from a file or from the clipboard: in pieces, so that the page stays alive
// beside it, with progress, and with a way out. No DOM.

import { rankEncodings, sniff } from "./encodings.js";

/** The engine and the browser hold several copies of the text, so there is a limit. */
export const MAX_FILE_BYTES = 50 * 1024 * 1024;
/** A piece takes a few milliseconds, on a slow phone some tens. */
const PIECE_BYTES = 256 * 1024;
const PIECES_AT_ONCE = 16;
const HEAD_BYTES = 64 * 1024;

/**
 * What a text is made of, seen without the engine.
 * @typedef {{ characters: number, distinct: string[] }} TextSummary
 *
 * A text, in the pieces that it was read in; none ends within a character.
 * @typedef {object} TakenText
 * @property {string} name
 * @property {string[]} pieces
 * @property {TextSummary} summary
 * @property {string[]} notes  what a person should know of how it was read
 *
 * @typedef {{ signal?: AbortSignal, onProgress?: (share: number) => void }} Watch
 */

/** A file whose bytes do not tell which encoding it is in. */
export class UnknownEncoding extends Error {
  /** @param {string} name @param {ReturnType<typeof rankEncodings>} choices  the likeliest first */
  constructor(name, choices) {
    super(`"${name}" is not in UTF-8.`);
    this.choices = choices;
  }
}

/** Counts characters. It goes through code units, which is ten times as fast as through characters. */
export class Tally {
  #units = new Uint8Array(0x10000);
  /** @type {Set<number>} */
  #pairs = new Set();
  #characters = 0;

  /** @param {string} text  which splits no character */
  add(text) {
    const units = this.#units;
    let characters = 0;
    for (let i = 0; i < text.length; i++, characters++) {
      const unit = text.charCodeAt(i);
      if ((unit & 0xfc00) === 0xd800 && i + 1 < text.length) this.#pairs.add(/** @type {number} */ (text.codePointAt(i++)));
      else units[unit] = 1;
    }
    this.#characters += characters;
  }

  /** @returns {TextSummary} */
  summary() {
    const points = [...this.#pairs];
    this.#units.forEach((seen, unit) => { if (seen) points.push(unit); });
    points.sort((a, b) => a - b);
    return { characters: this.#characters, distinct: points.map((point) => String.fromCodePoint(point)) };
  }
}

/** @param {string} text @returns {TextSummary} */
export function summarise(text) {
  const tally = new Tally();
  tally.add(text);
  return tally.summary();
}

/**
 * One kind of line end, no byte-order mark, and no half characters (which encoders refuse).
 * @param {string} text @returns {string}
 */
export function tidyText(text) {
  return text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n").replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

/** Puts a text together from what comes in, wherever that is cut. */
export class Intake {
  #held = "";
  #tally = new Tally();
  /** @type {string[]} */
  #pieces = [];
  #returns = false;

  /** @param {string} text @param {boolean} [last] */
  add(text, last = false) {
    let whole = this.#held + text;
    this.#held = "";
    // The second half of a line end or of a character may be still to come.
    if (!last && /[\r\ud800-\udbff]$/.test(whole)) {
      this.#held = whole.slice(-1);
      whole = whole.slice(0, -1);
    }
    if (whole === "") return;
    this.#returns ||= whole.includes("\r");
    const piece = tidyText(whole);
    this.#tally.add(piece);
    this.#pieces.push(piece);
  }

  /** @param {string} name @param {string[]} [notes] @returns {TakenText} */
  taken(name, notes = []) {
    const ends = this.#returns ? ["Its line ends were those of another system (CR LF or CR) and are read as plain line ends."] : [];
    return { name, pieces: this.#pieces, summary: this.#tally.summary(), notes: [...notes, ...ends] };
  }
}

/** @param {string} name @returns {TakenText} */
export const noText = (name = "") => new Intake().taken(name);

/**
 * Takes in a string, such as a large paste.
 * @param {string} text @param {string} name @param {Watch} [watch] @returns {Promise<TakenText>}
 */
export async function takeString(text, name, { signal, onProgress } = {}) {
  if (text.length > MAX_FILE_BYTES) throw tooLarge("This text", text.length);
  const intake = new Intake();
  for (let at = 0; at < text.length; at += PIECE_BYTES) {
    if (at > 0) await breath();
    signal?.throwIfAborted();
    intake.add(text.slice(at, at + PIECE_BYTES), at + PIECE_BYTES >= text.length);
    onProgress?.(Math.min(at + PIECE_BYTES, text.length) / text.length);
  }
  return intake.taken(name);
}

/**
 * Takes in a file.
 * @param {Blob} file @param {string} name
 * @param {string | null} encoding  as the person chose it; null: as the bytes tell
 * @param {Watch} [watch]
 * @returns {Promise<TakenText>}
 * @throws {UnknownEncoding} where the person has to say; any other error has a message for the person
 */
export async function takeFile(file, name, encoding, watch = {}) {
  if (file.size > MAX_FILE_BYTES) throw tooLarge(`"${name}"`, file.size);
  if (file.size === 0) throw new Error(`"${name}" is empty. Choose a file with text in it.`);
  if (encoding !== null) return decode(file, name, encoding, false, watch);
  const found = sniff(await bytesOf(file, name, 0, HEAD_BYTES));
  if ("binary" in found) throw notText(name, found.binary);
  const utf16 = found.encoding !== "utf-8";
  try {
    return await decode(file, name, found.encoding, true, watch);
  } catch (error) {
    if (!(error instanceof Undecodable)) throw error;
    if (!utf16 && !found.marked) return ask(file, name, error.at);
    throw new Error(`"${name}" begins as ${utf16 ? "UTF-16" : "UTF-8"} but does not go on so: it is damaged or cut short. Save it again as UTF-8, or choose another file.`);
  }
}

/** Bytes that are not what they were taken for. */
class Undecodable extends Error {
  /** @param {number} at  where the piece begins that has them */
  constructor(at) {
    super();
    this.at = at;
  }
}

/**
 * @param {Blob} file @param {string} name @param {string} encoding
 * @param {boolean} strict  refuse what is not in this encoding, rather than show it as �
 * @param {Watch} watch
 * @returns {Promise<TakenText>}
 */
async function decode(file, name, encoding, strict, { signal, onProgress }) {
  const decoder = new TextDecoder(encoding, { fatal: strict });
  const intake = new Intake();
  let lost = 0;
  for (let at = 0; at < file.size; at += PIECE_BYTES) {
    const bytes = await bytesOf(file, name, at, at + PIECE_BYTES);
    signal?.throwIfAborted();
    const last = at + PIECE_BYTES >= file.size;
    let text;
    try {
      text = decoder.decode(bytes, { stream: !last });
    } catch {
      throw new Undecodable(at);
    }
    if (text.includes("\0")) throw notText(name, "not text");
    if (!strict) lost += text.split("\ufffd").length - 1;
    intake.add(text, last);
    onProgress?.(Math.min(at + PIECE_BYTES, file.size) / file.size);
  }
  const notes = encoding === "utf-8" ? [] : [`Read as ${strict ? encoding.toUpperCase().replace("UTF-16LE", "UTF-16").replace("UTF-16BE", "UTF-16") : encoding}.`];
  if (lost > 0) notes.push(`${lost.toLocaleString("en-GB")} ${lost === 1 ? "character" : "characters"} could not be read so and ${lost === 1 ? "shows" : "show"} as �: perhaps it is in another encoding.`);
  return intake.taken(name, notes);
}

/** @param {Blob} file @param {string} name @param {number} at @returns {Promise<never>} */
async function ask(file, name, at) {
  throw new UnknownEncoding(name, rankEncodings(await bytesOf(file, name, Math.max(0, at - 64), at + PIECE_BYTES)));
}

/** @param {Blob} file @param {string} name @param {number} from @param {number} to */
async function bytesOf(file, name, from, to) {
  try {
    return new Uint8Array(await file.slice(from, to).arrayBuffer());
  } catch {
    throw new Error(`"${name}" could not be read: it has been moved, changed or closed since it was chosen. Choose it again.`);
  }
}

/** @param {string} name @param {string} what */
const notText = (name, what) => new Error(
  `"${name}" is ${what}, and a plain text is needed here. ${what === "not text" ? "Choose a file that a text editor can show (.txt, .md, .csv, source code)." : "If there is text in it, save that as plain text (.txt) first."}`);

/** @param {string} what @param {number} bytes */
const tooLarge = (what, bytes) => new Error(
  `${what} has ${Math.ceil(bytes / 1024 / 1024).toLocaleString("en-GB")} MB; up to ${MAX_FILE_BYTES / 1024 / 1024} MB fit here. Choose a smaller file or a part of it.`);

/**
 * A text as bytes in UTF-8, which the browser can put aside without holding the page up.
 * @param {string[]} pieces @returns {Promise<Blob>}
 */
export async function toBlob(pieces) {
  /** @type {Blob[]} */
  const blobs = [];
  for (let at = 0; at < pieces.length; at += PIECES_AT_ONCE) {
    if (at > 0) await breath();
    blobs.push(new Blob(pieces.slice(at, at + PIECES_AT_ONCE)));
  }
  return new Blob(blobs);
}

/** Lets everything in that waits; timers would wait longer, in a hidden tab a second each. */
const breath = () => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    resolve(null);
  };
  port2.postMessage(null);
});
