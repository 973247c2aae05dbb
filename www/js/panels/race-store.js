// What of a race outlives a reload: the one under way with its snapshots, and the results of the last few. One tab at a
// time holds the race.

import { hold } from "../locks.js";
import { PATIENCE_MS } from "./train-record.js";

/**
 * @typedef {import("./race-results.js").Result} Result
 * @typedef {object} RaceRecord
 * @property {1} version
 * @property {import("./race-plan.js").Plan} plan
 * @property {import("./race-results.js").Heat[]} heats
 * @property {boolean} disturbed
 * @property {[string, Blob][]} snapshots  of the heats that have begun and are not done, by id; each at its heat's step
 */

const CURRENT = "race-current";
const TEXT = "race-text";
const RESULTS = "race-results";
const LOCK = "wave-field-race";
/** So many results are kept. */
const KEPT = 5;

export class RaceStore {
  #storage;
  #release = () => {};
  #held = false;

  /** @param {import("../storage.js").Storage} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  /** Takes the race for this tab; a page that was just reloaded lets go of it soon. @returns {Promise<boolean>} false when another tab has it */
  async hold() {
    if (this.#held) return true;
    const release = await hold(LOCK, AbortSignal.timeout(4 * PATIENCE_MS.first), () => { this.#held = false; });
    this.#held = release !== null;
    this.#release = release ?? this.#release;
    return this.#held;
  }

  letGo() {
    this.#release();
    this.#held = false;
  }

  /** @param {RaceRecord} record */
  write(record) {
    return this.#storage.set(CURRENT, record);
  }

  /** @returns {Promise<RaceRecord | null>} the race that an earlier visit left */
  async read() {
    const record = await this.#storage.get(CURRENT);
    return record?.version === 1 && Array.isArray(record.heats) && record.plan?.entrants ? record : null;
  }

  /** The person's own text; null: the page ships it. @param {string | null} text */
  async keepText(text) {
    if (text === null) await this.#storage.delete(TEXT);
    else await this.#storage.set(TEXT, text);
  }

  /** @returns {Promise<string | undefined>} */
  text() {
    return this.#storage.get(TEXT);
  }

  /** Forgets the race under way. */
  async forget() {
    await this.#storage.delete(CURRENT);
    await this.#storage.delete(TEXT);
  }

  /** @returns {Promise<Result[]>} newest first */
  async results() {
    const kept = await this.#storage.get(RESULTS);
    return Array.isArray(kept) ? kept.filter((result) => result?.version === 1 && result.plan?.entrants && Array.isArray(result.heats)) : [];
  }

  /** @param {Result} result @returns {Promise<Result[]>} newest first */
  async addResult(result) {
    const all = [result, ...(await this.results()).filter(({ plan }) => plan.id !== result.plan.id)].slice(0, KEPT);
    await this.#storage.set(RESULTS, all);
    return all;
  }
}
