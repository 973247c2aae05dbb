import assert from "node:assert/strict";
import { test } from "node:test";
import { allAlike, byItself, isRecoupled, isRowEdited, rounded, rowOf, withWeight } from "../../www/js/model/couplings.js";

const sum = (/** @type {number[]} */ row) => row.reduce((a, b) => a + b, 0);

test("one weight is set and the others keep their proportions", () => {
  assert.deepEqual(withWeight([0.5, 0.2, 0.3], 0, 0.75), [0.75, 0.1, 0.15]);
  assert.deepEqual(withWeight([0.5, 0.2, 0.3], 2, 0), [0.7143, 0.2857, 0]);
  assert.deepEqual(withWeight([0.5, 0.2, 0.3], 1, 1), [0, 1, 0]);
  assert.deepEqual(withWeight([0, 1, 0], 1, 0.5), [0.25, 0.5, 0.25], "nothing has no proportions");
  assert.deepEqual(withWeight([1], 0, 0.3), [1], "a head that is alone takes its own");
});

test("a row adds up to 1 after rounding, and the weight that was set stays what it is", () => {
  for (const heads of [2, 3, 7, 8, 16]) {
    const row = Array.from({ length: heads }, (_, i) => 1 / (i + 1.7));
    const whole = row.map((w) => w / sum(row));
    for (let chosen = 0; chosen < heads; chosen++) {
      for (const weight of [0, 0.0001, 0.3333, 0.5, 0.9999, 1]) {
        const set = withWeight(whole, chosen, weight);
        assert.equal(set[chosen], weight);
        assert.ok(Math.abs(sum(set) - 1) < 1e-9, `${heads} heads: ${sum(set)}`);
        assert.ok(set.every((w) => w >= 0 && w <= 1 && Number(w.toFixed(4)) === w), String(set));
      }
    }
  }
  assert.deepEqual(rounded([1 / 3, 1 / 3, 1 / 3]), [0.3334, 0.3333, 0.3333]);
});

test("presets, rows and what is edited", () => {
  assert.deepEqual(byItself(2), [1, 0, 0, 1]);
  assert.deepEqual(allAlike(4), Array(16).fill(0.25));
  assert.ok(Math.abs(sum(rowOf(allAlike(7), 6)) - 1) < 1e-9);
  assert.deepEqual(rowOf([1, 2, 3, 4], 1), [3, 4]);
  const coupling = { weights: [1, 0, 0.5, 0.5], initial: [1, 0, 0.4, 0.6] };
  assert.deepEqual([0, 1].map((head) => isRowEdited(coupling, head)), [false, true]);
  assert.equal(isRecoupled([coupling]), true);
  assert.equal(isRecoupled([{ ...coupling, weights: coupling.initial }]), false);
});
