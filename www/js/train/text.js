// Choosing the text to train on and how it is cut into tokens, and saying what was understood of it.

import { observe } from "../engine/observations.js";
import { DATA_SETS, VALIDATION_SHARE, adviceFor, dataSet, learnedFrom, loadDataSet, number, problemWith } from "../text/data-sets.js";
import { h, uniqueId, VERBATIM, write } from "../page/dom.js";
import { NumberInput } from "../page/number-field.js";
import { noText, summarise } from "../text/intake.js";
import { visible } from "../page/signs.js";
import { optionCard } from "../page/option-card.js";
import { fitted, lacking, lostInWords, tooMuchLost } from "./fit.js";
import { OwnText } from "./own.js";
import { asCharacters, asEncoded, asPieces } from "./cutting.js";
import { PIECES } from "./presets.js";
import { TokensPart } from "./tokens.js";
import { duration } from "./words.js";

export { optionCard };

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../text/data-sets.js").DataId} DataId
 * @typedef {import("../text/intake.js").TakenText} TakenText
 * @typedef {import("../engine/protocol.js").ModelInfo} ModelInfo
 * @typedef {"character" | "bpe"} Tokenizer
 * @typedef {{ data: DataId, tokenizer: Tokenizer, pieces: number }} TextChoice
 *
 * What a text comes to in tokens; `seconds`: that learning its word pieces takes.
 * @typedef {import("./cutting.js").Cutting & { seconds: number }} Cut
 */

/** Word pieces are tried on at most so much: the engine does nothing else meanwhile, about a second a megabyte. */
const TRIED_CHARACTERS = 1_500_000;
/** Less than this is not worth a word. */
const WORTH_SAYING_S = 3;
const PREVIEW = { characters: 400, lines: 6 };
/** So long the share that is held back stays as it is before word pieces are counted anew. */
const SHARE_MS = 400;

export class TrainText {
  #app;
  #onChange;
  /** @type {TextChoice} */
  choice = { data: "names", tokenizer: "character", pieces: PIECES.initial };
  /** A text that the page ships, as it was read. */
  #shipped = noText();
  /** @type {Cut | null} */
  #cut = null;
  /** What kept the text from being read or cut, in words. */
  #fault = "";
  /** How many tokens of the context the person asks for; a text can be too short for it. */
  #context = 32;
  #share = VALIDATION_SHARE;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #recount;
  /** The model that is gone on from, whose letters the text is read by; null for a new one. @type {ModelInfo | null} */
  #model = null;
  /** What it lacks of which text. @type {{ of: readonly string[], model: ModelInfo, missing: string[], lost: number } | null} */
  #lacks = null;
  #turn = 0;
  /** @type {Promise<void>} */
  #counted = Promise.resolve();

  /** @param {App} app @param {() => void} onChange  the choice or what is known of the text changed */
  constructor(app, onChange) {
    this.#app = app;
    this.#onChange = onChange;
    const group = uniqueId("data");
    this.radios = DATA_SETS.map(({ id }) => h("input", {
      type: "radio", name: group, value: id, checked: id === this.choice.data, onchange: () => this.#choose({ data: id }),
    }));
    this.own = new OwnText(app, () => { if (this.choice.data === "own") this.#cutAnew(); });
    this.tokenizer = tokenizerParts((change) => this.#choose(change));
    this.understood = h("div", { class: "train-understood", "aria-live": "polite" });
    this.preview = h("div", { class: "train-preview" });
    this.tokensPart = new TokensPart(app, () => this.#cutting);
    this.about = h("p", { class: "train-chosen", "aria-hidden": "true" }, dataSet(this.choice.data).about);
    this.element = h("fieldset", { class: "train-field" },
      h("legend", null, "Text"),
      h("div", { class: "train-options train-options-short" }, DATA_SETS.map((set, i) => optionCard(this.radios[i], set.label, set.about))),
      this.about,
      this.own.element);
    /** What it is and how it is cut: worth a look, but nobody has to. */
    this.reading = h("div", { class: "train-reads" },
      h("fieldset", { class: "train-field" }, h("legend", null, "What it reads"), this.preview, this.tokenizer.element, this.understood),
      // Looked at while a training goes on, too, for which the fields are closed.
      this.tokensPart.element);
  }

  /** Takes files from now on: not before it is known what an earlier visit kept, which would come over them. */
  acceptFiles() {
    this.#app.files.takeTexts(this.element, (files) => this.#takeFiles(files));
  }

  /** Brings back an earlier choice; the text itself is read by {@link begin}. @param {TextChoice} choice */
  async restore(choice) {
    await this.own.restore();
    this.#apply(choice);
  }

  /** Takes over the choice of another training. @param {TextChoice} choice @param {File | null} own  its text, where that is the person's own */
  use(choice, own) {
    this.#apply(choice);
    if (!own) return this.#read();
    this.#turn++;
    this.#counted = this.own.takeAll([own]);
  }

  /** Reads the chosen text if that has not happened yet; resolves once it is known whether it will do. */
  async begin() {
    if (this.#turn === 0) this.#choose({});
    await this.#counted;
    if (this.choice.data === "own") await this.own.settled();
  }

  /** @param {number} context @param {number} share  of the text that is held back */
  setSplit(context, share) {
    if (context === this.#context && share === this.#share) return;
    const moved = share !== this.#share;
    this.#context = context;
    this.#share = share;
    if (moved && this.#kind === "character") this.#cut = null;
    this.#render();
    clearTimeout(this.#recount);
    // The engine has learned them already and only counts again.
    if (moved && this.#cut) this.#recount = setTimeout(() => this.#countPieces(this.#turn), SHARE_MS);
  }

  /** Whose letters the text is read by: a model's that is gone on from, or its own. @param {ModelInfo | null} model */
  setModel(model) {
    if (model === this.#model) return;
    this.#model = model;
    this.tokenizer.fix(model);
    if (this.#turn > 0) this.#cutAnew();
  }

  /** How it is cut into tokens. */
  get #kind() {
    return this.#model?.vocabulary_kind ?? this.choice.tokenizer;
  }

  /** What the model lacks of the text, counted once. */
  get #missing() {
    const [model, { pieces, summary }] = [this.#model, this.#taken];
    if (!model) return { missing: /** @type {string[]} */ ([]), lost: 0 };
    if (this.#lacks?.of !== pieces || this.#lacks.model !== model) {
      const missing = lacking(summary, model);
      this.#lacks = { of: pieces, model, missing, lost: pieces.reduce((lost, piece) => lost + fitted(piece, missing).lost, 0) };
    }
    return this.#lacks;
  }

  /** What is known of the text as it is read. */
  get #summary() {
    const { summary } = this.#taken;
    const { missing, lost } = this.#missing;
    if (missing.length === 0) return summary;
    const left = (/** @type {unknown} */ _, /** @type {number} */ i) => !missing.includes(summary.distinct[i]);
    return { characters: summary.characters - lost, distinct: summary.distinct.filter(left), counts: summary.counts.filter(left) };
  }

  /** What stands in the way of training, in words; empty when nothing does. */
  get problem() {
    const own = this.choice.data === "own" ? this.own.waiting || this.own.fault : "";
    const { characters } = this.#taken.summary;
    const lost = this.#model && characters > 0 ? tooMuchLost(this.#missing.lost, characters, this.#model.name) : "";
    return own || this.#fault || lost || (problemWith(this.#summary, this.#context, this.#kind, this.#share) ?? "");
  }

  /** Whether the person is asked something before the text can be read. */
  get asks() {
    return this.choice.data === "own" && this.own.asks;
  }

  /** What has to happen before the text is there, in words; empty where nothing has. */
  get waits() {
    return this.choice.data === "own" ? this.own.waiting : this.#isLoading ? "The text is being fetched." : "";
  }

  /** Tokens the model will know; for word pieces what was asked for, until the engine has counted. */
  get vocabulary() {
    if (this.#model) return this.#model.config.vocab_size;
    if (this.choice.tokenizer === "bpe") return this.#cut?.vocabulary ?? this.choice.pieces;
    return Math.max(this.#taken.summary.distinct.length, 2);
  }

  /** How many tokens the whole text has, for a long one in word pieces about so many; undefined while that is not known. */
  get tokens() {
    return this.#kind === "bpe" ? this.#cut?.tokens : this.#summary.characters;
  }

  /** What the training will be called. */
  get name() {
    const { data } = this.choice;
    return data === "own" ? this.own.taken.name.replace(/\.[^.]+$/, "") || "My text" : dataSet(data).label;
  }

  /** The text that is trained on: without what the model lacks that is gone on from. @returns {Promise<string>} */
  async text() {
    const whole = this.choice.data === "own" ? this.own.taken.pieces.join("") : await loadDataSet(this.choice.data);
    return fitted(whole, this.#missing.missing).text;
  }

  focusProblem() {
    if (this.choice.data === "own") this.own.focus();
    else this.radios.find((radio) => radio.checked)?.focus();
  }

  /** The text as the tokens that the training will have, as far as that is known. @returns {import("./cutting.js").Cutting | null} */
  get #cutting() {
    if (this.problem) return null;
    if (this.#kind === "character") this.#cut ??= { ...asCharacters(this.#taken, this.#share, this.#model?.tokens), seconds: 0 };
    return this.#cut;
  }

  /** @returns {TakenText} */
  get #taken() {
    return this.choice.data === "own" ? this.own.taken : this.#shipped;
  }

  /** @param {Partial<TextChoice>} change */
  #choose(change) {
    const { data } = this.choice;
    this.#apply(change);
    if (this.#turn === 0 || this.choice.data !== data) this.#read();
    else this.#cutAnew();
  }

  /** @param {Partial<TextChoice>} change */
  #apply(change) {
    const { data, tokenizer, pieces } = { ...this.choice, ...change };
    this.choice = {
      data: DATA_SETS.some(({ id }) => id === data) ? data : "names",
      tokenizer: tokenizer === "bpe" ? "bpe" : "character",
      pieces: Number.isInteger(pieces) ? pieces : PIECES.initial,
    };
    const isOwn = this.choice.data === "own";
    if (!isOwn) this.own.cancel();
    for (const radio of this.radios) radio.checked = radio.value === this.choice.data;
    this.tokenizer.show(this.choice);
    this.about.textContent = dataSet(this.choice.data).about;
    this.own.element.hidden = !isOwn;
  }

  /** Takes texts that were dropped or chosen, as one. @param {File[]} files */
  #takeFiles(files) {
    if (this.element.disabled) {
      this.#app.notify({ kind: "error", key: "files", title: `${files[0].name} was not taken yet.`, message: "A text cannot be changed while something is trained on it. Drop it again when that is over, or after a pause and a stop." });
      return;
    }
    this.#apply({ data: "own" });
    this.#turn++;
    this.#counted = this.own.takeAll(files);
    this.element.scrollIntoView({ block: "nearest" });
  }

  /** Has the chosen text read, and cut into tokens after that. */
  #read() {
    this.#turn++;
    const { data } = this.choice;
    this.#cut = null;
    this.#fault = "";
    if (data === "own") {
      this.#counted = this.own.load();
      this.#cutAnew();
      return;
    }
    this.#shipped = noText();
    this.#counted = loadDataSet(data).then((text) => {
      // How it is cut may have been changed meanwhile; only another text makes this one late.
      if (this.choice.data !== data) return;
      this.#shipped = { name: dataSet(data).label, pieces: [text], summary: summarise(text), notes: [] };
      this.#cutAnew();
    }).catch((error) => { if (this.choice.data === data) this.#fail(this.#turn, error); });
  }

  /** Says what the text comes to. Characters are counted already; word pieces are for the engine to learn. */
  async #cutAnew() {
    const turn = ++this.#turn;
    this.#cut = null;
    this.#fault = "";
    this.#render();
    if (this.#kind === "bpe" && !this.problem) await this.#countPieces(turn);
  }

  /** @param {number} turn */
  async #countPieces(turn) {
    const { characters } = this.#taken.summary;
    const text = beginning(this.#taken.pieces, TRIED_CHARACTERS);
    const share = this.#share;
    const model = this.#model;
    const began = performance.now();
    try {
      if (model) {
        const { ids } = await observe(this.#app.engine, "encoding", { source: "bent", text });
        if (turn !== this.#turn || share !== this.#share) return;
        this.#cut = { ...asEncoded(ids, model.tokens, characters / [...text].length, share), seconds: 0 };
        return this.#render();
      }
      const info = await this.#app.engine.request("prepare_data", { text, tokenizer: "bpe", vocab_size: this.choice.pieces, validation_share: share });
      if (turn !== this.#turn || share !== this.#share) return;
      const seconds = ((characters / info.characters) * (performance.now() - began)) / 1000;
      // Counting them again says nothing of how long it takes to learn them.
      this.#cut = { ...asPieces(info, characters), seconds: this.#cut?.seconds ?? seconds };
      this.#render();
    } catch (error) {
      this.#fail(turn, error);
    }
  }

  /** @param {number} turn @param {unknown} error */
  #fail(turn, error) {
    if (turn !== this.#turn) return;
    this.#fault = error instanceof Error ? error.message : String(error);
    this.#render();
  }

  #render() {
    const { problem } = this;
    const waits = this.choice.data === "own" && this.own.waiting !== "";
    this.understood.classList.toggle("train-problem", problem !== "" && !waits);
    this.#renderPreview();
    // What was changed about a text is said even where the text will not do.
    const notes = waits || this.#isLoading ? [] : this.#taken.notes;
    if (problem) this.understood.replaceChildren(h("p", null, this.#isLoading ? "The text is being fetched." : problem), ...notes.map((words) => h("p", { class: "train-advice" }, words)));
    else this.understood.replaceChildren(this.#facts(), this.#glyphs(), ...this.#remarks().map((words) => h("p", { class: "train-advice" }, words)));
    if (this.#isLoading) this.understood.classList.remove("train-problem");
    this.tokensPart.update();
    this.#onChange();
  }

  get #isLoading() {
    return this.choice.data !== "own" && !this.#fault && this.#shipped.pieces.length === 0;
  }

  #facts() {
    const { characters, distinct } = this.#taken.summary;
    const pieces = this.#kind === "bpe";
    const { tokens } = this;
    const about = pieces && !this.#cut?.exact ? "about " : "";
    const count = (/** @type {number | undefined} */ value) => (value === undefined ? "…" : `${about}${number(value)}`);
    const percent = (/** @type {number} */ share) => `${Math.round(share * 1000) / 10} %`;
    const learned = pieces ? this.#cut?.learned : tokens === undefined ? undefined : learnedFrom(tokens, this.#share);
    return h("dl", { class: "train-facts" },
      fact("Characters", number(characters)),
      fact("Different ones", number(distinct.length)),
      fact("Vocabulary", pieces && !this.#cut ? "…" : number(this.vocabulary)),
      fact("Tokens", count(tokens)),
      fact(`Learns from (${percent(1 - this.#share)})`, count(learned)),
      fact(`Held back (${percent(this.#share)})`, count(tokens === undefined || learned === undefined ? undefined : tokens - learned)));
  }

  #glyphs() {
    const glyphs = this.#taken.summary.distinct.slice(0, 120).map(visible).join(" ");
    return h("p", { class: "train-glyphs", lang: "und", title: glyphs }, h("span", { class: "visually-hidden" }, "The characters: "), h("bdi", { dir: "ltr", translate: "no" }, glyphs));
  }

  /** What a person should know before training starts. @returns {string[]} */
  #remarks() {
    const { summary, notes } = this.#taken;
    const { missing, lost } = this.#missing;
    const remarks = [...notes, lostInWords(missing, lost, summary.characters, this.#model?.name ?? ""), adviceFor(summary, this.#kind)];
    if (this.#cut && this.#cut.seconds > WORTH_SAYING_S) {
      remarks.push(`Learning the word pieces of this text takes about ${duration(this.#cut.seconds)} before the first step; nothing else is computed meanwhile.`);
    }
    if (this.choice.data === "own" && !this.own.kept) {
      remarks.push("The browser has no room to keep this text: after a reload, bring it again.");
    }
    return remarks.filter((words) => words !== "");
  }

  #renderPreview() {
    const { data } = this.choice;
    const { origin } = dataSet(data);
    const text = data === "own" && this.own.inField ? "" : firstLines(this.#taken.pieces[0] ?? "");
    this.preview.replaceChildren(...[
      text && h("pre", { ...VERBATIM, class: "train-lines", tabindex: 0, role: "group", "aria-label": "How the text begins" }, text),
      origin && h("p", { class: "train-origin" }, `${origin} `, h("a", { href: new URL("../../data/README.md", import.meta.url).href, target: "_blank", rel: "noopener" }, "The notice")),
    ].filter((element) => element !== ""));
  }
}

/** @param {string[]} pieces @param {number} most  characters, roughly @returns {string} */
function beginning(pieces, most) {
  let text = "";
  for (const piece of pieces) {
    if (text.length >= most) break;
    text += piece;
  }
  // A single long piece is cut after a whole character; a rest that is not worth an estimate stays.
  return text.length <= 1.2 * most ? text : text.slice(0, most).replace(/[\ud800-\udbff]$/, "");
}

/** @param {string} text @returns {string} */
function firstLines(text) {
  const lines = text.slice(0, PREVIEW.characters).split("\n").slice(0, PREVIEW.lines).join("\n").replace(/[\ud800-\udbff]$/, "");
  return lines.length < text.length ? `${lines}…` : lines;
}

/** How to cut the text into tokens. @param {(change: Partial<TextChoice>) => void} choose */
function tokenizerParts(choose) {
  const group = uniqueId("tokenizer");
  /** @param {Tokenizer} value */
  const radio = (value) => h("input", { type: "radio", name: group, value, onchange: () => choose({ tokenizer: value }) });
  const radios = [radio("character"), radio("bpe")];
  const pieces = new NumberInput({ ...PIECES, step: 1, whole: true, value: PIECES.initial, onInput: (value) => choose({ pieces: value }) });
  const row = h("label", { class: "train-pieces" }, `Tokens to know (${PIECES.min} to ${number(PIECES.max)}) `, pieces.field, pieces.note);
  const reason = h("p", { class: "train-hint", hidden: true });
  const element = h("fieldset", { class: "train-tokenizer" }, h("legend", null, "Read it as"), reason,
    h("div", { class: "train-options" },
      optionCard(radios[0], "Characters", "Each character is one token. Right for most small texts."),
      optionCard(radios[1], "Word pieces", "Frequent groups of letters are one token. For long texts and large scripts.")),
    row);
  /** @type {ModelInfo | null} */ let fixed = null;
  /** @type {TextChoice | null} */ let chosen = null;
  const draw = () => {
    const kind = fixed?.vocabulary_kind ?? chosen?.tokenizer;
    for (const input of radios) {
      input.checked = input.value === kind;
      input.disabled = fixed !== null;
    }
    row.hidden = fixed !== null || kind !== "bpe";
    reason.hidden = fixed === null;
    write(reason, fixed ? `${fixed.name} reads every text by its own ${number(fixed.config.vocab_size)} tokens.` : "");
  };
  return {
    element,
    /** @param {TextChoice} choice */
    show(choice) {
      chosen = choice;
      pieces.set(choice.pieces);
      draw();
    },
    /** A model's own letters are what they are. @param {ModelInfo | null} model */
    fix(model) {
      fixed = model;
      draw();
    },
  };
}

/** @param {string} name @param {string} value */
const fact = (name, value) => h("div", null, h("dt", null, name), h("dd", null, value));
