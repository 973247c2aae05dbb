// The open model: where it comes from, and how it outlives a reload or the death of the engine.

import { arriving } from "../page/arriving.js";
import { recorded } from "../page/recorded.js";
import { anythingBent } from "./bent.js";
import { pick } from "./heads.js";
import { Aside, idOf, isKept } from "./aside.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../engine/protocol.js").ModelInfo} ModelInfo
 * @typedef {import("../engine/protocol.js").Head} Head
 * @typedef {import("../engine/protocol.js").CouplingInfo} CouplingInfo
 * @typedef {{heads: Head[][] | null, couplings: Pick<CouplingInfo, "weights">[] | null}} Bends What differs from the file.
 * @typedef {{name: string, bytes: ArrayBuffer | null, trained?: boolean, address?: string}} Source `bytes` is null for the shipped model; a
 *   `trained` one is kept among the trainings; `address`: where it was fetched from.
 */

export const SHIPPED = { name: "Shakespeare", url: new URL("../../models/shakespeare/model.safetensors", import.meta.url) };

/** The open model, or under which key it is kept. */
const KEY_MODEL = "model";
/** Before what tells a model that came from elsewhere from others: they are kept until they are deleted. */
export const KEPT_MODELS = "model-kept/";
const KEY_HEADS = "heads";
const KEY_COUPLINGS = "couplings";
/** Before {@link keyOf} of a model: what is bent in it while another is open, and the steps that can be taken back. */
export const BENDS = "bends/";
export const BEND_STEPS = "bend-steps/";

/** @type {Bends} */ const NOTHING = { heads: null, couplings: null };

export class Models {
  #app;
  #aside;
  /** @type {Source} */ #source = { name: SHIPPED.name, bytes: null };
  /** What was bent before a link was opened, until somebody asks. @type {Bends | null} */ linked = null;
  /** The open model was opened as it was bent when another took its place, until somebody asks. */ bentAgain = false;
  /** Under way before anyone asks for it: the first text waits for it. @type {Promise<ArrayBuffer> | null} */
  #early;
  /** Bytes that have come so far. */ #came = { engine: 0, model: 0 };

  /** @param {Pick<App, "engine" | "state" | "storage" | "notify" | "opening">} app */
  constructor(app) {
    this.#app = app;
    app.engine.on("loading", ({ bytes }) => this.#tell({ engine: bytes }));
    this.#early = this.#fetchShipped();
    this.#aside = new Aside(app, (bytes, name) => this.openBytes(bytes, name));
    // Whoever asks for it hears of a failure; a person with a model of their own need not.
    this.#early.catch(() => {});
  }

  /** Whether the model that comes with the page is the open one. */
  get isShipped() {
    return this.#source.bytes === null;
  }

  /** Where the open model comes from. */
  get source() {
    return this.#source;
  }

  /** Where the open model was fetched from, if it was. */
  get address() {
    return this.#source.address;
  }

  /** Opens the model that comes with the page. @returns {Promise<ModelInfo>} */
  openShipped() {
    return this.#open({ name: SHIPPED.name, bytes: null });
  }

  /** Opens another model, bent as it was when it was open the last time. @param {Source} source */
  async #open(source) {
    this.#putAside();
    const kept = await this.#app.storage.get(BENDS + keyOf(source)) ?? NOTHING;
    this.bentAgain = kept.heads !== null;
    const info = await this.#load(source, kept);
    await this.#remember();
    if (kept.heads) await this.#rememberBends();
    return info;
  }

  /** Whoever opens another model finds this one bent as it was. */
  #putAside() {
    const { state, storage } = this.#app;
    if (!state.get("model")) return;
    const key = BENDS + keyOf(this.#source);
    const bends = { heads: state.get("heads"), couplings: state.get("couplings") };
    (anythingBent(state) ? storage.set(key, bends) : storage.delete(key)).catch(() => {});
  }

  /**
   * Opens a checkpoint. When it is refused, the model that was open stays open.
   * @param {ArrayBuffer} bytes
   * @param {string} name
   * @param {Omit<Source, "name" | "bytes">} [from]  what else is known of where it comes from
   * @returns {Promise<ModelInfo>}
   */
  openBytes(bytes, name, from) {
    return this.#open({ name, bytes, ...from });
  }

  /**
   * Opens a model from several files that belong together; what is kept of them is one.
   * @param {{ tensors: ArrayBuffer[], config: string | null, tokenizer: string | null }} files
   * @param {string} name
   * @param {Omit<Source, "name" | "bytes">} [from]  what else is known of where it comes from
   * @returns {Promise<ModelInfo>}
   */
  async openFiles(files, name, from) {
    const { tensors, config, tokenizer } = files;
    if (tensors.length === 1 && config === null && tokenizer === null) return this.openBytes(tensors[0], name, from);
    const info = await this.#app.engine.request("load_files", { ...files, name }, tensors);
    await this.adopt(info, from);
    return info;
  }

  /**
   * The engine has just made this model its open one: the page follows.
   * @param {ModelInfo} info @param {Omit<Source, "name" | "bytes">} [from]  what else is known of where it comes from
   */
  async adopt(info, from) {
    this.#putAside();
    try {
      const { bytes } = await this.#app.engine.request("export_model", {});
      this.#source = { name: info.name, bytes: bytes.buffer, ...from };
    } finally {
      // The engine has it, whatever becomes of the file.
      this.#show(info);
    }
    await this.#remember();
  }

  /** Keeps the open model for the next visit; what was bent belonged to the last one. */
  async #remember() {
    const source = this.#source;
    const key = KEPT_MODELS + keyOf(source);
    const open = source.bytes && (source.trained ? source : { key });
    await this.#app.storage.setAll({ [KEY_MODEL]: open, [KEY_HEADS]: null, [KEY_COUPLINGS]: null, ...(open !== source && open && { [key]: source }) });
  }

  /**
   * Opens what was open before the reload, or the shipped model.
   * @param {Promise<void>} stateRestored
   * @param {(info: ModelInfo) => Bends | null} [linked] What the page's address asks for in a model; it wins over what was kept.
   * @returns {Promise<ModelInfo>}
   */
  async restore(stateRestored, linked) {
    const { opening, storage } = this.#app;
    const [open, heads, couplings] = await Promise.all([storage.get(KEY_MODEL), storage.get(KEY_HEADS), storage.get(KEY_COUPLINGS), stateRestored]);
    const kept = open?.key ? await storage.get(open.key) : open;
    const shipped = { name: SHIPPED.name, bytes: null };
    this.#aside.tell().catch(() => {}); // The first text does not wait for it.
    if (!isKept(kept)) return this.#load(shipped, { heads, couplings }, linked);
    const instead = [KEY_MODEL, KEY_HEADS, KEY_COUPLINGS, open.key ?? KEY_MODEL];
    if (opening.hurt("model", idOf(kept))) {
      await this.#aside.put(kept, "The page stopped when it was opened the last time.", instead);
      return this.#load(shipped, NOTHING, linked);
    }
    await opening.mark("model", idOf(kept), kept.name);
    try {
      const info = await this.#load(kept, { heads, couplings }, linked);
      // An older version of the page kept the open one alone.
      const key = KEPT_MODELS + keyOf(kept);
      if (kept.bytes && !kept.trained && open?.key !== key) await storage.setAll({ [key]: kept, [KEY_MODEL]: { key } });
      return info;
    } catch (error) {
      await this.#aside.put(kept, error instanceof Error ? error.message : String(error), instead);
      return this.#load(shipped, NOTHING, linked);
    }
  }

  /** Loads the open model and what was bent in it into a new worker. @returns {Promise<ModelInfo>} */
  async reload() {
    const { state } = this.#app;
    return this.#load(this.#source, { heads: state.get("heads"), couplings: state.get("couplings") });
  }

  /** Keeps how the heads mix for the next visit. */
  async rememberCouplings() {
    await this.#app.storage.set(KEY_COUPLINGS, this.#app.state.get("couplings"));
  }

  #rememberBends() {
    return Promise.all([this.rememberHeads(), this.rememberCouplings()]);
  }

  /** Keeps the bent heads for the next visit. */
  async rememberHeads() {
    await this.#app.storage.set(KEY_HEADS, this.#app.state.get("heads"));
  }

  /**
   * @param {Source} source
   * @param {Bends} [kept] What was bent, which counts from the first token on.
   * @param {(info: ModelInfo) => Bends | null} [linked] Gives another that wins over it.
   */
  async #load(source, kept = NOTHING, linked = () => null) {
    try {
      return await this.#loaded(source, kept, linked);
    } finally {
      this.#app.state.set("coming", null);
    }
  }

  /** @param {Source} source @param {Bends} kept @param {(info: ModelInfo) => Bends | null} linked */
  async #loaded(source, kept, linked) {
    const early = this.#early;
    this.#early = null;
    const bytes = source.bytes?.slice(0) ?? (await (early ?? this.#fetchShipped()));
    const info = await this.#app.engine.request("load_model", { bytes, name: source.name }, [bytes]);
    this.#source = source;
    const asked = linked(info);
    const { heads, couplings } = asked ?? kept;
    this.linked = asked && kept;
    if (heads) await this.#bend(info, heads);
    if (couplings) await this.#couple(info, couplings);
    this.#show(info);
    // What a link brought is kept like everything that is set here; the first text does not wait for that.
    if (asked) {
      if (bentOtherwise(info, kept, asked)) this.#offerBack(source, kept);
      this.#rememberBends().catch(() => {});
    }
    return info;
  }

  /** @returns {Promise<ArrayBuffer>} the model that comes with the page */
  async #fetchShipped() {
    const tell = (/** @type {number} */ model) => this.#tell({ model });
    tell(0);
    try {
      const response = await fetch(SHIPPED.url);
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      return await arriving(response, tell);
    } catch (error) {
      const why = error instanceof TypeError ? "there is no connection to the page's server, or it broke" : error instanceof Error ? error.message : error;
      throw new Error(`The model that comes with the page could not be fetched: ${why}. Try again, open a model of your own, or train one under Train.`);
    }
  }

  /** Says how much has come of the engine and the model; a server that compresses them does not say how much there is. @param {Partial<{engine: number, model: number}>} came */
  #tell(came) {
    Object.assign(this.#came, came);
    const { engine, model } = this.#came;
    this.#app.state.set("coming", { bytes: engine + model, total: recorded()?.bytes ?? null });
  }

  /** What was bent here before a link came is not lost. @param {Source} source @param {Bends} kept */
  #offerBack(source, kept) {
    const { notify } = this.#app;
    const back = async () => {
      await this.#load(source, kept);
      await this.#rememberBends();
    };
    notify({
      kind: "info", key: "link-heads", title: "The waves are the link’s.", message: `${source.name} was bent otherwise here.`,
      action: { label: "Bend them as they were", run: () => back().catch((error) => notify({ kind: "error", key: "open", title: "The model could not be opened.", message: error.message })) },
    });
  }

  /** @param {ModelInfo} info */
  #show(info) {
    const { state } = this.#app;
    state.set("heads", structuredClone(info.layers));
    state.set("couplings", structuredClone(info.couplings));
    state.set("layer", Math.max(0, Math.min(state.get("layer"), info.layers.length - 1)));
    state.set("model", info);
  }

  /** @param {ModelInfo} info @param {Head[][]} heads Ignored where they are another model's. */
  async #bend(info, heads) {
    const { layers } = info;
    if (heads.length !== layers.length || heads.some((layer, l) => layer.length !== layers[l].length)) return;
    try {
      const asked = heads.map((layer, l) => this.#app.engine.request("set_heads", { layer: l, heads: layer.map(pick) }));
      await Promise.all(asked);
    } catch (error) {
      await this.#app.engine.request("reset_heads", { layer: null });
      return this.#forgotten("bent waves", error);
    }
    info.layers = layers.map((layer, l) => layer.map((head, i) => ({ ...head, ...pick(heads[l][i]) })));
  }

  /** @param {ModelInfo} info @param {Pick<CouplingInfo, "weights">[]} kept Ignored where they are another model's. */
  async #couple(info, kept) {
    const { couplings } = info;
    if (kept.length !== couplings.length || kept.some(({ weights }, l) => weights.length !== couplings[l].weights.length)) return;
    try {
      await Promise.all(kept.map(({ weights }, layer) => this.#app.engine.request("set_coupling", { layer, weights: [...weights] })));
    } catch (error) {
      await this.#app.engine.request("reset_couplings", { layer: null });
      return this.#forgotten("couplings", error);
    }
    info.couplings = couplings.map(({ initial }, l) => ({ weights: [...kept[l].weights], initial }));
  }

  /** What the engine does not take, from an older version of the page perhaps. @param {string} what @param {unknown} error */
  #forgotten(what, error) {
    this.#app.notify({ kind: "info", key: "forgotten", title: `The ${what} that were set do not fit this model, so it is open as in its file.`,
      message: error instanceof Error ? error.message : String(error) });
  }
}

/** Whether a model was bent, and otherwise than a link asks. @param {ModelInfo} info @param {Bends} kept @param {Bends} asked */
function bentOtherwise({ layers, couplings }, kept, asked) {
  const text = (/** @type {Head[][] | null | undefined} */ heads) => JSON.stringify(heads?.map((layer) => layer.map(pick)));
  const weights = (/** @type {readonly Pick<CouplingInfo, "weights">[] | null | undefined} */ mixes) => JSON.stringify(mixes?.map((mix) => [...mix.weights]));
  const file = { heads: layers.map((layer) => layer.map(({ initial }) => initial)), mixes: couplings.map(({ initial }) => ({ weights: initial })) };
  const heads = kept.heads?.length === layers.length && ![text(asked.heads), text(file.heads)].includes(text(kept.heads));
  return heads || (kept.couplings?.length === couplings.length && ![weights(asked.couplings), weights(file.mixes)].includes(weights(kept.couplings)));
}

/** Tells a model from any other, also from the same training at another step. @param {Source} source */
export function keyOf({ name, bytes }) {
  if (!bytes) return "shipped";
  const view = new Uint8Array(bytes);
  let sum = 0;
  for (let i = 0; i < view.length; i += 97) sum = Math.imul(sum, 31) + view[i] | 0;
  return `${idOf({ name, bytes })} ${sum}`;
}

