// One moment of a training: what was known at a step, or what is known now. No DOM here.

import { lastAt } from "../../charts/series.js";
import { heldAt, layersOf, momentOf } from "../course.js";

/**
 * @typedef {import("../../engine/protocol.js").Head} Head
 * @typedef {import("../course.js").Course} Course
 * @typedef {import("../course.js").Moment} Moment
 * @typedef {import("../course.js").Sample} Sample
 * @typedef {import("../run.js").Facts} Facts
 * @typedef {import("../run.js").Evaluation} Evaluation
 * @typedef {{ facts: Facts, history: import("../../charts/series.js").LossHistory, course: Course }} Told  what a run tells
 *
 * @typedef {object} Then
 * @property {number} step
 * @property {boolean} now       whether this is the newest state, which moves on
 * @property {number | null} loss
 * @property {Evaluation | null} evaluation  the last one until then
 * @property {number | null} learningRate
 * @property {number | null} gradientNorm
 * @property {number | null} tokensPerSecond
 * @property {Sample | null} sample          the last one until then, or the first where it came later
 * @property {Head[][]} layers
 */

/** Every sample that is still known: a few of the whole run, and all of the newest. @param {Told} told @returns {Sample[]} */
export function allSamples({ facts, course }) {
  const newest = facts.samples[0]?.step ?? Infinity;
  return [...course.samples.items.filter(({ step }) => step < newest), ...facts.samples];
}

/** The heads from before the first step until now. @param {Told} told @returns {Moment[]} */
export function allMoments({ facts, course }) {
  const first = facts.initialLayers.length > 0 ? [momentOf(0, facts.initialLayers)] : [];
  const later = course.moments.items.filter(({ step }) => step > 0);
  // A run from before the course was kept knows no more than where it began and where it is.
  if (later.length === 0 && facts.step > 0 && facts.layers.length > 0) return [...first, momentOf(facts.step, facts.layers)];
  return [...first, ...later];
}

/** @param {Told} told @param {number | null} at  a step; null: now @returns {Then} */
export function momentAt(told, at) {
  const { facts, history, course } = told;
  const now = at === null || at >= facts.step;
  const step = now ? facts.step : at;
  const moment = now ? null : heldAt(allMoments(told), step);
  return {
    step,
    now,
    loss: now ? history.latest() : history.at(step),
    evaluation: facts.evaluations[lastAt(facts.evaluations.map((evaluation) => evaluation.step), step)] ?? null,
    learningRate: course.learningRate.at(step),
    gradientNorm: course.gradientNorm.at(step),
    tokensPerSecond: (now && facts.tokensPerSecond) || course.tokensPerSecond.at(step),
    sample: heldAt(allSamples(told), step),
    layers: !moment ? facts.layers : moment.step === 0 ? facts.initialLayers : layersOf(moment),
  };
}

/**
 * Where a key moves a slider over the run: a hundredth or a tenth of it, or an end.
 * @param {string} key @param {number} step @param {number} steps  reached so far
 * @returns {number | null} null: not a key for this
 */
export function stepByKey(key, step, steps) {
  const small = Math.max(1, Math.round(steps / 100));
  const large = Math.max(1, Math.round(steps / 10));
  /** @type {Record<string, number>} */
  const to = {
    ArrowLeft: step - small, ArrowDown: step - small, ArrowRight: step + small, ArrowUp: step + small,
    PageDown: step - large, PageUp: step + large, Home: 0, End: steps,
  };
  return key in to ? Math.min(Math.max(to[key], 0), steps) : null;
}
