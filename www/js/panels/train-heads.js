// The heads' kernels while they learn: one small strip a head, in the colours of the Waves panel.

import { headColour } from "../charts/colours.js";
import { KernelStrip } from "../charts/kernel.js";
import { h } from "../dom.js";
import { role } from "../physics.js";

/**
 * @typedef {import("../protocol.js").Head} Head
 * @typedef {import("../protocol.js").ModelConfig} ModelConfig
 * @typedef {{ card: HTMLElement, strip: KernelStrip, role: HTMLElement }} Cell
 */

/** Most tokens back that a strip shows: further, its dots would run together. */
const MAX_LAGS = 48;

export class TrainHeads {
  #root;
  /** @type {Cell[][]} */
  #cells = [];
  /** What is on the page now: strips are made anew only for another shape. */
  #shape = "";

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /** @param {Head[][]} layers @param {Head[][]} initial @param {ModelConfig} config */
  show(layers, initial, config) {
    const shape = `${layers.length} ${layers[0]?.length ?? 0}`;
    if (shape !== this.#shape) this.#build(layers, shape);
    const lags = Math.min(config.max_seq_len, MAX_LAGS);
    layers.forEach((heads, layer) => heads.forEach((head, index) => {
      const cell = this.#cells[layer][index];
      const file = initial[layer]?.[index] ?? null;
      cell.strip.set({ head, file, config, index, lags, heard: true, weights: [] });
      const words = role(head, config);
      if (cell.role.textContent !== words) cell.role.textContent = words;
    }));
  }

  /** @param {Head[][]} layers @param {string} shape */
  #build(layers, shape) {
    this.#shape = shape;
    this.#cells = [];
    this.#root.replaceChildren(...layers.map((heads, layer) => {
      const cells = heads.map((_, index) => cell(layer, index));
      this.#cells.push(cells);
      return h("div", { class: "train-layer", role: "group", "aria-label": `Layer ${layer + 1}` },
        h("h4", null, `Layer ${layer + 1}`),
        h("div", { class: "train-strips" }, cells.map(({ card }) => card)));
    }));
  }
}

/** @param {number} layer @param {number} index @returns {Cell} */
function cell(layer, index) {
  const canvas = h("canvas", { role: "img", "aria-label": `Kernel of layer ${layer + 1}, head ${index + 1}: the past to the left, now at the right` });
  const words = h("span", { class: "train-strip-role" });
  const card = h("div", { class: "train-strip" },
    canvas,
    h("p", null, h("span", { class: "train-strip-number", style: `color: var(${headColour(index)})` }, index + 1), " ", words));
  return { card, strip: new KernelStrip(canvas), role: words };
}
