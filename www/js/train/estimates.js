// What a training will take, before it begins: numbers to learn and memory. No DOM here.

import { MOST } from "../keep/limits.js";

/** @typedef {import("./presets.js").Settings} Settings */

/**
 * How many numbers a model learns; the engine's own count (ModelConfig::parameter_count) is the reference.
 * @param {Settings} settings @param {number} vocabulary @returns {number}
 */
export function parameterCount({ embedding_dim: d, num_layers: layers, num_heads: h, ffn_dim: f, interference_interval }, vocabulary) {
  const c = d / 4;
  const layer = 4 * d * d + 2 * d * f + h * h + 3 * h + 9 * d + f;
  const module = 4 * d * d + 2 * d * c + 4 * d + c + 1;
  return vocabulary * d + 2 * d + layers * layer + Math.floor(layers / interference_interval) * module;
}

/** The length of the convolution's transforms: the field, padded so that nothing wraps around. @param {Settings} settings */
export const transformLength = ({ stride, context }) => 2 ** Math.ceil(Math.log2(2 * (stride * (context - 1) + 1)));

/**
 * Bytes that training takes, roughly: weights, gradients and two moments, what each token leaves for the way back, and
 * the heads' spectra. Where all layers would not fit side by side, the engine computes each a second time on the way back, in room
 * that they share.
 * @param {Settings} settings @param {number} vocabulary @returns {{bytes: number, twice: boolean}}
 */
export function memoryEstimate(settings, vocabulary) {
  const { embedding_dim: d, num_layers: layers, num_heads: h, ffn_dim: f, batch_size, context, interference_interval } = settings;
  const taken = (/** @type {number} */ perToken) => {
    const spectra = 2 * h * (batch_size + layers) * transformLength(settings);
    return 4 * (4 * parameterCount(settings, vocabulary) + batch_size * context * perToken + spectra);
  };
  const kept = taken(layers * (14 * d + 3 * f) + 3 * d + 3 * vocabulary);
  if (kept <= MOST.bytes) return { bytes: kept, twice: false };
  const modules = Math.floor(layers / interference_interval);
  // What enters each layer and module; one of each; gradients, which all layers share anyway.
  return { bytes: taken((layers + modules + 30 + (modules > 0 ? 7 : 0)) * d + 3 * f + 3 * vocabulary), twice: true };
}
