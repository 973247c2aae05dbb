// What the lab's views share: which text is looked at, in which model, which layer, head and token. They
// change it and hear of changes; the panel asks the one that is in view to look again.

import { observe } from "../engine/observations.js";
import { readable } from "../text/prompts.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../engine/observations.js").Source} Source
 * @typedef {import("../engine/observations.js").Observations} Observations
 * @typedef {import("../engine/observations.js").ViewName} ViewName
 *
 * One way of looking. The panel calls `refresh` when the view comes into sight and, while it is in sight,
 * after each change, one call at a time; what it throws is shown to the person.
 * @typedef {object} View
 * @property {string} id
 * @property {string} name
 * @property {readonly string[]} terms What the glossary explains of it.
 * @property {string} about What is seen here, in a sentence or two for someone new to it.
 * @property {boolean} [waves] Whether it is of wave models alone.
 * @property {boolean} [layers] Whether it shows the chosen layer, so that the panel offers a choice of layers.
 * @property {boolean} [anyText] It looks at no text: one that the model has no tokens for does not stop it.
 * @property {HTMLElement} element
 * @property {() => Promise<void>} refresh
 * @property {() => void} [pointed] The chosen token, layer or head is another one.
 * @property {() => void} [hide] It is no longer in sight: it lets go of what it holds.
 */

/** No tokenizer here makes tokens of more characters than this, but for rare runs of spaces. */
const CHARACTERS_A_TOKEN = 32;

/** The last characters of a text; none is cut in two. @param {string} text @param {number} most @returns {string} */
export function endOf(text, most) {
  if (text.length <= most) return text;
  const end = text.slice(-most);
  return /^[\udc00-\udfff]/.test(end) ? end.slice(1) : end;
}

export class Lab {
  /** @type {Source} */ source = "bent";
  /** Whether the text is the one that is being written. */ following = true;
  /** The person's own, where it is not. */ own = "";
  head = 0;
  /** The chosen token's index in the text as it is cut, or -1. */ token = -1;
  /** @type {import("../engine/observations.js").CutText | null} */ cut = null;
  #app;
  /** @type {Set<() => void>} */ #changes = new Set();
  /** @type {Set<() => void>} */ #points = new Set();

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
  }

  get app() {
    return this.#app;
  }

  /** The whole text that is looked at. */
  get whole() {
    if (!this.following) return this.own;
    const { state } = this.#app;
    const model = state.get("model");
    // As the open model read it, without letters that it lacks.
    const prompt = model ? readable(state.get("prompt"), model).text : state.get("prompt");
    return prompt + state.get("recent").map((token) => token.text).reverse().join("");
  }

  /** As much of its end as can matter; the engine reads as many tokens of that as fit. */
  get text() {
    const context = Math.max(this.#app.state.get("model")?.config.max_seq_len ?? 1, this.cut?.config.max_seq_len ?? 1);
    return endOf(this.whole, context * CHARACTERS_A_TOKEN);
  }

  /**
   * What is looked at now; it stays the same until the next look, however fast the text is written.
   * @type {import("../engine/observations.js").Passage}
   */
  passage = { source: "bent", text: "" };

  /** Takes up the present text and model. */
  takeUp() {
    this.passage = { source: this.source, text: this.text };
    return this.passage;
  }

  /** The chosen layer; the last one where the model that is looked at has fewer. */
  get layer() {
    return Math.min(this.#app.state.get("layer"), (this.cut?.config.num_layers ?? Infinity) - 1);
  }

  /** Asks the engine about the passage. @template {ViewName} V @param {V} view @param {Omit<Observations[V]["payload"], "source" | "text">} payload @returns {Promise<Observations[V]["value"]>} */
  observe(view, payload) {
    return observe(this.#app.engine, view, /** @type {any} */ ({ ...this.passage, ...payload }));
  }

  /** @param {Partial<Pick<Lab, "source" | "following" | "own" | "head">>} values */
  set(values) {
    Object.assign(this, values);
    this.changed();
  }

  /** Chooses a token; -1 none. @param {number} token */
  point(token) {
    if (token === this.token) return;
    this.token = token;
    for (const listener of this.#points) listener();
  }

  changed() {
    for (const listener of this.#changes) listener();
  }

  /** @param {() => void} listener What is looked at is another: it has to be asked for anew. */
  onChange(listener) {
    this.#changes.add(listener);
  }

  /** @param {() => void} listener Another token is chosen in what is there already. */
  onPoint(listener) {
    this.#points.add(listener);
  }
}
