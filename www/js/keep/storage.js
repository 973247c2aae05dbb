// What the page keeps between visits: values under string keys, in IndexedDB.
//
// Where IndexedDB is missing, refuses, is full or does not answer, a value is kept in memory instead: the page works on,
// `persistent` turns false and `reason` says in plain words what that means. A value that did not fit leaves the older one
// on the disk, because after a reload an older value is worth more than none. Values that belong together are written
// together: all of them are on the disk, or none.
//
// Every wait has an end. Once one had, nobody waits again until the disk answers: what is asked for meanwhile comes from
// memory, and what was put there is written when the answer comes, however late.

import { Disk, STORE, completed, conclude, settled } from "./disk.js";
import { Known } from "./known.js";
import { weightOf, withBlobs, withoutBlobs } from "./plain.js";
import { reasonOf, troubleOf } from "./reasons.js";

/** How long to wait for an answer, in milliseconds. */
const PATIENCE_MS = 4000;
/** Bytes that a slow disk writes in a millisecond. */
const SLOW_DISK = 5000;

/**
 * A value that the disk did not take; `gone` where it is to be deleted there. `turn` counts writes.
 * @typedef {{value: unknown, gone: boolean, turn: number}} Unkept
 */

/** @param {string} prefix */
const startingWith = (prefix) => IDBKeyRange.bound(prefix, `${prefix}\uffff`);

export class Storage {
  /** Hides what is on the disk. @type {Map<string, Unkept>} */
  #memory = new Map();
  #known = new Known();
  /** What is being prepared for the disk. @type {Promise<unknown>} */
  #order = Promise.resolve();
  #turns = 0;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  #disk;
  #patience;

  /** False once something is kept in memory only. */
  persistent = true;
  /** Why, in words for the person; empty while `persistent`. */
  reason = "";
  /** Of which kind it is. @type {import("./reasons.js").Trouble | null} */
  trouble = null;

  /** @param {IDBFactory | null} factory  null: memory only @param {string} name @param {number} patience  milliseconds */
  constructor(factory, name = "wave-field", patience = PATIENCE_MS) {
    this.#disk = new Disk(factory, name, patience);
    this.#disk.onBlocked = (error) => this.#degrade(error);
    this.#disk.onAnswered = () => this.#catchUp();
    this.#patience = patience;
  }

  /** Whether it is for want of room, which the person can make. */
  get full() {
    return this.trouble === "full";
  }

  /** Whether the disk has been asked something that it has not answered. */
  get silent() {
    return this.#disk.silent;
  }

  /** @param {string} key @returns {Promise<any>} undefined where there is nothing, or no answer: see `silent` */
  async get(key) {
    await this.#inOrder();
    const unkept = this.#memory.get(key);
    if (unkept) return unkept.value;
    try {
      const read = async (/** @type {IDBTransaction} */ transaction) => withBlobs(await settled(transaction.objectStore(STORE).get(key)));
      const value = await this.#disk.do("readonly", this.#patience, read);
      this.#known.learn(key, value);
      return value;
    } catch (error) {
      this.#degrade(error);
      return this.#known.recall(key);
    }
  }

  /** @param {string} prefix @returns {Promise<Map<string, any>>} the values under keys that start so, in order */
  async getAll(prefix) {
    await this.#inOrder();
    /** @type {Map<string, any>} */
    const found = new Map();
    try {
      const [keys, values] = await this.#disk.do("readonly", this.#patience, (transaction) => {
        const store = transaction.objectStore(STORE);
        return Promise.all([settled(store.getAllKeys(startingWith(prefix))), settled(store.getAll(startingWith(prefix)))]);
      });
      keys.forEach((key, i) => {
        const value = withBlobs(values[i]);
        this.#known.learn(String(key), value);
        found.set(String(key), value);
      });
    } catch (error) {
      this.#degrade(error);
      for (const key of this.#known.keys(prefix)) found.set(key, this.#known.recall(key));
    }
    for (const [key, { value, gone }] of this.#memory) {
      if (gone) found.delete(key);
      else if (key.startsWith(prefix)) found.set(key, value);
    }
    return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /**
   * Keeps a value; anything that can be cloned, large ArrayBuffers too. Blobs and files are stored as their bytes.
   * @param {string} key @param {unknown} value
   * @returns {Promise<boolean>} whether it will survive closing the tab
   */
  set(key, value) {
    return this.setAll({ [key]: value });
  }

  /**
   * Keeps values that belong together, and forgets others in the same breath. Where the disk does not take them all, it
   * stays as it was, with those that were to be forgotten: what is on it may need them.
   * @param {Record<string, unknown>} values @param {readonly string[]} [forgotten]
   * @returns {Promise<boolean>} whether they will survive closing the tab
   */
  async setAll(values, forgotten = []) {
    const turn = ++this.#turns;
    const plain = this.#inOrder(() => withoutBlobs(values));
    try {
      await this.#write(await plain, forgotten, () => this.#stored(turn, values, forgotten));
    } catch (error) {
      const trouble = this.#degrade(error);
      if (trouble === "unreadable") return false; // Memory would be no better.
      for (const [key, value] of Object.entries(values)) this.#memory.set(key, { value, gone: false, turn });
      for (const key of forgotten) {
        // A disk that only has not answered yet is to forget it once it does.
        if (trouble === "silent") this.#memory.set(key, { value: undefined, gone: true, turn });
        else this.#memory.delete(key);
      }
      return false;
    }
    for (const key of [...Object.keys(values), ...forgotten]) this.#memory.delete(key);
    this.#stored(turn, values, forgotten);
    return true;
  }

  /** @param {string} key @returns {Promise<void>} */
  async delete(key) {
    await this.setAll({}, [key]);
  }

  /**
   * Looks at a value and changes it in one transaction, so that nobody comes between: for what tabs share.
   * @template T @param {string} key @param {(value: any) => T | null} change  null deletes it; must not wait
   * @returns {Promise<{reached: boolean, value: T | null}>} `reached`: whether the disk did it
   */
  async swap(key, change) {
    await this.#inOrder();
    try {
      const value = await this.#disk.do("readwrite", this.#patience, async (transaction) => {
        const done = completed(transaction);
        done.catch(() => {}); // Told below, or by the request.
        const store = transaction.objectStore(STORE);
        const next = change(await settled(store.get(key)));
        if (next === null) store.delete(key);
        else store.put(next, key);
        conclude(transaction);
        await done;
        return next;
      });
      return { reached: true, value };
    } catch (error) {
      this.#degrade(error);
      return { reached: false, value: null };
    }
  }

  /** Whether a value survives closing the tab, if there is one. @param {string} key */
  isStored(key) {
    return !this.#memory.has(key);
  }

  /** The keys of what does not survive closing the tab. @returns {string[]} */
  unkept() {
    return [...this.#memory].filter(([, { gone }]) => !gone).map(([key]) => key);
  }

  /** @param {string} [prefix] @returns {Promise<string[]>} the keys that start so, in order */
  async keys(prefix = "") {
    await this.#inOrder();
    /** @type {Set<string>} */
    let found;
    try {
      const stored = await this.#disk.do("readonly", this.#patience, (transaction) => settled(transaction.objectStore(STORE).getAllKeys(startingWith(prefix))));
      found = new Set(stored.map(String));
    } catch (error) {
      this.#degrade(error);
      found = new Set(this.#known.keys(prefix));
    }
    for (const [key, { gone }] of this.#memory) {
      if (gone) found.delete(key);
      else if (key.startsWith(prefix)) found.add(key);
    }
    return [...found].sort();
  }

  /** Calls back when `persistent` or `reason` changes. @param {() => void} listener @returns {() => void} ends it */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Whatever is asked is asked of the disk in the order in which it came, even where files have to be read first.
   * @template T @param {() => T | Promise<T>} [prepare] @returns {Promise<T>}
   */
  #inOrder(prepare = () => /** @type {T} */ (undefined)) {
    const prepared = this.#order.then(prepare);
    this.#order = prepared.catch(() => {});
    return prepared;
  }

  /** @param {Record<string, unknown>} values @param {readonly string[]} forgotten @param {() => void} [late] */
  #write(values, forgotten, late) {
    return this.#disk.do("readwrite", this.#patience + weightOf(values) / SLOW_DISK, async (transaction) => {
      const done = completed(transaction);
      try {
        const store = transaction.objectStore(STORE);
        for (const [key, value] of Object.entries(values)) store.put(value, key);
        for (const key of forgotten) store.delete(key);
        conclude(transaction);
      } catch (error) {
        // Or what was put before it would be kept without it.
        done.catch(() => {});
        transaction.abort();
        throw error;
      }
      await done;
    }, late);
  }

  /** The disk has these, unless they were written again since. @param {number} turn @param {Record<string, unknown>} values @param {readonly string[]} forgotten */
  #stored(turn, values, forgotten) {
    for (const key of [...Object.keys(values), ...forgotten]) if (this.#memory.get(key)?.turn === turn) this.#memory.delete(key);
    for (const [key, value] of Object.entries(values)) this.#known.learn(key, value);
    for (const key of forgotten) this.#known.learn(key, undefined);
    if (this.#memory.size === 0) this.#recover();
  }

  /** The disk answers again: what was kept in memory meanwhile goes to it. */
  async #catchUp() {
    const unkept = new Map(this.#memory);
    const values = Object.fromEntries([...unkept].filter(([, { gone }]) => !gone).map(([key, { value }]) => [key, value]));
    const forgotten = [...unkept].filter(([, { gone }]) => gone).map(([key]) => key);
    const stored = () => {
      for (const [key, held] of unkept) if (this.#memory.get(key) === held) this.#memory.delete(key);
      if (this.#memory.size === 0) this.#recover();
    };
    try {
      // Its answer may have been that it cannot be opened.
      if (unkept.size === 0) await this.#disk.do("readonly", this.#patience, (transaction) => settled(transaction.objectStore(STORE).get("")));
      else await this.#write(await this.#inOrder(() => withoutBlobs(values)), forgotten, stored);
      stored();
    } catch (error) {
      this.#degrade(error);
    }
  }

  /** @param {unknown} error @returns {import("./reasons.js").Trouble} */
  #degrade(error) {
    const trouble = troubleOf(error);
    if (trouble === "other") console.error("The browser's storage failed:", error);
    if (this.trouble !== trouble) this.#say(trouble);
    return trouble;
  }

  #recover() {
    if (this.trouble !== null) this.#say(null);
  }

  /** @param {import("./reasons.js").Trouble | null} trouble */
  #say(trouble) {
    this.trouble = trouble;
    this.persistent = trouble === null;
    this.reason = trouble === null ? "" : reasonOf(trouble);
    for (const listener of this.#listeners) listener();
  }
}

/** @returns {IDBFactory | null} */
function browserFactory() {
  try {
    return globalThis.indexedDB ?? null;
  } catch {
    return null; // Some browsers throw on the mere mention, where storage is switched off.
  }
}

export const storage = new Storage(browserFactory());
