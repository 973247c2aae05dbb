// One run of the scaling lab as the page sees it.

import { EngineRun } from "../engine/run.js";
import { LENGTHS, timeLeft, waysOf } from "./growth.js";

/**
 * @typedef {import("./growth.js").ScalingOrder} ScalingOrder
 * @typedef {import("./growth.js").ScalingNews} ScalingNews
 * @typedef {import("./growth.js").ScalingResult} ScalingResult
 * @typedef {import("./growth.js").Way} Way
 * @typedef {{at: {mixing: Way, length: number} | null, done: number, of: number, left: number}} Progress
 *   `at` is what is being measured; `left` is in seconds.
 */

/** @extends {EngineRun<ScalingResult, ScalingNews>} */
export class ScalingRun extends EngineRun {
  /** @type {Progress["at"]} */ #at = null;
  /** Not measured or left out yet, in order. @type {{mixing: Way, length: number}[]} */ #rest;
  #of;

  /**
   * @param {ScalingOrder} order @param {string} processor What to call the processor.
   * @param {() => void} onChange Called when something was measured, and at the end.
   */
  constructor(order, processor, onChange) {
    super(
      {
        backend: order.backend, device: processor, when: Date.now(), layer: order.layer, longest: order.longest, limit: order.limit,
        measured: [], leftOut: [], ended: "stopped", disturbed: false, training: order.training,
      },
      { script: new URL("../worker/scaling.js", import.meta.url), name: "wavefield-scaling", order, named: "The lab's engine" },
      onChange);
    this.#rest = everything(order);
    this.#of = this.#rest.length;
  }

  /** @returns {Progress} */
  progress() {
    const left = timeLeft(this.result.measured, this.#rest, this.result.limit);
    return { at: this.#at, done: this.#of - this.#rest.length, of: this.#of, left };
  }

  /** Notes that something else used the device. */
  disturb() {
    if (this.running) this.note({ disturbed: true });
  }

  /** @override @param {ScalingNews} news */
  take(news) {
    switch (news.type) {
      case "begins":
        if (news.adapter) this.note({ device: `${news.adapter}, ${this.result.device}` });
        break;
      case "measures":
        this.#at = { mixing: news.mixing, length: news.length };
        break;
      case "measured":
        this.note({ measured: [...this.result.measured, news.measured] });
        this.#settle(news.measured);
        break;
      case "left_out":
        this.note({ leftOut: [...this.result.leftOut, news.leftOut] });
        this.#settle(news.leftOut);
        break;
    }
  }

  /** @param {{mixing: Way, length: number}} what */
  #settle({ mixing, length }) {
    this.#at = null;
    this.#rest = this.#rest.filter((rest) => rest.mixing !== mixing || rest.length !== length);
  }

  /** @override */
  over() {
    this.#at = null;
  }
}

/** @param {ScalingOrder} order */
const everything = ({ longest, training }) =>
  LENGTHS.filter((length) => length <= longest).flatMap((length) => waysOf(training).map((mixing) => ({ mixing, length })));
