// How the heads of one layer moved over the run: frequency, damping and phase, one line a head.

import { headColour } from "../../charts/colours.js";
import { CurveChart } from "../../charts/curve.js";
import { dashOf } from "../../charts/kernel.js";
import { segmented } from "../../page/controls.js";
import { atMostEvery, h } from "../../page/dom.js";
import { trajectories } from "../course.js";
import { allMoments } from "./moment.js";
import { legendKey } from "./parts.js";
import { plain } from "./quantities.js";

/**
 * @typedef {import("../../engine/protocol.js").Head} Head
 * @typedef {import("./moment.js").Told} Told
 * @typedef {import("../../../pkg/wavefield.js").WaveNumber} Property
 */

/** @type {readonly { id: Property, title: string, unit: string }[]} */
const PROPERTIES = [
  { id: "frequency", title: "Frequency ω", unit: "radians a cell: how fast the wave turns" },
  { id: "damping", title: "Damping α", unit: "a cell: how fast it dies down" },
  { id: "phase", title: "Phase φ", unit: "radians: where in its turn it starts" },
];
/** They move slowly, and drawing takes time from the training on a small machine. */
const DRAWING_MS = 1500;

export class TrainTrajectories {
  #layer = 0;
  #layers = 0;
  /** Drawn as the way from where each began, which is small against where it is. */
  #asChange = true;
  /** @type {(Told & { plan: import("../run.js").Plan | null, state: string }) | null} */
  #told = null;
  /** The heads in the table. @type {readonly Head[] | null} */
  #shown = null;
  #drawn = "";
  #described = "";
  #choice = h("div", null);
  #legend = h("p", { class: "train-legend" });
  #rows = h("tbody", null);
  #caption = h("caption", null);

  /** @param {{ onHover: (step: number | null) => void, onPick: (step: number) => void }} options */
  constructor({ onHover, onPick }) {
    this.charts = PROPERTIES.map((property) => {
      const host = h("div", { class: "train-chart train-chart-low", role: "img" });
      return { ...property, host, chart: new CurveChart(host, { onHover, onPick }) };
    });
    const table = h("details", { class: "train-table" }, h("summary", null, "Heads in figures"),
      h("table", null, this.#caption, h("thead", null, h("tr", null, ["Head", ...PROPERTIES.map(({ title }) => title)].map((name) => h("th", { scope: "col" }, name)))), this.#rows));
    const shown = segmented({
      label: "Drawn", value: "change", choices: [{ value: "change", text: "Change", title: "How far each has come from where it began" }, { value: "values", text: "Values" }],
      onInput: (value) => this.#show({ asChange: value === "change" }),
    });
    this.element = h("section", { class: "train-block" },
      h("div", { class: "train-chart-head" }, h("h3", null, "How the heads move"), h("div", { class: "train-head-choices" }, shown.element, this.#choice)),
      this.#legend,
      h("div", { class: "train-trajectories" }, this.charts.map(({ title, unit, host }) =>
        h("div", { class: "train-trajectory" }, h("h4", null, title), h("p", { class: "train-hint" }, unit), host))),
      table);
  }

  /**
   * @param {Told & { plan: import("../run.js").Plan | null, state: string }} told
   * @param {import("./moment.js").Then} then
   */
  show(told, then) {
    this.#told = told;
    const { facts, course, state } = told;
    this.#offer(facts.layers.length);
    const key = [facts.step, course.moments.items.at(-1)?.step, this.#layer, facts.layers.length, state].join(" ");
    if (key !== this.#drawn) {
      const goesOn = this.#drawn.endsWith(` ${state}`);
      this.#drawn = key;
      if (goesOn) this.#drawSoon();
      else this.#draw();
    }
    this.#describe(then);
  }

  /** @param {number | null} past @param {number | null} hover */
  mark(past, hover) {
    for (const { chart } of this.charts) chart.mark(past, hover);
  }

  /** The charts that are shown, with their titles. */
  get shown() {
    return this.charts.map(({ title, chart }) => ({ title: `${title}, layer ${this.#layer + 1}${this.#asChange ? ", change" : ""}`, chart }));
  }

  /** @param {number} layers */
  #offer(layers) {
    if (layers === this.#layers) return;
    this.#layers = layers;
    this.#layer = 0;
    const choices = Array.from({ length: layers }, (_, layer) => ({ value: layer, text: String(layer + 1) }));
    this.#choice.replaceChildren(segmented({ label: "Layer", choices, value: 0, onInput: (layer) => this.#show({ layer: Number(layer) }) }).element);
  }

  /** @param {{ layer?: number, asChange?: boolean }} what */
  #show({ layer = this.#layer, asChange = this.#asChange }) {
    this.#layer = layer;
    this.#asChange = asChange;
    this.#drawn = this.#described = "";
    this.#shown = null;
    this.onChoice();
  }

  /** Asks for a drawing; set by who shows this. */
  onChoice = () => {};

  #draw = () => {
    for (const { id, chart } of this.charts) chart.show(() => this.#data(id));
  };
  #drawSoon = atMostEvery(DRAWING_MS, this.#draw);

  /** @param {Property} property @returns {import("../../charts/curve.js").CurveData} */
  #data(property) {
    const told = this.#told;
    if (!told) return { lines: [], reached: 0, steps: 1 };
    const { steps, heads } = trajectories(allMoments(told), this.#layer);
    const lines = heads.map(({ [property]: values }, index) =>
      ({ ...lookOf(index), steps, values: this.#asChange ? values.map((value) => value - values[0]) : values }));
    return { lines, reached: told.facts.step, steps: told.plan?.train.steps ?? 1000 };
  }

  /** @param {import("./moment.js").Then} then */
  #describe({ layers, step, now }) {
    const heads = layers[this.#layer] ?? [];
    if (this.#shown === heads) return;
    this.#shown = heads;
    this.#caption.textContent = `Layer ${this.#layer + 1} ${now ? "now" : `at step ${step.toLocaleString("en-GB")}`}`;
    this.#rows.replaceChildren(...heads.map((head, index) => h("tr", null, h("th", { scope: "row" }, index + 1),
      PROPERTIES.map(({ id }) => h("td", null, plain(head[id]))))));
    const told = this.#told;
    const key = `${this.#layer} ${heads.length} ${told?.facts.evaluations.length} ${told?.state}`;
    if (!told || key === this.#described) return;
    this.#described = key;
    this.#legend.replaceChildren(...heads.map((_, index) => h("span", null, legendKey({ ...lookOf(index), steps: [], values: [] }), `head ${index + 1}`)));
    const first = told.facts.initialLayers[this.#layer] ?? heads;
    const last = told.facts.layers[this.#layer] ?? heads;
    for (const { id, title, host } of this.charts) {
      const words = last.map((head, index) => `head ${index + 1} from ${plain(first[index][id])} to ${plain(head[id])}`).join("; ");
      host.setAttribute("aria-label", `${title} of layer ${this.#layer + 1} against steps: ${words}.`);
    }
  }
}

/** @param {number} index */
const lookOf = (index) => ({ name: `head ${index + 1}`, colour: headColour(index), dash: dashOf(index), width: 1.5 });
