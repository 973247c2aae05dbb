// What was deleted a moment ago, in a list: each stands there for a while and can be taken back.

import { h } from "./dom.js";

export class DeletedRows {
  /** @type {Map<symbol, HTMLElement>} */ #rows = new Map();
  #lasting;
  #changed;

  /** @param {number} lasting  milliseconds @param {() => void} changed  one is gone */
  constructor(lasting, changed) {
    this.#lasting = lasting;
    this.#changed = changed;
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
      await takeBack();
      end();
    } }, "Undo");
    this.#rows.set(key, h("li", { class: "runs-row runs-deleted" }, h("p", null, `"${name}" was deleted.`), undo));
    const timer = setTimeout(end, this.#lasting);
    return undo;
  }
}
