// The Train panel with the real engine: what a person does there, from the first step to text of its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, downloaded } from "./launch.mjs";
import { go } from "./parts.mjs";
import { SHORT, button, fits, keptWhole, panel, passesStep, pauseHeld, reaches, set, start, startHeld, step, train } from "./train-parts.mjs";
import { engines, engineTurns, eventually, slowClock, words } from "./wait.mjs";

const { onePage, openPage } = at("train");

/** @typedef {import("playwright-core").Page} Page */

/** A training that was kept, less what depends on how long it took. @param {Awaited<ReturnType<typeof keptWhole>>} run */
const outcome = ({ facts, history, last }) => ({ history, last, evaluations: facts.evaluations, samples: facts.samples, layers: facts.layers });

test("training on names lowers the loss, shows samples and kernels, and the model can be generated with", async (t) => {
  const page = await openPage(t);
  await train(page, { ...SHORT, Steps: 120, Batch: 4 });
  const { facts, history } = await keptWhole(page);
  const mean = (/** @type {number[]} */ list) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [first, last] = [mean(history.sums.slice(0, 10)), mean(history.sums.slice(-10))];
  assert.ok(first > 3 && last < first - 0.5, `the loss went from ${first} to ${last}`);
  assert.equal(facts.step, 120);
  assert.ok(facts.evaluations.length >= 10 && facts.samples.length >= 10);
  assert.notDeepEqual(facts.layers, facts.initialLayers, "the heads did not move");
  await eventually(() => page.locator(".train-names li").count(), (count) => count > 10, "no names are shown");
  await button(page, "Write with it").click();
  await page.locator(".model-name", { hasText: "Names" }).waitFor();
});

test("while it runs the screen stays on, and title and link say how far it is, wherever one is", async (t) => {
  const page = await openPage(t, { before: (opening) => opening.addInitScript(() => {
    const lock = { held: 0 };
    Object.assign(globalThis, { lock });
    const request = async () => {
      lock.held++;
      const sentinel = new EventTarget();
      return Object.assign(sentinel, { release: async () => {
        lock.held--;
        sentinel.dispatchEvent(new Event("release"));
      } });
    };
    Object.defineProperty(navigator, "wakeLock", { value: { request } });
  }) });
  const held = () => page.evaluate(() => /** @type {any} */ (globalThis).lock.held);
  const link = page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "Train", exact: true });
  const training = await startHeld(page);
  await go(page, "Write");
  await eventually(held, 1, "the screen may go dark");
  await eventually(() => page.title(), /^\d+ % · /);
  await eventually(() => link.getAttribute("data-done"), /^\d+ %$/);
  await go(page, "Train");
  await pauseHeld(page, training);
  await eventually(held, 0, "the screen is kept on for nothing");
  await eventually(() => page.title(), "Train · Wave Field playground");
  assert.equal(await link.getAttribute("data-done"), null);
});

test("how long it takes is a range before, is measured at first, and then said as a range", async (t) => {
  const page = await openPage(t);
  await words(page.locator(".train-estimate"), /^It takes [\d.]+(–| s to )[\d.]+ (s|min) on most computers \(measured once it starts\), and about \d+ MB of memory\.$/);
  await page.evaluate(() => {
    const said = new Set();
    const look = () => { for (const term of document.querySelectorAll(".train-figures dt")) if (term.textContent === "Time left") said.add(term.nextElementSibling?.textContent); };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    Object.assign(globalThis, { saidLeft: said });
  });
  await train(page, { ...SHORT, Steps: 400 });
  const said = await page.evaluate(() => [.../** @type {any} */ (globalThis).saidLeft]);
  assert.deepEqual(said.slice(0, 2), ["–", "measuring…"]);
  for (const words of said.slice(2)) assert.match(words, /^(–|a few seconds|up to [\d.]+ (s|min)|about [\d.]+ (s|min)|[\d.]+(–| s to )[\d.]+ (s|min)|now rather .*: (other work on this machine|faster than at first))$/);
  await words(page.locator(".train-estimate"), /at the speed measured here, and about/);
});

// More than ten seconds: the same training is done three times, with a page opened for each end.
test("a training that is paused, stopped, or closed with its page goes on exactly: the same losses and the same weights", async (t) => {
  const page = await openPage(t);
  const settings = { ...SHORT, Dropout: 0.1 };
  const paused = await pauseHeld(page, await startHeld(page, settings));
  assert.equal(paused, 20);
  await engineTurns(page);
  assert.equal(await step(page), paused, "it does not stand still");
  await page.reload();
  await reaches(page, "interrupted");
  assert.equal(await step(page), paused);
  await button(page, "Go on").click();
  await reaches(page, "done");
  const interrupted = await keptWhole(page);

  // In the same page: paused, gone on with, stopped, gone on with.
  const training = await startHeld(page, settings);
  await button(page, "Pause").click();
  await reaches(page, "paused");
  await training.release(1);
  await page.getByText("It will go on exactly from here").waitFor();
  await button(page, "Go on").click();
  await training.held();
  await button(page, "Stop").click();
  await training.release();
  await reaches(page, "stopped");
  const stopped = await step(page);
  assert.ok(stopped > paused && stopped < SHORT.Steps, `stopped at ${stopped}`);
  await button(page, "Go on").click();
  await reaches(page, "done");
  assert.deepEqual(outcome(await keptWhole(page)), outcome(interrupted));

  await train(page, settings);
  assert.deepEqual(outcome(await keptWhole(page)), outcome(interrupted));
});

test("when the engine dies, the training goes on with a new engine; when that dies too, it is kept", async (t) => {
  const page = await openPage(t, { expected: [/the engine is gone/] });
  // So long that it is not over before the test is, however long that takes.
  await start(page, { ...SHORT, Steps: 200_000 });
  await page.locator(".train-note", { hasText: "Kept at step" }).waitFor();
  await slowClock(page);
  const die = () => engines(page)[0].evaluate(() => { setTimeout(() => { throw new Error("the engine is gone"); }); });
  await die();
  await page.getByText("The engine stopped and was started again.").waitFor();
  const again = Number(/from step ([\d,]+)/.exec(await page.getByText(/Training goes on on the processor from step/).innerText())?.[1].replace(",", ""));
  assert.ok(again > 0);
  await passesStep(page, again + 1);
  // So soon it is not started again by itself.
  await die();
  await reaches(page, "failed");
  const note = await words(page.locator(".train-note"), /kept at step/);
  const kept = Number(/kept at step ([\d,]+)/.exec(note)?.[1].replace(",", ""));
  assert.ok(kept > 0, note);
  await button(page, "Go on").click();
  await passesStep(page, kept + 1);
  await reaches(page, "running");
});

const shared = onePage();

test("a setting out of its range is refused beside its field", shared(async (page) => {
  await set(page, { Steps: 3 });
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await page.getByText("Steps takes a whole number from 10 to 200,000.").waitFor();
  await page.locator('.train-run[data-state="idle"]').waitFor();
}));

test("a text of one's own that is too short is refused in words, and one that is long enough trains", shared(async (page) => {
  await panel(page).getByRole("radio", { name: "Your own text" }).check();
  const area = page.locator("#train .train-own textarea");
  await area.fill("Hello.");
  await page.locator("#train .train-understood", { hasText: "too short: it has 6 characters" }).waitFor();
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await words(page.locator(".train-start-problem"), /too short.*Add more text, or choose a smaller context/s);
  await area.fill("The sea was calm, the sky was wide.\n".repeat(60));
  await page.locator("#train .train-facts", { hasText: "2,160" }).waitFor();
  await train(page, { ...SHORT, Steps: 20 });
}));

test("where the disk is full, training works on and the page says what that means", async (t) => {
  const page = await openPage(t, {
    before: (opening) => opening.addInitScript(() => {
      IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
    }),
  });
  await start(page, { ...SHORT, Steps: 40 });
  await reaches(page, "done");
  await page.locator(".train-note", { hasText: "no room left for this page" }).waitFor();
  const { name } = await downloaded(page, () => button(page, "Download").click());
  assert.match(name, /^wave-field-names-step-40\.safetensors$/);
});

test("training fits a phone", async (t) => {
  const page = await openPage(t, { size: "narrow" });
  await go(page, "Train");
  await train(page, { ...SHORT, Steps: 20 });
  await fits(page);
});
