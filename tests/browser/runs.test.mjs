// The library of trainings with the real engine: what is kept, what outlives a crash, and what can be done with it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, downloaded, startBrowser } from "./launch.mjs";
import { arrives, go } from "./parts.mjs";
import { button, fits, keptTrainings, keptWhole, letStore, panel, pauseHeld, reaches, SHORT, start, startHeld, train } from "./train-parts.mjs";
import { eventually, holdTraining, words } from "./wait.mjs";

const { openPage } = at("train");

/** @typedef {import("playwright-core").Page} Page */

/** So long that it is not over before its test is, however long that takes. */
const ENDLESS = { ...SHORT, Steps: 200_000 };

/** @param {Page} page */
const runs = (page) => page.locator(".runs");
/** @param {Page} page @param {number} index */
const row = (page, index) => page.locator(".runs-row:not(.runs-deleted)").nth(index);

/** @param {Page} page */
const openList = (page) => go(page, "Mine");

/** @param {Page} page @param {number} index */
async function openMore(page, index) {
  await row(page, index).locator("summary").click();
}

/** The name of a training in the list, once it is that. @param {Page} page @param {number} index @param {string} name */
const named = (page, index, name) => eventually(() => row(page, index).getByLabel("Name of the training").inputValue(), name);

/** Hides the tab for a moment, which has a snapshot written. @param {Page} page */
const hide = (page) => page.evaluate(() => {
  Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  delete (/** @type {any} */ (document).visibilityState);
});

/** The same until what that leads to is there. @param {Page} page @param {() => Promise<boolean>} there */
const hideUntil = (page, there) => eventually(async () => {
  await hide(page);
  return there();
}, true, "nothing came of the snapshot");

/** What can be compared of two runs of the same steps: not how long they took. @param {Awaited<ReturnType<typeof keptWhole>>} run */
const outcome = ({ facts, history, last }) => ({ history, last, evaluations: facts.evaluations, samples: facts.samples, layers: facts.layers });

// More than ten seconds: a page is opened for each way in which one ends.
test("a training whose page was closed, or went elsewhere, in the middle goes on from its last snapshot as if nothing had been", async (t) => {
  const page = await openPage(t);
  const settings = { ...SHORT, Dropout: 0.1 };
  const { server } = await startBrowser();
  const training = await startHeld(page, settings);
  await reaches(page, "running");
  await hide(page);
  await letStore(page, training, () => page.locator(".train-note", { hasText: /Kept at step [2-9]\d/ }).isVisible());
  await training.held();
  await page.goto("about:blank");
  await page.goto(`${server.url}#train`);
  await reaches(page, "interrupted");
  const again = await keptTrainings(page, ([{ card }]) => card.last?.step >= 20);
  assert.equal(again[0].facts.step, again[0].card.last.step);
  const more = await holdTraining(page);
  await button(page, "Go on").click();
  await more.held();
  // Another page of the same browser stays, so that what is stored does; this one ends without a word.
  const next = await page.context().newPage();
  await page.close({ runBeforeUnload: false });
  await next.goto(`${server.url}#train`);
  await reaches(next, "interrupted");
  const [before] = await keptTrainings(next, () => true);
  assert.ok(before.card.last.step > 0 && before.card.last.step < SHORT.Steps, `it was at step ${before.card.last.step}`);
  assert.equal(before.facts.step, before.card.last.step);
  await button(next, "Go on").click();
  await reaches(next, "done");
  const interrupted = await keptWhole(next);
  await train(next, settings);
  const whole = await keptWhole(next);
  assert.notEqual(whole.card.id, interrupted.card.id);
  assert.equal(whole.card.step, SHORT.Steps);
  assert.deepEqual(outcome(interrupted), outcome(whole));
});

// More than ten seconds: it needs four hundred steps, until the model has learned its text by heart.
test("every training is kept with its last and its best model, and both can be generated with", async (t) => {
  const page = await openPage(t);
  // So little text is soon known by heart: validation turns upwards.
  await panel(page).getByRole("radio", { name: "Your own text" }).check();
  await panel(page).locator(".train-own textarea").fill("The sea was calm, the sky was wide. A gull cried twice; nobody heard it but the old man.\n".repeat(3) + "Quick zebras jump over vexed foxes by the dim quay.\n");
  // Held until the first evaluation's model is kept: a run that is over in a moment may have none but its last.
  const training = await holdTraining(page, 0);
  await start(page, { ...SHORT, Batch: 4, Steps: 400, "Learning rate": 0.01 });
  await keptTrainings(page, ([newest]) => newest !== undefined);
  await training.release(1);
  await letStore(page, training, async () => Boolean((await keptTrainings(page, ([newest]) => newest !== undefined))[0].card.best));
  await training.release();
  await reaches(page, "done");
  await openList(page);
  const { card, facts, checkpoints } = await keptWhole(page);
  const lowest = facts.evaluations.reduce((/** @type {any} */ low, /** @type {any} */ next) => (next.loss < low.loss ? next : low));
  assert.deepEqual(card.lowest, { step: lowest.step, loss: lowest.loss });
  assert.ok(card.best.loss >= lowest.loss && card.best.step >= card.best.evaluatedAt && card.best.step < card.last.step, JSON.stringify([card.best, card.last, lowest]));
  assert.equal(checkpoints.length, 2, "more checkpoints than needed are kept");
  await openMore(page, 0);
  await row(page, 0).getByRole("button", { name: /Write with the best \(step/ }).click();
  await page.locator(".model-name", { hasText: "My text, the best" }).waitFor();
  await arrives(page, "Write");
  await openList(page);
  await row(page, 0).getByRole("button", { name: /Write with the last \(step 400\)/ }).click();
  await page.locator(".model-name", { hasText: /^My text$/ }).waitFor();
});

// More than ten seconds: several trainings are made first.
test("trainings are listed, renamed, compared, drawn over each other, opened and deleted", async (t) => {
  const page = await openPage(t);
  await train(page, { ...SHORT, Steps: 20, Batch: 4 });
  await train(page, { ...SHORT, Steps: 20, Seed: 2, Batch: 8 });
  await openList(page);
  await page.locator(".runs-count", { hasText: "2," }).waitFor();
  const name = row(page, 0).getByLabel("Name of the training");
  await named(page, 0, "Names 2");
  await name.fill("Larger batch");
  await name.press("Enter");
  await row(page, 0).getByLabel("Compare").check();
  await row(page, 1).getByLabel("Compare").check();
  await runs(page).getByRole("button", { name: "Compare the 2 chosen" }).click();
  const compared = await words(page.locator(".runs-compare"), /A Larger batch\s+B Names[^]*Lowest loss on held-back text.*\(lowest\)/);
  assert.match(compared, /Batch\s+8\s+4/);
  assert.match(compared, /Seed\s+2\s+1/);
  assert.doesNotMatch(compared, /Context|Dropout|Learning rate/);
  // Both are in one chart; a chart is drawn where it can be seen.
  await words(page.locator(".runs-compared .train-legend"), /A Larger batch.*B Names/s);
  await page.locator(".runs-chart").scrollIntoViewIfNeeded();
  await page.locator(".runs-chart canvas").waitFor();
  await eventually(() => page.locator(".runs-chart").getAttribute("aria-label"), /^A Larger batch: from .*; B Names: from /);

  // Under Train the other is drawn over the one that is shown.
  await go(page, "Train");
  await panel(page).locator(".train-chart").first().scrollIntoViewIfNeeded();
  await panel(page).locator(".train-legend", { hasText: "B Names" }).waitFor();
  await panel(page).getByRole("link", { name: "2 trainings are kept: Mine" }).click();
  await row(page, 1).getByRole("button", { name: "Open" }).click();
  await arrives(page, "Train");
  await panel(page).locator(".train-chart").first().scrollIntoViewIfNeeded();
  await panel(page).locator(".train-legend", { hasText: "A Larger batch" }).waitFor();
  await openList(page);
  await row(page, 1).getByRole("button", { name: "Show" }).waitFor();

  await openMore(page, 0);
  await row(page, 0).getByRole("button", { name: "Use these settings" }).click();
  await eventually(() => panel(page).getByLabel("Batch", { exact: true }).inputValue(), "8");
  await eventually(() => panel(page).getByLabel("Seed", { exact: true }).inputValue(), "2");

  await openList(page);
  await row(page, 0).getByRole("button", { name: "Delete" }).click();
  await page.getByText('"Larger batch" was deleted.').waitFor();
  await page.locator(".runs-deleted button:focus").waitFor();
  await page.keyboard.press("Enter");
  await row(page, 1).waitFor();
  await named(page, 0, "Larger batch");
  await openMore(page, 0);
  await row(page, 0).getByRole("button", { name: "Delete" }).click();
  await page.getByText('"Larger batch" was deleted.').waitFor();
  await page.reload();
  await page.locator(".runs-count", { hasText: "1," }).waitFor();
  await row(page, 0).waitFor();
});

// More than ten seconds: two browsers are opened, and one training is done from its middle to its end in both.
test("an exported training goes on in another browser exactly as at home", async (t) => {
  const page = await openPage(t);
  const paused = await pauseHeld(page, await startHeld(page));
  assert.ok(paused < SHORT.Steps);
  await openList(page);
  await openMore(page, 0);
  const { name, bytes: buffer } = await downloaded(page, () => row(page, 0).getByRole("button", { name: "Download" }).click());
  assert.equal(name, "names.wavefield-run");
  await go(page, "Train");
  await button(page, "Go on").click();
  await reaches(page, "done");
  const home = await keptWhole(page);

  const other = await openPage(t);
  await openList(other);
  const picker = other.locator("input[type=file][aria-label='Training to open']");
  await picker.setInputFiles({ name: "names.wavefield-run", mimeType: "application/octet-stream", buffer });
  await named(other, 0, "Names (from a file)");
  // Opened and gone on with in one press.
  await row(other, 0).getByRole("button", { name: "Go on" }).click();
  await arrives(other, "Train");
  await reaches(other, "done");
  const away = await keptWhole(other);
  assert.deepEqual(outcome(away), outcome(home));

  // What is not one is refused in words: what was cut at its end as a training, what has hardly begun as the archive it is.
  await picker.setInputFiles({ name: "cut.wavefield-run", mimeType: "application/octet-stream", buffer: buffer.subarray(0, buffer.length - 900) });
  await other.locator(".runs-problem", { hasText: '"cut.wavefield-run" could not be opened. It is not a whole ZIP' }).waitFor();
  await picker.setInputFiles({ name: "begun.wavefield-run", mimeType: "application/octet-stream", buffer: buffer.subarray(0, 2000) });
  await other.locator(".notice", { hasText: "begun.wavefield-run could not be opened" }).waitFor();
  // Dropped anywhere on the page.
  await other.evaluate((bytes) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], "dropped.wavefield-run"));
    document.querySelector("#waves")?.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  }, buffer.toString("base64"));
  await row(other, 1).waitFor();
  await named(other, 0, "Names (from a file) 2");
});

// More than ten seconds: two trainings and a second page.
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
  await train(page, { ...SHORT, Steps: 20 });
  await start(page, ENDLESS);
  await page.locator(".train-note", { hasText: "Kept at step" }).waitFor();
  await page.evaluate(() => { /** @type {any} */ (globalThis).isFull = true; });
  const notice = page.locator(".notice-error", { hasText: 'The browser has no room left for "Names 2"' });
  await hideUntil(page, () => notice.isVisible());
  const said = await words(notice, /Delete what you no longer need under Mine, or download it/);
  const stays = Number(/Its step ([\d,]+) stays on the disk, whole/.exec(said)?.[1].replaceAll(",", ""));
  await reaches(page, "running");
  await openList(page);
  await row(page, 0).getByText("kept only until this tab is closed").waitFor();

  // Another tab sees what is on the disk: the older snapshot, card and curves and weights of one step.
  const other = await page.context().newPage();
  const { server } = await startBrowser();
  await other.goto(`${server.url}#train`);
  const [onDisk] = await keptTrainings(other, ([newest]) => newest?.last !== null);
  assert.equal(onDisk.card.last.step, stays);
  assert.equal(onDisk.facts.step, stays);
  assert.ok(onDisk.last, "its weights are gone");
  await other.close();

  // Room is made by deleting the other training.
  await openMore(page, 1);
  await row(page, 1).getByRole("button", { name: "Delete" }).click();
  await page.evaluate(() => { /** @type {any} */ (globalThis).isFull = false; });
  const room = page.locator(".notice-info", { hasText: 'There is room again: "Names 2" is kept at step' });
  await hideUntil(page, () => room.isVisible());
});

// More than ten seconds: three trainings are begun, and three pages opened.
test("a training that another tab has open is listed as such and not offered", async (t) => {
  const page = await openPage(t);
  await train(page, { ...SHORT, Steps: 20 });
  await start(page, ENDLESS);
  await page.locator(".train-note", { hasText: "Kept at step" }).waitFor();
  const other = await page.context().newPage();
  const { server } = await startBrowser();
  await other.goto(`${server.url}#train`);
  await openList(other);
  await row(other, 0).getByText("Open in another tab").waitFor();
  await row(other, 0).getByRole("button", { name: "Open", disabled: true }).waitFor();
  await openMore(other, 0);
  await row(other, 0).getByRole("button", { name: "Delete", disabled: true }).waitFor();
  await eventually(() => row(other, 0).getByLabel("Name of the training").getAttribute("readonly"), "");
  // The finished one is free.
  await row(other, 1).getByRole("button", { name: "Open" }).click();
  await reaches(other, "done");
  await openList(page);
  await row(page, 1).getByText("Open in another tab").waitFor();
  // The first tab lets go: it can be taken up here.
  await go(page, "Train");
  await panel(page).getByRole("button", { name: "Pause" }).click();
  await page.getByText("It will go on exactly from here").waitFor();
  await page.close();
  await openList(other);
  await row(other, 0).getByText("Interrupted").waitFor();
  await row(other, 0).getByRole("button", { name: "Open" }).click();
  await reaches(other, "interrupted");
  await panel(other).getByRole("button", { name: "Go on" }).click();
  await reaches(other, "running");
});

test("the list fits a phone", async (t) => {
  const page = await openPage(t, { size: "phone" });
  await go(page, "Train");
  await train(page, { ...SHORT, Steps: 20 });
  await openList(page);
  await openMore(page, 0);
  await fits(page, "#mine");
});
