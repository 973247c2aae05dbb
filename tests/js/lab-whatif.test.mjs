// What-if in words, and where its bars lie.

import assert from "node:assert/strict";
import { test } from "node:test";
import { roundUp, tokenAt } from "../../www/js/lab/whatif/places.js";
import { align } from "../../www/js/lab/whatif/align.js";
import { differences, lossInWords, roundsInWords, textsInWords } from "../../www/js/lab/whatif/words.js";

const HEAD = { frequency: 1, damping: 0.25, phase: 0, gain: 1 };
/** @param {number} layer @param {number} head @param {Partial<typeof HEAD>} after @param {Partial<typeof HEAD>} [before] */
const bent = (layer, head, after, before = {}) => ({ layer, head, before: { ...HEAD, ...before }, after: { ...HEAD, ...after } });

test("what was bent is named, the first few", () => {
  const said = (/** @type {ReturnType<typeof bent>[]} */ heads, /** @type {number[]} */ couplings = []) => differences({ heads, couplings });
  assert.equal(said([bent(0, 1, { gain: 0 })]), "layer 1, head 2 is muted");
  assert.equal(said([bent(1, 0, { frequency: -1.23456, phase: 2 })]), "layer 2, head 1 frequency 1 → −1.23, phase 0 → 2");
  assert.equal(said([bent(0, 0, {}, { gain: 0 })]), "layer 1, head 1 is heard again");
  assert.equal(said([bent(0, 0, { gain: 0 })], [2]), "layer 1, head 1 is muted; the heads of layer 3 mix otherwise");
  const many = said([0, 1, 2, 3, 4].map((head) => bent(0, head, { phase: 1 })));
  assert.match(many, /head 3 phase 0 → 1; and 2 more changes$/);
});

test("the loss got worse, better, or nobody can tell", () => {
  const change = { mean: 0.013, low: 0.009, high: 0.017, standard_error: 0.002, before: Math.log(4.77), after: Math.log(4.832) };
  assert.equal(lossInWords(change, 24, 430), "Worse by 0.0130 ± 0.0040 nats (perplexity 4.770 → 4.832) on 24 of 430 windows.");
  assert.match(lossInWords({ ...change, mean: -0.2, low: -0.25, high: -0.15 }, 430, 430), /^Better by 0\.200 ± 0\.050 nats .* on all 430 windows\.$/);
  const unclear = { ...change, mean: -0.002, low: -0.006, high: 0.002 };
  assert.match(lossInWords(unclear, 24, 430), /^No difference can be told yet: −0\.0020 ± 0\.0040 nats .*; the interval includes 0\.$/);
  assert.match(lossInWords(unclear, 430, 430), /^No difference can be told: /);
  assert.equal(lossInWords({ ...change, mean: 0, low: 0, high: 0 }, 16, 430), "No change: exactly 0 nats (perplexity 4.770) on 16 of 430 windows.");
  const rounds = [{ ...change, windows: 4, low: -0.01, high: 0.036 }, { ...change, windows: 24 }];
  assert.equal(roundsInWords(rounds), "The change of the loss: +0.0130 nats on 4 windows (95 % interval −0.0100 to +0.0360) at first, then +0.0130 nats on 24 windows (95 % interval +0.0090 to +0.0170).");
});

test("where two texts part", () => {
  const said = (/** @type {string} */ before, /** @type {string} */ after) => textsInWords(before.length, align([...before], [...after]));
  assert.equal(said("abc", "abc"), "Both texts are the same, all 3 tokens.");
  assert.equal(said("abc", "abd"), "The first 2 tokens are the same, then they part: laid under each other from there, they differ at 1 of 1 places.");
  assert.match(said("abc", "ax"), /^The first token is the same, then they part: .* at 2 of 2 places/);
  assert.match(said("abc", "xbc"), /^They part at the first token: .* at 1 of 3 places/);
});

test("a bar's token lies under the pointer, and the scale ends at a round number", () => {
  const count = 10;
  const [left, right, width] = [52, 12, 564];
  for (let token = 0; token < count; token++) {
    const middle = left + ((token + 0.5) * (width - left - right)) / count;
    assert.equal(tokenAt(middle, width, count), token);
  }
  assert.equal(tokenAt(left - 1, width, count), -1);
  assert.equal(tokenAt(width - right, width, count), -1);
  assert.deepEqual([0.99, 1, 1.01, 0.03, 4, 7].map(roundUp), [1, 1, 2, 0.05, 5, 10]);
  assert.equal(roundUp(0), 1);
});
