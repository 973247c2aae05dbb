// What a model will read in place of the text: its tokens, one by one, and how often each stands in it. Folded, and not laid out
// before somebody unfolds it.

import { csv } from "../files/csv.js";
import { download, tableFile } from "../files/out.js";
import { ask } from "../page/ask.js";
import { h, uniqueId, VERBATIM } from "../page/dom.js";
import { TokenView, percent, spoken } from "../page/token-view.js";
import { visible } from "../page/signs.js";
import { number } from "../text/data-sets.js";
import { mostFrequent } from "./cutting.js";

/**
 * @typedef {import("./cutting.js").Cutting} Cutting
 * @typedef {import("../page/app.js").App} App
 */

/** Code units of the beginning that are shown. */
const SHOWN = 360;
/** Tokens in the table. */
const MOST = 15;
/** Colours that neighbours change through, so that none looks like the next. */
const COLOURS = 8;
const HOW = "Point at a token, or go from one to the next with the arrow keys.";

export class TokensPart {
  #cutting;
  /** @type {Cutting | null} */
  #shown = null;

  /** @param {App} app @param {() => Cutting | null} cutting  as the text is cut now; null while that is not known */
  constructor(app, cutting) {
    this.#cutting = cutting;
    this.line = h("span", { class: "tokens-line" });
    this.view = new TokenView("How the text begins, as tokens", (token, byKeyboard) => {
      const words = token && this.#shown ? inWords(this.#shown, token.id) : HOW;
      this.detail.textContent = words;
      if (token && byKeyboard) app.announce(words);
    });
    this.view.caption.hidden = true;
    this.detail = h("p", { class: "tokens-detail", translate: "no" }, HOW);
    this.facts = h("p", { class: "tokens-facts" });
    this.split = h("div", { class: "tokens-split" });
    this.table = h("div", { class: "tokens-table" });
    const save = h("button", { type: "button", class: "small", onclick: () => this.#save() }, "All tokens as CSV");
    this.element = h("details", { class: "train-details train-tokens", ontoggle: () => this.update() },
      h("summary", null, "See it as tokens", this.line),
      h("div", { class: "tokens-body" }, h("div", { class: "asked" }, this.facts, ask("Token", "Vocabulary", "Byte-level BPE")), this.view.element, this.detail, this.split, this.table, save));
  }

  /** Shows the text as it is cut now, if anyone sees it. */
  update() {
    const cutting = this.#cutting();
    this.line.textContent = cutting ? `: ${about(cutting)}${number(cutting.tokens)}, of ${number(kindsOf(cutting))} kinds` : "";
    if (!this.element.open || (cutting !== null && cutting === this.#shown)) return;
    this.#shown = cutting;
    this.facts.textContent = cutting ? factsOf(cutting) : "As soon as the text is read and cut, its tokens stand here.";
    for (const part of [this.view.element, this.detail, this.split, this.table]) part.hidden = !cutting;
    if (!cutting) return;
    this.#showText(cutting);
    this.split.replaceChildren(...splitOf(cutting));
    this.table.replaceChildren(tableOf(cutting));
  }

  /** @param {Cutting} cutting */
  #showText({ beginning, texts }) {
    this.view.clear("");
    let shown = 0;
    /** @type {import("../engine/protocol.js").GeneratedToken[]} */
    const tokens = [];
    for (const id of beginning) {
      if (shown >= SHOWN) break;
      shown += texts[id].length;
      tokens.push({ id, text: texts[id], probability: 1, alternatives: [] });
    }
    this.view.append(tokens);
    this.view.scroller.querySelectorAll(".token").forEach((span, i) => {
      span.setAttribute("data-colour", String(i % COLOURS));
      span.setAttribute("data-id", String(tokens[i].id));
      if (tokens[i].text.includes("\n")) span.classList.add("token-line");
    });
    this.view.scroller.scrollTop = 0;
  }

  #save() {
    if (!this.#shown) return;
    const { texts, counts } = this.#shown;
    const all = counts.reduce((sum, count) => sum + count, 0);
    download(tableFile(csv({ head: ["id", "token", "count", "share"], rows: mostFrequent(this.#shown, Infinity).map((id) => [id, visible(texts[id]), counts[id], counts[id] / all]) })), "tokens.csv");
  }
}

/** @param {Cutting} cutting */
const kindsOf = ({ counts }) => counts.reduce((kinds, count) => kinds + (count > 0 ? 1 : 0), 0);
/** @param {Cutting} cutting */
const about = ({ exact }) => (exact ? "" : "about ");
/** @param {Cutting} cutting */
const countedOf = ({ counts }) => counts.reduce((sum, count) => sum + count, 0);

/** @param {Cutting} cutting @param {number} id */
function inWords(cutting, id) {
  const count = cutting.counts[id];
  return `“${spoken(cutting.texts[id])}”: token ${id}, ${number(count)} ${count === 1 ? "time" : "times"}, ${percent(count / countedOf(cutting))} of all tokens`;
}

/** @param {Cutting} cutting */
function factsOf(cutting) {
  const { vocabulary, tokens, exact } = cutting;
  const kinds = kindsOf(cutting);
  const unmet = vocabulary > kinds ? `; ${number(vocabulary - kinds)} more are in the vocabulary and do not stand alone in it` : "";
  const sample = exact ? "" : ` They were learned and counted here on the first ${number(countedOf(cutting))} tokens, so as to be quick; training learns them from all of the text, so that some will be others.`;
  return `The text is ${about(cutting)}${number(tokens)} tokens of ${number(kinds)} kinds${unmet}.${sample}`;
}

/** What is learned from and what is held back, as lengths. @param {Cutting} cutting */
function splitOf(cutting) {
  const { tokens, learned } = cutting;
  const held = tokens - learned;
  const bar = h("div", { class: "tokens-split-bar", "aria-hidden": "true" }, h("span", { class: "tokens-learned" }), h("span", { class: "tokens-held" }));
  bar.style.gridTemplateColumns = `${learned}fr ${held}fr`;
  return [bar, h("p", { class: "tokens-split-words" },
    h("span", null, `Learned from: the first ${about(cutting)}${number(learned)} tokens (${percent(learned / tokens)})`),
    h("span", null, `Held back to measure on: the last ${about(cutting)}${number(held)} (${percent(held / tokens)})`))];
}

/** @param {Cutting} cutting */
function tableOf(cutting) {
  const { counts, texts } = cutting;
  const ids = mostFrequent(cutting, MOST);
  const all = countedOf(cutting);
  const rows = ids.map((id) => {
    const bar = h("span", { class: "tokens-bar" });
    bar.style.inlineSize = `${(100 * counts[id]) / counts[ids[0]]}%`;
    return h("tr", null, h("th", { scope: "row" }, h("bdi", VERBATIM, visible(texts[id]))), h("td", null, id), h("td", null, number(counts[id])),
      h("td", null, percent(counts[id] / all)), h("td", { class: "tokens-bars", "aria-hidden": "true" }, bar));
  });
  const caption = uniqueId("tokens");
  return h("table", { "aria-labelledby": caption }, h("caption", { id: caption }, `The ${ids.length === 1 ? "only token" : `${ids.length} tokens that stand in it most often`}`),
    h("thead", null, h("tr", null, ["Token", "Id", "Count", "Share"].map((name) => h("th", { scope: "col" }, name)), h("td", { class: "tokens-bars" }))), h("tbody", null, rows));
}
