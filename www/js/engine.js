// The page's side of the engine: requests as promises, events as callbacks, and a new worker when
// the old one has died.

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
 * A worker, and what it has said so far.
 * @typedef {{worker: Worker, said: unknown[]}} Started
 */

/** @returns {Started} */
function startWorker() {
  const page = /** @type {{firstWorker?: Started}} */ (globalThis);
  const first = page.firstWorker;
  delete page.firstWorker;
  if (first) return first;
  return { worker: new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "wavefield-engine" }), said: [] };
}

export class Engine {
  /** @type {Worker | null} */ #worker = null;
  /** @type {Map<number, Waiting>} */ #waiting = new Map();
  /** @type {Map<EventName, Set<(detail: any) => void>>} */ #listeners = new Map();
  #nextId = 1;
  #start;

  /** @param {() => Started} start How a worker is made; another one in tests. */
  constructor(start = startWorker) {
    this.#start = start;
    this.restart();
  }

  /** Starts a new worker. Whatever the old one was doing is lost: the caller loads the model again. */
  restart() {
    this.#worker?.terminate();
    this.#fail("The engine was restarted.");
    const { worker, said } = this.#start();
    worker.onmessage = ({ data }) => this.#receive(data);
    // A script that does not load, or a panic that escaped: the worker cannot tell us itself.
    worker.onerror = (event) => {
      event.preventDefault();
      this.#die(event.message || "The engine could not be loaded. Check the connection and reload the page.");
    };
    this.#worker = worker;
    // Not at once: whoever made this engine has yet to listen to it.
    if (said.length > 0) queueMicrotask(() => said.forEach((message) => this.#receive(message)));
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
      this.#emit(message.event, message.detail);
    }
  }

  /** @param {string} reason */
  #die(reason) {
    if (!this.#worker) return;
    this.#worker.terminate();
    this.#worker = null;
    this.#fail(reason);
    this.#emit("fatal", { message: reason });
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
