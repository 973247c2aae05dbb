// Long work in short turns. Between two turns the worker goes through its message queue, because a
// turn is asked for by a message of its own; a promise would not let other messages in.

/**
 * @typedef {object} Worker A piece of long work.
 * @property {(now: number) => number} turn Works for a few milliseconds; says when it wants its next
 *   turn, in milliseconds from now: 0 at once, Infinity when it has nothing to do.
 */

/** Shorter waits than this are not worth a timer. */
const SHORTEST_WAIT = 2;

export class Turns {
  /** @type {Set<Worker>} */ #workers = new Set();
  #channel = new MessageChannel();
  #asked = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #onFault;

  /** @param {(error: unknown) => void} onFault */
  constructor(onFault) {
    this.#onFault = onFault;
    this.#channel.port1.onmessage = () => {
      this.#asked = false;
      this.#round();
    };
  }

  /** @param {Worker} worker */
  add(worker) {
    this.#workers.add(worker);
    this.wake();
  }

  /** @param {Worker} worker */
  remove(worker) {
    this.#workers.delete(worker);
  }

  /** Asks for a round, after the messages that wait already. */
  wake() {
    clearTimeout(this.#timer);
    if (this.#asked) return;
    this.#asked = true;
    this.#channel.port2.postMessage(null);
  }

  #round() {
    let wait = Infinity;
    try {
      for (const worker of [...this.#workers]) {
        if (this.#workers.has(worker)) wait = Math.min(wait, worker.turn(performance.now()));
      }
    } catch (error) {
      return this.#onFault(error);
    }
    if (wait < SHORTEST_WAIT) this.wake();
    else if (wait < Infinity && !this.#asked) this.#timer = setTimeout(() => this.wake(), wait);
  }
}
