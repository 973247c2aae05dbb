// Bending the heads: the page's state changes at once, the engine follows.

import { LayerSync } from "./layer-sync.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../engine/protocol.js").Head} Head
 * @typedef {import("../engine/protocol.js").HeadInfo} HeadInfo
 */

/** @param {Head} head @returns {Head} Its four numbers alone. */
export const pick = ({ frequency, damping, phase, gain }) => ({ frequency, damping, phase, gain });

/** How far a head can be bent. @type {Record<keyof Head, {min: number, max: number}>} */
export const RANGES = {
  frequency: { min: -20, max: 20 },
  damping: { min: 0.0001, max: 10 },
  phase: { min: -20, max: 20 },
  gain: { min: 0, max: 1 },
};

export class Heads {
  #app;
  #sync;
  /** Heads that are heard alone, by layer. @type {Map<number, Set<number>>} */ #solo = new Map();
  /** Heads that are muted, by layer. @type {Map<number, Set<number>>} */ #muted = new Map();

  /** @param {Pick<App, "engine" | "state" | "models" | "notify">} app */
  constructor(app) {
    this.#app = app;
    this.#sync = new LayerSync(app, {
      tell: (layer) => app.engine.request("set_heads", { layer, heads: app.state.get("heads")[layer].map(pick) }),
      remember: () => app.models.rememberHeads(),
      key: "heads", refused: "The engine did not take that wave.",
    });
    app.state.on("model", () => this.#adoptGains());
  }

  /** @param {number} layer @param {number} head */
  isSolo(layer, head) {
    return this.#solo.get(layer)?.has(head) ?? false;
  }

  /** @param {number} layer @param {number} head */
  isMuted(layer, head) {
    return this.#muted.get(layer)?.has(head) ?? false;
  }

  /** @param {number} layer @param {number} head @param {Partial<Head>} change */
  bend(layer, head, change) {
    this.#change(layer, (heads) => heads.map((old, i) => (i === head ? { ...old, ...change } : old)));
  }

  /** @param {number} layer @param {number} head */
  toggleMute(layer, head) {
    toggle(this.#muted, layer, head);
    this.#applyGains(layer);
  }

  /** @param {number} layer @param {number} head */
  toggleSolo(layer, head) {
    toggle(this.#solo, layer, head);
    this.#applyGains(layer);
  }

  /** Makes a head again what it once was. @param {number} layer @param {number} head @param {Head} wave @param {boolean} muted @param {boolean} solo */
  put(layer, head, wave, muted, solo) {
    if (this.isMuted(layer, head) !== muted) toggle(this.#muted, layer, head);
    if (this.isSolo(layer, head) !== solo) toggle(this.#solo, layer, head);
    this.bend(layer, head, wave);
  }

  /** Gives one head back the values of the file. @param {number} layer @param {number} head */
  resetHead(layer, head) {
    this.#muted.get(layer)?.delete(head);
    this.#solo.get(layer)?.delete(head);
    this.#change(layer, (heads) => heads.map((old, i) => (i === head ? fromFile(old) : old)));
    this.#applyGains(layer);
  }

  /** Gives a layer, or every layer, back the values of the file. @param {number | null} only */
  reset(only) {
    this.#app.state.get("heads").forEach((_, layer) => {
      if (only !== null && only !== layer) return;
      this.#muted.delete(layer);
      this.#solo.delete(layer);
      this.#change(layer, (heads) => heads.map(fromFile));
    });
  }

  /** @param {number} layer */
  #applyGains(layer) {
    const solo = this.#solo.get(layer);
    this.#change(layer, (heads) => heads.map((head, i) => {
      const heard = solo?.size ? solo.has(i) : !this.isMuted(layer, i);
      return { ...head, gain: heard ? head.initial.gain || 1 : 0 };
    }));
  }

  /** A model that comes with bent heads (after a reload) says itself which are muted. */
  #adoptGains() {
    this.#solo.clear();
    this.#muted.clear();
    this.#sync.forget();
    this.#app.state.get("heads").forEach((heads, layer) => heads.forEach((head, i) => {
      if (head.gain === 0) toggle(this.#muted, layer, i);
    }));
  }

  /** @param {number} layer @param {(heads: HeadInfo[]) => HeadInfo[]} change */
  #change(layer, change) {
    const { state } = this.#app;
    state.set("heads", state.get("heads").map((heads, l) => (l === layer ? change(heads) : heads)));
    this.#sync.changed(layer);
  }
}

/** @param {HeadInfo} head @returns {HeadInfo} */
const fromFile = (head) => ({ ...head.initial, initial: head.initial });

/** @param {Map<number, Set<number>>} sets @param {number} layer @param {number} head */
function toggle(sets, layer, head) {
  const set = sets.get(layer) ?? new Set();
  sets.set(layer, set);
  if (!set.delete(head)) set.add(head);
}

/** @param {HeadInfo} head Whether it differs from the file. */
export const isHeadBent = ({ initial, frequency, damping, phase, gain }) =>
  frequency !== initial.frequency || damping !== initial.damping || phase !== initial.phase || gain !== initial.gain;

/** @param {HeadInfo[][]} layers Whether any head differs from the file. */
export const isBent = (layers) => layers.some((heads) => heads.some(isHeadBent));
