// The page's side of the intake's worker. No DOM.

import { whyNotLoaded } from "../page/why-not-loaded.js";
import { readTextFile, readTextString, recogniseFile } from "./reading.js";

/**
 * @typedef {import("./reading.js").Reading} Reading
 * @typedef {import("./reading.js").Recognised} Recognised
 * @typedef {{ signal?: AbortSignal, onProgress?: (share: number) => void, onPiece?: (piece: string) => void }} Listening
 * @typedef {Listening & { resolve: (value: any) => void, reject: (error: unknown) => void }} Waiting
 */

/** Milliseconds without a word from a new worker after which its files are looked at, and after which it is given up. */
const PATIENCE_MS = { look: 10_000, end: 60_000 };

class IntakeWorker {
  /** @type {Worker | null} */
  #worker = null;
  /** An engine that answers in place of a worker's. @type {import("./reading.js").IntakeEngine | null} */
  #here = null;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #lastId = 0;

  /** Has an engine answer here, where there are no workers: in tests. @param {import("./reading.js").IntakeEngine} engine */
  answerHere(engine) {
    this.#here = engine;
  }

  /** @param {File} file @returns {Promise<Recognised>} */
  recognise(file) {
    return this.#order({ task: "recognise", file, name: file.name }, {});
  }

  /** Has a text read. @param {object} order @param {Listening} listening @returns {Promise<Reading>} */
  ask(order, listening) {
    return this.#order(order, listening);
  }

  /** @param {any} order @param {Listening} listening @returns {Promise<any>} */
  #order(order, listening) {
    if (this.#here) {
      const progress = { onPiece: () => {}, ...listening };
      if (order.task === "recognise") return recogniseFile(this.#here, order.file, order.name);
      if (order.task === "string") return readTextString(this.#here, order.text, progress);
      return readTextFile(this.#here, order.file, order.name, order.encoding, progress);
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const worker = (this.#worker ??= this.#start());
      this.#waiting.set(id, { ...listening, resolve, reject });
      listening.signal?.addEventListener("abort", () => {
        if (!this.#waiting.delete(id)) return;
        worker.postMessage({ id, task: "cancel" });
        reject(listening.signal?.reason);
      }, { once: true });
      worker.postMessage({ id, ...order });
    });
  }

  #start() {
    const script = new URL("../worker/intake.js", import.meta.url);
    const worker = new Worker(script, { type: "module", name: "wavefield-intake" });
    const fail = async (/** @type {string} */ words) => {
      const why = (await whyNotLoaded(script)) || words;
      if (why) this.#end(worker, `Files and texts cannot be read now. ${why}`);
    };
    const timers = [
      setTimeout(() => fail(""), PATIENCE_MS.look),
      setTimeout(() => fail("The page's script for it did not answer for a minute. Reload the page."), PATIENCE_MS.end),
    ];
    worker.onmessage = ({ data }) => {
      timers.forEach(clearTimeout);
      this.#receive(worker, data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      timers.forEach(clearTimeout);
      fail(event.message || "Reload the page.");
    };
    return worker;
  }

  /** @param {Worker} worker @param {import("../worker/intake.js").IntakeNews} news */
  #receive(worker, news) {
    const waiting = this.#waiting.get(news.id);
    if (news.type === "progress") waiting?.onProgress?.(news.share);
    else if (news.type === "piece") waiting?.onPiece?.(news.piece);
    else if (news.type === "done") {
      this.#waiting.delete(news.id);
      waiting?.resolve(news.value);
    } else if (news.type === "failed") {
      this.#waiting.delete(news.id);
      waiting?.reject(new Error(news.message));
      if (news.broken) this.#end(worker, news.message);
    }
  }

  /** The next order has a new worker. @param {Worker} worker @param {string} message */
  #end(worker, message) {
    worker.terminate();
    if (this.#worker !== worker) return;
    this.#worker = null;
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of all) reject(new Error(message));
  }
}

export const intakeWorker = new IntakeWorker();
