// One holder among tabs that share nothing but a database and messages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Leases } from "../../www/js/keep/leases.js";
import { Storage } from "../../www/js/keep/storage.js";
import { FakeDisk, installKeyRange } from "./fake-disk.mjs";

installKeyRange();
/** No signs of life by themselves: a test asks for them. */
const TIMES = { answer: 20, beat: 0, look: 5 };
const atOnce = AbortSignal.abort();

/** Tabs of one browser; each may be frozen, so that it hears nothing and does nothing. */
function browser() {
  const disk = new FakeDisk();
  /** @type {{onmessage: any, frozen: boolean}[]} */
  const tabs = [];
  return {
    disk,
    open() {
      const tab = { onmessage: null, frozen: false, postMessage: (/** @type {any} */ data) => {
        if (!tab.frozen) for (const other of tabs) if (other !== tab && !other.frozen) queueMicrotask(() => other.onmessage?.({ data }));
      } };
      tabs.push(tab);
      return { tab, leases: new Leases(new Storage(disk.factory, "a", 1000), /** @type {any} */ (tab), TIMES) };
    },
  };
}

test("one of two tabs holds a training; the other has it once it is let go", async () => {
  const { open } = browser();
  const [a, b] = [open(), open()];
  const release = await a.leases.hold("x", atOnce);
  assert.ok(release);
  assert.equal(await b.leases.hold("x", atOnce), null);
  assert.ok(await b.leases.hold("y", atOnce), "another thing is free");
  assert.deepEqual((await b.leases.held("")).sort(), ["x", "y"]);
  const waiting = b.leases.hold("x", new AbortController().signal);
  await release();
  assert.ok(await waiting);
  assert.equal(await a.leases.hold("x", atOnce), null);
});

test("of many tabs that ask at once, one has it", async () => {
  const { open } = browser();
  const all = await Promise.all(Array.from({ length: 6 }, () => open().leases.hold("x", atOnce)));
  assert.equal(all.filter((release) => release !== null).length, 1);
});

test("what a tab held that died is free, and is not listed as held", async () => {
  const { open } = browser();
  const [a, b, c] = [open(), open(), open()];
  await a.leases.hold("x", atOnce);
  await a.leases.hold("y", atOnce);
  a.tab.frozen = true;
  assert.ok(await b.leases.hold("x", atOnce));
  assert.deepEqual(await c.leases.held(""), ["x"]);
});

test("a tab that was frozen while another took its training finds out when it wakes", async () => {
  const { open } = browser();
  const [a, b] = [open(), open()];
  let lost = 0;
  await a.leases.hold("x", atOnce, () => lost++);
  await a.leases.check();
  assert.equal(lost, 0);
  a.tab.frozen = true;
  assert.ok(await b.leases.hold("x", atOnce));
  a.tab.frozen = false;
  await a.leases.check();
  assert.equal(lost, 1);
  assert.equal(await a.leases.hold("x", atOnce), null);
});

test("a tab that is too busy to answer but still writes keeps what it holds", async () => {
  const { open, disk } = browser();
  const [a, b] = [open(), open()];
  await a.leases.hold("x", atOnce);
  a.tab.frozen = true;
  const beats = setInterval(() => disk.values.set("lease/x", { ...disk.values.get("lease/x"), at: Math.random() }), 1);
  const patience = new AbortController();
  let taken = false;
  const waiting = b.leases.hold("x", patience.signal).then((release) => { taken = release !== null; });
  await new Promise((resolve) => setTimeout(resolve, 4 * TIMES.answer));
  assert.equal(taken, false);
  clearInterval(beats);
  await waiting;
  assert.equal(taken, true, "once it writes no more, it is gone");
});

test("without a database every tab has what it asks for: nothing is shared", async () => {
  const leases = new Leases(new Storage(null), null, TIMES);
  assert.ok(await leases.hold("x", atOnce));
});
