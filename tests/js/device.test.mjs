// Where a training runs is decided by numbers, and said in words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceReport } from "../../www/js/engine/device.js";
import { failed, gpuWins, lossesAgree, wordsOfCheck, wordsOfRace } from "../../www/js/worker/device.js";
import { Drift, Watch } from "../../www/js/worker/watch.js";

test("the graphics card wins a race only if it is right and clearly faster", () => {
  assert.ok(gpuWins({ cpu: 1000, gpu: 1100, right: true }));
  assert.ok(!gpuWins({ cpu: 1000, gpu: 1099, right: true }));
  assert.ok(!gpuWins({ cpu: 1000, gpu: 9000, right: false }));
});

test("losses agree but for rounding, step by step", () => {
  assert.ok(lossesAgree([4.00001, 3.01], [4, 3]));
  assert.ok(lossesAgree([0.00001], [0]));
  assert.ok(!lossesAgree([4.001, 3], [4, 3]), "before the first update there is nothing but rounding");
  assert.ok(!lossesAgree([4, 3.03], [4, 3]));
  assert.ok(!lossesAgree([4, NaN], [4, 3]));
  assert.ok(!lossesAgree([4], [4, 3]));
});

test("a check that is no number fails", () => {
  const right = { what: "a", error: 1e-6, allowed: 1e-5 };
  assert.equal(failed([right]), null);
  assert.equal(failed([right, { what: "b", error: NaN, allowed: 1 }])?.what, "b");
  assert.equal(failed([right, { what: "c", error: 2, allowed: 1 }])?.what, "c");
});

test("what is wrong is said with how far and what is allowed", () => {
  assert.equal(wordsOfCheck({ what: "GELU", error: 0.0123, allowed: 2e-6 }), "GELU: off by 1.2e-2, where 2e-6 is allowed");
  assert.equal(wordsOfCheck({ what: "GELU", error: Infinity, allowed: 2e-6 }), "GELU: no number, or written where nothing is due");
});

test("the proof is repeated in at most a hundredth of the time, and a card that drifts is told of", async () => {
  const watch = new Watch();
  const right = [{ what: "GELU", error: 0, allowed: 2e-6 }];
  watch.begin(1000);
  assert.ok(!watch.isDue(2999));
  assert.ok(watch.isDue(3000));
  await watch.prove(() => new Promise((resolve) => setTimeout(() => resolve(right), 50)));
  const now = performance.now();
  assert.ok(!watch.isDue(now + 4000), "the part took 50 milliseconds, and has five seconds");
  assert.ok(watch.isDue(now + 3_600_000));
  watch.doubt(2);
  assert.ok(watch.isDue(now));
  await watch.prove(async () => right);
  assert.ok(watch.isDue(now), "both parts are due at once");
  await assert.rejects(watch.prove(async () => [...right, { what: "deposits", error: 0.5, allowed: 2e-6 }]),
    (error) => error instanceof Drift && error.message === "deposits: off by 5.0e-1, where 2e-6 is allowed");
  assert.ok(!watch.isDue(performance.now()));
});

test("a race is told with both speeds", () => {
  assert.equal(wordsOfRace({ cpu: 6750.2, gpu: 41000, right: true }), "The graphics card trains faster: 41,000 tokens a second against 6,750.");
  assert.match(wordsOfRace({ cpu: 6750, gpu: 500, right: true }), /processor trains faster here or as fast: the graphics card does 500 .* against 6,750\./);
  assert.match(wordsOfRace({ cpu: 1, gpu: 2, right: false }), /not those of the processor/);
});

test("the report has everything that is known, and says what is not", () => {
  const about = { version: "1.2.3", userAgent: "A browser", speed: 0 };
  assert.match(deviceReport(null, about), /Version: 1\.2\.3\nBrowser: A browser\nThe engine has not said anything yet\./);
  const report = deviceReport({
    choice: "auto", backend: "gpu", phase: "ready", why: "Faster.",
    adapter: { name: "A card", driver: "1.0", backend: "webgpu", software: false, max_binding: 2 ** 27, max_workgroup_memory: 16384, max_invocations: 256, timestamps: true },
    checks: [{ what: "matrix product", error: 1e-7, allowed: 1e-5 }, { what: "field convolution", error: NaN, allowed: 1e-5 }],
    speeds: { cpu: 6750, gpu: null }, workers: 2, sharing: "2 workers share each step, as you chose.",
  }, about);
  for (const line of [
    "Adapter: A card, 1.0 (webgpu)",
    "Limits: 128 MiB a binding, 16384 bytes of workgroup memory, 256 invocations a workgroup, with timestamps",
    "Check: matrix product, off by 1.00e-7, allowed 1e-5: right",
    "Race: processor 6,750 tokens a second, graphics card not measured",
    "Last training: not measured",
  ]) assert.ok(report.includes(line), `${line}\n\n${report}`);
  assert.match(report, /field convolution, .*: WRONG/);
});
