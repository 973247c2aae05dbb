// Setting how the heads of a layer mix: a cell of the matrix for each pair of heads, laid over its picture so
// that it can be pointed at and walked to, and one weight at a time to set; and three arrangements of them all.

import { allAlike, byItself, DIGITS, isRecoupled, rowOf, withWeight } from "../../model/couplings.js";
import { sliderField } from "../../page/controls.js";
import { h, write } from "../../page/dom.js";
import { layout } from "./chart.js";

/**
 * @typedef {{row: number, column: number}} Cell
 * @typedef {{weights: ArrayLike<number>, heads: number, layer: number, editable: boolean, why: string}} Shown `why`: it cannot be set.
 */

const STEP = 0.01;
const LEAP = 0.1;

export class CouplingEditor {
  /** @type {Cell} */ chosen = { row: 0, column: 0 };
  #app;
  #onChoose;
  /** @type {Shown | null} */ #shown = null;
  /** The row as it was when its cell was chosen: a weight that passes 1 on its way keeps the others' proportions. @type {number[]} */ #base = [];
  /** @type {HTMLElement[]} */ #cells = [];
  #weight;
  #words = h("p", { class: "coupling-words", role: "status" });
  #file = h("button", { type: "button" }, "As in the file");
  #own = h("button", { type: "button", title: "Every head takes its own field alone" }, "Each head by itself");
  #alike = h("button", { type: "button", title: "Every head takes as much of each field" }, "All alike");
  #all = h("button", { type: "button" }, "As in the file, every layer");
  #note = h("p", { class: "field-hint" });
  #controls;

  /** @param {import("../../page/app.js").App} app @param {() => void} onChoose Another cell is chosen. */
  constructor(app, onChoose) {
    this.#app = app;
    this.#onChoose = onChoose;
    this.#weight = sliderField({ label: "Weight", min: 0, max: 1, step: STEP, digits: DIGITS, decimals: DIGITS, value: 0, onInput: (weight) => this.#set(weight) });
    this.grid = h("div", { class: "coupling-grid", role: "grid" });
    const layer = () => app.state.get("layer");
    this.#file.addEventListener("click", () => this.#whole(() => app.couplings.reset(layer())));
    this.#all.addEventListener("click", () => this.#whole(() => app.couplings.reset(null)));
    this.#own.addEventListener("click", () => this.#whole((heads) => app.couplings.set(layer(), byItself(heads))));
    this.#alike.addEventListener("click", () => this.#whole((heads) => app.couplings.set(layer(), allAlike(heads))));
    this.#controls = h("div", { class: "coupling-controls" }, this.#weight.element,
      h("div", { class: "actions", role: "group", "aria-label": "All weights at once" }, this.#own, this.#alike, this.#file, this.#all));
    this.element = h("div", { class: "coupling-editor" }, this.#words, this.#controls, this.#note);
    this.grid.addEventListener("keydown", (event) => this.#onKey(event));
    this.grid.addEventListener("focusin", ({ target }) => this.#at(target));
    this.grid.addEventListener("click", ({ target }) => {
      this.#at(target);
      if (target instanceof HTMLElement) target.focus();
    });
  }

  /** @param {Shown} shown @param {string} about What the chosen cell is, in words. */
  show(shown, about) {
    const { heads, weights, layer, editable, why } = shown;
    const other = this.#shown;
    this.#shown = shown;
    if (this.#cells.length !== heads * heads) this.#makeCells(heads);
    if (other?.heads !== heads || other.layer !== layer || other.editable !== editable) this.#rebase();
    this.grid.setAttribute("aria-label", `Weights of layer ${layer + 1}: a row for each head that takes, a column for each field. Arrow keys go from cell to cell${editable ? ", plus and minus change a weight, Enter goes to its number" : ""}.`);
    this.grid.setAttribute("aria-readonly", String(!editable));
    this.#cells.forEach((cell, at) => {
      const [row, column] = [Math.floor(at / heads), at % heads];
      const label = `Head ${row + 1} takes ${weights[at].toFixed(3)} of the field of head ${column + 1}`;
      if (cell.getAttribute("aria-label") !== label) cell.setAttribute("aria-label", label);
      cell.tabIndex = row === this.chosen.row && column === this.chosen.column ? 0 : -1;
    });
    write(this.#words, about);
    this.#weight.set(weights[this.chosen.row * heads + this.chosen.column]);
    this.#weight.slider.setAttribute("aria-label", `Weight: head ${this.chosen.row + 1} of the field of head ${this.chosen.column + 1}`);
    this.#weight.slider.disabled = this.#weight.field.disabled = heads === 1;
    this.#controls.hidden = !editable;
    write(this.#note, editable ? "The other weights of the row are scaled so that it adds up to 1. A * marks a head that takes otherwise than in the file." : why);
    if (editable) this.#showPresets(weights, heads, layer);
  }

  /** @param {ArrayLike<number>} weights @param {number} heads @param {number} layer */
  #showPresets(weights, heads, layer) {
    const couplings = this.#app.state.get("couplings");
    const is = (/** @type {number[]} */ preset) => preset.every((w, at) => w === weights[at]);
    this.#file.disabled = !couplings[layer] || !isRecoupled([couplings[layer]]);
    this.#all.disabled = !isRecoupled(couplings);
    this.#own.disabled = is(byItself(heads));
    this.#alike.disabled = is(allAlike(heads));
  }

  /** Lays the cells over the matrix of the picture. @param {HTMLCanvasElement} canvas */
  place(canvas) {
    if (!this.#shown) return;
    const { heads } = this.#shown;
    const { matrix } = layout(canvas.clientWidth, heads);
    const side = `${matrix.cell * heads}px`;
    Object.assign(this.grid.style, {
      left: `${canvas.offsetLeft + canvas.clientLeft + matrix.x}px`, top: `${canvas.offsetTop + canvas.clientTop + matrix.y}px`, width: side, height: side,
    });
  }

  /** @param {number} heads */
  #makeCells(heads) {
    this.chosen = { row: Math.min(this.chosen.row, heads - 1), column: Math.min(this.chosen.column, heads - 1) };
    this.#cells = Array.from({ length: heads * heads }, (_, at) => h("div", { role: "gridcell", class: "coupling-cell", "data-cell": at }));
    this.grid.replaceChildren(...Array.from({ length: heads }, (_, row) => h("div", { role: "row", class: "coupling-row" }, this.#cells.slice(row * heads, (row + 1) * heads))));
  }

  /** @param {EventTarget | null} target */
  #at(target) {
    const cell = target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest("[data-cell]")) : null;
    const at = Number(cell?.dataset.cell ?? -1);
    const heads = this.#shown?.heads ?? 1;
    if (at >= 0) this.#choose({ row: Math.floor(at / heads), column: at % heads });
  }

  /** @param {Cell} cell */
  #choose(cell) {
    if (cell.row === this.chosen.row && cell.column === this.chosen.column) return;
    this.chosen = cell;
    this.#rebase();
    this.#onChoose();
  }

  #rebase() {
    this.#base = this.#shown ? rowOf(this.#shown.weights, this.chosen.row) : [];
  }

  /** @param {number} weight */
  #set(weight) {
    if (!this.#shown?.editable || this.#base.length < 2) return;
    this.#app.couplings.setRow(this.#shown.layer, this.chosen.row, withWeight(this.#base, this.chosen.column, weight));
  }

  /** @param {(heads: number) => void} change */
  #whole(change) {
    if (!this.#shown) return;
    change(this.#shown.heads);
    this.#rebase();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const shown = this.#shown;
    if (!shown || event.ctrlKey || event.metaKey || event.altKey) return;
    const { row, column } = this.chosen;
    const last = shown.heads - 1;
    const to = { ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], Home: [row, 0], End: [row, last] }[event.key];
    const by = { "+": STEP, "=": STEP, "-": -STEP, PageUp: LEAP, PageDown: -LEAP }[event.key];
    if (to) {
      const [r, c] = to.map((at) => Math.max(0, Math.min(last, at)));
      this.#cells[r * shown.heads + c].focus();
    } else if (by !== undefined && shown.editable) {
      const weight = shown.weights[row * shown.heads + column] + by;
      this.#set(Number(Math.max(0, Math.min(1, weight)).toFixed(DIGITS)));
    } else if (event.key === "Enter" && shown.editable) {
      this.#weight.field.focus();
      this.#weight.field.select();
    } else return;
    event.preventDefault();
  }
}
