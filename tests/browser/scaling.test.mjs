// The scaling lab: short lengths are measured for real, shown, copied and kept.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { SWIFTSHADER } from "./chromium.mjs";
import { openPage } from "./launch.mjs";
import { firstText, picture } from "./parts.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Longer than anything takes with two busy cores. */
const PATIENCE_MS = 180_000;

/** @param {Page} page */
const panel = (page) => page.locator("#scaling");

/** The lab, once it stands. @param {import("node:test").TestContext} t @param {object} [options] */
async function openLab(t, options = {}) {
  const page = await openPage(t, options);
  page.setDefaultTimeout(PATIENCE_MS);
  await firstText(page);
  await panel(page).getByRole("button", { name: "Measure", exact: true }).waitFor();
  return page;
}

/** @param {Page} page @param {number} longest */
async function measureUpTo(page, longest) {
  await panel(page).getByLabel("Up to").selectOption(String(longest));
  await panel(page).getByRole("button", { name: "Measure", exact: true }).click();
}

/** Waits until only the page's own engine is left. @param {Page} page */
async function labGone(page) {
  while (page.workers().length > 1) await page.workers()[1].waitForEvent("close");
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

test("short lengths are measured, drawn, put in words, copied, saved, and kept over a reload", async (t) => {
  const page = await openLab(t);
  const before = await picture(panel(page).locator(".scaling-canvas"));
  await measureUpTo(page, 512);
  await panel(page).getByRole("button", { name: "Measure again" }).waitFor();
  const found = await rows(page);
  assertAllMeasured(found, ["128", "256", "512"]);
  assert.notEqual(await picture(panel(page).locator(".scaling-canvas")), before, "something was drawn");
  const words = await panel(page).locator(".scaling-findings").first().innerText();
  assert.equal([...words.matchAll(/time grows like length\^-?\d+\.\d\d/g)].length, 3, words);
  assert.match(words, /faster than attention/);
  assert.match(await panel(page).locator(".scaling-source").innerText(), /Measured on Chrome \d+ on Linux.*128 channels, 8 heads/);
  await labGone(page);

  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await panel(page).getByRole("button", { name: "Copy as CSV" }).click();
  await panel(page).getByRole("button", { name: "Copied" }).waitFor();
  const lines = (await page.evaluate(() => navigator.clipboard.readText())).trimEnd().split("\n");
  assert.equal(lines.length, 1 + 9);
  const fields = lines[0].split(",");
  for (const line of lines.slice(1)) {
    const seconds = Number(line.split(",")[fields.indexOf("seconds")]);
    assert.ok(seconds > 0 && seconds < 60, line);
  }
  assert.deepEqual(new Set(lines.slice(1).map((line) => line.split(",")[0])), new Set(["waves", "direct_waves", "attention"]));

  const [saved] = await Promise.all([page.waitForEvent("download"), panel(page).getByRole("button", { name: "Save picture" }).click()]);
  assert.equal(saved.suggestedFilename(), "wave-field-scaling-cpu.png");
  const bytes = await readFile(await saved.path());
  assert.equal(bytes.subarray(1, 4).toString(), "PNG");
  assert.ok(bytes.length > 20_000, `${bytes.length} bytes`);

  await page.evaluate(async () => {
    const module = "./js/storage.js";
    const { storage } = await import(new URL(module, document.baseURI).href);
    while ((await storage.get("scaling"))?.cpu?.ended !== "whole") await new Promise((resolve) => setTimeout(resolve, 20));
  });
  await page.reload();
  await panel(page).getByRole("button", { name: "Measure again" }).waitFor();
  assert.deepEqual(await rows(page), found);
  await panel(page).getByRole("button", { name: "Forget these numbers" }).click();
  await panel(page).getByText("Nothing has been measured on this device yet.").waitFor();
});

test("stopping ends it at once and leaves what was measured", async (t) => {
  const page = await openLab(t);
  await measureUpTo(page, 32768);
  await panel(page).locator(".scaling-numbers tbody tr").nth(3).locator("td").first().filter({ hasText: /\d/ }).waitFor();
  assert.match(await panel(page).locator(".scaling-status").innerText(), /\d+ of 27 done, about .* left\./);
  await panel(page).getByRole("button", { name: "Stop", exact: true }).click();
  await panel(page).getByRole("button", { name: "Measure again" }).waitFor();
  await labGone(page);
  const found = await rows(page);
  assert.equal(found.length, 9);
  assertAllMeasured(found.slice(0, 3), ["128", "256", "512"]);
  assert.equal(found[8][3], "—");
  assert.match(await panel(page).locator(".scaling-source").innerText(), /Not all lengths were measured/);
});

test("while a training runs the lab waits for its end, or says that the times are disturbed", async (t) => {
  const page = await openLab(t);
  await page.getByRole("button", { name: "Start training" }).click();
  await panel(page).getByText("A training is running.").waitFor();
  await panel(page).getByRole("button", { name: "Measure now all the same" }).click();
  await panel(page).getByText("A training ran at the same time").waitFor();
  await panel(page).getByRole("button", { name: "Stop", exact: true }).click();
  await panel(page).getByLabel("Up to").selectOption("512");
  await panel(page).getByRole("button", { name: "Measure when the training ends" }).click();
  await panel(page).getByText("Begins when the training ends or is paused.").waitFor();
  await page.locator("#train").getByRole("button", { name: "Pause" }).click();
  await panel(page).getByRole("button", { name: "Measure again" }).waitFor();
  assertAllMeasured(await rows(page), ["128", "256", "512"]);
  assert.doesNotMatch(await panel(page).locator(".scaling-source").innerText(), /A training ran/);
});

test("what was kept by another version of the page is ignored", async (t) => {
  const page = await openLab(t);
  await page.evaluate(async () => {
    const module = "./js/storage.js";
    const { storage } = await import(new URL(module, document.baseURI).href);
    await storage.set("scaling", { cpu: { measured: "many" }, gpu: 7, backend: "gpu" });
  });
  await page.reload();
  await panel(page).getByText("Nothing has been measured on this device yet.").waitFor();
});

test("the graphics card is measured once it is proven, and not before", async (t) => {
  const page = await openLab(t, { flags: SWIFTSHADER });
  await panel(page).getByRole("radio", { name: "Graphics card", exact: true }).check({ force: true });
  await panel(page).getByText("Only a graphics card that was found and compared").waitFor();
  assert.ok(await panel(page).getByRole("button", { name: "Measure", exact: true }).isDisabled());
  await page.locator(".train-device").getByRole("radio", { name: "Graphics card", exact: true }).check({ force: true });
  await page.locator(".train-device").getByText("computes what the processor computes").waitFor();
  await measureUpTo(page, 512);
  await panel(page).getByRole("button", { name: "Measure again" }).waitFor();
  const found = await rows(page);
  assert.deepEqual(found.map(([length]) => length), ["128", "256", "512"]);
  assert.match(await panel(page).locator(".scaling-source").innerText(), /\(software that runs on the processor: its times say nothing of a graphics card\)/);
  for (const cell of found[0].slice(1)) assert.match(cell, TIME);
});
