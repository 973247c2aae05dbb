// One run of the lesson as the page sees it.

import { EngineRun } from "../../engine/run.js";

/**
 * Of the sound model, and of the broken one.
 * @template T
 * @typedef {import("../../../pkg/wavefield.js").Both<T>} Both
 */

/**
 * @typedef {Exclude<import("../../../pkg/wavefield.js").LeakKind, "none">} LeakWay
 * @typedef {{text: string, leak: LeakWay, steps: number, seconds: number, seed: number, mend?: boolean}} LessonOrder
 *   As many steps as go into so many seconds, but no more than `steps`. `mend`: at the end the broken model is measured
 *   without its fault.
 * @typedef {import("../../../pkg/wavefield.js").Evaluation} Evaluation
 * @typedef {{step: number, train: Both<number>, validation: Both<Evaluation>}} Point
 *   `train`: the mean loss of the steps since the point before.
 * @typedef {import("../../../pkg/wavefield.js").Judged} FoundLeak
 *
 * @typedef {{type: "begins", steps: number, leaks: Both<FoundLeak>} | {type: "point", steps: number, point: Point}
 *   | {type: "written", step: number, texts: Both<string>, leaks: Both<FoundLeak>}
 *   | {type: "mended", mended: import("../../../pkg/wavefield.js").Scored} | {type: "done"}
 *   | {type: "failed", message: string}} LessonNews
 *
 * @typedef {object} LessonResult
 * @property {LeakWay} leak
 * @property {number} when
 * @property {number} steps How many there were to be.
 * @property {Point[]} points
 * @property {{step: number, texts: Both<string>} | null} written The last texts.
 * @property {Both<FoundLeak> | null} first The leaks before the first step.
 * @property {Both<FoundLeak> | null} leaks The same when the last texts were written.
 * @property {import("../../../pkg/wavefield.js").Scored | null} [mended] What the broken one is without its fault.
 * @property {"whole" | "stopped" | "failed"} ended
 */

/** @extends {EngineRun<LessonResult, LessonNews>} */
export class LeakRun extends EngineRun {
  #began = 0;

  /** @param {LessonOrder} order @param {() => void} onChange Called when something was found, and at the end. */
  constructor(order, onChange) {
    super(
      { leak: order.leak, when: Date.now(), steps: order.steps, points: [], written: null, first: null, leaks: null, ended: "stopped" },
      { script: new URL("../../worker/leak.js", import.meta.url), name: "wavefield-lesson", order, named: "The engine that trains the two" },
      onChange);
  }

  /** Seconds that the rest will take; null while that cannot be told. */
  get left() {
    const done = this.result.points.at(-1)?.step ?? 0;
    return done > 0 ? ((performance.now() - this.#began) / 1000 / done) * (this.result.steps - done) : null;
  }

  /** @override @param {LessonNews} news */
  take(news) {
    switch (news.type) {
      case "begins":
        this.#began = performance.now();
        this.note({ steps: news.steps, first: news.leaks, leaks: news.leaks });
        break;
      case "point":
        this.note({ steps: news.steps, points: [...this.result.points, news.point] });
        break;
      case "written":
        this.note({ written: { step: news.step, texts: news.texts }, leaks: news.leaks });
        break;
      case "mended":
        this.note({ mended: news.mended });
        break;
    }
  }
}

/** @param {unknown} value @returns {value is Both<any>} */
const isBoth = (value) => typeof value === "object" && value !== null && "sound" in value && "broken" in value;
const isNumber = (/** @type {unknown} */ value) => typeof value === "number" && Number.isFinite(value);

/** @param {any} point @returns {boolean} */
const isPoint = (point) => isNumber(point?.step) && isBoth(point.train) && isBoth(point.validation)
  && [point.train.sound, point.train.broken, point.validation.sound?.perplexity, point.validation.broken?.perplexity].every(isNumber);

/** @param {any} leaks */
const isLeaks = (leaks) => leaks === null || (isBoth(leaks) && [leaks.sound, leaks.broken].every((leak) => isNumber(leak?.before) && typeof leak.verdict === "string"));

/** What was kept, or null where it is no result, as of another version of the page. @param {any} kept @returns {LessonResult | null} */
export function restored(kept) {
  const whole = kept && ["shared_cells", "circular_field"].includes(kept.leak) && isNumber(kept.when) && isNumber(kept.steps)
    && Array.isArray(kept.points) && kept.points.length > 0 && kept.points.every(isPoint)
    && (kept.written === null || (isNumber(kept.written?.step) && isBoth(kept.written.texts)))
    && isLeaks(kept.first) && isLeaks(kept.leaks);
  return whole ? kept : null;
}
