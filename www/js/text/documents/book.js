// The text of an electronic book (EPUB), in the order of its spine. Format: EPUB 3.3, https://www.w3.org/TR/epub-33/.

import { ENTITIES } from "./entities.js";

/**
 * @typedef {import("./read.js").Parts} Parts
 * @typedef {import("./lines.js").Lines} Lines
 * @typedef {import("./xml.js").Element} Element
 */

const CONTAINER = "META-INF/container.xml";
const ENCRYPTION = "META-INF/encryption.xml";
const PAGES = new Set(["application/xhtml+xml", "text/html", "application/x-dtbook+xml"]);
const OPS = "http://www.idpf.org/2007/ops";
/** No text that a reader sees. */
const LEFT_OUT = new Set(["head", "script", "style", "template", "svg", "audio", "video", "object", "iframe", "canvas", "annotation", "annotation-xml", "rt", "rp"]);
/** Each is a line of its own. */
const LINES = new Set(["p", "div", "section", "article", "header", "footer", "main", "aside", "nav", "address", "figure", "figcaption", "caption", "li", "dt", "dd", "tr", "body", "pre", "details", "summary", "line", "byline"]);
/** These stand apart, with a blank line before and after. */
const APART = new Set(["h1", "h2", "h3", "h4", "h5", "h6", "hd", "ul", "ol", "dl", "table", "blockquote", "hr", "pre", "title"]);

/** @param {Parts} parts @param {Lines} lines @param {(share: number) => void} [onProgress] @returns {Promise<string[]>} what a person should know */
export async function readBook(parts, lines, onProgress) {
  const pages = await spineOf(parts, await packageOf(parts));
  await refuseLocked(parts, pages);
  const reader = new PageReader(lines);
  for (const [i, page] of pages.entries()) {
    lines.gap();
    await parts.read(page, reader, { entities: ENTITIES });
    onProgress?.((i + 1) / pages.length);
  }
  return [`The text of an electronic book: ${pages.length} ${pages.length === 1 ? "part" : "parts"} in reading order, a line for each paragraph. Pictures are left out.`];
}

/** Where the book says what it consists of. @param {Parts} parts */
async function packageOf(parts) {
  if (!parts.has(CONTAINER)) throw new Error(`An electronic book begins with "${CONTAINER}", and that is missing in it. Copy or download it again.`);
  /** @type {string[]} */
  const found = [];
  await parts.read(CONTAINER, { open: ({ name, get }) => {
    if (name === "rootfile" && ["", "application/oebps-package+xml"].includes(get("media-type"))) found.push(get("full-path"));
  } });
  if (found.length === 0) throw new Error(`"${CONTAINER}" in it names no list of the book's parts (OPF). Copy or download it again.`);
  if (!parts.has(found[0])) throw new Error(`The list of the book's parts, "${found[0]}", is missing in it. Copy or download it again.`);
  return found[0];
}

/** The parts in reading order. @param {Parts} parts @param {string} list */
async function spineOf(parts, list) {
  /** @type {Map<string, { href: string, type: string }>} */
  const items = new Map();
  /** @type {string[]} */
  const order = [];
  await parts.read(list, { open: ({ name, get }) => {
    if (name === "item") items.set(get("id"), { href: get("href"), type: get("media-type") });
    else if (name === "itemref") order.push(get("idref"));
  } });
  if (order.length === 0) throw new Error(`"${list}" in it gives no reading order (its spine is empty). Copy or download the book again.`);
  /** @type {string[]} */
  const pages = [];
  for (const id of order) {
    const item = items.get(id);
    if (!item) throw new Error(`"${list}" in it has "${id}" in the reading order and does not say which part that is. Copy or download the book again.`);
    // What else can stand there is a picture.
    if (!PAGES.has(item.type)) continue;
    const page = partAt(list, item.href);
    if (!parts.has(page)) throw new Error(`"${page}" belongs to the book and is missing in it. Copy or download the book again.`);
    pages.push(page);
  }
  return pages;
}

/** A part by its address as another one gives it. @param {string} from @param {string} href */
function partAt(from, href) {
  const address = new URL(href.split("#")[0], new URL(from.split("/").map(encodeURIComponent).join("/"), "https://book.invalid/"));
  try {
    return decodeURIComponent(address.pathname.slice(1));
  } catch {
    return address.pathname.slice(1);
  }
}

/** Fonts are often obscured, which is no lock. @param {Parts} parts @param {readonly string[]} pages */
async function refuseLocked(parts, pages) {
  if (!parts.has(ENCRYPTION)) return;
  /** @type {Set<string>} */
  const locked = new Set();
  await parts.read(ENCRYPTION, { open: ({ name, get }) => { if (name === "CipherReference") locked.add(partAt("", get("URI"))); } });
  const count = pages.filter((page) => locked.has(page)).length;
  if (count > 0) throw new Error(`It is locked (DRM): "${ENCRYPTION}" names ${count} of its ${pages.length} parts as encrypted, and this page opens no locks. Use a copy without one.`);
}

class PageReader {
  #lines;
  #skipped = 0;
  /** How deep in text whose white space counts. */ #exact = 0;
  /** For each list that is open, the number of its next item; NaN where they have none. @type {number[]} */ #lists = [];
  /** For each link that is open, whether it leads to a note. @type {boolean[]} */ #links = [];
  #cells = 0;

  /** @param {Lines} lines */
  constructor(lines) {
    this.#lines = lines;
  }

  /** @param {Element} element */
  open(element) {
    const { name, get, has } = element;
    const lines = this.#lines;
    if (this.#skipped > 0 || LEFT_OUT.has(name) || has("hidden")) {
      this.#skipped++;
      return;
    }
    if (APART.has(name)) this.#stand(true);
    else if (LINES.has(name)) this.#stand(false);
    switch (name) {
      case "br": this.#cells > 0 ? lines.between(" ") : lines.turn(); break;
      case "pre": this.#exact++; break;
      case "ol": this.#lists.push(Number(get("start")) || 1); break;
      case "ul": this.#lists.push(NaN); break;
      case "li": lines.mark(this.#item()); break;
      case "td": case "th": this.#cells++; break;
      case "a": this.#openLink(element); break;
    }
  }

  /** Within a cell of a table everything is on one line. @param {boolean} apart */
  #stand(apart) {
    if (this.#cells > 0) this.#lines.between(" ");
    else if (apart && this.#lists.length === 0) this.#lines.gap();
    else this.#lines.end();
  }

  #item() {
    const number = this.#lists.at(-1) ?? NaN;
    if (Number.isNaN(number)) return "- ";
    this.#lists[this.#lists.length - 1]++;
    return `${number}. `;
  }

  /** The number of a note is set apart from the word that it follows. @param {Element} element */
  #openLink({ get }) {
    const isNote = get("type", OPS).split(/\s+/).includes("noteref") || get("role") === "doc-noteref";
    this.#links.push(isNote);
    if (isNote) this.#lines.exact("[");
  }

  /** @param {{ name: string }} element */
  close({ name }) {
    if (this.#skipped > 0) {
      this.#skipped--;
      return;
    }
    const lines = this.#lines;
    switch (name) {
      case "pre": this.#exact--; break;
      case "ol": case "ul": this.#lists.pop(); break;
      case "li": lines.mark(""); break;
      case "a": if (this.#links.pop()) lines.exact("]"); break;
      case "td": case "th":
        this.#cells--;
        lines.between("\t");
        break;
    }
    // An empty paragraph is how people make room.
    if (APART.has(name) || (name === "p" && this.#cells === 0 && !lines.end())) this.#stand(true);
    else if (LINES.has(name)) this.#stand(false);
  }

  /** @param {string} text */
  text(text) {
    if (this.#skipped > 0) return;
    if (this.#exact > 0) this.#lines.exact(text);
    else this.#lines.flow(text);
  }
}
