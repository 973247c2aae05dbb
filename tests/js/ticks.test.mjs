import assert from "node:assert/strict";
import { test } from "node:test";
import { logTicks } from "../../www/js/charts/curve-axis.js";
import { roundTicks } from "../../www/js/charts/ticks.js";

const ENDS = [-Infinity, -1e308, -1e17, -1e9, -2.5, -1e-320, 0, 1e-320, 1e-3, 0.3, 4, 1e9, 1e17, 3.4e38, 1e308, Infinity, NaN];

test("an axis has a few round ticks within its ends, whatever these are", () => {
  assert.deepEqual(roundTicks(-0.2, 4.3, 6, 1), [0, 1, 2, 3, 4]);
  assert.deepEqual(roundTicks(0, 1e9, 6), [0, 2e8, 4e8, 6e8, 8e8, 1e9]);
  assert.deepEqual(roundTicks(0, 0.35, 4), [0, 0.1, 0.2, 0.30000000000000004]);
  for (const low of ENDS) {
    for (const high of ENDS) {
      for (const ticks of [roundTicks(low, high, 6), roundTicks(low, high, 6, 1), logTicks(low, high, 5)]) {
        assert.ok(ticks.length <= 8, `${low} to ${high}: ${ticks.length}`);
        const rounding = 1e-9 * (high - low);
        for (const tick of ticks) assert.ok(tick >= low - rounding && tick <= high + rounding, `${low} to ${high}: ${tick}`);
      }
    }
  }
});
