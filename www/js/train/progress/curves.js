// The curves of a training: one large chart, and every quantity in a small one beside it that makes it the large one.
// All of them share the step axis and what is marked on it.

import { CurveChart } from "../../charts/curve.js";
import { h, uniqueId, write } from "../../page/dom.js";
import { curveParts, legendKey } from "./parts.js";
import { momentAt } from "./moment.js";
import { QUANTITIES, inWords } from "./quantities.js";
import { loss } from "../words.js";

/**
 * @typedef {import("./quantities.js").Quantity} Quantity
 * @typedef {import("./quantities.js").Overlay} Overlay
 * @typedef {import("./moment.js").Told} Told
 * @typedef {import("./moment.js").Then} Then
 * @typedef {{ quantity: Quantity, chart: CurveChart, value: { number: HTMLElement, of: HTMLElement }, words: HTMLElement, log: boolean }} Card
 */

/** Drawing takes time from the training on a small machine, so the small ones are drawn less often. */
const DRAWING_MS = { large: 590, small: 1500 };
const SMALL_POINTS = 240;
/** Smoothing of the small ones, which have no room for more. */
const SMALL_SMOOTHING = 20;

export class TrainCurves {
  /** @type {Card[]} */
  #cards;
  /** The card of the large one. @type {Card} */
  #chosen;
  #smoothing = 20;
  /** @type {readonly Overlay[]} */
  #overlays = [];
  /** @type {(Told & { plan: import("../run.js").Plan | null, state: string }) | null} */
  #told = null;
  /** @type {Then | null} */
  #then = null;
  /** @type {number | null} */
  #hover = null;
  /** What is drawn, so that it is not drawn again. */
  #drawn = "";
  #drawnAt = { large: -Infinity, small: -Infinity };
  #described = "";

  /**
   * @param {object} options
   * @param {HTMLElement} options.scrub  stands under the large chart
   * @param {(step: number | null) => void} options.onHover
   * @param {(step: number) => void} options.onPick
   * @param {() => void} options.saveTable
   * @param {() => void} options.savePicture
   */
  constructor({ scrub, onHover, onPick, saveTable, savePicture }) {
    const group = uniqueId("curve");
    const made = QUANTITIES.map((quantity) => this.#card(quantity, group, onHover));
    this.#cards = made.map(({ card }) => card);
    this.#chosen = this.#cards[0];
    this.parts = curveParts(made.map(({ label }) => label), made.map(({ card }) => card.words), scrub, {
      view: (log, smoothing) => this.#view(log, smoothing), saveTable, savePicture,
    });
    this.element = this.parts.element;
    this.chart = new CurveChart(this.parts.host, { onHover, onPick, onDraw: () => this.#renderValues() });
    this.#choose(this.#chosen);
  }

  /** Other runs to draw beside this one. @param {readonly Overlay[]} overlays */
  set overlays(overlays) {
    this.#overlays = overlays;
    this.#drawn = this.#described = "";
    this.#render();
  }

  /** @param {Told & { plan: import("../run.js").Plan | null, state: string }} told @param {Then} then */
  show(told, then) {
    this.#told = told;
    this.#then = then;
    this.#render();
  }

  /** @param {number | null} past @param {number | null} hover */
  mark(past, hover) {
    this.#hover = hover;
    for (const { chart } of [this, ...this.#cards]) chart.mark(past, hover);
    this.#renderValues();
  }

  /** The charts that are shown, with their titles. */
  get shown() {
    const small = this.#cards.filter((card) => card !== this.#chosen).map(({ quantity, chart }) => ({ title: quantity.title, chart }));
    return [{ title: this.#chosen.quantity.title, chart: this.chart }, ...small];
  }

  /** @param {Quantity} quantity @param {string} group @param {(step: number | null) => void} onHover */
  #card(quantity, group, onHover) {
    const value = { number: h("span", null, "–"), of: h("small", null) };
    const words = h("p", { class: "visually-hidden", id: uniqueId("curve-words") });
    const host = h("span", { class: "curve-card-host", "aria-hidden": "true" });
    const input = h("input", { type: "radio", name: group, value: quantity.id, checked: quantity === QUANTITIES[0], "aria-describedby": words.id, onchange: () => this.#choose(card) });
    const label = h("label", { class: "curve-card" }, input, h("span", { class: "curve-card-title" }, quantity.title), h("span", { class: "curve-card-value" }, value.number, " ", value.of), host);
    /** @type {Card} */
    const card = { quantity, chart: new CurveChart(host, { small: true, onHover }), value, words, log: quantity.log ?? false };
    card.chart.setLog(card.log);
    return { card, label };
  }

  /** @param {Card} card */
  #choose(card) {
    const { quantity, log } = card;
    const { parts } = this;
    this.#chosen = card;
    parts.title.textContent = quantity.title;
    parts.hint.textContent = quantity.hint;
    parts.log.checked = log;
    parts.log.disabled = quantity.log === null;
    parts.smoothing.disabled = !quantity.smooths;
    this.chart.setLog(log);
    this.#drawn = this.#described = "";
    this.#render();
  }

  /** @param {boolean} log @param {number} smoothing */
  #view(log, smoothing) {
    this.#chosen.log = log;
    this.#smoothing = smoothing;
    this.chart.setLog(log);
    this.#chosen.chart.setLog(log);
    this.#drawn = "";
    this.#render();
  }

  #render() {
    const told = this.#told;
    if (!told) return;
    const { facts, course, state } = told;
    const key = [facts.step, facts.evaluations.length, course.tokensPerSecond.lastStep, state].join(" ");
    if (key !== this.#drawn) {
      // What may not move any more is drawn at once; while it moves, the next report comes soon.
      const ended = !this.#drawn.endsWith(` ${state}`);
      const now = performance.now();
      if (ended || now - this.#drawnAt.large >= DRAWING_MS.large) {
        this.#drawn = key;
        this.#drawnAt.large = now;
        this.chart.show(() => this.#data(this.#chosen.quantity, this.#smoothing, Infinity));
      }
      if (ended || now - this.#drawnAt.small >= DRAWING_MS.small) {
        this.#drawnAt.small = now;
        for (const { quantity, chart } of this.#cards) chart.show(() => this.#data(quantity, SMALL_SMOOTHING, SMALL_POINTS));
      }
    }
    this.#describe();
    this.#renderValues();
  }

  /**
   * @param {Quantity} quantity @param {number} smoothing @param {number} most
   * @returns {import("../../charts/curve.js").CurveData}
   */
  #data(quantity, smoothing, most) {
    const told = this.#told;
    if (!told) return { lines: [], reached: 0, steps: 1 };
    const { facts, plan } = told;
    const lines = quantity.lines(told, { smoothing, most, overlays: this.#overlays });
    const { vocabulary, baselines } = facts;
    const levels = /** @type {[string, number | undefined][]} */ ([["guessing blindly", vocabulary > 1 ? vocabulary : undefined], ["counting letters", baselines?.letters], ["counting pairs of letters", baselines?.pairs]]);
    const guides = quantity.guess ? levels.flatMap(([label, perplexity]) => (perplexity && quantity.guess ? [{ value: quantity.guess(perplexity), label }] : [])) : [];
    return { lines, reached: facts.step, steps: plan?.train.steps ?? 1000, guides };
  }

  #renderValues() {
    const told = this.#told;
    if (!told || !this.#then) return;
    const then = this.#hover === null ? this.#then : momentAt(told, this.#hover);
    for (const { quantity, value } of this.#cards) {
      const { value: figure, of } = quantity.figure(then);
      write(value.number, figure === null || figure === undefined ? "–" : quantity.format(figure));
      write(value.of, figure === null || figure === undefined ? "" : of);
    }
    this.#renderLegend(then.step, this.#hover !== null || !then.now);
  }

  /** @param {number} step @param {boolean} isPast */
  #renderLegend(step, isPast) {
    const { parts } = this;
    const { format } = this.#chosen.quantity;
    const readings = this.chart.readAt(step);
    const look = readings.map(({ line }) => `${line.name} ${line.colour} ${line.dash}`).join("|");
    if (look !== parts.legend.dataset.look) {
      parts.legend.dataset.look = look;
      parts.legend.replaceChildren(...readings.map(({ line }) => h("span", null, legendKey(line), `${line.name} `, h("span", { class: "train-legend-value" }))), h("span", { class: "train-legend-step" }));
    }
    const values = parts.legend.querySelectorAll(".train-legend-value");
    readings.forEach(({ value }, i) => write(values[i], value === null ? "–" : format(value)));
    if (parts.legend.lastElementChild) write(parts.legend.lastElementChild, isPast ? `at step ${step.toLocaleString("en-GB")}` : "");
  }

  /** The charts in words and the evaluations as a table, renewed with each evaluation. */
  #describe() {
    const told = this.#told;
    if (!told) return;
    const { facts: { evaluations }, plan, state } = told;
    const key = `${plan?.data_name} ${evaluations.length} ${evaluations.at(-1)?.step} ${state}`;
    if (key === this.#described) return;
    this.#described = key;
    for (const { quantity, words } of this.#cards) {
      words.textContent = inWords(quantity, quantity.lines(told, { smoothing: 1, most: Infinity, overlays: this.#overlays }));
    }
    this.parts.host.setAttribute("aria-label", this.#chosen.words.textContent ?? "");
    this.parts.rows.replaceChildren(...evaluations.map(({ step, loss: value, perplexity, accuracy }) =>
      h("tr", null, h("td", null, step.toLocaleString("en-GB")), h("td", null, loss(value)), h("td", null, perplexity.toFixed(2)), h("td", null, `${(accuracy * 100).toFixed(1)} %`))).reverse());
  }
}
