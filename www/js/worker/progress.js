// What a training tells the page: losses, speed, time left and the heads, often enough to be seen and rarely
// enough to cost nothing.

import { makeEvent } from "../engine/protocol.js";

/**
 * @typedef {import("../engine/protocol.js").Events} Events
 * @typedef {import("../engine/protocol.js").TrainProgress} TrainProgress
 * @typedef {import("../../pkg/wavefield.js").Fault} Fault What came to no number.
 * @typedef {import("../../pkg/wavefield.js").StepReport} Report
 */

const PROGRESS_INTERVAL = 100;
const HEADS_INTERVAL = 200;
/** Milliseconds over which the speed is averaged. */
const SPEED_WINDOW = 4000;

/**
 * @template {keyof Events} E
 * @param {E} event @param {Events[E]} detail
 */
export const say = (event, detail) => self.postMessage(makeEvent(event, detail));

export class Progress {
  /** The last step that was reported. */
  step;
  /** @type {[number, number][]} */ #losses = [];
  #learningRate = 0;
  #gradientNorm = 0;
  #saidProgress = 0;
  #saidHeads = 0;
  /** When recent steps ended, for the speed. @type {number[]} */ #ends = [];

  /** @param {number} step The step that the training has reached. */
  constructor(step) {
    this.step = step;
  }

  /** @param {Report} report Of a step that was made. */
  note({ step, loss, gradient_norm, learning_rate }) {
    if (step <= this.step) return; // Done before, on a device that was lost.
    this.step = step;
    this.#learningRate = learning_rate;
    this.#ends.push(performance.now());
    this.#gradientNorm = gradient_norm;
    this.#losses.push([step, loss]);
  }

  /** The training is back at a step: what came after it was not to be. @param {number} step */
  back(step) {
    this.step = Math.min(this.step, step);
    this.#losses = this.#losses.filter(([at]) => at <= step);
    this.restart();
  }

  /** Measures the speed anew: the training goes on, or goes on elsewhere. */
  restart() {
    this.#ends = [performance.now()];
  }

  /** Whether there are losses that the page does not know yet. */
  get news() {
    return this.#losses.length > 0;
  }

  /** @param {number} now */
  isDue(now) {
    return now - this.#saidProgress >= PROGRESS_INTERVAL;
  }

  /** @param {number} now */
  headsAreDue(now) {
    return now - this.#saidHeads >= HEADS_INTERVAL;
  }

  /** @param {{steps: number, tokens_per_step: number}} plan @param {TrainProgress["state"]} state */
  tell({ steps, tokens_per_step }, state) {
    const secondsPerStep = this.secondsPerStep();
    say("train_progress", {
      step: this.step,
      steps,
      losses: this.#losses,
      tokens_per_second: secondsPerStep > 0 ? tokens_per_step / secondsPerStep : 0,
      seconds_left: (steps - this.step) * secondsPerStep,
      learning_rate: this.#learningRate,
      gradient_norm: this.#gradientNorm,
      state,
    });
    this.#losses = [];
    this.#saidProgress = performance.now();
  }

  /**
   * @param {Promise<import("../engine/protocol.js").Head[][]>} heads @param {() => boolean} wanted Asked once they are there.
   * @returns {Promise<void>} Rejected when they cannot be read.
   */
  async tellHeads(heads, wanted) {
    const { step } = this;
    this.#saidHeads = performance.now();
    const layers = await heads;
    if (wanted()) say("train_heads", { step, layers });
  }

  /** Averaged over the last seconds, with everything that the worker did in them. */
  secondsPerStep() {
    const ends = this.#ends;
    while (ends.length > 2 && ends[ends.length - 1] - ends[0] > SPEED_WINDOW) ends.shift();
    return ends.length < 2 ? 0 : (ends[ends.length - 1] - ends[0]) / 1000 / (ends.length - 1);
  }
}
