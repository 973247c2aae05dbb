// Curves of a training: bounded however long it runs. No DOM here.

import { MOST } from "../keep/limits.js";

/** @typedef {{ steps: number[], values: number[] }} Curve  as long as each other */

/** Points kept before neighbours are joined. */
const LIMIT = MOST.losses;

/**
 * A number that changes from step to step, joined into buckets of `width` steps; the width doubles whenever the buckets
 * are full. A bucket holds the mean, so what is drawn is an average of what was measured and never a pick of it. Not
 * every step has to have a value.
 */
export class Series {
  width = 1;
  lastStep = 0;
  #limit;
  /** Sum and count of each bucket, from step 1 on, and the last step that went into it. @type {number[]} */
  #sums = [];
  /** @type {number[]} */
  #counts = [];
  /** @type {number[]} */
  #ends = [];

  /** @param {number} [limit]  most buckets */
  constructor(limit = LIMIT) {
    this.#limit = limit;
  }

  /** @param {number} step  from 1 @param {number} value */
  add(step, value) {
    if (!Number.isFinite(value) || step <= this.lastStep) return;
    this.lastStep = step;
    while (Math.floor((step - 1) / this.width) >= this.#limit) this.#halve();
    const bucket = Math.floor((step - 1) / this.width);
    // Without holes, which would make the lists slow.
    for (let i = this.#sums.length; i <= bucket; i++) this.#sums[i] = this.#counts[i] = this.#ends[i] = 0;
    this.#sums[bucket] += value;
    this.#counts[bucket]++;
    this.#ends[bucket] = step;
  }

  /** Forgets what came after a step. A bucket that it lies in stays as it is. @param {number} step */
  cut(step) {
    if (step >= this.lastStep) return;
    this.lastStep = step;
    const length = Math.ceil(step / this.width);
    for (const list of [this.#sums, this.#counts, this.#ends]) list.length = Math.min(list.length, length);
    if (this.#ends.length > 0) this.#ends[this.#ends.length - 1] = Math.min(this.#ends[this.#ends.length - 1], step);
  }

  #halve() {
    this.width *= 2;
    const length = Math.ceil(this.#sums.length / 2);
    for (let i = 0; i < length; i++) {
      this.#sums[i] = this.#sums[2 * i] + (this.#sums[2 * i + 1] ?? 0);
      this.#counts[i] = this.#counts[2 * i] + (this.#counts[2 * i + 1] ?? 0);
      this.#ends[i] = this.#ends[2 * i + 1] || this.#ends[2 * i];
    }
    for (const list of [this.#sums, this.#counts, this.#ends]) list.length = length;
  }

  /** @returns {Curve} the last step and the mean of each bucket that has any */
  means() {
    /** @type {number[]} */ const steps = [];
    /** @type {number[]} */ const values = [];
    this.#sums.forEach((sum, bucket) => {
      if (this.#counts[bucket] === 0) return;
      steps.push(this.#ends[bucket]);
      values.push(sum / this.#counts[bucket]);
    });
    return { steps, values };
  }

  /** @param {number} step @returns {number | null} mean of the bucket that it lies in, or of the last one before */
  at(step) {
    for (let bucket = Math.min(Math.floor((step - 1) / this.width), this.#sums.length - 1); bucket >= 0; bucket--) {
      if (this.#counts[bucket] > 0) return this.#sums[bucket] / this.#counts[bucket];
    }
    return null;
  }

  /** @returns {number | null} mean of the last bucket */
  latest() {
    return this.at(this.lastStep);
  }

  /** For storage. */
  toJSON() {
    return { width: this.width, sums: [...this.#sums], counts: [...this.#counts], ends: [...this.#ends], lastStep: this.lastStep };
  }

  /**
   * What was stored, by an older version of the page perhaps.
   * @param {Partial<ReturnType<Series["toJSON"]>>} stored @param {number} [limit] @returns {Series}
   */
  static from(stored, limit = LIMIT) {
    const series = new this(limit);
    const { width = 1, sums = [], counts = [], ends = [], lastStep = 0 } = stored;
    series.width = width;
    series.lastStep = lastStep;
    for (let i = 0; i < sums.length; i++) {
      series.#sums.push(sums[i] ?? 0);
      series.#counts.push(counts[i] ?? 0);
      series.#ends.push(ends[i] ?? Math.min((i + 1) * width, lastStep));
    }
    return series;
  }
}

/** The loss of every step. */
export class LossHistory extends Series {
  /** @returns {{ steps: number[], losses: number[] }} */
  points() {
    const { steps, values } = this.means();
    return { steps, losses: values };
  }

  /** @override @param {Partial<ReturnType<LossHistory["toJSON"]>>} stored @returns {LossHistory} */
  static from(stored) {
    return /** @type {LossHistory} */ (super.from(stored));
  }
}

/**
 * Items of a whole run, each with its step: the first, the newest, and in between one in every `gap` steps. The gap
 * doubles whenever there are too many.
 * @template {{ step: number }} T
 */
export class Thinned {
  #limit;
  #gap = 1;
  /** @type {T[]} */
  #items = [];

  /** @param {number} limit  most items */
  constructor(limit) {
    this.#limit = limit;
  }

  /** In order of their steps. @returns {readonly T[]} */
  get items() {
    return this.#items;
  }

  /** @param {T} item */
  add(item) {
    const last = this.#items.at(-1);
    if (last && item.step <= last.step) return;
    const before = this.#items.at(-2);
    // The newest stays only until there is a newer one.
    if (last && before && this.#place(last) === this.#place(before)) this.#items.pop();
    this.#items.push(item);
    while (this.#items.length > this.#limit) this.#thin();
  }

  /** Forgets what came after a step. @param {number} step */
  cut(step) {
    this.#items = this.#items.filter((item) => item.step <= step);
  }

  /** @param {T} item */
  #place(item) {
    return Math.floor(item.step / this.#gap);
  }

  #thin() {
    this.#gap *= 2;
    const newest = this.#items.length - 1;
    let place = -1;
    this.#items = this.#items.filter((item, i) => {
      const stays = i === newest || this.#place(item) !== place;
      place = this.#place(item);
      return stays;
    });
  }

  /** For storage. */
  toJSON() {
    return { gap: this.#gap, items: [...this.#items] };
  }

  /**
   * @template {{ step: number }} T
   * @param {Partial<{ gap: number, items: T[] }> | undefined} stored @param {number} limit @returns {Thinned<T>}
   */
  static from(stored, limit) {
    /** @type {Thinned<T>} */
    const thinned = new Thinned(limit);
    thinned.#gap = stored?.gap ?? 1;
    thinned.#items = [...(stored?.items ?? [])];
    return thinned;
  }
}

/**
 * Where to look for what held at a step.
 * @param {ArrayLike<number>} steps  ascending @param {number} step
 * @returns {number} index of the last one that is not later; -1 where all are
 */
export function lastAt(steps, step) {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * Exponential mean from both sides, so that the smoothed curve neither lags behind nor runs ahead. It looks less far at
 * the beginning, where the loss falls too fast for a long mean to follow.
 * @param {readonly number[]} values @param {number} span  about how many points it looks over; 1 is none
 * @returns {number[]}
 */
export function smooth(values, span) {
  const smoothed = [...values];
  const pull = (/** @type {number} */ i, /** @type {number} */ from) => {
    const rate = 2 / (Math.min(span, 1 + i / 2) + 1);
    smoothed[i] = smoothed[from] + (smoothed[i] - smoothed[from]) * rate;
  };
  for (let i = 1; i < smoothed.length; i++) pull(i, i - 1);
  for (let i = smoothed.length - 2; i >= 0; i--) pull(i, i + 1);
  return smoothed;
}

/**
 * A curve with fewer points, each the mean of several: what a small picture can show.
 * @param {Curve} curve @param {number} most @returns {Curve}
 */
export function thin({ steps, values }, most) {
  const each = Math.ceil(steps.length / most);
  if (each <= 1) return { steps, values };
  /** @type {Curve} */
  const thinned = { steps: [], values: [] };
  for (let from = 0; from < steps.length; from += each) {
    const to = Math.min(from + each, steps.length);
    let sum = 0;
    for (let i = from; i < to; i++) sum += values[i];
    thinned.steps.push(steps[to - 1]);
    thinned.values.push(sum / (to - from));
  }
  return thinned;
}

/**
 * Curves over one list of steps, as a chart of aligned columns wants them; null where a curve has no value.
 * @param {readonly Curve[]} curves
 * @returns {[number[], ...(number | null)[][]]}
 */
export function align(curves) {
  if (curves.every(({ steps }) => steps === curves[0].steps)) return [curves[0]?.steps ?? [], ...curves.map(({ values }) => values)];
  /** @type {number[]} */
  const steps = [];
  /** @type {(number | null)[][]} */
  const columns = curves.map(() => []);
  const at = curves.map(() => 0);
  for (;;) {
    const step = Math.min(...curves.map((curve, i) => curve.steps[at[i]] ?? Infinity));
    if (step === Infinity) return [steps, ...columns];
    steps.push(step);
    curves.forEach((curve, i) => columns[i].push(curve.steps[at[i]] === step ? curve.values[at[i]++] : null));
  }
}

/**
 * Adds what is newer than the rest: a run that was taken up again may repeat itself.
 * @template {{ step: number }} T
 * @param {T[]} list @param {T} item @param {number} limit  the oldest make room
 */
export function addNewer(list, item, limit) {
  const last = list.at(-1);
  if (last && item.step <= last.step) return;
  list.push(item);
  if (list.length > limit) list.splice(0, list.length - limit);
}
