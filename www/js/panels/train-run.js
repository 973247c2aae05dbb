// One training, as the page knows it: what the engine reports, and the record that outlives a reload. No DOM of its own.

import { loadDataSet } from "../data.js";
import { PATIENCE_MS, RunRecords } from "./train-record.js";
import { LossHistory } from "./train-series.js";
import { takeControl } from "./train-control.js";
import { machineSpeed } from "./train-estimates.js";
import { settingsOf, startRequest } from "./train-presets.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../protocol.js").Head} Head
 * @typedef {import("./train-record.js").RunRecord} RunRecord
 * @typedef {import("./train-presets.js").Choices} Choices
 * @typedef {Omit<import("../protocol.js").TrainStart, "text">} Plan  what the engine was asked for, less the text
 *
 * idle: nothing yet. interrupted: found again after a reload, or after the engine died.
 * @typedef {"idle" | "starting" | "running" | "paused" | "done" | "stopped" | "failed" | "interrupted"} RunState
 * @typedef {{ step: number, loss: number, perplexity: number, accuracy: number }} Evaluation
 * @typedef {{ step: number, text: string }} Sample
 * @typedef {{ step: number, message: string }} Fault
 *
 * @typedef {object} Facts  all that is shown of a run; goes into the record as it is
 * @property {number} step
 * @property {number} parameters
 * @property {number} vocabulary
 * @property {number} tokensPerSecond
 * @property {number} learningRate
 * @property {number} secondsTrained
 * @property {number} keptStep  the newest step that was adopted or downloaded
 * @property {Evaluation[]} evaluations
 * @property {Sample[]} samples
 * @property {Fault[]} faults
 * @property {Head[][]} layers         the heads as they are now
 * @property {Head[][]} initialLayers  the heads before the first step
 * @property {import("../protocol.js").TrainControl | null} [control]  how it goes on, and what was changed in it
 */

const MACHINE = "train-machine";
const MEASURED_AFTER_S = 5;
const NO_SNAPSHOT = "There is no snapshot of this training. Train again.";
const MAX_EVALUATIONS = 1000;
const MAX_SAMPLES = 200;
const MAX_FAULTS = 50;
/** A snapshot is due this often, or less often where writing one takes long. */
const SAVE_MS = { first: 1_000, least: 2_000, most: 20_000 };
/** An engine that stops again so soon is not started again by itself. */
const REVIVAL_MS = 60_000;

/** @returns {Facts} */
const noFacts = () => ({
  step: 0, parameters: 0, vocabulary: 0, tokensPerSecond: 0, learningRate: 0, secondsTrained: 0, keptStep: 0,
  evaluations: [], samples: [], faults: [], layers: [], initialLayers: [],
});

export class TrainRun {
  #app;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** The last snapshot. @type {RunRecord | null} */
  #record = null;
  /** @type {Promise<boolean> | null} */
  #saving = null;
  #lastSave = 0;
  #saveEvery = SAVE_MS.first;
  #lastProgress = 0;
  #revived = -Infinity;
  #records;
  #patience = new AbortController();
  /** @type {Promise<void>} */
  #waiting = Promise.resolve();

  /** @type {RunState} */
  state = "idle";
  /** Whether the engine holds this run, so that it can be asked about it. */
  live = false;
  /** Why it failed, or what else has to be said; empty when nothing. */
  message = "";
  /** @type {number | null} */
  secondsLeft = null;
  /** @type {Choices | null} */
  choices = null;
  /** @type {Plan | null} */
  plan = null;
  facts = noFacts();
  history = new LossHistory();

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    this.#records = new RunRecords(app.storage);
    const { engine } = app;
    engine.on("train_progress", (detail) => this.#progress(detail));
    engine.on("train_evaluation", (detail) => this.#report(() => addNewer(this.facts.evaluations, detail, MAX_EVALUATIONS)));
    engine.on("train_sample", (detail) => this.#report(() => addNewer(this.facts.samples, detail, MAX_SAMPLES)));
    engine.on("train_fault", (detail) => this.#report(() => addNewer(this.facts.faults, detail, MAX_FAULTS)));
    engine.on("train_heads", ({ layers }) => this.#report(() => (this.facts.layers = layers)));
    engine.on("train_control", (detail) => this.#report(() => takeControl(this, detail)));
    engine.on("train_ended", (detail) => this.#ended(detail));
    engine.on("fatal", ({ message }) => this.#died(message));
    // The last chance before a phone or a closing tab ends the page.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && this.state === "running") this.save();
    });
    addEventListener("pagehide", () => {
      if (this.state === "running") this.save();
    });
  }

  /** @param {() => void} listener  called after every change */
  onChange(listener) {
    this.#listeners.add(listener);
  }

  /** The engine is at work on it, or about to be. */
  get busy() {
    return this.state === "starting" || this.state === "running" || this.state === "paused";
  }

  /** The step of the last snapshot; null where there is none. */
  get savedStep() {
    return this.#record?.facts.step ?? null;
  }

  /** @param {Choices} choices @param {string} text @param {string} dataName */
  async start(choices, text, dataName) {
    this.#patience.abort();
    await this.#waiting;
    await this.discard();
    const { text: _, ...plan } = startRequest(choices, text, dataName);
    this.#begin({ choices, plan, facts: noFacts(), history: new LossHistory() });
    await this.#records.begin(choices.data === "own" ? text : null);
    try {
      const info = await this.#app.engine.request("train_start", { ...plan, text });
      const initialLayers = info.layers.map((layer) => layer.map((head) => head.initial));
      Object.assign(this.facts, { parameters: info.parameters, vocabulary: info.config.vocab_size, initialLayers });
      if (this.facts.layers.length === 0) this.facts.layers = initialLayers;
    } catch (error) {
      return this.#fail(error);
    }
    this.#running();
  }

  async pause() {
    await this.#ask("train_pause");
    if (!this.busy) return; // It ended in the meantime.
    this.#become("paused");
    await this.#saveNow();
  }

  /**
   * Goes on: where it paused, or from the last snapshot when the engine no longer holds the run.
   * @param {() => Promise<unknown>} [change]  what is changed before
   */
  async goOn(change) {
    if (!this.live) return this.#resume(change);
    await change?.();
    this.message = "";
    if (!this.busy) this.#become("paused"); // One that was over may be longer now.
    await this.#ask("train_continue");
    this.#running();
  }

  async stop() {
    // Paused first, so that the snapshot holds the very last step.
    await this.#ask("train_pause");
    if (!this.busy) return;
    await this.#saveNow();
    await this.#ask("train_stop");
    this.#become("stopped");
    await this.#keepState();
  }

  /** The model as it is now becomes the page's open model. */
  async adopt() {
    const { engine, models } = this.#app;
    if (this.live) await models.adopt(await engine.request("train_adopt", {}));
    else if (this.#record) await models.openBytes(await this.#record.bytes.arrayBuffer(), this.#record.plan.data_name);
    else throw new Error(NO_SNAPSHOT);
    await this.#kept(this.live ? this.facts.step : this.#record?.facts.step ?? 0);
  }

  /** Whether starting another training would lose work that is nowhere else. */
  get onlyHere() {
    return !this.busy && this.facts.step > 0 && this.facts.keptStep < this.facts.step;
  }

  /** @param {number} step */
  async #kept(step) {
    this.facts.keptStep = step;
    if (this.#record) this.#record.facts.keptStep = step;
    await this.#keepState();
  }

  /** @returns {Promise<{ bytes: Blob, filename: string } | null>} the newest snapshot, to download */
  async file() {
    if (this.live) await this.save();
    if (!this.#record) return null;
    const name = this.#record.plan.data_name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    const { bytes, facts } = this.#record;
    await this.#kept(facts.step);
    return { bytes, filename: `wave-field-${name || "model"}-step-${facts.step}.safetensors` };
  }

  /** Forgets the run and its record. */
  async discard() {
    await this.#records.forget();
    this.#record = null;
    this.#begin({ choices: null, plan: null, facts: noFacts(), history: new LossHistory() });
    this.#become("idle");
  }

  /** Finds the run that an earlier visit left, unless another tab is at it. */
  async restore() {
    await this.#take(AbortSignal.timeout(PATIENCE_MS.first));
    if (this.plan || !this.#records.heldElsewhere) return;
    // The page before this one has not let go yet, or another tab is at it: it may still come free.
    setTimeout(() => this.#patience.abort(), PATIENCE_MS.then);
    this.#waiting = this.#take(this.#patience.signal);
  }

  /** @param {AbortSignal} patience */
  async #take(patience) {
    const record = await this.#records.restore(patience);
    if (!record) return;
    this.#record = record;
    this.#show(record);
    this.#become(record.state === "done" || record.state === "stopped" ? record.state : "interrupted");
  }

  /** How fast this machine trains, against an ordinary one; null before the first training. @returns {Promise<number | null>} */
  async machine() {
    const machine = await this.#app.storage.get(MACHINE);
    return typeof machine === "number" && machine > 0 ? machine : null;
  }

  /** Writes a snapshot, one at a time. @returns {Promise<boolean>} whether there is a new one now */
  save() {
    this.#saving ??= this.#write().finally(() => (this.#saving = null));
    return this.#saving;
  }

  /** Writes a snapshot of this very step: one under way may hold an earlier one. */
  async #saveNow() {
    await this.#saving;
    await this.save();
  }

  async #write() {
    const { choices, plan, live } = this;
    if (!choices || !plan || !live) return false;
    const { id } = this.#records;
    const started = performance.now();
    let snapshot;
    try {
      snapshot = await this.#app.engine.request("train_snapshot", {});
    } catch {
      return false; // The engine died or the run ended meanwhile; the last snapshot still holds.
    }
    if (id !== this.#records.id) return false; // Another run began while this one was written.
    // Events come in order, so the curves reach exactly as far as the snapshot.
    const facts = { ...structuredClone(this.facts), step: snapshot.step };
    await this.#keep({ id, savedAt: 0, state: this.state, choices, plan, facts, history: this.history.toJSON(), bytes: snapshot.bytes });
    const machine = machineSpeed(settingsOf(choices), facts.vocabulary, facts.tokensPerSecond);
    // The first seconds are slower than the rest.
    if (machine > 0 && facts.secondsTrained > MEASURED_AFTER_S) await this.#app.storage.set(MACHINE, machine);
    this.#lastSave = performance.now();
    // Writing may take a fortieth of the time.
    this.#saveEvery = Math.min(Math.max(40 * (this.#lastSave - started), SAVE_MS.least), SAVE_MS.most);
    return true;
  }

  /** @param {RunRecord} record */
  async #keep(record) {
    this.#record = { ...record, savedAt: Date.now() };
    await this.#records.write(this.#record);
    this.#changed();
  }

  /** The snapshot stays; the state changed. */
  async #keepState() {
    if (this.#record) await this.#keep({ ...this.#record, state: this.state });
  }

  /** @param {() => Promise<unknown>} [change] */
  async #resume(change) {
    const record = this.#record;
    if (!record) throw new Error(NO_SNAPSHOT);
    const { engine, models } = this.#app;
    this.#show(record);
    this.#become("starting");
    try {
      if (!engine.alive) {
        engine.restart();
        await models.reload();
      }
      const { data } = record.choices;
      const text = data === "own" ? await this.#records.text(record.id) : await loadDataSet(data);
      if (typeof text !== "string") {
        throw new Error("The text of this training is no longer stored here, so it cannot go on. You can still generate with its model.");
      }
      const bytes = await record.bytes.arrayBuffer();
      await engine.request("train_resume_from", { bytes, text }, [bytes]);
      this.live = true;
      await change?.();
      await engine.request("train_continue", {});
    } catch (error) {
      return this.#fail(error);
    }
    this.#running();
  }

  /** @param {RunRecord} record */
  #show({ choices, plan, facts, history }) {
    this.#begin({ choices, plan, facts: structuredClone(facts), history: LossHistory.from(history) });
  }

  /** @param {{ choices: Choices | null, plan: Plan | null, facts: Facts, history: LossHistory }} start */
  #begin({ choices, plan, facts, history }) {
    Object.assign(this, { choices, plan, facts, history, live: false, message: "", secondsLeft: null });
    if (plan) this.#become("starting");
  }

  #running() {
    this.live = true;
    this.#lastProgress = this.#lastSave = performance.now();
    // A tiny run may have ended before the reply was handled.
    if (this.state !== "done" && this.state !== "failed") this.#become("running");
  }

  /** @param {import("../protocol.js").TrainProgress} detail */
  #progress({ step, losses, tokens_per_second, seconds_left, learning_rate, state }) {
    if (!this.busy) return;
    for (const [at, loss] of losses) this.history.add(at, loss);
    const now = performance.now();
    if (this.live && state === "running") this.facts.secondsTrained += (now - this.#lastProgress) / 1000;
    this.#lastProgress = now;
    Object.assign(this.facts, { step, learningRate: learning_rate });
    if (tokens_per_second > 0) this.facts.tokensPerSecond = tokens_per_second;
    this.secondsLeft = seconds_left;
    // Timers slow down in a hidden tab; the engine's reports do not.
    if (this.state === "running" && now - this.#lastSave > this.#saveEvery) this.save();
    this.#changed();
  }

  /** @param {() => void} change */
  #report(change) {
    if (!this.plan || this.state === "idle") return;
    change();
    this.#changed();
  }

  /** @param {import("../protocol.js").Events["train_ended"]} detail */
  async #ended({ reason, step, message }) {
    if (!this.busy) return;
    this.facts.step = step;
    this.secondsLeft = 0;
    this.live = true;
    if (reason === "failed") this.message = message ?? "The engine could not go on.";
    if (reason === "early") this.message = message ?? "";
    this.#become(reason === "early" ? "stopped" : reason);
    if (reason === "done" || reason === "early") await this.#saveNow();
  }

  /** @param {string} message */
  #died(message) {
    const { state, busy } = this;
    this.live = false;
    if (!busy) return this.#changed();
    this.message = message;
    this.#become("failed");
    if (state === "running") this.#revive();
  }

  /** Goes on from the last snapshot in a new engine, without the graphics card: it may have been its fault. */
  async #revive() {
    const now = performance.now();
    if (!this.#record || now - this.#revived < REVIVAL_MS) return;
    this.#revived = now;
    const { device, notify } = this.#app;
    const { step } = this.#record.facts;
    device.beCareful();
    await this.#resume();
    if (this.busy) {
      notify({ kind: "info", key: "device", title: "The engine stopped and was started again.",
        message: `Training goes on on the processor from step ${step.toLocaleString("en-GB")}, the last that was saved. The text and the settings are as they were.` });
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    this.live = false;
    this.message = error instanceof Error ? error.message : String(error);
    this.#become("failed");
  }

  /** @param {"train_pause" | "train_continue" | "train_stop"} type */
  async #ask(type) {
    if (!this.live) return;
    await this.#app.engine.request(type, {});
  }

  /** @param {RunState} state */
  #become(state) {
    this.state = state;
    this.#app.state.set("training", state === "running" || state === "starting");
    this.#changed();
  }

  #changed() {
    for (const listener of this.#listeners) listener();
  }
}

/**
 * Adds what is newer than the rest: a run that was taken up again may repeat itself.
 * @template {{ step: number }} T
 * @param {T[]} list @param {T} item @param {number} limit  the oldest make room
 */
function addNewer(list, item, limit) {
  const last = list.at(-1);
  if (last && item.step <= last.step) return;
  list.push(item);
  if (list.length > limit) list.splice(0, list.length - limit);
}
