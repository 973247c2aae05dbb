// Moments of a training: what is kept of its course, and what is shown of a step.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Course, layersOf, momentOf, trajectories } from "../../www/js/train/course.js";
import { allMoments, allSamples, momentAt, stepByKey } from "../../www/js/train/progress/moment.js";
import { LossHistory } from "../../www/js/charts/series.js";
import { curvesTable, fileName } from "../../www/js/train/progress/table.js";
import { QUANTITIES, inWords } from "../../www/js/train/progress/quantities.js";
import { axisNumber, logTicks, spread } from "../../www/js/charts/curve-axis.js";

/** Two layers of one and two heads whose numbers say which they are. @param {number} at */
const layersAt = (at) => [1, 2].map((count, layer) => Array.from({ length: count }, (_, head) =>
  ({ frequency: at + layer, damping: head + 0.5, phase: -at, gain: 1 })));

/** A run of so many steps, as the page hears of it. @param {number} steps */
function runOf(steps) {
  const course = new Course();
  const history = new LossHistory();
  /** @type {import("../../www/js/train/run.js").Facts} */
  const facts = {
    step: steps, parameters: 1, vocabulary: 20, tokensPerSecond: 500, learningRate: 0.1, secondsTrained: 1,
    evaluations: [], samples: [], faults: [], layers: layersAt(steps), initialLayers: layersAt(0),
  };
  for (let step = 1; step <= steps; step++) {
    history.add(step, 1 / step);
    if (step % 5 === 0) {
      course.progress({ step, steps, losses: [], tokens_per_second: 100, seconds_left: 0, learning_rate: step / 1000, gradient_norm: 2, state: "running" });
      course.heads({ step, layers: layersAt(step) });
    }
    if (step % 10 === 0) {
      const sample = { step, text: `at ${step}` };
      course.sample(sample);
      facts.samples = [...facts.samples, sample].slice(-200);
      facts.evaluations.push({ step, loss: 2 / step, perplexity: Math.exp(2 / step), accuracy: step / steps });
    }
  }
  return { facts, history, course };
}

test("the course of a long run stays bounded and keeps the beginning of everything", () => {
  const told = runOf(100_000);
  const { course } = told;
  assert.ok(course.moments.items.length <= 400 && course.moments.items.length > 150);
  assert.ok(course.samples.items.length <= 100 && course.samples.items.length > 40);
  assert.ok(course.learningRate.means().steps.length <= 1024);
  assert.equal(allSamples(told)[0].step, 10);
  assert.equal(allSamples(told).at(-1)?.step, 100_000);
  const steps = allSamples(told).map(({ step }) => step);
  assert.ok(steps.every((step, i) => i === 0 || step > steps[i - 1]), "samples out of order");
  assert.equal(allMoments(told)[0].step, 0);
});

test("a moment has what was known until then, and the newest one moves on", () => {
  const told = runOf(100);
  const then = momentAt(told, 37);
  assert.equal(then.now, false);
  assert.equal(then.loss, 1 / 37);
  assert.equal(then.evaluation?.step, 30);
  assert.equal(then.sample?.step, 30);
  assert.equal(then.learningRate, 0.035);
  assert.deepEqual(then.layers, layersAt(35));
  const now = momentAt(told, null);
  assert.deepEqual({ now: now.now, step: now.step, speed: now.tokensPerSecond }, { now: true, step: 100, speed: 500 });
  assert.equal(now.layers, told.facts.layers);
  assert.deepEqual(momentAt(told, 100), now);
});

test("at the beginning stand the first heads and the first sample, and no evaluation", () => {
  const told = runOf(100);
  const first = momentAt(told, 0);
  assert.deepEqual(first.layers, told.facts.initialLayers);
  assert.equal(first.sample?.step, 10);
  assert.equal(first.evaluation, null);
  assert.equal(first.loss, null);
});

test("the same moment gives the same heads, so that they are drawn once", () => {
  const told = runOf(100);
  assert.equal(momentAt(told, 37).layers, momentAt(told, 38).layers);
  assert.notEqual(momentAt(told, 37).layers, momentAt(told, 42).layers);
});

test("heads go through a moment and into one line each", () => {
  assert.deepEqual(layersOf(momentOf(3, layersAt(3))), layersAt(3));
  const { steps, heads } = trajectories([momentOf(0, layersAt(0)), momentOf(4, layersAt(4))], 1);
  assert.deepEqual(steps, [0, 4]);
  assert.deepEqual(heads, [0.5, 1.5].map((damping) => ({ frequency: [1, 5], damping: [damping, damping], phase: [-0, -4] })));
});

test("a course goes through storage and on; an older record without one, or half of one, begins anew", () => {
  const { course } = runOf(3000);
  const again = Course.from(structuredClone(course.toJSON()));
  assert.deepEqual(again.toJSON(), course.toJSON());
  const told = { ...runOf(100), course: Course.from(undefined) };
  assert.deepEqual(allMoments(told).map(({ step }) => step), [0, 100]);
  assert.deepEqual(momentAt(told, 20).layers, told.facts.initialLayers);
  assert.equal(momentAt(told, 20).learningRate, null);
  assert.equal(Course.from({ samples: { gap: 1, items: [{ step: 1, text: "" }] } }).samples.items.length, 1);
});

test("keys move over the run by a hundredth, a tenth, and to its ends", () => {
  const moved = ["ArrowLeft", "ArrowRight", "PageDown", "PageUp", "Home", "End", "a"].map((key) => stepByKey(key, 500, 1000));
  assert.deepEqual(moved, [490, 510, 400, 600, 0, 1000, null]);
  assert.equal(stepByKey("ArrowLeft", 3, 1000), 0);
  assert.equal(stepByKey("ArrowRight", 4, 5), 5);
});

test("the table has every evaluation and every curve", () => {
  const lines = curvesTable(runOf(100)).trimEnd().split("\n").map((line) => line.split(","));
  assert.deepEqual(lines[0], ["step", "training_loss", "validation_loss", "perplexity", "accuracy", "learning_rate", "gradient_norm", "tokens_per_second"]);
  assert.equal(lines.length, 101);
  assert.ok(lines.every((line) => line.length === lines[0].length));
  assert.deepEqual(lines[10].map(Number), [10, 0.1, 0.2, Math.exp(0.2), 0.1, 0.01, 2, 100]);
  assert.deepEqual(lines[7], ["7", String(1 / 7), "", "", "", "", "", ""]);
  assert.equal(fileName("Tiny Shakespeare", 70, "csv"), "wave-field-tiny-shakespeare-step-70.csv");
});

test("every quantity has lines, a figure and words with its numbers", () => {
  const told = runOf(100);
  for (const quantity of QUANTITIES) {
    const lines = quantity.lines(told, { smoothing: 5, most: 50, overlays: [] });
    assert.ok(lines.every(({ steps, values }) => steps.length === values.length && steps.length > 0 && steps.length <= 50), quantity.id);
    assert.ok(Number.isFinite(quantity.figure(momentAt(told, 50)).value), quantity.id);
    assert.match(inWords(quantity, lines), /from .*\d.* at step \d+ to .*\d.* at step \d+, lowest .* highest/, quantity.id);
  }
  assert.match(inWords(QUANTITIES[0], []), /nothing yet/);
});

test("a figure of the loss is that of held-back text, as soon as there is one, and says of which it is", () => {
  const [loss, perplexity] = QUANTITIES;
  const then = { ...momentAt(runOf(100), 50), loss: 2, evaluation: { step: 40, loss: 3, perplexity: Math.exp(3), accuracy: 0.5 } };
  assert.deepEqual(loss.figure(then), { value: 3, of: "held back" });
  // The same number as stands among the figures.
  assert.deepEqual(perplexity.figure(then), { value: then.evaluation.perplexity, of: "held back" });
  assert.deepEqual(perplexity.figure({ ...then, evaluation: null }), { value: Math.exp(2), of: "training text" });
});

test("other runs stand beside the losses, told apart by colour and dash", () => {
  const overlay = { name: "Earlier", steps: [1, 2], losses: [3, 2], evaluations: [{ step: 2, loss: 2.5 }], dash: [1, 3], colour: "--head-1" };
  const lines = QUANTITIES[1].lines(runOf(20), { smoothing: 1, most: 100, overlays: [overlay] }).filter(({ name }) => name === "Earlier");
  assert.deepEqual(lines.map(({ faint, values }) => ({ faint, last: values.at(-1) })), [{ faint: true, last: Math.exp(2) }, { faint: undefined, last: Math.exp(2.5) }]);
  assert.ok(lines.every(({ dash, colour }) => dash === overlay.dash && colour === "--head-1"));
});

test("axes: ticks between decades, room around the values, numbers that are short", () => {
  assert.deepEqual(logTicks(0.9, 1200, 8), [1, 10, 100, 1000]);
  assert.deepEqual(logTicks(0.25, 4, 8), [0.3, 0.5, 0.7, 1, 1.5, 2, 3]);
  const fine = logTicks(1.5, 4, 8);
  assert.ok(fine.length >= 4 && fine.length <= 8, String(fine));
  assert.deepEqual(spread(null, null, false), [0, 4]);
  assert.deepEqual(spread(0.01, 1, false)[0], 0);
  assert.ok(spread(-1, 1, false)[0] < -1);
  const [low, high] = spread(3, 3, false);
  assert.ok(low < 3 && high > 3);
  assert.deepEqual([0, 0.5, 0.0015, 0.00015, 2.25, 9999, 12_000, 2_500_000, -0.5].map(axisNumber), ["0", "0.5", "0.0015", "1.5·10⁻⁴", "2.25", "10000", "12 k", "2.5 M", "−0.5"]);
});
