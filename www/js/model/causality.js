// Whether the open model leaks: one token of a text is exchanged and every earlier logit compared, on the processor and
// on the graphics card. The badge and the lab's view show the same measurement.

import { observe } from "../engine/observations.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../engine/observations.js").Source} Source
 * @typedef {import("../engine/observations.js").Leak} Leak
 * @typedef {import("../engine/observations.js").Probe} Probe
 * @typedef {import("../engine/observations.js").CausalityPlan} CausalityPlan
 * @typedef {"cpu" | "gpu"} Place
 *
 * What many probes come to: the worst verdict, the largest leak, the smallest change that was to be seen.
 * @typedef {{verdict: Leak["verdict"], before: number, after: number, count: number, unseen: number}} Summary
 *
 * @typedef {object} Findings
 * @property {"none" | "measuring" | "done" | "stopped" | "failed"} phase
 * @property {boolean} thorough
 * @property {CausalityPlan | null} plan
 * @property {Record<Place, Leak[]>} leaks
 * @property {number} done Probes,
 * @property {number} total of so many.
 * @property {string} fault Why nothing could be measured.
 * @property {string} gpuFault Why the graphics card could not be.
 */

export const PLACES = /** @type {const} */ (["cpu", "gpu"]);
/** @type {Record<Place, string>} */
export const PLACE_NAMES = { cpu: "Processor", gpu: "Graphics card" };

/** Milliseconds between two pieces of work, so that what is being written or trained goes on. */
const GAP = { idle: 0, busy: 30 };
/** How often a patient measurement looks whether it may go on. */
const PATIENCE = 250;

/** @param {readonly Leak[]} leaks @returns {Summary | null} */
export function summary(leaks) {
  if (leaks.length === 0) return null;
  const has = (/** @type {Leak["verdict"]} */ verdict) => leaks.some((leak) => leak.verdict === verdict);
  return {
    verdict: (/** @type {const} */ (["not_numbers", "leak", "saw_nothing"])).find(has) ?? "no_leak",
    before: Math.max(...leaks.map(({ before }) => before)),
    after: Math.min(...leaks.map(({ after }) => after)),
    count: leaks.length,
    unseen: leaks.filter(({ verdict }) => verdict === "saw_nothing").length,
  };
}

/** A change as a person reads it. @param {number} value */
export const wordsOfChange = (value) => (value === 0 ? "0" : value >= 0.01 && value < 1000 ? value.toPrecision(2) : value.toExponential(1).replace("e+", "e"));

/** Why no graphics card is measured; empty where one is ready. @param {import("../engine/protocol.js").DeviceStatus | null} status */
export function whyNoGpu(status) {
  if (status?.phase === "ready" || status?.phase === "racing") return "";
  if (!status || (status.phase === "none" && status.choice !== "cpu")) return "No graphics card has been looked for yet.";
  if (status.phase === "opening" || status.phase === "proving") return `${status.why} It is measured as soon as it is ready.`;
  if (status.phase === "none") return "You chose the processor for training, so no graphics card has been opened.";
  return status.why;
}

/** The engine holds one measurement that is made in pieces. @type {Promise<unknown>} */
let engineFree = Promise.resolve();

export class Causality {
  /** @type {Findings} */ #found = nothing();
  /** @type {Set<() => void>} */ #listeners = new Set();
  /** Names the measurement under way; another number ends it. */ #run = 0;
  #app;
  #source;

  /** @param {App} app @param {Source} source */
  constructor(app, source) {
    this.#app = app;
    this.#source = source;
    const { state } = app;
    state.on("model", () => this.forget());
    if (source === "bent") state.on("applied", () => this.forget());
    state.on("engine", (engine) => { if (engine !== "ready") this.forget(); });
  }

  get found() {
    return this.#found;
  }

  /** @param {() => void} listener */
  onChange(listener) {
    this.#listeners.add(listener);
  }

  /** What was measured was of another model, or of other waves. */
  forget() {
    this.#run++;
    if (this.#found.phase !== "none") this.#set(nothing());
  }

  stop() {
    if (this.#found.phase !== "measuring") return;
    this.#run++;
    this.#set({ phase: "stopped" });
  }

  /** @param {{thorough?: boolean, patient?: boolean}} [how] `patient` waits while a text is written at full speed. */
  async measure({ thorough = false, patient = false } = {}) {
    const run = ++this.#run;
    const going = () => run === this.#run;
    this.#set({ ...nothing(), phase: "measuring", thorough });
    try {
      const plan = await this.#ask("causality_plan", { thorough });
      if (!going()) return;
      const places = PLACES.filter((place) => place === "cpu" || !whyNoGpu(this.#app.state.get("device")));
      this.#set({ plan, total: places.length * plan.probes.length });
      for (const place of places) await this.#measureOn(place, plan, going, patient);
      if (going()) this.#set({ phase: "done" });
    } catch (error) {
      if (going() && this.#app.engine.alive) this.#set({ phase: "failed", fault: wordsOf(error) });
    }
  }

  /** The graphics card alone, which was not ready before. @param {{patient?: boolean}} [how] */
  async measureGpu({ patient = false } = {}) {
    const { phase, plan, leaks, gpuFault } = this.#found;
    if (phase !== "done" || !plan || leaks.gpu.length > 0 || gpuFault || whyNoGpu(this.#app.state.get("device"))) return;
    const run = ++this.#run;
    const going = () => run === this.#run;
    this.#set({ phase: "measuring", total: 2 * plan.probes.length });
    await this.#measureOn("gpu", plan, going, patient);
    if (going()) this.#set({ phase: "done" });
  }

  /** @param {Place} place @param {CausalityPlan} plan @param {() => boolean} going @param {boolean} patient */
  async #measureOn(place, plan, going, patient) {
    try {
      for (const probe of plan.probes) {
        const leaks = await this.#probe(place, probe, going, patient);
        if (!leaks || !going()) return;
        const { done, leaks: before } = this.#found;
        this.#set({ done: done + 1, leaks: { ...before, [place]: [...before[place], ...leaks] } });
      }
    } catch (error) {
      if (place === "cpu") throw error;
      if (going()) this.#set({ gpuFault: wordsOf(error) });
    }
  }

  /** @param {Place} place @param {Probe} probe @param {() => boolean} going @param {boolean} patient @returns {Promise<Leak[] | null>} null where it was ended. */
  async #probe(place, probe, going, patient) {
    const before = engineFree;
    /** @type {(value?: unknown) => void} */ let free = () => {};
    engineFree = new Promise((resolve) => { free = resolve; });
    await before;
    try {
      for (let again = false; ; again = true) {
        await this.#pause(going, patient);
        if (!going()) return null;
        const leaks = await this.#ask("causality", place === "gpu" ? { ...probe, device: "gpu" } : { ...probe, again });
        if (leaks) return leaks;
      }
    } finally {
      free();
    }
  }

  /** @param {() => boolean} going @param {boolean} patient */
  async #pause(going, patient) {
    const { state } = this.#app;
    const writing = () => state.get("generating");
    await sleep(writing() || state.get("training") ? GAP.busy : GAP.idle);
    while (patient && going() && writing() && state.get("pace") === 0) await sleep(PATIENCE);
  }

  /**
   * The probes bring texts of their own.
   * @template {"causality" | "causality_plan"} V @param {V} view
   * @param {Omit<import("../engine/observations.js").Observations[V]["payload"], "source" | "text">} payload
   * @returns {Promise<import("../engine/observations.js").Observations[V]["value"]>}
   */
  #ask(view, payload) {
    return observe(this.#app.engine, view, /** @type {any} */ ({ source: this.#source, text: "", ...payload }));
  }

  /** @param {Partial<Findings>} news */
  #set(news) {
    this.#found = { ...this.#found, ...news };
    for (const listener of this.#listeners) listener();
  }
}

/** @type {WeakMap<App, Map<Source, Causality>>} */
const measured = new WeakMap();

/** The page's measurement of a model. @param {App} app @param {Source} source @returns {Causality} */
export function causalityOf(app, source) {
  const known = measured.get(app) ?? new Map();
  measured.set(app, known);
  const found = known.get(source) ?? new Causality(app, source);
  known.set(source, found);
  return found;
}

/** @returns {Findings} */
const nothing = () => ({ phase: "none", thorough: false, plan: null, leaks: { cpu: [], gpu: [] }, done: 0, total: 0, fault: "", gpuFault: "" });

/** @param {unknown} error */
const wordsOf = (error) => (error instanceof Error ? error.message : String(error));

const sleep = (/** @type {number} */ milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
