// Several files in one: an uncompressed ZIP, so that any computer can look inside. What is read out of one is bytes of its
// own and no slice of the file, which some browsers cannot store and which is gone with the file. A ZIP from outside is
// not trusted: every length is checked before it is used, and no file is given out whose checksum is wrong. What is
// compressed (deflate) is read only where the caller says how large it may become; the browser unpacks it.
//
// By hand (2 KB, gzipped) rather than with a library: fflate (6.1 KB) looks at no checksum, takes 14 of the 15 changed or
// lying files of tests/js/zip.test.mjs without a word, and wants the whole file in memory; zip.js, made strict, refuses
// all, but is 36 KB and calls most of them an "ambiguous archive"; client-zip (2.7 KB) only writes, 0.4 KB of this.
//
// Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3 (no ZIP64, no encryption).

const LOCAL = { signature: 0x04034b50, size: 30 };
const CENTRAL = { signature: 0x02014b50, size: 46 };
const END = { signature: 0x06054b50, size: 22 };
const LONGEST_COMMENT = 0xffff;
/** Names are UTF-8. */
const UTF8_FLAG = 0x0800;
const ENCRYPTED_FLAG = 0x0001;
const STORED = 0;
const DEFLATED = 8;
/** 2.0, the first that knows folders; nothing newer is used. */
const VERSION = 20;
/** A larger ZIP would need the 64-bit form. */
const LARGEST = 0xffff_ffff;
const MOST_FILES = 10_000;
const LARGEST_TABLE = 4 * 2 ** 20;
/** Bytes read at once. */
const CHUNK = 4 * 2 ** 20;

/** The reflected polynomial 0xEDB88320, a byte at a time. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** @param {Blob} blob @returns {Promise<number>} CRC-32 */
export async function crc32(blob) {
  let crc = 0xffff_ffff;
  for (let at = 0; at < blob.size; at += CHUNK) {
    const bytes = new Uint8Array(await blob.slice(at, at + CHUNK).arrayBuffer());
    for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}

/** @param {Date} date @returns {[number, number]} time and date as MS-DOS counts them, from 1980 on in steps of 2 s */
function dosTime(date) {
  const day = (Math.max(date.getFullYear() - 1980, 0) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  return [(date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1), day];
}

/**
 * @param {Record<string, Blob>} files  by name
 * @param {Date} [date]
 * @returns {Promise<Blob>}
 */
export async function writeZip(files, date = new Date()) {
  /** @type {BlobPart[]} */
  const parts = [];
  /** @type {BlobPart[]} */
  const directory = [];
  const [time, day] = dosTime(date);
  let at = 0;
  let directorySize = 0;
  for (const [name, blob] of Object.entries(files)) {
    const encoded = new TextEncoder().encode(name);
    const crc = await crc32(blob);
    // What a file's two headers have in common.
    const shared = /** @type {const} */ ([[2, VERSION], [2, UTF8_FLAG], [2, STORED], [2, time], [2, day], [4, crc], [4, blob.size], [4, blob.size], [2, encoded.length], [2, 0]]);
    parts.push(numbers([4, LOCAL.signature], ...shared), encoded, blob);
    directory.push(numbers([4, CENTRAL.signature], [2, VERSION], ...shared, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]), encoded);
    at += LOCAL.size + encoded.length + blob.size;
    directorySize += CENTRAL.size + encoded.length;
  }
  if (at + directorySize > LARGEST) throw new Error("These files are larger than 4 GB together, which one ZIP cannot hold.");
  const count = Object.keys(files).length;
  const end = numbers([4, END.signature], [2, 0], [2, 0], [2, count], [2, count], [4, directorySize], [4, at], [2, 0]);
  return new Blob([...parts, ...directory, end]);
}

/** @param {readonly (readonly [2 | 4, number])[]} fields  [bytes, value], little-endian @returns {Uint8Array<ArrayBuffer>} */
function numbers(...fields) {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return bytes;
}

/**
 * `size`: as it was before it was packed; `packed`: in the ZIP; `at`: of its local header.
 * @typedef {{ name: string, crc: number, size: number, packed: number, deflated: boolean, at: number }} Entry
 */

/**
 * Reads a ZIP's table of files; a file itself is read, and its checksum proved, when it is asked for.
 * @param {Blob} zip
 * @param {number} [room]  bytes that its compressed files may come to in all, of those that are asked for; 0: none may be compressed
 * @returns {Promise<{ names: string[], file: (name: string) => Promise<Blob> }>}
 * @throws {Error} with a message for the person
 */
export async function readZip(zip, room = 0) {
  const { count, size, at } = await readEnd(zip);
  const directory = new DataView(await zip.slice(at, at + size).arrayBuffer());
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  let offset = 0;
  let total = 0;
  let left = room;
  for (let i = 0; i < count; i++) {
    const { entry, next } = readEntry(directory, offset, room > 0);
    if (entries.has(entry.name)) throw new Error(`It has two files called "${entry.name}".`);
    total += entry.packed;
    // No two files share bytes in an honest ZIP.
    if (entry.at + LOCAL.size + entry.packed > at || total > at) throw new Error(`"${entry.name}" is larger in its table than in the file. The file is damaged: copy it again.`);
    entries.set(entry.name, entry);
    offset = next;
  }
  return {
    names: [...entries.keys()],
    async file(name) {
      const entry = entries.get(name);
      if (!entry) throw new Error(`"${name}" is missing in it.`);
      if (room > 0 && (left -= entry.size) < 0) throw new Error(`What is in it comes to more than ${Math.round(room / 2 ** 20)} MB unpacked ("${name}" to ${megabytes(entry.size)}), which is more than is read here. Choose a smaller file.`);
      return extract(zip, entry, at);
    },
  };
}

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 2 ** 20).toLocaleString("en-GB", { maximumFractionDigits: 1 })} MB`;

/** The record at the very end, which says where the table is. @param {Blob} zip */
async function readEnd(zip) {
  const from = Math.max(0, zip.size - END.size - LONGEST_COMMENT);
  const tail = new DataView(await zip.slice(from).arrayBuffer());
  for (let i = tail.byteLength - END.size; i >= 0; i--) {
    if (tail.getUint32(i, true) !== END.signature || i + END.size + tail.getUint16(i + 20, true) !== tail.byteLength) continue;
    const [disk, count, size, at] = [tail.getUint16(i + 4, true), tail.getUint16(i + 10, true), tail.getUint32(i + 12, true), tail.getUint32(i + 16, true)];
    if (disk !== 0 || count > MOST_FILES || at === LARGEST) throw new Error("It is a ZIP of another kind than this page reads (in several parts, or very large).");
    if (at + size > from + i || count * CENTRAL.size > size || size > LARGEST_TABLE) throw new Error("Its table of files lies outside of it. The file is damaged: copy it again.");
    return { count, size, at };
  }
  throw new Error("It is not a whole ZIP: its end is missing. It was cut short, or is another kind of file.");
}

/** @param {DataView} directory @param {number} at @param {boolean} inflates @returns {{ entry: Entry, next: number }} */
function readEntry(directory, at, inflates) {
  const damaged = () => new Error("Its table of files makes no sense. The file is damaged: copy it again.");
  if (at + CENTRAL.size > directory.byteLength || directory.getUint32(at, true) !== CENTRAL.signature) throw damaged();
  const u16 = (/** @type {number} */ offset) => directory.getUint16(at + offset, true);
  const u32 = (/** @type {number} */ offset) => directory.getUint32(at + offset, true);
  const next = at + CENTRAL.size + u16(28) + u16(30) + u16(32);
  if (next > directory.byteLength) throw damaged();
  const name = new TextDecoder().decode(new Uint8Array(directory.buffer, directory.byteOffset + at + CENTRAL.size, u16(28)));
  if (u16(8) & ENCRYPTED_FLAG) throw new Error(`"${name}" in it is encrypted.`);
  const [method, packed, size] = [u16(10), u32(20), u32(24)];
  if (method !== STORED && !inflates) throw new Error(`"${name}" in it is compressed, so it was packed again since this page wrote it. Choose the original file, or pack it without compression.`);
  if (method !== STORED && method !== DEFLATED) throw new Error(`"${name}" in it is compressed in a way that is not read here (method ${method}; deflate is). Save the file anew with the program that it is from.`);
  if (method === STORED && packed !== size) throw damaged();
  return { entry: { name, crc: u32(16), size, packed, deflated: method === DEFLATED, at: u32(42) }, next };
}

/** @param {Blob} zip @param {Entry} entry @param {number} end  where the files end @returns {Promise<Blob>} */
async function extract(zip, { name, crc, size, packed, deflated, at }, end) {
  const header = new DataView(await zip.slice(at, at + LOCAL.size).arrayBuffer());
  if (header.byteLength < LOCAL.size || header.getUint32(0, true) !== LOCAL.signature) throw new Error(`"${name}" is not where its table says. The file is damaged: copy it again.`);
  const from = at + LOCAL.size + header.getUint16(26, true) + header.getUint16(28, true);
  if (from + packed > end) throw new Error(`"${name}" is cut short. The file is damaged: copy it again.`);
  const bytes = zip.slice(from, from + packed);
  const blob = deflated ? await inflated(bytes, size, name) : new Blob([await bytes.arrayBuffer()]);
  if ((await crc32(blob)) !== crc) throw new Error(`"${name}" was changed or damaged: its checksum is wrong. Copy the file again.`);
  return blob;
}

/** It becomes as large as its table says, and no byte larger is kept. @param {Blob} packed @param {number} size @param {string} name */
async function inflated(packed, size, name) {
  /** @type {BlobPart[]} */
  const parts = [];
  let got = 0;
  const reader = packed.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      got += value.length;
      if (got > size) break;
      parts.push(value);
    }
  } catch {
    throw new Error(`"${name}" cannot be unpacked. The file is damaged: copy it again.`);
  } finally {
    reader.cancel().catch(() => {});
  }
  if (got !== size) throw new Error(`"${name}" is ${got > size ? "larger" : "smaller"} than its table says (${megabytes(size)}). The file is damaged, or made to do harm: copy it again.`);
  return new Blob(parts);
}
