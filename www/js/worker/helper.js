// A worker that helps with a training. It has a copy of the run, computes its part of every step, swaps
// sums with the other workers and makes the step on its copy, which stays the same as the leader's to
// the last bit. It is told nothing but where to begin: the swapping keeps it in step.

import { loadEngine } from "./engine.js";
import { Closed, Exchange } from "./exchange.js";

/**
 * @typedef {import("../../pkg/wavefield.js").Helper} Helper
 * @typedef {{type: "join", tokens: Uint32Array} | {type: "break"}
 *   | {type: "follow", state: Uint8Array, ports: MessagePort[], first: number, end: number}} Order
 * @typedef {{type: "ready"} | {type: "failed", message: string}} Answer
 */

/** @type {Helper | null} */
let helper = null;
/** @type {Exchange | null} */
let exchange = null;

/** @param {Answer} answer */
const say = (answer) => self.postMessage(answer);

/** @param {unknown} error */
const fail = (error) => say({ type: "failed", message: error instanceof Error ? error.message : String(error) });

self.onmessage = async ({ data }) => {
  const order = /** @type {Order} */ (data);
  try {
    if (order.type === "join") {
      const engine = await loadEngine();
      helper = new engine.Helper(order.tokens);
      say({ type: "ready" });
    } else if (order.type === "follow") {
      await follow(order);
    } else {
      self.close(); // As a worker that the browser ends: without a word.
    }
  } catch (error) {
    fail(error);
  }
};

/** @param {Extract<Order, {type: "follow"}>} order */
async function follow({ state, ports, first, end }) {
  exchange?.close();
  const engine = /** @type {Helper} */ (helper);
  engine.follow(state);
  const mine = new Exchange(ports, engine.share_len());
  exchange = mine;
  try {
    for (let more = true; more;) {
      const print = engine.share_print();
      engine.share_begin(first, end);
      // Where another worker has another run, the leader begins anew with everyone.
      if (!(await mine.run(engine, print))) return;
      more = engine.share_finish();
    }
  } catch (error) {
    if (!(error instanceof Closed)) throw error;
  }
}
