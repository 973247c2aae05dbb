// Small values that went to the disk or came from it, known without asking: where the disk has stopped answering, what was
// read and written before goes on being there.

import { weightOf } from "./plain.js";

/** So many bytes a value may have, and all together. */
const MOST = { each: 2 ** 20, together: 16 * 2 ** 20 };

export class Known {
  /** The oldest first. @type {Map<string, {value: unknown, weight: number}>} */
  #values = new Map();
  #weight = 0;

  /** @param {string} key @param {unknown} value  undefined: there is none */
  learn(key, value) {
    this.#forget(key);
    const weight = weightOf(value) + 2 * key.length;
    if (value === undefined || weight > MOST.each) return;
    this.#values.set(key, { value: structuredClone(value), weight });
    this.#weight += weight;
    for (const oldest of this.#values.keys()) {
      if (this.#weight <= MOST.together) break;
      this.#forget(oldest);
    }
  }

  /** @param {string} key @returns {any} undefined where it is not known */
  recall(key) {
    return structuredClone(this.#values.get(key)?.value);
  }

  /** @param {string} prefix @returns {string[]} */
  keys(prefix) {
    return [...this.#values.keys()].filter((key) => key.startsWith(prefix));
  }

  /** @param {string} key */
  #forget(key) {
    this.#weight -= this.#values.get(key)?.weight ?? 0;
    this.#values.delete(key);
  }
}
