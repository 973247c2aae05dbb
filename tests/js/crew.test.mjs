// How workers that share a step come to one sum, and how their speed is judged.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Stopwatch, powerOfTwo } from "../../www/js/worker/crew.js";
import { Closed, Exchange, TooLate } from "../../www/js/worker/exchange.js";
import { WORKERS, workersFor } from "../../www/js/engine/device.js";

/** What stands in for an engine: a sum of two numbers. @param {number} first @param {number} second */
function sharer(first, second) {
  const sum = Float32Array.of(first, second);
  return {
    sum,
    share_print: () => 7,
    share_begin: () => {},
    share_take: (/** @type {Float32Array} */ out) => out.set(sum),
    share_add: (/** @type {Float32Array} */ from) => from.forEach((value, i) => { sum[i] += value; }),
  };
}

/** Exchanges for so many workers, each with one port a round. @param {number} size */
function exchanges(size) {
  /** @type {MessagePort[][]} */
  const ports = Array.from({ length: size }, () => []);
  for (let distance = 1; distance < size; distance *= 2) {
    for (let i = 0; i < size; i++) {
      if (i & distance) continue;
      const { port1, port2 } = new MessageChannel();
      ports[i].push(/** @type {any} */ (port1));
      ports[i + distance].push(/** @type {any} */ (port2));
    }
  }
  return ports.map((mine) => new Exchange(mine, 2));
}

for (const size of [2, 4, 8]) {
  test(`${size} workers come to one sum, step after step`, async () => {
    const all = exchanges(size);
    for (let step = 1; step <= 3; step++) {
      const sharers = all.map((_, i) => sharer(step * 10 ** (i % 4), i));
      const agreed = await Promise.all(all.map((exchange, i) => exchange.run(sharers[i], step)));
      assert.ok(agreed.every(Boolean));
      const expected = [step * (size / Math.min(size, 4)) * (size === 2 ? 11 : 1111), (size * (size - 1)) / 2];
      for (const { sum } of sharers) assert.deepEqual([...sum], expected);
    }
    all.forEach((exchange) => exchange.close());
  });
}

test("workers with different runs find that out and add nothing", async () => {
  const [one, other] = exchanges(2);
  const sharers = [sharer(1, 2), sharer(3, 4)];
  assert.deepEqual(await Promise.all([one.run(sharers[0], 1), other.run(sharers[1], 2)]), [false, false]);
  assert.deepEqual([...sharers[0].sum], [1, 2]);
  one.close();
  other.close();
});

test("one that does not answer is waited for as long as was said, and an exchange that is closed says so", async () => {
  const [one, other] = exchanges(2);
  const began = performance.now();
  await assert.rejects(one.run(sharer(1, 2), 1, 40), TooLate);
  assert.ok(performance.now() - began >= 35);
  one.close();
  await assert.rejects(one.run(sharer(1, 2), 1, 40), Closed);
  const waiting = exchanges(2)[0];
  const run = waiting.run(sharer(1, 2), 1);
  waiting.close();
  await assert.rejects(run, Closed);
  other.close();
});

test("steps are timed after a warm-up, and the median counts", () => {
  const watch = new Stopwatch();
  watch.note(2, 900);
  assert.equal(watch.time, null, "the first steps only warm up");
  watch.note(1, 100);
  watch.note(1, 100);
  assert.equal(watch.time, null, "too few");
  watch.note(2, 400);
  assert.equal(watch.time, 200);
  watch.note(1, 100);
  watch.note(1, 5000);
  assert.equal(watch.time, 200);
});

test("workers come in powers of two, and not more than there are cores", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 7, 8].map(powerOfTwo), [1, 1, 2, 2, 4, 4, 8]);
  assert.deepEqual(workersFor(1), [0, 1]);
  assert.deepEqual(workersFor(6), [0, 1, 2, 4]);
  assert.deepEqual(workersFor(64), WORKERS);
});
