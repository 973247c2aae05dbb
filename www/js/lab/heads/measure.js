// What each head contributes, measured beside everything else: window after window of unseen text, each read as
// the model is and with each head muted. The engine keeps the model and the losses; this asks it to read on.

import { observe } from "../../engine/observations.js";
import { trainedOn, validation, windowsHere } from "../../text/validation.js";

/**
 * @typedef {import("../shared.js").Lab} Lab
 * @typedef {import("../../text/data-sets.js").DataId} DataId
 * @typedef {import("../../engine/observations.js").Contribution} Contribution
 * @typedef {DataId | "here"} TextId "here" is the text that the lab looks at.
 * @typedef {{label: string, length: number, windows: Uint32Array[]}} Text
 */

/** Windows that are read before the person is asked again. */
export const ROUND = 24;
/** Milliseconds that a call should take: writing and training go on between two calls. */
const CALL_MS = 20;

export class HeadMeasure {
  #lab;
  #onNews;
  /** The person's choice; null takes what the model was trained on. @type {TextId | null} */ #choice = null;
  /** Whoever measures stops once this is another one. */ #turn = 0;
  /** What comes of an older measurement is dropped. */ #measurement = 0;
  /** The last call, which ends before the next one begins. @type {Promise<void>} */ #call = Promise.resolve();
  /** What the engine keeps is being measured on this. @type {Text | null} */ #text = null;
  /** Of what the results are: the model and its waves. */ #key = "";
  #goal = ROUND;
  #readings = 0;
  #most = 1;
  #paused = false;
  /** Layer by layer. @type {(Contribution | null)[]} */ changes = [];
  /** @type {"none" | "running" | "stopped" | "rested" | "done"} "rested": so many windows as were asked for. */ state = "none";
  fault = "";
  /** Of the model that is looked at, in tokens. */ context = 0;
  /** Readings of windows that are done, and of the one at work. */
  read = 0;
  #spent = 0;

  /** @param {Pick<Lab, "app" | "source" | "text">} lab @param {() => void} onNews */
  constructor(lab, onNews) {
    this.#lab = lab;
    this.#onNews = onNews;
  }

  /** @returns {TextId} */
  get choice() {
    const { source, app } = this.#lab;
    return this.#choice ?? (source === "training" ? app.state.get("choices")?.data ?? "shakespeare" : trainedOn(app.state.get("model")));
  }

  /** What it is measured on, in words. */
  get where() {
    const windows = Math.max(0, ...this.changes.map((change) => change?.windows ?? 0));
    return this.#text ? `${windows} ${windows === 1 ? "window" : "windows"} of ${this.#text.length} tokens of ${this.#text.label}` : "";
  }

  /** Tokens of a window; 0 before one was read. */
  get length() {
    return this.#text?.length ?? 0;
  }

  /** 0 to 1 of what was asked for. */
  get share() {
    const all = this.#readings * Math.min(this.#goal, this.#text?.windows.length ?? this.#goal);
    return all > 0 ? Math.min(1, this.read / all) : 0;
  }

  /** Seconds until what was asked for is done, at the pace so far; 0 where that is not known. */
  get secondsLeft() {
    const all = this.#readings * Math.min(this.#goal, this.#text?.windows.length ?? this.#goal);
    return this.read > 0 ? (Math.max(0, all - this.read) * this.#spent) / this.read / 1000 : 0;
  }

  /** @param {TextId} choice */
  choose(choice) {
    this.#choice = choice;
    this.forget();
  }

  /** What is looked at is this: results of anything else are dropped. @param {string} key */
  keep(key) {
    if (key === this.#key) return;
    this.forget();
    this.#key = key;
  }

  forget() {
    const had = this.state !== "none" || this.fault !== "";
    this.#turn++;
    this.#measurement++;
    if (this.#text) this.#end();
    this.#text = null;
    this.changes = [];
    this.state = "none";
    this.fault = "";
    this.read = this.#spent = this.#readings = 0;
    this.#goal = ROUND;
    this.#paused = false;
    if (had) this.#onNews();
  }

  /** Out of sight nothing is measured. */
  pause() {
    if (this.state !== "running") return;
    this.#paused = true;
    this.stop();
  }

  /** Back in sight. */
  resume() {
    if (!this.#paused) return;
    this.#paused = false;
    this.start();
  }

  stop() {
    if (this.state !== "running") return;
    this.#turn++;
    this.state = "stopped";
    this.#onNews();
  }

  /** Begins, or goes on. */
  async start() {
    if (this.state === "running" || this.state === "done") return;
    const turn = ++this.#turn;
    if (this.state === "rested") this.#goal += ROUND;
    this.state = "running";
    this.fault = "";
    this.#onNews();
    try {
      await this.#measure(turn);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.forget();
      this.fault = error instanceof Error ? error.message : String(error);
    }
    this.#onNews();
  }

  /** @param {number} turn */
  async #measure(turn) {
    const { app } = this.#lab;
    await this.#call;
    if (turn !== this.#turn) return;
    if (!this.#text) {
      const text = await this.#find();
      if (turn !== this.#turn) return;
      const { readings } = await observe(app.engine, "heads_begin", { source: this.#lab.source, length: text.length });
      if (turn !== this.#turn) return;
      this.#text = text;
      this.#readings = readings;
    }
    const { windows } = this.#text;
    while (turn === this.#turn) {
      const window = Math.floor(this.read / this.#readings);
      if (window >= windows.length || window >= this.#goal) {
        this.state = window >= windows.length ? "done" : "rested";
        if (this.state === "done") this.#end();
        return;
      }
      const call = this.#advance(windows[window], turn);
      this.#call = call.catch(() => {}); // Told below.
      await call;
    }
  }

  /** @param {Uint32Array} window @param {number} turn */
  async #advance(window, turn) {
    const most = this.#most;
    const measurement = this.#measurement;
    const from = performance.now();
    const { done, changes } = await observe(this.#lab.app.engine, "heads_advance", { window, most });
    const spent = performance.now() - from;
    if (measurement !== this.#measurement) return;
    // Though it was stopped, it was read: the engine's place in the window is kept in step.
    const before = this.read;
    const end = (Math.floor(before / this.#readings) + 1) * this.#readings;
    this.read = done ? end : Math.min(before + most, end - 1);
    this.#spent += spent;
    if (spent < CALL_MS / 2) this.#most = most + 1;
    else if (spent > CALL_MS) this.#most = Math.max(1, Math.floor(most * (CALL_MS / spent)));
    this.changes = changes;
    if (turn === this.#turn) this.#onNews();
  }

  /** @returns {Promise<Text>} */
  async #find() {
    const { app, source, text } = this.#lab;
    const context = this.context;
    const choice = this.choice;
    return choice === "here" ? windowsHere(app, source, text, context, "the text above") : validation(app, source, choice, context);
  }

  #end() {
    observe(this.#lab.app.engine, "heads_end", {}).catch(() => {}); // It frees memory, which an engine that died has freed.
  }
}
