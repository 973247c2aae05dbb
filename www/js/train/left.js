// How much longer a training or a race takes: measured first, then said as a range, which stays what it was while what is
// measured keeps to it. What leaves it is said with a word. No DOM.

import { duration } from "./words.js";

/** Seconds of work, and reports, after which a speed is worth saying. */
const ENOUGH = { seconds: 3, reports: 8 };
/** How far from what is measured a range reaches: work on a machine that others use grows rather than shrinks. */
const LOW = 0.9;
const HIGH = 1.35;
/** What ends by so much before its range is said anew. */
const SOONER = 0.75;
/** Seconds below which a range is not worth correcting. */
const FINE = 10;

/** Seconds of work over which the speed is measured, or the last third where that is longer. */
const WINDOW = 20;

/** How it went on, against what was said. @typedef {"" | "slower" | "faster"} Turn */

export class TimeLeft {
  /** Seconds of work after which it ends, as it is said; null while that is measured. @type {[number, number] | null} */ #range = null;
  /** @type {Turn} */ #turn = "";
  #worked = 0;
  #all = 0;
  /** What was done, and after how much work. @type {{ worked: number, done: number }[]} */ #reports = [];
  /** The newest estimates of when it ends. @type {number[]} */ #ends = [];

  /**
   * A report of work that goes on; whatever stands still meanwhile is not in it.
   * @param {number} worked  seconds, of this visit @param {number} done  such as steps @param {number} all  of them
   */
  report(worked, done, all) {
    // More or fewer steps are the person's own doing, and no news.
    if (all !== this.#all) {
      [this.#range, this.#turn, this.#ends] = [null, "", []];
      if (done < (this.#reports.at(-1)?.done ?? 0)) this.#reports = [];
    }
    this.#all = all;
    this.#worked = worked;
    this.#reports.push({ worked, done });
    while (this.#reports.length > 2 && worked - this.#reports[1].worked >= Math.max(WINDOW, worked / 3)) this.#reports.shift();
    const [first] = this.#reports;
    const speed = (done - first.done) / (worked - first.worked);
    if (!(speed > 0)) return;
    this.#ends = [...this.#ends, worked + (all - done) / speed].slice(-ENOUGH.reports);
    if (this.#ends.length < ENOUGH.reports || worked < ENOUGH.seconds) return;
    // A single report that is off says nothing.
    const [soonest, latest] = [Math.min(...this.#ends), Math.max(...this.#ends)];
    const around = /** @type {[number, number]} */ ([worked + (soonest - worked) * LOW, worked + (latest - worked) * HIGH]);
    if (!this.#range) this.#range = around;
    else if (soonest - this.#range[1] > FINE / 5) [this.#range, this.#turn] = [around, "slower"];
    else if (this.#range[0] - latest > Math.max(FINE / 2, (1 - SOONER) * (this.#range[0] - worked))) [this.#range, this.#turn] = [around, "faster"];
  }

  /** Seconds that are left at least and at most; null while that is measured. @returns {[number, number] | null} */
  get range() {
    return this.#range && [Math.max(0, this.#range[0] - this.#worked), Math.max(0, this.#range[1] - this.#worked)];
  }

  /** What is left, in words. @param {string} [why]  why it is slower, where that is known */
  words(why = "other work on this machine") {
    const { range } = this;
    if (!range) return "measuring…";
    const said = rangeInWords(...range);
    if (this.#turn === "slower") return `now rather ${said}: ${why}`;
    return this.#turn === "faster" ? `now rather ${said}: faster than at first` : said;
  }

  /** The same as a sentence. @param {string} [why] */
  sentence(why) {
    const words = this.words(why);
    return `Time left: ${words}${words.endsWith("…") ? "" : "."}`;
  }
}

/** Two times as a range, in numbers that are easily read. @param {number} low @param {number} high  seconds */
export function rangeInWords(low, high) {
  if (high < 10) return "a few seconds";
  const [from, to] = [rounded(low, Math.floor), rounded(high, Math.ceil)];
  if (from.value <= 0) return `up to ${to.value} ${to.unit}`;
  if (from.unit !== to.unit) return `${from.value} ${from.unit} to ${to.value} ${to.unit}`;
  return from.value === to.value ? `about ${to.value} ${to.unit}` : `${from.value}–${to.value} ${to.unit}`;
}

/** @param {number} seconds @param {(value: number) => number} way  to whole steps */
function rounded(seconds, way) {
  const [by, each, unit] = seconds < 90 ? [5, 1, "s"] : seconds < 180 ? [10, 1, "s"] : seconds < 600 ? [30, 60, "min"] : seconds < 5400 ? [60, 60, "min"] : [900, 3600, "h"];
  return { value: (way(seconds / by) * by) / each, unit };
}

/** Before anything was measured here: computers differ by so much from an ordinary one. */
const GUESS = /** @type {const} */ ([0.7, 3]);
/** And once it was. */
const MEASURED = /** @type {const} */ ([LOW, HIGH]);

/** What something will take before it has begun. @param {number} seconds @param {boolean} isMeasured */
export function beforehand(seconds, isMeasured) {
  if (!Number.isFinite(seconds)) return duration(seconds);
  const [low, high] = isMeasured ? MEASURED : GUESS;
  return rangeInWords(seconds * low, seconds * high);
}
