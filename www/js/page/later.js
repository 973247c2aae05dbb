// The parts that the first view does without: each is loaded and laid out as soon as it is wanted, or once there is time.

/** @typedef {(notice: import("./app.js").Notice) => void} Notify */

/** Milliseconds after which a busy page makes time for the next part. */
const PATIENCE_MS = 2000;

/** Resolves when nothing else is to be done. */
const idle = () => new Promise((resolve) => {
  if (typeof requestIdleCallback === "function") requestIdleCallback(resolve, { timeout: PATIENCE_MS });
  else setTimeout(resolve);
});

export class LaterParts {
  #makers;
  #notify;
  /** @type {Map<string, Promise<void>>} */ #made = new Map();

  /**
   * @param {{name: string, title: string, make: () => Promise<void>}[]} makers  in the order of the page
   * @param {Notify} notify
   */
  constructor(makers, notify) {
    this.#makers = makers;
    this.#notify = notify;
  }

  /**
   * Loads a part and lays it out, unless that was done or is being done. What fails is said, and may be tried again.
   * @param {string} name  there is nothing to do for a part that is always there
   */
  want(name) {
    const maker = this.#makers.find((maker) => maker.name === name);
    if (!maker) return Promise.resolve();
    const made = this.#made.get(name) ?? maker.make().catch((error) => this.#failed(maker, error));
    this.#made.set(name, made);
    return made;
  }

  /** Loads all of them, one after another, while nothing else is to be done. */
  async all() {
    for (const { name } of this.#makers) {
      await idle();
      await this.want(name);
    }
  }

  /** @param {{name: string, title: string}} maker @param {unknown} error */
  #failed({ name, title }, error) {
    const message = error instanceof Error ? error.message : String(error);
    this.#made.delete(name);
    this.#notify({ kind: "error", key: `part-${name}`, lasting: true, title: `${title} could not be loaded.`, message, action: { label: "Try again", run: () => { this.want(name); } } });
  }
}
