// The trainings that were ticked: drawn over each other in one chart, and side by side in a table.

import { CurveChart } from "../charts/curve.js";
import { LossHistory } from "../charts/series.js";
import { h } from "../page/dom.js";
import { legendKey } from "../train/progress/parts.js";
import { beside, QUANTITIES } from "../train/progress/quantities.js";
import { comparison } from "./compare.js";

/**
 * @typedef {import("./library.js").RunCard} RunCard
 * @typedef {import("./row.js").Mark} Mark
 * @typedef {import("../train/progress/quantities.js").Overlay} Overlay
 * @typedef {import("../train/run.js").TrainRun} TrainRun
 * @typedef {{ run: TrainRun, onOverlays: (overlays: Overlay[]) => void, onProblem: (words: string) => void, onChange: () => void }} Hooks
 *   onOverlays: these are to be drawn beside the training that this tab has open
 */

/** Told apart without colour by letter and dash. The first colour is near that of the validation curve. @type {readonly Omit<Mark, "letter">[]} */
const MARKS = [
  { colour: "--head-1", dash: [10, 4] }, { colour: "--head-2", dash: [2, 3] }, { colour: "--head-3", dash: [10, 4, 2, 4] }, { colour: "--head-6", dash: [16, 4] },
  { colour: "--head-4", dash: [4, 4] }, { colour: "--head-7", dash: [12, 3, 2, 3, 2, 3] }, { colour: "--head-5", dash: [7, 2] }, { colour: "--head-0", dash: [2, 7] },
];
const SMOOTHING = 20;
const POINTS = 400;
const LOSS = QUANTITIES[0];

/** @param {number} slot @returns {Mark} */
const markOf = (slot) => ({ ...MARKS[slot], letter: String.fromCharCode(65 + slot) });

export class ChosenRuns {
  #run;
  #library;
  #hooks;
  /** Which of the marks each has. @type {Map<string, number>} */ #slots = new Map();
  /** What the overlays were made of, and what the chart. */ #drawn = { overlays: "", chart: "" };
  #comparing = false;
  /** @type {CurveChart | null} */ #chart = null;

  /** @param {Hooks} hooks */
  constructor(hooks) {
    this.#hooks = hooks;
    this.#run = hooks.run;
    this.#library = hooks.run.library;
    this.button = h("button", { type: "button", "aria-expanded": "false", onclick: () => this.#toggle() }, "Compare");
    this.host = h("div", { class: "train-chart runs-chart", role: "img", "aria-label": "Loss against steps" });
    this.legend = h("p", { class: "train-legend" });
    this.table = h("div", null);
    this.element = h("section", { class: "runs-compared", hidden: true, "aria-label": "Comparison" },
      h("div", { class: "train-chart-head" }, h("h4", null, "Loss, in nats a token"), this.legend),
      this.host,
      h("p", { class: "train-hint" }, "With rings: on held-back text, at each measurement. Thin: on the text that it learns from, smoothed over the steps."),
      this.table);
  }

  get size() {
    return this.#slots.size;
  }

  /** @param {string} id @returns {Mark | null} how it is told apart, if it is chosen */
  markOf(id) {
    const slot = this.#slots.get(id);
    return slot === undefined ? null : markOf(slot);
  }

  /** @param {string} id @param {boolean} on */
  choose(id, on) {
    const taken = new Set(this.#slots.values());
    const free = MARKS.findIndex((_, slot) => !taken.has(slot));
    if (!on) this.#slots.delete(id);
    else if (free >= 0) this.#slots.set(id, free);
    this.#hooks.onProblem(on && free < 0 ? `Up to ${MARKS.length} can be compared at once. Untick one first.` : "");
    this.#hooks.onChange();
  }

  #toggle() {
    this.#comparing = !this.#comparing;
    this.#hooks.onChange();
  }

  /** @param {readonly RunCard[]} cards  all that there are @param {(card: RunCard) => string} stateOf  in words */
  async render(cards, stateOf) {
    for (const id of this.#slots.keys()) if (!cards.some((card) => card.id === id)) this.#slots.delete(id);
    const chosen = cards.filter(({ id }) => this.#slots.has(id));
    const shown = this.#comparing && chosen.length > 1;
    this.button.disabled = chosen.length < 2;
    this.button.setAttribute("aria-expanded", String(shown));
    this.button.textContent = chosen.length < 2 ? "Compare" : this.#comparing ? "Hide the comparison" : `Compare the ${chosen.length} chosen`;
    this.element.hidden = !shown;
    const key = JSON.stringify([this.#run.id, ...chosen.map(({ id, name, savedAt }) => [id, name, savedAt, this.#slots.get(id)])]);
    await Promise.all([key !== this.#drawn.overlays && this.#renderOverlays(key, chosen), shown && this.#renderCompared(key, chosen, stateOf)]);
  }

  /** @param {string} key @param {readonly RunCard[]} chosen */
  async #renderOverlays(key, chosen) {
    this.#drawn.overlays = key;
    const overlays = await Promise.all(chosen.filter(({ id }) => id !== this.#run.id).map((card) => this.#overlay(card)));
    if (key === this.#drawn.overlays) this.#hooks.onOverlays(overlays);
  }

  /** @param {RunCard} card @returns {Promise<Overlay>} */
  async #overlay({ id, name }) {
    const { letter, colour, dash } = markOf(this.#slots.get(id) ?? 0);
    const curves = await this.#curvesOf(id, name);
    return { name: `${letter} ${name}`, colour, dash, ...LossHistory.from(curves?.history ?? { width: 1, sums: [], counts: [] }).points(), evaluations: curves?.facts.evaluations ?? [] };
  }

  /** Curves that cannot be shown keep no others from being drawn. @param {string} id @param {string} name */
  async #curvesOf(id, name) {
    try {
      return id === this.#run.id ? this.#run.curves(this.#run.facts) : await this.#library.curves(id);
    } catch (error) {
      this.#hooks.onProblem(`"${name}": ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  }

  /** @param {string} key @param {readonly RunCard[]} chosen @param {(card: RunCard) => string} stateOf */
  async #renderCompared(key, chosen, stateOf) {
    const compared = await Promise.all(chosen.map(async (card) => {
      const facts = (await this.#curvesOf(card.id, card.name))?.facts;
      return facts ? [{ letter: markOf(this.#slots.get(card.id) ?? 0).letter, card, facts, state: stateOf(card) }] : [];
    }));
    const table = comparison(compared.flat());
    // A table that is being scrolled through stays while nothing changes.
    if (table.innerHTML !== this.table.firstElementChild?.innerHTML) this.table.replaceChildren(table);
    if (key !== this.#drawn.chart) await this.#renderChart(key, chosen);
  }

  /** @param {string} key @param {readonly RunCard[]} chosen */
  async #renderChart(key, chosen) {
    this.#drawn.chart = key;
    this.#chart ??= new CurveChart(this.host);
    const overlays = await Promise.all(chosen.map((card) => this.#overlay(card)));
    if (key !== this.#drawn.chart) return;
    const lines = overlays.flatMap((overlay) => beside(overlay, { smoothing: SMOOTHING, most: POINTS, overlays: [] }, (curve) => curve));
    const steps = Math.max(...chosen.map(({ plan }) => plan.train.steps));
    this.#chart.show(() => ({ lines, reached: steps, steps }));
    const read = lines.filter(({ faint }) => !faint);
    this.legend.replaceChildren(...read.map((line) => h("span", null, legendKey(line), h("bdi", { translate: "no" }, line.name))));
    this.host.setAttribute("aria-label", read.map(({ name, steps, values }) => {
      const low = values.indexOf(Math.min(...values));
      return values.length === 0 ? `${name}: nothing measured yet` : `${name}: from ${LOSS.format(values[0])} to ${LOSS.format(values.at(-1) ?? 0)}, lowest ${LOSS.format(values[low])} at step ${steps[low].toLocaleString("en-GB")}`;
    }).join("; "));
  }
}
