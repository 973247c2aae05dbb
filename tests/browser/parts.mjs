// Words for what a person does with the Generate and Waves parts, shared by their tests.

import { downloaded } from "./launch.mjs";
import { applied, engines, eventually, foretold } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
export const generatePanel = (page) => page.locator("#generate");

/** Waits until the first text is being written. @param {Page} page */
export const firstText = (page) => page.locator("#generate .token").nth(5).waitFor({ state: "attached" });

/** The text after the prompt. @param {Page} page @param {number} [view] */
export const textOf = (page, view = 0) =>
  page.locator(".display:visible").nth(view).evaluate((element) => [...element.querySelectorAll(".token")].map((token) => token.textContent).join(""));

/**
 * Has the page's engine do to its graphics card what `break_device` can.
 * @param {Page} page @param {import("../../www/js/engine/protocol.js").Requests["break_device"]["payload"]["how"]} how
 */
export const breakDevice = (page, how) => engines(page)[0].evaluate((how) => {
  self.onmessage?.(new MessageEvent("message", { data: { type: "break_device", id: 0, payload: { how } } }));
}, how);

/** Mutes a head, or lets it be heard again, from wherever the page is. @param {Page} page @param {number} head */
export const toggleMute = (page, head) => page.locator("#waves .channel").nth(head - 1).locator("button", { hasText: "Mute" }).dispatchEvent("click");
/** Takes back what was bent, from wherever the page is. @param {Page} page */
export const unbend = (page) => page.locator("#waves button", { hasText: "Reset all" }).dispatchEvent("click");

/** Goes to a place of the page. @param {Page} page @param {"Write" | "Stories" | "Train" | "Race" | "Lab" | "Long" | "Mine"} place */
export const go = (page, place) => page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: place, exact: true }).click();

/**
 * Waits until the page is at a place where it goes by itself, such as to Write once a trained model is open and kept:
 * whoever goes elsewhere before is taken there.
 * @param {Page} page @param {"Write" | "Stories" | "Train" | "Race" | "Lab" | "Long" | "Mine"} place
 */
export const arrives = (page, place) => page.locator(".places [aria-current]", { hasText: place }).waitFor();

/** Waits until nothing is being written. @param {Page} page */
export const finished = (page) => generatePanel(page).locator(".actions .primary", { hasText: /^Write$/ }).waitFor({ state: "attached" });

/** Stops what is being written, if anything is, or is about to be; wherever the page is. @param {Page} page */
export const stopWriting = (page) => eventually(() => generatePanel(page).locator(".actions .primary").evaluate((/** @type {HTMLButtonElement} */ button) => {
  // Found and pressed in one go: it may end by itself at any moment.
  if (button.textContent === "Stop") button.click();
  return button.textContent === "Write" && !button.disabled;
}), true, "what is being written was not stopped");

/** How fast the text is written. The race has a size that is called Full too. @param {Page} page @param {string} name */
export const setPace = (page, name) => generatePanel(page).getByRole("radio", { name, exact: true }).check();

/**
 * Opens nothing, stops what is being written and sets what the test needs: full pace and a short length.
 * @param {Page} page @param {{length?: number, seed?: number, prompt?: string}} [settings]
 */
export async function settle(page, { length = 60, seed = 7, prompt = "ROMEO:\n" } = {}) {
  await go(page, "Write");
  await firstText(page);
  await stopWriting(page);
  await setPace(page, "Full");
  await generatePanel(page).getByLabel("Length", { exact: true }).fill(String(length));
  await generatePanel(page).getByLabel("Seed", { exact: true }).fill(String(seed));
  await generatePanel(page).getByLabel("Prompt", { exact: true }).fill(prompt);
}

/** Writes a text to its end. @param {Page} page @returns {Promise<string>} */
export async function write(page) {
  const panel = generatePanel(page);
  await go(page, "Write");
  // A model that was just opened writes by itself first; its text is not the one asked for.
  await finished(page);
  await applied(page);
  const before = Number(await panel.getAttribute("data-written"));
  await panel.getByRole("button", { name: "Write", exact: true }).click();
  await page.locator(`#generate[data-written="${before + 1}"]`).waitFor();
  return textOf(page);
}

/** The likeliest next tokens with their probabilities, once they stand still. @param {Page} page @returns {Promise<string>} */
export async function nextTokens(page) {
  await foretold(page);
  await page.locator(".inspector-title", { hasText: "Next token" }).waitFor();
  return page.locator(".bars").innerText();
}

/** The choice of a model file's numbers, open. @param {Page} page */
export async function askForModel(page) {
  await page.getByRole("button", { name: /^Models\./ }).click();
  await page.getByRole("button", { name: "Download this model", exact: true }).click();
  return page.getByRole("dialog", { name: /^Download / });
}

/** The open model as a file. @param {Page} page @param {string} [numbers] */
export async function saveModel(page, numbers = "32-bit floats") {
  const dialog = await askForModel(page);
  await dialog.getByRole("radio", { name: numbers }).check();
  const file = await downloaded(page, () => dialog.getByRole("button", { name: "Download" }).click());
  await dialog.waitFor({ state: "detached" });
  return file;
}

/** One head's channel. @param {Page} page @param {number} head From 1. */
export const channel = (page, head) => page.getByRole("article", { name: `Head ${head}`, exact: true });

/**
 * A picture of a canvas, to see whether it changed; taken once it has stood still for a few frames.
 * @param {import("playwright-core").Locator} canvas @returns {Promise<string>}
 */
export const picture = (canvas) => canvas.evaluate(async (element) => {
  const take = () => /** @type {HTMLCanvasElement} */ (element).toDataURL();
  let last = take();
  for (let still = 0; still < 6; ) {
    await new Promise((done) => requestAnimationFrame(done));
    const now = take();
    still = now === last ? still + 1 : 0;
    last = now;
  }
  return last;
});
