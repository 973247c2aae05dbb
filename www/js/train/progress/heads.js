// The heads' kernels while they learn: one small strip a head, in the colours of the Waves panel. One layer is drawn a
// frame, and only those that can be seen: a large model has dozens of strips, and the page must not stand still for them.

import { headColour } from "../../charts/colours.js";
import { KernelStrip } from "../../charts/kernel.js";
import { role } from "../../engine/physics.js";
import { h } from "../../page/dom.js";

/**
 * @typedef {import("../../engine/protocol.js").Head} Head
 * @typedef {import("../../engine/protocol.js").ModelConfig} ModelConfig
 * @typedef {{ strip: KernelStrip, role: HTMLElement }} Cell
 * @typedef {{ cells: Cell[], visible: boolean, stale: boolean }} Row  stale: not drawn since the heads moved
 */

/** Most tokens back that a strip shows: further, its dots would run together. */
const MAX_LAGS = 48;

export class TrainHeads {
  #root;
  /** @type {Row[]} */
  #rows = [];
  /** What is on the page now: strips are made anew only for another shape. */
  #shape = "";
  /** @type {{ layers: Head[][], initial: Head[][], config: ModelConfig } | null} */
  #data = null;
  #asked = false;
  /** @type {Map<Element, Row>} */
  #watched = new Map();
  #watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const row = this.#watched.get(target);
      if (row) row.visible = isIntersecting;
    }
    this.#ask();
  }, { rootMargin: "400px" });

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /** @param {Head[][]} layers @param {Head[][]} initial @param {ModelConfig} config */
  show(layers, initial, config) {
    if (this.#data?.layers === layers) return;
    const shape = layers.map((heads) => heads.length).join(" ");
    if (shape !== this.#shape) this.#build(layers, shape);
    this.#data = { layers, initial, config };
    for (const row of this.#rows) row.stale = true;
    this.#ask();
  }

  #ask() {
    // A frame costs something even where nothing is drawn in it.
    if (this.#asked || !this.#rows.some(({ visible, stale }) => visible && stale)) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      const layer = this.#rows.findIndex(({ visible, stale }) => visible && stale);
      if (layer < 0) return;
      this.#draw(layer);
      this.#ask();
    });
  }

  /** @param {number} layer */
  #draw(layer) {
    const row = this.#rows[layer];
    row.stale = false;
    if (!this.#data) return;
    const { layers, initial, config } = this.#data;
    const lags = Math.min(config.max_seq_len, MAX_LAGS);
    layers[layer].forEach((head, index) => {
      const cell = row.cells[index];
      cell.strip.set({ head, file: initial[layer]?.[index] ?? null, config, index, lags, heard: true, weights: [] });
      const words = role(head, config);
      if (cell.role.textContent !== words) cell.role.textContent = words;
    });
  }

  /** @param {Head[][]} layers @param {string} shape */
  #build(layers, shape) {
    this.#shape = shape;
    this.#watcher.disconnect();
    this.#watched.clear();
    this.#rows = [];
    this.#root.replaceChildren(...layers.map((heads, layer) => {
      const made = heads.map((_, index) => makeCell(layer, index));
      const element = h("div", { class: "train-layer", role: "group", "aria-label": `Layer ${layer + 1}` },
        h("h4", null, `Layer ${layer + 1}`),
        h("div", { class: "train-strips" }, made.map(({ card }) => card)));
      const row = { cells: made.map(({ cell }) => cell), visible: false, stale: true };
      this.#rows.push(row);
      this.#watched.set(element, row);
      this.#watcher.observe(element);
      return element;
    }));
  }
}

/** @param {number} layer @param {number} index @returns {{ card: HTMLElement, cell: Cell }} */
function makeCell(layer, index) {
  const label = `Kernel of layer ${layer + 1}, head ${index + 1}: the past to the left, now at the right`;
  const canvas = h("canvas", { role: "img", "aria-label": label });
  const words = h("span", { class: "train-strip-role" });
  const number = h("span", { class: "train-strip-number" }, index + 1);
  number.style.color = `var(${headColour(index)})`;
  const card = h("div", { class: "train-strip" }, canvas, h("p", null, number, " ", words));
  return { card, cell: { strip: new KernelStrip(canvas), role: words } };
}
