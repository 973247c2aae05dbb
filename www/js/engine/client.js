// The page's side of the engine: requests as promises, events as callbacks, and a new worker when
// the old one has died.

import { whyNotLoaded } from "../page/why-not-loaded.js";
import { isWorkerMessage, makeRequest } from "./protocol.js";

/**
 * @typedef {import("./protocol.js").Requests} Requests
 * @typedef {import("./protocol.js").RequestType} RequestType
 * @typedef {import("./protocol.js").Events} Events
 * @typedef {import("./protocol.js").EventName} EventName
 * @typedef {{resolve: (value: any) => void, reject: (error: Error) => void}} Waiting
 */

/** A request failed; the message is written for the person. */
export class EngineError extends Error {
  /** @param {string} message @param {boolean} died Whether the whole engine is gone. */
  constructor(message, died = false) {
    super(message);
    this.name = "EngineError";
    this.died = died;
  }
}

/**
 * A worker, what it has said so far, and how it has failed so far.
 * @typedef {{worker: Worker, said: unknown[], failed?: string}} Started
 */

const SCRIPT = new URL("../worker/worker.js", import.meta.url);
/** Milliseconds without a word after which the files are looked at, and after which it is given up if they are whole. */
const SILENCE_MS = { look: 10_000, most: 30_000 };

/** @param {string} name @returns {Started} */
export const startWorker = (name) => ({ worker: new Worker(SCRIPT, { type: "module", name }), said: [] });

/** The worker that the page started before its scripts were there, or a new one. @returns {Started} */
function firstWorker() {
  const page = /** @type {{firstWorker?: Started}} */ (globalThis);
  const first = page.firstWorker;
  delete page.firstWorker;
  return first ?? startWorker("wavefield-engine");
}

export class Engine {
  /** @type {Worker | null} */ #worker = null;
  /** @type {Map<number, Waiting>} */ #waiting = new Map();
  /** @type {Map<EventName, Set<(detail: any) => void>>} */ #listeners = new Map();
  #nextId = 1;
  #start;
  #silence;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #patience;
  /** Whether the worker has said that it is ready. */ loaded = false;

  /** @param {() => Started} start How a worker is made; another one in tests. @param {typeof SILENCE_MS} silence */
  constructor(start = firstWorker, silence = SILENCE_MS) {
    this.#start = start;
    this.#silence = silence;
    this.restart();
  }

  /** Starts a new worker. Whatever the old one was doing is lost: the caller loads the model again. */
  restart() {
    this.#worker?.terminate();
    this.#fail("The engine was restarted.");
    this.#worker = null;
    this.loaded = false;
    try {
      this.#take(this.#start());
    } catch (error) {
      // A browser that refuses says so at once; whoever made this engine has yet to listen to it.
      const reason = error instanceof Error ? error.message : String(error);
      setTimeout(() => this.#worker || this.#end(`The browser does not let the page start its worker (${reason}).`));
    }
  }

  /** @param {Started} started */
  #take(started) {
    const { worker, said, failed } = started;
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#receive(data);
    // A script that does not load, or a panic that escaped: the worker cannot tell us itself.
    worker.onerror = (event) => {
      event.preventDefault();
      this.#failed(worker, event.message);
    };
    // Not at once: whoever made this engine has yet to listen to it.
    queueMicrotask(() => {
      said.forEach((message) => this.#receive(message));
      if (failed !== undefined) this.#failed(worker, failed);
    });
    this.#wait(worker);
  }

  /** A worker that says nothing at all has perhaps not loaded, which not every browser tells. @param {Worker} worker */
  #wait(worker) {
    const { look, most } = this.#silence;
    clearTimeout(this.#patience);
    const mute = () => !this.loaded && worker === this.#worker;
    this.#patience = setTimeout(async () => {
      if (!mute()) return;
      const reason = await whyNotLoaded(SCRIPT);
      if (!mute()) return;
      if (reason) return this.#die(reason);
      this.#patience = setTimeout(() => mute() && this.#die("It has not answered, although all of its files are there. On a slow or busy device it may take long: try again."), most - look);
    }, look);
  }

  /** @param {Worker} worker @param {string} message */
  async #failed(worker, message) {
    const reason = this.loaded ? "" : await whyNotLoaded(SCRIPT);
    if (worker === this.#worker) this.#die(reason || message || "Check the connection and reload the page.");
  }

  get alive() {
    return this.#worker !== null;
  }

  /**
   * Asks the engine for something. Requests made before it is ready wait for it.
   * @template {RequestType} T
   * @param {T} type
   * @param {Requests[T]["payload"]} payload
   * @param {Transferable[]} [transfer]
   * @returns {Promise<Requests[T]["value"]>}
   */
  request(type, payload, transfer = []) {
    const id = this.#nextId++;
    const message = makeRequest(type, id, payload);
    return new Promise((resolve, reject) => {
      if (!this.#worker) return reject(new EngineError("The engine has stopped. Restart it first.", true));
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage(message, transfer);
    });
  }

  /**
   * @template {EventName} E
   * @param {E} event
   * @param {(detail: Events[E]) => void} listener
   * @returns {() => void} Call it to stop listening.
   */
  on(event, listener) {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** @param {unknown} message */
  #receive(message) {
    if (!isWorkerMessage(message)) {
      console.error("A message from the worker that the page does not know:", message);
    } else if (message.type === "reply") {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.ok) waiting?.resolve(message.value);
      else waiting?.reject(new EngineError(message.error.message));
    } else if (message.event === "fatal") {
      this.#die(message.detail.message);
    } else {
      if (message.event === "ready") {
        this.loaded = true;
        clearTimeout(this.#patience);
      } else if (message.event === "loading" && this.#worker) this.#wait(this.#worker); // It is not silent: the line is slow.
      this.#emit(message.event, message.detail);
    }
  }

  /** @param {string} reason */
  #die(reason) {
    if (!this.#worker) return;
    this.#worker.terminate();
    this.#worker = null;
    this.#end(reason);
  }

  /** @param {string} reason */
  #end(reason) {
    clearTimeout(this.#patience);
    const words = this.loaded ? reason : `The engine could not be loaded. ${reason}`;
    this.#fail(words);
    this.#emit("fatal", { message: words });
  }

  /** @param {string} reason */
  #fail(reason) {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new EngineError(reason, true));
  }

  /** @param {EventName} event @param {unknown} detail */
  #emit(event, detail) {
    for (const listener of this.#listeners.get(event) ?? []) listener(detail);
  }
}
