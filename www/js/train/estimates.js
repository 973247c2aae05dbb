// What a training will take, before it begins: numbers to learn and memory. No DOM here.

/** @typedef {import("./presets.js").Settings} Settings */

/** Bytes that a training may take in a browser: the engine's own limit (src/memory.rs) is the reference. */
export const MOST_BYTES = 2 ** 29;

/**
 * How many numbers a model learns; the engine's own count (ModelConfig::parameter_count) is the reference.
 * @param {Settings} settings @param {number} vocabulary @returns {number}
 */
export function parameterCount({ embedding_dim: d, num_layers: layers, num_heads: h, ffn_dim: f, interference_interval, blocks }, vocabulary) {
  const c = d / 4;
  const modern = blocks === "modern";
  const norm = modern ? d : 2 * d;
  // Three matrices without biases and a near field of four weights a channel, or two with biases.
  const own = modern ? 3 * d * f + 4 * d : 2 * d * f + f + d;
  const layer = 4 * d * d + own + h * h + 3 * h + 4 * d + 2 * norm;
  const module = 4 * d * d + 2 * d * c + 4 * d + c + 1;
  return vocabulary * d + norm + layers * layer + Math.floor(layers / interference_interval) * module;
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
  const { embedding_dim: d, num_layers: layers, num_heads: h, ffn_dim: f, batch_size, context, interference_interval, blocks } = settings;
  // What a near field makes of the tokens, and what gates the feed-forward part, with its gradient.
  const [near, gates] = blocks === "modern" ? [1, 1] : [0, 0];
  const taken = (/** @type {number} */ perToken) => {
    const spectra = 2 * h * (batch_size + layers) * transformLength(settings);
    return 4 * (4 * parameterCount(settings, vocabulary) + batch_size * context * perToken + spectra);
  };
  const kept = taken(layers * ((14 + near) * d + (3 + gates) * f) + 3 * d + 3 * vocabulary);
  if (kept <= MOST_BYTES) return { bytes: kept, twice: false };
  const modules = Math.floor(layers / interference_interval);
  // What enters each layer and module; one of each; gradients, which all layers share anyway.
  return { bytes: taken((layers + modules + 30 + near + (modules > 0 ? 7 : 0)) * d + (3 + 2 * gates) * f + 3 * vocabulary), twice: true };
}
