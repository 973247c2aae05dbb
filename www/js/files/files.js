// Takes files, wherever they were dropped or picked: has them recognised, and gives each to whom it belongs.

import { orWhy } from "../page/why-not-loaded.js";


/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("./plan.js").Place} Place
 * @typedef {import("./plan.js").ModelParts} ModelParts
 * @typedef {(files: File[]) => unknown} Taker
 */

/** What reads files comes when there are some. */
const reading = () => orWhy(import("./reading.js"), import.meta.url);

/** A checkpoint larger than this is not for a browser. */
const LARGEST_MODEL = 512 * 2 ** 20;
/** What the engine says of a model that comes without its vocabulary (src/web/open_model.rs). */
const NO_VOCABULARY = /carries no vocabulary/;

export class Files {
  #app;
  /** A model that waits for its vocabulary, or a vocabulary that waits for its model. @type {ModelParts | null} */
  #waiting = null;
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

  /**
   * Takes what was dropped or picked; says what came of it.
   * @param {File[]} files @param {Element | null} [target] Where. @param {boolean} [folder] They were a folder's.
   * @returns {Promise<void>}
   */
  async take(files, target = null, folder = false) {
    const { notify } = this.#app;
    const near = target?.closest("[data-takes-files]") ?? null;
    if (files.length === 0) return notify({ kind: "error", key: "files", title: "There is no file in it.", message: "A model (.safetensors), a training of this page, a tokenizer.json or a text does." });
    try {
      const { planFor, recognised, refusal, unpacked } = await reading();
      const known = await recognised(await unpacked(files));
      const plan = planFor(known, near ? "text" : "page", folder);
      if (plan.refused.length > 0) this.#sayRefused(refusal(plan.refused));
      else if (!plan.model && plan.trainings.length + plan.texts.length + plan.settings.length === 0) notify({ kind: "error", key: "files", title: "There is nothing in it that this page opens.", message: "A model (.safetensors), a training of this page, a tokenizer.json or a text does." });
      if (plan.trainings.length > 0) {
        this.#app.show("mine");
        (await this.#trainings.promise)(plan.trainings);
      }
      if (plan.texts.length > 0) {
        const take = (near && this.#places.get(near)) ?? (await this.#texts.promise);
        if (!near) this.#app.show("train");
        take(plan.texts);
      }
      for (const file of plan.settings) await this.#takeSettings(file);
      if (plan.model) await this.#openModel(plan.model);
    } catch (error) {
      notify({ kind: "error", key: "files", title: files.length === 1 ? `${files[0].name} could not be opened.` : "The files could not be opened.", message: sentence(wordsOf(error)) });
    }
  }

  /** Settings that the page wrote into a file: alone, or among other things that it kept. @param {File} file */
  async #takeSettings(file) {
    const kept = await (await reading()).jsonOf(file);
    this.#app.state.restore(kept.state ?? kept);
    this.#app.notify({ kind: "info", key: "settings", title: "The settings were taken up.", message: `The prompt and the settings of writing are those of "${file.name}".` });
  }

  /** @param {{title: string, message: string}} why */
  #sayRefused({ title, message }) {
    this.#app.notify({ kind: "error", key: "files", title, message: `${message}${this.#stillOpen()}` });
  }

  #stillOpen() {
    const open = this.#app.state.get("model")?.name;
    return open ? ` Nothing was lost: ${open} is still open.` : "";
  }

  /** @param {ModelParts} parts */
  async #openModel(parts) {
    const { models, notify, show } = this.#app;
    const whole = this.#completed(parts);
    if (whole.tensors.length === 0) {
      this.#waiting = whole;
      notify({ kind: "info", key: "open", title: `${whole.tokenizer?.name} is a tokenizer: it waits for its model.`, message: "Open the .safetensors file that it belongs to: now, or both together. A model that was saved by this page has its own." });
      return;
    }
    const { name } = whole;
    try {
      const size = whole.tensors.reduce((sum, file) => sum + file.size, 0);
      if (size > LARGEST_MODEL) throw new Error(`It is ${Math.round(size / 2 ** 20)} MB; this page opens models of up to ${LARGEST_MODEL / 2 ** 20} MB.`);
      const { bytesOf, textOf } = await reading();
      const tensors = await Promise.all(whole.tensors.map(bytesOf));
      const [config, tokenizer] = await Promise.all([whole.config, whole.tokenizer].map((file) => file && textOf(file)));
      const info = await models.openFiles({ tensors, config, tokenizer }, name);
      this.#waiting = null;
      notify({ kind: "info", key: "open", title: `${info.name} is open.`, message: [...info.notes, "The model that comes with the page is one click away, at the top."].join(" ") });
      show("write");
    } catch (error) {
      const lacks = NO_VOCABULARY.test(wordsOf(error)) && !whole.tokenizer;
      this.#waiting = lacks ? whole : null;
      this.refuse(whole.tensors.length === 1 ? whole.tensors[0].name : name, error);
    }
  }

  /** With what came before it, if that has waited for it. @param {ModelParts} parts @returns {ModelParts} */
  #completed(parts) {
    const waiting = this.#waiting;
    if (!waiting) return parts;
    if (parts.tensors.length === 0 && waiting.tensors.length > 0) return { ...waiting, tokenizer: parts.tokenizer, config: parts.config ?? waiting.config };
    // A vocabulary of its own goes before one that has waited; the engine says when that was not needed.
    if (parts.tensors.length > 0 && waiting.tensors.length === 0) return { ...parts, tokenizer: parts.tokenizer ?? waiting.tokenizer, config: parts.config ?? waiting.config };
    return parts;
  }

  /** Says why a model was not opened. @param {string} name @param {unknown} error */
  refuse(name, error) {
    this.#app.notify({ kind: "error", key: "open", title: `${name} could not be opened.`, message: `${sentence(wordsOf(error))}${this.#stillOpen()}` });
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

/** @param {unknown} error */
const wordsOf = (error) => (error instanceof Error ? error.message : String(error));

/** An engine's message with its full stop. @param {string} message */
const sentence = (message) => (/[.!?]$/.test(message) ? message : `${message}.`);
