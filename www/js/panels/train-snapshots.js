// Snapshots of the training that goes on: when one is due, and what becomes of it.

import { machineSpeed } from "./train-estimates.js";
import { settingsOf } from "./train-presets.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("./runs-library.js").RunCard} RunCard
 * @typedef {import("./train-run.js").Evaluation} Evaluation
 */

/** How fast this machine trains, as measured. */
export const MACHINE = "train-machine";
const MEASURED_AFTER_S = 5;
/** A snapshot is due this often, or less often where writing one takes long. */
const SAVE_MS = { first: 1_000, least: 2_000, most: 40_000 };
/** Writing may take a fortieth of the time: half of that for regular snapshots, half for the best model so far. */
const SHARE = 80;

/** When a snapshot may be written, so that writing takes little of the time. Times in milliseconds. */
export class SnapshotPace {
  #lastAt = 0;
  #bestAt = -Infinity;
  #cost = 0;
  #every = SAVE_MS.first;

  /** A training begins or goes on. @param {number} now */
  begin(now) {
    this.#lastAt = now;
    this.#bestAt = -Infinity;
    this.#every = SAVE_MS.first;
  }

  /** @param {number} now */
  due(now) {
    return now - this.#lastAt > this.#every;
  }

  /** Whether one may be written out of turn, for it is the best. @param {number} now */
  bestDue(now) {
    return now - this.#bestAt >= SHARE * this.#cost;
  }

  /** @param {number} began @param {number} now @param {boolean} best */
  wrote(began, now, best) {
    this.#cost = now - began;
    this.#lastAt = now;
    if (best) this.#bestAt = now;
    this.#every = Math.min(Math.max(SHARE * this.#cost, SAVE_MS.least), SAVE_MS.most);
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
  /** The training as it was last kept. @type {RunCard | null} */
  card = null;

  /**
   * @param {App} app @param {import("./runs-library.js").RunLibrary} library @param {import("./train-run.js").TrainRun} run
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
    // Timers slow down in a hidden tab; the engine's reports do not.
    if (this.#pace.due(performance.now())) this.save();
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
    this.#saving ??= this.#write().finally(() => (this.#saving = null));
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
    const began = performance.now();
    let snapshot;
    try {
      snapshot = await this.#app.engine.request("train_snapshot", {});
    } catch {
      return false; // The engine died or the run ended meanwhile; the last snapshot still holds.
    }
    if (id !== run.id || run.facts !== before) return false; // Another run began while this one was written.
    // Events come in order, so the curves reach exactly as far as the snapshot.
    const facts = { ...structuredClone(run.facts), step: snapshot.step };
    const best = this.#bestAt(snapshot.step);
    const kept = await this.#library.snapshot(id, { state: run.state, plan: run.plan ?? plan, curves: run.curves(facts), bytes: snapshot.bytes, best });
    this.#pace.wrote(began, performance.now(), best !== null);
    if (!kept || id !== run.id) return false;
    this.card = kept.card;
    this.#say(kept.stored);
    const machine = machineSpeed(settingsOf(choices), facts.vocabulary, facts.tokensPerSecond);
    // The first seconds are slower than the rest.
    if (machine > 0 && facts.secondsTrained > MEASURED_AFTER_S) await this.#app.storage.set(MACHINE, machine);
    this.#onChange();
    return true;
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
      message: `Training goes on, but what it learns now is kept only until this tab is closed. ${older} Delete trainings that you no longer need under "Your trainings", or export them to files first.`,
    });
  }
}
