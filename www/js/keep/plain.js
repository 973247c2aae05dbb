// What is stored holds no Blobs: some browsers refuse them in IndexedDB (WebKit's private windows never even answer), and
// a slice of a file is gone with the file. A Blob is stored as its bytes and comes back as a Blob.

/** Marks the place of a Blob; its value is the Blob's type. */
const MARK = "wave-field:blob";

/** Characters count two bytes, and whatever else is small counts as a number. */
const SMALL = 8;

/** @param {unknown} value @returns {value is Record<string, unknown>} made by braces, not by a class */
function isRecord(value) {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Bytes that a value takes, roughly. @param {unknown} value @returns {number} */
export function weightOf(value) {
  if (typeof value === "string") return 2 * value.length;
  if (value instanceof Blob) return value.size;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength;
  if (Array.isArray(value)) return value.reduce((sum, item) => sum + weightOf(item), SMALL);
  if (isRecord(value)) return Object.entries(value).reduce((sum, [key, item]) => sum + 2 * key.length + weightOf(item), SMALL);
  return SMALL;
}

/** @param {unknown} value @returns {boolean} */
const holdsBlob = (value) =>
  value instanceof Blob || (Array.isArray(value) && value.some(holdsBlob)) || (isRecord(value) && Object.values(value).some(holdsBlob));

/**
 * The value with bytes in the place of its Blobs; itself where it has none.
 * @template T @param {T} value @returns {Promise<any>}
 * @throws {DOMException} NotReadableError: a file is no longer there
 */
export async function withoutBlobs(value) {
  if (!holdsBlob(value)) return value;
  if (value instanceof Blob) return { [MARK]: value.type, bytes: await value.arrayBuffer() };
  if (Array.isArray(value)) return Promise.all(value.map(withoutBlobs));
  const entries = Object.entries(/** @type {Record<string, unknown>} */ (value));
  return Object.fromEntries(await Promise.all(entries.map(async ([key, item]) => [key, await withoutBlobs(item)])));
}

/** The value as it was before {@link withoutBlobs}. @param {unknown} value @returns {unknown} */
export function withBlobs(value) {
  if (Array.isArray(value)) return value.some(holdsMark) ? value.map(withBlobs) : value;
  if (!isRecord(value)) return value;
  if (typeof value[MARK] === "string") return new Blob([/** @type {ArrayBuffer} */ (value.bytes)], { type: value[MARK] });
  return holdsMark(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withBlobs(item)])) : value;
}

/** @param {unknown} value @returns {boolean} */
const holdsMark = (value) =>
  Array.isArray(value) ? value.some(holdsMark) : isRecord(value) && (MARK in value || Object.values(value).some(holdsMark));
