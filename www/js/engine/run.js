// A piece of long work in an engine of its own, as the page sees it: owns the worker, takes its news, and keeps what was
// found when it is stopped.

import { whyNotLoaded } from "../page/why-not-loaded.js";

/** Milliseconds without a word after which the worker's files are looked at. */
const SILENCE_MS = 10_000;

/**
 * @template {{ended: "whole" | "stopped" | "failed"}} Result
 * @template {{type: string}} News
 */
export class EngineRun {
  /** @type {Worker | null} */ #worker;
  /** @type {Result} */ result;
  #onChange;
  /** Why it failed; empty if it did not. */ fault = "";

  /**
   * @param {Result} result As it is before anything was found.
   * @param {{script: URL, name: string, order: unknown, named: string}} work `script` is the worker's; `named` is what
   *   its engine is called for the person.
   * @param {() => void} onChange Called when something was found, and at the end.
   */
  constructor(result, { script, name, order, named }, onChange) {
    this.result = result;
    this.#onChange = onChange;
    const worker = new Worker(script, { type: "module", name });
    this.#worker = worker;
    let heard = false;
    const failed = async (/** @type {string} */ message) => {
      const reason = heard ? "" : await whyNotLoaded(script);
      if (this.running && (reason || message)) this.#end("failed", heard ? message : `${named} could not be loaded. ${reason || message}`);
    };
    // Not every browser tells that a script did not load.
    const patience = setTimeout(() => heard || failed(""), SILENCE_MS);
    worker.onmessage = ({ data }) => {
      heard = true;
      clearTimeout(patience);
      this.#hear(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      failed(event.message || "Check the connection and reload the page.");
    };
    worker.postMessage(order);
  }

  get running() {
    return this.#worker !== null;
  }

  /** Ends it at once, in the middle of its work if need be. What was found stays. */
  stop() {
    if (this.running) this.#end("stopped");
  }

  /** Takes up what was found. @param {News} news Neither "done" nor "failed". */
  take(news) {
    throw new Error(`nobody takes "${news.type}"`);
  }

  /** Adds to the result. @param {Partial<Result>} found */
  note(found) {
    this.result = { ...this.result, ...found };
  }

  /** Nothing more will come. */
  over() {}

  /** @param {any} news */
  #hear(news) {
    if (!this.running) return;
    if (news.type === "done") return this.#end("whole");
    if (news.type === "failed") return this.#end("failed", news.message);
    this.take(news);
    this.#onChange();
  }

  /** @param {Result["ended"]} ended @param {string} [fault] */
  #end(ended, fault = "") {
    this.#worker?.terminate();
    this.#worker = null;
    this.over();
    this.fault = fault;
    this.note(/** @type {Partial<Result>} */ ({ ended }));
    this.#onChange();
  }
}
