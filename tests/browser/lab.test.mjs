// The lab's own: the choice of views, texts and models, what is kept, anchors, and that it rests out of sight.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { openEmpty, openPage } from "./launch.mjs";
import { firstText, generatePanel, settle } from "./parts.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
const lab = (page) => page.locator("#lab");
/** @param {Page} page @param {string} name */
const choice = (page, name) => lab(page).getByRole("radio", { name, exact: true });
/** @param {Page} page */
const own = (page) => lab(page).getByRole("textbox", { name: "Text to look at" });
/** @param {Page} page */
const strip = (page) => lab(page).locator(".lab-tokens");
/** The Energy view is there with its numbers. @param {Page} page */
const energyShown = (page) => lab(page).locator(".energy-table").waitFor({ timeout: 20_000 });

/** Notes what is asked of the engine for the lab; the badge at the top of the page measures leaks by itself. @param {Page} page */
const noteRequests = (page) => page.addInitScript(() => {
  const asked = /** @type {{view: string, length: number}[]} */ ([]);
  Object.assign(window, { asked });
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (/** @type {any} */ message, /** @type {any} */ options) {
    if (message?.type === "observe" && !message.payload.view.startsWith("causality")) asked.push({ view: message.payload.view, length: message.payload.payload.text?.length ?? 0 });
    return post.call(this, message, options);
  };
});
/** @param {Page} page @returns {Promise<{view: string, length: number}[]>} */
const asked = (page) => page.evaluate(() => /** @type {any} */ (window).asked);
/** How many tokens are written. @param {Page} page */
const written = (page) => page.locator("#generate .token").count();

/** Waits until so many more tokens are written. @param {Page} page @param {number} more */
async function writes(page, more) {
  const before = await written(page);
  await page.waitForFunction((count) => document.querySelectorAll("#generate .token").length >= count, before + more);
}

test("the keyboard goes from view to view, and a reload comes back to the chosen one", async (t) => {
  const page = await openPage(t, { path: "#lab" });
  await choice(page, "Field").focus();
  const about = await lab(page).locator(".lab-about").innerText();
  while (!await choice(page, "Energy").isChecked()) await page.keyboard.press("ArrowRight");
  await energyShown(page);
  assert.notEqual(await lab(page).locator(".lab-about").innerText(), about);
  assert.equal(await lab(page).locator(".lab-stage > *").count(), 1);
  assert.ok(await page.evaluate(() => document.activeElement?.closest(".lab-views")), "the focus has moved");
  await page.reload();
  await lab(page).scrollIntoViewIfNeeded();
  await energyShown(page);
  assert.ok(await choice(page, "Energy").isChecked());
});

test("a text of one's own is kept over a reload", async (t) => {
  const page = await openPage(t, { path: "#lab-energy" });
  await energyShown(page);
  await choice(page, "My own").check();
  await own(page).fill("To be, or not");
  await strip(page).getByText("To be, or not").waitFor();
  await page.reload();
  await lab(page).scrollIntoViewIfNeeded();
  await strip(page).getByText("To be, or not").waitFor({ timeout: 20_000 });
  assert.equal(await own(page).inputValue(), "To be, or not");
  assert.ok(await choice(page, "My own").isChecked() && await choice(page, "Energy").isChecked());
});

test("characters that the model does not know are named under the field, and nothing typed is lost", async (t) => {
  const page = await openPage(t, { path: "#lab-energy" });
  await energyShown(page);
  await choice(page, "My own").check();
  await own(page).fill("Größe");
  const fault = lab(page).getByRole("alert").filter({ hasText: "ö" });
  await fault.waitFor();
  assert.match(await fault.innerText(), /2 characters that it does not have: "ö" U\+00F6, "ß" U\+00DF.*Remove or replace them/);
  assert.equal(await own(page).getAttribute("aria-invalid"), "true");
  assert.equal(await own(page).getAttribute("aria-describedby"), await fault.getAttribute("id"));
  const [field, message] = [await own(page).boundingBox(), await fault.boundingBox()];
  assert.ok(field && message && message.y - field.y - field.height < 24, "the message is not at the field");
  assert.equal(await own(page).inputValue(), "Größe");
  assert.equal(await lab(page).locator(".energy-table").isVisible(), false, "old numbers stand under a text that cannot be read");
  await own(page).press("Backspace");
  await own(page).fill("Grand");
  await energyShown(page);
  await fault.waitFor({ state: "detached" });
  assert.equal(await own(page).getAttribute("aria-invalid"), "false");
  await own(page).fill("");
  await lab(page).getByRole("alert").filter({ hasText: "at least one character" }).waitFor();
});

test("nothing is asked of the engine while the lab is out of sight", async (t) => {
  const page = await openPage(t, { before: noteRequests });
  await firstText(page);
  await lab(page).locator(".lab-views").waitFor({ state: "attached" });
  await writes(page, 20);
  assert.deepEqual(await asked(page), []);
  await page.evaluate(() => document.getElementById("lab")?.scrollIntoView());
  await page.waitForFunction(() => /** @type {any} */ (window).asked.length >= 4);
  await page.evaluate(() => scrollTo(0, 0));
  // What was under way may end; then there is silence, however much is written.
  await writes(page, 10);
  const count = (await asked(page)).length;
  await writes(page, 30);
  assert.equal((await asked(page)).length, count);
});

test("a long text sends no more than can matter, and says so", async (t) => {
  const page = await openPage(t, { path: "#lab-energy", before: noteRequests });
  await energyShown(page);
  await choice(page, "My own").check();
  const long = "All the world's a stage, and all the men and women merely players.\n".repeat(1500);
  // As a person would: filling the field by a test's own means takes Chromium many seconds.
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate((text) => navigator.clipboard.writeText(text), `${long}Exit.`);
  await own(page).press("ControlOrMeta+A");
  await own(page).press("ControlOrMeta+V");
  await lab(page).getByText(/The last 257 tokens of a text of 100,505 characters: the model reads no more than 257 at once/).waitFor();
  assert.ok((await asked(page)).every(({ length }) => length <= 257 * 32));
  await page.waitForFunction(() => document.querySelectorAll(".lab-token").length === 257);
  assert.ok((await strip(page).innerText()).endsWith("Exit."));
});

test("anchors open the lab at a view, and leave the page's link as it was", async (t) => {
  const page = await openPage(t);
  await settle(page, { seed: 11 });
  await page.waitForFunction(() => location.hash.includes("seed=11"));
  const link = await page.evaluate(() => location.hash);
  for (const [anchor, name] of [["#lab-energy", "Energy"], ["#lab-field", "Field"], ["#lab", "Field"]]) {
    await page.evaluate(() => scrollTo(0, 0));
    await page.evaluate((to) => { location.hash = to; }, anchor);
    await page.waitForFunction(() => { const top = document.getElementById("lab")?.getBoundingClientRect().top ?? -1; return top >= 0 && top < innerHeight / 2; });
    assert.ok(await choice(page, name).isChecked(), anchor);
    await page.waitForFunction((expected) => location.hash === expected, link);
  }
  assert.equal(await generatePanel(page).getByLabel("Seed", { exact: true }).inputValue(), "11");
});

test("on a phone an anchor opens the lab's tab, and nothing is wider than the window", async (t) => {
  const page = await openPage(t, { size: "phone", colors: "dark", path: "#lab-energy" });
  await energyShown(page);
  assert.equal(await page.getByRole("tab", { name: "Lab" }).getAttribute("aria-selected"), "true");
  const over = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll(".tabs, .tabs [role=tab], .lab-views .segmented-row, .lab-choices .segmented-row")]
    .map((element) => element.scrollWidth - element.clientWidth));
  assert.ok(over.every((width) => width <= 0), String(over));
});

test("the model in training can be looked at once there is one, and its step is said", async (t) => {
  const page = await openPage(t, { path: "#lab-energy" });
  await energyShown(page);
  assert.ok(await choice(page, "In training").isDisabled());
  const note = lab(page).locator(".lab-training-note");
  assert.match(await note.innerText(), /once a training has begun under Train/);
  await choice(page, "My own").check();
  await own(page).fill("emma");
  await page.locator(".train-details > summary").click();
  for (const [label, value] of Object.entries({ Steps: "120", Batch: "4", Context: "16" })) await page.locator("#train").getByLabel(label, { exact: true }).fill(value);
  await page.locator("#train").getByRole("button", { name: "Start training" }).click();
  await page.locator('.train-run[data-state="done"]').waitFor({ timeout: 120_000 });
  await choice(page, "In training").check();
  await lab(page).scrollIntoViewIfNeeded();
  await note.filter({ hasText: "The model in training, as it was after step 120 of 120." }).waitFor();
  await energyShown(page);
  // Four layers are open, two are trained.
  assert.match(await lab(page).locator(".energy .figure-caption").first().innerText(), /after the last layer/);
});

test("the ramps grow evenly in lightness in both themes", async (t) => {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const page = await openEmpty(t);
    await page.emulateMedia({ colorScheme });
    await page.addStyleTag({ path: fileURLToPath(new URL("../../www/css/tokens.css", import.meta.url)) });
    const [amounts, below, above] = await page.evaluate(async () => {
      const { amountColour, signedColour, lightness } = await import(/** @type {string} */ (new URL("js/charts/ramp.js", document.baseURI).href));
      const shares = Array.from({ length: 65 }, (_, i) => i / 64);
      const light = (/** @type {string} */ css) => lightness((css.match(/\d+/g) ?? []).map(Number));
      return [shares.map((share) => light(amountColour(share))), shares.map((share) => light(signedColour(-share))), shares.map((share) => light(signedColour(share)))];
    });
    for (const [name, ramp] of Object.entries({ amounts, below, above })) {
      const steps = ramp.slice(1).map((value, i) => (colorScheme === "light" ? ramp[i] - value : value - ramp[i]));
      assert.ok(steps.every((step) => step > 0), `${name}, ${colorScheme}: not all the way: ${steps}`);
      assert.ok(Math.max(...steps) < 2.5 * (ramp.length ? Math.abs(ramp[64] - ramp[0]) / 64 : 0), `${name}, ${colorScheme}: not evenly: ${steps}`);
    }
    assert.ok(Math.abs(amounts[64] - amounts[0]) > 75, `${colorScheme}: ${amounts[0]} to ${amounts[64]}`);
    below.forEach((value, i) => assert.ok(Math.abs(value - above[i]) < 2, "the two signs are not equally strong"));
  }
});
