// XML, piece by piece, and strictly: what is not well formed is an error that says where. No DOM.
//
// With saxes rather than the browser's DOMParser: a worker has none, and a book's XML is many times its text, which need
// not all be held as a tree. It expands no entities of a document's own, so that none can grow when it is read.

import { SaxesParser } from "saxes";

/**
 * @typedef {{ name: string, space: string, get: (name: string, space?: string) => string, has: (name: string) => boolean }} Element
 *   `name` without its prefix, `space` the address of its namespace; `get` gives an attribute, "" where it has none.
 * @typedef {object} Reader
 * @property {(element: Element) => void} [open]
 * @property {(element: { name: string, space: string }) => void} [close]
 * @property {(text: string) => void} [text]
 * @typedef {object} Options
 * @property {AbortSignal} [signal]
 * @property {(share: number) => void} [onProgress]
 * @property {Record<string, string>} [entities]  that go without being declared
 */

/** Elements within one another; no document has nearly as many. */
const DEEPEST = 2000;
/** Code units that are parsed at once. */
const CHUNK = 256 * 1024;

/**
 * @param {Blob} blob
 * @param {string} name  of the part, for a sentence
 * @param {Reader} reader
 * @param {Options} [options]
 */
export async function readXml(blob, name, reader, { signal, onProgress, entities } = {}) {
  const parser = new SaxesParser({ xmlns: true });
  Object.assign(parser.ENTITIES, entities);
  const fault = (/** @type {string} */ why) => new Error(`"${name}" in it is no XML that can be read: line ${parser.line}, ${why}. Save the file anew with the program that it is from.`);
  let depth = 0;
  parser.on("error", ({ message }) => { throw fault(message.replace(/^(?:[^:]*:)?\d+:\d+: |\.$/g, "")); });
  parser.on("opentag", ({ local, uri, attributes }) => {
    if (++depth > DEEPEST) throw fault(`more than ${DEEPEST} elements stand within one another`);
    const get = (/** @type {string} */ wanted, /** @type {string | undefined} */ space) => Object.values(attributes).find((attribute) => attribute.local === wanted && (space === undefined || attribute.uri === space))?.value ?? "";
    reader.open?.({ name: local, space: uri, get, has: (wanted) => Object.values(attributes).some((attribute) => attribute.local === wanted) });
  });
  parser.on("closetag", ({ local, uri }) => {
    depth--;
    reader.close?.({ name: local, space: uri });
  });
  parser.on("text", (text) => reader.text?.(text));
  parser.on("cdata", (text) => reader.text?.(text));
  const decoder = await decoderOf(blob, name);
  let any = false;
  for (let at = 0; at < blob.size; at += CHUNK) {
    signal?.throwIfAborted();
    const text = decoded(decoder, await blob.slice(at, at + CHUNK).arrayBuffer(), at + CHUNK < blob.size, name);
    any ||= text.trim() !== "";
    parser.write(text);
    onProgress?.(Math.min(1, (at + CHUNK) / blob.size));
  }
  if (!any) throw new Error(`"${name}" in it is empty. Save the file anew with the program that it is from.`);
  parser.close();
}

/** As its mark or its first line says; UTF-8 where they say nothing. @param {Blob} blob @param {string} name */
async function decoderOf(blob, name) {
  const head = new Uint8Array(await blob.slice(0, 200).arrayBuffer());
  const starts = (/** @type {number[]} */ ...bytes) => bytes.every((byte, i) => head[i] === byte);
  if (starts(0xff, 0xfe) || starts(0x3c, 0)) return new TextDecoder("utf-16le", { fatal: true });
  if (starts(0xfe, 0xff) || starts(0, 0x3c)) return new TextDecoder("utf-16be", { fatal: true });
  const said = /^<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(String.fromCharCode(...head).replace(/^\xef\xbb\xbf/, ""))?.[1] ?? "utf-8";
  try {
    return new TextDecoder(said, { fatal: true });
  } catch {
    throw new Error(`"${name}" in it is in the encoding "${said}", which is not known here. Save the file anew in UTF-8.`);
  }
}

/** @param {TextDecoder} decoder @param {ArrayBuffer} bytes @param {boolean} stream @param {string} name */
function decoded(decoder, bytes, stream, name) {
  try {
    return decoder.decode(bytes, { stream });
  } catch {
    throw new Error(`"${name}" in it has bytes that are no ${decoder.encoding.toUpperCase()}. The file is damaged: copy it again.`);
  }
}
