// How the page learns that its engine did not load: from a worker that says so, from one that fails, and from one that
// says nothing at all.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine } from "../../www/js/engine/client.js";

/** A worker that does nothing by itself. */
const silent = () => /** @type {any} */ ({ posted: [], postMessage(/** @type {unknown} */ message) { this.posted.push(message); }, terminate() { this.ended = true; } });
const ready = { type: "event", event: "ready", detail: { version: "1", simd: true } };
/** @param {Engine} engine @returns {Promise<string>} */
const fatal = (engine) => new Promise((resolve) => engine.on("fatal", ({ message }) => resolve(message)));
const QUICK = { look: 5, most: 10 };

test("a failure from before the page listened is told, with what was asked of the engine", async () => {
  const engine = new Engine(() => ({ worker: silent(), said: [], failed: "Uncaught SyntaxError" }));
  const asked = assert.rejects(engine.request("model_info", {}), /could not be loaded/);
  assert.match(await fatal(engine), /^The engine could not be loaded\. /);
  await asked;
  assert.equal(engine.alive, false);
});

test("a browser that refuses to start a worker is told, and it can be tried again", async () => {
  let refused = true;
  const engine = new Engine(() => {
    if (refused) throw new DOMException("not from this origin", "SecurityError");
    return { worker: silent(), said: [ready] };
  });
  assert.match(await fatal(engine), /does not let the page start its worker \(not from this origin\)/);
  refused = false;
  const again = new Promise((resolve) => engine.on("ready", resolve));
  engine.restart();
  await again;
  assert.equal(engine.loaded, true);
});

test("a worker that never says a word is not waited for for ever", async () => {
  const worker = silent();
  const engine = new Engine(() => ({ worker, said: [] }), QUICK);
  assert.match(await fatal(engine), /could not be loaded/);
  assert.equal(worker.ended, true);
});

test("one that was ready and then fails has stopped: its own words are told", async () => {
  const worker = silent();
  const engine = new Engine(() => ({ worker, said: [ready] }), QUICK);
  await new Promise((resolve) => engine.on("ready", resolve));
  const told = fatal(engine);
  worker.onerror({ message: "unreachable", preventDefault() {} });
  assert.equal(await told, "unreachable");
});

test("one whose files are still coming is slow and not silent: every piece that comes has it waited for anew", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const worker = silent();
  const engine = new Engine(() => ({ worker, said: [] }), { look: 100, most: 300 });
  const told = fatal(engine);
  for (let piece = 1; piece <= 10; piece++) {
    t.mock.timers.tick(99);
    worker.onmessage({ data: { type: "event", event: "loading", detail: { bytes: 1000 * piece } } });
  }
  assert.equal(engine.alive, true);
  t.mock.timers.tick(100);
  assert.match(await told, /could not be loaded/);
});
