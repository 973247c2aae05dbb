// Broken and hostile inputs of the page in great number: exported trainings, archives, links, texts and what the storage
// may hold. Each is taken, or refused with words; what was taken can be shown, and is within its limits.
//
// An input follows from its kind and its seed alone. tests/js/fuzz.test.mjs tries a fixed number of each; by itself this
// goes on for as long as it is told:
//
//   FUZZ_SECONDS=3600 node tests/fuzz/page.mjs
//   FUZZ_KIND=trainings FUZZ_SEED=123 node tests/fuzz/page.mjs     # one input again

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { axisNumber, logTicks, spread } from "../../www/js/charts/curve-axis.js";
import { roundTicks } from "../../www/js/charts/ticks.js";
import { differences, results } from "../../www/js/runs/compare.js";
import { wrongInCard, wrongInCurves } from "../../www/js/runs/check.js";
import { readRun, writeRun } from "../../www/js/runs/file.js";
import { RunLibrary } from "../../www/js/runs/library.js";
import { Course, trajectories } from "../../www/js/train/course.js";
import { allMoments, allSamples, momentAt } from "../../www/js/train/progress/moment.js";
import { settingsFor, startRequest } from "../../www/js/train/presets.js";
import { LossHistory } from "../../www/js/charts/series.js";
import { curvesTable } from "../../www/js/train/progress/table.js";
import { norm, response, role, roleExplained } from "../../www/js/engine/physics.js";
import { readLink, writeLink } from "../../www/js/link/link.js";
import { State } from "../../www/js/page/state.js";
import { Storage } from "../../www/js/keep/storage.js";
import { UnknownEncoding, takeFile } from "../../www/js/text/intake.js";
import "../js/engine.mjs";
import { readZip, writeZip } from "../../www/js/files/zip.js";

/** @typedef {import("../../www/js/runs/file.js").Kept} Kept */

/** Random numbers of a seed. */
class Random {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** 0..below. Mulberry32, by Tommy Ettinger, in the public domain. @param {number} below */
  below(below) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  /** @param {number} times */
  onceIn(times) {
    return this.below(times) === 0;
  }

  /** @template T @param {readonly T[]} from @returns {T} */
  pick(from) {
    return from[this.below(from.length)];
  }
}

const NUMBERS = [0, -0, 1, -1, 2, 7, 63, 64, 65, 199, 200, 201, 1e3, 2048, 2049, 1e5, 65536, 2 ** 20, 2 ** 31, 2 ** 32, 2 ** 53, 9e15, 8.64e15, 1e19, 1e38, 3.5e38, 1e300, 1.7e308, 0.5, 1e-3, 1e-45, 5e-324];
const PIECES = ["a", " ", "\n", "\r\n", "\0", "é", "e\u0301", "🙂", "\ud83d", "\udc00", "\ufeff", "\u2028", "\ufffd", "<b>", "__proto__", "constructor", "&", "=", "%", "%zz", ",", ":", "+", "1.1", "NaN", "1e9", "-", "_", "."];

/** @param {Random} random */
const oddText = (random) => Array.from({ length: random.below(20) }, () => random.pick(PIECES)).join("");
/** @param {Random} random */
const oddNumber = (random) => random.pick(NUMBERS) * random.pick([1, 1, -1]);

/** @param {Random} random @returns {unknown} */
function oddValue(random) {
  const many = random.pick([0, 1, 100, 3000]);
  return random.pick([
    () => null, () => undefined, () => true, () => "", () => oddText(random), () => [], () => ({}), () => "x".repeat(random.pick([100, 30_000])),
    () => Array(many).fill(oddNumber(random)), () => Array.from({ length: many }, (_, step) => ({ step, text: "x", message: "x", loss: 1, perplexity: 1, accuracy: 1 })),
    () => Object.fromEntries(Array.from({ length: random.pick([1, 200]) }, (_, i) => [`k${i}`, i])), () => String(oddNumber(random)), () => oddNumber(random), () => oddNumber(random), () => oddNumber(random),
  ])();
}

/** Changes one place of a value. @param {any} value @param {Random} random @returns {any} */
function change(value, random) {
  if (typeof value !== "object" || value === null || random.onceIn(6)) return oddValue(random);
  const names = Object.keys(value);
  if (names.length === 0) return oddValue(random);
  const name = random.pick(names);
  if (Array.isArray(value)) {
    const at = Number(name);
    switch (random.below(6)) {
      case 0: value.splice(at, 1); break;
      case 1: value.splice(at, 0, structuredClone(value[at])); break;
      case 2: value.length = at; break;
      default: value[at] = change(value[at], random);
    }
    return value;
  }
  switch (random.below(6)) {
    case 0: delete value[name]; break;
    case 1: value[oddText(random)] = value[name]; break;
    case 2: value[name] = oddValue(random); break;
    default: value[name] = change(value[name], random);
  }
  return value;
}

/** @param {Uint8Array} bytes @param {Random} random @returns {Uint8Array<ArrayBuffer>} */
function changeBytes(bytes, random) {
  let changed = new Uint8Array(bytes);
  for (let i = 0; i <= random.below(4) && changed.length > 0; i++) {
    const at = random.below(changed.length);
    switch (random.below(5)) {
      case 0: changed[at] ^= 1 << random.below(8); break;
      case 1: changed[at] = random.below(256); break;
      case 2: changed = changed.slice(0, at); break;
      case 3: changed.set([0xff, 0xff, 0xff, 0xff].slice(0, changed.length - at), at); break;
      default: changed = new Uint8Array([...changed.subarray(0, at), ...changed.subarray(Math.max(0, at - random.below(30)))]);
    }
  }
  return changed;
}

/** The beginning of a safetensors file. */
function checkpoint() {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setBigUint64(0, 2n, true);
  bytes.set([0x7b, 0x7d], 8);
  return new Blob([bytes]);
}

/** @returns {Kept} */
function training() {
  const text = "Das Meer, ruhig.\n".repeat(5);
  /** @type {import("../../www/js/train/presets.js").Choices} */
  const choices = { data: "own", size: "small", tokenizer: "character", pieces: 512, settings: settingsFor("own", "small", { steps: 40 }) };
  const { text: _, ...plan } = startRequest(choices, text, "Meer");
  const heads = [[{ frequency: 1, damping: 0.1, phase: 0, gain: 1 }, { frequency: 2, damping: 0.2, phase: 1, gain: 1 }]];
  const [history, course] = [new LossHistory(), new Course()];
  for (let step = 1; step <= 30; step++) {
    history.add(step, 3 / step);
    course.progress(/** @type {any} */ ({ step, learning_rate: 1e-3, gradient_norm: 1, tokens_per_second: 1000 }));
    course.heads({ step, layers: heads });
    if (step % 10 === 0) course.sample({ step, text: "Das" });
  }
  const facts = {
    step: 30, parameters: 1000, vocabulary: 14, tokensPerSecond: 5e4, learningRate: 1e-3, secondsTrained: 3.5,
    evaluations: [10, 20, 30].map((step) => ({ step, loss: 3 / step, perplexity: Math.exp(3 / step), accuracy: 0.5 })),
    samples: [{ step: 10, text: "Das" }, { step: 20, text: "Meer" }], faults: [{ step: 3, message: "Odd." }], layers: heads, initialLayers: heads,
    control: { step: 30, steps: 40, schedule: /** @type {const} */ ("cosine"), warmup_steps: 4, peak_lr: 1e-3, min_lr: 1e-4, locks: [], changes: [{ step: 5, kind: /** @type {const} */ ("rate"), from: 1e-3, to: 2e-3 }] },
  };
  return {
    card: {
      id: "1-a", name: "Meer", createdAt: 1.7e12, savedAt: 1.7e12, state: "stopped", step: 30, lowest: { step: 30, loss: 0.1 }, choices, plan,
      last: { step: 30, size: 20 }, best: { step: 22, size: 20, loss: 0.15, evaluatedAt: 20 }, textSize: text.length,
    },
    curves: { facts, history: history.toJSON(), course: course.toJSON() }, bytes: { last: checkpoint(), best: checkpoint() }, text,
  };
}

const DATE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

/** Everything that the page does with a training before a person asks for more. @param {Kept["card"]} card @param {Kept["curves"]} curves */
function show(card, curves) {
  assert.ok(DATE.format(card.createdAt) && DATE.format(card.savedAt));
  const told = { facts: curves.facts, history: LossHistory.from(curves.history), course: Course.from(curves.course) };
  const { facts, history, course } = told;
  assert.ok(allSamples(told).length <= 300 && allMoments(told).length <= 401 && history.points().steps.length <= 2048);
  for (const at of [null, 0, 1, facts.step]) momentAt(told, at);
  for (const [layer] of facts.layers.entries()) trajectories(allMoments(told), layer);
  assert.ok(curvesTable(told).split("\n").length < 10_000);
  const values = [...history.points().losses, ...facts.evaluations.flatMap(({ loss, perplexity }) => [loss, perplexity]), ...facts.layers.flat().map(({ frequency }) => frequency)].filter(Number.isFinite);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  for (const log of [false, true]) {
    const ends = spread(low, high, log);
    assert.ok(ends.every(Number.isFinite) && ends[0] < ends[1], `an axis from ${ends[0]} to ${ends[1]}`);
    for (const tick of [...logTicks(...ends, 8), ...roundTicks(...ends, 8)]) axisNumber(tick);
  }
  const config = /** @type {any} */ ({ ...card.plan.model, vocab_size: facts.vocabulary });
  for (const head of facts.layers.flat().slice(0, 2)) {
    norm(head, config.field_size);
    if (config.field_size > 1) [response(head, config, 8), role(head, config), roleExplained(head, config)];
  }
  differences([card, card]);
  results([{ letter: "A", card, facts, state: "x" }, { letter: "B", card, facts, state: "x" }]);
  // It goes on: what it keeps stays bounded.
  history.add(history.lastStep + 1, 1);
  course.heads({ step: facts.step + 1, layers: facts.layers });
}

/** What is refused must say so in words of this page, not of the language. @param {unknown} error */
function refused(error) {
  const words = error instanceof Error ? error.message : String(error);
  assert.ok(error instanceof Error && error.constructor === Error && words.length > 15 && words.length < 3000, `it was refused by ${error instanceof Error ? error.stack : error}`);
}

/** As large and as odd as a training may just be. @param {any} run @param {Random} random */
function stretch(run, random) {
  const { facts, history, course } = run;
  const float = () => random.pick([0, 1e9, -1e9, 1e-45, 3.4e38, -3.4e38]);
  const head = () => ({ frequency: float(), damping: Math.abs(float()), phase: float(), gain: random.pick([0, 1, 1e9]) });
  const shape = Array.from({ length: random.onceIn(40) ? 64 : random.pick([1, 3]) }, () => (random.onceIn(40) ? 64 : random.pick([1, 4])));
  facts.layers = shape.map((heads) => Array.from({ length: heads }, head));
  facts.initialLayers = shape.map((heads) => Array.from({ length: heads }, head));
  const values = facts.layers.flat().flatMap((/** @type {any} */ { frequency, damping, phase }) => [frequency, damping, phase]);
  course.moments.items = Array.from({ length: random.pick([1, 20]) }, (_, i) => ({ step: 1 + i * random.pick([1, 1e6]), heads: shape, values })).filter((moment, i, all) => i === 0 || moment.step > all[i - 1].step);
  const measured = () => random.pick([0, 1e-300, 1, 1e300, null]);
  facts.evaluations = Array.from({ length: random.onceIn(10) ? 1000 : random.pick([0, 1, 5]) }, (_, step) => ({ step, loss: measured(), perplexity: measured(), accuracy: measured() }));
  facts.samples = Array.from({ length: random.onceIn(10) ? 200 : random.pick([0, 3]) }, (_, step) => ({ step, text: oddText(random) }));
  const buckets = random.onceIn(10) ? 2048 : random.pick([0, 1, 9]);
  Object.assign(history, { width: random.pick([1, 2 ** 20]), lastStep: random.pick([buckets, 1e9]), sums: Array(buckets).fill(random.pick([0, 1e-300, 1e300, null])), counts: Array(buckets).fill(random.pick([0, 1, 1e9, null])), ends: Array.from({ length: buckets }, (_, i) => i) });
  run.createdAt = random.pick([0, 7e12]);
  run.name = "n".repeat(random.pick([1, 200]));
  run.plan.model.field_size = random.onceIn(40) ? 2 ** 22 : random.pick([0, 2, 1000]);
}

/** @param {Random} random */
async function aTraining(random) {
  const zip = await readZip(await writeRun(training()));
  /** @type {Record<string, Blob>} */
  const files = {};
  for (const name of zip.names) files[name] = await zip.file(name);
  let run = JSON.parse(await files["run.json"].text());
  if (random.onceIn(2)) stretch(run, random);
  for (let i = 0; i < random.below(4); i++) run = change(run, random);
  files["run.json"] = new Blob([JSON.stringify(run) ?? "null"]);
  if (random.onceIn(10)) files[random.pick(Object.keys(files))] = new Blob([oddText(random)]);
  await taken(await writeZip(files));
}

/** @param {Blob} file */
async function taken(file) {
  let kept;
  try {
    kept = await readRun(file, "2-b");
  } catch (error) {
    return refused(error);
  }
  assert.equal(wrongInCard(kept.card), "");
  assert.equal(wrongInCurves(kept.curves), "");
  show(kept.card, kept.curves);
  const again = await readRun(await writeRun(kept), "3-c");
  assert.equal(again.card.name, kept.card.name);
  assert.deepEqual(again.curves.facts, kept.curves.facts);
}

/** @param {Random} random */
async function anArchive(random) {
  await taken(new Blob([changeBytes(new Uint8Array(await (await writeRun(training())).arrayBuffer()), random)]));
}

const LINKS = [
  "prompt=ROMEO%3A%0A&temp=0.5&seed=7&stop=a,b&heads=Shakespeare:1.3.f1.25.g0,2.1.d0.5&steps=500&size=large&text=shakespeare",
  "coupling=Shakespeare:1.1_0.5_0.25_0.25,2.2_1_0_0&model=Other&length=400&top-k=40&likeliest=yes&at-limit=run-on&read-as=pieces&vocabulary=600",
];

/** @param {Random} random */
function aLink(random) {
  let link = random.pick(LINKS);
  for (let i = 0; i <= random.below(4); i++) {
    const at = random.below(link.length + 1);
    const piece = random.pick([() => oddText(random), () => String(oddNumber(random)), () => "", () => random.pick(LINKS).slice(random.below(60)), () => "1.1.f1,".repeat(random.pick([1, 5000])), () => "x".repeat(random.pick([300, 50_000]))])();
    link = link.slice(0, at) + piece + link.slice(at + random.below(12));
  }
  const read = readLink(link);
  if (!read) return;
  for (const fault of read.faults) assert.ok(fault.length < 400, fault);
  assert.ok(read.page.prompt.length <= 8000 && read.page.settings.stop.join("").length <= 200 && read.page.heads.length <= 4096);
  const written = writeLink(read.page);
  const again = readLink(`#${written}`);
  assert.deepEqual(again?.faults ?? [], [], `of ${written}`);
  assert.equal(again ? writeLink(again.page) : "", written);
}

/** @param {Random} random */
async function aText(random) {
  const text = `${oddText(random)} Das Meer, ruhig und groß. ${"Wort ".repeat(random.below(300))}`;
  const bytes = random.pick([
    () => new TextEncoder().encode(text), () => new Uint8Array(new Uint16Array(Array.from(text, (c) => c.charCodeAt(0))).buffer),
    () => Uint8Array.from(Array.from(text), (c) => c.charCodeAt(0) & 255), () => Uint8Array.from({ length: random.below(500) }, () => random.below(256)),
  ])();
  const file = new Blob([random.onceIn(2) ? changeBytes(bytes, random) : new Uint8Array(bytes)]);
  try {
    const { pieces, summary } = await takeFile(file, "text.txt", random.pick([null, null, "utf-8", "windows-1252"]));
    const whole = pieces.join("");
    assert.ok(!/\r|\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(whole), "line ends and half characters are gone");
    assert.equal(summary.characters, [...whole].length);
    assert.deepEqual(summary.distinct.length, new Set(whole).size);
  } catch (error) {
    if (error instanceof UnknownEncoding) assert.ok(error.choices.length > 0);
    else refused(error);
  }
}

/** @param {Random} random */
async function somethingStored(random) {
  const state = new State();
  let kept = /** @type {any} */ (structuredClone(state.kept()));
  for (let i = 0; i <= random.below(3); i++) kept = change(kept, random);
  state.restore(kept);
  const { settings, layer, pace, prompt } = state.kept();
  assert.ok(Array.isArray(settings?.stop) && Number.isFinite(settings.temperature) && Number.isInteger(layer) && Number.isFinite(pace) && typeof prompt === "string");
  const storage = new Storage(null);
  const library = new RunLibrary(storage);
  const { card, curves, bytes, text } = training();
  await library.add(card, curves, bytes, text);
  let odd = { ...training().card, id: "2-b" };
  let oddCurves = /** @type {any} */ (training().curves);
  for (let i = 0; i <= random.below(2); i++) odd = change(odd, random);
  if (random.onceIn(2)) oddCurves = change(oddCurves, random);
  await storage.setAll({ "runs/2-b": odd, "run-curves/2-b": oddCurves });
  await library.purge();
  const [cards, broken] = [await library.cards(), await library.broken()];
  assert.ok(cards.some(({ id }) => id === "1-a"), "the sound one is there");
  assert.ok(broken.length <= 1);
  for (const shown of cards) {
    let found;
    try {
      found = await library.curves(shown.id);
    } catch (error) {
      refused(error);
    }
    if (found) show(shown, found);
  }
  for (const { id } of broken) await writeZip(await library.pieces(id));
}

/** How many are tried in a test. @type {Record<string, { count: number, tryOut: (random: Random) => void | Promise<void> }>} */
export const KINDS = {
  trainings: { count: 250, tryOut: aTraining },
  archives: { count: 250, tryOut: anArchive },
  links: { count: 2000, tryOut: aLink },
  texts: { count: 800, tryOut: aText },
  storage: { count: 250, tryOut: somethingStored },
};

/**
 * Tries inputs from a seed on while it is told to go on; how many, and which failed.
 * @param {string} kind @param {number} first @param {(tried: number) => boolean} goesOn
 * @returns {Promise<{ tried: number, failed: string[] }>}
 */
export async function run(kind, first, goesOn) {
  /** @type {string[]} */
  const failed = [];
  let tried = 0;
  for (; goesOn(tried) && failed.length < 10; tried++) {
    const seed = (first + tried) >>> 0;
    try {
      await KINDS[kind].tryOut(new Random(seed));
    } catch (error) {
      failed.push(`FUZZ_KIND=${kind} FUZZ_SEED=${seed}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  return { tried, failed };
}

async function main() {
  const { FUZZ_SECONDS, FUZZ_KIND, FUZZ_SEED } = process.env;
  const kinds = Object.keys(KINDS).filter((kind) => !FUZZ_KIND || kind === FUZZ_KIND);
  if (kinds.length === 0) throw new Error("FUZZ_KIND names no kind.");
  let bad = 0;
  for (const kind of kinds) {
    const until = performance.now() + (1000 * Number(FUZZ_SECONDS ?? 10)) / kinds.length;
    const once = FUZZ_SEED !== undefined && FUZZ_SECONDS === undefined;
    const { tried, failed } = await run(kind, Number(FUZZ_SEED ?? Date.now() % 2 ** 32), once ? (tried) => tried < 1 : () => performance.now() < until);
    console.log(`${tried} ${kind} tried, ${failed.length} failed`);
    for (const why of failed) console.error(why);
    bad += failed.length;
  }
  process.exitCode = bad > 0 ? 1 : 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
