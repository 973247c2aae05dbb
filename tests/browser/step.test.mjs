// One step, slowly: every figure is the engine's, and the training goes on as if nobody had looked.

import assert from "node:assert/strict";
import { test } from "node:test";
import { violations } from "./axe.mjs";
import { at, openEmpty } from "./launch.mjs";
import { button, fits, keptTrainings, panel, pauseHeld, reaches, start, startHeld, step } from "./train-parts.mjs";
import { eventually, frames, words } from "./wait.mjs";

const { openPage } = at("train");

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("../../www/js/train/step/data.js").StepSeen} StepSeen */

const view = (/** @type {Page} */ page) => page.locator(".step-view");
const press = (/** @type {Page} */ page, /** @type {string | RegExp} */ name) => view(page).getByRole("button", { name, exact: typeof name === "string" }).click();
const title = (/** @type {Page} */ page) => view(page).locator("h4");
const TITLES = ["A batch is drawn", "Each place predicts", "Each place is scored", "The blame flows back", "The weights move", "The same batch again"];

/** Notes what the engine replies to a look, and to a single step. @param {Page} page */
const noteReplies = (page) => page.evaluate(() => {
  const { wire } = /** @type {{wire: any}} */ (/** @type {any} */ (globalThis));
  const noted = { seen: /** @type {any} */ (null), made: /** @type {any} */ (null) };
  Object.assign(globalThis, { noted });
  wire.told.push(({ value } = /** @type {any} */ ({})) => {
    if (value?.losses) noted.seen = value;
    if (typeof value?.loss === "number" && typeof value.step === "number") noted.made = value;
  });
});
/** @param {Page} page @returns {Promise<{losses: [number, number], step: number, better: number, gradient_norm: number}>} */
const seenBy = (page) => page.evaluate(() => {
  const { losses, step, before, after, gradient_norm } = /** @type {any} */ (globalThis).noted.seen;
  return { losses, step, gradient_norm, better: [...before].filter((nats, i) => after[i] < nats).length };
});

/** Opens the view, and waits until the step is there. @param {Page} page */
async function look(page) {
  await button(page, "One step, slowly").click();
  await words(title(page), TITLES[0]);
}

test("before there is a training, it is said that one has to be started", async (t) => {
  const page = await openPage(t);
  await panel(page).getByRole("button", { name: "One step, slowly", disabled: true }).waitFor();
  await words(page.locator(".step-offer"), /Start a training first/);
  assert.equal(await page.evaluate(() => performance.getEntriesByType("resource").some(({ name }) => /\/step-/.test(name))), false, "it is loaded when it is wanted");
});

test("a step is walked through, its figures are those of the step that training then makes, and training goes on exactly", async (t) => {
  const page = await openPage(t);
  const held = await startHeld(page);
  const before = await pauseHeld(page, held);
  await noteReplies(page);
  await look(page);
  const seen = await seenBy(page);
  assert.equal(seen.step, before + 1);
  await words(view(page).locator(".step-remarks"), new RegExp(`^This is step ${before + 1}, made beside the training`));
  await view(page).locator(".step-piece").waitFor();
  await press(page, "Next");
  await words(title(page), TITLES[1]);
  await view(page).locator(".step-forecast .bar-chosen").waitFor();
  await press(page, "Next");
  await words(view(page).locator(".step-told"), new RegExp(`the loss, ${seen.losses[0].toFixed(3)} nats`));
  await words(view(page).locator(".step-score"), /Its surprise is −ln \S+ = \d\.\d{3} nats/);
  await press(page, "Next");
  await words(title(page), TITLES[3]);
  await view(page).getByRole("button", { name: /^Waves ω α φ, layer 1: gradient / }).click();
  await words(view(page).locator(".step-details"), /Head\s+ω \(radians a cell\)/);
  await press(page, "Next");
  await words(view(page).locator(".step-details"), /\d\.\d{4} → \d\.\d{4}/);
  await press(page, "Next");
  await words(view(page).locator(".step-told"), new RegExp(`a loss of ${seen.losses[1].toFixed(3)} nats [^]*${seen.better.toLocaleString("en-GB")} got better`));
  assert.ok(seen.losses[1] < seen.losses[0], `${seen.losses}`);
  assert.equal(await step(page), before, "nothing moved in the training");

  // The training itself makes the step: the very loss that was shown.
  await press(page, "Make this step in the training");
  await words(view(page).locator(".step-remarks"), new RegExp(`^This is step ${before + 2}, made`));
  await words(title(page), TITLES[0]);
  const { made, next } = await page.evaluate(() => {
    const { made, seen } = /** @type {any} */ (globalThis).noted;
    return { made, next: seen.step };
  });
  assert.deepEqual([made.step, made.loss, next], [before + 1, seen.losses[0], before + 2]);
  await press(page, "Close");
  await button(page, "Go on").click();
  await reaches(page, "done");
  // An undisturbed one of the same seed ends as the same model, bit for bit.
  await keptTrainings(page, ([first]) => first?.card.state === "done" && first.last !== null);
  await start(page);
  const [alone, watched] = await keptTrainings(page, (found) => found.length === 2 && found.every(({ card, last }) => card.state === "done" && last !== null));
  assert.equal(alone.last, watched.last, "the same bytes");
});

test("arrow keys walk, Escape closes and the button has the focus again; on a phone nothing sticks out", async (t) => {
  const page = await openPage(t, { size: "phone", motion: "reduce" });
  const held = await startHeld(page);
  await pauseHeld(page, held);
  await look(page);
  for (const name of TITLES.slice(1)) {
    await page.keyboard.press("ArrowRight");
    await words(title(page), name);
    await fits(page);
    assert.deepEqual(await violations(page), [], name);
  }
  await page.keyboard.press("ArrowRight");
  await words(title(page), TITLES[5]);
  await page.keyboard.press("ArrowLeft");
  await words(title(page), TITLES[4]);
  await press(page, "Play");
  await press(page, "Pause");
  await words(title(page), TITLES[4]);
  // Within the thumb's reach, above the places.
  const [tools, places] = await Promise.all([view(page).locator(".step-tools"), page.locator(".places")].map((part) => part.boundingBox()));
  assert.ok(tools && places && tools.y + tools.height <= places.y + 1, JSON.stringify({ tools, places }));
  await page.keyboard.press("Escape");
  await eventually(() => view(page).count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "One step, slowly");
});

test("looked at while it runs, a training makes the very same steps", async (t) => {
  const page = await openEmpty(t);
  const { alone, watched, looks } = await page.evaluate(async () => {
    const { Engine } = await import(new URL("/sources/js/engine/client.js", document.baseURI).href);
    const { observe } = await import(new URL("/sources/js/engine/observations.js", document.baseURI).href);
    const order = {
      text: "the quick brown fox jumps over the lazy dog. ".repeat(100), data_name: "foxes", tokenizer: { kind: "character", vocab_size: 0 },
      model: { embedding_dim: 16, num_layers: 2, num_heads: 2, ffn_dim: 32, max_seq_len: 25, field_size: 73, interference_interval: 2, position_scale: 0.03 },
      train: { batch_size: 6, seq_len: 24, steps: 200, warmup_steps: 5, peak_lr: 2e-3, min_lr: 1e-5, weight_decay: 0.1, beta1: 0.9, beta2: 0.999, eps: 1e-8, clip_norm: 1, dropout: 0.1, seed: 1 },
      evaluate_every: 50, sample_every: 0, sample_prompt: "the",
    };
    let looks = 0;
    const train = async (/** @type {boolean} */ looking) => {
      const engine = new Engine();
      /** @type {Map<number, number>} */ const losses = new Map();
      engine.on("train_progress", (/** @type {any} */ detail) => detail.losses.forEach(([step, loss] = [0, 0]) => losses.set(step, loss)));
      const ended = new Promise((resolve) => engine.on("train_ended", resolve));
      await engine.request("set_device", { choice: "cpu" });
      await engine.request("train_start", order);
      let over = false;
      ended.then(() => { over = true; });
      while (looking && !over) {
        const { step, parts } = await observe(engine, "step_begin", { source: "training" });
        for (let part = 1; part < parts; part++) if (await observe(engine, "step_part", {})) throw new Error("too early");
        const seen = await observe(engine, "step_part", {});
        if (seen.step !== step) throw new Error(`step ${seen.step}, not ${step}`);
        // What training has told, or will tell, of that step.
        looks++;
        expected.set(step, seen.losses[0]);
        const { choices } = await observe(engine, "step_place", { place: seen.rows * seen.length - 1 });
        if (!choices.some((/** @type {any} */ choice) => choice.came)) throw new Error("what came is missing");
      }
      await ended;
      const { bytes } = await engine.request("train_snapshot", {});
      return { losses: [...losses], bytes: Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))).join(" ") };
    };
    /** @type {Map<number, number>} */ const expected = new Map();
    const watched = await train(true);
    const alone = await train(false);
    const told = new Map(alone.losses);
    for (const [step, loss] of expected) if (step <= 200 && told.get(step) !== loss) throw new Error(`step ${step}: ${loss} was seen, ${told.get(step)} was made`);
    return { alone, watched, looks };
  });
  assert.ok(looks > 0);
  assert.deepEqual(watched, alone);
});

test("another training in its place closes the view", async (t) => {
  const page = await openPage(t);
  const held = await startHeld(page);
  await pauseHeld(page, held);
  await look(page);
  await button(page, "Stop").click();
  await reaches(page, "stopped");
  await words(title(page), TITLES[0]);
  await start(page);
  await eventually(() => view(page).count(), 0);
});

test("once it is closed nothing of the page holds it any more, also where it was open while the theme changed", async (t) => {
  const page = await openPage(t);
  const held = await startHeld(page);
  await pauseHeld(page, held);
  await look(page);
  for (const expected of TITLES.slice(1)) {
    await press(page, "Next");
    await words(title(page), expected);
  }
  await page.emulateMedia({ colorScheme: "dark" });
  await frames(page);
  await page.evaluate(() => Object.assign(globalThis, { closedView: new WeakRef(/** @type {Element} */ (document.querySelector(".step-view"))) }));
  await press(page, "Close");
  await view(page).waitFor({ state: "detached" });
  const devtools = await page.context().newCDPSession(page);
  await eventually(async () => {
    await devtools.send("HeapProfiler.collectGarbage");
    return page.evaluate(() => /** @type {any} */ (globalThis).closedView.deref() === undefined);
  }, true, "the closed view is still held");
  await page.emulateMedia({ colorScheme: "light" });
  await frames(page);
  await held.release();
});
