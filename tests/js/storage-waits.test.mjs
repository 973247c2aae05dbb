// Every wait on storage has an end, what helps is said, and a late answer is used.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Storage } from "../../www/js/keep/storage.js";
import { FakeDisk, installKeyRange } from "./fake-disk.mjs";

installKeyRange();
const PATIENCE = 5;

/** Resolves when storage says something new that fulfils this. @param {Storage} storage @param {() => boolean} wanted @returns {Promise<void>} */
const until = (storage, wanted) => new Promise((resolve) => {
  const look = () => wanted() && resolve();
  storage.onChange(look);
  look();
});

test("a disk that stops answering is waited for once, and what was read and written before is still there", async () => {
  const disk = new FakeDisk();
  disk.values.set("before", 1);
  const storage = new Storage(disk.factory, "a", PATIENCE);
  await storage.set("card/1", { step: 1 });
  assert.equal(await storage.get("before"), 1);
  disk.answers = false;
  assert.equal(await storage.set("card/2", { step: 2 }), false);
  assert.equal(storage.trouble, "silent");
  assert.match(storage.reason, /does not answer.*Close other tabs of this page.*only until this tab is closed/);
  // Nothing of this waits: the disk has not answered yet.
  assert.equal(storage.silent, true);
  assert.equal(await storage.get("before"), 1);
  assert.deepEqual([...(await storage.getAll("card/"))], [["card/1", { step: 1 }], ["card/2", { step: 2 }]]);
  assert.deepEqual(await storage.keys("card/"), ["card/1", "card/2"]);
  assert.deepEqual(storage.unkept(), ["card/2"]);
  assert.equal(await storage.get("unknown"), undefined);
});

test("when the disk answers late, what was kept in memory meanwhile goes to it, the newest of each", async () => {
  const disk = new FakeDisk();
  const storage = new Storage(disk.factory, "a", PATIENCE);
  await storage.setAll({ old: 0, gone: 0 });
  disk.answers = false;
  await storage.set("a", 1);
  await storage.set("a", 2);
  await storage.setAll({ b: 3 }, ["gone"]);
  assert.equal(await storage.get("gone"), undefined);
  assert.deepEqual(await storage.keys(), ["a", "b", "old"]);
  disk.release();
  await until(storage, () => storage.persistent);
  assert.deepEqual(Object.fromEntries(disk.values), { old: 0, a: 2, b: 3 });
  assert.deepEqual(storage.unkept(), []);
  assert.equal(storage.reason, "");
});

test("a database that fails to open late says why it did", async () => {
  const disk = new FakeDisk();
  disk.answers = false;
  const storage = new Storage(disk.factory, "a", PATIENCE);
  await storage.set("a", 1);
  assert.equal(storage.trouble, "silent");
  disk.refusesOpen = "VersionError";
  disk.release();
  await until(storage, () => storage.trouble === "newer");
  assert.match(storage.reason, /newer version of this page.*Reload/);
  assert.equal(await storage.get("a"), 1);
});

test("each failure has its own reason and says what helps", async () => {
  for (const [name, trouble, words] of /** @type {const} */ ([
    ["SecurityError", "off", /blocked.*Allow them/], ["InvalidStateError", "off", /private window/], ["VersionError", "newer", /Reload the page/],
    ["UnknownError", "damaged", /Start the browser anew/], ["QuotaExceededError", "full", /no room left/], ["NotFoundError", "damaged", /clear this site's data/],
  ])) {
    const disk = new FakeDisk();
    disk.refusesOpen = name;
    const storage = new Storage(disk.factory, "a", PATIENCE);
    await storage.set("a", 1);
    assert.equal(storage.trouble, trouble, name);
    assert.match(storage.reason, words, name);
    assert.match(storage.reason, /only until this tab is closed: download/);
  }
});

test("a full disk keeps what is on it, with what was to be forgotten", async () => {
  const disk = new FakeDisk();
  const storage = new Storage(disk.factory, "a", PATIENCE);
  await storage.setAll({ card: 1, "bytes/1": 1 });
  disk.refusesPut = "QuotaExceededError";
  assert.equal(await storage.setAll({ card: 2, "bytes/2": 2 }, ["bytes/1"]), false);
  assert.equal(storage.full, true);
  assert.deepEqual(Object.fromEntries(disk.values), { card: 1, "bytes/1": 1 });
  assert.equal(await storage.get("card"), 2);
  disk.refusesPut = null;
  assert.equal(await storage.setAll({ card: 3, "bytes/3": 3 }, ["bytes/1", "bytes/2"]), true);
  assert.deepEqual(Object.fromEntries(disk.values), { card: 3, "bytes/3": 3 });
  assert.equal(storage.persistent, true);
});

test("Blobs are stored as bytes wherever they stand, and come back as Blobs", async () => {
  const disk = new FakeDisk();
  const storage = new Storage(disk.factory, "a", PATIENCE);
  const slice = new Blob(["_abc_"]).slice(1, 4, "text/plain");
  assert.equal(await storage.setAll({ a: slice, b: { list: [["x", slice]], n: 1 }, c: "plain" }), true);
  assert.equal(JSON.stringify([...disk.values]).includes("Blob"), false);
  const [a, b] = [await storage.get("a"), await storage.get("b")];
  assert.deepEqual([a.type, await a.text(), await b.list[0][1].text(), b.n], ["text/plain", "abc", "abc", 1]);
  assert.equal(await (await storage.getAll("b")).get("b").list[0][1].text(), "abc");
});

test("a write that has to read files first is not overtaken by a later one", async () => {
  const disk = new FakeDisk();
  const storage = new Storage(disk.factory, "a", PATIENCE);
  const first = storage.set("a", new Blob(["1"]));
  const second = storage.set("a", 2);
  assert.deepEqual(await Promise.all([first, second]), [true, true]);
  assert.equal(await storage.get("a"), 2);
});

test("a file that is gone is said to be, and nothing else changes", async () => {
  const disk = new FakeDisk();
  const storage = new Storage(disk.factory, "a", PATIENCE);
  await storage.set("text", "old");
  const gone = Object.assign(new Blob(["x"]), { arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) });
  assert.equal(await storage.set("text", gone), false);
  assert.match(storage.reason, /Choose it again/);
  assert.equal(await storage.get("text"), "old");
});

test("a connection that the browser closes is opened anew", async () => {
  const disk = new FakeDisk();
  const storage = new Storage(disk.factory, "a", PATIENCE);
  await storage.set("a", 1);
  disk.connection.close(); // Without a word.
  assert.equal(await storage.set("a", 2), true);
  disk.connection.onclose();
  assert.equal(await storage.get("a"), 2);
  assert.deepEqual([disk.opened, storage.persistent], [3, true]);
});

test("a value is looked at and changed in one go", async () => {
  const disk = new FakeDisk();
  const storage = new Storage(disk.factory, "a", PATIENCE);
  const add = (/** @type {number | undefined} */ value) => (value ?? 0) + 1;
  assert.deepEqual(await storage.swap("n", add), { reached: true, value: 1 });
  assert.deepEqual(await storage.swap("n", add), { reached: true, value: 2 });
  await storage.swap("n", () => null);
  assert.equal(disk.values.has("n"), false);
  disk.answers = false;
  assert.deepEqual(await storage.swap("n", add), { reached: false, value: null });
});
