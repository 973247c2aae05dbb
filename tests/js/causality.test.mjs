// What is said of measured leaks: the worst counts, and seeing nothing is not a proof.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Causality, summary, whyNoGpu, wordsOfChange } from "../../www/js/model/causality.js";
import { State } from "../../www/js/page/state.js";
import { faceOf } from "../../www/js/model/badge.js";
import { byLength, describe, lineOf, tableOf } from "../../www/js/lab/causality/words.js";

/** @typedef {import("../../www/js/engine/observations.js").Leak} Leak */
/** @typedef {import("../../www/js/model/causality.js").Findings} Findings */

/** @param {Partial<Leak>} [values] @returns {Leak} */
const leak = (values) => ({ length: 8, position: 3, before: 2e-7, after: 0.5, scale: 10, verdict: "no_leak", ...values });
const config = /** @type {any} */ ({ max_seq_len: 257 });
const plan = { probes: [{ length: 8, positions: [3, 7] }], threshold: 1e-5, seen: 1e-3, config };

/** @param {Leak[]} cpu @param {Leak[]} [gpu] @param {Partial<Findings>} [values] @returns {Findings} */
const found = (cpu, gpu = [], values) => ({ phase: "done", thorough: false, plan, leaks: { cpu, gpu }, done: 1, total: 1, fault: "", gpuFault: "", ...values });
/** @param {Record<string, unknown>} values @returns {any} */
const status = (values) => ({ choice: "auto", phase: "none", why: "Why.", ...values });

test("the worst of many probes is what they come to", () => {
  assert.equal(summary([]), null);
  const worst = summary([leak(), leak({ before: 3e-6, after: 0.2 }), leak({ before: 0 })]);
  assert.deepEqual(worst, { verdict: "no_leak", before: 3e-6, after: 0.2, count: 3, unseen: 0 });
  assert.equal(summary([leak(), leak({ verdict: "saw_nothing", after: 0 })])?.verdict, "saw_nothing");
  assert.equal(summary([leak({ verdict: "saw_nothing" }), leak({ verdict: "leak", before: 0.1 })])?.verdict, "leak");
  assert.equal(summary([leak({ verdict: "not_numbers", before: NaN }), leak({ verdict: "leak" })])?.verdict, "not_numbers");
});

test("the badge is green only where every probe saw its change and nothing before it moved", () => {
  assert.deepEqual([faceOf(found([leak()])).kind, faceOf(found([leak()])).text], ["good", "No leak · 2e-7"]);
  assert.equal(faceOf(found([leak({ before: 0 })])).text, "No leak · 0");
  assert.equal(faceOf(found([leak()], [leak({ before: 4e-7 })])).text, "No leak · 4e-7");
  assert.match(faceOf(found([leak()], [leak()])).words, /measured on the processor and graphics card/);
  assert.equal(faceOf(found([leak()], [leak({ verdict: "leak", before: 0.03 })])).kind, "bad");
  assert.equal(faceOf(found([leak()], [leak({ verdict: "leak", before: 0.03 })])).text, "Leak · 3e-2");
  assert.equal(faceOf(found([leak(), leak({ verdict: "saw_nothing", after: 0 })])).kind, "open");
  for (const phase of /** @type {const} */ (["none", "measuring", "stopped", "failed"])) {
    assert.equal(faceOf(found([], [], { phase, plan: null })).kind, "open", phase);
  }
  assert.equal(faceOf(found([leak({ verdict: "leak", before: 0.5 })], [], { phase: "measuring" })).kind, "bad", "a leak stands at once");
  assert.equal(faceOf(found([leak()], [], { phase: "measuring" })).kind, "open", "half of a measurement is none");
});

test("where no graphics card is measured, it is said why", () => {
  assert.equal(whyNoGpu(status({ phase: "ready" })), "");
  assert.match(whyNoGpu(null), /looked for yet/);
  assert.match(whyNoGpu(status({ choice: "cpu" })), /You chose the processor/);
  assert.equal(whyNoGpu(status({ phase: "refused", why: "There is none." })), "There is none.");
  assert.match(lineOf(found([leak()]), "gpu", status({ phase: "refused", why: "There is none." })).words, /^Graphics card: not measured\. There is none\.$/);
  assert.match(lineOf(found([leak()], [], { gpuFault: "It was lost." }), "gpu", status({ phase: "ready" })).words, /failed while it was measured\. It was lost/);
  assert.match(lineOf(found([leak()]), "cpu", null).words, /no leak.*0\.50 or more/);
});

test("the caption, the file and the table have the same numbers", () => {
  const all = found([leak(), leak({ length: 257, position: 256, before: 9e-7 })], [leak({ before: 5e-7 })]);
  assert.match(describe(all), /Processor: before the exchanged token at most 9\.0e-7.*Graphics card: .*5\.0e-7.*whole context of 257 tokens/);
  assert.match(describe(found([leak()])), /up to 8 of the 257 tokens/);
  const { head, rows } = tableOf(all);
  assert.ok(rows.every((row) => row.length === head.length));
  assert.deepEqual(rows[1], ["Processor", 257, 257, 9e-7, 0.5, 10, "no leak"]);
  assert.deepEqual(byLength(all), [
    { length: 8, count: 1, before: { cpu: 2e-7, gpu: 5e-7 }, after: 0.5 },
    { length: 257, count: 1, before: { cpu: 9e-7, gpu: null }, after: 0.5 },
  ]);
  assert.deepEqual([0, 0.25, 12, 1.23e-7].map(wordsOfChange), ["0", "0.25", "12", "1.2e-7"]);
});

/** A page whose engine gives a piece at a time. */
function makeApp() {
  const state = new State();
  state.set("engine", "ready");
  /** @type {any[]} */ const asked = [];
  const request = async (/** @type {string} */ _, /** @type {any} */ { view, payload }) => {
    asked.push({ view, ...payload });
    if (view === "causality_plan") return plan;
    if (payload.device !== "gpu" && !payload.again) return null;
    return payload.positions.map((/** @type {number} */ position) => leak({ position }));
  };
  const app = /** @type {any} */ ({ state, engine: { request, alive: true } });
  return { app, state, asked };
}

test("a measurement asks for one piece after another, on each device that is ready", async () => {
  const { app, state, asked } = makeApp();
  const causality = new Causality(app, "bent");
  await causality.measure();
  assert.deepEqual(asked.map(({ view, again, device }) => [view, again, device]), [
    ["causality_plan", undefined, undefined], ["causality", false, undefined], ["causality", true, undefined],
  ]);
  assert.deepEqual([causality.found.phase, causality.found.leaks.cpu.length, causality.found.leaks.gpu.length], ["done", 2, 0]);
  state.set("device", status({ phase: "ready" }));
  await causality.measureGpu();
  assert.deepEqual(asked.at(-1).device, "gpu");
  assert.deepEqual([causality.found.phase, causality.found.leaks.gpu.length, causality.found.done, causality.found.total], ["done", 2, 2, 2]);
});

test("bending the waves forgets what was measured, also in the middle", async () => {
  const { app, state, asked } = makeApp();
  const causality = new Causality(app, "bent");
  const measuring = causality.measure();
  state.set("applied", 1);
  await measuring;
  assert.equal(causality.found.phase, "none");
  assert.ok(asked.length < 3);
  await causality.measure();
  causality.stop();
  assert.equal(causality.found.phase, "done", "what is done cannot be stopped");
  const patient = new Causality(app, "bent");
  state.set("generating", true);
  state.set("pace", 0);
  const before = asked.length;
  const waiting = patient.measure({ patient: true });
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(asked.length, before + 1, "nothing but the plan while a text is written at full speed");
  patient.stop();
  await waiting;
  assert.equal(patient.found.phase, "stopped");
});
