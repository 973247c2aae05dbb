// What the scaling lab makes of its measurements, with known answers.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  besideCounts, bytes, counted, crossover, csv, expected, fit, LENGTHS, pointsOf, operations, ratesOf, restored, timeLeft, waysOf, whyTimesDiffer, wordsOfCrossover, wordsOfGrowth, wordsOfRatio, wordsOfTime,
} from "../../www/js/scaling/growth.js";

/** @typedef {import("../../www/js/scaling/growth.js").Measured} Measured */
/** @typedef {import("../../www/js/scaling/growth.js").Way} Way */

/** @param {Way} mixing @param {number} length @param {number} seconds @returns {Measured} */
const found = (mixing, length, seconds) => ({ mixing, length, seconds, fastest: seconds, slowest: seconds, samples: 5, runs: 1 });

/** @param {number[]} lengths @param {(length: number) => number} law @returns {[number, number][]} */
const points = (lengths, law) => lengths.map((length) => [length, law(length)]);

const near = (/** @type {number | null | undefined} */ value, /** @type {number} */ wanted, /** @type {number} */ part = 1e-9) =>
  assert.ok(value !== null && value !== undefined && Math.abs(value / wanted - 1) < part, `${value} for ${wanted}`);

test("a power law is found over the larger half of the lengths", () => {
  const law = points(LENGTHS, (length) => 3e-9 * length ** 1.25);
  law[0][1] = law[1][1] = 1; // Fixed costs, which only the shorter half has.
  const line = fit(law);
  near(line?.exponent, 1.25);
  near(line?.factor, 3e-9);
  assert.equal(line?.from, 2048);
  near(fit([[128, 1], [256, 4]])?.exponent, 2);
  assert.equal(fit([[128, 1]]), null);
  assert.equal(fit([]), null);
});

test("how time grows is told with its doubt, and not where the times do not tell it", () => {
  // By hand, of the larger half: slope 1 through (0, 0), (1, 1.1), (2, 2) in natural logarithms; residuals -1/30, 1/15, -1/30 and t = 12.71.
  const { E } = Math;
  const line = fit([[1e-9, 1], [1e-8, 1], [1e-7, 1], [1, 1], [E, E ** 1.1], [E ** 2, E ** 2]]);
  near(line?.exponent, 1);
  near(line?.half, 12.71 * Math.sqrt((1 / 900 + 1 / 225 + 1 / 900) / 1 / 2), 1e-6);
  assert.equal(wordsOfGrowth(line), "");
  assert.equal(wordsOfGrowth(fit(points(LENGTHS, (length) => 3e-9 * length ** 1.25))), "length^1.25 ± 0.01");
  assert.equal(wordsOfGrowth(fit([[128, 1], [256, 4]])), "", "two lengths lie on any line");
  assert.equal(wordsOfGrowth(null), "");
  const noisy = points(LENGTHS, (length) => length).map(([length, seconds], i) => /** @type {[number, number]} */ ([length, seconds * (i % 2 ? 4 : 1)]));
  assert.equal(wordsOfGrowth(fit(noisy)), "");
});

test("a crossover lies between two lengths, and is told where there is none", () => {
  const linear = points([100, 200, 400, 800], (length) => 300 * length);
  const square = points([100, 200, 400], (length) => length * length);
  const at = crossover(linear, square);
  assert.equal(at?.kind, "from");
  near(at?.kind === "from" ? at.length : null, 300);
  assert.equal(wordsOfCrossover(at, "Waves step by step", "attention"), "Waves step by step are faster than attention from about 300 tokens on.");
  assert.deepEqual(crossover(square, linear), { kind: "not_up_to", length: 400 });
  assert.match(wordsOfCrossover(crossover(square, linear), "Waves", "attention"), /not faster than attention up to 400 tokens/);
  assert.deepEqual(crossover(square.slice(0, 2), linear), { kind: "always" });
  assert.equal(crossover(square, []), null);
  // The last crossing counts, not a lucky measurement before it.
  near(/** @type {any} */ (crossover([[1, 1], [2, 1], [4, 1], [8, 1]], [[1, 2], [2, 0.5], [4, 0.5], [8, 2]])).length, 4 * Math.SQRT2);
});

test("the next length is expected by the last two, and at least by the operations", () => {
  assert.equal(expected("attention", [], 128), null);
  near(expected("attention", [[128, 1]], 256), 4);
  near(expected("attention", [[128, 1], [256, 1.1]], 512), 4.4);
  near(expected("waves", [[128, 1], [256, 100]], 512), 100 * 2 ** 1.6);
  // A step of training reads as many tokens where texts are short, and then grows as its attention does.
  near(expected("train_standard", [[128, 1], [256, 1]], 512), 1);
  near(expected("train_standard", [[4096, 1], [8192, 3.8]], 16_384), 3.8 ** 2);
});

test("the time left counts what is not left out", () => {
  const measured = [found("attention", 128, 4), found("waves", 128, 4)];
  // 16 seconds, once; 64 would be too long.
  near(timeLeft(measured, [{ mixing: "attention", length: 256 }, { mixing: "attention", length: 512 }], 20), 16);
  near(timeLeft(measured, [], 20) + 1, 1);
  assert.ok(timeLeft([], [{ mixing: "waves", length: 128 }], 20) > 0);
});

test("times and ratios are said in the unit that suits them", () => {
  assert.deepEqual([12.3456, 0.0123456, 0.0000123].map(wordsOfTime), ["12.3 s", "12.3 ms", "12.3 µs"]);
  assert.deepEqual([0.523, 3.14, 45.6, 367.2, 1234].map(wordsOfRatio), ["0.52×", "3.1×", "46×", "367×", "1,234×"]);
});

test("measured ratios stand beside the published counts of the same lengths only", () => {
  const measured = [found("waves", 2048, 0.01), found("attention", 2048, 0.09), found("direct_waves", 2048, 0.02), found("waves", 4096, 1)];
  const [first, second, third] = besideCounts(measured);
  assert.deepEqual([first.length, first.times, second.times, third.times], [2048, 31, 107, 367]);
  near(first.attention, 9);
  near(first.transforms, 9);
  assert.deepEqual([second.attention, third.transforms], [null, null]);
  // Where the model's own way was measured that one counts.
  const [faster] = besideCounts([...measured, found("recurrence", 2048, 0.001)]);
  near(faster.attention, 90);
  near(faster.transforms, 9);
});

/** @type {import("../../www/js/scaling/growth.js").ScalingResult} */
const RESULT = {
  backend: "cpu", device: 'A "fast", processor', when: Date.UTC(2026, 0, 2), layer: { width: 128, heads: 8 }, longest: 256, limit: 20,
  measured: [found("waves", 256, 0.5), found("waves", 128, 0.25)],
  leftOut: [{ mixing: "attention", length: 256, expected: 30, why: "slow" }],
  ended: "whole", disturbed: false, training: false,
};

test("operations are counted, and times are operations over rates", () => {
  const layer = { width: 4, heads: 2 };
  assert.equal(operations("direct_waves", 8, layer), 8 * 9 * 4);
  assert.equal(operations("attention", 8, layer), 2 * 8 * 9 * 4);
  assert.equal(operations("recurrence", 8, layer), 12 * 8 * 4);
  // Two lines there and back, two kernels, 16 points each; and two products of lines.
  assert.equal(operations("waves", 8, layer), 6 * 5 * 16 * 4 + 2 * 6 * 16);
  const measured = [found("waves", 256, 0.01), found("waves", 512, 0.02), found("attention", 256, 0.05)];
  const why = whyTimesDiffer({ ...RESULT, measured });
  assert.equal(why?.length, 256);
  near(why?.times, 5);
  near((why?.more ?? 0) / (why?.faster ?? 1), 5);
  assert.equal(whyTimesDiffer({ ...RESULT, measured: [found("waves", 256, 0.01)] }), null);
});

test("bytes are what goes in and out once, and of transforms their lines too", () => {
  const layer = { width: 4, heads: 2 };
  assert.equal(bytes("recurrence", 8, layer), 2 * 4 * 8 * 4);
  assert.equal(bytes("attention", 8, layer), 4 * 4 * 8 * 4);
  assert.equal(bytes("direct_waves", 8, layer), 2 * 4 * 8 * 4 + 4 * 8 * 2);
  // Two lines of 16 complex points, written and read.
  assert.equal(bytes("waves", 8, layer), 2 * 4 * 8 * 4 + 4 * 8 * 2 + 2 * 2 * 16 * 8);
});

test("attention by the author's count lies so many times above the waves by transform, where those were measured", () => {
  const measured = [found("waves", 2048, 0.01), found("recurrence", 8192, 0.001), found("waves", 32_768, 0.2)];
  assert.deepEqual(counted(measured), [{ length: 2048, times: 31, seconds: 31 * 0.01 }, { length: 32_768, times: 367, seconds: 367 * 0.2 }]);
  assert.deepEqual(counted([]), []);
});

test("steps of training are tokens a second, and are asked for only where they are wanted", () => {
  const step = (/** @type {number} */ length, /** @type {number} */ seconds) => ({ ...found("train_wave", length, seconds), tokens: Math.max(1024, length) });
  assert.deepEqual(ratesOf([step(2048, 0.5), step(128, 0.25), found("waves", 128, 1)], "train_wave"), [[128, 4096], [2048, 4096]]);
  assert.deepEqual(ratesOf([step(128, 0.25)], "train_standard"), []);
  assert.deepEqual(waysOf(true).slice(0, 4), waysOf(false));
  assert.deepEqual(waysOf(true).slice(4), ["train_wave", "train_standard"]);
  const kept = { ...RESULT, training: true, measured: [step(128, 0.25)] };
  assert.deepEqual(restored(structuredClone(kept)), kept);
  assert.equal(restored({ ...kept, measured: [found("train_wave", 128, 0.25)] }), null, "no tokens, no rate");
  assert.match(csv(kept).split("\n")[1], /^train_wave,128,0\.25,0\.25,0\.25,5,1,1024,,,,/);
});

test("every number is in the CSV, and what needs quotes has them", () => {
  const lines = csv(RESULT).trimEnd().split("\n");
  assert.equal(lines.length, 4);
  assert.match(lines[0], /^way,tokens,seconds,/);
  assert.equal(lines[1], 'waves,256,0.5,0.5,0.5,5,1,,3330048,794624,,"A ""fast"", processor",2026-01-02T00:00:00.000Z,128,8,no');
  assert.match(lines[3], /^attention,256,,,,,,,16842752,524288,slow,/);
  assert.deepEqual(pointsOf(RESULT.measured, "waves"), [[128, 0.25], [256, 0.5]]);
});

test("what was kept comes back, and what cannot be shown is ignored", () => {
  assert.deepEqual(restored(structuredClone(RESULT)), RESULT);
  for (const broken of [
    undefined, null, 7, {}, { ...RESULT, backend: "npu" }, { ...RESULT, layer: null }, { ...RESULT, measured: [{ mixing: "waves" }] },
    { ...RESULT, measured: [found("waves", 128, NaN)] }, { ...RESULT, leftOut: [{ mixing: "teleport", length: 1, why: "slow" }] },
  ]) assert.equal(restored(broken), null, JSON.stringify(broken));
  assert.equal(restored({ ...RESULT, ended: "running" })?.ended, "stopped");
});
