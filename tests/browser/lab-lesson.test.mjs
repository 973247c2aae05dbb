// The lesson on an empty page of the page's own origin: trained for real, seen, saved, stopped and kept.

import assert from "node:assert/strict";
import { test } from "node:test";
import { downloaded, openEmpty } from "./launch.mjs";
import { eventually, words } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/**
 * The lesson alone, with a storage that lasts over reloads.
 * @param {Page} page @param {{steps?: number, seconds?: number}} length
 */
async function mount(page, length) {
  await page.evaluate(async (length) => {
    document.documentElement.lang = "en";
    for (const name of ["page/tokens", "page/base", "lab/lab", "lab/lesson"]) {
      const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL(`/sources/css/${name}.css`, location.href).href });
      document.head.append(link);
      await new Promise((resolve) => { link.onload = () => resolve(null); });
    }
    const at = (/** @type {string} */ path) => import(new URL(path, location.href).href);
    const [{ makeLesson }, { storage }] = await Promise.all([at("/sources/js/lab/causality/lesson.js"), at("/sources/js/keep/storage.js")]);
    const lesson = makeLesson({ app: { storage, announce: (/** @type {string} */ said) => { document.title = said; } } }, length);
    Object.assign(globalThis, { lesson });
    const main = document.createElement("main");
    main.append(lesson.element);
    document.body.append(main);
    lesson.show();
  }, length);
}

/** @param {Page} page @param {"sound" | "broken"} kind */
const readings = async (page, kind) => {
  const [score, hits, leak] = await page.locator(`.lesson-${kind} dd`).allInnerTexts();
  return { score: Number(score), hits, leak, text: await page.locator(`.lesson-${kind} blockquote`).innerText() };
};

/** What a button saves. @param {Page} page @param {string} kind */
const saved = async (page, kind) => (await downloaded(page, () => page.getByRole("button", { name: `Download as ${kind}: break it on purpose` }).click())).bytes;

/** Waits until nothing but the page is left. @param {Page} page */
async function workersGone(page) {
  await eventually(() => page.workers().length, 0, "a worker is left");
}

test("the broken model scores what cannot be, leaks, and all of it is said, saved and kept", async (t) => {
  const page = await openEmpty(t);
  // Only the steps end it, however long they take.
  await mount(page, { steps: 120, seconds: 1e6 });
  await page.getByText("Both are trained on this device's processor").waitFor();
  assert.equal(await page.locator(".lesson-outcome").isVisible(), false);
  await page.getByRole("button", { name: "Train both" }).click();
  await page.getByText("Both were trained for 120 steps. What was broken: two tokens share a cell.").waitFor();
  await eventually(() => page.title(), "Both models are trained.");
  await workersGone(page);
  const [sound, broken] = [await readings(page, "sound"), await readings(page, "broken")];
  assert.ok(sound.score > 7 && sound.score < 16, `sound: ${sound.score}`);
  assert.ok(broken.score < 4, `broken: ${broken.score}`);
  assert.match(sound.leak, /^No leak: 0$/);
  assert.match(broken.leak, /^Leak: [\d.]+ %$/);
  for (const { text } of [sound, broken]) assert.ok(text.length > 100, text);
  assert.notEqual(sound.text, broken.text);
  await words(page.locator("figcaption"), /^Perplexity after 120 steps\. Sound model \(solid\): /);
  await page.getByText(/Before the first step the largest change was [\d.]+ % of/).waitFor();

  const lines = (await saved(page, "CSV")).toString().trim().split("\n").map((line) => line.split(","));
  assert.deepEqual(lines[0].slice(0, 2), ["step", "sound_training_perplexity"]);
  assert.equal(lines.length, 1 + 120 / 8);
  assert.equal(Number(lines[15][0]), 120);
  // Shown with three digits.
  for (const [column, { score }] of /** @type {const} */ ([[2, sound], [4, broken]])) assert.ok(Math.abs(Number(lines[15][column]) / score - 1) < 0.01, lines[15].join());
  assert.deepEqual([...(await saved(page, "PNG")).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  const svg = (await saved(page, "SVG")).toString();
  assert.match(svg, /^<svg/);
  assert.match(svg, /two tokens share a cell/);
  assert.ok(svg.includes(`broken ${broken.score.toFixed(2)}`));

  await page.reload();
  await mount(page, {});
  await page.getByText("Both were trained for 120 steps.").waitFor();
  await eventually(async () => [await readings(page, "sound"), await readings(page, "broken")], [sound, broken]);
  await page.getByRole("button", { name: "Forget this result" }).click();
  await page.locator(".lesson-outcome").waitFor({ state: "hidden" });
});

test("a training on a ring is stopped at once; what was found is kept", async (t) => {
  const page = await openEmpty(t);
  await page.setViewportSize({ width: 390, height: 844 });
  await mount(page, { steps: 200_000, seconds: 1e6 });
  await page.getByRole("radio", { name: "Waves come round again" }).check({ force: true });
  await page.getByText("the field is closed to a ring").waitFor();
  await page.getByRole("button", { name: "Train both" }).click();
  await page.getByText(/^Step \d+ of \d+, about/).waitFor();
  await page.getByRole("radio", { name: "Two tokens share a cell", disabled: true }).waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText(/^Ended after \d+ of \d+ steps.*waves come round again/).waitFor();
  await workersGone(page);
  const { leak } = await readings(page, "broken");
  assert.match(leak, /^Leak: /);
  assert.match((await readings(page, "sound")).leak, /^No leak: /);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "nothing sticks out sideways");
});

test("a text that cannot be fetched is said, and can be tried again", async (t) => {
  const page = await openEmpty(t);
  await mount(page, { steps: 16, seconds: 1e6 });
  await page.route("**/tinyshakespeare.txt", (route) => route.abort());
  await page.getByRole("button", { name: "Train both" }).click();
  await page.getByRole("alert").filter({ hasText: "could not be fetched" }).waitFor();
  await page.unroute("**/tinyshakespeare.txt");
  await page.getByRole("button", { name: "Train both" }).click();
  await page.getByText("Both were trained for 16 steps.").waitFor();
  await page.getByRole("alert").waitFor({ state: "hidden" });
});
