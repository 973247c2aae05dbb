// Steps that several workers share: the same training with one worker and with two, helpers that end, and
// a training that is taken up again, in an empty page with the engine's client alone; then the choice on
// the page.

import assert from "node:assert/strict";
import { cpus } from "node:os";
import { test } from "node:test";
import { openEmpty, openPage } from "./launch.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{losses: [number, number][], sharing: string[], most: number, digest: string, bytes: number[]}} Outcome */

const alone = cpus().length < 2 && "only one core";
/** Generous, for a machine that is busy with other things. */
const PATIENCE = 180_000;

/**
 * What to do with a training: how many workers it is to have, and what happens on the way.
 * @typedef {object} Course
 * @property {number} workers
 * @property {number} [steps]
 * @property {number} [stopAfter] Pause after so many steps and give the snapshot.
 * @property {number} [breakAfter] End a helper after so many.
 * @property {number[]} [from] A snapshot to take up.
 */

/** Trains, in the browser. @param {Course} course @returns {Promise<Outcome>} */
async function train({ workers, steps = 60, stopAfter = Infinity, breakAfter = Infinity, from }) {
  const client = "./js/engine.js";
  const { Engine } = await import(new URL(client, document.baseURI).href);
  const engine = new Engine();
  const text = "The sea was calm, the sky was wide, and nobody had seen the boat.\n".repeat(60);
  /** @type {[number, number][]} */
  const losses = [];
  /** @type {string[]} */
  const sharing = [];
  let [most, broken, paused] = [1, false, false];
  engine.on("device", (/** @type {any} */ status) => {
    most = Math.max(most, status.workers);
    if (status.sharing && status.sharing !== sharing.at(-1)) sharing.push(status.sharing);
  });
  const over = new Promise((resolve, reject) => {
    engine.on("fatal", (/** @type {any} */ { message }) => reject(new Error(message)));
    engine.on("train_ended", resolve);
    engine.on("train_progress", (/** @type {any} */ progress) => {
      losses.push(...progress.losses);
      if (progress.state === "paused") resolve(null);
      // Not before there is a helper to end, or a step that is shared.
      if (most < workers) return;
      if (progress.step >= breakAfter && !broken) {
        broken = true;
        engine.request("break_device", { how: "helper" });
      }
      if (progress.step >= stopAfter && !paused) {
        paused = true;
        engine.request("train_pause", {});
      }
    });
  });
  await engine.request("set_workers", { workers });
  if (from) {
    await engine.request("train_resume_from", { bytes: Uint8Array.from(from).buffer, text });
    await engine.request("train_continue", {});
  } else {
    await engine.request("train_start", {
      text, data_name: "sea", tokenizer: { kind: "character", vocab_size: 0 },
      model: { embedding_dim: 32, num_layers: 2, num_heads: 4, ffn_dim: 64, field_size: 65, max_seq_len: 65, interference_interval: 2, position_scale: 0.03 },
      train: {
        // Sequences that cannot be shared evenly, and masks that must be those of the whole batch.
        batch_size: 5, seq_len: 64, steps, warmup_steps: 5, peak_lr: 3e-3, min_lr: 1e-4, weight_decay: 0.01,
        beta1: 0.9, beta2: 0.999, eps: 1e-8, clip_norm: 1, dropout: 0.1, seed: 1,
      },
      evaluate_every: 25, sample_every: 0, sample_prompt: "The",
    });
  }
  await over;
  const { bytes } = await engine.request("train_snapshot", {});
  const digest = Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))).join(" ");
  return { losses, sharing, most, digest, bytes: stopAfter < Infinity ? Array.from(bytes) : [] };
}

/** Every step once, in order. @param {Outcome} outcome @param {number} steps */
function inOrder({ losses }, steps) {
  assert.deepEqual(losses.map(([step]) => step), Array.from({ length: steps }, (_, i) => i + 1));
}

test("a training comes out the same, bit for bit, with one worker and with two", { skip: alone }, async (t) => {
  const page = await openEmpty(t);
  page.setDefaultTimeout(PATIENCE);
  const one = await page.evaluate(train, { workers: 1, steps: 200 });
  const two = await page.evaluate(train, { workers: 2, steps: 200 });
  inOrder(one, 200);
  inOrder(two, 200);
  assert.equal(one.most, 1);
  assert.equal(two.most, 2, two.sharing.join(" | "));
  assert.ok(two.sharing.includes("2 workers share each step, as you chose."));
  assert.ok(two.losses[199][1] < two.losses[0][1] - 0.5, "it learns");
  assert.deepEqual(two.losses, one.losses);
  assert.equal(two.digest, one.digest);
});

test("a training comes out the same, bit for bit, however many cores the browser reports", async (t) => {
  /** @type {string[]} */
  const digests = [];
  for (const cores of [1, 2, 4, 8]) {
    const page = await openEmpty(t);
    await page.route("**/js/worker.js", async (route) => {
      const answer = await route.fetch();
      const body = `Object.defineProperty(navigator, "hardwareConcurrency", { value: ${cores} });\n${await answer.text()}`;
      await route.fulfill({ response: answer, body });
    });
    const found = await page.evaluate(train, { workers: 0, steps: 40 });
    inOrder(found, 40);
    assert.equal(await page.workers()[0].evaluate(() => navigator.hardwareConcurrency), cores);
    digests.push(found.digest);
  }
  assert.deepEqual(digests, digests.map(() => digests[0]));
});

test("a helper that ends in the middle of a training costs no step, and is replaced", { skip: alone }, async (t) => {
  const page = await openEmpty(t);
  const one = await page.evaluate(train, { workers: 1, steps: 500 });
  const broken = await page.evaluate(train, { workers: 2, steps: 500, breakAfter: 20 });
  inOrder(broken, 500);
  assert.equal(broken.most, 2);
  assert.match(broken.sharing.join(" | "), /A helper stopped answering, .* No step was lost\. \| 2 workers share each step/);
  assert.deepEqual(broken.losses, one.losses);
  assert.equal(broken.digest, one.digest);
});

test("a shared training that is paused, closed and taken up goes on exactly, shared or not", { skip: alone }, async (t) => {
  const page = await openEmpty(t);
  const whole = await page.evaluate(train, { workers: 2, steps: 400 });
  const first = await page.evaluate(train, { workers: 2, steps: 400, stopAfter: 40 });
  const paused = first.losses.length;
  assert.ok(paused >= 40 && paused < 400, `it was paused at step ${paused}`);
  assert.deepEqual(first.losses, whole.losses.slice(0, paused));
  for (const workers of [2, 1]) {
    const rest = await page.evaluate(train, { workers, from: first.bytes });
    assert.equal(rest.most, workers);
    assert.deepEqual([...first.losses, ...rest.losses], whole.losses);
    assert.equal(rest.digest, whole.digest);
  }
});

test("left to itself the engine finds out whether sharing is faster, and says what it found", { skip: alone }, async (t) => {
  const page = await openEmpty(t);
  const found = await page.evaluate(train, { workers: 0, steps: 2000 });
  inOrder(found, 2000);
  t.diagnostic(found.sharing.join(" | "));
  assert.match(found.sharing.at(-1) ?? "", /^2 workers share each step, which makes training [\d.]+ times as fast as with one\.$|^One worker does every step: sharing .* is not faster\.$/);
});

test("the number of workers is chosen beside the device, and kept over a reload", { skip: alone }, async (t) => {
  const page = await openPage(t);
  const group = page.getByRole("group", { name: "Processor workers" });
  await group.getByRole("radio", { name: "2", exact: true }).check();
  await page.getByRole("button", { name: "Start training" }).click();
  await page.locator(".train-device-sharing", { hasText: "2 workers share each step, as you chose." }).waitFor({ timeout: PATIENCE });
  await group.getByRole("radio", { name: "1", exact: true }).check();
  await page.locator(".train-device-sharing", { hasText: "One worker does every step, as you chose." }).waitFor({ timeout: PATIENCE });
  await page.locator("#train").getByRole("button", { name: "Stop" }).click();
  await page.locator('.train-run[data-state="stopped"]').waitFor({ timeout: PATIENCE });
  await page.waitForTimeout(1000); // What is kept is written a moment later.
  await page.reload();
  await page.waitForFunction(() => [...document.querySelectorAll(".train-device input")].some((input) => /** @type {HTMLInputElement} */ (input).value === "1" && /** @type {HTMLInputElement} */ (input).checked));
});
