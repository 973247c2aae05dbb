// Repeats the graphics card's proof while a training is on it, one small part at a time between two steps: a card that
// computed right an hour ago may be too hot by now, or its driver may have changed under it.

import { failed, wordsOfCheck } from "./device.js";

/** @typedef {import("../engine/protocol.js").DeviceCheck} DeviceCheck */

/** Milliseconds between two parts at least, and the share of the time that they may take: one part in so many. */
const PACE = { milliseconds: 2000, share: 100 };

/** The graphics card no longer computes what the processor computes. */
export class Drift extends Error {}

export class Watch {
  #last = { at: 0, took: 0 };
  /** So many parts are due without a pause. */ #urgent = 0;

  /** The training is on the graphics card from now on. @param {number} now */
  begin(now) {
    this.#last = { at: now, took: 0 };
    this.#urgent = 0;
  }

  /** All of it is due at once. @param {number} parts */
  doubt(parts) {
    this.#urgent = parts;
  }

  /** @param {number} now */
  isDue(now) {
    const { at, took } = this.#last;
    return this.#urgent > 0 || now - at >= Math.max(PACE.milliseconds, PACE.share * took);
  }

  /**
   * Has a part proven.
   * @param {() => Promise<DeviceCheck[]>} prove
   * @throws {Drift} with what is wrong, in words
   */
  async prove(prove) {
    this.#urgent = Math.max(0, this.#urgent - 1);
    const began = performance.now();
    const wrong = failed(await prove());
    const at = performance.now();
    this.#last = { at, took: at - began };
    if (wrong) throw new Drift(wordsOfCheck(wrong));
  }
}
