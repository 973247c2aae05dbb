// Where a training runs is decided by numbers, and said in words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceReport } from "../../www/js/device.js";
import { failed, gpuWins, lossesAgree, wordsOfRace } from "../../www/js/worker-device.js";

test("the graphics card wins a race only if it is right and clearly faster", () => {
  assert.ok(gpuWins({ cpu: 1000, gpu: 1100, right: true }));
  assert.ok(!gpuWins({ cpu: 1000, gpu: 1099, right: true }));
  assert.ok(!gpuWins({ cpu: 1000, gpu: 9000, right: false }));
});

test("losses agree within a hundredth, step by step", () => {
  assert.ok(lossesAgree([4, 3.03], [4, 3]));
  assert.ok(lossesAgree([0.0005], [0]));
  assert.ok(!lossesAgree([4, 3.04], [4, 3]));
  assert.ok(!lossesAgree([4, NaN], [4, 3]));
  assert.ok(!lossesAgree([4], [4, 3]));
});

test("a check that is no number fails", () => {
  const right = { what: "a", error: 1e-6, allowed: 1e-5 };
  assert.equal(failed([right]), null);
  assert.equal(failed([right, { what: "b", error: NaN, allowed: 1 }])?.what, "b");
  assert.equal(failed([right, { what: "c", error: 2, allowed: 1 }])?.what, "c");
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
