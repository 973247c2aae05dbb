import assert from "node:assert/strict";
import { test } from "node:test";
import { LossHistory } from "../../www/js/charts/series.js";
import { readZip, writeZip } from "../../www/js/files/zip.js";
import { Storage } from "../../www/js/keep/storage.js";
import { readRun, writeRun } from "../../www/js/runs/file.js";
import { UNDO_MS } from "../../www/js/keep/limits.js";
import { RunLibrary, freeName, sizeOf } from "../../www/js/runs/library.js";
import { Course } from "../../www/js/train/course.js";
import { settingsFor, startRequest } from "../../www/js/train/presets.js";
import { SnapshotPace } from "../../www/js/train/snapshots.js";

/** @typedef {import("../../www/js/runs/file.js").Kept} Kept */

/** The beginning of a safetensors file. @param {number} size @param {number} fill */
function checkpoint(size, fill) {
  const bytes = new Uint8Array(size).fill(fill);
  new DataView(bytes.buffer).setBigUint64(0, 2n, true);
  bytes.set([0x7b, 0x7d], 8);
  return new Blob([bytes]);
}

const HEADS = [[{ frequency: 1, damping: 0.1, phase: 0, gain: 1 }]];

/** @param {Partial<import("../../www/js/runs/library.js").RunCard>} [changes] @returns {Kept} */
function example(changes = {}) {
  const text = "Das Meer – ruhig.\n".repeat(9);
  /** @type {import("../../www/js/train/presets.js").Choices} */
  const choices = { data: "own", size: "small", tokenizer: "character", pieces: 512, settings: settingsFor("own", "small", { steps: 40 }) };
  const { text: _, ...plan } = startRequest(choices, text, "Meer");
  const history = new LossHistory();
  const course = new Course();
  for (let step = 1; step <= 30; step++) {
    history.add(step, 3 / step);
    course.heads({ step, layers: HEADS });
  }
  const evaluations = [10, 20, 30].map((step) => ({ step, loss: 3 / step, perplexity: Math.exp(3 / step), accuracy: 0.5 }));
  const facts = {
    step: 30, parameters: 1000, vocabulary: 14, tokensPerSecond: 5e4, learningRate: 1e-3, secondsTrained: 3.5,
    evaluations, samples: [{ step: 10, text: "Das" }], faults: [], layers: HEADS, initialLayers: HEADS,
  };
  return {
    card: {
      id: "1-a", name: "Meer", createdAt: 1, savedAt: 2, state: "running", step: 30, lowest: { step: 30, loss: 0.1 }, choices, plan,
      last: { step: 30, size: 60 }, best: { step: 22, size: 50, loss: 0.15, evaluatedAt: 20 }, textSize: new Blob([text]).size, ...changes,
    },
    curves: { facts, history: history.toJSON(), course: course.toJSON() },
    bytes: { last: checkpoint(60, 1), best: checkpoint(50, 2) },
    text,
  };
}

/** @param {Blob | undefined} blob */
const bytesOf = async (blob) => new Uint8Array(await /** @type {Blob} */ (blob).arrayBuffer());

/** The exported example with something changed in it. @param {(run: any, files: Record<string, Blob>) => void} change */
async function changed(change) {
  const zip = await readZip(await writeRun(example()));
  /** @type {Record<string, Blob>} */
  const files = {};
  for (const name of zip.names) files[name] = await zip.file(name);
  const run = JSON.parse(await files["run.json"].text());
  change(run, files);
  if (files["run.json"]) files["run.json"] = new Blob([JSON.stringify(run)]);
  return writeZip(files);
}

test("an exported training comes back as it was, under another name", async () => {
  const given = example();
  const { card, curves, bytes, text } = await readRun(await writeRun(given), "2-b");
  assert.deepEqual(card, { ...given.card, id: "2-b", name: "Meer (from a file)", state: "interrupted", lowest: { step: 30, loss: 0.1 } });
  assert.deepEqual(curves, given.curves);
  assert.equal(text, given.text);
  for (const which of /** @type {const} */ (["last", "best"])) assert.deepEqual(await bytesOf(bytes[which]), await bytesOf(given.bytes[which]));
});

test("a person can look into it", async () => {
  const { names, file } = await readZip(await writeRun(example()));
  assert.deepEqual(names, ["run.json", "last.safetensors", "best.safetensors", "text.txt", "losses.csv", "evaluations.csv"]);
  assert.equal((await (await file("evaluations.csv")).text()).split("\n")[1], `10,0.3,${Math.exp(3 / 10)},0.5`);
  assert.equal((await (await file("losses.csv")).text()).split("\n").length, 32);
  // A model that is both the last and the best is there once.
  const once = await readZip(await writeRun(example({ best: { step: 30, size: 60, loss: 0.1, evaluatedAt: 30 } })));
  assert.ok(!once.names.includes("best.safetensors"));
});

test("a file without what may be missing is taken in", async () => {
  const bare = await changed((run, files) => {
    delete run.course;
    run.checkpoints.best = null;
    delete files["best.safetensors"];
    delete files["text.txt"];
    delete files["losses.csv"];
  });
  const { card, curves, text } = await readRun(bare, "2-b");
  assert.deepEqual([card.best, text, curves.course], [null, null, undefined]);
  // What is no course is left out, not taken for one.
  assert.equal((await readRun(await changed((run) => { run.course.moments.items[0].values = ["x"]; }), "2-b")).curves.course, undefined);
});

test("whatever is wrong with a file is said in words", async () => {
  /** @type {[RegExp, Parameters<typeof changed>[0]][]} */
  const cases = [
    [/holds no "run.json"/, (_, files) => { delete files["run.json"]; }],
    [/"last.safetensors" is missing/, (_, files) => { delete files["last.safetensors"]; }],
    [/"best.safetensors" in it is no model/, (_, files) => { files["best.safetensors"] = new Blob(["hello, this is no checkpoint"]); }],
    [/"text.txt" in it is not text/, (_, files) => { files["text.txt"] = new Blob([new Uint8Array([0xff, 0xfe, 0xfd])]); }],
    [/does not describe a training/, (run) => { run.format = "something"; }],
    [/does not say which version/, (run) => { delete run.version; }],
    [/A newer version of this page wrote it \(format 9; this page reads 1\)/, (run) => { run.version = 9; }],
    [/"name" is ""; expected was a text of at least 1/, (run) => { run.name = ""; }],
    [/"name" has 201 characters; expected were at most 200/, (run) => { run.name = "x".repeat(201); }],
    [/"choices.data" is "https:\/\/example.org"; expected was one of/, (run) => { run.choices.data = "https://example.org"; }],
    [/"choices.size" is "__proto__"/, (run) => { run.choices.size = "__proto__"; }],
    [/"plan.train.steps" is "many"; expected was a whole number/, (run) => { run.plan.train.steps = "many"; }],
    [/"plan.model.field_size" is 1,000,000,000/, (run) => { run.plan.model.field_size = 1e9; }],
    [/"facts.evaluations\[0\].loss" is "low"/, (run) => { run.facts.evaluations[0].loss = "low"; }],
    [/"facts.layers\[0\]\[0\].frequency" is missing/, (run) => { run.facts.layers = [[{}]]; }],
    [/"facts.control.step" is missing/, (run) => { run.facts.control = { changes: [{ kind: "toString" }] }; }],
    [/The lists of "history" are of/, (run) => { run.history.sums.pop(); }],
    [/"history.width" is 0; expected was a whole number from 1/, (run) => { run.history.width = 0; }],
    [/"checkpoints.last.step" is 29; expected was 30/, (run) => { run.checkpoints.last.step = 29; }],
    [/"checkpoints" is empty; expected was an object/, (run) => { run.checkpoints = null; }],
    // Every list and every number has a limit.
    [/"createdAt" is 9,000,000,000,000,000; expected was a number from 0 to/, (run) => { run.createdAt = 9e15; }],
    [/"savedAt" is -1/, (run) => { run.savedAt = -1; }],
    [/"facts.samples" has 100,000 entries; expected were at most 200/, (run) => { run.facts.samples = Array.from({ length: 100_000 }, (_, step) => ({ step, text: "" })); }],
    [/"facts.samples\[0\].text" has 20,001 characters/, (run) => { run.facts.samples[0].text = "x".repeat(20_001); }],
    [/"facts.evaluations" has 1,001 entries/, (run) => { run.facts.evaluations = Array(1001).fill(run.facts.evaluations[0]); }],
    [/"facts.evaluations\[1\].step" is 10; expected was one after 10/, (run) => { run.facts.evaluations[1].step = 10; }],
    [/"facts.faults" has 51 entries/, (run) => { run.facts.faults = Array(51).fill({ step: 1, message: "" }); }],
    [/"facts.step" is 1e\+300|"facts.step" is 1,000,000/, (run) => { run.facts.step = 1e300; }],
    [/"facts.layers" has 65 entries/, (run) => { run.facts.layers = Array(65).fill(run.facts.layers[0]); }],
    [/"facts.layers\[0\]" has 65 entries/, (run) => { run.facts.layers[0] = Array(65).fill(run.facts.layers[0][0]); }],
    [/"history.sums" has 2,049 entries/, (run) => { run.history.sums = Array(2049).fill(1); }],
    [/"choices" has 101 fields|"choices.settings" has 101 fields/, (run) => { run.choices.settings = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, 1])); }],
  ];
  for (const [message, change] of cases) await assert.rejects(readRun(await changed(change), "2-b"), message);
  await assert.rejects(readRun(await writeZip({ "run.json": new Blob(["{"]) }), "2-b"), /not JSON/);
  await assert.rejects(readRun(await writeZip({ "run.json": new Blob(["null"]) }), "2-b"), /does not describe/);
  await assert.rejects(readRun(new Blob(["hello"]), "2-b"), /not a whole ZIP/);
});

test("measurements that were no numbers come back as such, and an endless re-import keeps the name short", async () => {
  const { card, curves } = await readRun(await changed((run) => {
    Object.assign(run.facts.evaluations[2], { loss: null, perplexity: null, accuracy: null });
    run.facts.more = Array(10).fill("what this page does not know is not taken along");
    run.name = "x".repeat(200);
  }), "2-b");
  const [, , last] = curves.facts.evaluations;
  assert.deepEqual([last.loss, last.perplexity, last.accuracy], [NaN, Infinity, NaN]);
  assert.equal(card.lowest?.step, 20);
  assert.ok(!("more" in curves.facts));
  assert.ok(card.name.length <= 200 && card.name.endsWith(" (from a file)"));
});

test("a training that cannot be shown hides no other, says why, and can be saved and deleted", async () => {
  const storage = new Storage(null);
  const library = new RunLibrary(storage);
  const { card, curves, bytes, text } = example();
  await library.add(card, curves, bytes, text);
  const odd = { ...card, id: "2-b", name: "Odd", createdAt: 9e15 };
  await storage.setAll({ "runs/2-b": odd, "run-curves/2-b": curves, "run-checkpoint/2-b/30": bytes.last });
  for (const [id, nonsense] of [["3-c", null], ["4-d", 5], ["5-e", {}], ["6-f", { ...card, id: "6-f", plan: { ...card.plan, data_name: 7 } }]]) await storage.set(`runs/${id}`, nonsense);
  assert.deepEqual((await library.cards()).map(({ id }) => id), ["1-a"]);
  const broken = await library.broken();
  assert.deepEqual(broken.map(({ id }) => id), ["2-b", "3-c", "4-d", "5-e", "6-f"]);
  assert.equal(broken[0].name, "Odd");
  assert.match(broken[0].why, /"createdAt" is 9,000,000,000,000,000/);
  assert.deepEqual(Object.keys(await library.pieces("2-b")), ["card.json", "curves.json", "step-30.safetensors"]);
  assert.equal(await library.card("2-b"), null);
  await library.purge();
  assert.equal((await library.cards()).length, 1);
  for (const { id } of broken) await library.forget(id);
  assert.deepEqual(await library.broken(), []);
  assert.equal((await library.cards()).length, 1);
  // Curves that cannot be shown are said to be so; the models are still there.
  await storage.set("run-curves/1-a", { ...curves, facts: { ...curves.facts, samples: Array(1000).fill({ step: 1, text: "" }) } });
  await assert.rejects(library.curves("1-a"), /"facts.samples" has 1,000 entries/);
  assert.equal((await library.bytes(card, "last")).length, 60);
});

test("a library keeps trainings with their last and best models, and forgets nothing else", async () => {
  const library = new RunLibrary(new Storage(null));
  const { card: { choices, plan }, curves, text } = example();
  await library.create({ id: "1-a", choices, plan }, curves, text);
  await library.create({ id: "2-b", choices, plan }, curves, null);
  assert.deepEqual((await library.cards()).map(({ name }) => name).toSorted(), ["Meer", "Meer 2"]);
  const at = (/** @type {number} */ step) => ({ ...curves, facts: { ...curves.facts, step } });
  const keep = async (/** @type {number} */ step, /** @type {{ step: number, loss: number } | null} */ best) =>
    library.snapshot("1-a", { state: "running", plan: { ...plan, train: { ...plan.train, steps: 40 + step } }, curves: at(step), bytes: await bytesOf(checkpoint(step, step)), best });
  await keep(10, { step: 10, loss: 2 });
  await keep(20, null);
  const kept = await keep(30, null);
  const card = /** @type {NonNullable<typeof kept>} */ (kept).card;
  assert.deepEqual(card.last, { step: 30, size: 30 });
  assert.equal(card.plan.train.steps, 70);
  assert.deepEqual(card.best, { step: 10, size: 10, loss: 2, evaluatedAt: 10 });
  assert.equal((await library.bytes(card, "best")).length, 10);
  assert.equal((await library.bytes(card, "last")).length, 30);
  assert.equal(sizeOf(card), 40 + card.textSize);
  await library.update("1-a", { name: "Sea" });
  await keep(40, { step: 40, loss: 1 });
  const renamed = /** @type {typeof card} */ (await library.card("1-a"));
  assert.equal(renamed.name, "Sea");
  assert.equal(sizeOf(renamed), 40 + card.textSize);
  await assert.rejects(library.bytes(card, "last"), /Nothing of .* is kept/);
});

test("a deleted training can be taken back for a while, and its room is freed later", async (t) => {
  t.mock.timers.enable({ apis: ["Date", "setTimeout"], now: 1_000_000 });
  const storage = new Storage(null);
  const library = new RunLibrary(storage);
  const { card, curves, bytes, text } = example();
  await library.add(card, curves, bytes, text);
  const keys = (await storage.keys()).length;
  await library.remove(card.id);
  assert.deepEqual(await library.cards(), []);
  await library.takeBack(card.id);
  assert.equal((await library.cards()).length, 1);
  await library.remove(card.id);
  await library.purge();
  assert.equal((await storage.keys()).length, keys);
  t.mock.timers.setTime(1_000_000 + UNDO_MS);
  await library.purge();
  assert.deepEqual(await storage.keys(), []);
});

test("what an older version of the page kept is taken over", async () => {
  const storage = new Storage(null);
  const { card, curves: { facts, history }, bytes, text } = example();
  const { choices, plan, savedAt, state } = card;
  await storage.set("train-run/1700000000000-abc", { id: "1700000000000-abc", savedAt, state, choices, plan, facts, history, bytes: bytes.last });
  await storage.set("train-text/1700000000000-abc", text);
  await storage.set("train-run/broken", { id: "broken" });
  const library = new RunLibrary(storage);
  await library.takeOver();
  const [taken] = await library.cards();
  assert.deepEqual([taken.id, taken.name, taken.createdAt, taken.last, taken.lowest], ["1700000000000-abc", "Meer", 1700000000000, { step: 30, size: 60 }, { step: 30, loss: 0.1 }]);
  assert.equal(await library.text(taken.id), text);
  assert.deepEqual((await library.curves(taken.id))?.history, history);
  assert.deepEqual(await library.bytes(taken, "last"), await bytesOf(bytes.last));
  // What is given away is the taker's own: where a browser keeps things in memory only, it must stay whole.
  (await library.bytes(taken, "last")).fill(0);
  assert.deepEqual(await library.bytes(taken, "last"), await bytesOf(bytes.last));
  assert.deepEqual(await storage.keys("train-"), ["train-run/broken"]);
});

test("a name that is taken gets a number", () => {
  assert.equal(freeName("Names", new Set()), "Names");
  assert.equal(freeName("Names", new Set(["Names", "Names 2"])), "Names 3");
});

/**
 * A training on a made-up clock: the engine makes steps and gives snapshots between two of them, the page asks when the
 * pace says so. Milliseconds: `step` a step, `took` to copy the numbers, `stored` to put them on the disk.
 * @param {{ step: number, took: number, stored: number }} times
 * @returns {{ lost: number, share: number, count: number }} the most that was missing on the disk, and the time that copying took
 */
function paced({ step, took, stored }) {
  const pace = new SnapshotPace();
  pace.begin(0);
  let [now, spent, count, lost, onDisk] = [0, 0, 0, 0, 0];
  /** When one was asked for. @type {number | null} */ let asked = null;
  /** @type {{ asked: number, taken: number, at: number } | null} */ let writing = null;
  while (now < 600_000) {
    const end = now + step;
    // What the page does while the step is under way: a timer, a report or the end of a write has it look again.
    const settle = (/** @type {number} */ until) => {
      if (writing && writing.at <= until) {
        lost = Math.max(lost, writing.at - onDisk);
        onDisk = writing.taken;
        pace.wrote({ asked: writing.asked, taken: writing.taken, took, stored: writing.at, best: false });
        const due = Math.max(pace.dueAt(step), writing.at);
        writing = null;
        if (due < until) asked = due;
      } else if (!writing && asked === null && pace.dueAt(step) < until) {
        asked = Math.max(pace.dueAt(step), now);
      }
    };
    settle(end);
    settle(end);
    now = end;
    if (asked === null || writing) continue;
    writing = { asked, taken: now, at: now + took + stored };
    asked = null;
    now += took;
    spent += took;
    count++;
  }
  return { lost, share: spent / now, count };
}

test("a reload costs at most two seconds of training, or the step under way, at any size", () => {
  for (const step of [1, 20, 150, 400, 900, 1400, 1900, 3000, 9000]) {
    for (const [took, stored] of [[1, 5], [10, 40], [40, 150], [60, 400], [40, 900]]) {
      const { lost, share, count } = paced({ step, took, stored });
      // One after the other: while one is written no other is taken, and the step under way is waited for.
      const least = step + 2 * (took + stored);
      assert.ok(lost <= Math.max(2000, least), `a step of ${step}, ${took} and ${stored}: ${lost} lost`);
      // On a slow disk less is lost rather than little time taken.
      assert.ok(share < (stored < 400 ? 1 / 20 : 1 / 14), `a step of ${step}, ${took} and ${stored}: ${share} of the time`);
      assert.ok(count > 30, `${count} of a step of ${step}`);
    }
  }
});

test("a snapshot that took long is asked for sooner the next time, and a best model out of turn seldom", () => {
  const pace = new SnapshotPace();
  pace.begin(0);
  assert.equal(pace.dueAt(0), 800);
  assert.ok(pace.bestDue(0));
  pace.wrote({ asked: 1000, taken: 1010, took: 1, stored: 1200, best: true });
  assert.equal(pace.dueAt(0), 1010 + 2000 - 200 - 300);
  assert.equal(pace.bestDue(1200 + 40 * 200 - 1), false);
  assert.ok(pace.bestDue(1200 + 40 * 200));
  pace.wrote({ asked: 3000, taken: 4000, took: 1, stored: 5000, best: false });
  assert.equal(pace.dueAt(0), 4000, "at once");
  for (let i = 0; i < 4; i++) pace.wrote({ asked: 6000, taken: 6000, took: 1, stored: 6000, best: false });
  assert.equal(pace.dueAt(0), 6000 + 1800, "what is long past counts no more");
});
