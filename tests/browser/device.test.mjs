// Where a training runs: the graphics card is proven before it is used, and left when it fails. Over
// SwiftShader, which is a software adapter and so is used only when it is chosen.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SWIFTSHADER } from "./chromium.mjs";
import { openEmpty, openPage } from "./launch.mjs";
import { generatePanel } from "./parts.mjs";

/** @typedef {import("../../www/js/protocol.js").DeviceStatus} DeviceStatus */
/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{device: DeviceStatus[], losses: [number, number][], evaluations: number[], samples: number[], tokens: number, ended: any, fatal: string | null}} Seen */

/** Longer than anything takes with two busy cores. */
const PATIENCE_MS = 120_000;

/** A page that holds nothing but the engine's client. @param {import("node:test").TestContext} t */
async function openLab(t) {
  const page = await openEmpty(t, SWIFTSHADER);
  page.setDefaultTimeout(PATIENCE_MS);
  await page.evaluate(async () => {
    const client = "./js/engine.js";
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
  });
  return page;
}

/** @param {Page} page @param {string} type @param {any} payload */
const ask = (page, type, payload = {}) =>
  page.evaluate(([type, payload]) => /** @type {any} */ (globalThis).engine.request(type, payload).then(() => null), /** @type {const} */ ([type, payload]));

/** What was seen so far. @param {Page} page @returns {Promise<Seen>} */
const seen = (page) => page.evaluate(() => /** @type {any} */ (globalThis).seen);

/** Waits until a status of the device has come. @param {Page} page @param {Partial<DeviceStatus>} wanted @param {number} [first] From which status on. */
const untilDevice = (page, wanted, first = 0) =>
  page.waitForFunction(([wanted, first]) => /** @type {any} */ (globalThis).seen.device.slice(first)
    .some((/** @type {any} */ status) => Object.entries(wanted).every(([key, value]) => status[key] === value)), /** @type {const} */ ([wanted, first]));

/** @param {Page} page @param {number} step */
const untilStep = (page, step) => page.waitForFunction((step) => (/** @type {any} */ (globalThis).seen.losses.at(-1)?.[0] ?? 0) >= step, step);
/** @param {Page} page */
const untilEnded = (page) => page.waitForFunction(() => /** @type {any} */ (globalThis).seen.ended);

const TEXT = "the quick brown fox jumps over the lazy dog. ".repeat(100);

/** @param {Page} page @param {number} steps */
const train = (page, steps) => ask(page, "train_start", {
  text: TEXT,
  data_name: "foxes",
  tokenizer: { kind: "character", vocab_size: 0 },
  model: { embedding_dim: 16, num_layers: 2, num_heads: 2, ffn_dim: 32, max_seq_len: 25, field_size: 73, interference_interval: 2, position_scale: 0.03 },
  train: {
    batch_size: 6, seq_len: 24, steps, warmup_steps: 5, peak_lr: 2e-3, min_lr: 1e-5, weight_decay: 0.01, beta1: 0.9, beta2: 0.999,
    eps: 1e-8, clip_norm: 1, dropout: 0.1, seed: 1,
  },
  evaluate_every: 20,
  sample_every: 30,
  sample_prompt: "the",
});

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

/** @param {import("node:test").TestContext} t */
async function onProcessor(t) {
  reference ??= (async () => {
    const page = await openLab(t);
    await train(page, STEPS);
    await untilEnded(page);
    return seen(page);
  })();
  return reference;
}

/** @param {Page} page */
async function chooseGpu(page) {
  await ask(page, "set_device", { choice: "gpu" });
  await untilDevice(page, { phase: "ready" });
}

/** A training that is on the graphics card by now, and some steps on its way. @param {import("node:test").TestContext} t */
async function trainOnGpu(t) {
  const page = await openLab(t);
  await chooseGpu(page);
  await train(page, STEPS);
  await untilDevice(page, { backend: "gpu" });
  await untilStep(page, 10);
  return page;
}

test("a software adapter is left alone unless it is chosen", async (t) => {
  const page = await openLab(t);
  await ask(page, "set_device", { choice: "auto" });
  await untilDevice(page, { phase: "refused" });
  const { device } = await seen(page);
  assert.match(device.at(-1)?.why ?? "", /software that itself runs on the processor/);
  assert.equal(device.at(-1)?.adapter?.software, true);
  await chooseGpu(page);
  const { checks } = (await seen(page)).device.at(-1) ?? {};
  assert.ok(checks && checks.length > 100 && checks.every(({ error, allowed }) => error <= allowed), JSON.stringify(checks));
});

test("a training on the graphics card follows the processor's; its text is written meanwhile", async (t) => {
  const expected = await onProcessor(t);
  const page = await trainOnGpu(t);
  await ask(page, "train_adopt");
  await ask(page, "generate", {
    run: "a", prompt: "the", original: false, pace: 0,
    settings: { temperature: 0.8, top_k: 0, top_p: 1, repetition_penalty: 1, seed: 1, max_tokens: 100, stop: [], at_limit: "reread" },
  });
  await untilEnded(page);
  const found = await seen(page);
  assert.equal(found.tokens, 100);
  assertFollows(found, expected, STEPS);
  assert.deepEqual(found.evaluations, expected.evaluations);
  assert.deepEqual(found.samples, expected.samples);
});

test("a training moves from device to device without losing a step", async (t) => {
  const expected = await onProcessor(t);
  const page = await trainOnGpu(t);
  const before = (await seen(page)).device.length;
  await ask(page, "set_device", { choice: "cpu" });
  await untilDevice(page, { backend: "cpu" }, before);
  await ask(page, "set_device", { choice: "gpu" });
  await untilEnded(page);
  assertFollows(await seen(page), expected, STEPS);
});

test("a training that is saved on the graphics card goes on from there on the processor", async (t) => {
  const expected = await onProcessor(t);
  const page = await trainOnGpu(t);
  await ask(page, "train_pause");
  const step = await page.evaluate(async (text) => {
    const { engine, seen } = /** @type {any} */ (globalThis);
    const { bytes, step } = await engine.request("train_snapshot", {});
    const reached = seen.losses.length;
    engine.restart();
    await engine.request("train_resume_from", { bytes: await bytes.arrayBuffer(), text });
    await engine.request("train_continue", {});
    if (reached !== step) throw new Error(`the snapshot is of step ${step}, but ${reached} steps were reported`);
    return step;
  }, TEXT);
  assert.ok(step >= 10 && step < STEPS, `stopped at step ${step}`);
  await untilEnded(page);
  assertFollows(await seen(page), expected, STEPS);
});

test("left to itself, a training races and stays where it is faster, without losing or repeating a step", async (t) => {
  const expected = await onProcessor(t);
  const page = await openLab(t);
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
  // A software adapter is slower than the processor that it runs on.
  assert.equal(status.backend, "cpu");
  assert.match(status.why, /The processor trains faster here or as fast/);
  assertFollows(found, expected, STEPS);
});

test("a graphics card that is lost costs a few steps and one message", async (t) => {
  const expected = await onProcessor(t);
  const page = await trainOnGpu(t);
  await ask(page, "break_device", { how: "lose" });
  await untilEnded(page);
  const found = await seen(page);
  assertFollows(found, expected, STEPS);
  const lost = found.device.filter(({ phase }) => phase === "lost");
  assert.equal(lost.length, 1, "one message");
  assert.match(lost[0].why, /Training goes on on the processor from step/);
});

test("a graphics card that is lost after a training has ended takes nothing of it along", async (t) => {
  const page = await openLab(t);
  await chooseGpu(page);
  await train(page, 12);
  await untilDevice(page, { backend: "gpu" });
  await untilEnded(page);
  await ask(page, "break_device", { how: "lose" });
  await ask(page, "train_adopt");
  const [info, { device }] = await Promise.all([page.evaluate(() => /** @type {any} */ (globalThis).engine.request("model_info", {})), seen(page)]);
  assert.match(info.name, /12 steps/);
  assert.match(device.find(({ phase }) => phase === "lost")?.why ?? "", /The trained model was kept as of step 12\.$/);
});

test("a graphics card that computes wrong numbers is not used, even when it is chosen", async (t) => {
  const page = await openLab(t);
  await ask(page, "break_device", { how: "numbers" });
  await ask(page, "set_device", { choice: "gpu" });
  await untilDevice(page, { phase: "refused" });
  assert.match((await seen(page)).device.at(-1)?.why ?? "", /computes wrong numbers \(matrix product with bias: off by \d\.\de-3, where \de-6 is allowed\), so training stays on the processor/);
  await train(page, 5);
  await untilEnded(page);
  const { device, losses } = await seen(page);
  assert.equal(device.at(-1)?.backend, "cpu");
  assert.equal(losses.length, 5);
});

test("a graphics card that begins to compute wrong numbers is left, with how far they are off", async (t) => {
  const page = await openLab(t);
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
});

test("a graphics card that compiles no shader is not used", async (t) => {
  const page = await openLab(t);
  await ask(page, "break_device", { how: "shader" });
  await ask(page, "set_device", { choice: "gpu" });
  await untilDevice(page, { phase: "refused" });
  assert.match((await seen(page)).device.at(-1)?.why ?? "", /failed its test/);
});

test("without a graphics card the page says so, and the choice stays over a reload", async (t) => {
  const page = await openPage(t);
  const block = page.locator(".train-device");
  await block.getByText("so everything is computed on the processor").waitFor();
  assert.match(await block.innerText(), /Trains on the processor\./);
  await block.getByRole("radio", { name: "Processor", exact: true }).check({ force: true });
  await block.getByText("You chose the processor.").waitFor();
  // Kept a moment later.
  await page.evaluate(async () => {
    const module = "./js/storage.js";
    const { storage } = await import(new URL(module, document.baseURI).href);
    while ((await storage.get("state"))?.deviceChoice !== "cpu") await new Promise((resolve) => setTimeout(resolve, 20));
  });
  await page.reload();
  await block.getByText("You chose the processor.").waitFor();
  assert.ok(await block.getByRole("radio", { name: "Processor", exact: true }).isChecked());
});

test("the page trains on the graphics card, and on without it when the engine stops", async (t) => {
  const page = await openPage(t, { flags: SWIFTSHADER, expected: [/panic|unreachable|RuntimeError/] });
  page.setDefaultTimeout(PATIENCE_MS);
  const block = page.locator(".train-device");
  await block.getByText("software that itself runs on the processor").waitFor();
  await block.getByRole("radio", { name: "Graphics card", exact: true }).check({ force: true });
  await block.getByText("computes what the processor computes").waitFor();
  await generatePanel(page).getByLabel("Prompt", { exact: true }).fill("A prompt of my own");
  await page.getByRole("button", { name: "Start training" }).click();
  await block.getByText("Trains on the graphics card").waitFor();
  await page.getByText(/Saved at step [1-9]/).waitFor();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await block.getByRole("button", { name: "Copy device report" }).click();
  await block.getByRole("button", { name: "Copied" }).waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /Version: \d[\s\S]*Trains on: gpu[\s\S]*Check: matrix product with bias, off by .*: right/);
  await page.workers()[0].evaluate(() => {
    self.onmessage?.(new MessageEvent("message", { data: { type: "break_device", id: 0, payload: { how: "panic" } } }));
  });
  await page.getByText("The engine stopped and was started again.").waitFor();
  await page.getByText("Trains on the processor").waitFor();
  await block.getByText("The engine stopped once, so training stays on the processor").waitFor();
  const savedAt = await page.getByText(/Training goes on on the processor from step/).innerText();
  const step = Number(/from step ([\d,]+)/.exec(savedAt)?.[1].replace(",", ""));
  await page.waitForFunction((step) => {
    const figure = [...document.querySelectorAll(".train-figures div")].find((cell) => cell.textContent?.startsWith("Step"));
    return Number(/([\d,]+) of/.exec(figure?.textContent ?? "")?.[1].replace(",", "")) > step;
  }, step);
  assert.equal(await generatePanel(page).getByLabel("Prompt", { exact: true }).inputValue(), "A prompt of my own");
  assert.equal(await page.getByText("The engine stopped.", { exact: true }).count(), 0, "no second message");
});
