// Training in the worker: one step after another, on the processor or on a graphics card, with reports in
// between that are frequent enough to be seen and rare enough to cost nothing.
//
// The engine is asked for steps and tells later how they went: at once on the processor, some
// milliseconds later on a graphics card. Whatever needs the run as it is at one step (an evaluation, a
// sample, a snapshot, a move to another device) has it alone, after all steps that were asked for.

import { wordsOf } from "./device.js";
import { Progress, say } from "./progress.js";
import { WORTH_RACING, race } from "./race.js";
import { Drift, Watch } from "./watch.js";

/**
 * @typedef {import("../engine/protocol.js").Events} Events
 * @typedef {import("../engine/protocol.js").ModelInfo} ModelInfo
 * @typedef {import("../engine/protocol.js").TrainProgress} TrainProgress
 * @typedef {import("../engine/protocol.js").TrainStart} TrainStart
 * @typedef {import("./device.js").Devices} Devices
 * @typedef {import("../../pkg/wavefield.js").Session} Session
 * @typedef {Omit<import("../../pkg/wavefield.js").PlanInfo, "step">} Plan
 * @typedef {import("./progress.js").Fault} Fault
 * @typedef {import("./progress.js").Report} Report
 */

/** Milliseconds of steps in one turn on the processor; a step that takes longer is a turn by itself. */
const TURN = 24;
/** Milliseconds of steps that a graphics card is asked for at once, and how often it is asked ahead. */
const CHUNK = { milliseconds: 40, most: 64, inFlight: 2 };
/** On a graphics card the run is copied this often, so that a loss costs a few steps, but in at most a twentieth of the time. */
const COPY = { steps: 8, share: 20 };

/** The training came to no number, which was said. */
class Spoilt extends Error {}

export class Lessons {
  #session;
  #turns;
  #devices;
  #crew;
  #die;
  /** @type {TrainProgress["state"] | "none"} */ #state = "none";
  /** @type {Plan | null} */ #plan = null;
  /** The shape of model and batch, as races are remembered by. */ #shape = "";
  /** Counts trainings, so that what an older one still brings is dropped. */ #run = 0;
  /** Counts how often steps were taken back, so that reports of those are dropped. */ #era = 0;
  /** @type {"cpu" | "gpu"} */ #place = "cpu";
  /** The last step that was asked for. */ #asked = 0;
  #progress = new Progress(0);
  /** The last step after which evaluations and samples were seen to. */ #seen = 0;
  /** @type {Set<Promise<unknown>>} */ #inFlight = new Set();
  /** What has the run alone, one after the other. @type {Promise<unknown>} */ #alone = Promise.resolve();
  #holds = 0;
  #copied = { step: 0, at: 0, took: 0 };
  #watch = new Watch();
  /** Evaluation and sample are due, whatever the step. */ #dueNow = false;

  /**
   * @param {Session} session @param {import("./turns.js").Turns} turns @param {Devices} devices
   * @param {import("./crew.js").Crew} crew @param {(error: unknown) => void} die
   */
  constructor(session, turns, devices, crew, die) {
    this.#session = session;
    this.#turns = turns;
    this.#devices = devices;
    this.#crew = crew;
    this.#die = die;
    devices.onNews = crew.onSettled = () => this.#settle();
    devices.onDoubt = () => { if (this.#plan) this.#watch.doubt(session.train_proof_parts()); };
    turns.add(this);
  }

  /** @param {TrainStart} order @returns {ModelInfo} */
  start(order) {
    const info = this.#session.train_start(order);
    this.#begin(info);
    this.goOn();
    return info;
  }

  /**
   * Takes up a training from its snapshot, paused.
   * @param {Uint8Array} bytes @param {string} text @param {boolean} [measure] It is evaluated and writes before its next step.
   * @returns {ModelInfo}
   */
  resumeFrom(bytes, text, measure = false) {
    const info = this.#session.train_resume(bytes, text);
    this.#begin(info);
    this.#dueNow = measure;
    return info;
  }

  /** @param {ModelInfo} info */
  #begin({ config }) {
    const { step, ...plan } = this.#session.train_plan();
    this.#run++;
    this.#dueNow = false;
    this.#plan = plan;
    this.#shape = JSON.stringify([config, plan.tokens_per_step]);
    this.#state = "paused"; // Whatever the training before it came to.
    this.#asked = step;
    this.#progress = new Progress(step);
    // It may have been saved before what was due after its last step; twice does no harm.
    this.#seen = Math.max(0, step - 1);
    this.#inFlight.clear();
    this.#copied = { step, at: 0, took: 0 };
    this.#place = "cpu";
    this.#devices.update({ backend: "cpu" });
    this.#crew.begin(this.#shape);
    this.#tellControl();
  }

  pause() {
    if (this.#state !== "running") return;
    this.#state = "paused";
    this.#report();
    this.#reportHeads();
  }

  goOn() {
    if (!this.#plan || this.#state === "running" || this.#state === "done") return;
    this.#state = "running";
    this.#progress.restart();
    this.#settle();
    this.#turns.wake();
  }

  stop() {
    if (this.#state !== "running" && this.#state !== "paused") return;
    this.#end("stopped", "stopped");
  }

  /** One step of a paused training, and what is due after it. */
  step() {
    if (this.#state !== "paused") throw new Error("A single step can be taken while the training is paused.");
    const target = { step: 0, loss: NaN };
    return this.#hold(async () => {
      if (this.#state !== "paused") throw new Error("The training is not paused any more.");
      if (this.#dueNow) await this.#after("paused");
      target.step ||= this.#asked + 1;
      // A lost graphics card may have set it back by more.
      const reports = this.#asked < target.step ? await this.#steps(target.step - this.#asked) : [];
      target.loss = reports.at(-1)?.loss ?? target.loss;
      await this.#after("paused");
      if (this.#progress.news) this.#report();
      this.#reportHeads();
      return target;
    });
  }

  /** The learning rate after the warm-up, from the next step on. @param {number} rate */
  setRate(rate) {
    return this.#changed(() => this.#session.train_set_rate(rate));
  }

  /** How many steps the training has in all: one that was done can go on. @param {number} steps */
  setSteps(steps) {
    return this.#changed(() => {
      this.#session.train_set_steps(steps);
      /** @type {Plan} */ (this.#plan).steps = steps;
      if (this.#state === "done" && this.#asked < steps) this.#state = "stopped";
      this.#report();
    });
  }

  /** Sets a number of a head's wave. @param {import("../engine/protocol.js").Requests["train_set_head"]["payload"]} change */
  setHead({ layer, head, number, value, again }) {
    // Many come while a slider is dragged, so that no copy is made for each; the engine notes the value in the last one.
    return this.#changed(() => {
      this.#session.train_set_wave({ layer, head, number }, value, again);
      this.#reportHeads();
    }, { copy: false });
  }

  /** Holds a number of a head's wave still, or lets it go. @param {import("../engine/protocol.js").Requests["train_set_lock"]["payload"]} change */
  setLock({ layer, head, number, locked }) {
    return this.#changed(() => this.#session.train_lock({ layer, head, number }, locked));
  }

  /**
   * Everything that a person changes in a training goes through here, between two steps. A copy is made before, so that
   * a lost graphics card never has steps done again that were done under other terms.
   * @param {() => void} change @param {{copy?: boolean}} [options]
   */
  #changed(change, { copy = true } = {}) {
    if (!this.#plan) throw new Error("Nothing is being trained.");
    return this.#hold(async () => {
      if (copy && this.#place === "gpu") await this.#copy();
      change();
      this.#crew.invalidate();
      this.#tellControl();
    });
  }

  #tellControl() {
    say("train_control", this.#session.train_control());
  }

  /** The training as bytes that it can be taken up from. */
  snapshot() {
    return this.#hold(async () => {
      const began = performance.now();
      await this.#copy();
      // The page keeps its curves with the snapshot: they must reach as far.
      if (this.#progress.news) this.#report();
      const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (this.#session.train_snapshot());
      return { bytes, step: this.#asked, took: performance.now() - began };
    });
  }

  /** Opens a copy of the model as it is now. @returns {Promise<ModelInfo>} */
  adopt() {
    return this.#hold(async () => {
      await this.#copy();
      return this.#session.train_adopt();
    });
  }

  /** Makes the copy what the model in training is now, so that it can be looked at. */
  look() {
    return this.#hold(() => this.#copy());
  }

  /** @param {number} now @returns {number} */
  turn(now) {
    if (this.#state !== "running" || this.#holds > 0) return Infinity;
    if (this.#inFlight.size >= (this.#place === "gpu" ? CHUNK.inFlight : 1)) return Infinity;
    const { steps } = /** @type {Plan} */ (this.#plan);
    if (this.#asked >= steps || this.#due(this.#asked)) {
      // Reports first; then there is something to do between two steps.
      if (this.#inFlight.size === 0) this.#between();
      return Infinity;
    }
    if (this.#place === "cpu" && this.#crew.sharing) {
      this.#await(this.#share(now));
      return Infinity;
    }
    const most = this.#place === "gpu" ? this.#chunk() : Infinity;
    const began = performance.now();
    let asked = 0;
    do {
      this.#session.train_advance();
      this.#asked++;
      asked++;
    } while (asked < most && this.#asked < steps && !this.#due(this.#asked) && (this.#place === "gpu" || performance.now() - now < TURN));
    if (this.#place === "cpu") this.#crew.alone(asked, performance.now() - began, steps - this.#asked);
    this.#await();
    return this.#place === "gpu" ? 0 : Infinity;
  }

  /** A turn of steps that several workers share. @param {number} now */
  async #share(now) {
    const run = this.#run;
    const { steps } = /** @type {Plan} */ (this.#plan);
    try {
      do {
        await this.#crew.step(steps - this.#asked);
        if (run !== this.#run) return;
        this.#asked++;
      } while (this.#crew.sharing && this.#state === "running" && this.#holds === 0 && this.#asked < steps && !this.#due(this.#asked) && performance.now() - now < TURN);
    } catch (error) {
      this.#die(error); // As in a turn that the leader does alone.
    }
  }

  /** How many steps a graphics card is asked for at once. */
  #chunk() {
    const perStep = 1000 * this.#progress.secondsPerStep();
    return perStep > 0 ? Math.min(Math.max(1, Math.round(CHUNK.milliseconds / perStep)), CHUNK.most) : 1;
  }

  /** Has the steps reported that were asked for. @param {Promise<void>} [asking] */
  #await(asking) {
    const [run, era] = [this.#run, this.#era];
    const report = () => (run === this.#run ? this.#session.train_reports() : []);
    const reports = /** @type {Promise<Report[]>} */ (asking ? asking.then(report) : report())
      .then((reports) => {
        for (const report of reports) if (run === this.#run && era === this.#era) this.#note(report);
      })
      .catch((error) => this.#failed(error, run) || this.#giveUp(error, run))
      .finally(() => {
        this.#inFlight.delete(reports);
        if (run === this.#run) this.#look();
        this.#turns.wake();
      });
    this.#inFlight.add(reports);
  }

  /** @param {Report} report */
  #note(report) {
    if (report.fault) this.#spoil(report.step - 1, report.fault);
    else this.#progress.note(report);
  }

  /**
   * Something came to no number. That ends the training at its last good step, which is said and can be gone on from.
   * @param {number} made The last step before. @param {Fault} fault
   */
  #spoil(made, fault) {
    const { step, message } = this.#undo(made, fault);
    this.#progress.back(step);
    this.#seen = Math.min(this.#seen, step);
    // A person who has stopped it meanwhile has what they wanted.
    if (this.#state === "running" || this.#state === "paused") this.#end("stopped", "failed", message);
    return new Spoilt(message);
  }

  /** @param {number} made @param {Fault} fault @returns {{step: number, message: string}} */
  #undo(made, fault) {
    const undone = this.#session.train_undo(made, fault);
    this.#era++;
    this.#asked = undone.step;
    return undone;
  }

  /** What is due cannot be done, and would be tried for ever: it ends the training, in words. @param {unknown} error @param {number} run */
  #giveUp(error, run) {
    // What was said already, and what is no longer wanted.
    if (run !== this.#run || this.#state !== "running" || error instanceof Spoilt || error instanceof WebAssembly.RuntimeError) return;
    this.#end("stopped", "failed", `${wordsOf(error)}. Training ended there.`);
  }

  /** What the page is shown while training goes on. */
  #look() {
    const now = performance.now();
    if (this.#state !== "running") {
      if (this.#progress.news) this.#report();
      return;
    }
    if (this.#progress.isDue(now)) this.#report();
    if (this.#progress.headsAreDue(now)) this.#reportHeads();
    if (this.#place === "gpu" && this.#holds === 0 && this.#watch.isDue(now)) {
      const run = this.#run;
      this.#hold(() => this.#proveAgain()).catch((error) => this.#giveUp(error, run));
    }
    const { step, at, took } = this.#copied;
    if (this.#place === "gpu" && this.#holds === 0 && this.#progress.step - step >= COPY.steps && now - at >= COPY.share * took) {
      const run = this.#run;
      this.#hold(() => this.#copy()).catch((error) => this.#giveUp(error, run));
    }
  }

  /** Repeats a part of the graphics card's proof, if the training is on it. */
  async #proveAgain() {
    const { gpu } = this.#devices;
    if (this.#place === "gpu" && gpu) await this.#watch.prove(() => this.#session.train_prove(gpu, true));
  }

  /** Whether an evaluation or a sample is due after a step. @param {number} step */
  #due(step) {
    const { evaluate_every, sample_every } = /** @type {Plan} */ (this.#plan);
    return this.#dueNow || this.#passed(step, evaluate_every) || this.#passed(step, sample_every);
  }

  /** @param {number} step @param {number} every */
  #passed(step, every) {
    return every > 0 && Math.floor(step / every) > Math.floor(this.#seen / every);
  }

  #between() {
    const run = this.#run;
    this.#hold(() => this.#after("running")).catch((error) => this.#giveUp(error, run));
  }

  /** Evaluation and sample, and the end, where they are due. @param {"running" | "paused"} state */
  async #after(state) {
    if (this.#state !== state) return;
    const run = this.#run;
    const { steps, evaluate_every, sample_every } = /** @type {Plan} */ (this.#plan);
    // Less than was asked for when a loss set the run back meanwhile.
    const step = this.#asked;
    const last = step >= steps;
    const both = this.#dueNow || (last && step > this.#seen);
    /** @type {string | undefined} */ let enough;
    if (both || this.#passed(step, evaluate_every)) {
      const evaluation = await this.#session.train_evaluate();
      if (run !== this.#run) return;
      if (!Number.isFinite(evaluation.loss)) return void this.#spoil(step, "held_back");
      const { loss, perplexity, accuracy } = evaluation;
      say("train_evaluation", { step, loss, perplexity, accuracy });
      enough = this.#session.train_judge(evaluation.loss);
    }
    if (both || this.#passed(step, sample_every)) {
      await this.#copy();
      if (run !== this.#run) return;
      const text = this.#session.train_sample();
      if (text === undefined) return void this.#spoil(step, "text");
      say("train_sample", { step, text });
    }
    // Only now: what a lost graphics card breaks off is done again.
    this.#dueNow = false;
    this.#seen = Math.max(this.#seen, step);
    if (this.#state !== state) return;
    if (last) this.#end("done", "done");
    else if (enough) this.#end("stopped", "early", enough);
  }

  /** The run as it is now becomes the copy that samples, snapshots and moves go out from. */
  async #copy() {
    const run = this.#run;
    const began = performance.now();
    const pulled = await this.#session.train_pull();
    if (run !== this.#run) return pulled.free();
    this.#keep(pulled, this.#asked);
    const at = performance.now();
    this.#copied = { ...this.#copied, at, took: at - began };
  }

  /**
   * Does something while no step is under way.
   * @template T @param {() => Promise<T>} task @returns {Promise<T>}
   */
  #hold(task) {
    this.#holds++;
    const run = this.#run;
    const done = this.#alone.then(async () => {
      await Promise.all(this.#inFlight);
      if (run !== this.#run) throw new Error("Another training has begun.");
      try {
        return await task();
      } catch (error) {
        if (!this.#failed(error, run)) throw error;
        return await task(); // On the processor now.
      }
    }).finally(() => {
      this.#holds--;
      this.#turns.wake();
    });
    this.#alone = done.catch(() => {}); // Whoever asked is told; the next only waits for the end.
    return done;
  }

  /**
   * Something went wrong. Where a graphics card was lost, training goes on from the copy, on the processor.
   * @param {unknown} error @param {number} run @returns {boolean} Whether that mended it.
   */
  #failed(error, run) {
    if (error instanceof WebAssembly.RuntimeError) {
      this.#die(error);
      return false;
    }
    if (run !== this.#run || this.#place !== "gpu" || error instanceof Spoilt) return false;
    const { step } = this.#copied;
    const back = this.#progress.step - step;
    this.#session.train_to_cpu();
    this.#place = "cpu";
    this.#asked = step;
    const steps = back > 0 ? `, ${back === 1 ? "one step" : `${back} steps`} back` : "";
    this.#progress.restart();
    const over = this.#state === "done" || this.#state === "stopped";
    const kept = over ? "The trained model was kept as of step" : "Training goes on on the processor from step";
    const trusted = !(error instanceof Drift);
    const what = trusted ? "stopped answering" : "began to compute wrong numbers";
    this.#devices.lost(`The graphics card ${what} (${wordsOf(error)}). ${kept} ${step.toLocaleString("en-GB")}${steps}.`, { trusted });
    return true;
  }

  /** Moves the training to where it belongs now. */
  #settle() {
    if (!this.#plan || (this.#state !== "running" && this.#state !== "paused")) return;
    const run = this.#run;
    this.#hold(async () => {
      const place = this.#devices.placeFor(this.#shape);
      if (place === this.#place || (place === "race" && this.#state !== "running")) return;
      const own = (/** @type {import("../../pkg/wavefield.js").OpenedGpu} */ gpu) => this.#session.train_prove(gpu, false);
      if (place !== "cpu" && !(await this.#devices.isProvenFor(this.#shape, own))) return;
      if (place === "race") {
        // The processor races with as many workers as are best.
        if (this.#place !== "cpu" || this.#crew.undecided) return;
        // What is measured before the first step comes before the race makes some.
        if (this.#dueNow) await this.#after("running");
        if (run === this.#run && this.#state === "running") await this.#race();
        return;
      }
      await this.#copy();
      this.#move(place);
      this.#devices.update({ backend: place, ...(this.#devices.choice === "gpu" && place === "gpu" ? { why: "You chose the graphics card. It computes what the processor computes." } : {}) });
    }).catch((error) => {
      if (error instanceof Spoilt) return this.#devices.update({ phase: "ready" });
      // The adapter would not take this training, which is where it was.
      if (run === this.#run && this.#devices.gpu) this.#devices.lost(`The graphics card cannot take this training (${wordsOf(error)}). It stays on the processor.`);
    });
  }

  /** @param {"cpu" | "gpu"} place */
  #move(place) {
    const { gpu } = this.#devices;
    this.#crew.dismiss();
    if (place === "gpu" && gpu) this.#session.train_to_gpu(gpu);
    else this.#session.train_to_cpu();
    this.#place = place;
    this.#watch.begin(performance.now());
    this.#asked = this.#copied.step;
    this.#progress.restart();
  }

  /** Lets the processor and the graphics card do the same steps; the training stays where it is faster. */
  async #race() {
    const { steps, tokens_per_step } = /** @type {Plan} */ (this.#plan);
    if (steps - this.#progress.step < WORTH_RACING) return;
    this.#devices.update({ phase: "racing", why: "The graphics card and the processor are racing on this model." });
    const run = this.#run;
    /** Nothing of this training may get into one that was begun meanwhile. @template T @param {() => T} act */
    const own = (act) => {
      if (run !== this.#run) throw new Error("Another training has begun.");
      return act();
    };
    await race({
      advance: (count) => own(() => this.#steps(count, { racing: true })),
      pull: () => own(() => this.#session.train_pull()),
      keep: (pulled, step) => own(() => this.#keep(pulled, step)),
      move: (place) => own(() => this.#move(place)),
      reached: () => this.#asked,
    }, tokens_per_step, (result) => {
      this.#devices.raced(this.#shape, result);
      return this.#devices.placeFor(this.#shape) === "gpu";
    });
  }

  /** Makes what was pulled at a step the copy. @param {import("../../pkg/wavefield.js").PulledRun} pulled @param {number} step */
  #keep(pulled, step) {
    this.#session.train_keep(pulled);
    pulled.free();
    this.#copied = { ...this.#copied, step };
  }

  /**
   * Some steps, and how they went.
   * @param {number} count @param {{racing?: boolean}} [options] `racing`: on a graphics card that has yet to show that it
   *   computes right, no number is its own affair, and there are fewer reports.
   */
  async #steps(count, { racing = false } = {}) {
    for (let i = 0; i < count; i++) {
      if (this.#place === "cpu" && this.#crew.sharing) await this.#crew.step(count - i);
      else this.#session.train_advance();
    }
    this.#asked += count;
    const reports = await this.#session.train_reports();
    const last = reports.at(-1);
    for (const report of reports) if (!report.fault) this.#progress.note(report);
    if (!last?.fault) return reports;
    if (!racing || this.#place === "cpu") throw this.#spoil(last.step - 1, last.fault);
    this.#undo(last.step - 1, last.fault);
    return reports;
  }

  /** @param {"done" | "stopped"} state @param {Events["train_ended"]["reason"]} reason @param {string} [message] */
  #end(state, reason, message) {
    this.#state = state;
    const run = this.#run;
    // A step that is under way is still made together.
    Promise.all(this.#inFlight).then(() => {
      if (run === this.#run && this.#state === state) this.#crew.dismiss();
    });
    this.#report();
    this.#reportHeads();
    say("train_ended", { reason, step: this.#progress.step, message });
  }

  #report() {
    this.#progress.tell(/** @type {Plan} */ (this.#plan), /** @type {TrainProgress["state"]} */ (this.#state));
  }

  #reportHeads() {
    const run = this.#run;
    this.#progress.tellHeads(this.#session.train_heads(), () => run === this.#run)
      .catch((error) => this.#failed(error, run) || this.#giveUp(error, run));
  }
}
