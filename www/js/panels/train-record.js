// What outlives a reload: one record a training, and the text where it is the person's own. A record is held by one
// tab at a time, so that two tabs never write to the same one.

/**
 * @typedef {import("./train-run.js").RunState} RunState
 * @typedef {import("./train-run.js").Facts} Facts
 * @typedef {object} RunRecord
 * @property {string} id
 * @property {number} savedAt
 * @property {RunState} state
 * @property {import("./train-presets.js").Choices} choices
 * @property {import("./train-run.js").Plan} plan
 * @property {Facts} facts
 * @property {ReturnType<import("./train-series.js").LossHistory["toJSON"]>} history
 * @property {ReturnType<import("./train-course.js").Course["toJSON"]>} [course]  not in a record of an older page
 * @property {Blob} bytes  weights, moments, step and random state
 */

const RECORD = "train-run/";
const TEXT = "train-text/";
/** How long to wait for another page to let go: a page that was just reloaded does so soon, on a busy machine later. */
export const PATIENCE_MS = { first: 500, then: 30_000 };

export class RunRecords {
  #storage;
  #release = () => {};
  /** The training that this tab holds; empty when none. */
  id = "";

  /** @param {import("../storage.js").Storage} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  /** Takes up a new training. @param {string | null} text  null: the page ships it */
  async begin(text) {
    await this.#hold(`${Date.now()}-${Math.random().toString(36).slice(2, 8)}`);
    if (text !== null) await this.#storage.set(TEXT + this.id, text);
  }

  /** @param {RunRecord} record */
  async write(record) {
    await this.#storage.set(RECORD + record.id, record);
  }

  /** Forgets the training that this tab holds. */
  async forget() {
    if (this.id) await this.#delete(this.id);
    this.#release();
    this.id = "";
  }

  /** The person's own text that a training learns from. @param {string} id @returns {Promise<string | undefined>} */
  text(id) {
    return this.#storage.get(TEXT + id);
  }

  /** Whether other tabs hold trainings that could be taken up once they let go. */
  heldElsewhere = false;

  /**
   * The newest training that no other tab holds; older ones are deleted.
   * @param {AbortSignal} patience  ends the waiting for other tabs to let go
   * @returns {Promise<RunRecord | null>}
   */
  async restore(patience) {
    this.heldElsewhere = false;
    let newest = /** @type {RunRecord | null} */ (null);
    for (const key of await this.#storage.keys(RECORD)) {
      /** @type {RunRecord | undefined} */
      const record = await this.#storage.get(key);
      if (!record?.bytes) continue;
      if (!(await this.#hold(record.id, patience))) {
        this.heldElsewhere = true;
        continue;
      }
      const isNewer = newest === null || newest.savedAt < record.savedAt;
      const older = isNewer ? newest : record;
      if (isNewer) newest = record;
      if (older) await this.#delete(older.id);
    }
    return newest && (await this.#hold(newest.id, patience)) ? newest : null;
  }

  /** @param {string} id */
  async #delete(id) {
    await this.#storage.delete(RECORD + id);
    await this.#storage.delete(TEXT + id);
  }

  /** @param {string} id @param {AbortSignal} [patience] @returns {Promise<boolean>} false when another tab has it */
  async #hold(id, patience = AbortSignal.timeout(PATIENCE_MS.first)) {
    if (id === this.id) return true;
    this.#release();
    const release = await hold(`wave-field-${RECORD}${id}`, patience);
    this.id = release ? id : "";
    this.#release = release ?? (() => {});
    return release !== null;
  }
}

/**
 * @param {string} name @param {AbortSignal} patience
 * @returns {Promise<(() => void) | null>} lets go again; null when another tab holds it
 */
function hold(name, patience) {
  if (!navigator.locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    const held = () => new Promise((/** @type {(_: void) => void} */ release) => resolve(() => release()));
    navigator.locks.request(name, { signal: patience }, held).catch(() => resolve(null));
  });
}
