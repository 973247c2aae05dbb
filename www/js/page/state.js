// What the page knows, in one place: panels read it, change it and hear of changes. Part of it is
// kept over a reload.

import { count, flag, list, number, oneOf, record, text } from "../keep/check.js";
import { soundSettings } from "./sampling.js";

/**
 * @typedef {import("../engine/protocol.js").ModelInfo} ModelInfo
 * @typedef {import("../engine/protocol.js").HeadInfo} HeadInfo
 * @typedef {import("../engine/protocol.js").GenerateSettings & {greedy: boolean}} SamplingSettings `greedy`
 *   always takes the likeliest token, and leaves the temperature where it was.
 * @typedef {import("../engine/protocol.js").GeneratedToken} GeneratedToken
 *
 * @typedef {import("../train/presets.js").Choices} Choices
 * @typedef {Pick<Choices, "data" | "tokenizer" | "pieces" | "size"> & {changed: Partial<Choices["settings"]>, base?: import("../train/presets.js").BaseName}} TrainChoices
 *   `changed` is what differs from the preset; `base` the model to go on from, in place of the size.
 *
 * @typedef {object} Values
 * @property {"loading" | "ready" | "dead"} engine
 * @property {ModelInfo | null} model The open model.
 * @property {{bytes: number, total: number | null} | null} coming How much has come of a model that is being opened; null where
 *   none is.
 * @property {HeadInfo[][]} heads The heads as they are bent now, by layer; `gain` is what is heard.
 * @property {import("../engine/protocol.js").CouplingInfo[]} couplings How the heads mix now, by layer.
 * @property {boolean} sweeping A wave is being bent in small steps by the page itself: together they are one.
 * @property {number} applied How often the engine has taken over bent heads or couplings.
 * @property {number} layer The layer whose heads are shown.
 * @property {import("./places.js").Place} place The one that is shown.
 * @property {import("../waves/worth.js").Worths | null} worths What the open model's heads are worth, once that is measured.
 * @property {string} effect What the bends do to the loss, in words; "" where nothing is bent.
 * @property {string} labView Which view of the lab is shown; "" until one is.
 * @property {string} story Which story is told; "" at the list of them.
 * @property {string} prompt
 * @property {SamplingSettings} settings
 * @property {number} pace Tokens a second that are shown; 0 is as fast as they come.
 * @property {boolean} generating
 * @property {GeneratedToken[]} recent The tokens just written, newest first.
 * @property {string} begun What the text that is written began with: its prompt, as the model read it.
 * @property {boolean} training
 * @property {TrainChoices | null} choices What is chosen for the next training; null until that is known.
 * @property {import("../engine/protocol.js").DeviceChoice} deviceChoice Where the person wants trainings to run.
 * @property {number} workersChoice How many workers the person wants on the processor; 0 leaves it to the engine.
 * @property {import("../engine/protocol.js").DeviceStatus | null} device Where they do, as the engine says.
 */

/** An untouched page. @type {Values} */
export const INITIAL = {
  engine: "loading",
  model: null,
  coming: { bytes: 0, total: null },
  heads: [],
  couplings: [],
  sweeping: false,
  applied: 0,
  layer: 0,
  place: "write",
  labView: "",
  story: "",
  effect: "",
  worths: null,
  prompt: "ROMEO:\n",
  settings: {
    temperature: 0.8,
    greedy: false,
    top_k: 0,
    top_p: 0.95,
    repetition_penalty: 1,
    seed: 1,
    max_tokens: 1000,
    stop: [],
    at_limit: "reread",
  },
  pace: 40,
  generating: false,
  recent: [],
  begun: "",
  training: false,
  choices: null,
  deviceChoice: "auto",
  workersChoice: 0,
  device: null,
};

/** What the sampling settings may be. */
const SETTINGS = {
  temperature: number(0, 2), greedy: flag, top_k: count(1000), top_p: number(0.01, 1), repetition_penalty: number(1, 2),
  seed: count(2 ** 32 - 1), max_tokens: count(20_000, 1), stop: list(text(1000), 64), at_limit: oneOf(["reread", "run_on"]),
};

/** What a reload brings back, and what it may be. The model itself is kept by models.js, being large. @type {{ [key in keyof Values]?: import("../keep/check.js").Check }} */
const KEPT = {
  layer: count(1024), prompt: text(1_000_000), settings: record(SETTINGS), pace: number(0, 1e6),
  deviceChoice: oneOf(["auto", "cpu", "gpu"]), workersChoice: count(1024),
};
const KEPT_KEYS = /** @type {(keyof Values)[]} */ (Object.keys(KEPT));

/** Those of the settings that may be so, and for the others what an untouched page has. @param {any} kept @returns {SamplingSettings} */
function settingsOf(kept) {
  const sound = /** @type {any} */ (soundSettings(kept ?? {}, INITIAL.settings));
  const right = Object.entries(SETTINGS).filter(([name, check]) => check(sound[name], name) === "");
  return { ...structuredClone(INITIAL.settings), ...Object.fromEntries(right.map(([name]) => [name, sound[name]])) };
}

/** Tokens of the written text that `recent` holds at most. */
export const RECENT_TOKENS = 1024;

export class State {
  /** @type {Values} */ #values = structuredClone(INITIAL);
  /** @type {Map<keyof Values, Set<(value: any) => void>>} */ #listeners = new Map();

  /** @template {keyof Values} K @param {K} key @returns {Values[K]} */
  get(key) {
    return this.#values[key];
  }

  /** @template {keyof Values} K @param {K} key @param {Values[K]} value */
  set(key, value) {
    if (Object.is(this.#values[key], value)) return;
    this.#values[key] = value;
    for (const listener of this.#listeners.get(key) ?? []) listener(value);
  }

  /**
   * @template {keyof Values} K
   * @param {K} key
   * @param {(value: Values[K]) => void} listener Called on every change, not at once.
   * @returns {() => void} Call it to stop listening.
   */
  on(key, listener) {
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** The part to keep, for {@link restore}. @returns {Partial<Values>} */
  kept() {
    return Object.fromEntries(KEPT_KEYS.map((key) => [key, this.#values[key]]));
  }

  /** @param {any} kept What {@link kept} gave, perhaps from an older version of the page. */
  restore(kept) {
    for (const [key, check] of Object.entries(KEPT)) {
      const value = kept?.[key];
      if (value === undefined) continue;
      const merged = key === "settings" ? settingsOf(value) : value;
      if (check(merged, key) === "") this.set(/** @type {never} */ (key), /** @type {never} */ (merged));
    }
  }

  /** @param {() => void} listener Called when something that is kept changes. */
  onKept(listener) {
    for (const key of KEPT_KEYS) this.on(key, listener);
  }
}
