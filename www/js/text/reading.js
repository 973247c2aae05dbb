// Reading a text with the engine's intake, piece by piece: for the intake's worker, and for tests. No DOM.

import { rankEncodings } from "./encodings.js";

/**
 * What reads documents that are no plain texts comes when there is one, from the worker: the page never needs it.
 * @typedef {Pick<import("../worker/engine.js").EngineModule, "TextSurvey" | "TextIntake" | "recognise" | "sample_size">
 *   & { documents: () => Promise<typeof import("./documents/read.js")> }} IntakeEngine
 * @typedef {{ encoding: string, label: string, sample: string }} Choice
 *
 * What came of a reading: what the person should know, or the encodings to choose from, the likeliest first.
 * @typedef {{ notes: string[], choices: Choice[] | null }} Reading
 *
 * @typedef {object} Progress
 * @property {AbortSignal} [signal]
 * @property {(share: number) => void} [onProgress]
 * @property {(piece: string) => void} onPiece
 *
 * @typedef {import("../../pkg/wavefield.js").Recognised} Recognised
 */

/** A piece takes a few milliseconds, on a slow phone some tens. */
const PIECE_BYTES = 256 * 1024;
const PIECE_CHARACTERS = 256 * 1024;

/** @param {IntakeEngine} engine @param {Blob} file @param {string} name @returns {Promise<Recognised>} */
export async function recogniseFile(engine, file, name) {
  const sample = engine.sample_size();
  const [head, tail] = [await bytesOf(file, name, 0, sample), await bytesOf(file, name, Math.max(0, file.size - sample), file.size)];
  return engine.recognise(head, tail, file.size);
}

/**
 * Reads a file; `encoding` is what the person says, null where the bytes are to tell.
 * @param {IntakeEngine} engine @param {Blob} file @param {string} name @param {string | null} encoding @param {Progress} progress
 * @returns {Promise<Reading>}
 * @throws {Error} with a message for the person
 */
export async function readTextFile(engine, file, name, encoding, progress) {
  if (encoding !== null) return decode(engine, file, name, encoding, true, progress, 0);
  const { kind, what, advice } = await recogniseFile(engine, file, name);
  if (kind === "empty") throw new Error(`"${name}" is empty. Choose a file with text in it.`);
  if (kind === "document") return readDocumentFile(engine, file, name, progress);
  if (["other", "archive", "model", "training"].includes(kind)) {
    throw new Error(`"${name}" is ${what}, and a plain text is needed here. ${advice ? `${advice[0].toUpperCase()}${advice.slice(1)}.` : "Choose a file that a text editor can show (.txt, .md, .csv, source code), a Word document (.docx) or an electronic book (.epub)."}`);
  }
  const survey = new engine.TextSurvey();
  let done = 0;
  for await (const bytes of piecesOf(file, name, progress.signal)) {
    survey.push(bytes);
    done += bytes.length;
    progress.onProgress?.((SURVEY_SHARE * done) / file.size);
  }
  const { encoding: found, at } = inWords(name, () => survey.finish());
  if (found) return decode(engine, file, name, found, false, progress, SURVEY_SHARE);
  return { notes: [], choices: rankEncodings(await bytesOf(file, name, Math.max(0, at - 64), at + PIECE_BYTES)) };
}

/** How much of the work it is to find out how a file is to be read. */
const SURVEY_SHARE = 0.3;

/**
 * @param {IntakeEngine} engine @param {Blob} file @param {string} name @param {string} encoding
 * @param {boolean} chosen  by the person @param {Progress} progress @param {number} from  how much is done
 * @returns {Promise<Reading>}
 */
async function decode(engine, file, name, encoding, chosen, { signal, onProgress, onPiece }, from) {
  const intake = new engine.TextIntake(encoding, chosen);
  const decoder = intake.decodes() ? null : new TextDecoder(encoding);
  let done = 0;
  for await (const bytes of piecesOf(file, name, signal)) {
    done += bytes.length;
    const last = done >= file.size;
    const piece = decoder ? intake.push_text(decoder.decode(bytes, { stream: !last }), last) : intake.push(bytes, last);
    if (piece !== "") onPiece(piece);
    onProgress?.(from + ((1 - from) * done) / file.size);
  }
  return { notes: inWords(name, () => intake.notes()), choices: null };
}

/** @param {IntakeEngine} engine @param {Blob} file @param {string} name @param {Progress} progress @returns {Promise<Reading>} */
async function readDocumentFile(engine, file, name, { onPiece, ...progress }) {
  const { readDocument } = await engine.documents();
  const intake = new engine.TextIntake("", true);
  const onward = (/** @type {string} */ text, last = false) => {
    const piece = intake.push_text(text, last);
    if (piece !== "") onPiece(piece);
  };
  const notes = await readDocument(file, name, { ...progress, onPiece: onward });
  onward("", true);
  return { notes: [...notes, ...inWords(name, () => intake.notes())], choices: null };
}

/**
 * Reads a string.
 * @param {IntakeEngine} engine @param {string} text @param {Progress} progress @returns {Promise<Reading>}
 */
export async function readTextString(engine, text, { signal, onProgress, onPiece }) {
  const intake = new engine.TextIntake("", true);
  let at = 0;
  while (at < text.length) {
    if (at > 0) await breath();
    signal?.throwIfAborted();
    let end = Math.min(at + PIECE_CHARACTERS, text.length);
    // No piece ends within a character.
    if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1])) end++;
    const piece = intake.push_text(text.slice(at, end), end === text.length);
    if (piece !== "") onPiece(piece);
    at = end;
    onProgress?.(at / text.length);
  }
  return { notes: intake.notes(), choices: null };
}

/** What the engine says of a file, with the file's name. @template T @param {string} name @param {() => T} work @returns {T} */
function inWords(name, work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error;
    const words = (error instanceof Error ? error.message : String(error)).replace(/^text: /, "");
    throw new Error(`"${name}" cannot be read as a text: ${words}.`);
  }
}

/** @param {Blob} file @param {string} name @param {AbortSignal} [signal] */
async function* piecesOf(file, name, signal) {
  for (let at = 0; at < file.size; at += PIECE_BYTES) {
    const bytes = await bytesOf(file, name, at, at + PIECE_BYTES);
    signal?.throwIfAborted();
    yield bytes;
  }
}

/** @param {Blob} file @param {string} name @param {number} from @param {number} to */
async function bytesOf(file, name, from, to) {
  try {
    return new Uint8Array(await file.slice(from, to).arrayBuffer());
  } catch {
    throw new Error(`"${name}" could not be read: it is a folder, or it has been moved, changed or closed since it was chosen. Choose it again.`);
  }
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
