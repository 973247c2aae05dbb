// What is asked of the engine for the dials: what each head's tokens drop, and what the chosen head picks up of the field,
// to hold the recurrence against. The chosen head comes first; the others follow, unless they are known already.

import { observe } from "../../engine/observations.js";
import { pick } from "../../model/heads.js";
import { placeOf } from "./state.js";

/**
 * @typedef {import("../shared.js").Lab} Lab
 * @typedef {import("./state.js").Head} Head
 * @typedef {import("../../engine/observations.js").FieldView} FieldView
 *
 * @typedef {object} Deposits Of one head.
 * @property {Float32Array} values (N), in one channel.
 * @property {number} channel
 * @property {number[]} shares Of each channel in the energy of what the head's tokens drop.
 *
 * @typedef {object} Reading
 * @property {import("./state.js").ModelConfig} config
 * @property {string[]} all Every token of the text.
 * @property {string[]} tokens Those that were read.
 * @property {number} before How many tokens of the text come before them.
 * @property {number} layer
 * @property {Head[]} heads Of the layer, as they were when it was read.
 * @property {Map<number, Deposits>} deposits By head.
 * @property {{head: number, heard: Float64Array, kernel: Float32Array} | null} field What the chosen head hears by the engine's
 *   field: read from it at the tokens' places, before the heads mix.
 */

/**
 * What a head's tokens read from its own field, each when it is the last one.
 * @param {FieldView} view @param {import("./state.js").ModelConfig} config @returns {Float64Array} (N)
 */
export function readFromField({ times, cells, frames }, config) {
  return Float64Array.from({ length: times }, (_, token) => {
    const { cell, fraction } = placeOf(config, token);
    const at = token * cells + cell;
    return (1 - fraction) * frames[at] + (fraction > 0 ? fraction * frames[at + 1] : 0);
  });
}

/** The heads of a layer of the model that is looked at. @param {Lab} lab @param {number} layer @returns {Promise<Head[]>} */
async function headsOf(lab, layer) {
  const own = lab.app.state.get("heads")[layer];
  if (lab.source === "bent" && own) return own.map(pick);
  if (lab.source === "original" && own) return own.map(({ initial }) => initial);
  const { heads, gains } = await observe(lab.app.engine, "heads", { source: lab.source });
  return heads.flatMap((head, i) => (head.layer === layer ? [{ frequency: head.frequency, damping: head.damping, phase: head.phase, gain: gains[i] }] : []));
}

export class MemoryReader {
  #lab;
  /** Whose deposits they are, of which text, and what else they depend on. */ #whose = "";
  #text = "";
  #state = "";
  /** @type {unknown} */ #model = null;
  /** @type {Map<number, Deposits>} */ #deposits = new Map();
  /** The heads whose deposits are of the text and the model as they are; those of the others are a little older. @type {Set<number>} */ #fresh = new Set();

  /** The heads and couplings by layer, as the engine took them over last. @type {unknown[][]} */ #engineHas = [];

  /** @param {Lab} lab */
  constructor(lab) {
    this.#lab = lab;
    const { state } = lab.app;
    const take = () => { this.#engineHas = [state.get("heads"), state.get("couplings")]; };
    for (const key of /** @type {const} */ (["model", "applied"])) state.on(key, take);
    take();
  }

  /** Lets go of what it holds. */
  forget() {
    this.#whose = "";
    this.#deposits = new Map();
    this.#fresh = new Set();
  }

  /** The chosen head, and of the others what is known. @param {number | null} channel  null: each head's strongest @returns {Promise<Reading>} */
  async read(channel) {
    const lab = this.#lab;
    const cut = /** @type {import("../../engine/observations.js").CutText} */ (lab.cut);
    const { layer, head } = lab;
    const [whose, { text }] = [this.#whoseNow(channel), lab.passage];
    // A layer's deposits do not depend on its own waves, but on those before it. A model that learns is another one at each look.
    const state = lab.source === "training" ? String(performance.now()) : JSON.stringify(this.#engineHas.map((layers) => layers.slice(0, layer)));
    const heads = await headsOf(lab, layer);
    const view = await lab.observe("field", { layer, head, strength: false, channel });
    if (whose !== this.#whose || !text.startsWith(this.#text)) this.#deposits = new Map();
    if (whose !== this.#whose || text !== this.#text || state !== this.#state) this.#fresh = new Set();
    [this.#whose, this.#text, this.#state] = [whose, text, state];
    this.#take(head, view);
    return {
      config: cut.config, all: cut.tokens, tokens: cut.tokens.slice(-view.times), before: cut.tokens.length - view.times,
      layer, heads, deposits: this.#deposits, field: { head, heard: readFromField(view, cut.config), kernel: view.kernel },
    };
  }

  /**
   * The other heads, one after another: those that are not known at all, and of those that are known from a little earlier as
   * many as there is time for, the oldest first.
   * @param {Reading} reading @param {number | null} channel @param {number} most
   * @param {() => boolean} wanted  still @param {() => void} came
   */
  async others({ heads, layer, deposits }, channel, most, wanted, came) {
    const fresh = this.#fresh;
    // A map keeps the order in which they were read.
    const known = [...deposits.keys()].filter((head) => !fresh.has(head));
    const missing = heads.map((_, head) => head).filter((head) => !deposits.has(head));
    for (const head of [...missing, ...known.slice(0, most)]) {
      if (!wanted() || deposits !== this.#deposits) return;
      const view = await this.#lab.observe("field", { layer, head, strength: false, channel });
      if (deposits !== this.#deposits || fresh !== this.#fresh) return;
      this.#take(head, view);
      came();
    }
  }

  /** @param {number} head @param {FieldView} view */
  #take(head, { deposits, channel, shares }) {
    this.#deposits.delete(head);
    this.#deposits.set(head, { values: deposits, channel, shares });
    this.#fresh.add(head);
  }

  /** @param {number | null} channel */
  #whoseNow(channel) {
    const { source, layer, app } = this.#lab;
    const model = app.state.get("model");
    if (model !== this.#model) this.forget();
    this.#model = model;
    return [source, layer, channel].join();
  }
}
