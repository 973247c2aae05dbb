// How things leave the page: files, pictures and what goes to the clipboard all pass through here, and come out so that
// other programs can read them.

import { h } from "../page/dom.js";
import { xmlText } from "../page/signs.js";

const LONGEST_STEM = 120;
/** Names that Windows keeps for devices. */
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)$/i;

/**
 * A file's name that every system takes, whatever a model or a training is called.
 * @param {string} name with its ending
 */
export function fileNameOf(name) {
  const clean = name.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]/gu, "").replace(/[\\/:*?"<>|]/g, "-").replace(/\s+/gu, " ");
  const [, stem, ending] = /** @type {RegExpExecArray} */ (/^([^]*?)((?:\.[a-z0-9-]{1,16})?)$/i.exec(clean.trim()));
  const short = [...stem].slice(0, LONGEST_STEM).join("").replace(/^[. ]+|[. ]+$/g, "");
  return `${short === "" || DEVICES.test(short) ? `wave-field${short === "" ? "" : `-${short}`}` : short}${ending}`;
}

/** Offers bytes to the person as a file. @param {BlobPart} bytes @param {string} filename */
export function download(bytes, filename) {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  h("a", { href: url, download: fileNameOf(filename) }).click();
  // Some browsers start the download only after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Without it a spreadsheet takes UTF-8 for the alphabet of its own country. */
const BYTE_ORDER_MARK = "\ufeff";

/** A table (csv.js) as the content of a file. @param {string} table @returns {Blob} */
export const tableFile = (table) => new Blob([BYTE_ORDER_MARK, table], { type: "text/csv;charset=utf-8" });

/**
 * Puts a text on the clipboard; characters that end a text elsewhere, such as NUL, have stand-ins.
 * @param {string} text
 * @throws where the browser refuses: then the person copies by hand
 */
export async function copyText(text) {
  await navigator.clipboard.writeText(xmlText(text));
}

/**
 * A drawing as an SVG file. Whatever text stands in it, the file can be read: the page reads it itself before it gives it out.
 * @param {Element} root @returns {string}
 */
export function svgText(root) {
  const clean = /** @type {Element} */ (root.cloneNode(true));
  clean.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const walker = document.createTreeWalker(clean, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = /** @type {Node | null} */ (clean); node; node = walker.nextNode()) {
    if (node instanceof Element) {
      for (const attribute of node.attributes) if (attribute.value !== xmlText(attribute.value)) attribute.value = xmlText(attribute.value);
    } else if (node.nodeValue) node.nodeValue = xmlText(node.nodeValue);
  }
  const text = new XMLSerializer().serializeToString(clean);
  if (new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror")) {
    throw new Error("The browser could not make an SVG that can be read. Download the picture as PNG instead.");
  }
  return text;
}
