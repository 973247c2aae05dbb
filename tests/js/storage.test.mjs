import assert from "node:assert/strict";
import { test } from "node:test";
import { Storage } from "../../www/js/keep/storage.js";

test("without IndexedDB values are kept in memory, and the page is told", async () => {
  const storage = new Storage(null);
  let told = 0;
  storage.onChange(() => told++);
  assert.equal(await storage.set("a/1", { bytes: new Uint8Array([1, 2]) }), false);
  await storage.set("a/2", 2);
  await storage.set("b", 3);
  assert.equal(storage.persistent, false);
  assert.match(storage.reason, /only until this tab is closed/);
  assert.equal(told, 1);
  assert.deepEqual(await storage.keys("a/"), ["a/1", "a/2"]);
  assert.deepEqual((await storage.get("a/1")).bytes, new Uint8Array([1, 2]));
  await storage.delete("a/1");
  assert.equal(await storage.get("a/1"), undefined);
});

test("a browser that refuses to open its database counts as one without", async () => {
  const refusing = /** @type {IDBFactory} */ (/** @type {unknown} */ ({ open: () => { throw new DOMException("no", "SecurityError"); } }));
  const storage = new Storage(refusing);
  await storage.set("a", 1);
  assert.equal(await storage.get("a"), 1);
  assert.equal(storage.persistent, false);
});

test("values that are kept together are forgotten together, and listed by how their keys start", async () => {
  const storage = new Storage(null);
  await storage.setAll({ "a/2": 2, "a/1": 1, b: 3 });
  assert.deepEqual([...(await storage.getAll("a/"))], [["a/1", 1], ["a/2", 2]]);
  await storage.setAll({ "a/3": 3 }, ["a/1", "a/2"]);
  assert.deepEqual([...(await storage.getAll("a/"))], [["a/3", 3]]);
  assert.equal(storage.isStored("a/3"), false);
  assert.equal(storage.full, false);
});

test("a database that opens late serves from then on", async () => {
  /** @type {any} */
  const request = {};
  const found = { get: () => answered("there") };
  const slow = /** @type {IDBFactory} */ (/** @type {unknown} */ ({ open: () => request }));
  const storage = new Storage(slow, "slow", 5);
  assert.equal(await storage.get("a"), undefined);
  assert.equal(storage.persistent, false);
  request.result = { transaction: () => ({ objectStore: () => found }) };
  request.onsuccess();
  assert.equal(await storage.get("a"), "there");
  assert.equal(storage.persistent, true);
});

/** A request that is answered at once. @param {unknown} result */
function answered(result) {
  /** @type {any} */
  const request = { result };
  queueMicrotask(() => request.onsuccess());
  return request;
}
