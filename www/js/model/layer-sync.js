// How the engine hears of what a person sets in a layer: with one message in flight at a time, and whatever was set
// meanwhile goes out as one. A while after the last change it is kept for the next visit.

const REMEMBER_AFTER = 400;

/**
 * @typedef {object} Synced What is set.
 * @property {(layer: number) => Promise<unknown>} tell Tells the engine how a layer is now.
 * @property {() => Promise<void>} remember
 * @property {string} key Of the notice when the engine refuses it.
 * @property {string} refused Its title.
 */

export class LayerSync {
  #app;
  #synced;
  /** Layers that the engine has yet to hear of. @type {Set<number>} */ #waiting = new Set();
  #sending = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /** @param {Pick<import("../page/app.js").App, "engine" | "state" | "notify">} app @param {Synced} synced */
  constructor(app, synced) {
    this.#app = app;
    this.#synced = synced;
  }

  /** @param {number} layer */
  changed(layer) {
    this.#waiting.add(layer);
    this.#send();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#synced.remember().catch(() => {}), REMEMBER_AFTER);
  }

  /** Another model is open, which has yet to be changed. */
  forget() {
    this.#waiting.clear();
  }

  async #send() {
    if (this.#sending) return;
    this.#sending = true;
    const { engine, state, notify } = this.#app;
    const { tell, key, refused } = this.#synced;
    try {
      while (this.#waiting.size > 0) {
        const layers = [...this.#waiting];
        this.#waiting.clear();
        await Promise.all(layers.map(tell));
        state.set("applied", state.get("applied") + 1);
      }
    } catch (error) {
      if (engine.alive) notify({ kind: "error", key, title: refused, message: String(/** @type {Error} */ (error).message) });
    } finally {
      this.#sending = false;
    }
  }
}
