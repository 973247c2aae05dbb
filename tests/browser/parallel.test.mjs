// Steps that several workers share: the same training with one worker and with two, helpers that end, and
// a training that is taken up again, in an empty page with the engine's client alone; then the choice on
// the page.

import assert from "node:assert/strict";
import { cpus } from "node:os";
import { test } from "node:test";
import { at } from "./launch.mjs";
import { button, reaches, start } from "./train-parts.mjs";
import { engines, eventually, holdTraining, kept } from "./wait.mjs";

const { onePage, openPage } = at("train");

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{losses: [number, number][], sharing: string[], most: number, digest: string, bytes: number[]}} Outcome */

const alone = cpus().length < 2 && "only one core";
const STEPS = 100;
/** The training waits there for what is to happen on the way. */
const EVALUATE_EVERY = 25;

/** Starts an engine in an empty page, and notes what it tells. @param {Page} page */
const listen = (page) => page.evaluate(async () => {
  const client = "/sources/js/engine/client.js";
  const { Engine } = await import(new URL(client, document.baseURI).href);
  const engine = new Engine();
  const seen = { workers: 1, most: 1, sharing: /** @type {string[]} */ ([]), losses: /** @type {[number, number][]} */ ([]), ended: false, paused: false };
  engine.on("device", (/** @type {any} */ status) => {
    seen.workers = status.workers;
    seen.most = Math.max(seen.most, status.workers);
    if (status.sharing && status.sharing !== seen.sharing.at(-1)) seen.sharing.push(status.sharing);
  });
  engine.on("train_ended", () => (seen.ended = true));
  engine.on("train_progress", (/** @type {any} */ { losses, state }) => {
    seen.losses.push(...losses);
    seen.paused = state === "paused";
  });
  Object.assign(globalThis, { engine, seen });
  // It answers once it is there.
  await engine.request("stop_generation", { run: null });
});

/** A page that holds nothing but the engine's client, for all tests. */
const shared = onePage({ empty: true }, listen);

/** What was seen of the training so far. @param {Page} page @returns {Promise<{workers: number, most: number, sharing: string[], losses: [number, number][], ended: boolean, paused: boolean}>} */
const seen = (page) => page.evaluate(() => /** @type {any} */ (globalThis).seen);

/** @param {Page} page @param {string} type @param {any} [payload] */
const ask = (page, type, payload = {}) =>
  page.evaluate(([type, payload]) => /** @type {any} */ (globalThis).engine.request(type, payload).then(() => null), /** @type {const} */ ([type, payload]));

/** Starts a training, or takes one up from a snapshot. @param {Page} page @param {{workers: number, steps?: number, from?: number[]}} course */
const begin = (page, course) => page.evaluate(async ({ workers, steps, from, every }) => {
  const { engine, seen } = /** @type {any} */ (globalThis);
  const text = "The sea was calm, the sky was wide, and nobody had seen the boat.\n".repeat(60);
  await engine.request("set_workers", { workers });
  Object.assign(seen, { workers: 1, most: 1, sharing: [], losses: [], ended: false, paused: false });
  if (from) {
    await engine.request("train_resume_from", { bytes: Uint8Array.from(from).buffer, text });
    return engine.request("train_continue", {}).then(() => null);
  }
  await engine.request("train_start", {
    text, data_name: "sea", tokenizer: { kind: "character", vocab_size: 0 },
    model: { embedding_dim: 32, num_layers: 2, num_heads: 4, ffn_dim: 64, field_size: 65, max_seq_len: 65, interference_interval: 2, position_scale: 0.03 },
    train: {
      // Sequences that cannot be shared evenly, and masks that must be those of the whole batch.
      batch_size: 5, seq_len: 64, steps, warmup_steps: 5, peak_lr: 5e-3, min_lr: 1e-4, weight_decay: 0.01,
      beta1: 0.9, beta2: 0.999, eps: 1e-8, clip_norm: 1, dropout: 0.1, seed: 1,
    },
    evaluate_every: every, sample_every: 0, sample_prompt: "The",
  });
}, { steps: STEPS, every: EVALUATE_EVERY, ...course });

/** Waits for the end, and gives what came of it. @param {Page} page @returns {Promise<Outcome>} */
async function ended(page) {
  await eventually(async () => (await seen(page)).ended, true);
  return outcome(page);
}

/** @param {Page} page @returns {Promise<Outcome>} */
async function outcome(page) {
  const bytes = await page.evaluate(async () => {
    const { bytes } = await /** @type {any} */ (globalThis).engine.request("train_snapshot", {});
    return Array.from(bytes);
  });
  const { losses, sharing, most } = await seen(page);
  return { losses, sharing, most, digest: bytes.join(), bytes };
}

/** Waits until so many workers share each step. @param {Page} page @param {number} workers */
const untilShared = (page, workers) => eventually(async () => (await seen(page)).workers, workers, "the helpers never came");

/** The training with one worker. @type {Promise<Outcome> | null} */
let reference = null;
/** @param {Page} page */
const withOne = (page) => reference ??= (async () => {
  await begin(page, { workers: 1 });
  return ended(page);
})();

/** A training that two workers share; it is held until both are there. @param {Page} page @param {number[]} [from] */
async function beginShared(page, from) {
  // One that is taken up makes the evaluation of its step once more.
  const training = await holdTraining(page, from ? 1 : 0);
  await begin(page, { workers: 2, from });
  await untilShared(page, 2);
  return training;
}

/** Every step once, in order. @param {Outcome} outcome @param {number} [steps] */
function inOrder({ losses }, steps = STEPS) {
  assert.deepEqual(losses.map(([step]) => step), Array.from({ length: steps }, (_, i) => i + 1));
}

test("a training comes out the same, bit for bit, with one worker and with two", { skip: alone }, shared(async (page) => {
  const one = await withOne(page);
  await (await beginShared(page)).release();
  const two = await ended(page);
  inOrder(one);
  inOrder(two);
  assert.equal(one.most, 1);
  assert.equal(two.most, 2, two.sharing.join(" | "));
  assert.ok(two.sharing.includes("2 workers share each step, as you chose."));
  assert.ok(two.losses[STEPS - 1][1] < two.losses[0][1] - 0.5, "it learns");
  assert.deepEqual(two.losses, one.losses);
  assert.equal(two.digest, one.digest);
}));

// More than ten seconds: a training for each number of cores.
test("a training comes out the same, bit for bit, however many cores the browser reports", async (t) => {
  /** @type {string[]} */
  const digests = [];
  for (const cores of [1, 2, 4, 8]) {
    const page = await openPage(t, { empty: true, before: (page) => page.route("**/sources/js/worker/worker.js", async (route) => {
      const answer = await route.fetch();
      const body = `Object.defineProperty(navigator, "hardwareConcurrency", { value: ${cores} });\n${await answer.text()}`;
      await route.fulfill({ response: answer, body });
    }) });
    await listen(page);
    assert.equal(await engines(page)[0].evaluate(() => navigator.hardwareConcurrency), cores);
    await begin(page, { workers: 0, steps: 40 });
    const found = await ended(page);
    inOrder(found, 40);
    digests.push(found.digest);
  }
  assert.deepEqual(digests, digests.map(() => digests[0]));
});

test("a helper that ends in the middle of a training costs no step, and is replaced", { skip: alone }, shared(async (page) => {
  const one = await withOne(page);
  const training = await beginShared(page);
  await training.release(1);
  await training.held();
  await ask(page, "break_device", { how: "helper" });
  await training.release(1);
  await training.held();
  // The leader noticed on the way there, and has called for another helper.
  await eventually(async () => (await seen(page)).sharing.join(" | "), /A helper stopped answering, .* No step was lost\. \| 2 workers share each step/);
  await training.release();
  const broken = await ended(page);
  inOrder(broken);
  assert.deepEqual(broken.losses, one.losses);
  assert.equal(broken.digest, one.digest);
}));

// More than ten seconds: the same training with one worker and with two, each with a page of its own.
test("a shared training that is paused, closed and taken up goes on exactly, shared or not", { skip: alone }, shared(async (page) => {
  const one = await withOne(page);
  const training = await beginShared(page);
  await training.release(1);
  await training.held();
  await ask(page, "train_pause");
  await training.release();
  const first = await outcome(page);
  assert.equal(first.losses.length, 2 * EVALUATE_EVERY);
  assert.deepEqual(first.losses, one.losses.slice(0, first.losses.length));
  for (const workers of [2, 1]) {
    // Closed, and opened again.
    await page.evaluate(() => /** @type {any} */ (globalThis).engine.restart());
    await ask(page, "stop_generation", { run: null });
    if (workers === 2) await (await beginShared(page, first.bytes)).release();
    else await begin(page, { workers, from: first.bytes });
    const rest = await ended(page);
    assert.equal(rest.most, workers);
    assert.deepEqual([...first.losses, ...rest.losses], one.losses);
    assert.equal(rest.digest, one.digest);
  }
}));

test("left to itself the engine finds out whether sharing is faster, and says what it found", { skip: alone }, shared(async (page, t) => {
  // So long that it is worth finding out, however fast the machine.
  await begin(page, { workers: 0, steps: 1_000_000 });
  const found = await eventually(() => seen(page), ({ sharing }) =>
    /^2 workers share each step, which makes training [\d.]+ times as fast as with one\.$|^One worker does every step: sharing .* is not faster\.$|^A helper .*, so one worker does every step\.$/.test(sharing.at(-1) ?? ""));
  t.diagnostic(found.sharing.join(" | "));
  await ask(page, "train_stop");
}));

test("the number of workers is chosen beside the device, and kept over a reload", { skip: alone }, async (t) => {
  const page = await openPage(t);
  const group = page.getByRole("group", { name: "Processor workers" });
  await group.getByRole("radio", { name: "2", exact: true }).check();
  // Batches that are large enough to be cut.
  await start(page, { Steps: 200_000, Batch: 16, Context: 32 });
  await page.locator(".train-device-sharing", { hasText: "2 workers share each step, as you chose." }).waitFor();
  await group.getByRole("radio", { name: "1", exact: true }).check();
  await page.locator(".train-device-sharing", { hasText: "One worker does every step, as you chose." }).waitFor();
  await button(page, "Stop").click();
  await reaches(page, "stopped");
  // It is kept a little later.
  await kept(page, "state", (state) => state?.workersChoice === 1);
  await page.reload();
  await page.waitForFunction(() => [...document.querySelectorAll(".train-device input")].some((input) => /** @type {HTMLInputElement} */ (input).value === "1" && /** @type {HTMLInputElement} */ (input).checked));
});
