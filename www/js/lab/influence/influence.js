// Influence: which earlier tokens a token heard, and how loudly; in one layer, or over all by gradient.

import { segmented } from "../../page/controls.js";
import { h, write, writeQuoting } from "../../page/dom.js";
import { InfluencePicture, MEASURES } from "./picture.js";
import { cellWords, heardWords, largest, rowOf } from "./words.js";

/**
 * @typedef {import("../shared.js").Lab} Lab
 * @typedef {import("../shared.js").View} View
 * @typedef {import("./words.js").Heard} Heard
 * @typedef {import("./words.js").Measure} Measure
 */

const ABOUT = "Which earlier tokens a token heard, and how loudly. In one layer it is exact: what every token's deposit adds to what the token takes in. Over all layers it is measured by the gradient: how fast the loss of one prediction changes with each token's embedding, the list of numbers that stands for it.";
/** Cells of a layer's map in one answer, and how long a piece of the gradient's map may take, in milliseconds. */
const CELLS = 32_768;
/** A map has their square of numbers, three times. */
const MOST_TOKENS = 4096;
const PIECE = 30;

/** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip @returns {View} */
export function makeInfluenceView(lab, strip) {
  const view = new InfluenceView(lab, strip);
  return {
    id: "influence", terms: ["Influence", "Gradient"], name: "Influence", about: ABOUT, layers: true, element: view.element,
    refresh: () => view.refresh(), pointed: () => view.pointed(), hide: () => view.hide(),
  };
}

class InfluenceView {
  #lab;
  #strip;
  #picture = new InfluencePicture();
  /** @type {"layer" | "gradient"} */ #by = "layer";
  /** One head's channels, or -1 for those of all. */ #head = -1;
  /** What is looked at changes with it, and what was asked for before is not wanted any more. */ #look = 0;
  /** Whether all rows are being computed. */ #filling = false;
  /** The row that is being asked for, or -1. */ #asking = -1;
  #heads = h("select", { "aria-label": "Head", onchange: () => { this.#head = Number(this.#heads.value); this.#lab.changed(); } });
  #headField = h("label", { class: "influence-head" }, h("span", { class: "field-label" }, "Head"), this.#heads);
  #measures = h("div");
  #note = h("p", { class: "field-hint" });
  #fill = h("button", { type: "button", class: "small", onclick: () => this.#toggle() }, "Compute every row");
  #progress = h("progress", { class: "influence-progress", max: 1, value: 0, "aria-label": "Rows computed", hidden: true });
  #filler = h("div", { class: "influence-fill", hidden: true }, this.#fill, this.#progress);
  #words = h("p", { class: "influence-words", role: "status" });
  #map = h("div", { class: "influence-map", tabindex: "0", role: "group", "aria-label": "The map. Arrow up and down choose the token that hears, left and right the one that is heard." });

  /** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip */
  constructor(lab, strip) {
    this.#lab = lab;
    this.#strip = strip;
    const by = segmented({
      label: "Through", value: this.#by, choices: [{ value: "layer", text: "This layer" }, { value: "gradient", text: "All layers, by gradient" }],
      onInput: (value) => { this.#by = value; lab.changed(); },
    });
    this.#map.append(this.#picture.figure.element);
    const extent = segmented({
      label: "Map", value: "near", choices: [{ value: "near", text: "Near the token" }, { value: "whole", text: "Whole text" }],
      onInput: (value) => { this.#picture.near = value === "near"; this.#redraw(); },
    });
    this.element = h("div", { class: "influence" },
      h("div", { class: "lab-choices" }, by.element, this.#headField, this.#measures, extent.element),
      this.#note, this.#filler, this.#map, this.#words);
    const { canvas } = this.#picture.figure;
    canvas.addEventListener("pointermove", (event) => this.#onPoint(event));
    canvas.addEventListener("pointerdown", (event) => this.#onPoint(event));
    canvas.addEventListener("pointerleave", () => this.#column(-1));
    this.#map.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** The token whose row is chosen: the last one where none is. */
  get #row() {
    const last = (this.#picture.heard?.tokens.length ?? 0) - 1;
    return this.#lab.token < 0 ? last : Math.min(this.#lab.token, last);
  }

  async refresh() {
    const { cut } = this.#lab;
    if (!cut) return;
    const look = ++this.#look;
    this.#filling = false;
    this.#asking = -1;
    const { config } = cut;
    this.#offer(config);
    const standard = config.field_size === 0;
    if (this.#picture.measure === "weights" && (!standard || this.#by === "gradient")) this.#picture.measure = "loud";
    this.#offerMeasures(standard);
    write(this.#note, this.#explained(standard));
    const heard = this.#by === "layer" ? await this.#layer(look, config) : await this.#gradient(look);
    if (!heard || look !== this.#look) return;
    const wide = this.element.clientWidth || 600;
    this.#picture.figure.setHeight(Math.round(Math.max(330, Math.min(620, wide * 0.6 + 120))));
    this.#show(heard);
  }

  /** @param {import("../../engine/protocol.js").ModelConfig} config */
  #offer(config) {
    this.#headField.hidden = this.#by === "gradient";
    this.#filler.hidden = this.#by === "layer";
    if (this.#head >= config.num_heads) this.#head = -1;
    if (this.#heads.options.length !== config.num_heads + 1) {
      this.#heads.replaceChildren(h("option", { value: -1 }, "All"), ...Array.from({ length: config.num_heads }, (_, i) => h("option", { value: i }, i + 1)));
    }
    this.#heads.value = String(this.#head);
  }

  /** @param {boolean} standard */
  #offerMeasures(standard) {
    const names = /** @type {Measure[]} */ (standard && this.#by === "layer" ? ["loud", "signed", "weights"] : ["loud", "signed"]);
    const shown = `${this.#by} ${names.join()}`;
    if (this.#measures.dataset.shown === shown) return;
    this.#measures.dataset.shown = shown;
    this.#measures.replaceChildren(segmented({
      label: "Shown", value: this.#picture.measure, choices: names.map((value) => ({ value, text: value === "loud" && this.#by === "gradient" ? "Strength" : MEASURES[value] })),
      onInput: (value) => {
        this.#picture.measure = value;
        write(this.#note, this.#explained(standard));
        this.#redraw();
      },
    }).element);
  }

  /** What the numbers are. @param {boolean} standard */
  #explained(standard) {
    const { measure } = this.#picture;
    if (this.#by === "gradient") {
      return measure === "loud"
        ? "Strength: the length of the gradient, how fast the prediction's loss changes when a token's embedding moves the way that changes it most."
        : "Gradient times embedding: for, where more of a token's embedding would make the prediction surer; against, where less would. True for small changes.";
    }
    if (measure === "weights") return "The attention weight: how a token shares out its attention, adding up to 1; with all heads, their mean.";
    if (measure === "signed") return "How far each token's part points along the sum of all parts: for, or against it. Each row adds up to 1.";
    return standard
      ? "Loudness: the length of what a token adds, its values times the attention weight."
      : "Loudness: the length of what a token adds, its deposit as the waves carry it, coupled and gated. The heads are mixed, so one head's row holds what it takes of the other heads' waves, too.";
  }

  /** @param {number} look @param {import("../../engine/protocol.js").ModelConfig} config @returns {Promise<Heard | null>} */
  async #layer(look, config) {
    const { layer } = this.#lab;
    const heard = this.#empty("layer", `layer ${layer + 1}, ${this.#head < 0 ? "all heads" : `head ${this.#head + 1}`}`);
    const n = heard.tokens.length;
    if (config.field_size === 0) heard.weights = new Float32Array(n * n);
    const most = Math.max(1, Math.floor(CELLS / n));
    for (let first = 0; first < n; first += most) {
      const part = await this.#lab.observe("influence", { layer, head: this.#head < 0 ? null : this.#head, first, count: most });
      if (look !== this.#look) return null;
      heard.loud.set(part.loudness, first * n);
      heard.signed.set(part.share, first * n);
      heard.weights?.set(part.weights, first * n);
      heard.known.fill(1, first, first + most);
    }
    return heard;
  }

  /** The chosen token's row alone. @param {number} look @returns {Promise<Heard | null>} */
  async #gradient(look) {
    const heard = this.#empty("gradient", "all layers");
    const last = heard.tokens.length - 1;
    await this.#rows(heard, this.#lab.token < 0 ? last : Math.min(this.#lab.token, last), 1, look);
    return look === this.#look ? heard : null;
  }

  /** @param {"layer" | "gradient"} by @param {string} place @returns {Heard} */
  #empty(by, place) {
    const tokens = this.#lab.cut?.tokens ?? [];
    const n = tokens.length;
    if (n > MOST_TOKENS) {
      const [needed, most] = [n, MOST_TOKENS].map((tokens) => Math.ceil((3 * 4 * tokens ** 2) / 2 ** 20).toLocaleString("en-GB"));
      throw new Error(`What each of ${n.toLocaleString("en-GB")} tokens heard of each takes about ${needed} MB of memory, and at most ${most} MB may be taken: choose a text of at most ${MOST_TOKENS.toLocaleString("en-GB")} tokens.`);
    }
    return {
      tokens, by, place, loud: new Float32Array(n * n), signed: new Float32Array(n * n), weights: null,
      known: new Uint8Array(n), targets: Array(n).fill(""), losses: new Float32Array(n),
    };
  }

  /** Computes some rows by gradient. @param {Heard} heard @param {number} first @param {number} count @param {number} look */
  async #rows(heard, first, count, look) {
    const part = await this.#lab.observe("influence_gradient", { first, count });
    if (look !== this.#look) return;
    const n = heard.tokens.length;
    heard.loud.set(part.strength, first * n);
    heard.signed.set(part.support, first * n);
    part.targets.forEach((target, at) => { heard.targets[first + at] = target; });
    heard.losses.set(part.losses, first);
    heard.known.fill(1, first, first + count);
  }

  /** Computes all rows, or stops. */
  #toggle() {
    if (this.#filling) {
      this.#filling = false;
      this.#offerRows();
    } else {
      this.#fillRows().catch((error) => {
        this.#filling = false;
        this.#offerRows();
        write(this.#words, `The rows could not be computed: ${error instanceof Error ? error.message : String(error)}. Look again by choosing another view and coming back.`);
      });
    }
  }

  /** From the last row to the first, in pieces that leave the engine time for others. */
  async #fillRows() {
    const { heard } = this.#picture;
    if (!heard) return;
    const look = this.#look;
    this.#filling = true;
    let count = 1;
    for (let end = heard.tokens.length; end > 0 && this.#filling && look === this.#look;) {
      if (heard.known[end - 1]) {
        end--;
        continue;
      }
      // A row that was there stays: computed together with others it differs in the last digit.
      let first = end - 1;
      while (first > 0 && end - first < count && !heard.known[first - 1]) first--;
      const begun = performance.now();
      await this.#rows(heard, first, end - first, look);
      if (look !== this.#look) return;
      const each = (performance.now() - begun) / (end - first);
      count = Math.max(1, Math.min(2 * count, Math.floor(PIECE / Math.max(each, 0.1))));
      end = first;
      this.#offerRows();
      this.#picture.figure.redraw();
    }
    if (look !== this.#look) return;
    this.#filling = false;
    this.#redraw();
  }

  /** The button and the progress as they are now. */
  #offerRows() {
    const { heard } = this.#picture;
    if (!heard) return;
    const known = heard.known.reduce((sum, value) => sum + value, 0);
    const done = known === heard.tokens.length;
    write(this.#fill, this.#filling ? "Stop" : done ? "Every row is computed" : "Compute every row");
    this.#fill.disabled = done && !this.#filling;
    this.#progress.hidden = !this.#filling;
    this.#progress.value = known / heard.tokens.length;
  }

  /** @param {Heard} heard */
  #show(heard) {
    this.#picture.heard = heard;
    this.#redraw();
  }

  /** Draws and says what is known, for the chosen token. */
  #redraw() {
    const { heard, measure, figure } = this.#picture;
    if (!heard) return;
    const row = this.#row;
    this.#picture.row = row;
    const values = rowOf(heard, measure, row);
    const most = largest(values) || 1;
    this.element.dataset.look = `${heard.by} ${row}`;
    figure.update();
    this.#strip.show(heard.tokens, { shares: Array.from(values, (value) => value / most), say: (token) => heardWords(heard, measure, token) });
    this.#offerRows();
  }

  pointed() {
    const { heard } = this.#picture;
    if (!heard || heard.tokens !== this.#lab.cut?.tokens) return;
    this.#redraw();
    if (!heard.known[this.#row]) this.#ask(heard);
  }

  /** Has the chosen row computed; of the wishes of a moving pointer, the last. @param {Heard} heard */
  async #ask(heard) {
    if (this.#asking >= 0 || this.#filling) return;
    const look = this.#look;
    this.#asking = this.#row;
    try {
      while (look === this.#look && !heard.known[this.#row]) {
        this.#asking = this.#row;
        await this.#rows(heard, this.#asking, 1, look);
      }
    } catch (error) {
      write(this.#words, `This row could not be computed: ${error instanceof Error ? error.message : String(error)}.`);
    } finally {
      if (look === this.#look) {
        this.#asking = -1;
        this.#redraw();
      }
    }
  }

  /** @param {PointerEvent} event */
  #onPoint(event) {
    const cell = this.#picture.cell(event.offsetX, event.offsetY);
    if (!cell) return this.#column(-1);
    this.#lab.point(cell.row);
    this.#column(cell.column);
  }

  /** Chooses a column. @param {number} column */
  #column(column) {
    const { heard, measure, figure } = this.#picture;
    this.#picture.column = column;
    writeQuoting(this.#words, heard && column >= 0 ? cellWords(heard, measure, this.#row, column) : "");
    figure.redraw();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const last = (this.#picture.heard?.tokens.length ?? 0) - 1;
    if (event.target !== this.#map || last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const within = (/** @type {number} */ at) => Math.max(0, Math.min(last, at));
    const down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const along = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (down === undefined && along === undefined) return;
    event.preventDefault();
    if (down !== undefined) this.#lab.point(within(this.#row + down));
    const { column } = this.#picture;
    this.#column(along === undefined ? column : column < 0 ? this.#row : within(column + along));
  }

  hide() {
    this.#look++;
    this.#filling = false;
    this.#asking = -1;
    this.#picture.heard = null;
    this.#picture.column = -1;
    write(this.#words, "");
  }
}
