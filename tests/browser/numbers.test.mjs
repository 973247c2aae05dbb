// A training that comes to no number: it ends with a sentence, at its last good step, and nothing that is not finite is
// kept. With one worker and several, on a graphics card, in the panel and in a race.

import assert from "node:assert/strict";
import { cpus } from "node:os";
import { test } from "node:test";
import { SWIFTSHADER } from "./chromium.mjs";
import { at, openEmpty } from "./launch.mjs";
import { go } from "./parts.mjs";
import { unfold } from "./train-parts.mjs";

const { openPage } = at("train");

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{reason: string, step: number, message: string, losses: [number, number][], snapshot: number, again: string}} Outcome */

/** Each step multiplies every weight by 1 - 10 · 10, whatever else it does. */
const GROWING = { peak_lr: 10, min_lr: 10, weight_decay: 10, warmup_steps: 0, schedule: "constant" };

/** Trains in an engine of its own until that ends. @param {{workers: number, gpu: boolean, growing: any}} course @returns {Promise<Outcome>} */
async function train({ workers, gpu, growing }) {
  const { Engine } = await import(/** @type {string} */ (new URL("/sources/js/engine/client.js", document.baseURI).href));
  const engine = new Engine();
  const text = "The sea was calm, the sky was wide, and nobody had seen the boat.\n".repeat(60);
  /** @type {[number, number][]} */
  const losses = [];
  let [most, backend] = [1, "cpu"];
  engine.on("device", (/** @type {any} */ status) => {
    most = Math.max(most, status.workers);
    backend = status.backend;
  });
  engine.on("train_progress", (/** @type {any} */ progress) => losses.push(...progress.losses));
  const ended = () => new Promise((resolve, reject) => {
    engine.on("fatal", (/** @type {any} */ { message }) => reject(new Error(message)));
    engine.on("train_ended", resolve);
  });
  await engine.request("set_workers", { workers });
  await engine.request("break_device", { how: "products" });
  if (gpu) await engine.request("set_device", { choice: "gpu", page_has_gpu: true });
  await engine.request("train_start", {
    text, data_name: "sea", tokenizer: { kind: "character", vocab_size: 0 },
    model: { embedding_dim: 32, num_layers: 2, num_heads: 4, ffn_dim: 64, field_size: 65, max_seq_len: 65, interference_interval: 2, position_scale: 0.03 },
    train: { batch_size: 4, seq_len: 64, steps: 100_000, warmup_steps: 0, peak_lr: 1e-5, min_lr: 1e-5, weight_decay: 0, beta1: 0.9, beta2: 0.999, eps: 1e-8, clip_norm: 1, dropout: 0, seed: 1 },
    evaluate_every: 0, sample_every: 0, sample_prompt: "The",
  });
  // Once it trains as it is to: with its helpers, or on the card.
  while (most < workers || (gpu && backend !== "gpu") || losses.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
  await engine.request("train_pause", {});
  const { bytes } = await engine.request("train_snapshot", {});
  // From there with settings that cannot go well.
  const head = new DataView(bytes.buffer).getBigUint64(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + Number(head))));
  header.__metadata__["trainer.config"] = JSON.stringify({ ...JSON.parse(header.__metadata__["trainer.config"]), ...growing });
  const json = new TextEncoder().encode(JSON.stringify(header).padEnd(Math.ceil(JSON.stringify(header).length / 8) * 8));
  const spoilt = new Uint8Array(8 + json.length + bytes.length - 8 - Number(head));
  new DataView(spoilt.buffer).setBigUint64(0, BigInt(json.length), true);
  spoilt.set(json, 8);
  spoilt.set(bytes.subarray(8 + Number(head)), 8 + json.length);
  most = 1;
  losses.length = 0;
  await engine.request("train_resume_from", { bytes: spoilt.buffer, text });
  const over = ended();
  await engine.request("train_continue", {});
  const end = /** @type {any} */ (await over);
  const snapshot = await engine.request("train_snapshot", {});
  // It ends the same again: what was kept is as good as it was.
  const again = ended();
  await engine.request("train_continue", {});
  const { message } = /** @type {any} */ (await again);
  // What was kept opens, and what it says is a text or a sentence.
  await engine.request("train_adopt", {});
  await engine.request("export_model", {});
  return { ...end, losses, snapshot: snapshot.step, again: message };
}

/** @param {Outcome} outcome */
function check({ reason, step, message, losses, snapshot, again }) {
  assert.equal(reason, "failed");
  assert.match(message, /^Training ended at step [\d,]+, because .* came to more than a number can hold\. The model is kept as it was after step \d+\. Try a lower learning rate \(it goes up to 10 now\)/);
  assert.ok(losses.every(([, loss]) => Number.isFinite(loss)), "a loss that is no number was told");
  assert.equal(snapshot, step, "what is kept is the last good step");
  assert.ok(message.includes(`after step ${step}.`), message);
  assert.equal(again, message, "it ends the same again");
}

test("a training that comes to no number ends at its last good step, with a sentence", async (t) => {
  const page = await openEmpty(t);
  check(await page.evaluate(train, { workers: 1, gpu: false, growing: GROWING }));
});

test("the same with two workers", { skip: cpus().length < 2 && "only one core" }, async (t) => {
  const page = await openEmpty(t);
  check(await page.evaluate(train, { workers: 2, gpu: false, growing: GROWING }));
});

test("the same on a graphics card", async (t) => {
  const page = await openEmpty(t, SWIFTSHADER);
  check(await page.evaluate(train, { workers: 1, gpu: true, growing: GROWING }));
});

/** Has every training that the page asks for grow without bounds. @param {any} growing */
function spoil(growing) {
  const { wire } = /** @type {{wire: import("./wait.mjs").Wire}} */ (/** @type {any} */ (globalThis));
  wire.asked.push(({ type, payload }) => { if (type === "train_start") payload.train = { ...payload.train, ...growing }; });
}

/** @param {Page} page @param {string} panel @param {Record<string, number>} settings */
async function fill(page, panel, settings) {
  for (const [label, value] of Object.entries(settings)) await page.locator(panel).getByLabel(label, { exact: true }).fill(String(value));
}

test("the page keeps the last good step, says what to try, and nothing on the disk is without a number", async (t) => {
  const page = await openPage(t);
  await page.evaluate(spoil, GROWING);
  await unfold(page);
  await fill(page, "#train", { Steps: 400, Batch: 4, Context: 16 });
  await page.locator("#train").getByRole("button", { name: "Start training" }).click();
  const failed = page.locator('.train-run[data-state="failed"]');
  await failed.waitFor();
  const said = /Training ended at step .* Try a lower learning rate .* There is nothing yet that it has learned: set another rate/;
  await page.getByText(said).waitFor();
  await page.waitForFunction(async () => {
    const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
    const [card] = [...(await storage.getAll("runs/")).values()];
    return card?.state === "failed" && card.last;
  });
  const odd = await page.evaluate(async () => {
    const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
    /** @type {string[]} */
    const found = [];
    const look = (/** @type {any} */ value, /** @type {string} */ path) => {
      if (typeof value === "number" && !Number.isFinite(value)) found.push(path);
      if (ArrayBuffer.isView(value) && !(value instanceof Float32Array)) return;
      if (value && typeof value === "object") for (const key of Object.keys(value)) look(value[key], `${path}.${key}`);
    };
    for (const key of await storage.keys("run")) look(await storage.get(key), key);
    return found;
  });
  assert.deepEqual(odd, []);
  // It was over before the first snapshot: there is nothing to write with, and nobody is offered it.
  await page.locator("#train").getByRole("button", { name: "Write with it", disabled: true }).waitFor();
  // After a reload it is still said.
  await page.reload();
  await failed.waitFor();
  await page.getByText(said).waitFor();
});

test("a race goes on with the others, and says what became of it", async (t) => {
  const page = await openPage(t);
  await page.evaluate(spoil, GROWING);
  await go(page, "Race");
  await page.locator("#race").getByRole("radio", { name: "Names" }).check();
  await page.locator("#race details", { hasText: "Settings of the race" }).locator("summary").click();
  await fill(page, "#race", { Steps: 40, Seeds: 1, Context: 16, Batch: 4 });
  await page.locator("#race").getByRole("button", { name: "Start the race" }).click();
  await page.locator('.race-run[data-state="done"]').waitFor();
  const heats = await page.evaluate(async () => {
    const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
    return (await storage.get("race-results"))[0].heats;
  });
  assert.equal(heats.length, 2);
  for (const { failed, curve, evaluations } of heats) {
    assert.match(failed, /^Training ended at step/);
    assert.ok([...curve.sums, ...evaluations.map((/** @type {any} */ each) => each.loss)].every(Number.isFinite));
  }
});
