// What a head keeps of a text, for one of its channels: one complex number. With z = e^(-α+iω) it is turned and shrunk from
// cell to cell, S ← z·S, takes in what a token drops, S ← S + deposit, and is heard: Re(c·S), c = gain·e^(iφ) / Σ|κ|. That is
// the whole convolution, exactly. A token between two cells drops on both and reads both, with the weights 1-f and f; what is
// shown is then the state as it reads it, (1-f)·S(its first cell) + f·S(the next). Pure functions.

import { norm, stride } from "../../engine/physics.js";
import { RANGES } from "../../model/heads.js";

/**
 * @typedef {import("../../engine/protocol.js").Head} Head
 * @typedef {import("../../engine/protocol.js").ModelConfig} ModelConfig
 * @typedef {{re: number, im: number}} Complex
 *
 * A head's state over a text of N tokens.
 * @typedef {object} Memory
 * @property {Head} head
 * @property {Complex[]} states (N): the state as each token reads it, its own deposit included.
 * @property {Complex[]} kicks (N): what each token adds to what the turning has left; on whole cells its deposit.
 * @property {Float64Array} heard (N)
 * @property {number} stride Cells from token to token.
 * @property {Complex} turn What becomes of a state from one token to the next: z^s.
 * @property {Complex} listen e^(-iφ): the direction that is listened along.
 * @property {number} loud What a length along that direction is multiplied by to be heard: gain / Σ|κ|.
 */

/** size·e^(i·angle). @param {number} size @param {number} angle @returns {Complex} */
export const polar = (size, angle) => ({ re: size * Math.cos(angle), im: size * Math.sin(angle) });
/** @param {Complex} a @param {Complex} b @returns {Complex} */
export const times = (a, b) => ({ re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re });
/** @param {Complex} a @param {Complex} b @param {number} [share]  of b @returns {Complex} */
export const plus = (a, b, share = 1) => ({ re: a.re + share * b.re, im: a.im + share * b.im });
/** @param {Complex} a */
export const size = ({ re, im }) => Math.hypot(re, im);
/** @type {Readonly<Complex>} */
const NOTHING = Object.freeze({ re: 0, im: 0 });

/** What so many cells do to a state. @param {Head} head @param {number} cells @returns {Complex} */
export const turned = (head, cells) => polar(Math.exp(-head.damping * cells), head.frequency * cells);

/** Where a token sits: its first cell, and how much of it lies on the next. @param {ModelConfig} config @param {number} token */
export function placeOf({ field_size, max_seq_len }, token) {
  const [cells, tokens] = [field_size - 1, max_seq_len - 1];
  const rest = (token * cells) % tokens;
  return { cell: (token * cells - rest) / tokens, fraction: rest / tokens };
}

/** The cells that a token sits on, with their weights. @param {ModelConfig} config @param {number} token @returns {[cell: number, weight: number][]} */
function seats(config, token) {
  const { cell, fraction } = placeOf(config, token);
  return fraction === 0 ? [[cell, 1]] : [[cell, 1 - fraction], [cell + 1, fraction]];
}

/** The state over a text. @param {Head} head @param {ModelConfig} config @param {ArrayLike<number>} deposits (N) @returns {Memory} */
export function remember(head, config, deposits) {
  const [states, kicks] = [/** @type {Complex[]} */ ([]), /** @type {Complex[]} */ ([])];
  const [s, loud] = [stride(config), head.gain / norm(head, config.field_size)];
  const [turn, listen] = [turned(head, s), polar(1, -head.phase)];
  /** @type {Complex} */
  let state = { ...NOTHING };
  let at = 0;
  for (let token = 0; token < deposits.length; token++) {
    /** @type {Complex} */
    let read = NOTHING;
    for (const [cell, weight] of seats(config, token)) {
      state = times(state, turned(head, cell - at));
      state.re += weight * deposits[token];
      read = plus(read, state, weight);
      at = cell;
    }
    kicks.push(plus(read, times(states[token - 1] ?? NOTHING, turn), -1));
    states.push(read);
  }
  const heard = Float64Array.from(states, (read) => loud * along(read, listen));
  return { head, states, kicks, heard, stride: s, turn, listen, loud };
}

/** How far a state reaches along a direction: its shadow there. @param {Complex} state @param {Complex} direction */
export const along = (state, direction) => state.re * direction.re + state.im * direction.im;

/**
 * What is left of each token in the state that a later one reads: they add up to it.
 * @param {Head} head @param {ModelConfig} config @param {ArrayLike<number>} deposits @param {number} time  the token that reads
 * @returns {Complex[]} up to that token
 */
export function partsAt(head, config, deposits, time) {
  const here = seats(config, time);
  return Array.from({ length: time + 1 }, (_, token) => {
    /** @type {Complex} */
    let part = NOTHING;
    for (const [from, dropped] of seats(config, token)) {
      for (const [to, read] of here) if (to >= from) part = plus(part, turned(head, to - from), dropped * read * deposits[token]);
    }
    return part;
  });
}

/** Of the way from one token to the next, how much is turning; the rest is the kick. */
export const TURNING = 0.7;

/**
 * The state on its way from one token to the next: first it turns and shrinks, then it is kicked.
 * @param {Memory} memory @param {number} time  the last token that was read; between two of them while it moves
 * @returns {{state: Complex, from: Complex, kicked: number, token: number}} `from`: where the kick begins; `kicked`: how much
 *   of it is done; `token`: whose it is
 */
export function stateAt(memory, time) {
  const token = Math.min(Math.floor(time), memory.states.length - 1);
  const part = time - token;
  const before = memory.states[token] ?? NOTHING;
  if (part === 0 || token + 1 >= memory.states.length) {
    return { state: before, from: plus(before, memory.kicks[token] ?? NOTHING, -1), kicked: 1, token };
  }
  const turning = Math.min(1, part / TURNING);
  const state = times(before, turned(memory.head, memory.stride * turning));
  const kicked = smooth(Math.max(0, (part - TURNING) / (1 - TURNING)));
  return { state: plus(state, memory.kicks[token + 1], kicked), from: state, kicked, token: token + 1 };
}

/** What is left of a part of the state, so far on the way to the next token. @param {Memory} memory @param {Complex} part @param {number} way 0 to 1 @returns {Complex} */
export const movedOn = ({ head, stride: cells }, part, way) => (way === 0 ? part : times(part, turned(head, cells * Math.min(1, way / TURNING))));

/** A beginning and an end without a jerk. @param {number} share 0 to 1 */
const smooth = (share) => share * share * (3 - 2 * share);

/** Tokens until half of a state is left; Infinity without damping. @param {Head} head @param {ModelConfig} config */
export const halfLife = (head, config) => (head.damping > 0 ? Math.LN2 / (head.damping * stride(config)) : Infinity);

/**
 * How many numbers are kept of a text, whatever its length: two for each channel of each layer, running sums for the
 * interference, and the tokens that a near field reaches back to; and how many a standard Transformer of this shape keeps of each token.
 * @param {ModelConfig} config
 */
export function numbersKept({ num_layers: layers, embedding_dim: width, interference_interval: interval, near_field = 0 }) {
  const [waves, sums] = [2 * layers * width, Math.floor(layers / interval) * Math.floor(width / 4)];
  const near = layers * Math.max(0, near_field - 1) * width;
  return { waves, sums, near, all: waves + sums + near, perToken: 2 * layers * width };
}

/** Of the phases that listen along the same line, the one nearest to another, to as many places as a field shows. @param {number} phase @param {number} near */
export function phaseNear(phase, near) {
  const nearest = phase + 2 * Math.PI * Math.round((near - phase) / (2 * Math.PI));
  const { min, max } = RANGES.phase;
  return Number((nearest > max ? nearest - 2 * Math.PI : nearest < min ? nearest + 2 * Math.PI : nearest).toFixed(4));
}
