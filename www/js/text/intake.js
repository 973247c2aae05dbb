// Taking in a text of the person's own, from files or from the clipboard: in a worker and in pieces, so that the page
// stays alive beside it, with progress, and with a way out. How a text is read is the engine's affair (src/intake), so
// that the command line reads the same file alike. No DOM.

import { MAX_FILE_BYTES } from "./data-sets.js";
import { intakeWorker } from "./intake-client.js";

const PIECES_AT_ONCE = 16;

/**
 * What a text is made of, seen without the engine.
 * `distinct`: its characters, each once, by their code points; `counts`: how often each stands in it.
 * @typedef {{ characters: number, distinct: string[], counts: number[] }} TextSummary
 *
 * A text, in the pieces that it was read in; none ends within a character.
 * @typedef {object} TakenText
 * @property {string} name
 * @property {string[]} pieces
 * @property {TextSummary} summary
 * @property {string[]} notes  what a person should know of how it was read
 * @property {TextPart[]} [parts]  where several files are one text: those, in its order
 *
 * @typedef {{ name: string, characters: number }} TextPart
 * @typedef {{ signal?: AbortSignal, onProgress?: (share: number) => void }} Watch
 */

/** A file whose bytes do not tell which encoding it is in. */
export class UnknownEncoding extends Error {
  /** Which one of several, where there are several. @type {Blob | null} */
  file = null;

  /** @param {string} name @param {import("./reading.js").Choice[]} choices  the likeliest first */
  constructor(name, choices) {
    super(`"${name}" is not in UTF-8.`);
    this.choices = choices;
  }
}

/** Counts characters. It goes through code units, which is ten times as fast as through characters. */
export class Tally {
  #units = new Uint32Array(0x10000);
  /** By code point. @type {Map<number, number>} */
  #pairs = new Map();
  #characters = 0;

  /** @param {string} text  which splits no character */
  add(text) {
    const units = this.#units;
    let characters = 0;
    for (let i = 0; i < text.length; i++, characters++) {
      const unit = text.charCodeAt(i);
      if ((unit & 0xfc00) === 0xd800 && i + 1 < text.length) {
        const point = /** @type {number} */ (text.codePointAt(i++));
        this.#pairs.set(point, (this.#pairs.get(point) ?? 0) + 1);
      } else units[unit]++;
    }
    this.#characters += characters;
  }

  /** @returns {TextSummary} */
  summary() {
    const found = [...this.#pairs];
    this.#units.forEach((count, unit) => { if (count > 0) found.push([unit, count]); });
    found.sort(([a], [b]) => a - b);
    return { characters: this.#characters, distinct: found.map(([point]) => String.fromCodePoint(point)), counts: found.map(([, count]) => count) };
  }
}

/** @param {string} text @returns {TextSummary} */
export function summarise(text) {
  const tally = new Tally();
  tally.add(text);
  return tally.summary();
}

/** @param {string} name @returns {TakenText} */
export const noText = (name = "") => ({ name, pieces: [], summary: summarise(""), notes: [] });

/**
 * Takes in a string, such as a large paste.
 * @param {string} text @param {string} name @param {Watch} [watch] @returns {Promise<TakenText>}
 */
export async function takeString(text, name, watch = {}) {
  if (text.length > MAX_FILE_BYTES) throw tooLarge("This text", text.length);
  return readInWorker({ task: "string", text, name }, watch);
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
  if (file.size > MAX_FILE_BYTES && !(await isDocument(file))) throw tooLarge(`"${name}"`, file.size);
  return readInWorker({ task: "file", file, name, encoding }, watch);
}

/** Most of a document is pictures, which are not read: its text is held to the limit instead. @param {Blob} file */
const isDocument = async (file) => (await intakeWorker.recognise(/** @type {File} */ (file))).kind === "document";

/** As people number their chapters: 2 before 10. */
const byName = new Intl.Collator("en", { numeric: true });

/**
 * Takes in several files as one text, in the order of their names; each begins on a line of its own.
 * @param {readonly File[]} files @param {ReadonlyMap<Blob, string>} encodings  as the person said them @param {Watch} [watch]
 * @returns {Promise<TakenText>}
 * @throws {UnknownEncoding} of the first of them that the person has to say it of
 */
export async function takeFiles(files, encodings, { signal, onProgress } = {}) {
  const inOrder = [...files].sort((a, b) => byName.compare(a.name, b.name));
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (files.length > 1 && size > MAX_FILE_BYTES) await refuseTooLarge(files);
  /** @type {TakenText[]} */
  const all = [];
  let before = 0;
  for (const file of inOrder) {
    const share = (/** @type {number} */ part) => onProgress?.((before + part * file.size) / size);
    try {
      all.push(await takeFile(file, file.name, encodings.get(file) ?? null, { signal, onProgress: share }));
    } catch (error) {
      if (error instanceof UnknownEncoding) error.file = file;
      throw error;
    }
    before += file.size;
  }
  return all.length === 1 ? all[0] : joined(all);
}

/** @param {readonly File[]} files */
async function refuseTooLarge(files) {
  let size = 0;
  for (const file of files) if (!(await isDocument(file))) size += file.size;
  if (size > MAX_FILE_BYTES) throw tooLarge(`These ${files.length} files together`, size);
}

/** @param {TakenText[]} all @returns {TakenText} */
export function joined(all) {
  /** @type {string[]} */
  const pieces = [];
  for (const { pieces: more } of all) {
    if (pieces.length > 0 && more.length > 0 && !pieces[pieces.length - 1].endsWith("\n")) pieces.push("\n");
    for (const piece of more) pieces.push(piece);
  }
  const tally = new Tally();
  pieces.forEach((piece) => tally.add(piece));
  return {
    name: `${all[0].name} and ${all.length - 1} more`, pieces, summary: tally.summary(),
    notes: all.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)),
    parts: all.map(({ name, summary: { characters } }) => ({ name, characters })),
  };
}

/** @param {{ task: "string", text: string, name: string } | { task: "file", file: Blob, name: string, encoding: string | null }} order @param {Watch} watch @returns {Promise<TakenText>} */
async function readInWorker(order, { signal, onProgress }) {
  signal?.throwIfAborted();
  /** @type {string[]} */
  const pieces = [];
  const tally = new Tally();
  const { notes, choices } = await intakeWorker.ask(order, {
    signal, onProgress,
    onPiece: (piece) => {
      pieces.push(piece);
      tally.add(piece);
    },
  });
  if (choices) throw new UnknownEncoding(order.name, choices);
  return { name: order.name, pieces, summary: tally.summary(), notes };
}

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
