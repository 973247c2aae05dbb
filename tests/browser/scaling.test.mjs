// The scaling lab: short lengths are measured for real, shown, copied and kept.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SWIFTSHADER } from "./chromium.mjs";
import { at, downloaded } from "./launch.mjs";
import { breakDevice, firstText, go, picture, stopWriting } from "./parts.mjs";
import { SHORT, button, start } from "./train-parts.mjs";
import { eventually, kept, pressWhen, words } from "./wait.mjs";

const { onePage, openPage } = at("long");

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
const panel = (page) => page.locator("#scaling");

/** The lab, once it stands and nothing else is at work. @param {Page} page */
async function labStands(page) {
  await firstText(page);
  await stopWriting(page);
  await panel(page).getByRole("button", { name: "Measure", exact: true }).waitFor();
}

/** Each test forgets what it measured. */
const shared = onePage({}, labStands);

/** @param {Page} page */
async function forget(page) {
  await panel(page).getByRole("button", { name: "Forget these numbers" }).click();
  await panel(page).getByText("Nothing has been measured on this device yet.").waitFor();
}

/** @param {Page} page @param {number} longest @param {boolean} [steps]  of training too */
async function measureUpTo(page, longest, steps = false) {
  await panel(page).getByRole("checkbox", { name: "Whole steps of training too" }).setChecked(steps);
  await panel(page).getByLabel("Up to").selectOption(String(longest));
  await panel(page).getByRole("button", { name: "Measure", exact: true }).click();
}

/** Waits until only the page's own engine is left. @param {Page} page */
async function labGone(page) {
  await eventually(() => page.workers().filter((worker) => worker.url().includes("scaling")).length, 0, "a worker is left");
}

/** The table of all times, row by row. @param {Page} page */
const rows = (page) => panel(page).locator(".scaling-numbers tbody tr").evaluateAll((rows) =>
  rows.map((row) => [...row.children].map((cell) => cell.firstChild?.textContent ?? "")));

const TIME = /^[\d.e+]+ (s|ms|µs)$/;

/** @param {string[][]} found @param {string[]} lengths */
function assertAllMeasured(found, lengths) {
  assert.deepEqual(found.map(([length]) => length), lengths);
  for (const row of found) for (const cell of row.slice(1)) assert.match(cell, TIME, row.join(" | "));
}

test("short lengths are measured, drawn, put in words, copied, saved, and kept over a reload", shared(async (page) => {
  const before = await picture(panel(page).locator(".scaling-canvas").first());
  await measureUpTo(page, 512);
  await panel(page).getByRole("button", { name: "Measure again" }).waitFor();
  const found = await rows(page);
  assertAllMeasured(found, ["128", "256", "512"]);
  await eventually(() => picture(panel(page).locator(".scaling-canvas").first()), (now) => now !== before, "nothing was drawn");
  const said = await words(panel(page).locator(".scaling-findings").first(), /faster than attention/);
  // Two of three lengths are on any line: no law is claimed from them.
  assert.doesNotMatch(said, /grows like/);
  assert.equal((await panel(page).locator(".scaling-key-value").allInnerTexts()).filter((text) => text === "how time grows cannot be told from so few lengths").length, 4);
  await words(panel(page).locator(".scaling-source"), /Measured on Chrome \d+ on Linux.*128 channels, 8 heads/);
  await labGone(page);

  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await panel(page).getByRole("button", { name: "Copy as CSV" }).click();
  await panel(page).getByRole("button", { name: "Copied" }).waitFor();
  const lines = (await page.evaluate(() => navigator.clipboard.readText())).trimEnd().split("\n");
  assert.equal(lines.length, 1 + 12);
  const fields = lines[0].split(",");
  for (const line of lines.slice(1)) {
    const seconds = Number(line.split(",")[fields.indexOf("seconds")]);
    assert.ok(seconds > 0, line);
  }
  assert.deepEqual(new Set(lines.slice(1).map((line) => line.split(",")[0])), new Set(["recurrence", "waves", "direct_waves", "attention"]));

  const { name, bytes } = await downloaded(page, () => panel(page).getByRole("button", { name: "Download picture" }).click());
  assert.equal(name, "wave-field-scaling-cpu.png");
  assert.equal(bytes.subarray(1, 4).toString(), "PNG");
  assert.ok(bytes.length > 20_000, `${bytes.length} bytes`);

  await kept(page, "scaling", (found) => found?.cpu?.ended === "whole");
  await page.reload();
  await panel(page).getByRole("button", { name: "Measure again" }).waitFor();
  await eventually(() => rows(page), found);
  await forget(page);
}));

test("whole steps of training are a picture of their own, in words, in a table and as an image", shared(async (page) => {
  await measureUpTo(page, 512, true);
  await panel(page).getByRole("button", { name: "Measure again" }).waitFor();
  const steps = panel(page).locator(".scaling-steps");
  const table = await steps.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.firstChild?.textContent ?? "")));
  assert.deepEqual(table.map(([length]) => length), ["128", "256", "512"]);
  for (const [, ...rates] of table) for (const rate of rates) assert.match(rate, /^[\d,]+ tokens\/s$/);
  await words(steps.locator(".scaling-findings"), /^A wave model learns from [\d,]+ tokens a second in texts of 128, and from [\d,]+ in texts of 512: \d+ %\.\nAt 512 tokens a Transformer of the same size learns from [\d,]+ a second, the wave model from [\d.]+× as many\.$/);
  // Pointed at, a length says its own values.
  await steps.locator(".scaling-canvas").scrollIntoViewIfNeeded();
  const box = /** @type {{x: number, y: number, width: number, height: number}} */ (await steps.locator(".scaling-canvas").boundingBox());
  await page.mouse.move(box.x + box.width - 20, box.y + box.height / 2);
  await words(steps.locator(".scaling-key-value").first(), /^512 tokens: [\d,]+$/);
  const files = [page.waitForEvent("download"), page.waitForEvent("download", (download) => download.suggestedFilename().startsWith("wave-field-training"))];
  await panel(page).getByRole("button", { name: "Download picture" }).click();
  assert.deepEqual((await Promise.all(files)).map((file) => file.suggestedFilename()), ["wave-field-scaling-cpu.png", "wave-field-training-steps-cpu.png"]);
  await forget(page);
  assert.equal(await steps.isVisible(), false);
}));

test("stopping ends it at once and leaves what was measured", shared(async (page) => {
  await labStands(page);
  await measureUpTo(page, 32768);
  await words(panel(page).locator(".scaling-status"), /\d+ of 36 done, about .* left\./);
  // In the very moment in which the first lengths are there: the last takes no longer than a few seconds.
  await pressWhen(page, () => /\d/.test(document.querySelectorAll(".scaling-numbers tbody tr")[3]?.querySelector("td")?.textContent ?? ""), "Stop", "#scaling");
  await panel(page).getByRole("button", { name: "Measure again" }).waitFor();
  await labGone(page);
  const found = await rows(page);
  assert.equal(found.length, 9);
  assertAllMeasured(found.slice(0, 3), ["128", "256", "512"]);
  assert.equal(found[8][4], "—");
  await words(panel(page).locator(".scaling-source"), /Not all lengths were measured/);
  await forget(page);
}));

test("while a training runs the lab waits for its end, or says that the times are disturbed", shared(async (page) => {
  await start(page, { ...SHORT, Steps: 200_000 });
  await go(page, "Long");
  await panel(page).getByText("A training is running.").waitFor();
  await panel(page).getByRole("button", { name: "Measure now all the same" }).click();
  await panel(page).getByText("A training ran at the same time").waitFor();
  await panel(page).getByRole("button", { name: "Stop", exact: true }).click();
  await panel(page).getByLabel("Up to").selectOption("512");
  await panel(page).getByRole("button", { name: "Measure when the training ends" }).click();
  await panel(page).getByText("Begins when the training ends or is paused.").waitFor();
  await go(page, "Train");
  await button(page, "Pause").click();
  await go(page, "Long");
  await panel(page).getByRole("button", { name: "Measure again" }).waitFor();
  assertAllMeasured(await rows(page), ["128", "256", "512"]);
  await words(panel(page).locator(".scaling-source"), (said) => !/A training ran/.test(said));
  await forget(page);
}));

test("what was kept by another version of the page is ignored", shared(async (page) => {
  await page.evaluate(async () => {
    const module = "/sources/js/keep/storage.js";
    const { storage } = await import(new URL(module, document.baseURI).href);
    await storage.set("scaling", { cpu: { measured: "many" }, gpu: 7, backend: "gpu" });
  });
  await page.reload();
  await panel(page).getByText("Nothing has been measured on this device yet.").waitFor();
}));

// More than ten seconds: the software adapter compiles the proof's shaders first.
test("the graphics card is measured once it is proven, and not before", async (t) => {
  const page = await openPage(t, { flags: SWIFTSHADER });
  await labStands(page);
  await panel(page).getByRole("radio", { name: "Graphics card", exact: true }).check();
  await panel(page).getByText("Only a graphics card that was found and compared").waitFor();
  await panel(page).getByRole("button", { name: "Measure", exact: true, disabled: true }).waitFor();
  await breakDevice(page, "products");
  await go(page, "Train");
  await page.locator(".train-device").getByRole("radio", { name: "Graphics card", exact: true }).check();
  await page.locator(".train-device").getByText("computes what the processor computes").waitFor();
  await go(page, "Long");
  await measureUpTo(page, 512);
  await panel(page).getByRole("button", { name: "Measure again" }).waitFor();
  const found = await rows(page);
  assert.deepEqual(found.map(([length]) => length), ["128", "256", "512"]);
  await words(panel(page).locator(".scaling-source"), /\(software that runs on the processor: its times say nothing of a graphics card\)/);
  for (const cell of found[0].slice(1)) assert.match(cell, TIME);
});
