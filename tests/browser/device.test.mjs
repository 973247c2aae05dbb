// Where a training runs: the graphics card is proven before it is used, and left when it fails. Over
// SwiftShader, which is a software adapter and so is used only when it is chosen.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gpuWins } from "../../www/js/worker/device.js";
import { SWIFTSHADER } from "./chromium.mjs";
import { at } from "./launch.mjs";
import { breakDevice, generatePanel, go } from "./parts.mjs";
import { SHORT, passesStep, start } from "./train-parts.mjs";
import { eventually, holdTraining, kept, words } from "./wait.mjs";

const { onePage, openPage } = at("train");

/** @typedef {import("../../www/js/engine/protocol.js").DeviceStatus} DeviceStatus */
/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{device: DeviceStatus[], losses: [number, number][], evaluations: number[], samples: number[], tokens: number, ended: any, fatal: string | null}} Seen */

/**
 * A page that holds nothing but the engine's client. Proving an adapter costs more than what is proven with it, so the
 * tests share an engine that has proven it; those that break it have one of their own.
 */
const lab = ({ products = false } = {}) => onePage({ empty: true, flags: SWIFTSHADER }, (page) => page.evaluate(async (products) => {
  const client = "/sources/js/engine/client.js";
  const { Engine } = await import(new URL(client, document.baseURI).href);
  const engine = new Engine();
  /** @type {Seen} */
  const seen = { device: [], losses: [], evaluations: [], samples: [], tokens: 0, ended: null, fatal: null };
  const note = (/** @type {string} */ event, /** @type {(detail: any) => void} */ to) => engine.on(event, to);
  note("device", (status) => seen.device.push(status));
  note("train_progress", ({ losses }) => seen.losses.push(...losses));
  note("train_evaluation", ({ step }) => seen.evaluations.push(step));
  note("train_sample", ({ step }) => seen.samples.push(step));
  note("train_ended", (detail) => (seen.ended = detail));
  note("tokens", ({ tokens }) => (seen.tokens += tokens.length));
  note("fatal", ({ message }) => (seen.fatal = message));
  Object.assign(globalThis, { engine, seen });
  if (products) await engine.request("break_device", { how: "products" });
}, products));
const proven = lab();
/** What comes after a proof does not depend on how much was proven. */
const broken = lab({ products: true });

/** @param {Page} page @param {string} type @param {any} payload */
const ask = (page, type, payload = {}) =>
  page.evaluate(([type, payload]) => /** @type {any} */ (globalThis).engine.request(type, payload).then(() => null), /** @type {const} */ ([type, payload]));

/** What was seen so far. @param {Page} page @returns {Promise<Seen>} */
const seen = (page) => page.evaluate(() => /** @type {any} */ (globalThis).seen);

/** Waits until a status of the device has come. @param {Page} page @param {Partial<DeviceStatus>} wanted @param {number} [first] From which status on. */
const untilDevice = (page, wanted, first = 0) =>
  page.waitForFunction(([wanted, first]) => /** @type {any} */ (globalThis).seen.device.slice(first)
    .some((/** @type {any} */ status) => Object.entries(wanted).every(([key, value]) => status[key] === value)), /** @type {const} */ ([wanted, first]));

/** Waits until a step is reached. @param {Page} page @param {number} step */
const untilStep = (page, step) => page.waitForFunction((step) => /** @type {any} */ (globalThis).seen.losses.length >= step, step);

/** @param {Page} page */
const untilEnded = (page) => page.waitForFunction(() => /** @type {any} */ (globalThis).seen.ended);

/** The training can be held there. */
const EVALUATE_EVERY = 20;
const TEXT = "the quick brown fox jumps over the lazy dog. ".repeat(100);

/** Starts a training, and forgets what was seen of the one before. @param {Page} page @param {number} steps */
async function train(page, steps) {
  await page.evaluate(() => {
    const { seen } = /** @type {any} */ (globalThis);
    Object.assign(seen, { device: [], losses: [], evaluations: [], samples: [], tokens: 0, ended: null });
  });
  await ask(page, "train_start", {
    text: TEXT,
    data_name: "foxes",
    tokenizer: { kind: "character", vocab_size: 0 },
    model: { embedding_dim: 16, num_layers: 2, num_heads: 2, ffn_dim: 32, max_seq_len: 25, field_size: 73, interference_interval: 2, position_scale: 0.03 },
    train: {
      batch_size: 6, seq_len: 24, steps, warmup_steps: 5, peak_lr: 2e-3, min_lr: 1e-5, weight_decay: 0.01, beta1: 0.9, beta2: 0.999,
      eps: 1e-8, clip_norm: 1, dropout: 0.1, seed: 1,
    },
    evaluate_every: EVALUATE_EVERY,
    sample_every: 30,
    sample_prompt: "the",
  });
}

/** Each step has one loss, and they are those of the processor. @param {Seen} found @param {Seen} expected @param {number} steps */
function assertFollows(found, expected, steps) {
  assert.deepEqual(found.losses.map(([step]) => step), Array.from({ length: steps }, (_, i) => i + 1), "every step once, in order");
  found.losses.forEach(([step, loss], i) => {
    const [, wanted] = expected.losses[i];
    assert.ok(Math.abs(loss - wanted) <= 0.01 * wanted, `step ${step}: ${loss} for ${wanted}`);
  });
}

const STEPS = 60;
/** The same training on the processor. @type {Promise<Seen> | null} */
let reference = null;

/** @param {Page} page */
async function onProcessor(page) {
  reference ??= (async () => {
    await ask(page, "set_device", { choice: "cpu" });
    await train(page, STEPS);
    await untilEnded(page);
    return seen(page);
  })();
  return reference;
}

/** Waits until the graphics card is proven. @param {Page} page */
async function chooseGpu(page) {
  await ask(page, "set_device", { choice: "gpu" });
  await eventually(async () => (await seen(page)).device.at(-1)?.phase, "ready");
}

/** A training that is on the graphics card by now, and held at its first evaluation. @param {Page} page */
async function trainOnGpu(page) {
  await chooseGpu(page);
  const training = await holdTraining(page, 0);
  await train(page, STEPS);
  await training.held();
  await untilDevice(page, { backend: "gpu" });
  return training;
}

/** Another engine, which knows of nothing. @param {Page} page */
const fresh = (page) => page.evaluate(async () => {
  const { engine, seen } = /** @type {any} */ (globalThis);
  engine.restart();
  seen.device = [];
  await engine.request("break_device", { how: "products" });
});

test("a software adapter is left alone unless it is chosen", proven(async (page) => {
  await ask(page, "set_device", { choice: "auto" });
  await untilDevice(page, { phase: "refused" });
  const refused = (await seen(page)).device.find(({ phase }) => phase === "refused");
  assert.match(refused?.why ?? "", /software that itself runs on the processor/);
  assert.equal(refused?.adapter?.software, true);
  await chooseGpu(page);
  const { checks } = (await seen(page)).device.at(-1) ?? {};
  assert.ok(checks && checks.length > 100 && checks.every(({ error, allowed }) => error <= allowed), JSON.stringify(checks));
}));

// More than ten seconds: the software adapter compiles the proof's shaders first.
test("a training on the graphics card follows the processor's; its text is written meanwhile", proven(async (page) => {
  const expected = await onProcessor(page);
  const training = await trainOnGpu(page);
  const adopted = ask(page, "train_adopt");
  await training.release(1);
  await adopted;
  await training.held();
  await ask(page, "generate", {
    run: "a", prompt: "the", original: false, pace: 0,
    settings: { temperature: 0.8, top_k: 0, top_p: 1, repetition_penalty: 1, seed: 1, max_tokens: 100, stop: [], at_limit: "reread" },
  });
  await training.release();
  await untilEnded(page);
  const found = await seen(page);
  assert.equal(found.tokens, 100);
  assertFollows(found, expected, STEPS);
  assert.deepEqual(found.evaluations, expected.evaluations);
  assert.deepEqual(found.samples, expected.samples);
}));

test("a training moves from device to device without losing a step", proven(async (page) => {
  const expected = await onProcessor(page);
  const training = await trainOnGpu(page);
  const before = (await seen(page)).device.length;
  await ask(page, "set_device", { choice: "cpu" });
  await training.release(1);
  await untilDevice(page, { backend: "cpu" }, before);
  await training.held();
  await ask(page, "set_device", { choice: "gpu" });
  await training.release();
  await untilEnded(page);
  assertFollows(await seen(page), expected, STEPS);
}));

test("a training that is saved on the graphics card goes on from there on the processor", proven(async (page) => {
  const expected = await onProcessor(page);
  const training = await trainOnGpu(page);
  await ask(page, "train_pause");
  await training.release();
  const step = await page.evaluate(async (text) => {
    const { engine, seen } = /** @type {any} */ (globalThis);
    const { bytes, step } = await engine.request("train_snapshot", {});
    const reached = seen.losses.length;
    engine.restart();
    await engine.request("train_resume_from", { bytes: bytes.buffer, text });
    await engine.request("train_continue", {});
    if (reached !== step) throw new Error(`the snapshot is of step ${step}, but ${reached} steps were reported`);
    return step;
  }, TEXT);
  assert.equal(step, EVALUATE_EVERY, "where it was held");
  await untilEnded(page);
  assertFollows(await seen(page), expected, STEPS);
}));

test("left to itself, a training races and stays where it is faster, without losing or repeating a step", broken(async (page) => {
  const expected = await onProcessor(page);
  await ask(page, "break_device", { how: "software" });
  await ask(page, "set_device", { choice: "auto" });
  await untilDevice(page, { phase: "ready" });
  // Or the processor's workers are tried first, which takes more steps than there are.
  await ask(page, "set_workers", { workers: 1 });
  await train(page, STEPS);
  await untilEnded(page);
  const found = await seen(page);
  assert.deepEqual(found.losses.map(([step]) => step), expected.losses.map(([step]) => step));
  const racing = found.device.findIndex(({ phase }) => phase === "racing");
  assert.ok(racing >= 0, "they raced");
  const status = found.device.at(-1);
  assert.ok(status && status.speeds.cpu && status.speeds.gpu, "both speeds are known");
  const wins = gpuWins({ cpu: status.speeds.cpu, gpu: status.speeds.gpu, right: true });
  assert.equal(status.backend, wins ? "gpu" : "cpu");
  assert.match(status.why, wins ? /The graphics card trains faster/ : /The processor trains faster here or as fast/);
  assertFollows(found, expected, STEPS);
}));

test("a graphics card that is lost costs a few steps and one message", broken(async (page) => {
  const expected = await onProcessor(page);
  const training = await trainOnGpu(page);
  await ask(page, "break_device", { how: "lose" });
  await training.release();
  await untilEnded(page);
  const found = await seen(page);
  assertFollows(found, expected, STEPS);
  const lost = found.device.filter(({ phase }) => phase === "lost");
  assert.equal(lost.length, 1, "one message");
  assert.match(lost[0].why, /Training goes on on the processor from step/);
}));

test("a graphics card that is lost after a training has ended takes nothing of it along", broken(async (page) => {
  await chooseGpu(page);
  await train(page, 12);
  await untilDevice(page, { backend: "gpu" });
  await untilEnded(page);
  await ask(page, "break_device", { how: "lose" });
  await ask(page, "train_adopt");
  const [info, { device }] = await Promise.all([page.evaluate(() => /** @type {any} */ (globalThis).engine.request("model_info", {})), seen(page)]);
  assert.match(info.name, /12 steps/);
  assert.match(device.findLast(({ phase }) => phase === "lost")?.why ?? "", /The trained model was kept as of step 12\.$/);
}));

test("a graphics card that computes wrong numbers is not used, even when it is chosen", broken(async (page) => {
  await fresh(page);
  await ask(page, "break_device", { how: "numbers" });
  await ask(page, "set_device", { choice: "gpu" });
  await untilDevice(page, { phase: "refused" });
  assert.match((await seen(page)).device.find(({ phase }) => phase === "refused")?.why ?? "", /computes wrong numbers \(matrix product with bias: off by \d\.\de-3, where \de-6 is allowed\), so training stays on the processor/);
  await train(page, 5);
  await untilEnded(page);
  const { device, losses } = await seen(page);
  assert.equal(device.at(-1)?.backend, "cpu");
  assert.equal(losses.length, 5);
}));

test("a graphics card that begins to compute wrong numbers is left, with how far they are off", broken(async (page) => {
  await fresh(page);
  await chooseGpu(page);
  // More steps than are ever made.
  await train(page, 100_000);
  await untilDevice(page, { backend: "gpu" });
  await untilStep(page, 10);
  const before = (await seen(page)).device.length;
  await ask(page, "break_device", { how: "numbers" });
  await untilDevice(page, { phase: "lost", backend: "cpu" }, before);
  const { device } = await seen(page);
  const why = device.find(({ phase }) => phase === "lost")?.why ?? "";
  const [, step] = /^The graphics card began to compute wrong numbers \(.*: off by \d\.\de-\d, where \de-\d is allowed\)\. Training goes on on the processor from step ([\d,]+)/.exec(why) ?? [];
  assert.ok(step, why);
  await untilStep(page, Number(step.replaceAll(",", "")) + 20);
  await ask(page, "train_stop");
  await untilEnded(page);
  const found = await seen(page);
  assert.equal(found.device.at(-1)?.phase, "lost", "it is not tried again unless it is chosen");
  assert.deepEqual(found.losses.map(([step]) => step), found.losses.map((_, i) => i + 1), "every step once, in order");
  assert.ok(found.losses.every(([, loss]) => Number.isFinite(loss)));
}));

test("a graphics card that compiles no shader is not used", broken(async (page) => {
  await fresh(page);
  await ask(page, "break_device", { how: "shader" });
  await ask(page, "set_device", { choice: "gpu" });
  await untilDevice(page, { phase: "refused" });
  assert.match((await seen(page)).device.find(({ phase }) => phase === "refused")?.why ?? "", /failed its test/);
}));

test("without a graphics card the page says so, and the choice stays over a reload", async (t) => {
  const page = await openPage(t);
  const block = page.locator(".train-device");
  await block.getByText("Everything is computed on the processor.").waitFor();
  await words(block, /Trains on the processor\./);
  await block.getByRole("radio", { name: "Processor", exact: true }).check();
  await block.getByText("You chose the processor.").waitFor();
  // Kept a moment later.
  await kept(page, "state", (state) => state?.deviceChoice === "cpu");
  await page.reload();
  await block.getByText("You chose the processor.").waitFor();
  await eventually(() => block.getByRole("radio", { name: "Processor", exact: true }).isChecked(), true);
});

// More than ten seconds: the software adapter compiles the proof's shaders first.
test("the page trains on the graphics card, and on without it when the engine stops", async (t) => {
  const page = await openPage(t, { flags: SWIFTSHADER, expected: [/panic|unreachable|RuntimeError/] });
  const block = page.locator(".train-device");
  await block.getByText("software that itself runs on the processor").waitFor();
  await breakDevice(page, "products");
  await block.getByRole("radio", { name: "Graphics card", exact: true }).check();
  await block.getByText("computes what the processor computes").waitFor();
  await go(page, "Write");
  await generatePanel(page).getByLabel("Prompt", { exact: true }).fill("A prompt of my own");
  await start(page, { ...SHORT, Steps: 200_000 });
  await block.getByText("Trains on the graphics card").waitFor();
  await page.getByText(/Kept at step [1-9]/).waitFor();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await block.getByRole("button", { name: "Copy device report" }).click();
  await block.getByRole("button", { name: "Copied" }).waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /Version: \d[\s\S]*Trains on: gpu[\s\S]*Check: matrix product with bias, off by .*: right/);
  await breakDevice(page, "panic");
  await page.getByText("The engine stopped and was started again.").waitFor();
  await page.getByText("Trains on the processor").waitFor();
  await block.getByText("The engine stopped once, so training stays on the processor").waitFor();
  const savedAt = await page.getByText(/Training goes on on the processor from step/).innerText();
  const step = Number(/from step ([\d,]+)/.exec(savedAt)?.[1].replace(",", ""));
  await passesStep(page, step + 1);
  assert.equal(await generatePanel(page).getByLabel("Prompt", { exact: true }).inputValue(), "A prompt of my own");
  assert.equal(await page.getByText("The engine stopped.", { exact: true }).count(), 0, "no second message");
});
