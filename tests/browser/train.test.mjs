// The Train panel with the real engine: what a person does there, from the first step to text of its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./launch.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Small enough to be quick, long enough to be caught half-way. */
const SHORT = { Steps: 240, Batch: 4, Context: 16 };
/** Generous, for a machine that is busy with other things. */
const PATIENCE = { timeout: 180_000 };

/** @param {Page} page */
const panel = (page) => page.locator("#train");

/** @param {Page} page @param {Record<string, number>} settings */
async function set(page, settings) {
  const details = page.locator(".train-details");
  if (!(await details.evaluate((element) => /** @type {HTMLDetailsElement} */ (element).open))) await details.locator("summary").click();
  for (const [label, value] of Object.entries(settings)) await panel(page).getByLabel(label, { exact: true }).fill(String(value));
}

/** @param {Page} page @param {string} state */
const reaches = (page, state) => page.locator(`.train-run[data-state="${state}"]`).waitFor(PATIENCE);

/** @param {Page} page @param {string} name @returns {Promise<string>} */
const figure = (page, name) => page.locator(".train-figures > div", { has: page.getByText(name, { exact: true }) }).locator("dd").innerText();

/** @param {Page} page */
const step = async (page) => Number((await figure(page, "Step")).split(" ")[0].replaceAll(",", ""));

/** @param {Page} page @param {number} least */
const passesStep = (page, least) => page.waitForFunction(
  (at) => Number(document.querySelector(".train-figures dd")?.textContent?.split(" ")[0].replaceAll(",", "")) >= at, least, PATIENCE);

/** What the page stored of its newest training; its model is stored last. @param {Page} page */
const record = (page) => page.evaluate(async () => {
  const { storage } = await import(/** @type {string} */ (new URL("js/storage.js", document.baseURI).href));
  let card, bytes;
  for (let tries = 0; !bytes && tries < 200; tries++) {
    [card] = [...(await storage.getAll("runs/")).values()].sort((a, b) => b.createdAt - a.createdAt);
    bytes = await storage.get(`run-checkpoint/${card.id}/${card.last.step}`);
    if (!bytes) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { id, state } = card;
  const { facts, history } = await storage.get(`run-curves/${id}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await bytes.arrayBuffer()));
  return { state, facts, history, digest: Array.from(digest).join(" ") };
});

test("training on names lowers the loss, shows samples and kernels, and the model can be generated with", async (t) => {
  const page = await openPage(t);
  await set(page, SHORT);
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await reaches(page, "running");
  await reaches(page, "done");
  const { facts, history } = await record(page);
  const mean = (/** @type {number[]} */ list) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [first, last] = [mean(history.sums.slice(0, 10)), mean(history.sums.slice(-10))];
  assert.ok(first > 3 && last < first - 0.5, `the loss went from ${first} to ${last}`);
  assert.equal(facts.step, SHORT.Steps);
  assert.ok(facts.evaluations.length >= 10 && facts.samples.length >= 10);
  assert.notDeepEqual(facts.layers, facts.initialLayers, "the heads did not move");
  assert.ok((await page.locator(".train-names li").count()) > 10);
  await panel(page).getByRole("button", { name: "Generate with it" }).click();
  await page.locator(".model-name", { hasText: "Names" }).waitFor();
});

test("a paused training stands still and goes on", async (t) => {
  const page = await openPage(t);
  await set(page, SHORT);
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await passesStep(page, 10);
  await panel(page).getByRole("button", { name: "Pause" }).click();
  await reaches(page, "paused");
  const paused = await step(page);
  assert.ok(paused < SHORT.Steps, "it had ended before it was paused");
  await page.waitForTimeout(300);
  assert.equal(await step(page), paused);
  await panel(page).getByRole("button", { name: "Go on" }).click();
  await passesStep(page, paused + 10);
  await panel(page).getByRole("button", { name: "Stop" }).click();
  await reaches(page, "stopped");
  await panel(page).getByRole("button", { name: "Go on" }).click();
  await reaches(page, "done");
});

test("when the engine dies, the training goes on with a new engine; when that dies too, it is kept", async (t) => {
  const page = await openPage(t, { expected: [/the engine is gone/] });
  await set(page, { ...SHORT, Steps: 20000 });
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await page.locator(".train-note", { hasText: "Saved at step" }).waitFor(PATIENCE);
  const die = () => page.workers()[0].evaluate(() => { setTimeout(() => { throw new Error("the engine is gone"); }); });
  await die();
  await page.getByText("The engine stopped and was started again.").waitFor(PATIENCE);
  const again = Number(/from step ([\d,]+)/.exec(await page.getByText(/Training goes on on the processor from step/).innerText())?.[1].replace(",", ""));
  assert.ok(again > 0);
  await passesStep(page, again + 1);
  // So soon it is not started again by itself.
  await die();
  await reaches(page, "failed");
  const note = await page.locator(".train-note").innerText();
  const kept = Number(/kept at step ([\d,]+)/.exec(note)?.[1].replace(",", ""));
  assert.ok(kept > 0, note);
  await panel(page).getByRole("button", { name: "Go on" }).click();
  await passesStep(page, kept + 1);
  await reaches(page, "running");
});

test("after a reload a training goes on exactly: the same losses and the same weights as without", async (t) => {
  const page = await openPage(t);
  await set(page, { ...SHORT, Dropout: 0.1 });
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await passesStep(page, 10);
  await panel(page).getByRole("button", { name: "Pause" }).click();
  await page.getByText("It will go on exactly from here").waitFor();
  const paused = await step(page);
  assert.ok(paused < SHORT.Steps, "it had ended before it was paused");
  await page.reload();
  await reaches(page, "interrupted");
  assert.equal(await step(page), paused);
  await panel(page).getByRole("button", { name: "Go on" }).click();
  await reaches(page, "done");
  await page.getByText("It took").waitFor();
  const interrupted = await record(page);

  await panel(page).getByRole("button", { name: "Train another" }).click();
  await reaches(page, "running");
  await reaches(page, "done");
  await page.waitForTimeout(300);
  const whole = await record(page);
  assert.deepEqual(interrupted.history, whole.history);
  assert.deepEqual(interrupted.facts.evaluations, whole.facts.evaluations);
  assert.equal(interrupted.digest, whole.digest);
});

test("a text of one's own that is too short is refused in words, and one that is long enough trains", async (t) => {
  const page = await openPage(t);
  await panel(page).getByRole("radio", { name: "Your own text" }).check();
  const area = page.locator("#train .train-own textarea");
  await area.fill("Hello.");
  await page.locator("#train .train-understood", { hasText: "too short: it has 6 characters" }).waitFor();
  await panel(page).getByRole("button", { name: "Start training" }).click();
  assert.match(await page.locator(".train-start-problem").innerText(), /too short.*Add more text, or choose a smaller context/s);
  await area.fill("The sea was calm, the sky was wide.\n".repeat(60));
  await page.locator("#train .train-facts", { hasText: "2,160" }).waitFor();
  await set(page, { ...SHORT, Steps: 20 });
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await reaches(page, "done");
});

test("a setting out of its range is refused beside its field", async (t) => {
  const page = await openPage(t);
  await set(page, { Steps: 3 });
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await page.getByText("Steps takes a whole number from 10 to 200,000.").waitFor();
  await page.locator('.train-run[data-state="idle"]').waitFor();
});

test("where the disk is full, training works on and the page says what that means", async (t) => {
  const page = await openPage(t, {
    before: (opening) => opening.addInitScript(() => {
      IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
    }),
  });
  await set(page, { ...SHORT, Steps: 40 });
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await reaches(page, "done");
  await page.locator(".train-note", { hasText: "no room left for this page" }).waitFor();
  const download = page.waitForEvent("download");
  await panel(page).getByRole("button", { name: "Download" }).click();
  assert.match((await download).suggestedFilename(), /^wave-field-names-step-40\.safetensors$/);
});

test("training fits a phone", async (t) => {
  const page = await openPage(t, { size: "narrow" });
  await page.getByRole("tab", { name: "Train" }).click();
  await set(page, { ...SHORT, Steps: 40 });
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await reaches(page, "done");
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${over} px too wide`);
});
