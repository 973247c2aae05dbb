// Training in the worker: one step after another, with reports in between that are frequent enough to
// be seen and rare enough to cost nothing.

import { makeEvent } from "./protocol.js";

/**
 * @typedef {import("./protocol.js").Events} Events
 * @typedef {import("./protocol.js").ModelInfo} ModelInfo
 * @typedef {import("./protocol.js").TrainProgress} TrainProgress
 * @typedef {import("./protocol.js").TrainStart} TrainStart
 * @typedef {import("../pkg/wavefield.js").Session} Session
 * @typedef {{steps: number, tokens_per_step: number, evaluate_every: number, sample_every: number}} Plan
 */

/** Milliseconds of steps in one turn; a step that takes longer is a turn by itself. */
const TURN = 24;
const PROGRESS_INTERVAL = 100;
const HEADS_INTERVAL = 200;
/** Milliseconds over which the speed is averaged. */
const SPEED_WINDOW = 4000;
/** So many steps in a row that had to be rolled back, and training ends. */
const MOST_FAULTS = 20;

/**
 * @template {keyof Events} E
 * @param {E} event @param {Events[E]} detail
 */
const say = (event, detail) => self.postMessage(makeEvent(event, detail));

export class Lessons {
  #session;
  #turns;
  /** @type {TrainProgress["state"] | "none"} */ #state = "none";
  /** @type {Plan | null} */ #plan = null;
  #step = 0;
  /** @type {[number, number][]} */ #losses = [];
  #learningRate = 0;
  #gradientNorm = 0;
  #faults = 0;
  #saidProgress = 0;
  #saidHeads = 0;
  /** When recent steps ended, for the speed. @type {number[]} */ #ends = [];

  /** @param {Session} session @param {import("./worker-turns.js").Turns} turns */
  constructor(session, turns) {
    this.#session = session;
    this.#turns = turns;
    turns.add(this);
  }

  /** @param {TrainStart} order @returns {ModelInfo} */
  start(order) {
    const info = this.#session.train_start(order);
    this.#begin();
    this.goOn();
    return info;
  }

  /** Takes up a training from its snapshot, paused. @param {Uint8Array} bytes @param {string} text @returns {ModelInfo} */
  resumeFrom(bytes, text) {
    const info = this.#session.train_resume(bytes, text);
    this.#begin();
    return info;
  }

  #begin() {
    const { step, ...plan } = this.#session.train_plan();
    this.#plan = plan;
    this.#state = "paused"; // Whatever the training before it came to.
    this.#step = step;
    this.#losses = [];
    this.#faults = 0;
    this.#ends = [];
    this.#learningRate = this.#gradientNorm = 0;
  }

  pause() {
    if (this.#state !== "running") return;
    this.#state = "paused";
    this.#report();
  }

  goOn() {
    if (!this.#plan || this.#state === "running" || this.#state === "done") return;
    this.#state = "running";
    this.#ends = [performance.now()];
    this.#turns.wake();
  }

  stop() {
    if (this.#state !== "running" && this.#state !== "paused") return;
    this.#end("stopped", "stopped");
  }

  /** The training as bytes that it can be taken up from. */
  snapshot() {
    // The page keeps its curves with the snapshot: they must reach as far.
    if (this.#losses.length > 0) this.#report();
    // As a blob, so that the page's own thread never copies it, however large the model.
    const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (this.#session.train_snapshot());
    return { bytes: new Blob([bytes]), step: this.#step };
  }

  /** @param {number} now @returns {number} */
  turn(now) {
    if (this.#state !== "running") return Infinity;
    do this.#advance(); while (this.#state === "running" && performance.now() - now < TURN);
    if (this.#state !== "running") return Infinity;
    if (performance.now() - this.#saidProgress >= PROGRESS_INTERVAL) this.#report();
    if (performance.now() - this.#saidHeads >= HEADS_INTERVAL) this.#reportHeads();
    return 0;
  }

  #advance() {
    const { steps, evaluate_every, sample_every } = /** @type {Plan} */ (this.#plan);
    if (this.#step >= steps) return this.#end("done", "done");
    const { step, loss, gradient_norm, learning_rate, fault } = this.#session.train_step();
    this.#step = step;
    this.#learningRate = learning_rate;
    this.#ends.push(performance.now());
    if (fault) {
      say("train_fault", { step, message: fault });
      if (++this.#faults >= MOST_FAULTS) {
        return this.#end("stopped", "failed", "Too many steps in a row came out as no number. Train again with a lower learning rate.");
      }
    } else {
      this.#faults = 0;
      this.#gradientNorm = gradient_norm;
      this.#losses.push([step, loss]);
    }
    const last = step >= steps;
    if (last || (evaluate_every > 0 && step % evaluate_every === 0)) say("train_evaluation", { step, ...this.#session.train_evaluate() });
    if (last || (sample_every > 0 && step % sample_every === 0)) say("train_sample", { step, text: this.#session.train_sample() });
    if (last) this.#end("done", "done");
  }

  /** @param {"done" | "stopped"} state @param {Events["train_ended"]["reason"]} reason @param {string} [message] */
  #end(state, reason, message) {
    this.#state = state;
    this.#report();
    this.#reportHeads();
    say("train_ended", { reason, step: this.#step, message });
  }

  #report() {
    const { steps, tokens_per_step } = /** @type {Plan} */ (this.#plan);
    const secondsPerStep = this.#secondsPerStep();
    say("train_progress", {
      step: this.#step,
      steps,
      losses: this.#losses,
      tokens_per_second: secondsPerStep > 0 ? tokens_per_step / secondsPerStep : 0,
      seconds_left: (steps - this.#step) * secondsPerStep,
      learning_rate: this.#learningRate,
      gradient_norm: this.#gradientNorm,
      state: /** @type {TrainProgress["state"]} */ (this.#state),
    });
    this.#losses = [];
    this.#saidProgress = performance.now();
  }

  #reportHeads() {
    say("train_heads", { step: this.#step, layers: this.#session.train_heads() });
    this.#saidHeads = performance.now();
  }

  /** Averaged over the last seconds, with everything that the worker did in them. */
  #secondsPerStep() {
    const ends = this.#ends;
    while (ends.length > 2 && ends[ends.length - 1] - ends[0] > SPEED_WINDOW) ends.shift();
    return ends.length < 2 ? 0 : (ends[ends.length - 1] - ends[0]) / 1000 / (ends.length - 1);
  }
}
