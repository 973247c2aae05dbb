// The course of a training beyond its losses: what the engine reports now and then, kept for the whole run and bounded
// however long it is. No DOM here.

import { Series, Thinned, lastAt } from "../charts/series.js";
import { MOST } from "../keep/limits.js";

/**
 * @typedef {import("../engine/protocol.js").Head} Head
 * @typedef {import("../engine/protocol.js").Events} Events
 * @typedef {{ step: number, text: string }} Sample
 *
 * The heads at a step: frequency, damping and phase of each head of each layer, one after the other.
 * @typedef {{ step: number, heads: readonly number[], values: Float32Array }} Moment  heads: how many each layer has
 */

const PER_HEAD = 3;

export class Course {
  learningRate = new Series(MOST.reports);
  gradientNorm = new Series(MOST.reports);
  tokensPerSecond = new Series(MOST.reports);
  /** @type {Thinned<Sample>} */
  samples = new Thinned(MOST.thinnedSamples);
  /** @type {Thinned<Moment>} */
  moments = new Thinned(MOST.moments);

  /** @param {import("../engine/protocol.js").TrainProgress} detail */
  progress({ step, learning_rate, gradient_norm, tokens_per_second }) {
    // Before the first step there is nothing to tell, and the engine says 0.
    if (step === 0) return;
    this.learningRate.add(step, learning_rate);
    if (gradient_norm > 0) this.gradientNorm.add(step, gradient_norm);
    if (tokens_per_second > 0) this.tokensPerSecond.add(step, tokens_per_second);
  }

  /** @param {Events["train_sample"]} detail */
  sample(detail) {
    this.samples.add(detail);
  }

  /** @param {Events["train_heads"]} detail */
  heads({ step, layers }) {
    this.moments.add(momentOf(step, layers));
  }

  /** Forgets what came after a step. @param {number} step */
  cut(step) {
    for (const part of [this.learningRate, this.gradientNorm, this.tokensPerSecond, this.samples, this.moments]) part.cut(step);
  }

  /** For storage. */
  toJSON() {
    return {
      learningRate: this.learningRate.toJSON(),
      gradientNorm: this.gradientNorm.toJSON(),
      tokensPerSecond: this.tokensPerSecond.toJSON(),
      samples: this.samples.toJSON(),
      moments: this.moments.toJSON(),
    };
  }

  /**
   * What was stored. An older version of the page stored nothing of this: the course then begins where it goes on.
   * @param {Partial<ReturnType<Course["toJSON"]>>} [stored] @returns {Course}
   */
  static from(stored = {}) {
    const course = new Course();
    for (const name of /** @type {const} */ (["learningRate", "gradientNorm", "tokensPerSecond"])) {
      course[name] = Series.from(stored[name] ?? {}, MOST.reports);
    }
    course.samples = Thinned.from(stored.samples, MOST.thinnedSamples);
    course.moments = Thinned.from(stored.moments, MOST.moments);
    return course;
  }
}

/** @param {number} step @param {readonly (readonly Head[])[]} layers @returns {Moment} */
export function momentOf(step, layers) {
  return {
    step,
    heads: layers.map((heads) => heads.length),
    values: Float32Array.from(layers.flat().flatMap(({ frequency, damping, phase }) => [frequency, damping, phase])),
  };
}

/** Made once a moment, so that who has drawn them can tell that they are the same. @type {WeakMap<Moment, Head[][]>} */
const made = new WeakMap();

/** @param {Moment} moment @returns {Head[][]} */
export function layersOf(moment) {
  const known = made.get(moment);
  if (known) return known;
  const { heads, values } = moment;
  let at = 0;
  const layers = heads.map((count) => Array.from({ length: count }, () => {
    const [frequency, damping, phase] = values.subarray(at, (at += PER_HEAD));
    return { frequency, damping, phase, gain: 1 };
  }));
  made.set(moment, layers);
  return layers;
}

/**
 * One layer's heads over the run.
 * @param {readonly Moment[]} moments @param {number} layer
 * @returns {{ steps: number[], heads: { frequency: number[], damping: number[], phase: number[] }[] }}
 */
export function trajectories(moments, layer) {
  const shape = moments[0]?.heads ?? [];
  const first = PER_HEAD * shape.slice(0, layer).reduce((sum, count) => sum + count, 0);
  const column = (/** @type {number} */ at) => moments.map(({ values }) => values[at]);
  return {
    steps: moments.map(({ step }) => step),
    heads: Array.from({ length: shape[layer] ?? 0 }, (_, head) => {
      const at = first + PER_HEAD * head;
      return { frequency: column(at), damping: column(at + 1), phase: column(at + 2) };
    }),
  };
}

/**
 * The item that held at a step: the last that is not later, or the first where all are.
 * @template {{ step: number }} T
 * @param {readonly T[]} items  in order of their steps @param {number} step
 * @returns {T | null}
 */
export function heldAt(items, step) {
  return items[Math.max(0, lastAt(items.map((item) => item.step), step))] ?? null;
}
