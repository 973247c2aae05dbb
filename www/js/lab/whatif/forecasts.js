// How far the forecasts for the next token lie apart before and after, at every token of the text: in the text, as
// bars along it, and for one token the next tokens that gained or lost most.

import { Figure } from "../../charts/figure.js";
import { h, write, writeQuoting } from "../../page/dom.js";
import { visible } from "../../page/signs.js";
import { percent, spoken } from "../../page/token-view.js";
import { tokenAt } from "./places.js";
import { drawTokenBars } from "./token-bars.js";

/**
 * @typedef {import("../shared.js").Lab} Lab
 * @typedef {import("../../engine/observations.js").Parted} Parted
 * @typedef {import("../../engine/observations.js").Before} Before
 */

/** Tokens that gained, and as many that lost. */
const MOVED = 3;
const NONE = 2 ** 32 - 1;
/** What moves by less than half of what is shown has not moved. */
const LEAST = 0.0005;
const HEIGHT = 190;

export class Forecasts {
  #lab;
  #strip;
  /** @type {Parted | null} */ #parted = null;
  /** @type {string[]} */ #tokens = [];
  #words = "";
  #mean = 0;
  /** The token whose forecasts lie furthest apart. */ #furthest = 0;
  #figure;
  #title = h("h4", { class: "whatif-moved-title" });
  #which = h("p", { class: "field-hint" });
  #table = h("table", { class: "whatif-moved" });
  #followed = h("p", { class: "field-hint" });

  /** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip */
  constructor(lab, strip) {
    this.#lab = lab;
    this.#strip = strip;
    this.#figure = new Figure({
      name: "what-if-forecasts", height: HEIGHT,
      title: () => "What if: how far the forecasts for the next token move",
      draw: (context, width, height) => drawTokenBars(context, width, height, {
        tokens: this.#tokens.map(visible), amounts: this.#bits, unit: "bits", mean: this.#mean, chosen: this.#chosen,
      }),
      describe: () => this.#describe(),
      table: () => this.#numbers(),
    });
    const { canvas } = this.#figure;
    const point = (/** @type {MouseEvent} */ { offsetX }) => {
      const token = tokenAt(offsetX, canvas.clientWidth, this.#tokens.length);
      if (token >= 0) lab.point(token);
    };
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("click", point);
    this.element = h("section", { class: "whatif-part", "aria-labelledby": "whatif-forecasts" },
      h("h3", { id: "whatif-forecasts" }, "Forecasts, token by token"),
      h("p", { class: "field-hint whatif-wide" }, "After each token the model has a probability for everything that could come next. A bar is how far the forecast after the change lies from the one before it (the Kullback-Leibler divergence, in bits: what it costs on average to believe the later forecast where the earlier one holds; 0 when they are the same)."),
      h("div", { class: "whatif-beside" }, this.#figure.element,
        h("div", { class: "whatif-chosen" }, this.#title, this.#which, this.#table, this.#followed)));
  }

  get #bits() {
    return this.#parted?.bits ?? new Float32Array();
  }

  get #chosen() {
    const { token } = this.#lab;
    return token >= 0 && token < this.#bits.length ? token : -1;
  }

  /** Two readings, each a request of its own, so that other work gets in between. @param {Before} before @param {string} words What is compared. */
  async refresh(before, words) {
    const tokens = this.#lab.cut?.tokens ?? [];
    await this.#lab.observe("whatif_before", { before });
    const parted = await this.#lab.observe("whatif", { before });
    this.#words = words;
    this.#parted = parted;
    this.#tokens = tokens;
    this.#mean = parted.bits.reduce((sum, bits) => sum + bits, 0) / parted.bits.length;
    this.#furthest = parted.bits.reduce((best, bits, i) => (bits > parted.bits[best] ? i : best), 0);
    const most = parted.bits[this.#furthest];
    this.#strip.show(tokens, {
      shares: parted.bits.map((bits) => (most > 0 ? bits / most : 0)),
      say: (token) => `the forecast for what comes after it moves by ${bitsOf(parted.bits[token])}.`,
    });
    this.#figure.update();
    this.#showMoved();
  }

  pointed() {
    if (!this.#parted) return;
    this.#figure.redraw();
    this.#showMoved();
  }

  #describe() {
    const most = this.#bits[this.#furthest] ?? 0;
    const n = this.#tokens.length;
    if (!(most > 0)) return `${this.#words} At each of the ${n} tokens the forecast for the next one is the same before and after: 0 bits.`;
    return `${this.#words} Over the ${n} tokens the forecast for the next one moves by ${bitsOf(this.#mean)} on average, and most, by ${bitsOf(most)}, after token ${this.#furthest + 1}, ${named(this.#tokens[this.#furthest])}.`;
  }

  /** What gained and lost most after the chosen token; after the one that moved most, where none is chosen. */
  #showMoved() {
    const token = this.#chosen >= 0 ? this.#chosen : this.#furthest;
    const parted = /** @type {Parted} */ (this.#parted);
    const moved = this.#movedAfter(token);
    const place = `After token ${token + 1}, ${named(this.#tokens[token])}`;
    const what = moved.length > 0 ? "what gained and what lost most" : "no next token moves by as much as 0.1 points";
    writeQuoting(this.#title, `${place}: ${what}`);
    write(this.#which, this.#chosen < 0 && moved.length > 0 ? "The furthest move of all. Point at another token, in the text or among the bars." : "");
    this.#table.hidden = moved.length === 0;
    this.#table.replaceChildren(
      h("thead", null, h("tr", null, ["Next token", "Before", "After", "Change"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", null, moved.map(({ text, before, after }) => h("tr", { class: after > before ? "whatif-gained" : "whatif-lost" },
        h("th", { scope: "row", "aria-label": spoken(text) }, h("bdi", { translate: "no" }, visible(text))), h("td", null, percent(before)), h("td", null, percent(after)), h("td", null, points(after - before))))));
    const next = this.#tokens[token + 1];
    writeQuoting(this.#followed, next === undefined ? "" : `In the text ${named(next)} follows: ${percent(parted.followed_before[token])} before, ${percent(parted.followed_after[token])} after.`);
  }

  /** @param {number} token */
  #movedAfter(token) {
    const { moved, moved_before, moved_after } = /** @type {Parted} */ (this.#parted);
    const texts = this.#lab.app.state.get("model")?.tokens ?? [];
    const rows = [];
    for (let at = token * 2 * MOVED; at < (token + 1) * 2 * MOVED; at++) {
      if (moved[at] !== NONE && Math.abs(moved_after[at] - moved_before[at]) >= LEAST) rows.push({ text: texts[moved[at]] ?? "", before: moved_before[at], after: moved_after[at] });
    }
    return rows;
  }

  #numbers() {
    const parted = /** @type {Parted} */ (this.#parted);
    return {
      head: ["token", "text", "divergence in bits", "next token", "its probability before", "its probability after"],
      rows: this.#tokens.map((text, i) => [i + 1, text, parted.bits[i], this.#tokens[i + 1] ?? "", parted.followed_before[i] ?? "", parted.followed_after[i] ?? ""]),
    };
  }
}

/** A token within a sentence. @param {string} token */
const named = (token) => (spoken(token) === token ? `“${token}”` : spoken(token));

/** @param {number} bits */
const bitsOf = (bits) => `${bits === 0 ? "0" : bits < 0.001 ? "less than 0.001" : bits.toFixed(bits < 0.1 ? 3 : 2)} bits`;

/** Percentage points, with their sign. @param {number} change */
const points = (change) => `${change > 0 ? "▲ +" : "▼ −"}${Math.abs(100 * change).toFixed(1)} points`;
