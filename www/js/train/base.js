// The model that the next training goes on from: the open one, as it is bent. Which one it was is kept and told in links by
// its name and a digest of its numbers, so that another model is never taken for it. No DOM here.

import { headerOf } from "../files/safetensors.js";
import { anythingBent } from "../model/bent.js";
import { atMostEvery } from "../page/dom.js";
import { trainedOn } from "../text/validation.js";
import { shapeOf } from "./presets.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../engine/protocol.js").ModelInfo} ModelInfo
 * @typedef {import("./presets.js").BaseName} BaseName
 *
 * The model that a training goes on from: its file, in 32 bits.
 * @typedef {{ file: Uint8Array<ArrayBuffer>, config: ModelInfo["config"], kind: ModelInfo["vocabulary_kind"] }} Onward
 */

/** Milliseconds between two looks at a model that is being bent. */
const LOOK_MS = 300;
/** Of a model's name in a link. */
const LONGEST = 150;

/**
 * Tells a model's numbers from any others, however its file is called: FNV-1a over the words that follow the header.
 * @param {Uint8Array<ArrayBuffer>} file  in 32 bits
 */
export function digestOf(file) {
  const { values } = headerOf(file);
  const words = new Uint32Array(values.slice(0, values.length & ~3).buffer);
  let sum = 0x811c9dc5;
  for (const word of words) sum = Math.imul(sum ^ word, 0x01000193);
  return (sum >>> 0).toString(16).padStart(8, "0");
}

/** @param {string} name @param {string} digest @returns {BaseName} */
export const baseName = (name, digest) => `${name.slice(0, LONGEST)}-${digest}`;
/** @param {BaseName} base */
export const nameIn = (base) => base.replace(/-[^-]*$/, "");
/** @param {BaseName} base */
const digestIn = (base) => base.slice(base.lastIndexOf("-") + 1);

export class OpenBase {
  #app;
  #onChange;
  #turn = 0;
  /** Whether the next training goes on from a model. */
  chosen = false;
  /** What a link, or a form of before, goes on from, as long as that model is not open. @type {BaseName | null} */
  asked = null;
  /** Of the open model, once it is known. */
  #digest = "";

  /** @param {App} app @param {() => void} onChange */
  constructor(app, onChange) {
    this.#app = app;
    this.#onChange = onChange;
    for (const key of /** @type {const} */ (["model", "applied"])) app.state.on(key, () => this.#look());
  }

  /** The open model. */
  get open() {
    return this.#app.state.get("model");
  }

  /** The open model, where a training is to go on from it. @returns {ModelInfo | null} */
  get model() {
    return this.chosen ? this.open : null;
  }

  /** Whether that is bent. */
  get bent() {
    return anythingBent(this.#app.state);
  }

  get shape() {
    const { model } = this;
    return model && shapeOf(model);
  }

  /** What is kept of the choice; undefined for a new model. @returns {BaseName | undefined} */
  get name() {
    if (!this.chosen) return undefined;
    if (this.asked) return this.asked;
    return this.open && this.#digest ? baseName(this.open.name, this.#digest) : undefined;
  }

  /** The same of the open model for a training's card; undefined for a new model. */
  get base() {
    return this.model && this.#digest ? { name: this.model.name, digest: this.#digest, old: this.old } : undefined;
  }

  /** The text that the open model had learned, where that is known and the page has it. */
  get old() {
    const { models } = this.#app;
    const known = models.isShipped || this.open?.trained.trained_on !== undefined;
    const data = known ? trainedOn(this.open) : "own";
    return data === "own" ? null : data;
  }

  /** What stands in the way, in words; empty when nothing does. */
  get problem() {
    if (!this.chosen) return "";
    if (!this.open) return "No model is open that a training could go on from. Open one, or choose a size for a new one.";
    if (!this.asked || !this.#digest) return "";
    const { name } = this.open;
    const asked = nameIn(this.asked);
    const found = name === asked ? `what is open under that name has other numbers (${this.#digest})` : `"${name}" is open`;
    return `This goes on from "${asked}" (${digestIn(this.asked)}), and ${found}. Open that model and it fits, or go on from the open one instead.`;
  }

  /** Goes on from the open model, whichever that is, or from none. @param {boolean} on */
  choose(on) {
    this.chosen = on;
    this.asked = null;
    this.#look();
    this.#onChange();
  }

  /** What a link or a kept choice says. @param {BaseName | undefined} base */
  ask(base) {
    this.chosen = base !== undefined;
    this.asked = base ?? null;
    this.#look();
  }

  /** The open model, to go on from; null where a new one is wanted, or something stands in the way. @returns {Promise<Onward | null>} */
  async take() {
    const { model } = this;
    if (!model) return null;
    const file = await this.#read();
    return model === this.model && !this.problem ? { file, config: model.config, kind: model.vocabulary_kind } : null;
  }

  #look = atMostEvery(LOOK_MS, () => {
    if (!this.chosen) return;
    this.#onChange();
    if (this.open) this.#read().catch(() => {}); // An engine that died says so itself.
  });

  async #read() {
    const turn = ++this.#turn;
    const { bytes } = await this.#app.engine.request("export_model", {});
    const digest = digestOf(bytes);
    if (turn !== this.#turn || (digest === this.#digest && !this.asked)) return bytes;
    this.#digest = digest;
    if (this.asked !== null && digestIn(this.asked) === digest) this.asked = null;
    this.#onChange();
    return bytes;
  }
}
