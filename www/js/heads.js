// Bending the heads: the page's state changes at once, the engine follows with one message in flight
// at a time, and whatever was bent meanwhile goes out as one.

import { pick } from "./models.js";

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./protocol.js").Head} Head
 * @typedef {import("./protocol.js").HeadInfo} HeadInfo
 */

const REMEMBER_AFTER = 400;

/** How far a head can be bent. @type {Record<keyof Head, {min: number, max: number}>} */
export const RANGES = {
  frequency: { min: -20, max: 20 },
  damping: { min: 0.0001, max: 10 },
  phase: { min: -20, max: 20 },
  gain: { min: 0, max: 1 },
};

export class Heads {
  #app;
  /** Layers that the engine has yet to hear of. @type {Set<number>} */ #waiting = new Set();
  #sending = false;
  /** Heads that are heard alone, by layer. @type {Map<number, Set<number>>} */ #solo = new Map();
  /** Heads that are muted, by layer. @type {Map<number, Set<number>>} */ #muted = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /** @param {Pick<App, "engine" | "state" | "models" | "notify">} app */
  constructor(app) {
    this.#app = app;
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
    this.#waiting.clear();
    this.#app.state.get("heads").forEach((heads, layer) => heads.forEach((head, i) => {
      if (head.gain === 0) toggle(this.#muted, layer, i);
    }));
  }

  /** @param {number} layer @param {(heads: HeadInfo[]) => HeadInfo[]} change */
  #change(layer, change) {
    const { state } = this.#app;
    state.set("heads", state.get("heads").map((heads, l) => (l === layer ? change(heads) : heads)));
    this.#waiting.add(layer);
    this.#send();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#app.models.rememberHeads().catch(() => {}), REMEMBER_AFTER);
  }

  async #send() {
    if (this.#sending) return;
    this.#sending = true;
    const { engine, state, notify } = this.#app;
    try {
      while (this.#waiting.size > 0) {
        const layers = [...this.#waiting];
        this.#waiting.clear();
        await Promise.all(layers.map((layer) =>
          engine.request("set_heads", { layer, heads: state.get("heads")[layer].map(pick) })));
        state.set("applied", state.get("applied") + 1);
      }
    } catch (error) {
      if (engine.alive) notify({ kind: "error", key: "heads", title: "The engine did not take that wave.", message: String(/** @type {Error} */ (error).message) });
    } finally {
      this.#sending = false;
    }
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
