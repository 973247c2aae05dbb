// The open model: where it comes from, and how it outlives a reload or the death of the engine.

/**
 * @typedef {import("./app.js").App} App
 * @typedef {import("./protocol.js").ModelInfo} ModelInfo
 * @typedef {import("./protocol.js").Head} Head
 * @typedef {{name: string, bytes: ArrayBuffer | null}} Source `bytes` is null for the shipped model.
 */

export const SHIPPED = { name: "Shakespeare", url: "./models/shakespeare/model.safetensors" };

const KEY_MODEL = "model";
const KEY_HEADS = "heads";

export class Models {
  #app;
  /** @type {Source} */ #source = { name: SHIPPED.name, bytes: null };
  /** Under way before anyone asks for it: the first text waits for it. @type {Promise<ArrayBuffer> | null} */
  #early = fetchShipped();

  /** @param {Pick<App, "engine" | "state" | "storage">} app */
  constructor(app) {
    this.#app = app;
    // Whoever asks for it hears of a failure; a person with a model of their own need not.
    this.#early?.catch(() => {});
  }

  /** Whether the model that comes with the page is the open one. */
  get isShipped() {
    return this.#source.bytes === null;
  }

  /** Opens the model that comes with the page. @returns {Promise<ModelInfo>} */
  async openShipped() {
    const info = await this.#load({ name: SHIPPED.name, bytes: null });
    await this.#app.storage.set(KEY_MODEL, null);
    return info;
  }

  /**
   * Opens a checkpoint. When it is refused, the model that was open stays open.
   * @param {ArrayBuffer} bytes
   * @param {string} name
   * @returns {Promise<ModelInfo>}
   */
  async openBytes(bytes, name) {
    const info = await this.#load({ name, bytes });
    await this.#app.storage.set(KEY_MODEL, { name, bytes });
    return info;
  }

  /**
   * The engine has just made this model its open one (a trained model): the page follows.
   * @param {ModelInfo} info
   */
  async adopt(info) {
    this.#show(info);
    const { bytes } = await this.#app.engine.request("export_model", {});
    this.#source = { name: info.name, bytes: bytes.buffer };
    await this.#app.storage.set(KEY_MODEL, this.#source);
  }

  /** Opens what was open before the reload, or the shipped model. @returns {Promise<ModelInfo>} */
  async restore() {
    const [kept, heads] = await Promise.all([this.#app.storage.get(KEY_MODEL), this.#app.storage.get(KEY_HEADS)]);
    let info;
    try {
      info = await this.#load(kept?.bytes ? kept : { name: SHIPPED.name, bytes: null });
    } catch (error) {
      if (!kept?.bytes) throw error;
      info = await this.#load({ name: SHIPPED.name, bytes: null });
    }
    await this.#bend(heads);
    return info;
  }

  /** Loads the open model and its bent heads into a new worker. @returns {Promise<ModelInfo>} */
  async reload() {
    const heads = this.#app.state.get("heads");
    const info = await this.#load(this.#source);
    await this.#bend(heads);
    return info;
  }

  /** Keeps the bent heads for the next visit. */
  async rememberHeads() {
    await this.#app.storage.set(KEY_HEADS, this.#app.state.get("heads"));
  }

  /** @param {Source} source */
  async #load(source) {
    const early = this.#early;
    this.#early = null;
    const bytes = source.bytes?.slice(0) ?? (await (early ?? fetchShipped()));
    const info = await this.#app.engine.request("load_model", { bytes, name: source.name }, [bytes]);
    this.#source = source;
    this.#show(info);
    return info;
  }

  /** @param {ModelInfo} info */
  #show(info) {
    const { state } = this.#app;
    state.set("heads", structuredClone(info.layers));
    state.set("layer", Math.min(state.get("layer"), info.layers.length - 1));
    state.set("model", info);
  }

  /** @param {Head[][] | null} heads Ignored where they are another model's. */
  async #bend(heads) {
    const { engine, state } = this.#app;
    const now = state.get("heads");
    if (heads?.length !== now.length || heads.some((layer, l) => layer.length !== now[l].length)) return;
    const bent = now.map((layer, l) => layer.map((head, i) => ({ ...head, ...pick(heads[l][i]) })));
    state.set("heads", bent);
    await Promise.all(bent.map((layer, l) => engine.request("set_heads", { layer: l, heads: layer.map(pick) })));
  }
}

/** @param {Head} head @returns {Head} Its four numbers alone. */
export const pick = ({ frequency, damping, phase, gain }) => ({ frequency, damping, phase, gain });

async function fetchShipped() {
  const response = await fetch(new URL(`../${SHIPPED.url}`, import.meta.url));
  if (!response.ok) {
    throw new Error(`The model that comes with the page could not be fetched (${response.status}). Open a checkpoint of your own, or train one below.`);
  }
  return response.arrayBuffer();
}
