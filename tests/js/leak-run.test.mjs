// What was kept of a lesson is shown again only where it is one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { restored } from "../../www/js/lab/causality/lesson-run.js";

const evaluation = { loss: 2, perplexity: Math.exp(2), accuracy: 0.4, tokens: 768 };
const leak = { length: 32, position: 16, before: 2e-7, after: 0.5, scale: 3, verdict: "no_leak" };
const kept = () => ({
  leak: "shared_cells", when: 1, steps: 800, ended: "whole",
  points: [{ step: 8, train: { sound: 3, broken: 2 }, validation: { sound: evaluation, broken: evaluation } }],
  written: { step: 8, texts: { sound: "a", broken: "b" } }, first: { sound: leak, broken: leak }, leaks: { sound: leak, broken: leak },
});

test("a kept result is taken as it is, with or without what comes late", () => {
  for (const result of [kept(), { ...kept(), written: null, leaks: null, first: null }]) assert.equal(restored(result), result);
});

test("anything else is not", () => {
  const point = kept().points[0];
  for (const broken of [
    undefined, null, 7, "text", {}, { ...kept(), leak: "none" }, { ...kept(), points: [] }, { ...kept(), points: "many" },
    { ...kept(), points: [{ ...point, train: { sound: 3 } }] }, { ...kept(), points: [{ ...point, validation: { sound: evaluation, broken: {} } }] },
    { ...kept(), points: [{ ...point, train: { sound: NaN, broken: 1 } }] }, { ...kept(), written: {} }, { ...kept(), leaks: { sound: leak } },
    { ...kept(), steps: "800" },
  ]) assert.equal(restored(broken), null, JSON.stringify(broken));
});
