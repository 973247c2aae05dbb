// What a model's file costs, in words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { costInWords } from "../../www/js/model/file.js";

/** @param {number} mean @param {number} half @param {number} [before] */
const change = (mean, half, before = 1.5) => ({ mean, low: mean - half, high: mean + half, before, after: before + mean, standard_error: half / 2 });

test("a loss against 32 bits is said as exactly as it is known", () => {
  assert.equal(costInWords("f32", change(0, 0)), "Loss 1.5000 nats a token.");
  assert.equal(costInWords("int8", change(0, 0)), "Loss 1.5000 nats a token, exactly as in 32 bits.");
  assert.equal(costInWords("f16", change(-0.00001, 0.00002)), "Loss 1.5000 nats a token, as in 32 bits to the fourth digit.");
  assert.equal(costInWords("int8", change(0.0006, 0.0003)), "Loss 1.5006 nats a token, +0.00060 ± 0.00030 against 32 bits.");
  assert.equal(costInWords("int8", change(0.001, 0.02)), "Loss 1.5010 nats a token, +0.001 ± 0.020 against 32 bits: no difference can be told.");
  assert.equal(costInWords("int8", change(NaN, NaN)), "It has no loss: the model's own numbers overflow.");
  // Of one window there is no interval.
  assert.equal(costInWords("int8", { ...change(0.001, 0), low: -Infinity, high: Infinity }), "Loss 1.5010 nats a token, +0.0010 against 32 bits: no difference can be told.");
});
