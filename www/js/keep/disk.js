// The page's database: opened when it is first asked, opened anew when the browser has closed it, and never waited for
// without an end. Once a wait had its end nobody waits again until an answer comes, however late.
//
// By hand rather than with idb: that would spare the promises round a request and a transaction (19 lines in all), for
// 1.1 KB (gzipped) of the first view. It knows no wait with an end, and opens no database but the global one.

import { Blocked, Missing, Silence } from "./reasons.js";

export const STORE = "values";
/** An answer that is there already, behind other work of this page's, is not too late. */
const GRACE_MS = 50;

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
export function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * No more is asked in a transaction: it ends without this page's doing, though the page be frozen by then, as pages are
 * that a person goes away from. One left open would keep the next page out.
 * @param {IDBTransaction} transaction
 */
export const conclude = (transaction) => transaction.commit?.();

/**
 * A write counts once its transaction has completed: a full disk shows up there, not in the request.
 * @param {IDBTransaction} transaction @returns {Promise<void>}
 */
export function completed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error ?? new Error("The write was aborted."));
  });
}

export class Disk {
  /** @type {Promise<IDBDatabase> | null} */
  #opening = null;
  /** Work whose wait has ended, and which may still answer. @type {Set<Promise<unknown>>} */
  #overdue = new Set();
  #factory;
  #name;
  #patience;
  /** Called when all that was overdue has answered. */
  onAnswered = () => {};
  /** Called when another tab's older page holds the database. @type {(error: Error) => void} */
  onBlocked = () => {};

  /** @param {IDBFactory | null} factory  null: there is none @param {string} name @param {number} patience  milliseconds to open it */
  constructor(factory, name, patience) {
    this.#factory = factory;
    this.#name = name;
    this.#patience = patience;
  }

  /** Whether it has been asked something that it has not answered in time. */
  get silent() {
    return this.#overdue.size > 0;
  }

  /**
   * Does something in a transaction.
   * @template T @param {IDBTransactionMode} mode @param {number} patience  milliseconds
   * @param {(transaction: IDBTransaction) => Promise<T>} task
   * @param {(found: T) => void} [late]  is given what comes after the wait has ended
   * @returns {Promise<T>}
   * @throws {Silence} it has not answered, and if it was asked before, nobody waited
   */
  async do(mode, patience, task, late) {
    for (let again = false; ; again = true) {
      if (this.silent) throw new Silence();
      const opening = this.#open();
      const database = await opening;
      try {
        const transaction = database.transaction(STORE, mode);
        const found = task(transaction);
        // What reads asks for everything at once.
        if (mode === "readonly") conclude(transaction);
        return await this.#bounded(found, patience, late);
      } catch (error) {
        // The browser closed the connection in the meantime: another one may do.
        const closed = this.#opening !== opening || (error instanceof DOMException && error.name === "InvalidStateError");
        if (again || !closed || error instanceof Silence) throw error;
        if (this.#opening === opening) this.#opening = null;
      }
    }
  }

  /**
   * Waits, but not for ever.
   * @template T @param {Promise<T>} work @param {number} patience @param {(found: T) => void} [late]
   * @returns {Promise<T>}
   */
  #bounded(work, patience, late) {
    return new Promise((resolve, reject) => {
      let over = false;
      const giveUp = () => {
        over = true;
        this.#overdue.add(work);
        reject(new Silence());
      };
      let timer = setTimeout(() => { timer = setTimeout(giveUp, GRACE_MS); }, patience);
      const answered = () => {
        this.#overdue.delete(work);
        if (!this.silent) this.onAnswered();
      };
      work.then((found) => {
        clearTimeout(timer);
        if (!over) return resolve(found);
        late?.(found);
        answered();
      }, (error) => {
        clearTimeout(timer);
        if (over) answered();
        else reject(error);
      });
    });
  }

  /** @returns {Promise<IDBDatabase>} */
  #open() {
    this.#opening ??= this.#connect();
    this.#opening.catch(() => {}); // Whoever waits for it hears of it.
    return this.#opening;
  }

  /** @returns {Promise<IDBDatabase>} */
  #connect() {
    const factory = this.#factory;
    if (!factory) return Promise.reject(new Missing());
    const opened = new Promise((/** @type {(database: IDBDatabase) => void} */ resolve, reject) => {
      const request = factory.open(this.#name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onerror = () => reject(request.error);
      request.onblocked = () => this.onBlocked(new Blocked());
      request.onsuccess = () => {
        const database = request.result;
        // Browsers close a connection when the person clears the site's data, or when another version upgrades.
        const forget = () => {
          database.close();
          this.#opening = null;
        };
        database.onclose = forget;
        database.onversionchange = forget;
        resolve(database);
      };
    });
    // One that opens late (a busy disk) serves from then on, and one that fails late says why.
    const settle = () => { this.#opening = opened; };
    opened.then(settle, settle);
    return this.#bounded(opened, this.#patience);
  }
}
