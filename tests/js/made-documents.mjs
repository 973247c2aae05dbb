// Word documents and electronic books, made up for tests: as small as they can be, packed as programs pack them.

import { deflateRawSync } from "node:zlib";
import { crc32 } from "../../www/js/files/zip.js";

/** @typedef {Record<string, string | Uint8Array>} Parts */

const W = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"`;

/**
 * A ZIP whose files are compressed, but for "mimetype", which an electronic book begins with.
 * @param {Parts} parts @param {{ lie?: Record<string, number> }} [options]  `lie`: how large a file says it is
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function zipped(parts, { lie = {} } = {}) {
  /** @type {Buffer[]} */
  const files = [];
  /** @type {Buffer[]} */
  const table = [];
  let at = 0;
  for (const [name, content] of Object.entries(parts)) {
    const bytes = Buffer.from(content);
    const stored = name === "mimetype";
    const data = stored ? bytes : deflateRawSync(bytes);
    const crc = await crc32(new Blob([new Uint8Array(bytes)]));
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(0x0800, 2);
    shared.writeUInt16LE(stored ? 0 : 8, 4);
    shared.writeUInt32LE(crc, 10);
    shared.writeUInt32LE(data.length, 14);
    shared.writeUInt32LE(lie[name] ?? bytes.length, 18);
    shared.writeUInt16LE(Buffer.byteLength(name), 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    const file = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), shared, Buffer.from(name), data]);
    files.push(file);
    table.push(Buffer.from("PK\x01\x02\x14\0", "latin1"), shared, place, Buffer.from(name));
    at += file.length;
  }
  const size = table.reduce((sum, { length }) => sum + length, 0);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(at, 16);
  return new Uint8Array(Buffer.concat([...files, ...table, end]));
}

/** A paragraph of a Word document. @param {string} text @param {string} [properties] */
export const paragraph = (text, properties = "") => `<w:p>${properties && `<w:pPr>${properties}</w:pPr>`}<w:r><w:t xml:space="preserve">${text}</w:t></w:r></w:p>`;

/** @param {string} body  of the document @param {Parts} [others] @returns {Parts} */
export const wordParts = (body, others = {}) => ({
  "[Content_Types].xml": `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
  "_rels/.rels": `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
  "word/document.xml": `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<w:document ${W} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><w:body>${body}<w:sectPr/></w:body></w:document>`,
  ...others,
});

/** @param {string} notes */
export const wordNotes = (notes) => `<?xml version="1.0"?><w:footnotes ${W}>${notes}</w:footnotes>`;

/** @param {string} styles */
export const wordStyles = (styles) => `<?xml version="1.0"?><w:styles ${W}>${styles}</w:styles>`;

/** @param {string} lists @param {Record<number, number | [list: number, start: number]>} instances  the list of each, and where it begins anew */
export const wordNumbers = (lists, instances) => `<?xml version="1.0"?><w:numbering ${W}>${lists}${Object.entries(instances).map(([id, list]) =>
  `<w:num w:numId="${id}"><w:abstractNumId w:val="${[list].flat()[0]}"/>${Array.isArray(list) ? `<w:lvlOverride w:ilvl="0"><w:startOverride w:val="${list[1]}"/></w:lvlOverride>` : ""}</w:num>`).join("")}</w:numbering>`;

const page = (/** @type {string} */ body) => `<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>A title</title><style>p { color: red }</style></head><body>${body}</body></html>`;

/**
 * @param {Record<string, string>} pages  the body of each by its address, in reading order @param {Parts} [others]
 * @returns {Parts}
 */
export function bookParts(pages, others = {}) {
  const names = Object.keys(pages);
  // The list of parts has them in another order than the one to read them in.
  const items = names.map((name, i) => `<item id="p${i}" href="${name.replaceAll(" ", "%20")}" media-type="application/xhtml+xml"/>`).reverse();
  return {
    mimetype: "application/epub+zip",
    "META-INF/container.xml": `<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`,
    "OEBPS/book.opf": `<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><manifest><item id="cover" href="cover.jpg" media-type="image/jpeg"/>${items.join("")}</manifest><spine><itemref idref="cover"/>${names.map((_, i) => `<itemref idref="p${i}"/>`).join("")}</spine></package>`,
    ...Object.fromEntries(names.map((name) => [`OEBPS/${name}`, page(pages[name])])),
    ...others,
  };
}
