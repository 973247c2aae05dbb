// The person's own text: typed, pasted, chosen or dropped; read in pieces, with a question where its bytes leave open
// how; and kept in the browser.

import { atMostEvery, h, VERBATIM } from "../page/dom.js";
import { OWN_TEXT, number } from "../text/data-sets.js";
import { booksIn, maybeBooks } from "../text/gutenberg.js";
import { UnknownEncoding, noText, takeFile, takeFiles, takeString, toBlob } from "../text/intake.js";
import { encodingQuestion } from "./encoding.js";
import { joinedList, knownParts } from "./joined.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../text/intake.js").TakenText} TakenText
 * @typedef {import("../text/intake.js").Watch} Watch
 */

const TYPING_MS = 300;
const PROGRESS_MS = 150;
/** A longer text is not put into the field: with megabytes in it, it is slow. */
const EDITABLE = 100_000;

export class OwnText {
  #app;
  #onChange;
  /** The text that counts. @type {TakenText} */
  taken = noText();
  /** Why the last text that was brought could not be taken, in words. */
  fault = "";
  /** What has to happen first, in words: it is being read, or the person is being asked. */
  waiting = "";
  /** Whether it will be here after a reload. */
  kept = true;
  /** Called once another text, or none, is kept. */
  onKept = () => {};
  /** What an earlier visit kept, as long as it has not been read. @type {{ name: string, text: string | Blob, parts?: unknown } | null} */
  #stored = null;
  #work = new AbortController();
  /** How far it has come. @type {{ about: string, share: number } | null} */
  #progress = null;
  /** The reading under way, or the last one. @type {Promise<void>} */
  #done = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;

  #stopTyping() {
    clearTimeout(this.#typing);
    this.#typing = undefined;
  }

  /** @param {App} app @param {() => void} onChange  the text, or what stands in its way, changed */
  constructor(app, onChange) {
    this.#app = app;
    this.#onChange = onChange;
    this.area = h("textarea", {
      ...VERBATIM,
      rows: 6, spellcheck: "false", "aria-label": "Your own text", placeholder: "Paste your text here, or drop files: plain text, Word, EPUB.",
      oninput: () => this.#typed(), onpaste: (/** @type {ClipboardEvent} */ event) => this.#pasted(event),
    });
    this.file = h("input", { type: "file", multiple: true, class: "visually-hidden", tabindex: "-1", "aria-hidden": "true", onchange: () => this.#chosen() });
    this.fileName = h("span", { class: "train-file-name" });
    this.bar = h("progress", { class: "train-bar", max: 1, "aria-label": "Reading the text" });
    this.progress = h("div", { class: "train-reading", hidden: true }, this.bar,
      h("button", { type: "button", class: "small", onclick: () => this.cancel() }, "Cancel reading"));
    this.question = h("div", { class: "train-question" });
    this.joined = h("div", { class: "train-joined" });
    this.licence = h("button", { type: "button", hidden: true, onclick: () => this.#leaveOutLicence() }, "Leave out the licence of Project Gutenberg");
    this.element = h("div", { class: "train-own", hidden: true },
      this.area,
      h("div", { class: "train-own-tools" },
        h("button", { type: "button", onclick: () => this.file.click() }, "Choose files"),
        h("button", { type: "button", onclick: () => this.clear() }, "Clear"),
        this.licence, this.fileName),
      this.joined, this.progress, this.question, this.file);
  }

  /** Whether there is a question that has to be answered first. */
  get asks() {
    return this.question.childElementCount > 0;
  }

  /** Whether the field shows all of the text. */
  get inField() {
    return this.taken.pieces.reduce((length, piece) => length + piece.length, 0) <= EDITABLE;
  }

  /** Looks for what an earlier visit kept; it is read by {@link load}. */
  async restore() {
    const stored = await this.#app.storage.get(OWN_TEXT);
    if (stored?.text && this.taken.pieces.length === 0) this.#stored = stored;
  }

  /** Reads what an earlier visit kept, if there is something. */
  async load() {
    const stored = this.#stored;
    this.#stored = null;
    if (!stored) return;
    const { name, text, parts } = stored;
    await this.#read(name, (watch) => (typeof text === "string" ? takeString(text, name, watch) : takeFile(text, name || "The text that was kept here", "utf-8", watch)), false);
    this.taken.name = name;
    this.taken.parts = knownParts(parts);
    this.#show();
  }

  /** Resolves once nothing is being read any more. */
  async settled() {
    if (this.#typing !== undefined) this.#readField();
    await this.#done;
  }

  /**
   * Takes in files that were dropped or chosen, as one text.
   * @param {readonly File[]} files @param {ReadonlyMap<Blob, string>} [encodings]  as the person said them
   * @returns {Promise<void>}
   */
  takeAll(files, encodings = new Map()) {
    const name = files.length === 1 ? files[0].name : `${files[0].name} and ${files.length - 1} more`;
    return this.#read(name, (watch) => takeFiles(files, encodings, watch), true, { files, encodings });
  }

  /** Leaves what is being read; the text that was there before stays. */
  cancel() {
    this.#stopTyping();
    if (!this.waiting && !this.fault) return;
    this.#work.abort();
    this.#settle("", "");
  }

  focus() {
    if (this.asks) return this.#showQuestion();
    (this.area.hidden ? this.fileName : this.area).focus();
  }

  /**
   * Has a text read, and then makes it the one that counts.
   * @param {string} name
   * @param {(watch: Watch) => Promise<TakenText>} take
   * @param {boolean} keep
   * @param {{ files: readonly File[], encodings: ReadonlyMap<Blob, string> } | null} [source]  to read anew as the person says
   * @returns {Promise<void>}
   */
  #read(name, take, keep, source = null) {
    this.#stopTyping();
    this.#work.abort();
    this.#work = new AbortController();
    const { signal } = this.#work;
    const about = name || "The text";
    this.#settle(`${about} is being read.`, "");
    const onProgress = (/** @type {number} */ share) => {
      if (signal.aborted) return;
      this.#progress = { about, share };
      this.#showProgress();
    };
    this.#done = take({ signal, onProgress }).then((taken) => {
      if (signal.aborted) return;
      if (source) this.#offerBack(`${taken.name} is the text now.`);
      this.#adopt(taken, keep);
    }, (error) => {
      if (signal.aborted) return;
      if (error instanceof UnknownEncoding && error.file && source) this.#ask(/** @type {File} */ (error.file), source, error);
      else this.#settle("", error instanceof Error ? error.message : String(error));
    });
    return this.#done;
  }

  /** @param {TakenText} taken @param {boolean} keep */
  #adopt(taken, keep) {
    this.taken = taken;
    this.#stored = null;
    this.kept = true;
    this.#settle("", "");
    if (keep) this.#keep(taken);
  }

  /** @param {TakenText} taken */
  async #keep(taken) {
    const { name, pieces, parts } = taken;
    const text = this.inField ? pieces.join("") : await toBlob(pieces);
    if (taken !== this.taken) return;
    this.kept = await this.#app.storage.set(OWN_TEXT, { name, text, parts });
    if (!this.kept && taken === this.taken) this.#onChange();
    this.onKept();
  }

  /** A text that another one takes the place of can be had back. @param {string} title */
  #offerBack(title) {
    const [before, stored] = [this.taken, this.#stored];
    const { characters } = before.summary;
    if (characters === 0 && !stored) return;
    this.#app.notify({
      kind: "info", key: "own-text", title, message: stored ? "The text that was kept here can be put back." : `What was there before (${number(characters)} characters) can be put back.`,
      action: { label: "Put it back", run: () => {
        this.#work.abort();
        if (!stored) return this.#adopt(before, true);
        this.#stored = stored;
        this.load().then(() => this.#keep(this.taken));
      } },
    });
  }

  /** @param {File} file @param {{ files: readonly File[], encodings: ReadonlyMap<Blob, string> }} source @param {UnknownEncoding} error */
  #ask(file, { files, encodings }, error) {
    this.#settle(`Choose first how "${file.name}" is to be read.`, "");
    this.question.replaceChildren(encodingQuestion(file.name, error.choices,
      (encoding) => this.takeAll(files, new Map([...encodings, [file, encoding]])),
      () => this.cancel()));
    this.#onChange();
    this.#showQuestion();
  }

  /** All of the question is seen, as far as there is room, and its first answer has the focus. */
  #showQuestion() {
    this.question.scrollIntoView({ block: "start" });
    this.question.querySelector("input")?.focus({ preventScroll: true });
  }

  /** @param {string} waiting @param {string} fault */
  #settle(waiting, fault) {
    this.waiting = waiting;
    this.fault = fault;
    this.#progress = null;
    this.progress.hidden = true;
    this.question.replaceChildren();
    this.#show();
    this.#onChange();
  }

  #showProgress = atMostEvery(PROGRESS_MS, () => {
    if (!this.#progress) return;
    const { about, share } = this.#progress;
    this.progress.hidden = false;
    this.bar.value = share;
    this.fileName.textContent = `${about}: ${Math.round(100 * share)} % read`;
  });

  #show() {
    const { name, pieces, parts } = this.taken;
    this.area.hidden = !this.inField;
    const text = this.inField ? pieces.join("") : "";
    // What is being typed stands there already, perhaps with other line ends; until it is taken in, it is nowhere else.
    const isTaken = !this.waiting && !this.fault && document.activeElement !== this.area;
    if (isTaken && this.area.value !== text) this.area.value = text;
    this.fileName.textContent = this.inField ? name : name || "A long text";
    this.licence.hidden = !maybeBooks(pieces);
    this.joined.replaceChildren(...(parts ? joinedList(parts) : []));
  }

  /** Its notes and its licence are no part of the book. */
  #leaveOutLicence() {
    const { name, pieces } = this.taken;
    const books = booksIn(pieces.join(""));
    if (books === null) {
      return this.#app.notify({ kind: "info", key: "gutenberg", title: "The text is as it was.", message: "The mark that Project Gutenberg puts before a book (*** START OF THE PROJECT GUTENBERG EBOOK …) is not in it, so what belongs to the book cannot be told." });
    }
    this.#offerBack("The licence is left out.");
    this.#read(name, (watch) => takeString(books, name, watch), true);
  }

  /** Empties the form's field; what was there can be had back. */
  clear() {
    this.#offerBack("The text was cleared.");
    this.area.value = "";
    this.#read("", () => takeString("", ""), true);
  }

  #typed() {
    this.#stopTyping();
    this.#typing = setTimeout(() => this.#readField(), TYPING_MS);
  }

  #readField() {
    const { value } = this.area;
    this.#read("", (watch) => takeString(value, "", watch), true);
  }

  /** A large paste goes past the field. @param {ClipboardEvent} event */
  #pasted(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text.length <= EDITABLE) return;
    event.preventDefault();
    const { value, selectionStart, selectionEnd } = this.area;
    const whole = value.slice(0, selectionStart) + text + value.slice(selectionEnd);
    this.#read("", (watch) => takeString(whole, "", watch), true);
  }

  #chosen() {
    const files = [...(this.file.files ?? [])];
    // The same file chosen twice must count twice.
    this.file.value = "";
    if (files.length > 0) this.#app.files.take(files, this.element);
  }
}
