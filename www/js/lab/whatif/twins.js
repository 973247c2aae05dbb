// The same prompt, seed and settings before and after, laid under each other: what both begin with, where they
// part, and what becomes of each.

import { observe } from "../../engine/observations.js";
import { h, uniqueId, VERBATIM, write } from "../../page/dom.js";
import { visible } from "../../page/signs.js";
import { readable } from "../../text/prompts.js";
import { align, partingOf } from "./align.js";
import { textsInWords } from "./words.js";

/**
 * @typedef {import("../../page/app.js").App} App
 * @typedef {import("../../engine/observations.js").Before} Before
 * @typedef {import("../../engine/protocol.js").GenerateSettings} GenerateSettings
 * @typedef {import("../../../pkg/wavefield.js").Side} Side
 */

/** A token: what it adds to the text, which is nothing while a letter is incomplete, and what it is called. @typedef {{text: string, name: string}} Named */

/** Tokens of each text at most. */
const MOST = 120;
/** Tokens that are written in one turn of the engine. */
const TURN = 24;

/** The engine writes one pair of texts at a time, for whoever asks. @type {Promise<void>} */
let turn = Promise.resolve();

export class Twins {
  #app;
  /** The last text of each side, and what it was written under. @type {Record<Side, {key: string, tokens: Named[]}>} */
  #texts = { before: { key: "", tokens: [] }, after: { key: "", tokens: [] } };
  #forgotten = 0;
  #hint = h("p", { class: "field-hint" });
  #words = h("p", { class: "whatif-said" });
  #common = h("p", { ...VERBATIM, class: "whatif-common" });
  #places = h("div", { class: "whatif-places", translate: "no", "aria-hidden": "true" });
  #legend = h("p", { class: "field-hint whatif-legend", "aria-hidden": "true" },
    "Upper line: before. Lower line: after. Where they differ, the lower one is underlined; · stands for no token.");
  #spoken = h("div", { class: "visually-hidden" });

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    const id = uniqueId("twins");
    this.element = h("section", { class: "whatif-part", "aria-labelledby": id },
      h("h3", { id }, "The same seed, before and after"), this.#words,
      h("div", { class: "whatif-texts" }, this.#common, this.#places), this.#legend, this.#spoken, this.#hint);
  }

  /** Both as they were written last. */
  get texts() {
    const whole = (/** @type {Side} */ side) => this.#texts[side].tokens.map(({ text }) => text).join("");
    return { before: whole("before"), after: whole("after") };
  }

  /** Where they part, by the words that stand there; null where they do not. @returns {{before: string, after: string} | null} */
  get parting() {
    const { before, after } = this.texts;
    return partingOf(before, after);
  }

  /** What was written was written by another model. */
  forget() {
    this.#forgotten++;
  }

  /**
   * @param {Before} before @param {string} change Which waves are compared.
   * @param {() => boolean} [wanted]  whether it still is, when its turn comes
   * @returns {Promise<void>}
   */
  refresh(before, change, wanted = () => true) {
    const mine = turn.then(() => (wanted() ? this.#refresh(before, change) : undefined));
    turn = mine.catch(() => {}); // Whoever asked hears of it.
    return mine;
  }

  /** @param {Before} before @param {string} change */
  async #refresh(before, change) {
    const { state } = this.#app;
    const { greedy, ...settings } = state.get("settings");
    if (greedy) settings.temperature = 0;
    settings.max_tokens = Math.min(MOST, settings.max_tokens);
    const model = state.get("model");
    const prompt = model ? readable(state.get("prompt"), model).text : state.get("prompt");
    const asked = JSON.stringify([this.#forgotten, before, prompt, settings]);
    try {
      const first = await this.#write("before", asked, before, prompt, settings);
      const second = await this.#write("after", `${asked} ${change}`, before, prompt, settings);
      if (!first && !second) return;
      this.#show(prompt);
    } catch (error) {
      // A prompt that cannot be read leaves the other parts of the view as they are.
      if (!this.#app.engine.alive) throw error;
      this.#fail(/** @type {Error} */ (error).message);
    }
    const manner = settings.temperature === 0 ? "always the likeliest token" : `temperature ${settings.temperature}, seed ${settings.seed}`;
    write(this.#hint, `Both go on from the prompt under Write with its settings (${manner}), up to ${settings.max_tokens} tokens.`);
  }

  /** Writes one of the texts, unless it is there. @param {Side} side @param {string} key @param {Before} before @param {string} prompt @param {GenerateSettings} settings */
  async #write(side, key, before, prompt, settings) {
    if (this.#texts[side].key === key) return false;
    /** @type {Named[]} */ const tokens = [];
    const names = this.#app.state.get("model")?.tokens ?? [];
    for (let begin = true, ended = false; !ended; begin = false) {
      const step = await observe(this.#app.engine, "whatif_text", { before, side, prompt, settings, begin, most: TURN });
      tokens.push(...step.tokens.map(({ text, id }) => ({ text, name: names[id] ?? text })));
      ended = step.ended;
    }
    this.#texts[side] = { key, tokens };
    return true;
  }

  /** @param {string} message */
  #fail(message) {
    this.#texts = { before: { key: "", tokens: [] }, after: { key: "", tokens: [] } };
    write(this.#words, `The texts could not be written: ${message}`);
    this.#common.replaceChildren();
    this.#places.replaceChildren();
    this.#spoken.replaceChildren();
    this.#legend.hidden = true;
  }

  /** @param {string} prompt */
  #show(prompt) {
    const [before, after] = [this.#texts.before.tokens, this.#texts.after.tokens];
    const { common, places, differing } = align(before.map(({ name }) => name), after.map(({ name }) => name));
    const whole = (/** @type {Named[]} */ tokens) => tokens.map(({ text }) => text).join("");
    write(this.#words, textsInWords(before.length, { common, places, differing }));
    this.#common.replaceChildren(h("span", { class: "whatif-prompt" }, prompt), whole(before.slice(0, common)),
      places.length > 0 ? h("span", { class: "whatif-fork", translate: "yes" }, "▾ here they part") : "");
    this.#places.hidden = this.#legend.hidden = places.length === 0;
    this.#places.replaceChildren(...places.map((place) => column(before[place.before]?.name, after[place.after]?.name)));
    this.#spoken.replaceChildren(h("p", null, "Before: ", h("bdi", VERBATIM, whole(before))), h("p", null, "After: ", h("bdi", VERBATIM, whole(after))));
  }
}

/** One place of both texts. @param {string | undefined} before @param {string | undefined} after */
function column(before, after) {
  const same = before === after;
  return h("span", { class: same ? "whatif-place" : "whatif-place whatif-differs" },
    h("span", null, before === undefined ? "·" : visible(before)), h("span", null, after === undefined ? "·" : visible(after)));
}
