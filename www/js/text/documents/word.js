// The text of a Word document (.docx). Format: ECMA-376, Office Open XML, part 1, 17 (WordprocessingML).

import { Lines } from "./lines.js";
import { Numbering } from "./numbering.js";

/**
 * @typedef {import("./read.js").Parts} Parts
 * @typedef {import("./xml.js").Element} Element
 */

const MAIN = "word/document.xml";
/** Word's own namespace, in both forms of the standard, and that of formulas. */
const WORD = /wordprocessingml\/(?:2006\/)?main$/;
const MATHS = /\/math$/;
/** What is no text that anyone reads: properties, what was deleted or moved away, the second form of what is there in two. */
const LEFT_OUT = new Set(["rPr", "sectPr", "tblPr", "trPr", "tcPr", "sdtPr", "del", "moveFrom", "Fallback", "rt", "instrText", "delText", "pPrChange"]);
/** An item of a list of which the file does not say how it is marked. */
const ITEM = "- ";
/** Styles that are made from one another in a ring would have no end. */
const MOST_BASES = 20;
const HEADING = /^(?:heading \d|title|subtitle)$/i;

/** @param {Parts} parts @param {Lines} lines @param {(share: number) => void} [onProgress] @returns {Promise<string[]>} what a person should know */
export async function readWord(parts, lines, onProgress) {
  const main = await mainPart(parts);
  const beside = (/** @type {string} */ name) => `${main.slice(0, main.lastIndexOf("/") + 1)}${name}`;
  const [styles, numbers] = [beside("styles.xml"), beside("numbering.xml")];
  const numbering = new Numbering();
  if (parts.has(numbers)) await numbering.read(parts, numbers);
  const reader = new WordReader(lines, parts.has(styles) ? await readStyles(parts, styles) : new Map(), numbering);
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
 * What a style is for, where that is to be seen in plain text: `list` where its paragraphs are items of one, of which `id` and
 * `level` are known or not.
 * @typedef {{ base: string, heading: boolean, list: boolean, id?: string, level?: number }} Style
 * @typedef {ReadonlyMap<string, Style>} Styles
 *
 * The names of headings are English in every language of the program.
 * @param {Parts} parts @param {string} part @returns {Promise<Styles>}
 */
async function readStyles(parts, part) {
  /** @type {Map<string, Style>} */
  const found = new Map();
  /** @type {Style} */ let style = { base: "", heading: false, list: false };
  await parts.read(part, { open: ({ name, get }) => {
    switch (name) {
      case "style": found.set(get("styleId"), style = { base: "", heading: false, list: false }); break;
      case "name": style.heading ||= HEADING.test(get("val")); break;
      case "basedOn": style.base = get("val"); break;
      case "numPr": style.list = true; break;
      case "numId": style.id = get("val"); break;
      case "ilvl": style.level = Number(get("val")) || 0; break;
    }
  } });
  return found;
}

/** A style and those that it is made from, the nearest first. @param {Styles} styles @param {string} name */
function lineage(styles, name) {
  /** @type {[string, Style][]} */
  const line = [];
  for (let style = styles.get(name); style && line.length < MOST_BASES; style = styles.get(name)) {
    line.push([name, style]);
    name = style.base;
  }
  return line;
}

class WordReader {
  #lines;
  #styles;
  #numbering;
  /** What the paragraph's properties say of it so far. */ #paragraph = noProperties();
  /** What the next text in a table begins with. */ #cellMark = "";
  /** How deep in something that is left out. */ #skipped = 0;
  #inProperties = false;
  #isText = false;
  /** How deep in tables. */ #tables = 0;
  #isHeading = false;
  /** Notes in the order in which they are met. @type {{ kind: "footnote" | "endnote", id: string }[]} */
  notes = [];

  /** @param {Lines} lines @param {Styles} [styles] @param {Numbering} [numbering] */
  constructor(lines, styles = new Map(), numbering = new Numbering()) {
    this.#lines = lines;
    this.#styles = styles;
    this.#numbering = numbering;
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
      const said = this.#paragraph;
      switch (name) {
        case "pStyle": said.style = get("val"); break;
        case "outlineLvl": said.heading = Number(get("val")) < 9; break;
        case "numPr": said.list = true; break;
        case "numId": said.id = get("val"); break;
        case "ilvl": said.level = Number(get("val")) || 0; break;
      }
      return;
    }
    switch (name) {
      case "pPr":
        this.#inProperties = true;
        this.#paragraph = noProperties();
        break;
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

  /** What a paragraph is: a heading, an item of a list, or neither; and by which number. */
  #begin() {
    const { style, heading, list, id, level } = this.#paragraph;
    const line = lineage(this.#styles, style);
    this.#isHeading = heading ?? line.some(([, each]) => each.heading);
    if (this.#isHeading) this.#lines.gap();
    const [from, of] = line.find(([, each]) => each.list) ?? [];
    const number = id ?? of?.id;
    if (!(list || of) || number === "0") return;
    const instanceOf = (/** @type {string} */ name) => this.#styles.get(name)?.id;
    const mark = number === undefined ? null : this.#numbering.next(number, level ?? of?.level ?? null, from ?? style, instanceOf);
    const known = mark ?? ITEM;
    // A heading has no bullet in plain text.
    if (this.#isHeading && known === ITEM) return;
    if (this.#tables > 0) this.#cellMark = mark === ITEM ? "" : mark ?? "";
    else this.#lines.mark(known);
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
      case "pPr":
        this.#inProperties = false;
        this.#begin();
        break;
      case "p": this.#endParagraph(); break;
      case "tc": lines.between("\t"); break;
      case "tr": if (this.#tables === 1) lines.end(); break;
      case "tbl": if (--this.#tables === 0) lines.gap(); break;
      case "txbxContent": lines.back(); break;
    }
  }

  #endParagraph() {
    this.#cellMark = "";
    if (this.#tables > 0) return this.#lines.between(" ");
    // An empty paragraph is how people make room.
    if (!this.#lines.end() || this.#isHeading) this.#lines.gap();
    this.#lines.mark("");
    this.#isHeading = false;
  }

  /** @param {string} text */
  text(text) {
    if (!this.#isText || this.#skipped > 0) return;
    this.#lines.exact(this.#cellMark + text);
    this.#cellMark = "";
  }
}

/** @returns {{ style: string, heading?: boolean, list: boolean, id?: string, level?: number }} of a paragraph that says nothing of itself */
const noProperties = () => ({ style: "", list: false });

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
        note = { id: element.get("id"), reader: new WordReader(lines), lines, pieces };
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
