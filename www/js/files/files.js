// Who takes which files. What comes of those that are dropped or picked is in taking.js, which comes with the first of them.

import { orWhy } from "../page/why-not-loaded.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {(files: File[]) => unknown} Taker
 */

export class Files {
  #app;
  /** @type {Promise<import("./taking.js").Taking> | null} */
  #taking = null;
  /** Who takes trainings, once there is someone. */
  #trainings = resolvers();
  /** Who takes texts where nobody nearer does. */
  #texts = resolvers();
  /** By the element of the page. @type {Map<Element, Taker>} */
  #places = new Map();

  /** @param {Pick<App, "models" | "notify" | "show" | "state">} app */
  constructor(app) {
    this.#app = app;
  }

  /** @param {Taker} take */
  takeTrainings(take) {
    this.#trainings.resolve(take);
  }

  /** Texts that are dropped within an element are taken by it. @param {Element} element @param {Taker} take @param {boolean} [others] It takes those that are dropped elsewhere, too. */
  takeTexts(element, take, others = true) {
    element.setAttribute("data-takes-files", "");
    if (others) this.#texts.resolve(take);
    this.#places.set(element, take);
  }

  /** Who takes trainings. @returns {Promise<Taker>} */
  get trainings() {
    return this.#trainings.promise;
  }

  /** Who takes texts that were dropped in a place that takes some, or anywhere. @param {Element | null} near @returns {Taker | Promise<Taker>} */
  takerOf(near) {
    return (near && this.#places.get(near)) ?? this.#texts.promise;
  }

  /**
   * Takes what was dropped or picked; says what came of it.
   * @param {File[]} files @param {Element | null} [target] Where. @param {boolean} [folder] They were a folder's.
   * @returns {Promise<void>}
   */
  async take(files, target = null, folder = false) {
    let taking;
    try {
      this.#taking ??= orWhy(import("./taking.js"), import.meta.url).then(({ Taking }) => new Taking(this.#app, this));
      taking = await this.#taking;
    } catch (error) {
      this.#taking = null; // It may be there the next time.
      return this.#app.notify({ kind: "error", key: "files", title: "The files could not be opened.", message: /** @type {Error} */ (error).message });
    }
    return taking.take(files, target?.closest("[data-takes-files]") ?? null, folder);
  }

  /** Says why a model was not opened. @param {string} name @param {unknown} error */
  refuse(name, error) {
    const message = error instanceof Error ? error.message : String(error);
    // An engine's message with its full stop.
    this.#app.notify({ kind: "error", key: "open", title: `${name} could not be opened.`, message: `${message}${/[.!?]$/.test(message) ? "" : "."}${this.stillOpen}` });
  }

  /** What is not lost, in words. */
  get stillOpen() {
    const open = this.#app.state.get("model")?.name;
    return open ? ` Nothing was lost: ${open} is still open.` : "";
  }
}

/** A taker that is still to come. (Promise.withResolvers is too new.) */
function resolvers() {
  /** @type {(value: Taker) => void} */
  let resolve = () => {};
  /** @type {Promise<Taker>} */
  const promise = new Promise((settle) => { resolve = settle; });
  return { promise, resolve };
}
