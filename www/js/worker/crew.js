// The workers that share the steps of a training on the processor: the engine's own, which leads, and
// helpers that it starts. How many there are changes how fast a step is and nothing else: it comes out
// the same, bit for bit (src/train/trainer/shards.rs has why). So it may change at any time, and what a
// helper that fails was to compute, the leader computes.

import { Closed, Exchange, TooLate } from "./exchange.js";
import { wordsOf } from "./device.js";

/**
 * @typedef {import("../../pkg/wavefield.js").Session} Session
 * @typedef {{worker: Worker, ready: boolean}} Helper
 * @typedef {{workers: number, sharing: string}} News What the device status says of it.
 * @typedef {{workers: number, words: string}} Found How many workers are best, and why.
 */

/** More workers than this gain little on what a page trains. */
const MOST = 8;
/** A training that takes less than this, in milliseconds, is over before sharing it pays. */
const LEAST = 2000;
/** Twice as many workers must bring a step's time down to this share of it. */
const WORTH = 0.9;
/** Steps that are timed, and before them those that warm up: at least so many, and so many milliseconds. */
const SAMPLE = { steps: 3, milliseconds: 300 };
const WARM = { steps: 2, milliseconds: 200 };
/** A helper may take so many times as long as the leader, and always so many milliseconds. */
const PATIENCE = { times: 10, milliseconds: 3000, first: 10_000 };
/** So many failures of helpers in one training, and it goes on without. */
const MOST_FAULTS = 3;

/** The largest power of two that is not larger. @param {number} count */
export const powerOfTwo = (count) => 2 ** Math.floor(Math.log2(Math.max(1, count)));

/** How many workers this browser may have. */
export const mostWorkers = () =>
  typeof Worker === "undefined" ? 1 : powerOfTwo(Math.min(navigator.hardwareConcurrency || 1, MOST));

/** Times steps, the first few left out. */
export class Stopwatch {
  #warm = { steps: 0, milliseconds: 0 };
  #total = 0;
  /** @type {number[]} */ #each = [];

  /** @param {number} steps @param {number} milliseconds That all of them took. */
  note(steps, milliseconds) {
    if (this.#warm.steps < WARM.steps || this.#warm.milliseconds < WARM.milliseconds) {
      this.#warm.steps += steps;
      this.#warm.milliseconds += milliseconds;
      return;
    }
    this.#total += milliseconds;
    for (let i = 0; i < steps; i++) this.#each.push(milliseconds / steps);
  }

  /** The median of a step's milliseconds, once enough were timed; null before. */
  get time() {
    if (this.#each.length < SAMPLE.steps || this.#total < SAMPLE.milliseconds) return null;
    return this.#each.toSorted((a, b) => a - b)[this.#each.length >> 1];
  }
}

export class Crew {
  #session;
  #tell;
  /** What the person chose: 0 leaves it to the crew. */ #choice = 0;
  /** Of model and batch. */ #shape = "";
  /** How many pieces a step is cut into: so many workers could share it. */ #shards = 1;
  /** What was found for this training, and for others by their shape. @type {Found | null} */ #found = null;
  /** @type {Map<string, Found>} */ #best = new Map();
  /** Counts trainings, so that a step of an older one is dropped. */ #run = 0;
  /** @type {Helper[]} */ #helpers = [];
  /** Workers that share steps, and that will once the helpers are there. */
  #size = 1;
  #wanted = 1;
  /** None where the helpers have to be told where the run is. @type {Exchange | null} */ #exchange = null;
  #stopwatch = new Stopwatch();
  /** Milliseconds a step, by the number of workers. @type {Map<number, number>} */ #times = new Map();
  #faults = 0;
  /** Called when the crew has found its size. */ onSettled = () => {};

  /** @param {Session} session @param {(news: News) => void} tell */
  constructor(session, tell) {
    this.#session = session;
    this.#tell = tell;
  }

  /** Another training has taken the place of the one before. @param {string} shape Of model and batch. */
  begin(shape) {
    this.#run++;
    this.#shape = shape;
    this.#shards = this.#session.train_shards();
    this.#faults = 0;
    this.#consider();
  }

  /** @param {number} workers 0 leaves it to the crew. */
  choose(workers) {
    this.#choice = workers;
    this.#faults = 0;
    this.#consider();
  }

  /** Begins anew with what is known. */
  #consider() {
    this.dismiss();
    this.#times.clear();
    this.#found = this.#best.get(this.#shape) ?? null;
    this.#say();
  }

  /** Whether the best size is still being looked for. */
  get undecided() {
    return this.#most() > 1 && this.#choice === 0 && this.#found === null;
  }

  /** Whether the next step is to be shared. */
  get sharing() {
    return this.#size > 1;
  }

  /** How many workers could share a step of this training. */
  #most() {
    return Math.min(mostWorkers(), this.#shards);
  }

  /**
   * The run was changed by something other than a step: the helpers are told anew before the next one.
   * What is not reported here shows in the run's print, and costs one step done twice.
   */
  invalidate() {
    this.#exchange?.close();
    this.#exchange = null;
  }

  /** Sends the helpers home. */
  dismiss() {
    this.invalidate();
    for (const { worker } of this.#helpers) worker.terminate();
    this.#helpers = [];
    this.#size = this.#wanted = 1;
    this.#stopwatch = new Stopwatch();
  }

  /**
   * Notes how long steps took that the leader did alone, and starts helpers where that is called for.
   * @param {number} steps @param {number} milliseconds @param {number} left Steps that the run still has.
   */
  alone(steps, milliseconds, left) {
    if (this.#size > 1) return;
    if (this.undecided) return this.#measured(steps, milliseconds, left);
    const target = Math.min(this.#choice || (this.#found?.workers ?? 1), this.#most());
    if (target > 1 && this.#wanted === 1 && this.#faults < MOST_FAULTS && left > 1) this.#hire(target);
  }

  /** Makes one step, shared if it can be. @param {number} left Steps that the run still has. */
  async step(left) {
    const run = this.#run;
    const began = performance.now();
    const size = this.#size;
    while (!(await this.#shared(run))) {
      // Nothing has changed yet: it is begun again, alone if the helpers are gone.
      if (run !== this.#run) return;
      if (this.#size === 1) return this.#session.train_advance();
    }
    if (size === this.#size) this.#measured(1, performance.now() - began, left);
  }

  /** @param {number} run @returns {Promise<boolean>} Whether the step was made. */
  async #shared(run) {
    const began = performance.now();
    const fresh = this.#exchange === null;
    const exchange = this.#exchange ??= this.#lead();
    const print = this.#session.share_print();
    this.#session.share_begin(0, this.#shards / this.#size);
    const patience = (fresh ? PATIENCE.first : PATIENCE.milliseconds) + PATIENCE.times * (performance.now() - began);
    try {
      const agreed = await exchange.run(this.#session, print, patience);
      if (run !== this.#run || exchange !== this.#exchange) return false;
      if (agreed) {
        this.#session.share_finish();
        return true;
      }
      if (fresh) this.#fault("A helper came to another result");
      else this.invalidate();
    } catch (error) {
      if (error instanceof TooLate && exchange === this.#exchange) this.#fault("A helper stopped answering");
      else if (!(error instanceof Closed || error instanceof TooLate)) throw error;
    }
    return false;
  }

  /** Tells every helper where the run is and whom to swap with. */
  #lead() {
    const size = this.#size;
    const state = this.#session.share_state();
    const shards = this.#shards / size;
    /** Each worker's ports, one a round. @type {MessagePort[][]} */
    const ports = Array.from({ length: size }, () => []);
    for (let distance = 1; distance < size; distance *= 2) {
      for (let i = 0; i < size; i++) {
        if (i & distance) continue;
        const { port1, port2 } = new MessageChannel();
        ports[i].push(port1);
        ports[i + distance].push(port2);
      }
    }
    for (let i = 1; i < size; i++) {
      this.#helpers[i - 1].worker.postMessage({ type: "follow", state, ports: ports[i], first: i * shards, end: (i + 1) * shards }, ports[i]);
    }
    return new Exchange(ports[0], this.#session.share_len());
  }

  /** @param {number} size */
  #hire(size) {
    this.#wanted = size;
    try {
      while (this.#helpers.length < size - 1) this.#start();
    } catch (error) {
      return this.#fault(`A helper could not be started (${wordsOf(error)})`);
    }
    const helpers = this.#helpers;
    setTimeout(() => {
      if (helpers === this.#helpers && this.#size < size && this.#wanted === size) this.#fault("A helper took too long to start");
    }, PATIENCE.first);
  }

  #start() {
    const worker = new Worker(new URL("./helper.js", import.meta.url), { type: "module", name: "wavefield-helper" });
    const helper = { worker, ready: false };
    const mine = () => this.#helpers.includes(helper);
    worker.onmessage = ({ data }) => {
      if (!mine()) return;
      if (data.type === "failed") return this.#fault(`A helper failed (${wordsOf(data.message)})`);
      helper.ready = true;
      if (this.#helpers.every(({ ready }) => ready)) this.#form(this.#wanted);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (mine()) this.#fault(`A helper failed (${wordsOf(event.message || "its script could not be loaded")})`);
    };
    const tokens = this.#session.train_tokens();
    worker.postMessage({ type: "join", tokens }, [tokens.buffer]);
    this.#helpers.push(helper);
  }

  /** So many workers share the steps from the next one on. @param {number} size */
  #form(size) {
    if (size === 1) return this.dismiss();
    this.invalidate();
    for (const { worker } of this.#helpers.splice(size - 1)) worker.terminate();
    this.#size = this.#wanted = size;
    this.#stopwatch = new Stopwatch();
    this.#say();
  }

  /** The helpers are given up. The leader is where it was before the step. @param {string} what */
  #fault(what) {
    this.dismiss();
    const over = ++this.#faults >= MOST_FAULTS;
    const then = over ? "so one worker does every step from here on" : "so one worker went on until helpers were there again";
    this.#tell({ workers: 1, sharing: `${what}, ${then}. No step was lost.` });
    if (over && this.undecided) this.#settle(1, `${what}, so one worker does every step.`);
  }

  /** @param {number} steps @param {number} milliseconds @param {number} left */
  #measured(steps, milliseconds, left) {
    if (!this.undecided) return;
    this.#stopwatch.note(steps, milliseconds);
    const { time } = this.#stopwatch;
    if (time === null) return;
    const size = this.#size;
    this.#times.set(size, time);
    if (this.#wanted > size) return; // Helpers are on their way; until then the time is kept up to date.
    const before = this.#times.get(size / 2);
    if (before !== undefined && time > WORTH * before) this.#best.set(this.#shape, this.#settle(size / 2));
    else if (2 * size > this.#most()) this.#best.set(this.#shape, this.#settle(size));
    else if (left * time > LEAST) this.#hire(2 * size);
    // Another training of this shape may be longer, so this is not kept.
    else this.#settle(size, size === 1 ? "One worker does every step: the training is too short for sharing them to pay." : undefined);
  }

  /** @param {number} size @param {string} [words] */
  #settle(size, words = this.#wordsFor(size)) {
    const found = this.#found = { workers: size, words };
    if (size < this.#size) this.#form(size);
    this.#say();
    this.onSettled();
    return found;
  }

  /** @param {number} size */
  #wordsFor(size) {
    const [alone, together] = [this.#times.get(1), this.#times.get(size)];
    if (size === 1 || !alone || !together) return "One worker does every step: sharing the steps of this model was tried and is not faster.";
    return `${size} workers share each step, which makes training ${(alone / together).toFixed(1)} times as fast as with one.`;
  }

  #say() {
    this.#tell({ workers: this.#size, sharing: this.#words() });
  }

  #words() {
    if (this.#most() === 1) return "";
    const several = `${this.#size} workers share each step`;
    if (this.#choice > 0) return this.#size > 1 ? `${several}, as you chose.` : "One worker does every step, as you chose.";
    if (this.#found) return this.#found.words;
    return this.#size > 1 ? `${several}. Whether that is faster is being measured.` : "";
  }

  /** For tests: a helper ends without a word. */
  breakHelper() {
    this.#helpers.at(-1)?.worker.postMessage({ type: "break" });
  }
}
