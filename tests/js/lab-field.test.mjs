import assert from "node:assert/strict";
import { test } from "node:test";
import { between, droppedOn, FieldScales, heardAt, largestAt, ownWaveAt, peakOf, placeInWords } from "../../www/js/lab/field/parts.js";

const KERNEL = [0.5, -0.25, 0.125];

test("a token's wave begins on its cell and follows the kernel", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((cell) => ownWaveAt(KERNEL, 2, 4, cell)), [0, 0, 2, -1, 0.5, 0]);
});

test("a token between two cells drops its share on each", () => {
  // A quarter of 4 on cell 3: 3 and 1 times the kernel, one cell apart.
  const wave = [2, 3, 4, 5, 6].map((cell) => ownWaveAt(KERNEL, 2.25, 4, cell));
  assert.deepEqual(wave, [1.5, -0.75 + 0.5, 0.375 - 0.25, 0.125, 0]);
});

test("what is heard is read with the same shares", () => {
  const [from, to] = [0.5, 2.5];
  const direct = 0.5 * ownWaveAt(KERNEL, from, 8, 2) + 0.5 * ownWaveAt(KERNEL, from, 8, 3);
  assert.equal(heardAt(KERNEL, from, 8, to), direct);
  assert.equal(heardAt(KERNEL, 3, 8, 1), 0, "nothing from later tokens");
});

test("largest values count whatever their sign", () => {
  assert.equal(peakOf([[1, -3], [2]]), 3);
  assert.equal(largestAt([1, -3, 2]), 1);
  assert.equal(peakOf([[]]), 0);
});

test("places are said with their two cells", () => {
  assert.equal(placeInWords(7), "it sits on cell 7.");
  assert.equal(placeInWords(11.8125), "it sits at 11.81: 19 % on cell 11 and 81 % on cell 12.");
});

test("between two tokens the field is on its way from one to the other", () => {
  const frames = Float32Array.from([0, 4, 2, 8]);
  assert.deepEqual([...between(frames, 2, 0)], [0, 4]);
  assert.deepEqual([...between(frames, 2, 1)], [2, 8]);
  assert.deepEqual([...between(frames, 2, 0.25)], [0.5, 5]);
});

test("what is dropped lies on two cells, up to the token that is read", () => {
  assert.deepEqual([...droppedOn(6, [0, 2.25, 4.5], [1, 4, 2], 1)], [1, 0, 3, 1, 0, 0]);
  assert.deepEqual([...droppedOn(6, [0, 2.25, 4.5], [1, 4, 2], 2)], [1, 0, 3, 1, 1, 1]);
});

/** @param {number} size @returns {import("../../www/js/engine/observations.js").FieldView} */
const viewOf = (size) => {
  const list = () => Float32Array.of(size, -size / 2);
  return { times: 1, cells: 2, channel: 0, milliseconds: 1, difference: 0, shares: [1], deposits: list(), picked_up: list(), kernel: list(), frames: list(), coupled: list() };
};

test("a quieter wave is drawn smaller, a louder one and another head have the whole lane", () => {
  const scales = new FieldScales();
  scales.take(viewOf(4), "head 1");
  scales.take(viewOf(1), "head 1");
  assert.equal(scales.now.waves, 4);
  assert.equal(scales.own, 16);
  scales.take(viewOf(5), "head 1");
  assert.equal(scales.now.waves, 5);
  scales.take(viewOf(1), "head 2");
  assert.deepEqual([scales.now.dropped, scales.now.waves, scales.now.coupled, scales.own], [1, 1, 1, 1]);
});
