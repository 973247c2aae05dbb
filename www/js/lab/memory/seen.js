// What a reading comes to: every head's state over the text, for the waves as they are at this moment.

import { stride } from "../../engine/physics.js";
import { halfLife, partsAt, remember, size } from "./state.js";

/**
 * @typedef {import("./reading.js").Reading} Reading
 * @typedef {import("./state.js").Complex} Complex
 * @typedef {import("./state.js").Head} Head
 * @typedef {import("./state.js").Memory} Memory
 *
 * What is to be seen of one head.
 * @typedef {object} Now
 * @property {Memory} memory
 * @property {Float32Array} deposits
 * @property {number} channel
 * @property {number[]} shares Of each channel in the energy of what the head's tokens drop.
 * @property {readonly string[]} tokens
 * @property {import("./state.js").ModelConfig} config
 * @property {number} time
 * @property {number} halfLife In tokens.
 * @property {boolean} between Whether tokens sit between two cells.
 * @property {number} scale The length that reaches the rim.
 * @property {Float64Array | null} engine What the engine's field gives at each token; null while it has another wave yet.
 */

/** How far the engine's float32 may be from what is computed here in float64, of a wave's first value. */
const ROUNDING = 1e-4;
/** Of the rim, what the longest arrow leaves free. */
const FREE = 1.05;
/** Tokens back and ahead within which the longest counts; the nearer part of them in full, the rest less and less. */
const [BACK, AHEAD] = [24, 4];

/**
 * The largest of what lies around a time: it follows slowly, so that one large value at the beginning does not make all that
 * come later small.
 * @param {number} count @param {(token: number) => number} value @param {number} time
 */
export function largestAround(count, value, time) {
  let most = 0;
  for (let token = Math.max(0, Math.ceil(time - BACK)); token < Math.min(count, time + AHEAD); token++) {
    const far = token < time ? (time - token) / BACK : (token - time) / AHEAD;
    most = Math.max(most, value(token) * (1 - Math.max(0, 2 * far - 1)));
  }
  return most;
}

export class MemorySeen {
  /** @type {Reading | null} */ reading = null;
  /** By head, with what they were made of. @type {Map<number, {values: Float32Array, memory: Memory}>} */ #memories = new Map();
  /** @type {{memory: Memory | null, token: number, parts: Complex[]}} */ #parts = { memory: null, token: -1, parts: [] };

  /** @param {Reading} reading */
  take(reading) {
    this.reading = reading;
    this.#memories.clear();
  }

  forget() {
    this.reading = null;
    this.#memories.clear();
  }

  /** The waves are others now; what the tokens drop stays. @param {readonly Head[]} heads */
  bend(heads) {
    if (!this.reading || this.reading.heads.length !== heads.length) return;
    this.reading.heads = [...heads];
    this.#memories.clear();
  }

  /** A head's state over the text; null where what its tokens drop is still to come. @param {number} head @returns {Memory | null} */
  memory(head) {
    const deposits = this.reading?.deposits.get(head);
    if (!this.reading || !deposits) return null;
    const known = this.#memories.get(head);
    if (known?.values === deposits.values) return known.memory;
    const memory = remember(this.reading.heads[head], this.reading.config, deposits.values);
    this.#memories.set(head, { values: deposits.values, memory });
    return memory;
  }

  /** The length that reaches the rim. @param {Memory} memory @param {number} time */
  scale({ states }, time) {
    return FREE * largestAround(states.length, (token) => size(states[token]), time) || 1;
  }

  /** @param {number} head @param {number} time @returns {Now | null} */
  now(head, time) {
    const memory = this.memory(head);
    const deposits = this.reading?.deposits.get(head);
    if (!this.reading || !memory || !deposits) return null;
    const { config, tokens } = this.reading;
    return {
      memory, deposits: deposits.values, channel: deposits.channel, shares: deposits.shares, config, tokens, time: Math.min(time, memory.states.length - 1),
      halfLife: halfLife(memory.head, config), between: stride(config) % 1 !== 0, scale: this.scale(memory, time), engine: this.#engine(head, memory),
    };
  }

  /** What is left of each token once another is read. @param {Now} now @param {number} token @returns {Complex[]} */
  parts({ memory, config, deposits }, token) {
    if (this.#parts.memory !== memory || this.#parts.token !== token) this.#parts = { memory, token, parts: partsAt(memory.head, config, deposits, token) };
    return this.#parts.parts;
  }

  /** @param {number} chosen @param {Memory} memory */
  #engine(chosen, { loud, head }) {
    const field = this.reading?.field;
    if (!field || field.head !== chosen) return null;
    const begins = loud * Math.cos(head.phase);
    const next = loud * Math.exp(-head.damping) * Math.cos(head.frequency + head.phase);
    const off = Math.abs(field.kernel[0] - begins) + Math.abs(field.kernel[1] - next);
    return off <= ROUNDING * Math.max(loud, 1e-9) ? field.heard : null;
  }
}
