// One step, slowly: what is made of the engine's numbers, in words and in shares, and how the six steps play.

import assert from "node:assert/strict";
import { test } from "node:test";
import { READ_MS, StepClock } from "../../www/js/train/step/clock.js";
import { cellsOf, compared, figure, gains, placeOf, relative, rowOf } from "../../www/js/train/step/data.js";
import { shownChoices } from "../../www/js/train/step/forecast.js";
import { LINES, lineOf, nearest } from "../../www/js/train/step/lines.js";
import { TERMS as GLOSSARY } from "../../www/js/page/glossary.js";
import { STEPS, TERMS, percentOf, remarks, surprise, told } from "../../www/js/train/step/words.js";
import { first } from "../../www/js/train/step-door.js";

/** @typedef {import("../../www/js/train/step/data.js").StepSeen} StepSeen */

const tensor = { name: "", part: /** @type {const} */ ("gate"), stage: 1, numbers: 10, held: 0, gradient: 0, weights: 1, moved: 0 };
/** Two pieces of three places. @type {StepSeen} */
const SEEN = {
  step: 12, steps: 60, rows: 2, length: 3, starts: [10, 40], learned: 90, held_back: 10, tokens: [..."abcdwxyz"], around: [["_", "."], ["-", "!"]],
  before: Float32Array.of(2, 1, 3, 2, 2, 2), after: Float32Array.of(1, 1.5, 2, 2, 1, 1), losses: [2, 1.417],
  learning_rate: 0.002, weight_decay: 0.01, gradient_norm: 1.94, clip_norm: 1, scale: 1 / 1.94, dropout: 0, layers: 2, rounded: false,
  tensors: [
    { ...tensor, name: "layers.0.gate.weight", gradient: 3, weights: 4, moved: 0.3 },
    { ...tensor, name: "layers.0.gate.bias", gradient: 4, weights: 3, moved: 0.4 },
    { ...tensor, name: "layers.1.wave_phase", part: "waves", stage: 2, numbers: 2, gradient: 1, weights: 2, moved: 0.4 },
    { ...tensor, name: "norm.bias", part: "norms", stage: 3, gradient: 0.5, weights: 0, moved: 0.1 },
  ],
  waves: [],
};

test("a row has its own tokens, one more than places, and what surprised in them", () => {
  const row = rowOf(SEEN, 1);
  assert.deepEqual(row.tokens, [..."wxyz"]);
  assert.deepEqual([...row.before, ...row.after], [2, 2, 2, 2, 1, 1]);
  assert.deepEqual([row.start, row.around], [40, ["-", "!"]]);
  assert.deepEqual([0, 1, 3].map(placeOf), [0, 0, 2], "the token that comes at a place stands after it");
});

test("places that got better and worse are counted, and shaded by the largest change", () => {
  assert.deepEqual(compared(SEEN.before, SEEN.after), { better: 4, worse: 1, same: 1 });
  assert.deepEqual(gains(SEEN.before.subarray(0, 3), SEEN.after.subarray(0, 3)), [1, -0.5, 1]);
  assert.deepEqual(gains([1, 1], [1, 1]), [0, 0]);
});

test("tensors are put together by part and stage, on the way through the model", () => {
  const cells = cellsOf(SEEN.tensors);
  assert.deepEqual(cells.map(({ part, stage, numbers, gradient, weights, moved }) => [part, stage, numbers, gradient, weights, moved]),
    [["waves", 2, 2, 1, 2, 0.4], ["gate", 1, 20, 5, 5, 0.5], ["norms", 3, 10, 0.5, 0, 0.1]]);
  assert.deepEqual(cells.map(relative), [0.2, 0.1, null], "from nothing there is no share");
  assert.equal(relative({ weights: 0, moved: 0 }), 0);
});

test("each of the six is told in two short sentences, with the numbers of the step", () => {
  for (let step = 0; step < STEPS.length; step++) {
    const { title, words } = told(SEEN, step);
    assert.ok(GLOSSARY.some(({ name }) => name === TERMS[step]), TERMS[step]);
    assert.ok(title.length < 30 && words.length === 2, title);
    for (const sentence of words) assert.ok(sentence.length < 160 && sentence.endsWith("."), sentence);
  }
  const words = (/** @type {number} */ step, seen = SEEN) => told(seen, step).words.join(" ");
  assert.match(words(0), /^2 pieces of 3 tokens are drawn/);
  assert.match(words(1), /All 6 places/);
  assert.match(words(2), /2\.000 nats \(2\.885 bits\) a token/);
  assert.match(words(3), /Its size is 1\.94, but at most 1 is let through, so all of it is multiplied by 0\.515\./);
  assert.match(words(3, { ...SEEN, scale: 1, gradient_norm: 0.5 }), /Its size is 0\.5; up to 1 is let through, so it stays as it is\./);
  assert.match(words(4), /learning rate of 0\.002\. For its size, most moved: Waves ω α φ of layer 2, by 20 %\./);
  assert.match(words(5), /a loss of 1\.417 nats .* 0\.583 less than before\. Of 6 places, 4 got better and 1 got worse; 1 stayed as they were\./);
  assert.match(words(5, { ...SEEN, losses: [2, 2.5] }), /0\.5 more than before: a step can miss\./);
});

test("what else is so about the numbers is said", () => {
  assert.deepEqual(remarks(SEEN), ["This is step 12, made beside the training, which is not touched."]);
  const all = remarks({ ...SEEN, step: 61, dropout: 0.1, rounded: true, tensors: [{ ...tensor, held: 1 }] }).join(" ");
  for (const said of [/All 60 steps of it were made/, /mutes 10 %/, /differs by rounding/, /1 number of waves is held still/]) assert.match(all, said);
});

test("figures are short and have their sign", () => {
  assert.deepEqual([0, 1.2345, -0.01234, 0.0000123, -0.0000123, 2.5e6, 1234.5].map((value) => figure(value)), ["0", "1.23", "−0.0123", "1.2e−5", "−1.2e−5", "2.5e6", "1,230"]);
  assert.deepEqual([0, 1e-7, 0.0042, 0.2].map((share) => percentOf(share)), ["0 %", "< 0.001 %", "0.42 %", "20 %"]);
  assert.deepEqual([figure(0.1234, 2), percentOf(0.01234, 2)], ["0.12", "1.2 %"]);
  assert.equal(surprise(1), "1.000 nats (1.443 bits)");
});

test("the one that came is always among the bars", () => {
  const choices = Array.from({ length: 9 }, (_, i) => ({ text: String(i), before: (9 - i) / 100, after: i / 100, came: i === 8 }));
  const texts = (/** @type {boolean} */ both) => shownChoices(choices, both).map(({ text }) => text).join("");
  assert.equal(texts(false), "0123458", "the likeliest before, then the one that came");
  assert.equal(texts(true), "0182736", "by the larger of both chances");
});

test("a long text is laid in lines, and a press finds the piece that lies nearest on its line", () => {
  const total = 10 * LINES;
  assert.deepEqual(lineOf(0, total, total).map(({ line, from, to }) => [line, from, to]), Array.from({ length: LINES }, (_, line) => [line, 0, 1]));
  assert.deepEqual(lineOf(7.5, 12.5, total), [{ line: 0, from: 0.75, to: 1 }, { line: 1, from: 0, to: 0.25 }]);
  const find = (/** @type {number} */ across, /** @type {number} */ line) => nearest([1, 8, 25], 4, total, across, (line + 0.5) / LINES);
  assert.deepEqual([find(0.1, 0), find(0.95, 0), find(0, 1), find(0.1, 2), find(0.5, 4)], [0, 1, 1, 2, -1]);
});

test("what has to be done before a step can be looked at is said", () => {
  const why = (/** @type {any} */ run) => first({ state: "paused", live: true, plan: {}, ...run });
  assert.equal(why({}), "");
  assert.equal(why({ state: "running" }), "");
  assert.match(why({ plan: null, state: "idle", live: false }), /^Start a training first/);
  assert.match(why({ state: "interrupted", live: false }), /Press Go on first/);
  assert.match(why({ state: "done", live: false }), /Add steps/);
});

test("playing moves within a step, gives time to read, goes on to the next and ends after the last", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let step = 0;
  let seen = true;
  /** @type {(string | number | boolean)[]} */ const log = [];
  const clock = new StepClock({
    step: () => step, score: (at) => ({ moves: at === 0 ? 2 : 0, pause: 100 }), move: (move) => { log.push(`${step}.${move}`); },
    next: () => { log.push(++step); }, seen: () => seen, told: (playing) => { log.push(playing); },
  }, 3);
  const pass = (/** @type {number} */ milliseconds) => { t.mock.timers.tick(milliseconds); return log.splice(0); };
  clock.play();
  assert.deepEqual(pass(100), [true, "0.1"]);
  assert.deepEqual(pass(100), ["0.2"]);
  assert.deepEqual(pass(READ_MS - 1), []);
  assert.deepEqual(pass(1), [1]);
  assert.deepEqual(pass(READ_MS), [2]);
  assert.deepEqual(pass(READ_MS), [false]);
  step = 0;
  clock.play();
  seen = false;
  assert.deepEqual(pass(100), [true, false], "nobody looks");
  clock.play();
  clock.stop();
  assert.deepEqual(pass(10 * READ_MS), [true, false]);
});
