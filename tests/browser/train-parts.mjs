// Words for what a person does with the Train part, shared by its tests.

import { go } from "./parts.mjs";
import { eventually, holdTraining, kept, words } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Small enough to be quick; what has to be caught half-way is held ({@link startHeld}). */
export const SHORT = { Steps: 60, Batch: 2, Context: 16 };

/** @param {Page} page */
export const panel = (page) => page.locator("#train");
/** @param {Page} page @param {string | RegExp} name */
export const button = (page, name) => panel(page).getByRole("button", { name, exact: typeof name === "string" });
/** @param {Page} page @param {string} state */
export const reaches = (page, state) => page.locator(`.train-run[data-state="${state}"]`).waitFor();

/** Unfolds all settings. @param {Page} page */
export async function unfold(page) {
  const details = page.locator("#train .train-details");
  await details.first().waitFor({ state: "attached" });
  await details.evaluateAll((all) => { for (const one of all) /** @type {HTMLDetailsElement} */ (one).open = true; });
}

/** @param {Page} page @param {Record<string, number>} settings */
export async function set(page, settings) {
  await go(page, "Train");
  await unfold(page);
  for (const [label, value] of Object.entries(settings)) await panel(page).getByLabel(label, { exact: true }).fill(String(value));
}

/** @param {Page} page @param {Record<string, number>} [settings] */
export async function start(page, settings = SHORT) {
  await set(page, settings);
  await button(page, /^(Start training|Train another)$/).click();
}

/**
 * Starts a training that is held at its second evaluation, so that it is still under way whatever the test does. Give it
 * fifty steps or more: there are ten evaluations or more.
 * @param {Page} page @param {Record<string, number>} [settings]
 */
export async function startHeld(page, settings = SHORT) {
  await page.locator(".model-size", { hasText: "parameters" }).waitFor();
  const training = await holdTraining(page);
  await start(page, settings);
  await training.held();
  return training;
}

/**
 * Pauses a training that is held, and lets what was held go on: it stands at its second evaluation.
 * @param {Page} page @param {Awaited<ReturnType<typeof startHeld>>} training @returns {Promise<number>} the step
 */
export async function pauseHeld(page, training) {
  await button(page, "Pause").click();
  await reaches(page, "paused");
  await training.release();
  await page.getByText("It will go on exactly from here").waitFor();
  return step(page);
}

/**
 * Lets a held training go on just far enough for a snapshot that is asked for: what is asked during an evaluation is given
 * after it, and the next one may be held already.
 * @param {Page} page @param {Awaited<ReturnType<typeof startHeld>>} training @param {() => Promise<boolean>} stored
 */
export const letStore = (page, training, stored) => eventually(async () => {
  if (await stored()) return true;
  if (await page.evaluate(() => [.../** @type {any} */ (globalThis).unanswered].some(({ type }) => type === "train_snapshot"))) await training.release(1);
  return false;
}, true, "no snapshot was stored");

/** A figure of the training, such as "Step". @param {Page} page @param {string} name */
export const figure = (page, name) => page.locator(".train-figures > div", { has: page.locator("dt", { hasText: new RegExp(`^${name}(?: \\?)?$`) }) }).locator("dd").first();

/** @param {string} text */
const number = (text) => Number(text.split(" ")[0].replaceAll(",", ""));

/** The step that stands there. @param {Page} page */
export const step = async (page) => number(await words(figure(page, "Step"), /^\d/));

/** Waits until a step is reached. @param {Page} page @param {number} least */
export const passesStep = (page, least) => eventually(() => step(page), (at) => at >= least, `step ${least} was never reached`);

/**
 * All that is kept of the trainings, the newest first, once it is as wanted: a snapshot is written a little after the
 * step that it is of. The digest is that of the last model.
 * @param {Page} page @param {(found: {card: any, facts: any, history: any, last: string | null, checkpoints: string[]}[]) => boolean} wanted
 */
export const keptTrainings = (page, wanted) => eventually(() => page.evaluate(async () => {
  const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
  const digest = async (/** @type {Uint8Array<ArrayBuffer> | undefined} */ bytes) => bytes ? Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))).join(" ") : null;
  const cards = [...(await storage.getAll("runs/")).values()].reverse();
  return Promise.all(cards.map(async (card) => {
    const curves = await storage.get(`run-curves/${card.id}`);
    const last = card.last && (await digest(await storage.get(`run-checkpoint/${card.id}/${card.last.step}`)));
    return { card, facts: curves?.facts, history: curves?.history, last, checkpoints: await storage.keys(`run-checkpoint/${card.id}/`) };
  }));
}), wanted, "the trainings were not kept as expected");

/** The newest training, once it is kept to its end. @param {Page} page @param {string} [state] */
export const keptWhole = async (page, state = "done") => (await keptTrainings(page, ([newest]) =>
  newest?.card.state === state && newest.last !== null && newest.card.last.step === newest.facts?.step && newest.history?.lastStep === newest.facts.step))[0];

/** Trains to the end, and waits until that is kept. @param {Page} page @param {Record<string, number>} [settings] */
export async function train(page, settings = SHORT) {
  const before = (await keptTrainings(page, () => true)).length;
  await start(page, settings);
  await keptTrainings(page, (found) => found.length === before + 1 && found[0].card.state === "done" && found[0].last !== null);
  await reaches(page, "done");
  await page.locator(".train-note", { hasText: "It took" }).waitFor();
}

/** What of a place is wider than the window, once it has settled. @param {Page} page @param {string} [place] */
export const fits = (page, place = "#train") => eventually(() => page.evaluate((place) => [...document.querySelectorAll(`${place}, ${place} *`)]
  .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => `${element.tagName} ${element.className}`), place), [], "sticks out sideways");

export { kept };
