// Choosing the text to train on, and saying what was understood of it.

import { DATA_SETS, adviceFor, dataSet, loadDataSet, number, problemWith, readTextFile, summarise, tidyText, VALIDATION_SHARE } from "../data.js";
import { h, uniqueId, visible } from "../dom.js";
import { PIECES } from "./train-presets.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../data.js").DataId} DataId
 * @typedef {import("../protocol.js").DataInfo} DataInfo
 * @typedef {"character" | "bpe"} Tokenizer
 * @typedef {{ data: DataId, tokenizer: Tokenizer, pieces: number }} TextChoice
 */

const OWN_TEXT = "train-own-text";
const TYPING_MS = 300;
/** A longer file is shown by its beginning: a text field with megabytes in it is slow. */
const EDITABLE = 100_000;
const PREVIEW = 600;

export class TrainText {
  #app;
  #onChange;
  /** @type {TextChoice} */
  choice = { data: "names", tokenizer: "character", pieces: PIECES.initial };
  /** @type {import("../data.js").TextSummary} */
  #summary = { characters: 0, distinct: [] };
  /** @type {DataInfo | null} */
  #info = null;
  /** What kept the text from being read, in words. */
  #fault = "";
  #own = { name: "", text: "" };
  /** How many tokens of the context the person asks for; a text can be too short for it. */
  #context = 32;
  #share = VALIDATION_SHARE;
  #turn = 0;
  /** @type {Promise<void>} */
  #counted = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;

  /** @param {App} app @param {() => void} onChange  the choice or what is known of the text changed */
  constructor(app, onChange) {
    this.#app = app;
    this.#onChange = onChange;

    const group = uniqueId("data");
    this.radios = DATA_SETS.map(({ id }) => h("input", {
      type: "radio", name: group, value: id, checked: id === this.choice.data, onchange: () => this.#choose({ data: id }),
    }));
    this.area = h("textarea", {
      rows: 6, spellcheck: "false", "aria-label": "Your own text", placeholder: "Paste your text here, or drop a file.",
      oninput: () => this.#typed(),
    });
    this.file = h("input", { type: "file", class: "visually-hidden", tabindex: "-1", "aria-hidden": "true", onchange: () => this.#take(this.file.files) });
    this.fileName = h("span", { class: "train-file-name" });
    this.tokenizer = tokenizerParts((change) => this.#choose(change));
    this.own = h("div", { class: "train-own", hidden: true },
      this.area,
      h("div", { class: "train-own-tools" },
        h("button", { type: "button", onclick: () => this.file.click() }, "Choose a file"),
        h("button", { type: "button", onclick: () => this.#setOwn("", "") }, "Clear"),
        this.fileName),
      this.file,
      this.tokenizer.element);
    this.understood = h("div", { class: "train-understood", "aria-live": "polite" });
    // Elsewhere on the page a dropped file is a checkpoint; here it is a text.
    this.element = h("fieldset", { class: "train-field", "data-takes-files": true },
      h("legend", null, "Text"),
      h("div", { class: "train-options" }, DATA_SETS.map((set, i) => optionCard(this.radios[i], set.label, set.about))),
      this.own,
      this.understood);
    this.#acceptDrops();
  }

  /** Brings back an earlier choice; the text itself is read by {@link begin}. @param {TextChoice} choice */
  async restore(choice) {
    const own = await this.#app.storage.get(OWN_TEXT);
    if (own?.text && !this.#own.text) this.#own = own;
    this.#apply(choice);
  }

  /** Reads the chosen text if that has not happened yet; resolves once it is known whether it will do. */
  async begin() {
    if (this.#turn === 0) this.#choose({});
    await this.#counted;
  }

  /** @param {number} context */
  setContext(context) {
    if (context === this.#context) return;
    this.#context = context;
    this.#render();
  }

  /** @param {number} share  how much of the text is held back */
  setShare(share) {
    if (share === this.#share || !(share > 0 && share < 1)) return;
    this.#share = share;
    if (this.#turn > 0) this.#read();
  }

  /** What stands in the way of training, in words; empty when nothing does. */
  get problem() {
    return this.#fault || (problemWith(this.#summary, this.#context, this.choice.tokenizer, this.#share) ?? "");
  }

  /** Tokens the model will know; for word pieces what was asked for, until the engine has counted. */
  get vocabulary() {
    if (this.#info) return this.#info.vocabulary;
    return this.choice.tokenizer === "bpe" ? this.choice.pieces : Math.max(this.#summary.distinct.length, 2);
  }

  /** What the training will be called. */
  get name() {
    const { data } = this.choice;
    return data === "own" ? this.#own.name.replace(/\.[^.]+$/, "") || "My text" : dataSet(data).label;
  }

  /** @returns {Promise<string>} */
  text() {
    return this.choice.data === "own" ? Promise.resolve(this.#own.text) : loadDataSet(this.choice.data);
  }

  focusProblem() {
    (this.choice.data === "own" ? this.area : this.radios.find((radio) => radio.checked))?.focus();
  }

  /** @param {Partial<TextChoice>} change */
  #choose(change) {
    this.#apply(change);
    this.#read();
  }

  /** @param {Partial<TextChoice>} change */
  #apply(change) {
    const data = change.data ?? this.choice.data;
    // The shipped texts are read as characters; how to read one's own is shown only there.
    const tokenizer = data === "own" ? change.tokenizer ?? this.choice.tokenizer : "character";
    this.choice = { data, tokenizer, pieces: change.pieces ?? this.choice.pieces };
    for (const radio of this.radios) radio.checked = radio.value === data;
    this.tokenizer.show(this.choice);
    this.own.hidden = data !== "own";
    if (data === "own") this.#showOwn();
  }

  #typed() {
    clearTimeout(this.#typing);
    this.#own = { name: "", text: tidyText(this.area.value) };
    this.fileName.textContent = "";
    this.#typing = setTimeout(() => this.#keepOwn(), TYPING_MS);
  }

  /** @param {string} name @param {string} text */
  #setOwn(name, text) {
    clearTimeout(this.#typing);
    this.#own = { name, text };
    this.#showOwn();
    this.#keepOwn();
  }

  #keepOwn() {
    this.#app.storage.set(OWN_TEXT, this.#own);
    this.#read();
  }

  #showOwn() {
    const { name, text } = this.#own;
    const whole = text.length <= EDITABLE;
    this.area.readOnly = !whole;
    const shown = whole ? text : `${text.slice(0, PREVIEW)}…`;
    if (this.area.value !== shown) this.area.value = shown;
    this.fileName.textContent = whole ? name : `${name || "A long text"} (its beginning is shown)`;
  }

  /** @param {FileList | null | undefined} files */
  async #take(files) {
    const file = files?.[0];
    this.file.value = "";
    if (!file) return;
    try {
      const text = await readTextFile(file);
      this.#choose({ data: "own" });
      this.#setOwn(file.name, text);
    } catch (error) {
      this.#choose({ data: "own" });
      this.#turn++;
      this.#fault = error instanceof Error ? error.message : String(error);
      this.#render();
    }
  }

  #acceptDrops() {
    const over = (/** @type {boolean} */ on) => this.element.classList.toggle("train-drop", on);
    this.element.addEventListener("dragover", (event) => {
      if (this.element.disabled || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      over(true);
    });
    this.element.addEventListener("dragleave", () => over(false));
    this.element.addEventListener("drop", (event) => {
      over(false);
      if (this.element.disabled || !event.dataTransfer?.files.length) return;
      event.preventDefault();
      this.#take(event.dataTransfer.files);
    });
  }

  /** Counts the text here, then asks the engine how it splits it. */
  #read() {
    const turn = ++this.#turn;
    this.#info = null;
    this.#fault = "";
    const text = this.text();
    this.#counted = text.then((whole) => {
      if (turn === this.#turn) this.#summary = summarise(whole);
    }).catch((error) => this.#fail(turn, error));
    this.#counted.then(() => this.#askEngine(turn, text));
  }

  /** @param {number} turn @param {Promise<string>} text */
  async #askEngine(turn, text) {
    if (turn !== this.#turn) return;
    this.#render();
    if (this.problem) return;
    const { tokenizer, pieces } = this.choice;
    try {
      const info = await this.#app.engine.request("prepare_data", { text: await text, tokenizer, vocab_size: pieces, validation_share: this.#share });
      if (turn !== this.#turn) return;
      this.#info = info;
    } catch (error) {
      this.#fail(turn, error);
    }
    this.#render();
  }

  /** @param {number} turn @param {unknown} error */
  #fail(turn, error) {
    if (turn === this.#turn) this.#fault = error instanceof Error ? error.message : String(error);
  }

  #render() {
    const { characters, distinct } = this.#summary;
    const problem = this.problem;
    this.understood.classList.toggle("train-problem", problem !== "");
    if (problem) {
      this.understood.replaceChildren(h("p", null, problem));
    } else {
      const info = this.#info;
      const count = (/** @type {number | undefined} */ value) => (value === undefined ? "…" : number(value));
      const facts = h("dl", { class: "train-facts" },
        fact("Characters", number(characters)),
        fact("Different ones", number(distinct.length)),
        fact("Tokens", count(info?.tokens)),
        fact("Learns from", count(info?.train_tokens)),
        fact("Validates on", count(info?.validation_tokens)));
      const glyphs = distinct.slice(0, 120).map(visible).join(" ");
      const advice = adviceFor(this.#summary, this.choice.tokenizer);
      this.understood.replaceChildren(facts,
        h("p", { class: "train-glyphs", lang: "und", title: glyphs }, h("span", { class: "visually-hidden" }, "The characters: "), glyphs),
        advice && h("p", { class: "train-advice" }, advice));
    }
    this.#onChange();
  }
}

/** How to read one's own text. @param {(change: Partial<TextChoice>) => void} choose */
function tokenizerParts(choose) {
  const group = uniqueId("tokenizer");
  /** @param {Tokenizer} value */
  const radio = (value) => h("input", { type: "radio", name: group, value, onchange: () => choose({ tokenizer: value }) });
  const radios = [radio("character"), radio("bpe")];
  const pieces = h("input", {
    type: "number", class: "number", min: PIECES.min, max: PIECES.max, step: 1,
    onchange: () => choose({ pieces: Math.min(Math.max(Math.round(Number(pieces.value)) || PIECES.initial, PIECES.min), PIECES.max) }),
  });
  const row = h("label", { class: "train-pieces" }, "Tokens to know ", pieces);
  const element = h("fieldset", { class: "train-tokenizer" }, h("legend", null, "Read it as"),
    h("div", { class: "train-options" },
      optionCard(radios[0], "Characters", "Each character is one token. Right for most small texts."),
      optionCard(radios[1], "Word pieces", "Frequent groups of letters are one token. For long texts and large scripts.")),
    row);
  return {
    element,
    /** @param {TextChoice} choice */
    show(choice) {
      for (const input of radios) input.checked = input.value === choice.tokenizer;
      pieces.value = String(choice.pieces);
      row.hidden = choice.tokenizer !== "bpe";
    },
  };
}

/** @param {string} name @param {string} value */
const fact = (name, value) => h("div", null, h("dt", null, name), h("dd", null, value));

/**
 * A radio button as a card: its name and one line about it.
 * @param {HTMLInputElement} input @param {string} label @param {string} about
 */
export function optionCard(input, label, about) {
  const id = uniqueId("about");
  input.setAttribute("aria-describedby", id);
  return h("label", { class: "train-option" }, input, h("span", { class: "train-option-name" }, label), h("span", { class: "train-option-about", id }, about));
}
