import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "../../www/js/engine/client.js";
import { makeRequest } from "../../www/js/engine/protocol.js";
import { Storage } from "../../www/js/keep/storage.js";
import {
  EQUAL_WITHIN, LINE_UPS, SETTINGS, SIZES, heatsOf, makePlan, matchedTransformer, nextHeat, parametersOf, presetOf, secondsLeft, settingProblem, sliceEnd, startRequest,
} from "../../www/js/race/plan.js";
import { addLoss, differences, linesOf, newHeat, nextRace, notes, outcome, rateOf, spreadOf, summarise, tableRows, textsOf, toCsv, toJson, whyAhead } from "../../www/js/race/results.js";
import { RaceRun } from "../../www/js/race/run.js";
import { RaceStore } from "../../www/js/race/store.js";

/** @typedef {import("../../www/js/race/plan.js").Choices} Choices */

/** @param {Partial<Choices>} [choices] @param {Partial<Choices["settings"]>} [settings] @returns {Choices} */
const choicesOf = (choices = {}, settings = {}) => {
  const { size = "quick", lineUp = "published" } = choices;
  return { data: "names", data_name: "Names", tokenizer: "character", pieces: 512, size, lineUp, trials: false, ...choices, settings: { ...presetOf(size, lineUp), ...settings } };
};

/** A finished race, made up. @param {import("../../www/js/race/plan.js").Plan} plan @param {(entrant: number, seed: number) => number} lossOf */
const finished = (plan, lossOf) => heatsOf(plan).map((spec) => {
  const loss = lossOf(spec.entrant, spec.seed);
  return { ...newHeat(spec), step: spec.steps, done: true, tokens: 5000, seconds: 5, parameters: 1000 + spec.entrant, evaluations: [{ step: spec.steps, loss, perplexity: Math.exp(loss), accuracy: 0.5 }] };
});

test("every size and line-up makes entrants of equal size, and messages that the protocol takes", () => {
  for (const { id: size } of SIZES) for (const { id: lineUp } of LINE_UPS) {
    const choices = choicesOf({ size, lineUp });
    for (const setting of SETTINGS) assert.equal(settingProblem(setting, choices.settings[setting.key]), null, setting.key);
    const plan = makePlan(choices, "1");
    const [a, b] = plan.entrants.map(({ model }) => parametersOf(model, 65));
    assert.ok(Math.abs(a - b) < 0.005 * a && EQUAL_WITHIN >= 0.005, `${size} ${lineUp}: ${a} against ${b}`);
    for (const heat of heatsOf(plan)) {
      const request = startRequest(plan, heat, 1e-3, "some\ntext");
      makeRequest("train_start", 1, request);
      assert.ok(request.train.warmup_steps < request.train.steps);
    }
    const { model } = plan.entrants[0];
    const stride = (model.field_size - 1) / (model.max_seq_len - 1);
    assert.ok(stride === 1 || stride >= 2, "a field that would let tokens hear later ones");
  }
});

test("the published geometry and the tuned one are those of the measured table", () => {
  const models = LINE_UPS.map(({ id }) => makePlan(choicesOf({ size: "full", lineUp: id }), "1").entrants.map(({ model, peak_lr }) => ({ ...model, peak_lr })));
  const [[published, transformer], [tuned]] = models;
  const shape = { embedding_dim: 128, num_layers: 4, num_heads: 8, max_seq_len: 129, interference_interval: 3 };
  assert.deepEqual(published, { ...shape, ffn_dim: 512, field_size: 257, position_scale: 1, peak_lr: 1e-3 });
  assert.deepEqual(tuned, { ...shape, ffn_dim: 512, field_size: 129, position_scale: 0.03, peak_lr: 2e-3 });
  assert.equal(transformer.architecture, "standard");
  assert.equal(transformer.field_size, 0);
});

test("a loss is told in bits a byte, where it is known how many bytes a token has", () => {
  const plan = makePlan(choicesOf(), "1");
  const heats = finished(plan, (entrant) => [2, 1][entrant]);
  const named = (/** @type {typeof plan} */ of) => tableRows(of, heats).find(({ name }) => name === "Bits a byte");
  assert.equal(named(plan), undefined);
  // 2 nats are 2.885 bits; a token of two bytes.
  assert.deepEqual(named({ ...plan, bytes_per_token: 2 })?.cells.map(({ main }) => main), ["1.443", "0.721"]);
});

test("a race says why one is ahead where that is known, what both wrote, and which race is next", () => {
  for (const [lineUp, behind, ahead] of /** @type {const} */ ([["published", /louder than the tokens/, /in spite of/], ["tuned", /hears by distance only/, /from the first step on/], ["modern", /hears by distance only/, /by their near field/], ["waves", /how loud positions are/, /how loud positions are/]])) {
    const plan = makePlan(choicesOf({ lineUp }), "1");
    assert.match(whyAhead(plan, finished(plan, (entrant) => [2, 1][entrant])), behind);
    assert.match(whyAhead(plan, finished(plan, (entrant) => [1, 2][entrant])), ahead);
    assert.notEqual(nextRace(plan).lineUp, lineUp);
    assert.equal(whyAhead(plan, []), "");
  }
  const plan = makePlan(choicesOf({}, { seeds: 2 }), "1");
  const split = finished(plan, (entrant, seed) => (entrant + seed) % 2);
  assert.equal(whyAhead(plan, split), "", "the seeds disagree: there is nothing to explain");
  assert.deepEqual(textsOf(plan, split.map((heat, i) => ({ ...heat, sample: `text ${i}` }))).map(({ text }) => text).length, 2);
  assert.deepEqual(textsOf(plan, split), []);
});

test("parameters are counted tensor by tensor", () => {
  const wave = { embedding_dim: 64, num_layers: 3, num_heads: 4, ffn_dim: 256, field_size: 65, max_seq_len: 65, interference_interval: 3, position_scale: 1 };
  const layer = 3 * 4 + 4 * 4 + (128 * 64 + 128) + 2 * (64 * 64 + 64) + (256 * 64 + 256) + (64 * 256 + 64) + 4 * 64;
  const module = 2 * (64 * 64 + 64) + (64 * 128 + 64) + (16 * 64 + 16) + (64 * 16 + 64) + 1;
  assert.equal(parametersOf(wave, 27), 27 * 64 + 3 * layer + module + 2 * 64);
  const standard = /** @type {const} */ ({ ...wave, architecture: "standard" });
  const block = (192 * 64 + 192) + (64 * 64 + 64) + (256 * 64 + 256) + (64 * 256 + 64) + 4 * 64;
  assert.equal(parametersOf(standard, 27), 27 * 64 + 65 * 64 + 3 * block + 2 * 64);
  assert.ok(matchedTransformer(wave).ffn_dim > 256, "the wave model's gate and interference are made up for");
});

test("modern entrants have modern layers, and both learn equally many numbers", () => {
  const [wave, standard] = makePlan(choicesOf({ size: "full", lineUp: "modern" }), "1").entrants.map(({ model }) => model);
  assert.deepEqual([wave.norm, wave.feed_forward, wave.near_field, wave.ffn_dim, wave.interference_interval], ["rms", "swiglu", 4, 336, 5]);
  assert.deepEqual([standard.norm, standard.feed_forward, standard.positions, "near_field" in standard], ["rms", "swiglu", "rotary", false]);
  // V 65, D 128, L 4, H 8.
  const common = 4 * (128 * 128 + 128) + 2 * 128;
  assert.equal(parametersOf(wave, 65), 65 * 128 + 128 + 4 * (common + 3 * 128 * 336 + 8 * 8 + 3 * 8 + 4 * 128));
  assert.equal(parametersOf(standard, 65), 65 * 128 + 128 + 4 * (common + 3 * 128 * standard.ffn_dim));
});

test("heats take turns, each seed begins with another entrant, and trials come first on a seed of their own", () => {
  const plan = makePlan(choicesOf({ trials: true }, { steps: 100, seeds: 2, seed: 7 }), "1");
  const heats = heatsOf(plan).map(newHeat);
  assert.deepEqual(heats.map(({ id }) => id), [
    ...[0, 1, 2].flatMap((i) => [`trial-${i}-wave`, `trial-${i}-standard`]), "seed-7-wave", "seed-7-standard", "seed-8-standard", "seed-8-wave",
  ]);
  assert.ok(heats.slice(0, 6).every(({ seed, steps }) => seed === 9 && steps === 10));
  assert.deepEqual(heats.slice(0, 6).map(({ peak_lr }) => peak_lr), [0.00033, 0.00033, 0.001, 0.001, 0.003, 0.003]);
  /** @type {string[]} */ const turns = [];
  for (let heat; (heat = nextHeat(plan, heats)); ) {
    turns.push(heat.entrant === 0 ? "w" : "t");
    // The engine is caught a few steps late.
    heat.step = Math.min(sliceEnd(plan, heat) + 3, heat.steps);
    heat.done = heat.step === heat.steps;
  }
  assert.equal(turns.join(""), "wtwtwt" + "wtwtwtwtwt" + "twtwtwtwtw");
});

test("a setting out of its range is refused in words, and time is what measured speed makes of it", () => {
  const seeds = SETTINGS.find(({ key }) => key === "seeds");
  assert.match(settingProblem(/** @type {any} */ (seeds), 6) ?? "", /Seeds takes a whole number from 1 to 5/);
  const plan = makePlan(choicesOf({}, { steps: 100, seeds: 1, context: 8, batch_size: 2 }), "1");
  const [wave, standard] = heatsOf(plan);
  assert.equal(secondsLeft(plan, [{ ...wave, step: 50 }, standard], [8, 16]), 100 + 100);
});

test("spread: mean, standard deviation of a sample, least and most", () => {
  assert.equal(spreadOf([]), null);
  assert.deepEqual(spreadOf([2]), { n: 1, mean: 2, sd: 0, min: 2, max: 2 });
  assert.deepEqual(spreadOf([1, 2, 3]), { n: 3, mean: 2, sd: 1, min: 1, max: 3 });
});

test("the outcome is put in words with its spread, whoever is ahead, and says when it does not tell", () => {
  const of = (/** @type {number} */ seeds, /** @type {(entrant: number, seed: number) => number} */ loss) => {
    const plan = makePlan(choicesOf({}, { seeds }), "1");
    return outcome(plan, finished(plan, loss));
  };
  const ratio = Math.log(6.2 / 5.9);
  assert.match(of(1, (entrant) => (entrant === 0 ? 1 + ratio : 1)), /^The Wave Field model ended with a perplexity 5\.1 % above that of the Transformer\. This is one seed/);
  assert.match(of(2, (entrant, seed) => (entrant === 1 ? 1 + seed * ratio : 1)), /^With every one of 2 seeds the Transformer .* above that of the Wave Field model on average \(from 5\.1 % to 10\.4 %/);
  assert.match(of(3, (entrant, seed) => (entrant === 0 && seed === 1 ? 0.9 : 1 + 0.01 * entrant - 0.02 * seed * entrant)), /does not tell the two apart/);
  const plan = makePlan(choicesOf({}, { seeds: 1 }), "1");
  assert.equal(outcome(plan, heatsOf(plan).map(newHeat)), "");
  assert.deepEqual(differences(plan, finished(plan, () => 2)), [0]);
});

test("the table has measured numbers beside the published ones; notes name what is unfair", () => {
  const plan = makePlan(choicesOf({}, { seeds: 2 }), "1");
  const heats = finished(plan, (entrant, seed) => 1 + entrant + seed / 10);
  for (const heat of heats) heat.state = heat.entrant === 0 ? { constant: 6000, per_token: 0 } : { constant: 0, per_token: 1536 };
  const rows = Object.fromEntries(tableRows(plan, heats).map((row) => [row.name, row]));
  assert.deepEqual(rows["Perplexity, held back"].published, ["6.2", "5.9"]);
  assert.equal(rows["Loss, held back"].cells[0].main, "1.1500");
  assert.equal(rows["Loss, held back"].cells[0].spread, "1.1000 to 1.2000, sd 0.0707");
  assert.equal(rows["Tokens a second"].cells[1].main, "1,000");
  assert.deepEqual(rows["Memory while writing"].cells.map(({ main }) => main), ["6 kB", "100 kB"]);
  assert.match(rows["Memory while writing"].cells[1].spread, /at 65 tokens; grows by 1\.5 kB a token/);
  heats[0].parameters = 1200;
  const found = notes({ plan, heats, disturbed: true }).join(" ");
  assert.match(found, /differ by 16\.6 %, which is more than a fair race allows/);
  assert.match(found, /at the same time/);
  const waves = makePlan(choicesOf({ lineUp: "waves" }), "1");
  assert.deepEqual(tableRows(waves, finished(waves, () => 1))[0].published, []);
});

test("the best of the rates that were tried is raced with; a trial that failed does not count", () => {
  const plan = makePlan(choicesOf({ trials: true }, { seeds: 1 }), "1");
  const heats = finished(plan, (_, seed) => seed);
  const trials = heats.filter(({ stage, entrant }) => stage === "trial" && entrant === 0);
  [1, 3, 2].forEach((loss, i) => (trials[i].evaluations[0].loss = loss));
  trials[0].failed = "no number";
  const heat = heats.find(({ stage, entrant }) => stage === "heat" && entrant === 0);
  assert.ok(heat);
  assert.equal(rateOf(plan, heats, heat), 0.003);
  assert.deepEqual(summarise(plan, heats)[0].rates, [0.003]);
});

test("curves are means of real steps, over seeds too, and a step that comes twice counts once", () => {
  const plan = makePlan(choicesOf({}, { seeds: 2, steps: 2000 }), "1");
  const heats = heatsOf(plan).map(newHeat);
  const own = heats.filter(({ entrant }) => entrant === 0);
  own.forEach((heat, i) => [1, 2, 2, 3].forEach((step) => addLoss(heat.curve, step, step + i)));
  assert.equal(own[0].curve.width, 2);
  assert.deepEqual(linesOf(plan, heats)[0].train, { steps: [2, 4], losses: [2, 3.5] });
});

test("files: one row a point and one a finished training; everything in JSON", () => {
  const plan = makePlan(choicesOf({ data_name: 'My "text", 1' }, { seeds: 1, steps: 10 }), "1");
  const heats = finished(plan, () => 1);
  addLoss(heats[0].curve, 1, 3);
  const [head, ...rows] = toCsv({ plan, heats }).trimEnd().split("\n").map((line) => line.split(","));
  assert.ok(rows.every((row) => row.length === head.length));
  const column = (/** @type {string} */ name) => rows.map((row) => row[head.indexOf(name)]);
  assert.deepEqual(column("kind"), ["training", "validation", "result", "validation", "result"]);
  assert.deepEqual(column("loss"), ["3", "1", "1", "1", "1"]);
  assert.equal(column("tokens_per_second")[2], "1000.0");
  const json = JSON.parse(toJson({ version: 1, plan, heats, disturbed: false, finishedAt: 0 }));
  assert.deepEqual(json.plan, plan);
  assert.equal(json.summaries.length, 2);
  assert.match(json.outcome, /one seed/);
});

/**
 * An engine that learns nothing, but keeps the protocol: one training at a time, steps in bursts, snapshots.
 * @param {{ diesAt?: number }} [fate]
 */
function fakeEngine(fate = {}) {
  /** @type {Map<string, (detail: any) => void>} */ const listeners = new Map();
  /** @type {{ plan: any, step: number, running: boolean } | null} */ let training = null;
  /** @type {string[]} */ const log = [];
  const say = (/** @type {string} */ event, /** @type {any} */ detail) => listeners.get(event)?.(detail);
  let total = 0;
  let dead = false;
  let alone = false;
  function burst() {
    const now = training;
    if (!now?.running || dead) return;
    const { steps } = now.plan.train;
    /** @type {[number, number][]} */ const losses = [];
    for (let i = 0; i < 7 && now.step < steps; i++) losses.push([++now.step, lossAt(now)]);
    total += losses.length;
    if (fate.diesAt && total >= fate.diesAt) {
      fate.diesAt = 0;
      dead = true;
      return say("fatal", { message: "It came upon a fault of its own." });
    }
    const state = now.step < steps ? "running" : "done";
    say("train_progress", { step: now.step, losses, tokens_per_second: 100, state });
    if (now.step >= steps) {
      now.running = false;
      say("train_evaluation", { step: now.step, loss: lossAt(now), perplexity: Math.exp(lossAt(now)), accuracy: 0.1 });
      return say("train_ended", { reason: "done", step: now.step });
    }
    setImmediate(burst);
  }
  const lossAt = (/** @type {any} */ { plan, step }) => 3 - step / 100 + plan.train.seed / 1000 + (plan.model.field_size ? 0.1 : 0);
  /** @type {Record<string, (payload: any) => any>} */
  const answers = {
    set_workers: ({ workers }) => { alone = workers === 1; },
    train_start: (plan) => {
      assert.ok(alone, "how many workers share a step was left to chance");
      training = { plan, step: 0, running: true };
      log.push(plan.data_name);
      setImmediate(burst);
      return { parameters: 1000, config: { vocab_size: 27 }, state_bytes: { constant: 0, per_token: 4 } };
    },
    train_resume_from: async ({ bytes }) => {
      training = { ...JSON.parse(new TextDecoder().decode(bytes)), running: false };
      log.push(training?.plan.data_name);
      return { parameters: 1000, config: { vocab_size: 27 } };
    },
    train_continue: () => { if (training) training.running = true; setImmediate(burst); },
    train_pause: () => { if (training) training.running = false; },
    train_snapshot: () => ({ bytes: new TextEncoder().encode(JSON.stringify(training)), step: training?.step, took: 0 }),
  };
  const engine = {
    on: (/** @type {string} */ event, /** @type {any} */ listener) => listeners.set(event, listener),
    request: async (/** @type {any} */ type, /** @type {any} */ payload) => {
      if (dead) throw new EngineError("gone", true);
      makeRequest(type, 1, payload);
      return answers[type](payload);
    },
  };
  return { engine: /** @type {any} */ (engine), close: () => { dead = true; }, log };
}

/** @param {RaceRun} run @param {string} state */
const reaches = (run, state) => new Promise((/** @type {(_: void) => void} */ resolve) => run.onChange(() => run.state === state && resolve()));

/** @param {Storage} storage @param {ReturnType<typeof fakeEngine>[]} engines */
const runOf = (storage, engines) => new RaceRun({ openEngine: () => /** @type {any} */ (engines.shift()), store: new RaceStore(storage), textOf: async () => "a\nb", disturbed: () => false });

/** @param {RaceRun} run */
const numbers = (run) => run.result?.heats.map(({ id, step, evaluations, curve }) => ({ id, step, evaluations, curve }));

test("a race runs in turns to its end, and stopped and found again it comes to the same numbers", async () => {
  const plan = makePlan(choicesOf({}, { steps: 60, seeds: 2, context: 8, batch_size: 2 }), "1");
  const engine = fakeEngine();
  const whole = runOf(new Storage(null), [engine]);
  await whole.start(plan, "a\nb");
  assert.equal(whole.state, "done");
  assert.ok(whole.heats.every(({ done, step, evaluations }) => done && step === 60 && evaluations.length === 1));
  assert.deepEqual(engine.log.slice(0, 4), ["Names, Wave Field", "Names, Transformer", "Names, Wave Field", "Names, Transformer"]);

  const storage = new Storage(null);
  const first = runOf(storage, [fakeEngine()]);
  const running = first.start(plan, "a\nb");
  first.onChange(() => first.heats[1]?.step > 30 && first.stop());
  await running;
  assert.equal(first.state, "stopped");
  const second = runOf(storage, [fakeEngine()]);
  await second.restore();
  assert.equal(second.state, "interrupted");
  assert.ok(second.heats[1].step > 30 && !second.heats[1].done);
  await second.goOn();
  assert.deepEqual(numbers(second), numbers(whole));
  assert.equal((await new RaceStore(storage).results()).length, 1);
  assert.equal(await new RaceStore(storage).read(), null);
});

test("when its engine dies the race goes on by itself from its last snapshots, to the same numbers", async () => {
  const plan = makePlan(choicesOf({}, { steps: 60, seeds: 1, context: 8, batch_size: 2 }), "1");
  const whole = runOf(new Storage(null), [fakeEngine()]);
  await whole.start(plan, "a\nb");
  const run = runOf(new Storage(null), [fakeEngine({ diesAt: 80 }), fakeEngine()]);
  const done = reaches(run, "done");
  await run.start(plan, "a\nb");
  await done;
  assert.deepEqual(numbers(run), numbers(whole));
});
