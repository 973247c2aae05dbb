// One head's wave, computed on the page so that a slider redraws within a frame. The engine has the
// same formulas (design: κ(t) = e^(-αt)·cos(ωt + φ), divided by Σ|κ| over the field's cells).

/**
 * @typedef {import("./protocol.js").Head} Head
 * @typedef {import("./protocol.js").ModelConfig} ModelConfig
 */

/** s: cells of the field from one token to the next. @param {ModelConfig} config */
export const stride = (config) => (config.field_size - 1) / (config.max_seq_len - 1);

/** The wave at `t` cells, before it is divided by its norm. @param {Head} head @param {number} t */
export const wave = (head, t) => Math.exp(-head.damping * t) * Math.cos(head.frequency * t + head.phase);

/** Σ|κ| over the field's cells, as the engine sums it. @param {Head} head @param {number} cells */
export function norm(head, cells) {
  const decay = Math.exp(-head.damping);
  const [turnRe, turnIm] = [decay * Math.cos(head.frequency), decay * Math.sin(head.frequency)];
  let [re, im, envelope, sum] = [Math.cos(head.phase), Math.sin(head.phase), 1, 0];
  // Turned from cell to cell, as in the engine: a field may have millions of them.
  for (let t = 0; t < cells && envelope >= 1e-9; t++) {
    sum += Math.abs(re);
    [re, im] = [re * turnRe - im * turnIm, re * turnIm + im * turnRe];
    envelope *= decay;
  }
  return Math.max(sum, 1e-8);
}

/**
 * How strongly a head hears the token so many back: κ at lag·s cells. Where the stride is not whole
 * the engine spreads deposit and reading over two cells each, which smooths this a little.
 * @param {Head} head
 * @param {ModelConfig} config
 * @param {number} lags How many lags, from 0.
 * @returns {Float64Array}
 */
export function kernelByLag(head, config, lags) {
  const s = stride(config);
  const scale = 1 / norm(head, config.field_size);
  return Float64Array.from({ length: lags }, (_, lag) => wave(head, lag * s) * scale);
}

/**
 * The lag, in tokens, at which the envelope e^(-αt) has fallen to a tenth; Infinity without damping.
 * @param {Head} head
 * @param {ModelConfig} config
 */
export const reach = (head, config) => (head.damping > 0 ? Math.LN10 / (head.damping * stride(config)) : Infinity);

/**
 * The wave's own rhythm in tokens. A wave that turns by more than half a turn from one token to the
 * next is seen by the tokens as a slower one (aliasing), so the angle is folded into 0..π.
 * @param {Head} head
 * @param {ModelConfig} config
 * @returns {number} Tokens for one turn; Infinity where it never turns.
 */
export function periodInTokens(head, config) {
  const turn = (Math.abs(head.frequency) * stride(config)) % (2 * Math.PI);
  const angle = Math.min(turn, 2 * Math.PI - turn);
  return angle < 1e-6 ? Infinity : (2 * Math.PI) / angle;
}

/**
 * |K(ν)|: how strongly the head answers to a pattern that repeats with ν cycles a token, from 0 to
 * a half. The kernel by lag is Re(e^(iφ)·z^j) with z = e^((-α+iω)s), so the sum over lags is a
 * geometric series, here cut off at the model's context like the field itself.
 * @param {Head} head
 * @param {ModelConfig} config
 * @param {number} points
 * @returns {Float64Array}
 */
export function response(head, config, points) {
  const s = stride(config);
  const n = config.max_seq_len;
  const scale = 0.5 / norm(head, config.field_size);
  return Float64Array.from({ length: points }, (_, i) => {
    const omega = (Math.PI * i) / (points - 1);
    const [ar, ai] = series(head.damping * s, head.frequency * s - omega, head.phase, n);
    const [br, bi] = series(head.damping * s, -head.frequency * s - omega, -head.phase, n);
    return Math.hypot(ar + br, ai + bi) * scale;
  });
}

/**
 * e^(iφ)·(1 - q^n) / (1 - q) with q = e^(-a + ib): the sum of q^j for j < n, turned by φ.
 * @param {number} a @param {number} b @param {number} phase @param {number} n
 * @returns {[number, number]}
 */
function series(a, b, phase, n) {
  const r = Math.exp(-a);
  const rn = Math.exp(-a * n);
  const [dr, di] = [1 - r * Math.cos(b), -r * Math.sin(b)];
  const size = dr * dr + di * di;
  if (size < 1e-18) return [n * Math.cos(phase), n * Math.sin(phase)];
  const [tr, ti] = [1 - rn * Math.cos(b * n), -rn * Math.sin(b * n)];
  const [qr, qi] = [(tr * dr + ti * di) / size, (ti * dr - tr * di) / size];
  return [qr * Math.cos(phase) - qi * Math.sin(phase), qr * Math.sin(phase) + qi * Math.cos(phase)];
}

// Where one role ends and the next begins. Reach is in tokens; turns are whole turns of the wave
// within its reach.
export const REACH_NONE = 1;
export const REACH_SHORT = 8;
export const REACH_MEDIUM = 48;
export const TURNS_SMOOTH = 0.75;
/** Tokens a turn below which a wave flickers from token to token. */
export const PERIOD_FLICKER = 2.5;

/**
 * What a head does, in words: how far it hears, and whether it listens smoothly or for a rhythm.
 * @param {Head} head
 * @param {ModelConfig} config
 * @returns {string}
 */
export function role(head, config) {
  const far = reach(head, config);
  if (far <= REACH_NONE) return "This token only";
  const range = far <= REACH_SHORT ? "Near" : far <= REACH_MEDIUM ? "Middle" : "Far";
  const period = periodInTokens(head, config);
  if (Math.min(far, config.max_seq_len) / period < TURNS_SMOOTH) return `${range}, smooth`;
  return period < PERIOD_FLICKER ? `${range}, flickering` : `${range}, rhythmic`;
}

/** A head's role in a sentence, for its explanation. @param {Head} head @param {ModelConfig} config */
export function roleExplained(head, config) {
  const far = reach(head, config);
  const period = periodInTokens(head, config);
  const heard = far <= REACH_NONE ? "Hears hardly more than the token itself"
    : far >= config.max_seq_len ? "Hears the whole context" : `Hears about ${tokens(far)} back`;
  if (far <= REACH_NONE || Math.min(far, config.max_seq_len) / period < TURNS_SMOOTH) return `${heard}, fading without a rhythm.`;
  return `${heard}, in a rhythm of ${period < 10 ? period.toFixed(1) : Math.round(period)} tokens.`;
}

/** @param {number} count */
function tokens(count) {
  if (count < 1.95) return `${count.toFixed(1)} token${count.toFixed(1) === "1.0" ? "" : "s"}`;
  return `${count < 10 ? count.toFixed(1) : Math.round(count)} tokens`;
}
