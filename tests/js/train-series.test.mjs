import assert from "node:assert/strict";
import { test } from "node:test";
import { LossHistory, Series, Thinned, align, lastAt, smooth, thin } from "../../www/js/charts/series.js";

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

test("a series of reports now and then is bounded, keeps its mean and stays in order", () => {
  const series = new Series(64);
  let sum = 0;
  let count = 0;
  for (let step = 7; step <= 50_000; step += 1 + (step % 13)) {
    series.add(step, step % 100);
    sum += step % 100;
    count++;
  }
  const { sums, counts } = series.toJSON();
  assert.ok(sums.length <= 64 && sums.length > 32, `${sums.length} buckets`);
  assert.equal(counts.reduce((total, value) => total + value, 0), count);
  assert.ok(Math.abs(sums.reduce((total, value) => total + value, 0) - sum) < 1e-6, "the mean changed");
  const { steps, values } = series.means();
  assert.equal(steps.at(-1), series.lastStep);
  assert.ok(steps.every((step, i) => i === 0 || step > steps[i - 1]));
  assert.equal(series.latest(), values.at(-1));
});

test("a series is asked what held at a step: its own bucket, or the last one before", () => {
  const series = new Series();
  series.add(10, 1);
  series.add(20, 3);
  assert.equal(series.at(9), null);
  assert.equal(series.at(0), null);
  assert.deepEqual([10, 19, 20, 1000].map((step) => series.at(step)), [1, 1, 3, 3]);
  assert.equal(new Series().latest(), null);
});

test("a series goes through storage, and one that an older page stored still has its curve", () => {
  const series = new Series(16);
  for (let step = 5; step <= 500; step += 5) series.add(step, 1 / step);
  const again = Series.from(structuredClone(series.toJSON()), 16);
  assert.deepEqual(again.means(), series.means());
  series.add(900, 2);
  again.add(900, 2);
  assert.deepEqual(again.means(), series.means());
  // No ends were stored then, and a list that was never full had holes.
  const old = LossHistory.from({ width: 2, sums: [4, 6, 3], counts: [2, 2, 1], lastStep: 5 });
  assert.deepEqual(old.points(), { steps: [2, 4, 5], losses: [2, 3, 3] });
});

test("what is thinned keeps the first and the newest, spreads evenly and never grows beyond its bound", () => {
  /** @type {Thinned<{ step: number }>} */
  const thinned = new Thinned(50);
  for (let step = 3; step <= 100_000; step += 17) {
    thinned.add({ step });
    const { items } = thinned;
    assert.ok(items.length <= 50);
    assert.equal(items[0].step, 3);
    assert.equal(items.at(-1)?.step, step);
  }
  const steps = thinned.items.map(({ step }) => step);
  assert.ok(steps.length > 20, `only ${steps.length} are left`);
  const gaps = steps.slice(1, -1).map((step, i) => step - steps[i]);
  const { gap } = thinned.toJSON();
  assert.ok(gaps.slice(1).every((found) => found > gap - 17 && found < gap + 17), `gaps of ${gaps}`);
  const again = Thinned.from(structuredClone(thinned.toJSON()), 50);
  for (const list of [thinned, again]) {
    list.add({ step: 100_500 });
    list.add({ step: 100_400 });
  }
  assert.deepEqual(again.items, thinned.items);
  assert.equal(thinned.items.at(-1)?.step, 100_500);
});

test("the last one that is not later is found", () => {
  assert.deepEqual([-1, 0, 3, 5, 6].map((step) => lastAt([0, 4, 5], step)), [-1, 0, 0, 2, 2]);
  assert.equal(lastAt([], 3), -1);
});

test("fewer points are means of more", () => {
  assert.deepEqual(thin({ steps: [1, 2, 3, 4, 9], values: [1, 3, 5, 7, 8] }, 3), { steps: [2, 4, 9], values: [2, 6, 8] });
  const short = { steps: [1], values: [2] };
  assert.deepEqual(thin(short, 3), short);
});

test("curves share one list of steps", () => {
  const steps = [1, 2, 3];
  const columns = align([{ steps, values: [5, 4, 3] }, { steps, values: [5, 4.5, 4] }, { steps: [2, 7], values: [4.5, 4] }]);
  assert.deepEqual(columns, [[1, 2, 3, 7], [5, 4, 3, null], [5, 4.5, 4, null], [null, 4.5, null, 4]]);
  assert.deepEqual(align([{ steps, values: [5, 4, 3] }]), [steps, [5, 4, 3]]);
  assert.deepEqual(align([]), [[]]);
});
