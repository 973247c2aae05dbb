// The training that this tab works on: what the engine reports of it, and what is kept of it. No DOM of its own.

import { baselines } from "../text/baselines.js";
import { VALIDATION_SHARE, loadDataSet } from "../text/data-sets.js";
import { RunLibrary } from "../runs/library.js";
import { Course } from "./course.js";
import { MOST } from "../keep/limits.js";
import { TrainAside } from "./aside.js";
import { nameOf, ownText } from "./onward.js";
import { firstSnapshot } from "./beginning.js";
import { startRequest } from "./presets.js";
import { HeldRun, PATIENCE_MS } from "./record.js";
import { LossHistory, addNewer } from "../charts/series.js";
import { takeControl } from "./control.js";
import { TimeLeft } from "./left.js";
import { MACHINE, Snapshots } from "./snapshots.js";
import { fileStem } from "./words.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../engine/protocol.js").Head} Head
 * @typedef {import("../runs/library.js").RunCard} RunCard
 * @typedef {import("./presets.js").Choices} Choices
 * @typedef {Omit<import("../engine/protocol.js").TrainStart, "text">} Plan  what the engine was asked for, less the text
 *
 * idle: nothing yet. interrupted: found again after a reload, or taken up from the kept ones.
 * @typedef {"idle" | "starting" | "running" | "paused" | "done" | "stopped" | "failed" | "interrupted"} RunState
 * @typedef {{ step: number, loss: number, perplexity: number, accuracy: number }} Evaluation
 * @typedef {{ loss: number | null, text: string | null }} Before  on the text held back, and what was written
 * @typedef {{ step: number, text: string }} Sample
 * @typedef {{ step: number, message: string }} Fault
 *
 * @typedef {object} Facts  all that is shown of a run; kept as it is
 * @property {number} step
 * @property {number} parameters
 * @property {number} vocabulary
 * @property {number} tokensPerSecond
 * @property {number} learningRate
 * @property {number} secondsTrained
 * @property {Evaluation[]} evaluations
 * @property {Sample[]} samples
 * @property {Fault[]} faults
 * @property {Head[][]} layers         the heads as they are now
 * @property {Head[][]} initialLayers  the heads before the first step
 * @property {Before} [before]  of the model that it goes on from
 * @property {import("./forgetting.js").OldText} [old]  what is left of the text that the model had learned
 * @property {import("../text/baselines.js").Baselines | null} [baselines]  what counting letters comes to on this text; null for word pieces
 * @property {import("../engine/protocol.js").TrainControl | null} [control]  how it goes on, and what was changed in it
 */

const NO_SNAPSHOT = "Nothing of this training is kept that could go on. Train it again.";
/** An engine that stops again so soon is not started again by itself. */
const REVIVAL_MS = 60_000;

/** @returns {Facts} */
const noFacts = () => ({
  step: 0, parameters: 0, vocabulary: 0, tokensPerSecond: 0, learningRate: 0, secondsTrained: 0,
  evaluations: [], samples: [], faults: [], layers: [], initialLayers: [],
});

export class TrainRun {
  #app;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  #lastProgress = 0;
  #revived = -Infinity;
  #held;
  #aside;
  #snapshots;
  #patience = new AbortController();
  /** @type {Promise<void>} */
  #waiting = Promise.resolve();

  /** @type {RunState} */
  state = "idle";
  /** Whether the engine holds this run, so that it can be asked about it. */
  live = false;
  /** Why it failed, or what else has to be said; empty when nothing. */
  message = "";
  /** How much longer it takes, as measured in this visit. */
  left = new TimeLeft();
  /** Seconds that it was at work in this visit. */ #worked = 0;
  /** @type {Choices | null} */
  choices = null;
  /** @type {Plan | null} */
  plan = null;
  facts = noFacts();
  history = new LossHistory();
  course = new Course();

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    /** All trainings that are kept, this one among them. */
    this.library = new RunLibrary(app.storage);
    this.#held = new HeldRun(this.library);
    this.#aside = new TrainAside(app);
    this.#held.onLost = () => this.#lost();
    this.#snapshots = new Snapshots(app, this.library, this, () => this.#changed());
    const { engine } = app;
    engine.on("train_progress", (detail) => this.#progress(detail));
    engine.on("train_evaluation", (detail) => this.#evaluated(detail));
    engine.on("train_sample", (detail) => this.#report(() => {
      if (detail.step === 0) this.#keepBefore({ text: detail.text });
      addNewer(this.facts.samples, detail, MOST.samples);
      this.course.sample(detail);
    }));
    engine.on("train_heads", (detail) => this.#report(() => {
      this.facts.layers = detail.layers;
      this.course.heads(detail);
    }));
    engine.on("train_control", (detail) => this.#report(() => takeControl(this, detail)));
    engine.on("train_ended", (detail) => this.#ended(detail));
    engine.on("fatal", ({ message }) => this.#died(message));
    // The last chance before a phone or a closing tab ends the page.
    const leave = () => {
      if (this.state === "running") this.save();
    };
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") leave();
    });
    document.addEventListener("freeze", leave);
    addEventListener("pagehide", leave);
  }

  /** @param {() => void} listener  called after every change */
  onChange(listener) {
    this.#listeners.add(listener);
  }

  /** The engine is at work on it, or about to be. */
  get busy() {
    return this.state === "starting" || this.state === "running" || this.state === "paused";
  }

  /** Under which it is kept; empty when there is none. */
  get id() {
    return this.#held.id;
  }

  /** The step of the last snapshot; null where there is none. */
  get savedStep() {
    return this.#snapshots.card?.last?.step ?? null;
  }

  /** What is kept with a snapshot. @param {Facts} facts  of its step */
  curves(facts) {
    return { facts, history: this.history.toJSON(), course: this.course.toJSON() };
  }

  /**
   * @param {Choices} choices @param {string} text @param {string} dataName
   * @param {import("./base.js").Onward | null} [from]  the model that it goes on from
   */
  async start(choices, text, dataName, from = null) {
    await this.#leave();
    if (this.busy) return;
    const { text: _, ...plan } = startRequest(choices, text, nameOf(dataName, choices), from);
    this.#snapshots.take(null);
    this.#begin({ choices, plan, facts: noFacts(), history: new LossHistory() });
    const id = await this.#held.begin();
    // Asked for once there is something to lose; the browser may decline.
    navigator.storage?.persist?.().catch(() => {}); // Then it is kept as long as the browser likes, as everything is.
    try {
      const { engine } = this.#app;
      const bytes = from && firstSnapshot(from.file, plan).buffer;
      const info = await (bytes ? engine.request("train_resume_from", { bytes, text, measure: true }, [bytes]) : engine.request("train_start", { ...plan, text }));
      const initialLayers = info.layers.map((layer) => layer.map((head) => head.initial));
      Object.assign(this.facts, { parameters: info.parameters, vocabulary: info.config.vocab_size, initialLayers });
      if (this.facts.layers.length === 0) this.facts.layers = initialLayers;
    } catch (error) {
      return this.#fail(error);
    }
    this.#snapshots.card = await this.library.create({ id, choices, plan }, this.curves(structuredClone(this.facts)), ownText(choices) ? text : null);
    if (from) await this.#continue();
    else this.#running();
    const { facts } = this;
    if (plan.tokenizer.kind === "character") setTimeout(() => { facts.baselines = baselines(text, plan.validation_share ?? VALIDATION_SHARE); });
  }

  /** @param {Partial<Before>} part */
  #keepBefore(part) {
    if (this.choices?.base) this.facts.before = { loss: null, text: null, ...this.facts.before, ...part };
  }

  async pause() {
    await this.#ask("train_pause");
    if (!this.busy) return; // It ended in the meantime.
    this.#become("paused");
    await this.#snapshots.saveNow();
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
    await this.#snapshots.saveNow();
    await this.#ask("train_stop");
    this.#become("stopped");
    await this.#snapshots.saveState();
  }

  /** The model as it is now becomes the page's open model. */
  async adopt() {
    const { engine, models } = this.#app;
    if (this.live) await models.adopt(await engine.request("train_adopt", {}), { trained: true });
    else await models.openBytes((await this.#lastBytes()).buffer, this.#snapshots.card?.name ?? "", { trained: true });
  }

  /** @returns {Promise<{ bytes: Uint8Array<ArrayBuffer>, filename: string }>} the model as it is now, to download */
  async file() {
    // One under way may be of an earlier step, or come to nothing.
    if (this.live) await this.#snapshots.saveNow();
    const { card } = this.#snapshots;
    if (!card?.last) throw new Error("Nothing of this training is kept yet. Try again in a moment.");
    return { bytes: await this.#lastBytes(), filename: `wave-field-${fileStem(card.name)}-step-${card.last.step}.safetensors` };
  }

  async #lastBytes() {
    const { card } = this.#snapshots;
    if (!card) throw new Error(NO_SNAPSHOT);
    return this.library.bytes(card, "last");
  }

  /**
   * Takes up another of the kept trainings; a paused one is left as it was kept.
   * @param {string} id
   */
  async open(id) {
    if (id === this.id) return;
    if (this.state === "starting" || this.state === "running") throw new Error("A training is going on in this tab. Pause it or stop it, then open another.");
    await this.#leave();
    if (!(await this.#held.take(id))) throw new Error("Another tab has this training open. Close it there first.");
    const card = await this.library.card(id);
    if (!card) return this.close();
    await this.#aside.while(card, () => this.#taken());
    await this.#aside.forgive(id);
  }

  /** Before another training takes its place: all of it is kept. */
  async #leave() {
    this.#patience.abort();
    await this.#waiting;
    if (this.live && this.savedStep !== this.facts.step) await this.#snapshots.saveNow();
  }

  /** Shows none: it is about to be deleted, or another tab is to have it. */
  close() {
    this.#held.letGo();
    this.#snapshots.take(null);
    this.#begin({ choices: null, plan: null, facts: noFacts(), history: new LossHistory() });
    this.#become("idle");
  }

  /** Finds the run that an earlier visit left, unless another tab is at it. */
  async restore() {
    await this.library.takeOver();
    await this.library.purge();
    await this.#aside.begin(this.library);
    await this.#take(AbortSignal.timeout(PATIENCE_MS.first));
    if (this.plan || !this.#held.elsewhere) return;
    // The page before this one has not let go yet, or another tab is at it: it may still come free.
    setTimeout(() => this.#patience.abort(), PATIENCE_MS.then);
    this.#waiting = this.#take(this.#patience.signal);
  }

  /** Another tab goes on with it: what this one did since would be a second version of it, and is not written. */
  #lost() {
    const { engine, notify } = this.#app;
    const name = this.#snapshots.card?.name ?? "The training";
    if (this.live) engine.request("train_stop", {}).catch(() => {}); // An engine that died trains nothing.
    this.close();
    notify({ kind: "info", key: "run-lost", title: `"${name}" is open in another tab now.`, message: "This tab was asleep for a while, and another one went on with it from where it was kept." });
  }

  /** @param {AbortSignal} patience */
  async #take(patience) {
    const card = await this.#held.restore(patience, this.#aside.ids);
    if (!card) return;
    try {
      await this.#aside.while(card, () => this.#taken());
    } catch (error) {
      await this.#aside.put(card, error instanceof Error ? error.message : String(error));
    }
  }

  /** Shows the training that this tab has just taken, as it was kept. */
  async #taken() {
    const card = await this.library.card(this.id);
    if (!card) return this.close();
    try {
      await this.#show(card);
    } catch (error) {
      this.close();
      throw error;
    }
    this.#snapshots.take(card);
    const done = card.state === "done" || card.step >= card.plan.train.steps;
    const fault = card.state === "failed" && this.facts.faults.at(-1);
    if (fault) {
      this.message = fault.message;
      return this.#become("failed");
    }
    this.#become(done ? "done" : card.state === "stopped" ? "stopped" : "interrupted");
  }

  /** How fast this machine trains, against an ordinary one; null before the first training. @returns {Promise<number | null>} */
  async machine() {
    const machine = await this.#app.storage.get(MACHINE);
    return typeof machine === "number" && machine > 0 ? machine : null;
  }

  /** Writes a snapshot. @returns {Promise<boolean>} whether there is a new one now */
  save() {
    return this.#snapshots.save();
  }

  /** @param {() => Promise<unknown>} [change] */
  async #resume(change) {
    const { card } = this.#snapshots;
    if (!card?.last) throw new Error(NO_SNAPSHOT);
    const { engine, models } = this.#app;
    await this.#show(card);
    this.#become("starting");
    try {
      if (!engine.alive) {
        engine.restart();
        await models.reload();
      }
      const text = ownText(card.choices) ? await this.library.text(card.id) : await loadDataSet(card.choices.data);
      if (typeof text !== "string") {
        throw new Error("The text of this training is no longer kept here, so it cannot go on. You can still write with its model.");
      }
      const bytes = (await this.#lastBytes()).buffer;
      await engine.request("train_resume_from", { bytes, text }, [bytes]);
    } catch (error) {
      return this.#fail(error);
    }
    await this.#continue(change);
  }

  /** Has the engine go on with what it has just taken up. @param {() => Promise<unknown>} [change]  before that */
  async #continue(change) {
    this.live = true;
    try {
      await change?.();
      await this.#app.engine.request("train_continue", {});
    } catch (error) {
      return this.#fail(error);
    }
    this.#running();
  }

  /** Keeps what is left of a text that was learned before. @param {import("./forgetting.js").OldText} old */
  forgets(old) {
    this.facts.old = old;
    this.#changed();
  }

  /** @param {RunCard} card */
  async #show({ id, choices, plan }) {
    const curves = await this.library.curves(id);
    const history = curves ? LossHistory.from(curves.history) : new LossHistory();
    this.#begin({ choices, plan, facts: { ...noFacts(), ...curves?.facts }, history, course: Course.from(curves?.course) });
  }

  /** @param {{ choices: Choices | null, plan: Plan | null, facts: Facts, history: LossHistory, course?: Course }} start */
  #begin({ choices, plan, facts, history, course = new Course() }) {
    Object.assign(this, { choices, plan, facts, history, course, live: false, message: "", left: new TimeLeft() });
    this.#worked = 0;
    if (plan) this.#become("starting");
  }

  #running() {
    this.live = true;
    this.#lastProgress = performance.now();
    this.#snapshots.begin();
    // A tiny run may have ended, in whatever way, before the reply was handled.
    if (this.busy) this.#become("running");
  }

  /** @param {import("../engine/protocol.js").TrainProgress} detail */
  #progress(detail) {
    if (!this.busy) return;
    const { step, steps, losses, tokens_per_second, learning_rate, state } = detail;
    this.course.progress(detail);
    for (const [at, loss] of losses) this.history.add(at, loss);
    const now = performance.now();
    if (this.live && state === "running") {
      const seconds = (now - this.#lastProgress) / 1000;
      this.facts.secondsTrained += seconds;
      this.#worked += seconds;
      this.left.report(this.#worked, step, steps);
    }
    this.#lastProgress = now;
    Object.assign(this.facts, { step, learningRate: learning_rate });
    if (tokens_per_second > 0) this.facts.tokensPerSecond = tokens_per_second;
    if (this.state === "running") this.#snapshots.tick();
    this.#changed();
  }

  /** @param {Evaluation} evaluation */
  #evaluated(evaluation) {
    if (evaluation.step === 0) this.#keepBefore({ loss: evaluation.loss });
    this.#report(() => addNewer(this.facts.evaluations, evaluation, MOST.evaluations));
    if (this.live && this.facts.evaluations.at(-1) === evaluation) this.#snapshots.evaluated(evaluation);
  }

  /** @param {() => void} change */
  #report(change) {
    if (!this.plan || this.state === "idle") return;
    change();
    this.#changed();
  }

  /** @param {import("../engine/protocol.js").Events["train_ended"]} detail */
  async #ended({ reason, step, message }) {
    if (!this.busy) return;
    this.facts.step = step;
    this.live = true;
    if (reason === "failed") this.#spoilt(step, message ?? "The engine could not go on.");
    if (reason === "early") this.message = message ?? "";
    this.#become(reason === "early" ? "stopped" : reason);
    if (reason !== "stopped") await this.#snapshots.saveNow();
  }

  /** It ended at its last good step, and what came after that is no part of it. @param {number} step @param {string} message */
  #spoilt(step, message) {
    const { facts } = this;
    this.message = message;
    facts.evaluations = facts.evaluations.filter((evaluation) => evaluation.step <= step);
    facts.samples = facts.samples.filter((sample) => sample.step <= step);
    facts.faults = [...facts.faults, { step, message }].slice(-MOST.faults);
    this.history.cut(step);
    this.course.cut(step);
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
    if (this.savedStep === null || now - this.#revived < REVIVAL_MS) return;
    this.#revived = now;
    const { device, notify } = this.#app;
    const step = this.savedStep;
    device.beCareful();
    await this.#resume();
    if (this.busy) {
      notify({ kind: "info", key: "device", title: "The engine stopped and was started again.",
        message: `Training goes on on the processor from step ${step.toLocaleString("en-GB")}, the last that was kept. The text and the settings are as they were.` });
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
