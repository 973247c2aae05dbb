// The lab's own: the choice of views, texts and models, what is kept, anchors, and that it rests out of sight.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { at, openEmpty } from "./launch.mjs";
import { generatePanel, go, setPace, settle } from "./parts.mjs";
import { SHORT, train } from "./train-parts.mjs";
import { answered, eventually, frames, kept, words } from "./wait.mjs";

const { onePage, openPage } = at("lab");

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
const lab = (page) => page.locator("#lab");
/** @param {Page} page @param {string} name */
const choice = (page, name) => lab(page).getByRole("radio", { name, exact: true });
/** @param {Page} page */
const own = (page) => lab(page).getByRole("textbox", { name: "Text to look at" });
/** @param {Page} page */
const strip = (page) => lab(page).locator(".lab-tokens");
/** At the Energy view; each test says what it looks at. */
const shared = onePage({ path: "#lab-energy" }, (page) => energyShown(page));
/** The Energy view is there with its numbers. @param {Page} page */
const energyShown = (page) => lab(page).locator(".energy-table").waitFor();

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

test("on a phone each view's picture is in sight, and so is its name, without scrolling", async (t) => {
  const page = await openPage(t, { size: "phone", path: "#lab/field" });
  const foot = (await page.getByRole("navigation", { name: "Places" }).boundingBox())?.y ?? 0;
  for (const name of ["Field", "How it remembers", "Influence", "Heads", "Coupling", "Energy", "No leak", "What-if"]) {
    await choice(page, name).check();
    const picture = lab(page).locator(".lab-stage canvas:visible").first();
    await picture.waitFor();
    // So much of it that one sees what it is.
    await eventually(() => picture.boundingBox(), (box) => box !== null && box.y > 0 && box.y + Math.min(box.height, 100) <= foot, `${name} is below the fold`);
    const chip = await choice(page, name).locator("..").boundingBox();
    assert.ok(chip && chip.x >= 0 && chip.x + chip.width <= 390, `${name} is not named in sight: ${JSON.stringify(chip)}`);
    assert.equal(await page.evaluate(() => scrollY), 0);
  }
  for (const place of /** @type {const} */ (["Train", "Mine", "Write"])) {
    await go(page, place);
    await eventually(() => page.locator("[data-place]:visible").count(), 1, `something else is seen beside ${place}`);
  }
});

test("the keyboard goes from view to view, and a reload comes back to the chosen one", async (t) => {
  const page = await openPage(t, { path: "#lab" });
  await choice(page, "Field").focus();
  const about = await lab(page).locator(".lab-about").innerText();
  while (!await choice(page, "Energy").isChecked()) await page.keyboard.press("ArrowRight");
  await energyShown(page);
  await words(lab(page).locator(".lab-about"), (text) => text !== about);
  await eventually(() => lab(page).locator(".lab-stage > *").count(), 1);
  assert.ok(await page.evaluate(() => document.activeElement?.closest(".lab-views")), "the focus has moved");
  await kept(page, "lab", (settings) => JSON.stringify(settings ?? null).includes('"energy"'));
  await page.reload();
  await go(page, "Lab");
  await energyShown(page);
  await eventually(() => choice(page, "Energy").isChecked(), true);
});

test("a text of one's own is kept over a reload", shared(async (page) => {
  await choice(page, "My own").check();
  await own(page).fill("To be, or not");
  await strip(page).getByText("To be, or not").waitFor();
  await page.reload();
  await go(page, "Lab");
  await strip(page).getByText("To be, or not").waitFor();
  await eventually(() => own(page).inputValue(), "To be, or not");
  await eventually(async () => [await choice(page, "My own").isChecked(), await choice(page, "Energy").isChecked()], [true, true]);
}));

test("characters that the model does not know are named under the field, and nothing typed is lost", shared(async (page) => {
  await choice(page, "My own").check();
  await own(page).fill("Größe");
  const fault = lab(page).getByRole("alert").filter({ hasText: "ö" });
  await words(fault, /2 characters that it does not have: "ö" U\+00F6, "ß" U\+00DF.*Remove or replace them/);
  assert.equal(await own(page).getAttribute("aria-invalid"), "true");
  assert.equal(await own(page).getAttribute("aria-describedby"), await fault.getAttribute("id"));
  await eventually(async () => [await own(page).boundingBox(), await fault.boundingBox()], ([field, message]) => !!field && !!message && message.y - field.y - field.height < 24, "the message is not at the field");
  assert.equal(await own(page).inputValue(), "Größe");
  await lab(page).locator(".energy-table").waitFor({ state: "hidden" });
  await own(page).press("Backspace");
  await own(page).fill("Grand");
  await energyShown(page);
  await fault.waitFor({ state: "detached" });
  await eventually(() => own(page).getAttribute("aria-invalid"), "false");
  await own(page).fill("");
  await lab(page).getByRole("alert").filter({ hasText: "at least one character" }).waitFor();
}));

test("nothing is asked of the engine while the lab is out of sight", async (t) => {
  const page = await openPage(t, { path: "#write", before: noteRequests });
  // So long a text, and so slowly, that it grows for as long as the test takes.
  await settle(page, { length: 2000 });
  await setPace(page, "Slow");
  await lab(page).locator(".lab-views").waitFor({ state: "attached" });
  await generatePanel(page).getByRole("button", { name: "Write", exact: true }).click();
  await writes(page, 10);
  assert.deepEqual(await asked(page), []);
  await go(page, "Lab");
  await page.waitForFunction(() => /** @type {any} */ (window).asked.length >= 4);
  await go(page, "Write");
  // What was under way may end; then there is silence, however much is written.
  await frames(page, 5);
  await answered(page, ["observe"]);
  const count = (await asked(page)).length;
  await writes(page, 10);
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
  await words(strip(page), (text) => text.endsWith("Exit."));
});

test("anchors open the lab at a view, older ones too, and what is set stays in the link", async (t) => {
  const page = await openPage(t);
  await settle(page, { seed: 11 });
  await page.waitForFunction(() => location.hash.includes("seed=11"));
  const link = (await page.evaluate(() => location.hash)).slice(1);
  for (const [anchor, name] of [["#lab-energy", "Energy"], ["#lab/field", "Field"], ["#lab", "Field"]]) {
    await go(page, "Write");
    await page.evaluate((to) => { location.hash = to; }, anchor);
    await lab(page).waitFor();
    await eventually(() => choice(page, name).isChecked(), true, anchor);
    await page.waitForFunction((expected) => location.hash === expected, `#lab/${name.toLowerCase()}&${link}`);
  }
  assert.equal(await generatePanel(page).getByLabel("Seed", { exact: true }).inputValue(), "11");
});

test("on a phone an anchor opens the lab, and nothing is wider than the window", async (t) => {
  const page = await openPage(t, { size: "phone", colors: "dark", path: "#lab-energy" });
  await energyShown(page);
  await eventually(() => page.evaluate(() => [document.documentElement, ...document.querySelectorAll(".places, .places a, .lab-views .segmented-row, .lab-choices .segmented-row")]
    .map((element) => element.scrollWidth - element.clientWidth)), (over) => over.every((width) => width <= 0));
});

test("the model in training can be looked at once there is one, and its step is said", shared(async (page) => {
  await eventually(() => choice(page, "In training").isDisabled(), true);
  const note = lab(page).locator(".lab-training-note");
  await words(note, /once a training has begun under Train/);
  await choice(page, "My own").check();
  await own(page).fill("emma");
  await train(page, { ...SHORT, Steps: 20 });
  await go(page, "Lab");
  await choice(page, "In training").check();
  await note.filter({ hasText: "The model in training, as it was after step 20 of 20." }).waitFor();
  await energyShown(page);
  // Four layers are open, two are trained.
  await words(lab(page).locator(".energy .figure-caption").first(), /after the last layer/);
}));

test("the ramps grow evenly in lightness in both themes", async (t) => {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const page = await openEmpty(t);
    await page.emulateMedia({ colorScheme });
    await page.addStyleTag({ path: fileURLToPath(new URL("../../www/css/page/tokens.css", import.meta.url)) });
    const [amounts, below, above] = await page.evaluate(async () => {
      const { amountColour, signedColour, lightness } = await import(/** @type {string} */ (new URL("/sources/js/charts/ramp.js", document.baseURI).href));
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
