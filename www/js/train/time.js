// How long a training will take, before it begins. No DOM here.

import { parameterCount } from "./estimates.js";

/** @typedef {import("./presets.js").Settings} Settings */

/**
 * Multiplications and additions of a step for each of its tokens, roughly: six a weight. The waves are too few to count.
 * @param {Settings} settings @param {number} vocabulary
 */
const workPerToken = (settings, vocabulary) => 6 * parameterCount(settings, vocabulary);

/**
 * Multiplications and additions a second of training, on one core of an ordinary computer: the larger the matrices, the
 * better a core is used. Measured at these widths.
 */
const SPEEDS = [[0, 0], [64, 1.8e10], [128, 4e10], [192, 4.5e10]];

/** @param {number} width */
function ordinarySpeed(width) {
  const next = SPEEDS.findIndex(([at]) => at >= width);
  if (next < 0) return SPEEDS[SPEEDS.length - 1][1];
  const [[from, slow], [to, fast]] = [SPEEDS[Math.max(next - 1, 0)], SPEEDS[Math.max(next, 1)]];
  return slow + ((fast - slow) * (width - from)) / (to - from);
}

/**
 * Seconds that training takes, roughly.
 * @param {Settings} settings @param {number} vocabulary
 * @param {number} machine  how fast this machine is, against an ordinary one
 */
export function timeEstimate(settings, vocabulary, machine) {
  const { steps, batch_size, context, embedding_dim } = settings;
  return (workPerToken(settings, vocabulary) * batch_size * context * steps) / (ordinarySpeed(embedding_dim) * machine);
}

/**
 * How fast this machine is, against an ordinary one.
 * @param {Settings} settings @param {number} vocabulary @param {number} tokensPerSecond  as measured
 */
export function machineSpeed(settings, vocabulary, tokensPerSecond) {
  return (workPerToken(settings, vocabulary) * tokensPerSecond) / ordinarySpeed(settings.embedding_dim);
}
