// Snapshots of the training that goes on: when one is due, and what becomes of it.

import { EngineError } from "../engine/client.js";
import { machineSpeed } from "./time.js";
import { settingsOf } from "./presets.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../runs/library.js").RunCard} RunCard
 * @typedef {import("./run.js").Evaluation} Evaluation
 */

/** How fast this machine trains, as measured. */
export const MACHINE = "train-machine";
const MEASURED_AFTER_S = 5;
/** What a reload may cost: milliseconds of training, or the step under way where that takes longer. */
export const MOST_LOST_MS = 2_000;
/** The first one comes sooner, so that there is something to lose little of. */
const FIRST_MS = 1_000;
/** Reports of the engine, at which one is asked for, come about so often. */
const REPORTS_MS = 200;
/** One that is asked for may take so many times as long as those before it. */
const SLOWER = 1.5;
/** Copying the numbers, for which no step is made, may take less than a twentieth of the time. */
const SHARE = 21;
/** So many of those before are remembered. */
const REMEMBERED = 4;
/** Models that are the best so far are kept out of turn for at most a fortieth of the time. */
const BEST_SHARE = 40;

/**
 * When to ask for a snapshot, so that the one on the disk never lacks more than two seconds of training. It lacks what was
 * done since its numbers were taken, until the next one is on the disk. Times in milliseconds.
 */
export class SnapshotPace {
  /** When the numbers of the newest one were taken. */ #takenAt = 0;
  /** From asking for one until it was on the disk, of the last few. @type {number[]} */ #delays = [];
  /** Milliseconds that no step was made for the newest one. */ #took = 0;
  #bestAt = -Infinity;
  #first = true;

  /** A training begins or goes on. @param {number} now */
  begin(now) {
    this.#takenAt = now;
    this.#bestAt = -Infinity;
    this.#first = true;
  }

  /** When the next one is to be asked for. @param {number} step  milliseconds of one: it is given between two */
  dueAt(step) {
    const [rest, delay] = [MOST_LOST_MS - Math.max(REPORTS_MS, step), Math.max(0, ...this.#delays)];
    // How long it takes is not known yet.
    if (this.#first) return this.#takenAt + Math.max(0, Math.min(FIRST_MS, rest - FIRST_MS));
    // Early enough though it be slower than ever; or less early, where copying would take too much of the time.
    return this.#takenAt + Math.max(0, rest - SLOWER * delay, Math.min(SHARE * this.#took, rest - delay));
  }

  /** Whether one may be written out of turn, for it is the best. @param {number} now */
  bestDue(now) {
    return now - this.#bestAt >= BEST_SHARE * Math.max(0, ...this.#delays);
  }

  /**
   * One is on the disk.
   * @param {{ asked: number, taken: number, took: number, stored: number, best: boolean }} times  `taken`: when its numbers
   *   were, at the earliest; `took`: for how long no step was made
   */
  wrote({ asked, taken, took, stored, best }) {
    this.#took = took;
    this.#delays = [...this.#delays, stored - asked].slice(-REMEMBERED);
    this.#takenAt = taken;
    this.#first = false;
    if (best) this.#bestAt = stored;
  }
}

export class Snapshots {
  #app;
  #library;
  #run;
  #onChange;
  #pace = new SnapshotPace();
  /** @type {Promise<boolean> | null} */
  #saving = null;
  /** The evaluation whose model is to be kept as the best. @type {Evaluation | null} */
  #wanted = null;
  /** The step that is on the disk; null where none is. @type {number | null} */
  #stored = null;
  #saidFull = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** The training as it was last kept. @type {RunCard | null} */
  card = null;

  /**
   * @param {App} app @param {import("../runs/library.js").RunLibrary} library @param {import("./run.js").TrainRun} run
   * @param {() => void} onChange
   */
  constructor(app, library, run, onChange) {
    this.#onChange = onChange;
    this.#app = app;
    this.#library = library;
    this.#run = run;
  }

  /** Another training. @param {RunCard | null} card */
  take(card) {
    this.card = card;
    this.#wanted = null;
    this.#stored = card?.last?.step ?? null;
    this.#saidFull = false;
  }

  begin() {
    this.#pace.begin(performance.now());
  }

  /** Writes one if it is time. */
  tick() {
    if (this.#saving || this.#run.state !== "running") return;
    const left = this.#pace.dueAt(this.#stepTakes()) - performance.now();
    clearTimeout(this.#timer);
    if (left <= 0) this.save();
    // Timers slow down in a hidden tab; the engine's reports, each of which comes here, do not. But where a step is long,
    // the engine must be asked before the next one begins.
    else this.#timer = setTimeout(() => this.tick(), left);
  }

  /** Milliseconds of a step; 0 where that is not known yet. */
  #stepTakes() {
    const { facts, plan } = this.#run;
    return plan && facts.tokensPerSecond > 0 ? (1000 * plan.train.batch_size * plan.train.seq_len) / facts.tokensPerSecond : 0;
  }

  /** Keeps the model that an evaluation found to be the best so far. @param {Evaluation} evaluation */
  async evaluated(evaluation) {
    if (!this.#isBest(evaluation) || !this.#pace.bestDue(performance.now())) return;
    this.#wanted = evaluation;
    await this.save();
    // That may have been one under way from before the evaluation.
    if (this.#wanted === evaluation) await this.save();
  }

  /** @param {Evaluation} evaluation */
  #isBest({ loss }) {
    return this.card !== null && loss < (this.card.best?.loss ?? Infinity);
  }

  /** Writes a snapshot, one at a time. @returns {Promise<boolean>} whether there is a new one now */
  save() {
    this.#saving ??= this.#write().finally(() => {
      this.#saving = null;
      this.tick();
    });
    return this.#saving;
  }

  /** Writes a snapshot of this very step: one under way may hold an earlier one. */
  async saveNow() {
    await this.#saving;
    await this.save();
  }

  /** The snapshot stays; the state changed. */
  async saveState() {
    const { state, id } = this.#run;
    if (this.card) this.card = { ...this.card, state };
    await this.#library.update(id, { state });
  }

  async #write() {
    const run = this.#run;
    const { choices, plan, live, id, facts: before } = run;
    if (!choices || !plan || !live || !id) return false;
    const asked = performance.now();
    let snapshot;
    try {
      snapshot = await this.#app.engine.request("train_snapshot", {});
    } catch (error) {
      // An engine that died says so itself, and another training is another's affair; the last snapshot still holds.
      const died = error instanceof EngineError && error.died;
      if (!died && id === run.id && run.facts === before) this.#refused(error);
      return false;
    }
    const taken = performance.now() - snapshot.took;
    if (id !== run.id || run.facts !== before) return false; // Another run began while this one was written.
    // Events come in order, so the curves reach exactly as far as the snapshot.
    const facts = { ...structuredClone(run.facts), step: snapshot.step };
    const best = this.#bestAt(snapshot.step);
    const kept = await this.#library.snapshot(id, { state: run.state, plan: run.plan ?? plan, curves: run.curves(facts), bytes: snapshot.bytes, best });
    this.#pace.wrote({ asked, taken, took: snapshot.took, stored: performance.now(), best: best !== null });
    if (!kept || id !== run.id) return false;
    this.card = kept.card;
    this.#say(kept.stored);
    const machine = machineSpeed(settingsOf(choices), facts.vocabulary, facts.tokensPerSecond);
    // The first seconds are slower than the rest.
    if (machine > 0 && facts.secondsTrained > MEASURED_AFTER_S) await this.#app.storage.set(MACHINE, machine);
    this.#onChange();
    return true;
  }

  /** The engine gave no snapshot. @param {unknown} error */
  #refused(error) {
    // Asked for again in its turn, not at once.
    const now = performance.now();
    this.#pace.wrote({ asked: now, taken: now, took: 0, stored: now, best: false });
    const kept = this.#stored === null ? "Nothing of it is kept yet." : `It is kept at step ${this.#stored.toLocaleString("en-GB")}.`;
    this.#app.notify({ kind: "error", key: "snapshot", title: "This training could not be kept as it is now.", message: `${error instanceof Error ? error.message : String(error)} ${kept}` });
  }

  /** The evaluation that makes a snapshot the best one; null where it is not. @param {number} step */
  #bestAt(step) {
    const newest = this.#run.facts.evaluations.at(-1);
    const wanted = this.#wanted;
    this.#wanted = wanted && step < wanted.step ? wanted : null;
    if (wanted && step >= wanted.step) return wanted;
    return newest && newest.step === step && this.#isBest(newest) ? newest : null;
  }

  /** Tells the person when the disk is full, and when it no longer is. @param {boolean} stored */
  #say(stored) {
    const { storage, notify } = this.#app;
    const { card } = this;
    if (!card || stored === !this.#saidFull) {
      if (stored) this.#stored = card?.last?.step ?? null;
      return;
    }
    const step = (/** @type {number | undefined | null} */ value) => (value ?? 0).toLocaleString("en-GB");
    if (stored) {
      this.#saidFull = false;
      this.#stored = card.last?.step ?? null;
      return notify({ kind: "info", key: "runs-full", title: `There is room again: "${card.name}" is kept at step ${step(this.#stored)}.` });
    }
    if (!storage.full) return; // Nothing can be stored here at all, which is said with the training's state.
    this.#saidFull = true;
    const older = this.#stored === null ? "Nothing of it is on the disk yet." : `Its step ${step(this.#stored)} stays on the disk, whole.`;
    notify({
      kind: "error", key: "runs-full",
      title: `The browser has no room left for "${card.name}".`,
      message: `Training goes on, but what it learns now is kept only until this tab is closed. ${older} Delete what you no longer need under Mine, or download it as a file first.`,
    });
  }
}
