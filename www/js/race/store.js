// What of a race outlives a reload: the one under way with its snapshots, and the results of the last few. One tab at a
// time holds the race.

import { hold } from "../keep/locks.js";
import { bytesOf } from "../runs/library.js";
import { PATIENCE_MS } from "../train/record.js";
import { newHeat } from "./results.js";

/**
 * @typedef {import("./results.js").Result} Result
 * @typedef {object} RaceRecord
 * @property {1} version
 * @property {import("./plan.js").Plan} plan
 * @property {import("./results.js").Heat[]} heats
 * @property {boolean} disturbed
 * @property {[string, Uint8Array<ArrayBuffer>][]} snapshots  of the heats that have begun and are not done, by id; each at its heat's step
 */

const CURRENT = "race-current";
const TEXT = "race-text";
/** A heat's snapshot has a key of its own, so that only what is new is written. */
const BYTES = "race-snapshot/";
const RESULTS = "race-results";
const LOCK = "wave-field-race";
/** So many results are kept. */
const KEPT = 5;

export class RaceStore {
  #storage;
  #release = () => {};
  #held = false;
  /** What lies on the disk. @type {Map<string, Uint8Array>} */
  #written = new Map();

  /** @param {import("../keep/storage.js").Storage} storage */
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
  async write({ snapshots, ...record }) {
    const fresh = snapshots.filter(([id, bytes]) => this.#written.get(id) !== bytes);
    const wanted = new Set(snapshots.map(([id]) => BYTES + id));
    const old = (await this.#storage.keys(BYTES)).filter((key) => !wanted.has(key));
    this.#written = new Map(snapshots);
    const values = Object.fromEntries(fresh.map(([id, bytes]) => [BYTES + id, bytes]));
    return this.#storage.setAll({ [CURRENT]: { ...record, kept: snapshots.map(([id]) => id) }, ...values }, old);
  }

  /** @returns {Promise<RaceRecord | null>} the race that an earlier visit left */
  async read() {
    const stored = await this.#storage.get(CURRENT);
    if (stored?.version !== 1 || !Array.isArray(stored.heats) || !stored.plan?.entrants) return null;
    const { kept, ...record } = stored;
    // Older versions of the page kept the snapshots within the record.
    /** @type {[string, Blob | Uint8Array<ArrayBuffer> | undefined][]} */
    const found = Array.isArray(kept)
      ? await Promise.all(kept.map(async (id) => [id, await this.#storage.get(BYTES + id)]))
      : record.snapshots ?? [];
    /** @type {RaceRecord["snapshots"]} */
    const snapshots = [];
    for (const [id, bytes] of found) if (bytes) snapshots.push([id, await bytesOf(bytes)]);
    this.#written = new Map(Array.isArray(kept) ? snapshots : []);
    // A heat whose snapshot is gone begins anew.
    const begun = new Set(snapshots.map(([id]) => id));
    const heats = record.heats.map((/** @type {any} */ heat) => (heat.done || heat.step === 0 || begun.has(heat.id) ? heat : newHeat(heat)));
    return { ...record, heats, snapshots };
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
    this.#written.clear();
    await this.#storage.setAll({}, [CURRENT, TEXT, ...(await this.#storage.keys(BYTES))]);
  }

  /** @returns {Promise<Result[]>} newest first */
  async results() {
    const kept = await this.#storage.get(RESULTS);
    return Array.isArray(kept) ? kept.filter((result) => result?.version === 1 && result.plan?.entrants && Array.isArray(result.heats)) : [];
  }

  /** @param {Result} result @returns {Promise<Result[]>} newest first */
  async addResult(result) {
    const others = (await this.results()).filter(({ plan }) => plan.id !== result.plan.id);
    const all = [result, ...others].sort((a, b) => b.finishedAt - a.finishedAt).slice(0, KEPT);
    await this.#storage.set(RESULTS, all);
    return all;
  }

  /** @param {string} id  a plan's @returns {Promise<Result[]>} newest first */
  async removeResult(id) {
    const all = (await this.results()).filter(({ plan }) => plan.id !== id);
    await this.#storage.set(RESULTS, all);
    return all;
  }
}
