// Runs a race in an engine of its own: heat by heat, slice by slice, with a snapshot wherever one heat makes room for
// another, so that it can be stopped anywhere and goes on exactly. No page here.

import { EngineError } from "../engine/client.js";
import { TimeLeft } from "../train/left.js";
import { SnapshotPace } from "../train/snapshots.js";
import { heatsOf, nextHeat, sliceEnd, startRequest } from "./plan.js";
import { addLoss, newHeat, rateOf, speedOf } from "./results.js";

/**
 * @typedef {import("../engine/client.js").Engine} Engine
 * @typedef {import("../engine/protocol.js").Events} Events
 * @typedef {import("./plan.js").Plan} Plan
 * @typedef {import("./results.js").Heat} Heat
 * @typedef {import("./results.js").Result} Result
 * @typedef {import("./store.js").RaceRecord} RaceRecord
 *
 * interrupted: found again after a reload.
 * @typedef {"idle" | "starting" | "running" | "stopping" | "stopped" | "interrupted" | "failed" | "done"} RaceState
 *
 * @typedef {object} Services  what a race needs of the page; others in tests
 * @property {() => { engine: Engine, close: () => void }} openEngine
 * @property {import("./store.js").RaceStore} store
 * @property {(plan: Plan) => Promise<string | undefined>} textOf
 * @property {() => boolean} disturbed  whether something else trains in the page now
 */

/** An engine's first seconds are slower, because the browser is still compiling it: they do not count. */
const WARM_UP_MS = 2_000;
/** An engine that stops again so soon is not started again by itself. */
const REVIVAL_MS = 60_000;

export class RaceRun {
  #services;
  /** @type {Set<() => void>} */ #listeners = new Set();
  /** @type {{ engine: Engine, close: () => void } | null} */ #opened = null;
  #timedFrom = 0;
  /** The heat that the engine is at. @type {Heat | null} */ #heat = null;
  /** What ends the slice under way. @type {{ end: number, resolve: (_: void) => void, reject: (error: Error) => void } | null} */ #slice = null;
  /** Since when steps are counted; null: the next report only starts the clock. @type {{ step: number, at: number } | null} */ #clock = null;
  #stopWanted = false;
  /** When the last report of this race came, with whatever it did in between; null where it stands still. @type {number | null} */ #reportedAt = null;
  /** Seconds that it was at work in this visit. */ #worked = 0;
  /** What a step of each model takes, against the first's. @type {number[] | null} */ #price = null;
  /** @type {Map<string, Uint8Array<ArrayBuffer>>} */ #snapshots = new Map();
  /** @type {RaceRecord | null} */ #record = null;
  /** @type {Promise<void> | null} */ #saving = null;
  #pace = new SnapshotPace();
  #revived = -Infinity;

  /** @type {RaceState} */ state = "idle";
  /** Why it failed; empty when it did not. */ message = "";
  /** @type {Plan | null} */ plan = null;
  /** @type {Heat[]} */ heats = [];
  disturbed = false;
  /** How much longer it takes, as measured in this visit. */ left = new TimeLeft();
  /** The race that was finished last. @type {Result | null} */ result = null;
  /** @type {Result[]} */ results = [];

  /** @param {Services} services */
  constructor(services) {
    this.#services = services;
  }

  /** @param {() => void} listener  called after every change */
  onChange(listener) {
    this.#listeners.add(listener);
  }

  get busy() {
    return this.state === "starting" || this.state === "running" || this.state === "stopping";
  }

  /** Whether it can go on from where it was. */
  get unfinished() {
    return this.state === "stopped" || this.state === "interrupted" || (this.state === "failed" && this.#record !== null);
  }

  /** Finds what an earlier visit left. */
  async restore() {
    const { store } = this.#services;
    this.results = await store.results();
    const record = await store.read();
    if (record && (await store.hold())) {
      store.letGo();
      if (this.busy) return;
      this.#take(record);
      return this.#become("interrupted");
    }
    // Another tab is at it.
    if (record) this.message = "A race is under way in another tab of this browser.";
    this.#changed();
  }

  /** @param {Plan} plan @param {string} text */
  async start(plan, text) {
    const { store } = this.#services;
    this.#become("starting");
    if (!(await store.hold())) {
      this.#become("idle");
      throw new Error("A race is under way in another tab of this browser. Stop it there first, or close that tab.");
    }
    await store.forget();
    await store.keepText(plan.choices.data === "own" ? text : null);
    Object.assign(this, { plan, heats: heatsOf(plan).map(newHeat), disturbed: false, result: null, message: "", left: new TimeLeft() });
    this.#worked = 0;
    this.#price = null;
    this.#snapshots.clear();
    await this.#keep();
    await this.#run(text);
  }

  /** Goes on from the last snapshots. */
  async goOn() {
    if (!this.unfinished) return;
    const { store, textOf } = this.#services;
    const before = this.state;
    this.#become("starting");
    if (!(await store.hold())) {
      this.#become(before);
      throw new Error("This race is under way in another tab of this browser. Look there, or close that tab and try again.");
    }
    // Another tab may have taken it further meanwhile.
    const record = await store.read();
    if (!record) {
      await this.#forget();
      throw new Error("This race was finished or forgotten in another tab of this browser.");
    }
    this.#take(record);
    try {
      const text = await textOf(record.plan);
      if (typeof text !== "string") throw new Error("The text of this race is no longer kept here, so it cannot go on. Start another one.");
      await this.#run(text);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Stops where it is; it can go on from there. */
  stop() {
    if (this.state !== "running") return;
    this.#stopWanted = true;
    this.#become("stopping");
    this.#check();
  }

  /** Forgets a race that was not finished. */
  async discard() {
    if (this.busy) return;
    const { store } = this.#services;
    if (!(await store.hold())) throw new Error("This race is under way in another tab of this browser. Stop it there first.");
    await store.forget();
    await this.#forget();
  }

  async #forget() {
    const { store } = this.#services;
    store.letGo();
    this.#record = null;
    Object.assign(this, { plan: null, heats: [], message: "", results: await store.results() });
    this.#become("idle");
  }

  /** Forgets a race that was finished. @param {string} id  its plan's */
  async forgetResult(id) {
    this.results = await this.#services.store.removeResult(id);
    if (this.result?.plan.id === id) this.result = null;
    this.#changed();
  }

  /** @param {Result} result  that was forgotten a moment ago */
  async putBack(result) {
    this.results = await this.#services.store.addResult(result);
    this.#changed();
  }

  /** Writes a snapshot, should the page be about to end. */
  save() {
    if (this.state !== "running" || !this.#heat) return;
    // A race whose engine gives no snapshot fails where it is waited for: at the end of the slice.
    this.#saving ??= this.#snapshot(this.#heat).catch((error) => this.#slice?.reject(error)).finally(() => (this.#saving = null));
  }

  /** Tells the estimate how far it is, once each model's speed was measured: a step of one may take as long as two of the other. */
  #report() {
    const { plan, heats } = this;
    const now = performance.now();
    if (this.#reportedAt !== null) this.#worked += (now - this.#reportedAt) / 1000;
    this.#reportedAt = now;
    if (!plan) return;
    const speeds = plan.entrants.map((_, entrant) => heats.filter((heat) => heat.entrant === entrant).map(speedOf).findLast((speed) => speed > 0) ?? 0);
    if (!speeds.every((speed) => speed > 0)) return;
    // In steps of the first: what has been measured since does not make them more.
    this.#price ??= speeds.map((speed) => speeds[0] / speed);
    const price = this.#price;
    const sum = (/** @type {(heat: Heat) => number} */ of) => heats.reduce((total, heat) => total + of(heat) * price[heat.entrant], 0);
    this.left.report(this.#worked, sum(({ step, steps, done }) => (done ? steps : step)), sum(({ steps }) => steps));
  }

  /** Share of all steps that is done. */
  get share() {
    const sum = (/** @type {(heat: Heat) => number} */ of) => this.heats.reduce((total, heat) => total + of(heat), 0);
    return sum(({ step, steps, failed }) => (failed ? steps : step)) / Math.max(1, sum(({ steps }) => steps));
  }

  /** @param {string} text */
  async #run(text) {
    this.#stopWanted = false;
    const plan = /** @type {Plan} */ (this.plan);
    try {
      this.#open();
      // One for both: how many share a step is chosen anew for each model otherwise, and speeds could not be compared.
      await this.#ask("set_workers", { workers: 1 });
      this.#become("running");
      for (let heat; !this.#stopWanted && (heat = nextHeat(plan, this.heats)); ) {
        await this.#enter(heat, text);
        await new Promise((/** @type {(_: void) => void} */ resolve, reject) => {
          this.#slice = { end: sliceEnd(plan, heat), resolve, reject };
          this.#check();
        });
        await this.#leave(heat);
      }
    } catch (error) {
      return this.#fail(error);
    }
    this.#close();
    if (nextHeat(plan, this.heats)) {
      this.#services.store.letGo();
      return this.#become("stopped");
    }
    await this.#finish();
  }

  #open() {
    this.#opened = this.#services.openEngine();
    const { engine } = this.#opened;
    this.#timedFrom = performance.now() + WARM_UP_MS;
    engine.on("train_progress", (detail) => this.#progress(detail));
    engine.on("train_evaluation", (detail) => this.#evaluated(detail));
    engine.on("train_sample", ({ text }) => { if (this.#heat) this.#heat.sample = text; });
    engine.on("train_ended", (detail) => this.#ended(detail));
    engine.on("fatal", ({ message }) => this.#slice?.reject(new EngineError(message, true)));
  }

  #close() {
    this.#opened?.close();
    this.#opened = null;
    this.#heat = this.#slice = this.#clock = this.#reportedAt = null;
  }

  /** @template {import("../engine/protocol.js").RequestType} T @param {T} type @param {import("../engine/protocol.js").Requests[T]["payload"]} payload @param {Transferable[]} [transfer] */
  #ask(type, payload, transfer) {
    if (!this.#opened) throw new Error("The race's engine has stopped.");
    return this.#opened.engine.request(type, payload, transfer);
  }

  /** Has the engine take up a heat. @param {Heat} heat @param {string} text */
  async #enter(heat, text) {
    const plan = /** @type {Plan} */ (this.plan);
    const snapshot = this.#snapshots.get(heat.id);
    this.#heat = this.#clock = null;
    let info;
    if (snapshot) {
      const bytes = snapshot.slice().buffer;
      info = await this.#ask("train_resume_from", { bytes, text }, [bytes]);
    } else {
      info = await this.#ask("train_start", startRequest(plan, heat, rateOf(plan, this.heats, heat), text));
    }
    // What the engine says of this heat comes after its reply.
    this.#heat = heat;
    heat.parameters = info.parameters;
    heat.vocabulary = info.config.vocab_size;
    heat.state = info.state_bytes;
    this.#pace.begin(performance.now());
    if (snapshot) await this.#ask("train_continue", {});
    this.#changed();
  }

  /** A slice is over: the heat is done, or waits in a snapshot for its next one. @param {Heat} heat */
  async #leave(heat) {
    this.#slice = null;
    if (!heat.done) {
      await this.#ask("train_pause", {});
      await this.#saving;
      // It may have come to its end meanwhile.
      if (!heat.done) await this.#snapshot(heat);
    }
    if (heat.done) {
      this.#snapshots.delete(heat.id);
      await this.#keep();
    }
  }

  /** @param {Heat} heat */
  async #snapshot(heat) {
    const asked = performance.now();
    const { bytes, step, took } = await this.#ask("train_snapshot", {});
    const taken = performance.now() - took;
    this.#clock = null;
    if (heat.done) return;
    // Events come in order, so the curves reach exactly as far as the snapshot.
    heat.step = step;
    this.#snapshots.set(heat.id, bytes);
    await this.#keep();
    this.#pace.wrote({ asked, taken, took, stored: performance.now(), best: false });
  }

  async #keep() {
    const { plan, heats, disturbed } = this;
    if (!plan) return;
    this.#record = { version: 1, plan, heats: structuredClone(heats), disturbed, snapshots: [...this.#snapshots] };
    await this.#services.store.write(this.#record);
    this.#changed();
  }

  /** @param {RaceRecord} record */
  #take(record) {
    this.#record = record;
    Object.assign(this, { plan: record.plan, heats: structuredClone(record.heats), disturbed: record.disturbed, result: null, message: "" });
    this.#snapshots = new Map(record.snapshots);
  }

  async #finish() {
    const { plan, heats, disturbed } = this;
    const { store } = this.#services;
    this.result = { version: 1, plan: /** @type {Plan} */ (plan), heats, disturbed, finishedAt: Date.now() };
    this.results = await store.addResult(this.result);
    await store.forget();
    this.#record = null;
    store.letGo();
    this.#become("done");
  }

  /** @param {unknown} error */
  #fail(error) {
    const wasRunning = this.state === "running";
    this.#close();
    this.#services.store.letGo();
    this.message = error instanceof Error ? error.message : String(error);
    // Back to what the snapshots hold: what came after them is lost.
    if (this.#record) {
      const { message } = this;
      this.#take(this.#record);
      this.message = message;
    }
    this.#become("failed");
    const now = performance.now();
    if (!wasRunning || !(error instanceof EngineError && error.died) || !this.#record || now - this.#revived < REVIVAL_MS) return;
    this.#revived = now;
    this.goOn().catch((again) => this.#fail(again));
  }

  /** @param {Events["train_progress"]} detail */
  #progress({ step, losses, tokens_per_second, state }) {
    const heat = this.#heat;
    if (!heat || heat.done) return;
    for (const [at, loss] of losses) addLoss(heat.curve, at, loss);
    const now = performance.now();
    if (this.#services.disturbed()) this.disturbed = true;
    const { batch_size, context } = /** @type {Plan} */ (this.plan).choices.settings;
    if (this.#clock && state === "running" && step > this.#clock.step && now > this.#timedFrom) {
      heat.tokens += (step - this.#clock.step) * batch_size * context;
      heat.seconds += (now - this.#clock.at) / 1000;
    }
    this.#clock = { step, at: now };
    if (tokens_per_second > 0) heat.engineSpeed = tokens_per_second;
    heat.step = step;
    this.#report();
    const stepTakes = heat.engineSpeed > 0 ? (1000 * batch_size * context) / heat.engineSpeed : 0;
    if (now >= this.#pace.dueAt(stepTakes)) this.save();
    this.#changed();
    this.#check();
  }

  /** @param {Events["train_evaluation"]} detail */
  #evaluated({ step, loss, perplexity, accuracy }) {
    const heat = this.#heat;
    this.#clock = null; // Measuring is not training.
    if (!heat || step <= (heat.evaluations.at(-1)?.step ?? 0)) return;
    heat.evaluations.push({ step, loss, perplexity, accuracy });
    this.#changed();
  }

  /** @param {Events["train_ended"]} detail */
  #ended({ reason, step, message }) {
    const heat = this.#heat;
    if (!heat || reason === "stopped") return;
    heat.step = step;
    heat.done = true;
    if (reason === "failed") heat.failed = message ?? "It could not go on.";
    this.#check();
  }

  /** Ends the slice when it is time. */
  #check() {
    const heat = this.#heat;
    if (!heat || !this.#slice) return;
    if (heat.done || this.#stopWanted || (heat.step >= this.#slice.end && heat.step < heat.steps)) this.#slice.resolve();
  }

  /** @param {RaceState} state */
  #become(state) {
    this.state = state;
    this.#changed();
  }

  #changed() {
    for (const listener of this.#listeners) listener();
  }
}
