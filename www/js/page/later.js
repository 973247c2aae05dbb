// The parts that the first view does without: each is loaded and laid out as soon as it is wanted, or once there is time.

import { h } from "./dom.js";


/** @typedef {(notice: import("./app.js").Notice) => void} Notify */

/** Milliseconds after which a busy page makes time for the next part. */
const PATIENCE_MS = 2000;

/** Resolves when nothing else is to be done. */
const idle = () => new Promise((resolve) => {
  if (typeof requestIdleCallback === "function") requestIdleCallback(resolve, { timeout: PATIENCE_MS });
  else setTimeout(resolve);
});

/** Resolves once the page has this style. @param {URL} address @returns {Promise<void>} */
const styled = (address) => new Promise((resolve, reject) => {
  const link = h("link", { rel: "stylesheet", href: address.href, onload: () => resolve(), onerror: () => {
    link.remove();
    reject(new Error(`Its style, "${address.pathname.split("/").pop()}", could not be loaded. Try again when there is a connection to the page's server.`));
  } });
  document.head.append(link);
});

export class LaterParts {
  #makers;
  #notify;
  #style;
  /** @type {Promise<void> | null} */ #styled = null;
  /** @type {Map<string, Promise<any>>} */ #made = new Map();

  /**
   * @param {URL} style  of them all
   * @param {{name: string, title: string, make: () => Promise<any>}[]} makers  in the order of the page
   * @param {Notify} notify
   */
  constructor(style, makers, notify) {
    this.#style = style;
    this.#makers = makers;
    this.#notify = notify;
  }

  /**
   * Loads a part and lays it out, unless that was done or is being done. What fails is said, and may be tried again.
   * @param {string} name  there is nothing to do for a part that is always there
   * @returns {Promise<any>} what laying it out gave
   */
  want(name) {
    const maker = this.#makers.find((maker) => maker.name === name);
    if (!maker) return Promise.resolve();
    const made = this.#made.get(name) ?? this.#make(maker).catch((error) => this.#failed(maker, error));
    this.#made.set(name, made);
    return made;
  }

  /** @param {{make: () => Promise<any>}} maker */
  async #make(maker) {
    this.#styled ??= styled(this.#style);
    try {
      await this.#styled;
    } catch (error) {
      this.#styled = null;
      throw error;
    }
    return maker.make();
  }

  /** Loads all of them, one after another, while nothing else is to be done. */
  async all() {
    for (const { name } of this.#makers) {
      await idle();
      await this.want(name);
    }
  }

  /** @param {{name: string, title: string}} maker @param {unknown} error */
  #failed({ name, title }, error) {
    const message = error instanceof Error ? error.message : String(error);
    this.#made.delete(name);
    this.#notify({ kind: "error", key: `part-${name}`, lasting: true, title: `${title} could not be loaded.`, message, action: { label: "Try again", run: () => { this.want(name); } } });
  }
}
