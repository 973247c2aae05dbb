// One run of the scaling lab as the page sees it: owns the worker, and keeps what was measured when it is stopped.

import { LENGTHS, MIXINGS, timeLeft } from "./scaling.js";

/**
 * @typedef {import("./scaling.js").ScalingOrder} ScalingOrder
 * @typedef {import("./scaling.js").ScalingNews} ScalingNews
 * @typedef {import("./scaling.js").ScalingResult} ScalingResult
 * @typedef {import("./scaling.js").Mixing} Mixing
 * @typedef {{at: {mixing: Mixing, length: number} | null, done: number, of: number, left: number}} Progress
 *   `at` is what is being measured; `left` is in seconds.
 */

export class ScalingRun {
  /** @type {Worker | null} */ #worker;
  /** @type {ScalingResult} */ result;
  /** @type {Progress["at"]} */ #at = null;
  /** Not measured or left out yet, in order. @type {{mixing: Mixing, length: number}[]} */ #rest;
  #of;
  #onChange;
  /** Why it failed; empty if it did not. */ fault = "";

  /**
   * @param {ScalingOrder} order @param {string} processor What to call the processor.
   * @param {() => void} onChange Called when something was measured, and at the end.
   */
  constructor(order, processor, onChange) {
    this.result = {
      backend: order.backend, device: processor, when: Date.now(), layer: order.layer, longest: order.longest, limit: order.limit,
      measured: [], leftOut: [], ended: "stopped", disturbed: false,
    };
    this.#rest = everything(order.longest);
    this.#of = this.#rest.length;
    this.#onChange = onChange;
    this.#worker = new Worker(new URL("./worker-scaling.js", import.meta.url), { type: "module", name: "wavefield-scaling" });
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#end("failed", event.message || "The lab's engine could not be loaded. Check the connection and reload the page.");
    };
    this.#worker.postMessage(order);
  }

  get running() {
    return this.#worker !== null;
  }

  /** @returns {Progress} */
  progress() {
    const left = timeLeft(this.result.measured, this.#rest, this.result.limit);
    return { at: this.#at, done: this.#of - this.#rest.length, of: this.#of, left };
  }

  /** Ends it at once, in the middle of a measurement if need be. What was measured stays. */
  stop() {
    if (this.running) this.#end("stopped");
  }

  /** Notes that something else used the device. */
  disturb() {
    if (this.running) this.result = { ...this.result, disturbed: true };
  }

  /** @param {ScalingNews} news */
  #hear(news) {
    if (!this.running) return;
    switch (news.type) {
      case "begins":
        if (news.adapter) this.result = { ...this.result, device: `${news.adapter}, ${this.result.device}` };
        break;
      case "measures":
        this.#at = { mixing: news.mixing, length: news.length };
        break;
      case "measured":
        this.result = { ...this.result, measured: [...this.result.measured, news.measured] };
        this.#settle(news.measured);
        break;
      case "left_out":
        this.result = { ...this.result, leftOut: [...this.result.leftOut, news.leftOut] };
        this.#settle(news.leftOut);
        break;
      case "done":
        return this.#end("whole");
      case "failed":
        return this.#end("failed", news.message);
    }
    this.#onChange();
  }

  /** @param {{mixing: Mixing, length: number}} what */
  #settle({ mixing, length }) {
    this.#at = null;
    this.#rest = this.#rest.filter((rest) => rest.mixing !== mixing || rest.length !== length);
  }

  /** @param {ScalingResult["ended"]} ended @param {string} [fault] */
  #end(ended, fault = "") {
    this.#worker?.terminate();
    this.#worker = null;
    this.#at = null;
    this.fault = fault;
    this.result = { ...this.result, ended };
    this.#onChange();
  }
}

/** @param {number} longest */
const everything = (longest) =>
  LENGTHS.filter((length) => length <= longest).flatMap((length) => MIXINGS.map(({ mixing }) => ({ mixing, length })));
