// How the heads of a layer mix, as a person sets it: the page's state changes at once, the engine follows.

import { LayerSync } from "./layer-sync.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../engine/protocol.js").CouplingInfo} CouplingInfo
 */

/** Digits after the point that a weight set here has: short enough for a link, fine enough for the ear of a head. */
export const DIGITS = 4;

export class Couplings {
  #app;
  #sync;

  /** @param {Pick<App, "engine" | "state" | "models" | "notify">} app */
  constructor(app) {
    this.#app = app;
    this.#sync = new LayerSync(app, {
      tell: (layer) => app.engine.request("set_coupling", { layer, weights: app.state.get("couplings")[layer].weights }),
      remember: () => app.models.rememberCouplings(),
      key: "couplings", refused: "The engine did not take that coupling.",
    });
    app.state.on("model", () => this.#sync.forget());
  }

  /** Has one head take otherwise. @param {number} layer @param {number} head @param {readonly number[]} row */
  setRow(layer, head, row) {
    const { weights } = this.#app.state.get("couplings")[layer];
    this.set(layer, weights.toSpliced(head * row.length, row.length, ...row));
  }

  /** @param {number} layer @param {number[]} weights (H, H) */
  set(layer, weights) {
    const { state } = this.#app;
    state.set("couplings", state.get("couplings").map((old, l) => (l === layer ? { ...old, weights } : old)));
    this.#sync.changed(layer);
  }

  /** Gives a layer, or every layer, back the weights of the file. @param {number | null} only */
  reset(only) {
    this.#app.state.get("couplings").forEach(({ initial }, layer) => {
      if (only === null || only === layer) this.set(layer, [...initial]);
    });
  }
}

/** One head's weights. @param {ArrayLike<number>} weights (H, H) @param {number} head @returns {number[]} */
export function rowOf(weights, head) {
  const heads = Math.round(Math.sqrt(weights.length));
  return Array.from({ length: heads }, (_, h) => weights[head * heads + h]);
}

/**
 * A row with one weight set and the others scaled in proportion, so that it still adds up to 1. Others that are
 * all nothing share what is left alike.
 * @param {readonly number[]} row @param {number} chosen @param {number} weight 0 to 1 @returns {number[]}
 */
export function withWeight(row, chosen, weight) {
  if (row.length === 1) return [1];
  const others = row.reduce((sum, w, i) => sum + (i === chosen ? 0 : w), 0);
  const share = (/** @type {number} */ w) => (others > 0 ? w / others : 1 / (row.length - 1));
  return rounded(row.map((w, i) => (i === chosen ? weight : (1 - weight) * share(w))), chosen);
}

/**
 * A row with few digits; what rounding took from it or added goes to the largest weight but the one that is kept.
 * @param {readonly number[]} row @param {number} [kept]
 */
export function rounded(row, kept = -1) {
  const unit = 10 ** DIGITS;
  const whole = row.map((w) => Math.round(w * unit));
  let largest = kept === 0 ? 1 : 0;
  whole.forEach((w, i) => { if (i !== kept && w > whole[largest]) largest = i; });
  if (row.length > 1) whole[largest] += unit - whole.reduce((sum, w) => sum + w, 0);
  return whole.map((w) => w / unit);
}

/** Each head by itself. @param {number} heads @returns {number[]} */
export const byItself = (heads) => Array.from({ length: heads * heads }, (_, at) => (at % (heads + 1) === 0 ? 1 : 0));

/** All alike. @param {number} heads @returns {number[]} */
export const allAlike = (heads) => Array.from({ length: heads }, () => rounded(Array(heads).fill(1 / heads))).flat();

/** @param {CouplingInfo} coupling @param {number} head Whether the head takes otherwise than in the file. */
export function isRowEdited({ weights, initial }, head) {
  const was = rowOf(initial, head);
  return rowOf(weights, head).some((w, h) => w !== was[h]);
}

/** @param {readonly CouplingInfo[]} couplings Whether any weight differs from the file. */
export const isRecoupled = (couplings) => couplings.some(({ weights, initial }) => weights.some((w, at) => w !== initial[at]));
