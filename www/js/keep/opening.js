// What was being opened when a page stopped is not opened by itself the next time. A page says what it is about to open,
// and takes that back once it is alive with it; what a page that is gone has left, hurt it. No DOM here.

/**
 * @typedef {"model" | "training" | "settings" | "link"} Kind
 * @typedef {{ kind: Kind, id: string, name: string }} Opened
 * @typedef {Pick<globalThis.Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} Store  read at once, unlike the page's own
 */

const PREFIX = "wave-field-opening/";
/** Who leaves a page that has been opening for longer has seen it stand still; before, it may just be a reload. */
export const PATIENCE_MS = 10_000;
/** How long to wait for the browser's word on other tabs. */
const LOCKS_MS = 1000;

export class Opening {
  #key = PREFIX + Math.random().toString(36).slice(2);
  #store;
  #locks;
  #now;
  #begun = Infinity;
  /** @type {Opened[]} */
  #open = [];
  /** What hurt. @type {Opened[]} */
  #hurt = [];
  /** @type {Promise<void> | null} */
  #held = null;

  /** @param {Store | null} store @param {LockManager | undefined} locks @param {() => number} now  milliseconds */
  constructor(store, locks, now = () => performance.now()) {
    this.#store = store;
    this.#locks = locks;
    this.#now = now;
  }

  /** Looks for what pages that are gone have left. */
  async begin() {
    const left = this.#left();
    if (left.length === 0) return;
    const alive = await this.#alive();
    for (const key of left) {
      if (alive.has(key)) continue;
      this.#hurt.push(...this.#read(key));
      this.#try((store) => store.removeItem(key));
    }
  }

  /** What hurt, if it was this. @param {Kind} kind @param {string} [id]  any, where it is not said @returns {Opened | null} */
  hurt(kind, id) {
    return this.#hurt.find((opened) => opened.kind === kind && (id === undefined || opened.id === id)) ?? null;
  }

  /** Says what is about to be opened; resolves once that is sure to outlive this page. @param {Kind} kind @param {string} id @param {string} name */
  async mark(kind, id, name) {
    this.#held ??= this.#hold();
    await this.#held;
    this.#begun = Math.min(this.#begun, this.#now());
    this.#open.push({ kind, id, name });
    this.#write();
    // A store may write only at the end of a task.
    await new Promise((resolve) => setTimeout(resolve));
  }

  /** @param {Kind} kind */
  isMarked(kind) {
    return this.#open.some((opened) => opened.kind === kind);
  }

  /** The page is alive with it. @param {Kind} kind */
  alive(kind) {
    this.#open = this.#open.filter((opened) => opened.kind !== kind);
    if (this.#open.length === 0) this.#begun = Infinity;
    this.#write();
  }

  /** The page is left. What has been opening for long stays marked. */
  leave() {
    if (this.#now() - this.#begun >= PATIENCE_MS) return;
    this.#open = [];
    this.#write();
  }

  #write() {
    this.#try((store) => (this.#open.length === 0 ? store.removeItem(this.#key) : store.setItem(this.#key, JSON.stringify(this.#open))));
  }

  /** @returns {string[]} */
  #left() {
    return this.#try((store) => Array.from({ length: store.length }, (_, i) => store.key(i) ?? "").filter((key) => key.startsWith(PREFIX))) ?? [];
  }

  /** @param {string} key @returns {Opened[]} */
  #read(key) {
    const opened = this.#try((store) => JSON.parse(store.getItem(key) ?? "[]"));
    return Array.isArray(opened) ? opened.filter((one) => typeof one?.kind === "string" && typeof one.id === "string" && typeof one.name === "string") : [];
  }

  /** @template T @param {(store: Store) => T} task @returns {T | null} */
  #try(task) {
    try {
      return this.#store && task(this.#store);
    } catch {
      return null; // Without storage nothing is opened by itself that could hurt.
    }
  }

  /** Keys of pages that are still there. @returns {Promise<Set<string>>} */
  async #alive() {
    const { held = [] } = (await soon(this.#locks?.query())) ?? {};
    return new Set(held.map(({ name }) => name ?? ""));
  }

  /** Lets other tabs see that this page is there, for as long as it is. */
  #hold() {
    return /** @type {Promise<void>} */ (soon(new Promise((resolve) => {
      if (!this.#locks) return resolve(undefined);
      this.#locks.request(this.#key, () => {
        resolve(undefined);
        return new Promise(() => {});
      }).catch(() => resolve(undefined));
    })));
  }
}

/** What is promised, or nothing where it takes too long. @template T @param {Promise<T> | undefined} promised @returns {Promise<T | undefined>} */
function soon(promised) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let limit;
  const late = new Promise((resolve) => { limit = setTimeout(() => resolve(undefined), LOCKS_MS); });
  return Promise.race([Promise.resolve(promised).catch(() => undefined), late]).finally(() => clearTimeout(limit));
}

/** @returns {Store | null} */
function browserStore() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null; // Some browsers throw on the mere mention, where storage is switched off.
  }
}

/** This page's. */
export const opening = new Opening(browserStore(), globalThis.navigator?.locks);
globalThis.addEventListener?.("pagehide", () => opening.leave());
