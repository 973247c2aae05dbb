// Curves of a training: bounded however long it runs. No DOM here.

/** Points kept before neighbours are joined. A chart has about as many pixels. */
const LIMIT = 2048;

/**
 * The loss of every step, joined into buckets of `width` steps; the width doubles whenever LIMIT buckets are full.
 * A bucket holds the mean, so what is drawn is an average of real steps and never a pick of them.
 */
export class LossHistory {
  width = 1;
  /** Sum and count of each bucket, from step 1 on. @type {number[]} */
  #sums = [];
  /** @type {number[]} */
  #counts = [];
  lastStep = 0;

  /** @param {number} step  from 1 @param {number} loss */
  add(step, loss) {
    if (!Number.isFinite(loss) || step <= this.lastStep) return;
    this.lastStep = step;
    while (Math.floor((step - 1) / this.width) >= LIMIT) this.#halve();
    const bucket = Math.floor((step - 1) / this.width);
    this.#sums[bucket] = (this.#sums[bucket] ?? 0) + loss;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  #halve() {
    this.width *= 2;
    for (const series of [this.#sums, this.#counts]) {
      const length = Math.ceil(series.length / 2);
      for (let i = 0; i < length; i++) series[i] = (series[2 * i] ?? 0) + (series[2 * i + 1] ?? 0);
      series.length = length;
    }
  }

  /** @returns {{ steps: number[], losses: number[] }} the last step and mean loss of each bucket that has any */
  points() {
    const steps = [];
    const losses = [];
    for (let bucket = 0; bucket < this.#sums.length; bucket++) {
      if (!this.#counts[bucket]) continue;
      steps.push(Math.min((bucket + 1) * this.width, this.lastStep));
      losses.push(this.#sums[bucket] / this.#counts[bucket]);
    }
    return { steps, losses };
  }

  /** @returns {number | null} mean loss of the last bucket */
  latest() {
    const last = this.#sums.length - 1;
    return last >= 0 && this.#counts[last] ? this.#sums[last] / this.#counts[last] : null;
  }

  /** For storage. */
  toJSON() {
    return { width: this.width, sums: [...this.#sums], counts: [...this.#counts], lastStep: this.lastStep };
  }

  /** @param {ReturnType<LossHistory["toJSON"]>} stored @returns {LossHistory} */
  static from(stored) {
    const history = new LossHistory();
    history.width = stored.width;
    history.#sums = Array.from(stored.sums, (value) => value ?? 0);
    history.#counts = Array.from(stored.counts, (value) => value ?? 0);
    history.lastStep = stored.lastStep;
    return history;
  }
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
 * Two series over one list of steps, as a chart of aligned columns wants them; null where a series has no value.
 * @param {{ steps: number[], losses: number[] }} train
 * @param {readonly { step: number, loss: number }[]} evaluations
 * @param {number[]} smoothed  as long as `train`
 * @returns {[number[], (number | null)[], (number | null)[], (number | null)[]]}
 */
export function align(train, evaluations, smoothed) {
  /** @type {[number[], (number | null)[], (number | null)[], (number | null)[]]} */
  const columns = [[], [], [], []];
  let i = 0;
  let j = 0;
  while (i < train.steps.length || j < evaluations.length) {
    const a = i < train.steps.length ? train.steps[i] : Infinity;
    const b = j < evaluations.length ? evaluations[j].step : Infinity;
    const step = Math.min(a, b);
    columns[0].push(step);
    columns[1].push(a === step ? train.losses[i] : null);
    columns[2].push(a === step ? smoothed[i] : null);
    columns[3].push(b === step ? evaluations[j].loss : null);
    if (a === step) i++;
    if (b === step) j++;
  }
  return columns;
}
