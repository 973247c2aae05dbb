// Mine: what a person made or brought is listed with its size, opened, downloaded, deleted and had back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, downloaded } from "./launch.mjs";
import { keepRace } from "./mine-parts.mjs";
import { arrives, firstText, go } from "./parts.mjs";
import { makeModels, openModel } from "./small-models.mjs";
import { fits } from "./train-parts.mjs";
import { eventually, kept, words } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

const { openPage } = at("mine");

/** @param {Page} page */
const mine = (page) => page.locator("#mine");
/** @param {Page} page @param {string} list @param {string} [name] */
const rows = (page, list, name) => mine(page).getByRole("list", { name: new RegExp(`^${list}`) }).locator(".mine-row", name ? { hasText: name } : {});
/** @param {Page} page @param {string} name */
const modelIs = (page, name) => page.locator(".model-name", { hasText: name }).waitFor();
/** @param {import("playwright-core").Locator} row @param {string} label */
const press = (row, label) => row.getByRole("button", { name: new RegExp(`^${label} `) }).click();

test("an empty place says what will be here and leads on", async (t) => {
  const page = await openPage(t);
  await words(mine(page).locator(".mine-empty"), /Nothing is here yet\. .*to open, compare, download and delete/);
  assert.equal(await mine(page).locator(".mine-part:visible").count(), 0);
  await words(mine(page).locator(".mine-room"), /The browser holds .* for this page, with the page itself, and may hold .* GB\./);
  await mine(page).getByRole("link", { name: "Teach a model names" }).click();
  await arrives(page, "Stories");
  await eventually(() => page.evaluate(() => location.hash), "#story/names");
});

// More than ten seconds: two models are made, and the page is loaded three times.
test("models from files stay until they are deleted, open again from here and from the menu, and can be had back", async (t) => {
  const [first, second] = await makeModels([{}, { ffn_dim: 48 }]);
  const page = await openPage(t, { path: "#write" });
  await firstText(page);
  await openModel(page, first, "first");
  await openModel(page, second, "second");
  await go(page, "Mine");
  await words(rows(page, "Models", "second"), /parameters, 2 × 4 heads[^]*kB[^]*Open now/);
  await words(rows(page, "Models", "first"), (said) => !said.includes("Open now"));
  const { name, bytes } = await downloaded(page, () => press(rows(page, "Models", "first"), "Download"));
  assert.equal(name, "first.safetensors");
  assert.deepEqual(bytes, first);
  await page.reload();
  await modelIs(page, "second");
  await press(rows(page, "Models", "first"), "Open");
  await arrives(page, "Write");
  await modelIs(page, "first");
  // The open one is deleted: Shakespeare takes its place, until it is taken back.
  await go(page, "Mine");
  await rows(page, "Models", "first").getByText("Open now").waitFor();
  await press(rows(page, "Models", "first"), "Delete");
  await mine(page).getByText('"first" was deleted.').waitFor();
  await modelIs(page, "Shakespeare");
  await mine(page).locator(".runs-deleted button:focus").waitFor();
  await page.keyboard.press("Enter");
  await modelIs(page, "first");
  await rows(page, "Models", "first").getByText("Open now").waitFor();
  await page.reload();
  await modelIs(page, "first");
  await eventually(() => rows(page, "Models").count(), 2);
  // A deleted one that nobody takes back is gone, with its bytes; the menu of models has the other.
  await press(rows(page, "Models", "first"), "Delete");
  await modelIs(page, "Shakespeare");
  await page.getByRole("button", { name: /^Models\./ }).click();
  await words(page.locator(".model-list"), /second\s+from a file, [\d.]+ kB/);
  assert.doesNotMatch(await page.locator(".model-list").innerText(), /first/);
  await eventually(() => page.evaluate(async () => {
    const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
    return (await storage.keys("model-kept/")).length;
  }), 1);
  await page.locator(".model-list").getByRole("button", { name: /^second/ }).click();
  await modelIs(page, "second");
});

test("a text of one's own is listed, leads to the form, is downloaded, taken out and put back", async (t) => {
  const page = await openPage(t, { path: "#train" });
  await page.locator("#train").getByRole("radio", { name: "Your own text" }).check();
  await page.locator("#train .train-own textarea").fill("The tide is low, and the mud is warm and soft.\n");
  await kept(page, "train-own-text", (found) => found?.text?.length === 47);
  await page.locator("#train").getByRole("radio", { name: "Names" }).check();
  await go(page, "Mine");
  const row = rows(page, "Texts", "My text");
  await words(row, /in the form under Train · 1 kB/);
  const { name, bytes } = await downloaded(page, () => press(row, "Download"));
  assert.deepEqual([name, bytes.toString()], ["my-text.txt", "The tide is low, and the mud is warm and soft.\n"]);
  await press(row, "Delete");
  await row.waitFor({ state: "detached" });
  await page.locator(".notice", { hasText: "The text was cleared." }).getByRole("button", { name: "Put it back" }).click();
  await press(row, "Train on it");
  await arrives(page, "Train");
  await eventually(() => page.locator("#train").getByRole("radio", { name: "Your own text" }).isChecked(), true);
  await eventually(() => page.locator("#train .train-own textarea").inputValue(), /^The tide is low/);
});

test("a race that is kept is opened, downloaded, deleted and had back; on a phone all of it fits, and every place can be pressed", async (t) => {
  const page = await openPage(t, { size: "narrow" });
  await keepRace(page);
  await page.reload();
  const row = rows(page, "Races", "Names");
  await words(row, /Names, quick, tuned, 20 steps, 1 seed/);
  await fits(page, "#mine");
  const targets = await page.getByRole("navigation", { name: "Places" }).getByRole("link").evaluateAll((links) => links.map((link) => {
    const { width, height } = link.getBoundingClientRect();
    return { name: link.textContent, fits: width >= 40 && height >= 40 && link.scrollWidth <= link.clientWidth };
  }));
  assert.equal(targets.length, 7);
  assert.deepEqual(targets.filter(({ fits }) => !fits), []);
  const { name } = await downloaded(page, () => press(row, "Download"));
  assert.match(name, /^wave-field-race-tuned-.*\.json$/);
  await press(row, "Delete");
  await mine(page).locator(".runs-deleted button:focus").waitFor();
  await kept(page, "race-results", (found) => found.length === 0);
  await page.keyboard.press("Enter");
  await kept(page, "race-results", (found) => found.length === 1);
  await press(row, "Open");
  await arrives(page, "Race");
  await page.locator("#race .race-outcome", { hasText: /%/ }).waitFor();
});
