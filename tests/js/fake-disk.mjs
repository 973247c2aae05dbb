// An IndexedDB for tests: it answers when it is let, refuses Blobs as WebKit's private windows do, and fails on demand.

/** @typedef {{name: string, message?: string}} Failure */

export class FakeDisk {
  /** What is on it. @type {Map<string, any>} */
  values = new Map();
  /** Whether it answers. While it does not, answers wait. */
  answers = true;
  /** What a put fails with. @type {string | null} */
  refusesPut = null;
  /** What opening fails with. @type {string | null} */
  refusesOpen = null;
  /** Whether the last connection was closed by the browser. */
  opened = 0;
  /** @type {any} */ connection = null;
  /** @type {(() => void)[]} */ #waiting = [];
  /** Transactions that write come one after the other. @type {Promise<unknown>} */ #last = Promise.resolve();

  /** As `indexedDB`. @returns {IDBFactory} */
  get factory() {
    return /** @type {any} */ ({ open: () => this.#open() });
  }

  /** Answers all that waited, and from now on at once. */
  release() {
    this.answers = true;
    for (const answer of this.#waiting.splice(0)) answer();
  }

  /** @param {() => void} answer */
  #when(answer) {
    if (this.answers) queueMicrotask(answer);
    else this.#waiting.push(answer);
  }

  #open() {
    /** @type {any} */
    const request = {};
    this.#when(() => {
      if (this.refusesOpen) {
        request.error = new DOMException("no", this.refusesOpen);
        return request.onerror();
      }
      this.opened++;
      this.connection = request.result = { closed: false, transaction: (/** @type {string} */ _, mode = "readonly") => this.#transaction(request.result, mode), close() { this.closed = true; } };
      request.onsuccess();
    });
    return request;
  }

  /** @param {any} connection @param {string} mode */
  #transaction(connection, mode) {
    if (connection.closed) throw new DOMException("The connection is closing.", "InvalidStateError");
    /** @type {any} */
    const transaction = { mode, error: null, aborted: false };
    /** @type {(() => void)[]} */
    const changes = [];
    const before = this.#last;
    let over = () => {};
    if (mode === "readwrite") this.#last = new Promise((resolve) => { over = () => resolve(null); });
    const end = () => {
      over();
      if (transaction.aborted) return;
      if (this.refusesPut && changes.length > 0) {
        transaction.error = new DOMException("full", this.refusesPut);
        return transaction.onabort?.();
      }
      for (const change of changes) change();
      transaction.oncomplete?.();
    };
    let pending = 0;
    const request = (/** @type {() => unknown} */ read) => {
      /** @type {any} */
      const asked = {};
      pending++;
      before.then(() => this.#when(() => {
        asked.result = read();
        asked.onsuccess?.();
        // The transaction ends once nothing more was asked of it.
        queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => --pending === 0 && end())));
      }));
      return asked;
    };
    const within = (/** @type {any} */ range) => [...this.values.keys()].filter((key) => key >= range.low && key <= range.high).sort();
    transaction.abort = () => {
      transaction.aborted = true;
      over();
    };
    transaction.objectStore = () => ({
      get: (/** @type {string} */ key) => request(() => this.values.get(key)),
      getAllKeys: (/** @type {any} */ range) => request(() => within(range)),
      getAll: (/** @type {any} */ range) => request(() => within(range).map((key) => this.values.get(key))),
      put: (/** @type {unknown} */ value, /** @type {string} */ key) => {
        if (JSON.stringify(value, (_, v) => (v instanceof Blob ? "a Blob" : v))?.includes("a Blob")) throw new DOMException("BlobURLs are not yet supported.", "DataCloneError");
        changes.push(() => this.values.set(key, value));
        return request(() => key);
      },
      delete: (/** @type {string} */ key) => {
        changes.push(() => this.values.delete(key));
        return request(() => undefined);
      },
    });
    return transaction;
  }
}

/** Node has no key ranges. */
export function installKeyRange() {
  /** @type {any} */ (globalThis).IDBKeyRange ??= { bound: (/** @type {string} */ low, /** @type {string} */ high) => ({ low, high }) };
}
