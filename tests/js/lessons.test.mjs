// How a training in the worker ends when something of it comes to no number, or cannot be done: with a stand-in for the
// engine, that learns nothing.

import assert from "node:assert/strict";
import { test } from "node:test";

/** What the worker told the page. @type {{event: string, detail: any}[]} */
let told = [];
Object.assign(globalThis, { self: { postMessage: (/** @type {any} */ { event, detail }) => told.push({ event, detail }) } });
const { Lessons } = await import("../../www/js/worker/lessons.js");

/**
 * An engine whose steps go well but for some.
 * @param {{spoilt?: number, fault?: string, kept?: number, heldBack?: number, text?: string | undefined | Error, every?: number}} fate
 *   `spoilt`: the step that comes to `fault`, after which the run is at `kept`, or at the step before.
 */
function makeSession({ spoilt = Infinity, fault = "loss", kept, heldBack = 1, text = "text", every = 0 } = {}) {
  let step = 0;
  let halted = false;
  /** @type {any[]} */ let pending = [];
  const session = {
    rate: 1,
    undone: /** @type {[number, string][]} */ ([]),
    train_start: () => ({ config: {} }),
    train_resume: () => ({ config: {} }),
    train_plan: () => ({ step, steps: 40, tokens_per_step: 1, bytes_per_token: 1, evaluate_every: every, sample_every: every }),
    train_control: () => ({}),
    train_heads: async () => [],
    train_advance: () => {
      step++;
      // As the engine does: after a step that was refused none is made, until it is taken back.
      halted ||= step >= spoilt && session.rate === 1;
      pending.push({ step, loss: halted ? NaN : 1 / step, gradient_norm: 1, learning_rate: 1, fault: halted ? fault : null });
    },
    train_reports: () => {
      const first = pending.findIndex((report) => report.fault);
      const reports = first < 0 ? pending : pending.slice(0, first + 1);
      pending = [];
      // A graphics card answers some milliseconds later.
      return new Promise((resolve) => setTimeout(() => resolve(reports), 5));
    },
    train_undo: (/** @type {number} */ made, /** @type {string} */ what) => {
      session.undone.push([made, what]);
      step = kept ?? made;
      halted = false;
      pending = [];
      return { step, message: `ended after ${made} by ${what}` };
    },
    train_evaluate: async () => ({ loss: heldBack, perplexity: 1, accuracy: 0, tokens: 1 }),
    train_judge: () => undefined,
    train_pull: async () => ({ free: () => {} }),
    train_keep: () => {},
    train_sample: () => {
      if (text instanceof Error) throw text;
      return text;
    },
    train_snapshot: () => Uint8Array.of(step),
    train_set_rate: (/** @type {number} */ rate) => { session.rate = rate; },
    train_to_gpu: () => {},
    train_prove: async () => [],
  };
  return session;
}

/** Turns of the worker's, without a channel that a test would have to close. @param {(error: unknown) => void} died */
function makeTurns(died) {
  /** @type {{turn: (now: number) => number} | null} */ let worker = null;
  let asked = false;
  const turns = {
    add: (/** @type {any} */ added) => { worker = added; },
    wake: () => {
      if (asked) return;
      asked = true;
      setImmediate(() => {
        asked = false;
        try {
          if (worker?.turn(performance.now()) === 0) turns.wake();
        } catch (error) {
          died(error);
        }
      });
    },
  };
  return turns;
}

/** @param {ReturnType<typeof makeSession>} session @param {"cpu" | "gpu"} place */
function makeLessons(session, place = "cpu") {
  told = [];
  const faults = /** @type {unknown[]} */ ([]);
  const died = (/** @type {unknown} */ error) => faults.push(error);
  const devices = { gpu: place === "gpu" ? {} : null, choice: place, placeFor: () => place, isProvenFor: async () => true, update: () => {}, lost: (/** @type {string} */ why) => faults.push(why), onNews: () => {} };
  const crew = { begin: () => {}, dismiss: () => {}, invalidate: () => {}, alone: () => {}, sharing: false, undecided: false, onSettled: () => {} };
  const lessons = new Lessons(/** @type {any} */ (session), /** @type {any} */ (makeTurns(died)), /** @type {any} */ (devices), /** @type {any} */ (crew), died);
  return { lessons, faults };
}

/** The next end of a training. */
async function ended() {
  const from = told.length;
  for (;;) {
    const end = told.slice(from).find(({ event }) => event === "train_ended");
    if (end) return end.detail;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const losses = () => told.flatMap(({ event, detail }) => (event === "train_progress" ? detail.losses : []));
const start = /** @type {any} */ ({});

for (const place of /** @type {const} */ (["cpu", "gpu"])) {
  test(`a step that comes to no number ends a training at the one before, once: ${place}`, async () => {
    const session = makeSession({ spoilt: 7 });
    const { lessons, faults } = makeLessons(session, place);
    lessons.start(start);
    const end = await ended();
    assert.deepEqual({ ...end }, { reason: "failed", step: 6, message: "ended after 6 by loss" });
    const snapshot = await lessons.snapshot();
    assert.equal(snapshot.step, 6);
    assert.deepEqual([...snapshot.bytes], [6]);
    assert.deepEqual(losses().map(([step]) => step), [1, 2, 3, 4, 5, 6]);
    // Steps that had been asked for after it say nothing more.
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(told.filter(({ event }) => event === "train_ended").length, 1);
    assert.deepEqual(session.undone, [[6, "loss"]]);
    // It ends the same again, unless what was at fault is changed.
    lessons.goOn();
    assert.equal((await ended()).message, "ended after 6 by loss");
    await lessons.setRate(0.5);
    lessons.goOn();
    assert.deepEqual({ ...(await ended()) }, { reason: "done", step: 40, message: undefined });
    assert.deepEqual(losses().map(([step]) => step), Array.from({ length: 40 }, (_, i) => i + 1));
    assert.deepEqual(faults, []);
  });
}

test("where the engine goes back further, what came after is forgotten", async () => {
  const { lessons } = makeLessons(makeSession({ spoilt: 7, kept: 3 }));
  lessons.start(start);
  const end = await ended();
  assert.equal(end.step, 3);
  assert.equal((await lessons.snapshot()).step, 3);
});

test("a loss on held-back text or a text that comes to no number ends it too, and so does one that cannot be written", async () => {
  for (const [fate, message] of /** @type {const} */ ([
    [{ heldBack: NaN, every: 10 }, "ended after 10 by held_back"],
    [{ heldBack: Infinity, every: 10 }, "ended after 10 by held_back"],
    [{ text: undefined, every: 10 }, "ended after 10 by text"],
    [{ text: new Error("the prompt has a letter that the model lacks."), every: 10 }, "the prompt has a letter that the model lacks. Training ended there."],
  ])) {
    // A default would take the place of what is undefined.
    const session = makeSession(fate);
    if ("text" in fate && fate.text === undefined) session.train_sample = /** @type {() => any} */ (() => undefined);
    const { lessons, faults } = makeLessons(session);
    lessons.start(start);
    const end = await ended();
    assert.deepEqual([end.reason, end.step, end.message], ["failed", 10, message]);
    assert.ok(!told.some(({ event, detail }) => event === "train_evaluation" && !Number.isFinite(detail.loss)));
    assert.deepEqual(faults, []);
  }
});

test("a single step that comes to no number is said to whoever asked for it", async () => {
  const { lessons } = makeLessons(makeSession({ spoilt: 2, fault: "weight" }));
  lessons.start(start);
  lessons.pause();
  assert.deepEqual(await lessons.step(), { step: 1, loss: 1 });
  const end = ended();
  await assert.rejects(lessons.step(), /ended after 1 by weight/);
  assert.equal((await end).step, 1);
});

test("one that is taken up to be measured is evaluated and writes before its next step, and once", async () => {
  for (const [measure, steps] of /** @type {const} */ ([[true, [0, 20, 40]], [false, [20, 40]]])) {
    const { lessons, faults } = makeLessons(makeSession({ every: 20 }));
    lessons.resumeFrom(Uint8Array.of(), "text", measure);
    lessons.goOn();
    await ended();
    for (const event of ["train_evaluation", "train_sample"]) assert.deepEqual(told.filter((one) => one.event === event).map(({ detail }) => detail.step), steps, event);
    assert.deepEqual(faults, []);
  }
});
