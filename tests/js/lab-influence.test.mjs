// What a token heard, in words, held against numbers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cellWords, halfReach, heardWords, loudest, rowOf, sentence } from "../../www/js/lab/influence/words.js";

/** @param {Partial<import("../../www/js/lab/influence/words.js").Heard>} [changed] @returns {import("../../www/js/lab/influence/words.js").Heard} */
const heard = (changed) => ({
  tokens: ["a", " ", "c", "\n"], by: "layer", place: "layer 1, all heads",
  loud: Float32Array.of(1, 9, 9, 9, 2, 2, 9, 9, 0, 0, 0, 9, 1, 4, 2, 1),
  signed: Float32Array.of(1, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0, -0.25, 1, 0.5, -0.25),
  weights: null, known: Uint8Array.of(1, 1, 1, 1), targets: [" ", "c", "\n", "a"], losses: Float32Array.of(0, 0, 0, Math.log(4)),
  ...changed,
});

test("a row ends at its own token", () => {
  assert.deepEqual([...rowOf(heard(), "loud", 1)], [2, 2]);
  assert.equal(rowOf(heard({ known: Uint8Array.of(1, 0, 1, 1) }), "loud", 1).length, 0);
  assert.equal(rowOf(heard(), "weights", 1).length, 0);
});

test("the loudest come first, the nearer of two equals before the other, and none of zero", () => {
  assert.deepEqual(loudest(Float32Array.of(1, 4, 2, 1), 3), [1, 2, 3]);
  assert.deepEqual(loudest(Float32Array.of(0, -1, 2), 3), [2]);
});

test("half is counted from the token itself back", () => {
  assert.equal(halfReach(Float32Array.of(1, 4, 2, 1)), 3);
  assert.equal(halfReach(Float32Array.of(1, 1, 2)), 1);
  assert.equal(halfReach(Float32Array.of(4, 1, 1)), 3);
});

test("a token's row is told in words", () => {
  assert.equal(heardWords(heard(), "loud", 3), "heard most: token 2, “space”; token 3, “c” and itself, which carry 88 % of the loudness; half of what it hears comes from the last 3 tokens.");
  assert.equal(heardWords(heard(), "loud", 2), "hears nothing here: what reaches it is silent.");
  assert.equal(heardWords(heard(), "signed", 3), "most for what it takes in: token 2, “space” (100 %) and token 3, “c” (50 %); most against it: itself (25 %) and token 1, “a” (25 %).");
  assert.equal(sentence(heard({ by: "gradient" }), "loud", 3), "Token 4, “new line”, after which “a” is likeliest (25 % sure), its prediction changes most with: token 2, “space”; token 3, “c” and itself, which carry 88 % of the influence; half of what it feels comes from the last 3 tokens.");
  assert.match(sentence(heard({ by: "gradient", known: Uint8Array.of(1, 1, 1, 0) }), "loud", 3), /not computed yet/);
});

test("a cell is told in words, and nothing is heard of what comes later", () => {
  assert.equal(cellWords(heard(), "loud", 3, 1), "Token 4, “new line”, from token 2, “space”: 50 %.");
  assert.equal(cellWords(heard(), "signed", 3, 0), "Token 4, “new line”, from token 1, “a”: 25 % against.");
  assert.equal(cellWords(heard(), "loud", 1, 3), "Token 4 comes after token 2, which cannot hear it.");
});
