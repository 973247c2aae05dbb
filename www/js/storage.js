// What the page keeps between visits: values under string keys, in IndexedDB.
//
// Where IndexedDB is missing, refuses, or is full, a value is kept in memory instead: the page works on, `persistent`
// turns false and `reason` says in plain words what that means. A value that did not fit leaves the older one on the
// disk, because after a reload an older value is worth more than none. Values that belong together are written together:
// all of them are on the disk, or none.

/** How long to wait for the database to open before going on without it. */
const OPEN_LIMIT_MS = 4000;
const STORE = "values";

/** @param {unknown} error @returns {boolean} */
const isFull = (error) => (error instanceof Error || error instanceof DOMException) && error.name === "QuotaExceededError";

/** @param {unknown} error @returns {string} */
function reasonOf(error) {
  if (isFull(error)) {
    return "The browser has no room left for this page. New work is kept only until this tab is closed: download what you want to keep.";
  }
  return "The browser does not let this page store anything (a private window, perhaps). Work is kept only until this tab is closed: download what you want to keep.";
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * A write counts once its transaction has completed: a full disk shows up there, not in the request.
 * @param {IDBTransaction} transaction @returns {Promise<void>}
 */
function completed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error ?? new Error("The write was aborted."));
  });
}

/** @param {string} prefix */
const startingWith = (prefix) => IDBKeyRange.bound(prefix, `${prefix}\uffff`);

export class Storage {
  /** Values that the disk did not take. They hide older ones on the disk. @type {Map<string, unknown>} */
  #memory = new Map();
  /** @type {Promise<IDBDatabase | null> | null} */
  #opening = null;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {IDBFactory | null} */
  #factory;
  /** @type {string} */
  #name;
  #patience;

  /** False once something is kept in memory only. */
  persistent = true;
  /** Why, in words for the person; empty while `persistent`. */
  reason = "";
  /** Whether it is for want of room, which the person can make. */
  full = false;

  /** @param {IDBFactory | null} factory  null: memory only @param {string} name @param {number} patience  milliseconds */
  constructor(factory, name = "wave-field", patience = OPEN_LIMIT_MS) {
    this.#factory = factory;
    this.#name = name;
    this.#patience = patience;
  }

  /**
   * @param {string} key
   * @returns {Promise<any>} undefined where there is nothing
   */
  async get(key) {
    if (this.#memory.has(key)) return this.#memory.get(key);
    const database = await this.#open();
    if (!database) return undefined;
    try {
      return await settled(database.transaction(STORE).objectStore(STORE).get(key));
    } catch (error) {
      this.#degrade(error);
      return undefined;
    }
  }

  /** @param {string} prefix @returns {Promise<Map<string, any>>} the values under keys that start so, in order */
  async getAll(prefix) {
    /** @type {Map<string, any>} */
    const found = new Map();
    const database = await this.#open();
    if (database) {
      try {
        const store = database.transaction(STORE).objectStore(STORE);
        const [keys, values] = await Promise.all([settled(store.getAllKeys(startingWith(prefix))), settled(store.getAll(startingWith(prefix)))]);
        keys.forEach((key, i) => found.set(String(key), values[i]));
      } catch (error) {
        this.#degrade(error);
      }
    }
    for (const [key, value] of this.#memory) if (key.startsWith(prefix)) found.set(key, value);
    return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /**
   * Keeps a value; anything that can be cloned, large ArrayBuffers too.
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
    const stored = await this.#change(values, forgotten);
    for (const key of [...Object.keys(values), ...forgotten]) this.#memory.delete(key);
    if (!stored) for (const [key, value] of Object.entries(values)) this.#memory.set(key, value);
    if (stored && this.#memory.size === 0) this.#recover();
    return stored;
  }

  /** @param {string} key @returns {Promise<void>} */
  async delete(key) {
    await this.setAll({}, [key]);
  }

  /** @param {Record<string, unknown>} values @param {readonly string[]} forgotten */
  async #change(values, forgotten) {
    const database = await this.#open();
    if (!database) return false;
    try {
      const transaction = database.transaction(STORE, "readwrite");
      const done = completed(transaction);
      try {
        const store = transaction.objectStore(STORE);
        for (const [key, value] of Object.entries(values)) store.put(value, key);
        for (const key of forgotten) store.delete(key);
      } catch (error) {
        // Or what was put before it would be kept without it.
        done.catch(() => {});
        transaction.abort();
        throw error;
      }
      await done;
      return true;
    } catch (error) {
      this.#degrade(error);
      return false;
    }
  }

  /** Whether a value survives closing the tab, if there is one. @param {string} key */
  isStored(key) {
    return !this.#memory.has(key);
  }

  /** @param {string} [prefix] @returns {Promise<string[]>} the keys that start so, in order */
  async keys(prefix = "") {
    const found = new Set([...this.#memory.keys()].filter((key) => key.startsWith(prefix)));
    const database = await this.#open();
    if (database) {
      try {
        const stored = await settled(database.transaction(STORE).objectStore(STORE).getAllKeys(startingWith(prefix)));
        for (const key of stored) found.add(String(key));
      } catch (error) {
        this.#degrade(error);
      }
    }
    return [...found].sort();
  }

  /** Calls back when `persistent` or `reason` changes. @param {() => void} listener @returns {() => void} ends it */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @returns {Promise<IDBDatabase | null>} null where only memory is left */
  #open() {
    this.#opening ??= this.#connect().catch((error) => {
      this.#degrade(error);
      return null;
    });
    return this.#opening;
  }

  /** @returns {Promise<IDBDatabase>} */
  #connect() {
    const factory = this.#factory;
    if (!factory) return Promise.reject(new Error("There is no IndexedDB."));
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error("The database did not open.")), this.#patience);
      const request = factory.open(this.#name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        clearTimeout(limit);
        const database = request.result;
        // Browsers close a connection when the person clears the site's data, or when another version upgrades.
        const forget = () => {
          database.close();
          this.#opening = null;
        };
        database.onclose = forget;
        database.onversionchange = forget;
        resolve(database);
        // One that opens late (a busy disk) serves from now on.
        this.#opening = Promise.resolve(database);
        if (this.#memory.size === 0) this.#recover();
      };
    });
  }

  /** @param {unknown} error */
  #degrade(error) {
    const reason = reasonOf(error);
    if (!this.persistent && this.reason === reason) return;
    this.persistent = false;
    this.reason = reason;
    this.full = isFull(error);
    for (const listener of this.#listeners) listener();
  }

  #recover() {
    if (this.persistent) return;
    this.persistent = true;
    this.reason = "";
    this.full = false;
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
