// What was deleted a moment ago, in a list: each stands there for a while and can be taken back.

import { UNDO_MS } from "../keep/limits.js";
import { h } from "./dom.js";

export class DeletedRows {
  /** @type {Map<symbol, HTMLElement>} */ #rows = new Map();
  #changed;
  #failed;

  /** @param {() => void} changed  one is gone @param {(error: unknown) => void} failed  one could not be taken back */
  constructor(changed, failed) {
    this.#changed = changed;
    this.#failed = failed;
  }

  get elements() {
    return [...this.#rows.values()];
  }

  /**
   * @param {string} name  of what was deleted @param {() => unknown} takeBack
   * @returns {HTMLButtonElement} that takes it back: it has the focus once it stands there
   */
  add(name, takeBack) {
    const key = Symbol();
    const end = () => {
      clearTimeout(timer);
      this.#rows.delete(key);
      this.#changed();
    };
    const undo = h("button", { type: "button", class: "small", onclick: async () => {
      undo.disabled = true;
      this.#rows.delete(key);
      clearTimeout(timer);
      try {
        await takeBack();
      } catch (error) {
        this.#failed(error);
      }
      end();
    } }, "Undo");
    this.#rows.set(key, h("li", { class: "runs-row runs-deleted" }, h("p", null, `"${name}" was deleted.`), undo));
    const timer = setTimeout(end, UNDO_MS);
    return undo;
  }
}
