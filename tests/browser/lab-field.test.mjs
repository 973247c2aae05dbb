// The lab's moving field on the real page.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { openPage } from "./launch.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** The lab at the field, looking at a text of its own. @param {import("node:test").TestContext} t @param {Parameters<typeof openPage>[1]} [options] */
async function openField(t, options) {
  const page = await openPage(t, options);
  const lab = page.locator("#lab");
  await lab.locator(".lab-views").waitFor({ state: "attached" });
  if (options?.size === "phone") await page.getByRole("tab", { name: "Lab" }).click();
  await lab.scrollIntoViewIfNeeded();
  await lab.getByRole("radio", { name: "Field", exact: true }).check();
  await lab.getByRole("radio", { name: "My own" }).check();
  await page.getByRole("textbox", { name: "Text to look at" }).fill("What light through yonder window breaks?");
  await said(page, /40 of 40 tokens are read/);
  return page;
}

/** Waits until the picture says something. @param {Page} page @param {RegExp} words */
const said = (page, words) => page.locator("#lab .field-view figcaption").first().filter({ hasText: words }).waitFor();

/** What a button of the first figure saves. @param {Page} page @param {string} kind */
async function saved(page, kind) {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: `Save as ${kind}: field now` }).click();
  return readFile(await (await download).path());
}

test("the field is stepped through, and its picture and numbers are saved", async (t) => {
  const page = await openField(t);
  await page.getByRole("button", { name: "One token back" }).click();
  await said(page, /39 of 40 tokens are read/);
  await page.getByRole("slider", { name: "Token that was read last" }).press("Home");
  await said(page, /1 of 40 tokens are read/);

  const svg = (await saved(page, "SVG")).toString();
  assert.match(svg, /^<svg/);
  assert.match(svg, /Layer 1, head 1/);
  assert.ok(svg.includes("tokens are read"), "the caption is in the picture");
  assert.deepEqual([...(await saved(page, "PNG")).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  const lines = (await saved(page, "CSV")).toString().trim().split("\n");
  assert.equal(lines[0], "cell,dropped,waves,coupled,own_wave_of_chosen");
  assert.equal(lines.length, 258, "a line for each of the 257 cells");
  // After one token, dropped on cell 0, the waves there are what the kernel begins with.
  const [first, second] = lines.slice(1, 3).map((line) => line.split(",").map(Number));
  assert.notEqual(first[1], 0);
  assert.equal(second[1], 0);
  assert.notEqual(second[2], 0, "its wave goes on where nothing was dropped");
});

test("it plays to the end and stops there; a muted head has no waves", async (t) => {
  const page = await openField(t);
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
  await said(page, /40 of 40 tokens are read/);
  await page.getByRole("button", { name: "Play", exact: true }).waitFor();
  await page.locator("#waves .channel").first().getByRole("button", { name: "Mute" }).click();
  await said(page, /the head is muted/);
});

test("a chosen token says where it sits and shows its own wave", async (t) => {
  const page = await openField(t, { size: "phone", colors: "dark" });
  const strip = page.getByRole("group", { name: /The text, token by token/ });
  await strip.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.getByText(/^Token 2, h: it sits on cell 1\./).waitFor();
  const lines = (await saved(page, "CSV")).toString().trim().split("\n");
  const own = lines.slice(1).map((line) => Number(line.split(",")[4]));
  assert.equal(own[0], 0, "nothing before its own cell");
  assert.notEqual(own[1], 0);
  await page.locator("#lab").getByRole("radio", { name: "Strength" }).check();
  await said(page, /All channels together/);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "nothing sticks out sideways");
});
