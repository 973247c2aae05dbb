import assert from "node:assert/strict";
import { test } from "node:test";
import { LossHistory, align, smooth } from "../../www/js/panels/train-series.js";

/** @param {number} steps @param {(step: number) => number} loss */
function historyOf(steps, loss) {
  const history = new LossHistory();
  for (let step = 1; step <= steps; step++) history.add(step, loss(step));
  return history;
}

test("a short history is kept step by step", () => {
  assert.deepEqual(historyOf(3, (step) => 4 - step).points(), { steps: [1, 2, 3], losses: [3, 2, 1] });
});

test("a long history stays bounded, keeps its mean and reaches the last step", () => {
  const steps = 100_001;
  const { steps: at, losses } = historyOf(steps, (step) => step).points();
  assert.ok(at.length <= 2048 && at.length > 1024, `${at.length} points`);
  assert.equal(at.at(-1), steps);
  // Each bucket is the mean of the steps up to its own: never a pick of them.
  const width = at[0];
  assert.equal(losses[0], (1 + width) / 2);
  assert.ok(at.every((step, i) => i === 0 || step > at[i - 1]));
});

test("steps that were already seen, and losses that are not numbers, change nothing", () => {
  const history = historyOf(5, () => 2);
  history.add(5, 99);
  history.add(3, 99);
  history.add(6, NaN);
  assert.deepEqual(history.points().losses, [2, 2, 2, 2, 2]);
  assert.equal(history.lastStep, 5);
});

test("a history goes through storage unchanged and can go on", () => {
  const history = historyOf(5000, (step) => 1 / step);
  const again = LossHistory.from(JSON.parse(JSON.stringify(history)));
  assert.deepEqual(again.points(), history.points());
  history.add(5001, 1);
  again.add(5001, 1);
  assert.deepEqual(again.points(), history.points());
});

test("smoothing keeps a constant, is symmetric in time, and span 1 does nothing", () => {
  for (const value of smooth([2, 2, 2, 2], 20)) assert.ok(Math.abs(value - 2) < 1e-12);
  assert.deepEqual(smooth([3, 1, 2], 1), [3, 1, 2]);
  // On a straight line a mean from one side would lag behind by about its span.
  const line = Array.from({ length: 401 }, (_, i) => i);
  assert.ok(Math.abs(smooth(line, 20)[200] - 200) < 1e-6);
});

test("two series share one list of steps", () => {
  const columns = align({ steps: [1, 2, 3], losses: [5, 4, 3] }, [{ step: 2, loss: 4.5 }, { step: 7, loss: 4 }], [5, 4.5, 4]);
  assert.deepEqual(columns, [[1, 2, 3, 7], [5, 4, 3, null], [5, 4.5, 4, null], [null, 4.5, null, 4]]);
});
