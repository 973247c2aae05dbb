// The parts of the model as a table, from the text at the left to the forecast at the right: how much of the gradient fell
// to each, or how far each was moved. One of them is opened below it, with its tensors, or with its heads' waves.

import { onThemeChange } from "../../charts/colours.js";
import { amountColour, signedColour } from "../../charts/ramp.js";
import { h, write } from "../../page/dom.js";
import { PARTS, cellsOf, figure, mostOf, partName, relative, stageName } from "./data.js";
import { percentOf } from "./words.js";

/**
 * @typedef {import("./data.js").StepSeen} StepSeen
 * @typedef {import("./data.js").StepWave} StepWave
 * @typedef {import("./data.js").Cell} Cell
 * @typedef {"gradient" | "moved"} Kind
 */

/** The darkest ground on which ink can be read. */
const DARKEST = 0.42;

/** @type {readonly ["frequency" | "damping" | "phase", string, string][]} */
const NUMBERS = [["frequency", "ω", "radians a cell"], ["damping", "α", "a cell"], ["phase", "φ", "radians"]];

export class BlameTable {
  /** @type {StepSeen | null} */ #seen = null;
  /** @type {Kind} */ #kind = "gradient";
  /** @type {{cell: Cell, button: HTMLButtonElement}[]} */ #cells = [];
  /** @type {Cell | null} */ #open = null;
  /** The first stage that the blame has come to. */ #reached = 0;
  #table = h("table", { class: "step-grid" });
  #caption = h("p", { class: "train-hint" });
  #title = h("h5", { class: "step-bars-title" });
  #details = h("div", { class: "step-scroll", tabindex: 0, role: "region" });
  #hint = h("p", { class: "train-hint" });

  constructor() {
    this.element = h("div", { class: "step-picture" },
      h("div", { class: "step-scroll", tabindex: 0, role: "region", "aria-label": "The parts of the model" }, this.#table), this.#caption,
      h("div", { class: "step-details" }, this.#title, this.#details, this.#hint));
    onThemeChange(() => this.#colour(), this.element);
  }

  /** @param {StepSeen} seen @param {Kind} kind */
  show(seen, kind) {
    if (seen !== this.#seen) this.#build(seen);
    this.#kind = kind;
    this.#reached = 0;
    write(this.#caption, kind === "gradient"
      ? "The size (L2 norm) of the gradient that fell to each part. The darker, the more."
      : "How far each part was moved, as a share of its own size. The darker, the more.");
    this.#fill();
    this.#detail();
  }

  /** Shows the blame as far as it has come, from the last stage to an earlier one. @param {number} moves */
  flow(moves) {
    const last = (this.#seen?.layers ?? 0) + 1;
    this.#reached = Math.max(0, last + 1 - moves);
    this.#colour();
  }

  /** @param {StepSeen} seen */
  #build(seen) {
    const stages = Array.from({ length: seen.layers + 2 }, (_, stage) => stage);
    const cells = cellsOf(seen.tensors);
    const short = (/** @type {number} */ stage) => (stage === 0 ? "In" : stage > seen.layers ? "Out" : String(stage));
    this.#seen = seen;
    this.#cells = cells.map((cell) => ({ cell, button: h("button", { type: "button", class: "step-cell", onclick: () => this.#choose(cell) }) }));
    const waves = cells.filter(({ part }) => part === "waves");
    this.#open = mostOf(waves.length > 0 ? waves : cells, ({ gradient }) => gradient);
    const at = (/** @type {Cell["part"]} */ part, /** @type {number} */ stage) => this.#cells.find(({ cell }) => cell.part === part && cell.stage === stage);
    this.#table.replaceChildren(
      h("thead", null, h("tr", null, h("th", { scope: "col" }, "Layer"), stages.map((stage) => h("th", { scope: "col", title: stageName(stage, seen.layers) }, short(stage))))),
      h("tbody", null, PARTS.filter(([part]) => cells.some((cell) => cell.part === part)).map(([part, name]) => h("tr", null, h("th", { scope: "row" }, name),
        stages.map((stage) => h("td", null, at(part, stage)?.button))))));
  }

  /** @param {Cell} cell */
  #choose(cell) {
    this.#open = cell;
    this.#fill();
    this.#detail();
  }

  /** What a cell is shaded by, and what stands in it. @param {Cell} cell */
  #amount(cell) {
    if (this.#kind === "gradient") return { amount: cell.gradient, words: figure(cell.gradient, 2) };
    const share = relative(cell);
    return share === null ? { amount: 0, words: "new" } : { amount: share, words: percentOf(share, 2) };
  }

  #fill() {
    const { layers } = /** @type {StepSeen} */ (this.#seen);
    for (const { cell, button } of this.#cells) {
      const { words } = this.#amount(cell);
      write(button, words);
      const what = this.#kind === "gradient" ? "gradient" : words === "new" ? "moved from zero:" : "moved by";
      button.setAttribute("aria-label", `${partName(cell.part)}, ${stageName(cell.stage, layers)}: ${what} ${words}`);
      button.setAttribute("aria-pressed", String(cell === this.#open));
    }
    this.#colour();
  }

  #colour() {
    const most = Math.max(...this.#cells.map(({ cell }) => this.#amount(cell).amount), 0);
    for (const { cell, button } of this.#cells) {
      const share = most > 0 ? this.#amount(cell).amount / most : 0;
      const come = cell.stage >= this.#reached;
      button.classList.toggle("step-cell-waits", !come);
      button.style.background = come ? amountColour(share * DARKEST) : "";
    }
  }

  #detail() {
    const [seen, cell] = [this.#seen, this.#open];
    if (!seen || !cell) return;
    const name = `${partName(cell.part)}, ${stageName(cell.stage, seen.layers)}`;
    write(this.#title, `${name}: ${cell.numbers.toLocaleString("en-GB")} ${cell.numbers === 1 ? "number" : "numbers"}`);
    this.#details.setAttribute("aria-label", name);
    if (cell.part === "waves") this.#waves(seen.waves.filter(({ layer }) => layer === cell.stage - 1));
    else this.#tensors(cell);
  }

  /** @param {Cell} cell */
  #tensors({ tensors }) {
    const head = ["Tensor", "Numbers", "Gradient", "Size", "Moved by", "Of its size"];
    this.#details.replaceChildren(table(head, tensors.map((tensor) => {
      const share = relative(tensor);
      return [tensor.name, tensor.numbers.toLocaleString("en-GB"), figure(tensor.gradient), figure(tensor.weights), figure(tensor.moved), share === null ? "new" : percentOf(share)];
    })));
    write(this.#hint, "Gradient, size and movement are L2 norms: the root of the sum of squares.");
  }

  /** @param {readonly StepWave[]} waves */
  #waves(waves) {
    const gradient = this.#kind === "gradient";
    const rows = waves.map((wave) => [String(wave.head + 1), ...NUMBERS.map(([name]) => {
      const { before, after, held, gradient: slope } = wave[name];
      if (held) return `${placed(before)}, held still`;
      return gradient ? `${slope > 0 ? "+" : ""}${figure(slope)}` : `${placed(before)} → ${placed(after)}`;
    })]);
    const made = table(["Head", ...NUMBERS.map(([, sign, unit]) => `${sign} (${unit})`)], rows);
    if (gradient) this.#shade(made, waves);
    this.#details.replaceChildren(made);
    write(this.#hint, gradient
      ? "By how many nats the loss would rise for each unit more. Training moves the number the other way."
      : "Each head's frequency, damping and phase, before the step → after it.");
  }

  /** @param {HTMLTableElement} made @param {readonly StepWave[]} waves */
  #shade(made, waves) {
    NUMBERS.forEach(([name], column) => {
      const most = Math.max(...waves.map((wave) => Math.abs(wave[name].gradient)));
      waves.forEach((wave, row) => {
        const cell = made.tBodies[0].rows[row].cells[column + 1];
        if (most > 0) cell.style.background = signedColour((0.3 * wave[name].gradient) / most);
      });
    });
  }
}

/** @param {number} value */
const placed = (value) => value.toFixed(4).replace("-", "\u2212");

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
const table = (head, rows) => h("table", { class: "step-numbers" },
  h("thead", null, h("tr", null, head.map((name) => h("th", { scope: "col" }, name)))),
  h("tbody", null, rows.map(([name, ...cells]) => h("tr", null, h("th", { scope: "row" }, name), cells.map((cell) => h("td", null, cell))))));
