// The text of a Word document (.docx). Format: ECMA-376, Office Open XML, part 1, 17 (WordprocessingML).

import { Lines } from "./lines.js";

/**
 * @typedef {import("./read.js").Parts} Parts
 * @typedef {import("./xml.js").Element} Element
 */

const MAIN = "word/document.xml";
/** Word's own namespace, in both forms of the standard, and that of formulas. */
const WORD = /wordprocessingml\/(?:2006\/)?main$/;
const MATHS = /\/math$/;
/** What is no text that anyone reads: properties, what was deleted or moved away, the second form of what is there in two. */
const LEFT_OUT = new Set(["rPr", "sectPr", "tblPr", "trPr", "tcPr", "sdtPr", "del", "moveFrom", "Fallback", "rt", "instrText", "delText"]);
const HEADING = /^(?:heading \d|title|subtitle)$/i;

/** @param {Parts} parts @param {Lines} lines @param {(share: number) => void} [onProgress] @returns {Promise<string[]>} what a person should know */
export async function readWord(parts, lines, onProgress) {
  const main = await mainPart(parts);
  const beside = (/** @type {string} */ name) => `${main.slice(0, main.lastIndexOf("/") + 1)}${name}`;
  const styles = beside("styles.xml");
  const reader = new WordReader(lines, parts.has(styles) ? await readStyles(parts, styles) : new Map());
  await parts.read(main, reader, { onProgress });
  lines.gap();
  const lost = await writeNotes(parts, beside, lines, reader.notes);
  const kept = reader.notes.length - lost;
  return [
    "The text of a Word document: a line for each paragraph. Pictures, headers, comments and what was deleted are left out.",
    kept > 0 ? `Its ${kept === 1 ? "note stands" : `${kept} notes stand`} at the end, by ${kept === 1 ? "its number" : "their numbers"} in brackets.` : "",
    lost > 0 ? `${lost === 1 ? "One of its notes is" : `${lost} of its notes are`} missing in the file.` : "",
  ].filter((words) => words !== "");
}

/** The part with the text: its name is the usual one, but need not be. @param {Parts} parts */
async function mainPart(parts) {
  if (parts.has(MAIN)) return MAIN;
  let target = "";
  if (parts.has("_rels/.rels")) {
    await parts.read("_rels/.rels", { open: ({ name, get }) => {
      if (name === "Relationship" && get("Type").endsWith("/officeDocument")) target = get("Target").replace(/^\//, "");
    } });
  }
  if (target !== "" && parts.has(target)) return target;
  throw new Error(`A Word document has its text in "${target || MAIN}", and that is missing in it. Save it anew with the program that it is from, or copy it again.`);
}

/**
 * What a style is for, where that is to be seen in plain text.
 * @typedef {ReadonlyMap<string, "heading" | "list">} Styles
 *
 * The names of headings are English in every language of the program.
 * @param {Parts} parts @param {string} part @returns {Promise<Styles>}
 */
async function readStyles(parts, part) {
  /** @type {Map<string, "heading" | "list">} */
  const found = new Map();
  let style = "";
  await parts.read(part, { open: ({ name, get }) => {
    if (name === "style") style = get("styleId");
    else if (name === "name" && HEADING.test(get("val"))) found.set(style, "heading");
    else if (name === "numPr" && style !== "" && !found.has(style)) found.set(style, "list");
  } });
  return found;
}

class WordReader {
  #lines;
  #styles;
  /** How deep in something that is left out. */ #skipped = 0;
  #inProperties = false;
  #isText = false;
  /** How deep in tables. */ #tables = 0;
  #isHeading = false;
  /** Notes in the order in which they are met. @type {{ kind: "footnote" | "endnote", id: string }[]} */
  notes = [];

  /** @param {Lines} lines @param {Styles} styles */
  constructor(lines, styles) {
    this.#lines = lines;
    this.#styles = styles;
  }

  /** @param {Element} element */
  open(element) {
    if (this.#skipped > 0 || LEFT_OUT.has(element.name)) this.#skipped++;
    else if (MATHS.test(element.space)) this.#isText = element.name === "t";
    else if (WORD.test(element.space)) this.#openWord(element);
  }

  /** @param {Element} element */
  #openWord({ name, get }) {
    const lines = this.#lines;
    if (this.#inProperties) {
      const style = name === "pStyle" ? this.#styles.get(get("val")) : undefined;
      if (style === "heading" || (name === "outlineLvl" && Number(get("val")) < 9)) this.#heading();
      else if ((style === "list" || name === "numPr") && !this.#isHeading && this.#tables === 0) lines.mark("- ");
      return;
    }
    switch (name) {
      case "pPr": this.#inProperties = true; break;
      case "t": this.#isText = true; break;
      case "tab": case "ptab": lines.exact("\t"); break;
      case "br": case "cr": this.#tables > 0 ? lines.between(" ") : lines.turn(); break;
      case "noBreakHyphen": lines.exact("-"); break;
      case "footnoteReference": case "endnoteReference":
        this.notes.push({ kind: name === "footnoteReference" ? "footnote" : "endnote", id: get("id") });
        lines.exact(`[${this.notes.length}]`);
        break;
      case "tbl": if (this.#tables++ === 0) lines.gap(); break;
      case "txbxContent": lines.aside(); break;
    }
  }

  #heading() {
    if (this.#isHeading) return;
    this.#isHeading = true;
    this.#lines.mark("");
    this.#lines.gap();
  }

  /** @param {{ name: string, space: string }} element */
  close({ name, space }) {
    if (this.#skipped > 0) {
      this.#skipped--;
      return;
    }
    this.#isText = false;
    if (!WORD.test(space)) return;
    const lines = this.#lines;
    switch (name) {
      case "pPr": this.#inProperties = false; break;
      case "p": this.#endParagraph(); break;
      case "tc": lines.between("\t"); break;
      case "tr": if (this.#tables === 1) lines.end(); break;
      case "tbl": if (--this.#tables === 0) lines.gap(); break;
      case "txbxContent": lines.back(); break;
    }
  }

  #endParagraph() {
    if (this.#tables > 0) return this.#lines.between(" ");
    // An empty paragraph is how people make room.
    if (!this.#lines.end() || this.#isHeading) this.#lines.gap();
    this.#lines.mark("");
    this.#isHeading = false;
  }

  /** @param {string} text */
  text(text) {
    if (this.#isText && this.#skipped === 0) this.#lines.exact(text);
  }
}

/**
 * The notes at the foot of the pages and at the end, after the text.
 * @param {Parts} parts @param {(name: string) => string} beside @param {Lines} lines @param {WordReader["notes"]} notes
 * @returns {Promise<number>} of how many there is no text
 */
async function writeNotes(parts, beside, lines, notes) {
  /** @type {Map<string, string>} */
  const texts = new Map();
  for (const kind of /** @type {const} */ (["footnote", "endnote"])) {
    const part = beside(`${kind}s.xml`);
    if (notes.some((note) => note.kind === kind) && parts.has(part)) await notesOf(parts, part, kind, texts);
  }
  let lost = 0;
  notes.forEach(({ kind, id }, i) => {
    const text = texts.get(`${kind} ${id}`);
    if (text === undefined) lost++;
    else lines.exact(`[${i + 1}] ${text}`);
    lines.end();
  });
  return lost;
}

/** @param {Parts} parts @param {string} part @param {"footnote" | "endnote"} kind @param {Map<string, string>} texts */
async function notesOf(parts, part, kind, texts) {
  /** @type {{ id: string, reader: WordReader, lines: Lines, pieces: string[] } | null} */
  let note = null;
  await parts.read(part, {
    open(element) {
      if (element.name === kind) {
        /** @type {string[]} */
        const pieces = [];
        const lines = new Lines((piece) => pieces.push(piece));
        note = { id: element.get("id"), reader: new WordReader(lines, new Map()), lines, pieces };
      } else note?.reader.open(element);
    },
    close(element) {
      if (element.name === kind && note) {
        note.lines.finish();
        texts.set(`${kind} ${note.id}`, note.pieces.join("").replace(/\s*\n\s*/g, " ").trim());
        note = null;
      } else note?.reader.close(element);
    },
    text: (text) => note?.reader.text(text),
  });
}
