// The intake's worker: recognises files and reads texts, with an engine of its own, so that neither the page nor what it
// computes has to wait.

import { loadEngine } from "./engine.js";
import { orWhy } from "../page/why-not-loaded.js";
import { readTextFile, readTextString, recogniseFile } from "../text/reading.js";

/**
 * @typedef {{ id: number, task: "recognise", file: Blob, name: string }
 *   | { id: number, task: "file", file: Blob, name: string, encoding: string | null }
 *   | { id: number, task: "string", text: string, name: string }
 *   | { id: number, task: "cancel" }} IntakeOrder
 *
 * `alive` comes once, before anything else.
 * @typedef {{ id: number, type: "alive" } | { id: number, type: "progress", share: number } | { id: number, type: "piece", piece: string }
 *   | { id: number, type: "done", value: unknown } | { id: number, type: "failed", message: string, broken: boolean }} IntakeNews
 */

/** @type {Promise<import("../text/reading.js").IntakeEngine> | null} */
let engine = null;
/** @type {Map<number, AbortController>} */
const ways = new Map();

/** @param {IntakeNews} news */
const tell = (news) => self.postMessage(news);

self.onmessage = ({ data }) => {
  /** @type {IntakeOrder} */
  const order = data;
  if (order.task === "cancel") ways.get(order.id)?.abort();
  else work(order);
};
tell({ id: 0, type: "alive" });

/** @param {Exclude<IntakeOrder, { task: "cancel" }>} order */
async function work(order) {
  const { id } = order;
  const way = new AbortController();
  ways.set(id, way);
  try {
    engine ??= loadEngine().then((module) => ({ ...module, documents: () => orWhy(import("../text/documents/read.js"), import.meta.url) }));
    tell({ id, type: "done", value: await done(order, await engine, way.signal) });
  } catch (error) {
    // After a fault of the engine's own nothing that it says can be trusted.
    const broken = error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
    if (!way.signal.aborted) tell({ id, type: "failed", message: broken ? "The engine came upon a fault of its own, or there was not enough memory. Try again." : error instanceof Error ? error.message : String(error), broken });
  } finally {
    ways.delete(id);
  }
}

/** @param {Exclude<IntakeOrder, { task: "cancel" }>} order @param {import("../text/reading.js").IntakeEngine} engine @param {AbortSignal} signal */
async function done(order, engine, signal) {
  const { id } = order;
  const progress = {
    signal,
    onProgress: (/** @type {number} */ share) => tell({ id, type: "progress", share }),
    onPiece: (/** @type {string} */ piece) => tell({ id, type: "piece", piece }),
  };
  switch (order.task) {
    case "recognise": return recogniseFile(engine, order.file, order.name);
    case "file": return readTextFile(engine, order.file, order.name, order.encoding, progress);
    case "string": return readTextString(engine, order.text, progress);
  }
}
