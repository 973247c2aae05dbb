// One holder of a thing among all tabs, where the browser has no locks (a page over http has none): a record in the
// database says who holds it, and is changed only in the transaction in which it was looked at.
//
// A tab that was closed or died leaves its record behind, so the holder is asked: messages reach a tab in the background
// too, where timers all but stand still. One that does not answer, and whose record has not changed meanwhile, is gone. A
// tab that was frozen finds out when it wakes that another one has taken its place.

/**
 * @typedef {{owner: string, at: number}} Lease  `at`: when the holder last said that it is there, in milliseconds
 * @typedef {{ask: string, from: string} | {mine: string, to: string} | {free: string}} Word
 * @typedef {Pick<BroadcastChannel, "postMessage" | "onmessage">} Channel
 * @typedef {Pick<import("./storage.js").Storage, "swap" | "getAll">} Shared
 */

const PREFIX = "lease/";
/** Milliseconds that a living tab may take to answer, between two signs of life, and between two looks at one that is held. */
const TIMES = { answer: 1500, beat: 4000, look: 2000 };

const newOwner = () => `${Date.now()}-${Math.random().toString(36).slice(2)}`;

export class Leases {
  #owner = newOwner();
  #shared;
  #times;
  /** @type {Channel | null} */ #channel;
  /** What this tab holds, and whom to tell when it is lost. @type {Map<string, () => void>} */
  #held = new Map();
  /** Who waits for an answer or for a thing to come free. @type {Set<(word: Word) => void>} */
  #listeners = new Set();
  /** @type {ReturnType<typeof setInterval> | undefined} */ #beat;

  /** @param {Shared} shared @param {Channel | null} channel to all other tabs @param {typeof TIMES} [times] */
  constructor(shared, channel, times = TIMES) {
    this.#shared = shared;
    this.#channel = channel;
    this.#times = times;
    if (channel) channel.onmessage = ({ data }) => this.#hear(data);
  }

  /**
   * Takes a thing; waits while a living tab holds it.
   * @param {string} name @param {AbortSignal} patience  ends the waiting @param {() => void} [onLost]  another tab took it all the same
   * @returns {Promise<(() => Promise<void>) | null>} lets go again; null when another tab holds it
   */
  async hold(name, patience, onLost = () => {}) {
    /** The record of a holder that is gone. @type {Lease | null} */
    let gone = null;
    for (;;) {
      const { reached, value } = await this.#shared.swap(PREFIX + name, (/** @type {Lease | undefined} */ lease) => {
        const free = !lease || (gone && lease.owner === gone.owner && lease.at === gone.at);
        return free ? this.#mine() : lease;
      });
      // Without a database nothing is shared with other tabs.
      if (!reached) return async () => {};
      const lease = /** @type {Lease} */ (value);
      if (lease.owner === this.#owner) break;
      if (!(await this.#lives(name))) gone = lease;
      else if (patience.aborted) return null;
      else await this.#change(name, patience);
    }
    this.#held.set(name, onLost);
    if (this.#times.beat > 0) this.#beat ??= setInterval(() => this.check(), this.#times.beat);
    return () => this.#release(name);
  }

  /** What living tabs hold, this one among them. @param {string} prefix @returns {Promise<string[]>} */
  async held(prefix) {
    /** @type {Map<string, Lease>} */
    const leases = await this.#shared.getAll(PREFIX + prefix);
    const names = await Promise.all([...leases].map(async ([key, lease]) => {
      const name = key.slice(PREFIX.length);
      if (lease.owner === this.#owner || (await this.#lives(name))) return [name];
      // Asked about again and again otherwise.
      await this.#shared.swap(key, (/** @type {Lease | undefined} */ now) => (!now || (now.owner === lease.owner && now.at === lease.at) ? null : now));
      return [];
    }));
    return names.flat();
  }

  /** Says that this tab is there, and finds out whether it still holds what it held. */
  async check() {
    await Promise.all([...this.#held.keys()].map(async (name) => {
      const { reached, value } = await this.#shared.swap(PREFIX + name, (/** @type {Lease | undefined} */ lease) =>
        !lease || lease.owner === this.#owner ? this.#mine() : lease);
      if (!reached || value?.owner === this.#owner) return;
      const onLost = this.#held.get(name);
      this.#held.delete(name);
      onLost?.();
    }));
  }

  /** Lets go of everything: the page is being left. */
  releaseAll() {
    for (const name of this.#held.keys()) this.#give(name);
  }

  /** @param {string} name */
  async #release(name) {
    if (!this.#held.delete(name)) return;
    if (this.#held.size === 0) {
      clearInterval(this.#beat);
      this.#beat = undefined;
    }
    await this.#give(name);
  }

  /** @param {string} name */
  async #give(name) {
    await this.#shared.swap(PREFIX + name, (/** @type {Lease | undefined} */ lease) => (lease?.owner === this.#owner ? null : (lease ?? null)));
    this.#say({ free: name });
  }

  /** @returns {Lease} */
  #mine() {
    return { owner: this.#owner, at: Date.now() };
  }

  /** Whether the holder of a thing answers. @param {string} name @returns {Promise<boolean>} */
  #lives(name) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => end(false), this.#times.answer);
      const listen = (/** @type {Word} */ word) => { if ("mine" in word && word.mine === name && word.to === this.#owner) end(true); };
      const end = (/** @type {boolean} */ lives) => {
        clearTimeout(timer);
        this.#listeners.delete(listen);
        resolve(lives);
      };
      this.#listeners.add(listen);
      this.#say({ ask: name, from: this.#owner });
    });
  }

  /** Until a thing may have come free. @param {string} name @param {AbortSignal} patience @returns {Promise<void>} */
  #change(name, patience) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => end(), this.#times.look);
      const listen = (/** @type {Word} */ word) => { if ("free" in word && word.free === name) end(); };
      const end = () => {
        clearTimeout(timer);
        this.#listeners.delete(listen);
        patience.removeEventListener("abort", end);
        resolve();
      };
      this.#listeners.add(listen);
      patience.addEventListener("abort", end);
    });
  }

  /** @param {Word} word */
  #hear(word) {
    if ("ask" in word && this.#held.has(word.ask)) this.#say({ mine: word.ask, to: word.from });
    for (const listener of [...this.#listeners]) listener(word);
  }

  /** @param {Word} word */
  #say(word) {
    this.#channel?.postMessage(word);
  }
}
