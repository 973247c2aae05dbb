import assert from "node:assert/strict";
import { test } from "node:test";
import { changeWords, controlOf, learningRate, lengthenWords, takeControl } from "../../www/js/train/control.js";
import { settingsFor, startRequest } from "../../www/js/train/presets.js";

/** @typedef {import("../../www/js/engine/protocol.js").TrainControl} TrainControl */

/** @type {TrainControl} */
const control = { step: 60, steps: 110, schedule: "cosine", warmup_steps: 10, peak_lr: 1, min_lr: 0.1, locks: [], changes: [] };

test("the learning rate is the engine's", () => {
  // The same table as in schedule.rs.
  for (const [schedule, quarter, half, end] of /** @type {const} */ ([
    ["cosine", 0.55 + 0.45 * Math.SQRT1_2, 0.55, 0.1], ["constant", 1, 1, 1], ["linear", 0.775, 0.55, 0.1],
  ])) {
    for (const [step, expected] of [[1, 0.1], [5, 0.5], [10, 1], [35, quarter], [60, half], [110, end], [500, end]]) {
      assert.ok(Math.abs(learningRate({ ...control, schedule }, step) - expected) < 1e-12, `${schedule}, step ${step}`);
    }
  }
});

test("what more steps would do is said in a line", () => {
  assert.match(lengthenWords(control, 110, 110), /end at step 220\..*from 0\.1 to 0\.\d+ at once/);
  assert.match(lengthenWords({ ...control, schedule: "constant" }, 60, 10), /stays 1\./);
  assert.match(lengthenWords(control, 5, 10), /end at step 120/);
});

test("changes are told in words", () => {
  const place = /** @type {const} */ ({ layer: 0, head: 2, number: "phase" });
  assert.deepEqual([
    changeWords({ kind: "rate", step: 400, from: 0.003, to: 0.001 }),
    changeWords({ kind: "steps", step: 1600, from: 1600, to: 2400 }),
    changeWords({ kind: "wave", step: 7, place, to: -1.23456 }),
    changeWords({ kind: "lock", step: 8, place, locked: true }),
  ], [
    "step 400: learning rate 0.003 → 0.001",
    "step 1,600: steps 1,600 → 2,400",
    "step 7: phase of layer 1, head 3 set to -1.235",
    "step 8: phase of layer 1, head 3 held still",
  ]);
});

test("what is known of a run follows the engine, and one from before knows itself unchanged", () => {
  const { text: _, ...plan } = startRequest({ data: "names", size: "small", tokenizer: "character", pieces: 512, settings: settingsFor("names", "small") }, "a", "b");
  const run = { plan, facts: /** @type {any} */ ({ step: 3 }) };
  const before = controlOf(run);
  assert.ok(before && before.steps === 1600 && before.changes.length === 0 && before.peak_lr === 0.008);
  takeControl(run, { ...control, steps: 2000 });
  assert.equal(run.plan.train.steps, 2000);
  assert.equal(run.plan.train.peak_lr, 1);
  assert.equal(controlOf(run)?.step, 60);
});
