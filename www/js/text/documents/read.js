// The text of documents that are ZIPs of XML: Word documents and electronic books. Nothing in such a file is trusted: what
// is missing, broken, locked or too large is said, with what to do. No DOM.

import { readZip } from "../../files/zip.js";
import { MAX_FILE_BYTES } from "../data-sets.js";
import { readBook } from "./book.js";
import { Lines } from "./lines.js";
import { readWord } from "./word.js";
import { readXml } from "./xml.js";

/**
 * @typedef {import("../reading.js").Progress} Progress
 *
 * The parts of a document by their names.
 * @typedef {object} Parts
 * @property {(name: string) => boolean} has
 * @property {(name: string, reader: import("./xml.js").Reader, options?: import("./xml.js").Options) => Promise<void>} read
 */

/** XML has many times the size of its text. */
const LARGEST_UNPACKED = 4 * MAX_FILE_BYTES;

/**
 * @param {Blob} file @param {string} name @param {Progress} progress
 * @returns {Promise<string[]>} notes, what a person should know of how it was read
 * @throws {Error} with a message for the person
 */
export async function readDocument(file, name, { signal, onProgress, onPiece }) {
  try {
    const zip = await readZip(file, LARGEST_UNPACKED);
    const names = new Set(zip.names);
    const lines = new Lines(onPiece, MAX_FILE_BYTES);
    /** @type {Parts} */
    const parts = {
      has: (part) => names.has(part),
      read: async (part, reader, options) => readXml(await zip.file(part), part, reader, { ...options, signal }),
    };
    const isBook = names.has("META-INF/container.xml") || !zip.names.some((part) => part.startsWith("word/"));
    const notes = isBook ? await readBook(parts, lines, onProgress) : await readWord(parts, lines, onProgress);
    lines.finish();
    if (lines.count === 0) throw new Error(`There is no text in it${isBook ? ": its pages may be pictures" : ""}. Choose another file.`);
    onProgress?.(1);
    return notes;
  } catch (error) {
    if (signal?.aborted || error instanceof RangeError) throw error;
    throw new Error(`"${name}" cannot be read as a text. ${error instanceof Error ? error.message : String(error)}`);
  }
}
