// The models that are kept: what is listed of them, and that none is lost before it may be.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Storage } from "../../www/js/keep/storage.js";
import { UNDO_MS } from "../../www/js/keep/limits.js";
import { ModelShelf } from "../../www/js/model/shelf.js";
import { keyOf } from "../../www/js/model/models.js";
import { FakeDisk, installKeyRange } from "./fake-disk.mjs";

installKeyRange();

/** A page with a model open, as far as the shelf looks at it. */
function page() {
  const storage = new Storage(new FakeDisk().factory);
  /** @type {(() => void)[]} */ const listeners = [];
  const app = {
    storage, opened: /** @type {string[]} */ ([]), model: /** @type {any} */ (null),
    models: {
      source: /** @type {{name: string, bytes: ArrayBuffer | null, trained?: boolean}} */ ({ name: "Shakespeare", bytes: null }),
      openShipped: async () => show({ name: "Shakespeare", bytes: null }),
      openBytes: async (/** @type {ArrayBuffer} */ bytes, /** @type {string} */ name) => { await show({ name, bytes }); },
    },
    state: { get: () => app.model, on: (/** @type {string} */ _, /** @type {() => void} */ listener) => { listeners.push(listener); } },
  };
  /** @param {{name: string, bytes: ArrayBuffer | null, trained?: boolean}} source */
  async function show(source) {
    app.models.source = source;
    app.model = { name: source.name, parameters: 1000, config: { num_layers: 2, num_heads: 4 } };
    app.opened.push(source.name);
    if (source.bytes && !source.trained) await storage.set(`model-kept/${keyOf(source)}`, source);
    for (const listener of listeners) listener();
    await new Promise((done) => setTimeout(done, 5));
  }
  const shelf = new ModelShelf(/** @type {any} */ (app));
  return { app, show, shelf, storage };
}

const bytes = (/** @type {number} */ size) => new Uint8Array(size).fill(size).buffer;

test("every model that came from elsewhere is listed once, with its size; trained ones and the shipped one are not", async () => {
  const { shelf, show } = page();
  shelf.begin();
  await show({ name: "a", bytes: bytes(10) });
  await show({ name: "a", bytes: bytes(10) });
  await show({ name: "b", bytes: bytes(20) });
  await show({ name: "Names", bytes: bytes(30), trained: true });
  assert.equal(shelf.openId, "");
  const cards = await shelf.cards();
  assert.deepEqual(cards.map(({ name, size }) => [name, size]).sort(), [["a", 10], ["b", 20]]);
  assert.deepEqual(cards[0].about, { parameters: 1000, layers: 2, heads: 4, architecture: "wave_field" });
});

test("one whose card was never written, or is none, is listed all the same", async () => {
  const { shelf, storage } = page();
  await storage.setAll({ "model-kept/x:5 1": { name: "x", bytes: bytes(5) }, "model-kept/y:6 1": { name: "y", bytes: bytes(6) }, "model-card/y:6 1": { id: 7 } });
  assert.deepEqual((await shelf.cards()).map(({ name, size, about }) => [name, size, about]), [["x", 5, null], ["y", 6, null]]);
});

test("a deleted one is closed, can be taken back, and is gone for good only after that", async (t) => {
  let now = Date.UTC(2026, 0);
  t.mock.method(Date, "now", () => now);
  // It is told itself when to look.
  const { setTimeout: later } = globalThis;
  t.mock.method(globalThis, "setTimeout", (/** @type {() => void} */ work, /** @type {number} */ wait) => (wait > UNDO_MS ? 0 : later(work, wait)));
  const { app, shelf, show, storage } = page();
  shelf.begin();
  await show({ name: "a", bytes: bytes(10) });
  const [card] = await shelf.cards();
  assert.equal(await shelf.remove(card), true);
  assert.equal(app.models.source.bytes, null);
  assert.deepEqual(await shelf.cards(), []);
  now += UNDO_MS - 1;
  await shelf.purge();
  await shelf.takeBack(card, true);
  assert.equal(app.models.source.name, "a");
  assert.equal((await shelf.cards()).length, 1);
  await shelf.remove(card);
  now += UNDO_MS + 1;
  await shelf.purge();
  assert.deepEqual(await storage.keys("model-"), []);
});
