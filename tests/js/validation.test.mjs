// The text that losses are measured on: what is held back, and how it is cut.

import assert from "node:assert/strict";
import { test } from "node:test";
import { heldBack, spread, trainedOn, windowsOf } from "../../www/js/text/validation.js";

test("a tenth is held back, counted in characters as the engine does", () => {
  assert.equal(heldBack("abcdefghij"), "j");
  assert.equal(heldBack("😀bcdefgh😀😀"), "😀", "characters outside the first plane are one each");
  assert.equal(heldBack("abcdefghij", 0.5), "fghij");
  assert.equal(heldBack("abcdefghij", 1), "abcdefghij");
  assert.equal(heldBack(""), "");
});

test("any first few windows lie evenly over the text, and each comes once", () => {
  assert.deepEqual(spread(8), [0, 4, 2, 6, 1, 5, 3, 7]);
  for (const count of [0, 1, 2, 3, 5, 97, 435]) {
    const order = spread(count);
    assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: count }, (_, i) => i));
    if (count < 4) continue;
    const quarters = new Set(order.slice(0, 4).map((window) => Math.floor((4 * window) / count)));
    assert.ok(quarters.size >= 3, `${count}: the first four lie in ${quarters.size} quarters`);
  }
});

test("windows overlap by the token that the one predicts and the next begins with", () => {
  const windows = windowsOf(Uint32Array.from({ length: 14 }, (_, i) => i), 4);
  const sorted = windows.map((window) => [...window]).sort((a, b) => a[0] - b[0]);
  assert.deepEqual(sorted, [[0, 1, 2, 3, 4], [4, 5, 6, 7, 8], [8, 9, 10, 11, 12]], "a part of a window is left out");
  assert.deepEqual(windowsOf(Uint32Array.of(1, 2, 3), 4), []);
});

test("a model says what it was trained on, or it was Shakespeare", () => {
  const on = (/** @type {string} */ trained_on) => trainedOn({ trained: { trained_on } });
  assert.equal(on("Names"), "names");
  assert.equal(on("Stories, waves"), "stories", "as a race names its models");
  assert.equal(on("my diary"), "own");
  assert.equal(trainedOn({ trained: {} }), "shakespeare");
  assert.equal(trainedOn(null), "shakespeare");
});

test("windows of no length are refused: there is no end of them", () => {
  for (const length of [0, -1, NaN]) assert.throws(() => windowsOf(Uint32Array.of(1, 2, 3), length), /a window of/);
});
