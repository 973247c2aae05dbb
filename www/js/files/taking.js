// What comes of files that were dropped or picked: each is recognised, and given to whom it belongs.

import { planFor, refusal } from "./plan.js";
import { LARGEST_MODEL, bytesOf, jsonOf, recognised, textOf, unpacked } from "./reading.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("./plan.js").ModelParts} ModelParts
 */

/** What the engine says of a model that comes without its vocabulary (src/web/open_model.rs). */
const NO_VOCABULARY = /carries no vocabulary/;

export class Taking {
  #app;
  #files;
  /** A model that waits for its vocabulary, or a vocabulary that waits for its model. @type {ModelParts | null} */
  #waiting = null;

  /** @param {Pick<App, "models" | "notify" | "show" | "state">} app @param {import("./files.js").Files} files */
  constructor(app, files) {
    this.#app = app;
    this.#files = files;
  }

  /**
   * Takes what was dropped or picked; says what came of it.
   * @param {File[]} files @param {Element | null} near  the place for texts that they were dropped in @param {boolean} folder  They were a folder's.
   * @returns {Promise<void>}
   */
  async take(files, near, folder) {
    const { notify } = this.#app;
    if (files.length === 0) return notify({ kind: "error", key: "files", title: "There is no file in it.", message: "A model (.safetensors), a training of this page, a tokenizer.json or a text does." });
    try {
      const known = await recognised(await unpacked(files));
      const plan = planFor(known, near ? "text" : "page", folder);
      if (plan.refused.length > 0) this.#sayRefused(refusal(plan.refused));
      else if (!plan.model && plan.trainings.length + plan.texts.length + plan.settings.length === 0) notify({ kind: "error", key: "files", title: "There is nothing in it that this page opens.", message: "A model (.safetensors), a training of this page, a tokenizer.json or a text does." });
      if (plan.trainings.length > 0) {
        this.#app.show("mine");
        (await this.#files.trainings)(plan.trainings);
      }
      if (plan.texts.length > 0) {
        const take = await this.#files.takerOf(near);
        if (!near) this.#app.show("train");
        take(plan.texts);
      }
      for (const file of plan.settings) await this.#takeSettings(file);
      if (plan.model) await this.#openModel(plan.model);
    } catch (error) {
      notify({ kind: "error", key: "files", title: files.length === 1 ? `${files[0].name} could not be opened.` : "The files could not be opened.", message: wordsOf(error) });
    }
  }

  /** Settings that the page wrote into a file: alone, or among other things that it kept. @param {File} file */
  async #takeSettings(file) {
    const kept = await jsonOf(file);
    this.#app.state.restore(kept.state ?? kept);
    this.#app.notify({ kind: "info", key: "settings", title: "The settings were taken up.", message: `The prompt and the settings of writing are those of "${file.name}".` });
  }

  /** @param {{title: string, message: string}} why */
  #sayRefused({ title, message }) {
    this.#app.notify({ kind: "error", key: "files", title, message: `${message}${this.#files.stillOpen}` });
  }

  /** @param {ModelParts} parts */
  async #openModel(parts) {
    const { models, notify, show } = this.#app;
    const whole = this.#completed(parts);
    if (whole.tensors.length === 0) {
      this.#waiting = whole;
      notify({ kind: "info", key: "open", title: `${whole.tokenizer?.name} is a tokenizer: it waits for its model.`, message: "Open the .safetensors file that it belongs to: now, or both together. A model that was downloaded from this page has its own." });
      return;
    }
    const { name } = whole;
    try {
      const size = whole.tensors.reduce((sum, file) => sum + file.size, 0);
      if (size > LARGEST_MODEL) throw new Error(`It is ${Math.round(size / 2 ** 20)} MB; this page opens models of up to ${LARGEST_MODEL / 2 ** 20} MB.`);
      const tensors = await Promise.all(whole.tensors.map(bytesOf));
      const [config, tokenizer] = await Promise.all([whole.config, whole.tokenizer].map((file) => file && textOf(file)));
      const info = await models.openFiles({ tensors, config, tokenizer }, name);
      this.#waiting = null;
      notify({ kind: "info", key: "open", title: `${info.name} is open.`, message: [...info.notes, "The model that comes with the page is one click away, at the top."].join(" ") });
      show("write");
    } catch (error) {
      const lacks = NO_VOCABULARY.test(wordsOf(error)) && !whole.tokenizer;
      this.#waiting = lacks ? whole : null;
      this.#files.refuse(whole.tensors.length === 1 ? whole.tensors[0].name : name, error);
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
}

/** @param {unknown} error  an engine's message gets its full stop */
function wordsOf(error) {
  const words = error instanceof Error ? error.message : String(error);
  return /[.!?]$/.test(words) ? words : `${words}.`;
}
