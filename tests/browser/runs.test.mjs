// The library of trainings with the real engine: what is kept, what outlives a crash, and what can be done with it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { openPage, startBrowser } from "./launch.mjs";

/** @typedef {import("playwright-core").Page} Page */

const SHORT = { Steps: 240, Batch: 4, Context: 16 };
const PATIENCE = { timeout: 180_000 };

/** @param {Page} page */
const panel = (page) => page.locator("#train");
/** @param {Page} page */
const runs = (page) => page.locator(".runs");
/** @param {Page} page @param {number} index */
const row = (page, index) => page.locator(".runs-row:not(.runs-deleted)").nth(index);

/** @param {Page} page @param {Record<string, number>} settings */
async function set(page, settings) {
  const details = page.locator(".train-details");
  if (!(await details.evaluate((element) => /** @type {HTMLDetailsElement} */ (element).open))) await details.locator("summary").click();
  for (const [label, value] of Object.entries(settings)) await panel(page).getByLabel(label, { exact: true }).fill(String(value));
}

/** @param {Page} page @param {string} state */
const reaches = (page, state) => page.locator(`.train-run[data-state="${state}"]`).waitFor(PATIENCE);

/** Trains to the end. @param {Page} page @param {Record<string, number>} settings */
async function train(page, settings) {
  await set(page, settings);
  // A short one may be over before it was seen to run, so what is stored is looked at.
  const before = (await kept(page)).length;
  await panel(page).getByRole("button", { name: /^(Start training|Train another)$/ }).click();
  await page.waitForFunction(async (count) => {
    const { storage } = await import(/** @type {string} */ (new URL("js/storage.js", document.baseURI).href));
    const cards = [...(await storage.getAll("runs/")).values()];
    return cards.length === count && cards.every(({ state }) => state === "done");
  }, before + 1, PATIENCE);
  await reaches(page, "done");
}

/** @param {Page} page */
async function openList(page) {
  if (!(await runs(page).evaluate((element) => /** @type {HTMLDetailsElement} */ (element).open))) await runs(page).locator("> summary").click();
}

/** @param {Page} page @param {number} index */
async function openMore(page, index) {
  await row(page, index).locator("summary").click();
}

/** All that is kept of the trainings, the newest first. @param {Page} page */
const kept = (page) => page.evaluate(async () => {
  const { storage } = await import(/** @type {string} */ (new URL("js/storage.js", document.baseURI).href));
  const digest = async (/** @type {Blob} */ blob) => Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()))).join(" ");
  const cards = [...(await storage.getAll("runs/")).values()].reverse();
  return Promise.all(cards.map(async (card) => {
    const { facts, history } = await storage.get(`run-curves/${card.id}`);
    const last = card.last && (await digest(await storage.get(`run-checkpoint/${card.id}/${card.last.step}`)));
    return { card, facts, history, last, checkpoints: await storage.keys(`run-checkpoint/${card.id}/`) };
  }));
});

/** What can be compared of two runs of the same steps: not how long they took. @param {Awaited<ReturnType<typeof kept>>[0]} run */
const outcome = ({ facts, history, last }) => ({ history, last, evaluations: facts.evaluations, samples: facts.samples, layers: facts.layers });

test("a training whose page was closed in the middle goes on from its last snapshot as if nothing had been", async (t) => {
  const page = await openPage(t);
  await set(page, { ...SHORT, Steps: 600, Dropout: 0.1 });
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await page.locator(".train-note", { hasText: "Saved at step" }).waitFor(PATIENCE);
  // Another page of the same browser stays, so that what is stored does; this one ends without a word.
  const next = await page.context().newPage();
  await page.close({ runBeforeUnload: false });
  const { server } = await startBrowser();
  await next.goto(server.url);
  await reaches(next, "interrupted");
  const [before] = await kept(next);
  assert.ok(before.card.last.step > 0 && before.card.last.step < 600, `it was at step ${before.card.last.step}`);
  assert.equal(before.facts.step, before.card.last.step);
  await panel(next).getByRole("button", { name: "Go on" }).click();
  await reaches(next, "done");
  await next.getByText("It took").waitFor();
  await next.waitForTimeout(500);
  await train(next, { ...SHORT, Steps: 600, Dropout: 0.1 });
  const [whole, interrupted] = await kept(next);
  assert.equal(whole.card.step, 600);
  assert.deepEqual(outcome(interrupted), outcome(whole));
});

test("a tab that goes elsewhere in the middle of a training comes back to it", async (t) => {
  const page = await openPage(t);
  await set(page, { ...SHORT, Steps: 2000 });
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await page.locator(".train-note", { hasText: "Saved at step" }).waitFor(PATIENCE);
  await page.goto("about:blank");
  const { server } = await startBrowser();
  await page.goto(server.url);
  await reaches(page, "interrupted");
  await panel(page).getByRole("button", { name: "Go on" }).click();
  await reaches(page, "running");
});

test("every training is kept with its last and its best model, and both can be generated with", async (t) => {
  const page = await openPage(t);
  // So little text is soon known by heart: validation turns upwards.
  await panel(page).getByRole("radio", { name: "Your own text" }).check();
  await panel(page).locator(".train-own textarea").fill("The sea was calm, the sky was wide. A gull cried twice; nobody heard it but the old man.\n".repeat(3) + "Quick zebras jump over vexed foxes by the dim quay.\n");
  await train(page, { ...SHORT, Steps: 400, "Learning rate": 0.01 });
  await openList(page);
  const [{ card, facts, checkpoints }] = await kept(page);
  const lowest = facts.evaluations.reduce((/** @type {any} */ low, /** @type {any} */ next) => (next.loss < low.loss ? next : low));
  assert.deepEqual(card.lowest, { step: lowest.step, loss: lowest.loss });
  assert.ok(card.best.loss >= lowest.loss && card.best.step >= card.best.evaluatedAt && card.best.step < card.last.step, JSON.stringify([card.best, card.last, lowest]));
  assert.equal(checkpoints.length, 2, "more checkpoints than needed are kept");
  await openMore(page, 0);
  await row(page, 0).getByRole("button", { name: /Generate with the best \(step/ }).click();
  await page.locator(".model-name", { hasText: "My text, the best" }).waitFor();
  await row(page, 0).getByRole("button", { name: /Generate with the last \(step 400\)/ }).click();
  await page.locator(".model-name", { hasText: /^My text$/ }).waitFor();
});

test("trainings are listed, renamed, compared, drawn over each other, opened and deleted", async (t) => {
  const page = await openPage(t);
  await train(page, { ...SHORT, Steps: 60 });
  await train(page, { ...SHORT, Steps: 60, Seed: 2, Batch: 8 });
  await openList(page);
  await page.locator(".runs-count", { hasText: "2," }).waitFor();
  const name = row(page, 0).getByLabel("Name of the training");
  assert.equal(await name.inputValue(), "Names 2");
  await name.fill("Larger batch");
  await name.press("Enter");
  await row(page, 0).getByLabel("In the chart").check();
  await row(page, 1).getByLabel("In the chart").check();
  // The one that is shown is in the chart already; the other is drawn over it. A chart is drawn where it can be seen.
  await page.locator(".train-chart").first().scrollIntoViewIfNeeded();
  await page.locator(".train-legend", { hasText: "B Names" }).waitFor();
  await runs(page).getByRole("button", { name: "Compare the 2 chosen" }).click();
  const table = page.locator(".runs-compare");
  await table.waitFor();
  const words = await table.innerText();
  assert.match(words, /A Larger batch\s+B Names/);
  assert.match(words, /Batch\s+8\s+4/);
  assert.match(words, /Seed\s+2\s+1/);
  assert.doesNotMatch(words, /Context|Dropout|Learning rate/);
  assert.match(words, /Lowest validation loss.*\(lowest\)/);

  await row(page, 1).getByRole("button", { name: "Open" }).click();
  await page.locator(".train-chart").first().scrollIntoViewIfNeeded();
  await page.locator(".train-legend", { hasText: "A Larger batch" }).waitFor();
  await row(page, 1).getByRole("button", { name: "Shown" }).waitFor();

  await openMore(page, 0);
  await row(page, 0).getByRole("button", { name: "Use these settings" }).click();
  assert.equal(await panel(page).getByLabel("Batch", { exact: true }).inputValue(), "8");
  assert.equal(await panel(page).getByLabel("Seed", { exact: true }).inputValue(), "2");

  await row(page, 0).getByRole("button", { name: "Delete" }).click();
  await page.getByText('"Larger batch" was deleted.').waitFor();
  await page.locator(".runs-deleted button:focus").waitFor();
  await page.keyboard.press("Enter");
  await row(page, 1).waitFor();
  assert.equal(await row(page, 0).getByLabel("Name of the training").inputValue(), "Larger batch");
  await openMore(page, 0);
  await row(page, 0).getByRole("button", { name: "Delete" }).click();
  await page.getByText('"Larger batch" was deleted.').waitFor();
  await page.reload();
  await page.locator(".runs-count", { hasText: "1," }).waitFor();
  // The list was open and is again.
  await row(page, 0).waitFor();
});

test("an exported training goes on in another browser exactly as at home", async (t) => {
  const page = await openPage(t);
  await set(page, { ...SHORT, Steps: 300 });
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await page.locator(".train-note", { hasText: "Saved at step" }).waitFor(PATIENCE);
  await panel(page).getByRole("button", { name: "Pause" }).click();
  await page.getByText("It will go on exactly from here").waitFor();
  await openList(page);
  await openMore(page, 0);
  const [file] = await Promise.all([page.waitForEvent("download"), row(page, 0).getByRole("button", { name: "Export" }).click()]);
  assert.equal(file.suggestedFilename(), "names.wavefield-run");
  const buffer = await readFile(await file.path());
  await panel(page).getByRole("button", { name: "Go on" }).click();
  await reaches(page, "done");
  await page.waitForTimeout(500);
  const [home] = await kept(page);

  const other = await openPage(t);
  await openList(other);
  const picker = other.locator("input[type=file][aria-label='Exported training']");
  await picker.setInputFiles({ name: "names.wavefield-run", mimeType: "application/octet-stream", buffer });
  await row(other, 0).waitFor();
  assert.equal(await row(other, 0).getByLabel("Name of the training").inputValue(), "Names (imported)");
  await row(other, 0).getByRole("button", { name: "Open" }).click();
  await reaches(other, "interrupted");
  await panel(other).getByRole("button", { name: "Go on" }).click();
  await reaches(other, "done");
  await other.waitForTimeout(500);
  const [away] = await kept(other);
  assert.deepEqual(outcome(away), outcome(home));

  // What is not one is refused in words, wherever it was cut.
  for (const [what, bytes] of Object.entries({ cut: buffer.subarray(0, buffer.length - 900), text: Buffer.from("hello") })) {
    await picker.setInputFiles({ name: `${what}.wavefield-run`, mimeType: "application/octet-stream", buffer: bytes });
    await other.locator(".runs-problem", { hasText: `"${what}.wavefield-run" could not be imported. It is not a whole ZIP` }).waitFor();
  }
  // Dropped anywhere on the page.
  await other.evaluate((bytes) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(bytes)], "dropped.wavefield-run"));
    document.querySelector("#waves")?.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  }, [...buffer]);
  await row(other, 1).waitFor();
  assert.equal(await row(other, 0).getByLabel("Name of the training").inputValue(), "Names (imported) 2");
});

test("when the disk fills up, training goes on, what was kept stays whole, and room is used once there is some", async (t) => {
  const page = await openPage(t, {
    before: (opening) => opening.addInitScript(() => {
      const { put } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.put = function (value, key) {
        if (String(key).startsWith("run-checkpoint/") && /** @type {any} */ (globalThis).isFull) throw new DOMException("full", "QuotaExceededError");
        return put.call(this, value, key);
      };
    }),
  });
  await train(page, { ...SHORT, Steps: 30 });
  await set(page, { ...SHORT, Steps: 3000 });
  await panel(page).getByRole("button", { name: "Train another" }).click();
  await page.locator(".train-note", { hasText: "Saved at step" }).waitFor(PATIENCE);
  await page.evaluate(() => { /** @type {any} */ (globalThis).isFull = true; });
  const notice = page.locator(".notice-error", { hasText: 'The browser has no room left for "Names 2"' });
  await notice.waitFor(PATIENCE);
  const stays = Number(/Its step ([\d,]+) stays on the disk, whole/.exec(await notice.innerText())?.[1].replace(",", ""));
  assert.match(await notice.innerText(), /Delete trainings that you no longer need .* or export them/);
  await reaches(page, "running");
  await openList(page);
  await row(page, 0).getByText("kept only until this tab is closed").waitFor();

  // Another tab sees what is on the disk: the older snapshot, card and curves and weights of one step.
  const other = await page.context().newPage();
  const { server } = await startBrowser();
  await other.goto(server.url);
  const [onDisk] = await kept(other);
  assert.equal(onDisk.card.last.step, stays);
  assert.equal(onDisk.facts.step, stays);
  assert.ok(onDisk.last, "its weights are gone");
  await other.close();

  // Room is made by deleting the other training.
  await openMore(page, 1);
  await row(page, 1).getByRole("button", { name: "Delete" }).click();
  await page.evaluate(() => { /** @type {any} */ (globalThis).isFull = false; });
  await page.locator(".notice-info", { hasText: 'There is room again: "Names 2" is kept at step' }).waitFor(PATIENCE);
  await panel(page).getByRole("button", { name: "Stop" }).click();
});

test("a training that another tab has open is listed as such and not offered", async (t) => {
  const page = await openPage(t);
  await train(page, { ...SHORT, Steps: 30 });
  await set(page, { ...SHORT, Steps: 20000 });
  await panel(page).getByRole("button", { name: "Train another" }).click();
  await page.locator(".train-note", { hasText: "Saved at step" }).waitFor(PATIENCE);
  const other = await page.context().newPage();
  const { server } = await startBrowser();
  await other.goto(server.url);
  await openList(other);
  await row(other, 0).getByText("Open in another tab").waitFor();
  assert.equal(await row(other, 0).getByRole("button", { name: "Open" }).isDisabled(), true);
  await openMore(other, 0);
  assert.equal(await row(other, 0).getByRole("button", { name: "Delete" }).isDisabled(), true);
  assert.equal(await row(other, 0).getByLabel("Name of the training").getAttribute("readonly"), "");
  // The finished one is free.
  await row(other, 1).getByRole("button", { name: "Open" }).click();
  await reaches(other, "done");
  await page.waitForTimeout(1000);
  await openList(page);
  await row(page, 1).getByText("Open in another tab").waitFor();
  // The first tab lets go: it can be taken up here.
  await panel(page).getByRole("button", { name: "Pause" }).click();
  await page.getByText("It will go on exactly from here").waitFor();
  await page.close();
  await row(other, 0).getByText("Interrupted").waitFor();
  await row(other, 0).getByRole("button", { name: "Open" }).click();
  await reaches(other, "interrupted");
  await panel(other).getByRole("button", { name: "Go on" }).click();
  await reaches(other, "running");
});

test("the list fits a phone", async (t) => {
  const page = await openPage(t, { size: "phone" });
  await page.getByRole("tab", { name: "Train" }).click();
  await train(page, { ...SHORT, Steps: 30 });
  await openList(page);
  await openMore(page, 0);
  await row(page, 0).getByLabel("In the chart").check();
  const over = await page.evaluate(() => [...document.querySelectorAll("#train, #train *")].filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && element.checkVisibility()).map((element) => element.className));
  assert.deepEqual(over, []);
});
