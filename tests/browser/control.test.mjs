// Changing a training while it goes on, on the page and on both devices.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SWIFTSHADER } from "./chromium.mjs";
import { at, openEmpty } from "./launch.mjs";
import { SHORT, button, figure, keptTrainings, keptWhole, panel, passesStep, pauseHeld, reaches, start, startHeld, step } from "./train-parts.mjs";
import { HANG_MS, eventually, holdTraining, words } from "./wait.mjs";

const { openPage } = at("train");

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("../../www/js/engine/protocol.js").TrainControl} TrainControl */

/** A training that stands at a step half-way. @param {Page} page */
const startPaused = async (page) => pauseHeld(page, await startHeld(page));

/**
 * Goes on with a training of the visit before, and pauses it at one of the next evaluations; that of the step where it
 * stands is made once more.
 * @param {Page} page @param {number} evaluation
 */
async function goOnAndPause(page, evaluation) {
  await page.locator(".model-size", { hasText: "parameters" }).waitFor();
  const training = await holdTraining(page, evaluation - 1);
  await button(page, "Go on").click();
  await training.held();
  return pauseHeld(page, training);
}

/** @param {Page} page */
const openChanges = (page) => page.locator(".train-change > summary").click();
/** @param {Page} page */
const changes = (page) => page.locator(".train-changes li").allInnerTexts();

/** The stored training, once it is one that was asked for. @param {Page} page @param {(stored: any) => boolean} wanted */
const stored = async (page, wanted) => (await keptTrainings(page, ([newest]) => newest?.facts && wanted(newest)))[0];

test("one step does exactly one, and says how it went", async (t) => {
  const page = await openPage(t);
  const training = await startHeld(page);
  await openChanges(page);
  await panel(page).getByRole("button", { name: "One step", disabled: true }).waitFor();
  const before = await pauseHeld(page, training);
  for (let i = 1; i <= 3; i++) {
    await button(page, "One step").click();
    await page.getByText(new RegExp(`^Step ${before + i}: loss \\d\\.\\d{3}\\.$`)).waitFor();
    await passesStep(page, before + i);
    assert.equal(await step(page), before + i);
    await reaches(page, "paused");
  }
  await page.getByText(`Kept at step ${before + 3}`).waitFor();
  await stored(page, ({ history }) => history.lastStep === before + 3);
});

test("a changed learning rate shows in the list, counts at once and survives a reload", async (t) => {
  const page = await openPage(t);
  const at = await startPaused(page);
  await openChanges(page);
  const rate = panel(page).getByLabel("Learning rate from now on", { exact: true });
  await rate.fill("5");
  await button(page, "Set").click();
  await page.getByText("Learning rate takes a number from 0.00001 to 0.1.").waitFor();
  await rate.fill("0.001");
  await button(page, "Set").click();
  const told = `step ${at}: learning rate 0.008 → 0.001`;
  await page.locator(".train-changes li", { hasText: told }).waitFor();
  await page.getByText(/The next step moves with 0\.00\d+: 0\.001( after \d+ warm-up steps)?, /).waitFor();
  await button(page, "Halve").click();
  await page.locator(".train-changes li", { hasText: "0.001 → 0.0005" }).waitFor();
  await stored(page, ({ facts }) => facts.control?.changes.length === 2);
  await page.reload();
  await reaches(page, "interrupted");
  await eventually(() => changes(page), [`step ${at}: learning rate 0.001 → 0.0005`, told]);
  const later = await goOnAndPause(page, 2);
  assert.ok(later > at && later < SHORT.Steps, `${later}`);
  const { card: { plan }, facts } = await stored(page, ({ card }) => card.last?.step === later);
  assert.equal(plan.train.peak_lr, 0.0005);
  assert.ok(facts.learningRate <= 0.0005, `${facts.learningRate}`);
  assert.equal(facts.control.changes.length, 2, "the engine has them too");
});

test("a finished training can be made longer, also after a reload", async (t) => {
  const page = await openPage(t);
  await start(page);
  await reaches(page, "done");
  await openChanges(page);
  const more = panel(page).getByLabel("More steps", { exact: true });
  await more.fill("0");
  await button(page, "Add steps and train on").click();
  await page.getByText("More steps takes a whole number from 1 to 199,940").waitFor();
  await more.fill("30");
  await page.getByText(/It would end at step 90\. The schedule is stretched to there: the learning rate goes from 0\.0008 to 0\.0\d+ at once/).waitFor();
  await button(page, "Add steps and train on").click();
  await words(figure(page, "Step"), "90 of 90");
  await reaches(page, "done");
  await stored(page, ({ facts, card }) => facts.step === 90 && card.last?.step === 90 && card.state === "done");
  await page.reload();
  await reaches(page, "done");
  await openChanges(page);
  await more.fill("10");
  await button(page, "Add steps and train on").click();
  await words(figure(page, "Step"), "100 of 100");
  await reaches(page, "done");
  await eventually(() => changes(page), ["step 90: steps 90 → 100", "step 60: steps 60 → 90"]);
  await stored(page, ({ history }) => history.lastStep === 100);
});

/** From now on no training is kept for the first time before it has ended. @param {Page} page */
const keepLate = (page) => page.evaluate(async () => {
  const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
  const { told } = /** @type {any} */ (globalThis);
  const setAll = storage.setAll.bind(storage);
  storage.setAll = async (/** @type {any[]} */ ...args) => {
    while (!told.train_ended) await new Promise((resolve) => setTimeout(resolve, 10));
    return setAll(...args);
  };
});

for (const late of [false, true]) test(`training ends early when validation stops falling, says why, and goes on all the same${late ? ", though it ends before it is kept" : ""}`, async (t) => {
  const page = await openPage(t);
  if (late) await keepLate(page);
  // So fast that it gets nowhere.
  await start(page, { ...SHORT, Steps: 4000, "Learning rate": 0.1, "Validate every": 10, "Early stop": 2 });
  await reaches(page, "stopped");
  // From where it can go on is said once that is kept.
  await words(page.locator(".train-note"), /^The loss on held-back text has not fallen for 2 evaluations\. It was lowest after step \d+: \d+\.\d{3}\. It can go on from step [\d,]+\.$/);
  const ended = await step(page);
  const { facts } = await keptWhole(page, "stopped");
  const losses = facts.evaluations.map((/** @type {{loss: number}} */ { loss }) => loss);
  const best = Math.min(...losses);
  assert.equal(losses.indexOf(best), losses.length - 3, `two without a better one: ${losses}`);
  await button(page, "Go on").click();
  await passesStep(page, ended + 5);
});

test("a head that is held still stands still, one that is not moves, and one that is dragged goes where it is dragged", async (t) => {
  const page = await openPage(t);
  await startPaused(page);
  await openChanges(page);
  const editor = page.locator(".train-editor");
  await editor.getByLabel("Head", { exact: true }).selectOption("2");
  await editor.getByRole("button", { name: "Hold the frequency still" }).click();
  await editor.getByRole("button", { name: "Let the frequency go" }).waitFor();
  const drag = editor.getByRole("spinbutton", { name: "Wave in training, phase" });
  await drag.fill("2.5");
  await drag.press("Enter");
  await page.locator(".train-changes li", { hasText: "phase of layer 1, head 2 set to 2.5" }).waitFor();
  await drag.blur();
  const before = (await stored(page, ({ facts }) => facts.layers[0][1].phase === 2.5 && facts.control.changes.length === 2)).facts.layers[0];
  // Locks and what was dragged go through a reload.
  await page.reload();
  await reaches(page, "interrupted");
  const at = await goOnAndPause(page, 3);
  const after = (await stored(page, ({ card }) => card.last?.step === at)).facts.layers[0];
  assert.equal(after[1].frequency, before[1].frequency, "held still");
  assert.notEqual(after[1].phase, before[1].phase, "dragged, and free again");
  assert.ok(Math.abs(after[1].phase - 2.5) < 1, `${after[1].phase} is far from where it was dragged`);
  assert.notEqual(after[0].frequency, before[0].frequency, "never held");
});

/** Trains on a device, holds and drags a head on the way, and gives what the engine told. */
async function trainWithHands(/** @type {Page} */ page, /** @type {"cpu" | "gpu"} */ device) {
  return page.evaluate(async (device) => {
    const client = "/sources/js/engine/client.js";
    const { Engine } = await import(new URL(client, document.baseURI).href);
    const engine = new Engine();
    /** @type {any[]} */
    const heads = [];
    let status = /** @type {any} */ (null);
    let reached = 0;
    engine.on("device", (/** @type {any} */ news) => (status = news));
    engine.on("train_heads", (/** @type {any} */ { layers }) => heads.push(layers));
    engine.on("train_progress", (/** @type {any} */ { step }) => (reached = step));
    const until = async (/** @type {() => boolean} */ what) => {
      while (!what()) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const ask = (/** @type {string} */ type, payload = {}) => engine.request(type, payload);
    await ask("break_device", { how: "products" });
    await ask("set_device", { choice: device });
    if (device === "gpu") await until(() => status?.phase === "ready");
    await ask("train_start", {
      text: "the quick brown fox jumps over the lazy dog. ".repeat(100), data_name: "foxes", tokenizer: { kind: "character", vocab_size: 0 },
      model: { embedding_dim: 16, num_layers: 2, num_heads: 2, ffn_dim: 32, max_seq_len: 25, field_size: 73, interference_interval: 2, position_scale: 0.03 },
      train: {
        batch_size: 6, seq_len: 24, steps: 1_000_000, warmup_steps: 5, peak_lr: 2e-3, min_lr: 1e-5, weight_decay: 0.1, beta1: 0.9, beta2: 0.999,
        eps: 1e-8, clip_norm: 1, dropout: 0.1, seed: 1,
      },
      evaluate_every: 0, sample_every: 0, sample_prompt: "the",
    });
    if (device === "gpu") await until(() => status.backend === "gpu");
    await until(() => reached >= 4);
    await ask("train_set_lock", { layer: 1, head: 0, number: "damping", locked: true });
    await ask("train_pause");
    await ask("train_snapshot"); // All that was asked for is reported.
    /** Does something after which the heads are told so many times, and gives them as they were told last. */
    const telling = async (/** @type {number} */ times, /** @type {() => Promise<unknown>} */ act) => {
      const told = heads.length;
      for (let i = 0; i < times; i++) await act();
      await until(() => heads.length >= told + times);
      return heads.at(-1);
    };
    const start = reached;
    const before = await telling(1, () => ask("train_set_head", { layer: 0, head: 1, number: "frequency", value: 2.25, again: false }));
    await ask("train_set_rate", { peak_lr: 4e-3 });
    const after = await telling(8, () => ask("train_step"));
    const steps = reached - start;
    const { backend } = status ?? {};
    // Over to the processor: what is held stays held.
    await ask("set_device", { choice: "cpu" });
    const moved = await telling(8, () => ask("train_step"));
    return { before, after, moved, steps, backend };
  }, device);
}

for (const device of /** @type {const} */ (["cpu", "gpu"])) {
  test(`what is held and dragged on the ${device === "gpu" ? "graphics card" : "processor"} is what the engine does`, async (t) => {
    const page = await openEmpty(t, device === "gpu" ? SWIFTSHADER : undefined);
    page.setDefaultTimeout(HANG_MS);
    const { before, after, moved, steps, backend } = await trainWithHands(page, device);
    assert.equal(backend, device);
    assert.equal(steps, 8, "each request is one step");
    for (const later of [after, moved]) {
      assert.equal(later[1][0].damping, before[1][0].damping, "held still");
      assert.notEqual(later[1][0].frequency, before[1][0].frequency, "the others move");
      assert.notEqual(later[1][1].damping, before[1][1].damping, "the others move");
    }
    assert.equal(before[0][1].frequency, 2.25, "dragged");
    assert.ok(after[0][1].frequency !== 2.25 && Math.abs(after[0][1].frequency - 2.25) < 0.2, `${after[0][1].frequency} goes on from there`);
  });
}
