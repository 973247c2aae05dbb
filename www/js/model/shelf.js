// The models that came from elsewhere and are kept in this browser until they are deleted. models.js keeps their bytes;
// here each has a card, which is all that a list needs. No DOM.

import { count, number, oneOf, orNull, record, text } from "../keep/check.js";
import { LONGEST, MOST, UNDO_MS } from "../keep/limits.js";
import { BENDS, BEND_STEPS, KEPT_MODELS, keyOf } from "./models.js";

/**
 * @typedef {import("../page/app.js").App} App
 *
 * @typedef {object} ModelCard
 * @property {string} id
 * @property {string} name
 * @property {number} size  bytes
 * @property {number} openedAt  for the first time; 0 where that is not known
 * @property {{ parameters: number, layers: number, heads: number, architecture: "wave_field" | "standard" } | null} about  null before it
 *   was open while this was looked for
 * @property {number} [deletedAt]  it can be taken back for a while
 */

const CARD = "model-card/";

const check = record({
  id: text(LONGEST.prompt, 1), name: text(LONGEST.prompt), size: count(2 ** 32), openedAt: number(0, Date.UTC(2200, 0)), deletedAt: orNull(number(0, Date.UTC(2200, 0))),
  about: orNull(record({ parameters: count(2 ** 40), layers: count(MOST.layers), heads: count(MOST.heads), architecture: oneOf(["wave_field", "standard"]) })),
});

export class ModelShelf {
  #app;
  /** @type {Set<() => void>} */ #listeners = new Set();

  /** @param {Pick<App, "storage" | "models" | "state">} app */
  constructor(app) {
    this.#app = app;
  }

  /** From now on every model that is opened gets its card. */
  begin() {
    this.#app.state.on("model", () => this.#note());
    this.#note();
    this.purge();
  }

  /** @param {() => void} listener  called after every change */
  onChange(listener) {
    this.#listeners.add(listener);
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }

  /** Under which the open model is kept; empty where it is none of these. */
  get openId() {
    const { source } = this.#app.models;
    return source.bytes && !source.trained ? keyOf(source) : "";
  }

  /** Writes down what is known of the open model. */
  async #note() {
    const { models, state, storage } = this.#app;
    const { name, bytes } = models.source;
    const model = state.get("model");
    const id = this.openId;
    if (!id || !bytes || !model || model.name !== name) return this.#tell();
    const before = await this.#card(id);
    const { num_layers: layers, num_heads: heads, architecture } = model.config;
    /** @type {ModelCard} */
    const card = { id, name, size: bytes.byteLength, openedAt: before?.openedAt || Date.now(), about: { parameters: model.parameters, layers, heads, architecture: architecture === "standard" ? "standard" : "wave_field" } };
    await storage.set(CARD + id, card);
    this.#tell();
  }

  /** @param {string} id @returns {Promise<ModelCard | null>} */
  async #card(id) {
    const card = await this.#app.storage.get(CARD + id);
    return card && check(card, "") === "" ? card : null;
  }

  /** @returns {Promise<ModelCard[]>} those that were opened last first, without deleted ones */
  async cards() {
    const { storage } = this.#app;
    const [keys, written] = await Promise.all([storage.keys(KEPT_MODELS), storage.getAll(CARD)]);
    const cards = await Promise.all(keys.map(async (key) => {
      const id = key.slice(KEPT_MODELS.length);
      const card = written.get(CARD + id);
      return card && check(card, "") === "" ? /** @type {ModelCard} */ (card) : this.#cardOf(id);
    }));
    return cards.filter((card) => !card.deletedAt).sort((a, b) => b.openedAt - a.openedAt);
  }

  /** One whose card was never written: the page was closed as it was opened. @param {string} id @returns {Promise<ModelCard>} */
  async #cardOf(id) {
    const kept = await this.#app.storage.get(KEPT_MODELS + id);
    const card = { id, name: typeof kept?.name === "string" ? kept.name : "A model", size: kept?.bytes?.byteLength ?? 0, openedAt: 0, about: null };
    // Not read a second time.
    await this.#app.storage.set(CARD + id, card);
    return card;
  }

  /** Whether it survives closing this tab. @param {string} id */
  isStored(id) {
    return this.#app.storage.isStored(KEPT_MODELS + id);
  }

  /** @param {ModelCard} card @returns {Promise<import("./models.js").Source & { bytes: ArrayBuffer }>} as it is kept */
  async source({ id, name }) {
    const { storage } = this.#app;
    const kept = await storage.get(KEPT_MODELS + id);
    if (!(kept?.bytes instanceof ArrayBuffer)) throw new Error(storage.silent ? storage.reason : `"${name}" is no longer kept here: it was deleted in another tab. Open its file again.`);
    return kept;
  }

  /** @param {ModelCard} card */
  async open(card) {
    const { bytes, name, ...from } = await this.source(card);
    return this.#app.models.openBytes(bytes.slice(0), name, from);
  }

  /** Deletes a model, which can be taken back for a while. The open one is closed. @param {ModelCard} card @returns {Promise<boolean>} whether it was open */
  async remove(card) {
    const wasOpen = card.id === this.openId;
    if (wasOpen) await this.#app.models.openShipped();
    await this.#app.storage.set(CARD + card.id, { ...card, deletedAt: Date.now() });
    setTimeout(() => this.purge(), UNDO_MS + 100);
    this.#tell();
    return wasOpen;
  }

  /** Takes a deletion back. @param {ModelCard} card @param {boolean} wasOpen */
  async takeBack(card, wasOpen) {
    await this.#app.storage.set(CARD + card.id, card);
    if (wasOpen) await this.open(card);
    this.#tell();
  }

  /** Frees the room of what was deleted a while ago. */
  async purge() {
    const { storage } = this.#app;
    for (const [key, card] of await storage.getAll(CARD)) {
      const id = key.slice(CARD.length);
      if (!card?.deletedAt || Date.now() - card.deletedAt < UNDO_MS || id === this.openId) continue;
      await storage.setAll({}, [key, KEPT_MODELS + id, BENDS + id, BEND_STEPS + id]);
    }
    this.#tell();
  }
}
