// The lab's view of influence on the real page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, downloaded } from "./launch.mjs";
import { go } from "./parts.mjs";
import { makeModels, openModel, STANDARD } from "./small-models.mjs";
import { eventually, words } from "./wait.mjs";

const { onePage } = at("lab");

/** @typedef {import("playwright-core").Page} Page */

const TEXT = "What light through yonder window breaks?";

/** The lab at the influence, looking at a text of its own; each test says how it looks. */
const shared = onePage({ path: "#lab-influence" }, async (page) => {
  await page.locator("#lab").getByRole("radio", { name: "My own" }).check();
  await page.getByRole("textbox", { name: "Text to look at" }).fill(TEXT);
});

/** Waits until the picture says something. @param {Page} page @param {RegExp} words */
const said = (page, words) => page.locator(".influence figcaption").filter({ hasText: words }).waitFor();

/** What a figure's button saves. @param {Page} page @param {string} kind */
const saved = async (page, kind) => (await downloaded(page, () => page.getByRole("button", { name: `Download as ${kind}: influence` }).click())).bytes;

/** The saved numbers, by row. @param {Page} page */
async function numbers(page) {
  const [head, ...lines] = (await saved(page, "CSV")).toString().trim().split("\n");
  return { head, rows: lines.map((line) => line.split(",")) };
}

test("a layer's map is whole, its shares add up to one, and it is saved", shared(async (page) => {
  await said(page, /^Token 40, “\?”, heard most: .* of the loudness; .* in layer 1, all heads/);
  const { head, rows } = await numbers(page);
  assert.equal(head, "Token,Its text,Hears token,Whose text,Loudness,Share of what is taken in");
  assert.equal(rows.length, (40 * 41) / 2, "a line for each pair of a token and one up to it");
  const shares = rows.filter(([token]) => token === "40").map((row) => Number(row[row.length - 1]));
  assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-4);
  const svg = (await saved(page, "SVG")).toString();
  assert.match(svg, /^<svg/);
  assert.ok(svg.includes("token that is heard") && svg.includes("heard most"), "names and caption are in the picture");
  assert.ok((svg.match(/<rect/g) ?? []).length > 400, "the map's cells are rectangles");
  assert.deepEqual([...(await saved(page, "PNG")).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);

  await page.getByRole("combobox", { name: "Head" }).selectOption({ label: "3" });
  await said(page, /in layer 1, head 3/);
  await page.locator(".influence").getByRole("radio", { name: "For or against" }).check();
  await said(page, /most for what it takes in/);
  await page.locator(".influence").getByRole("radio", { name: "Loudness" }).check();
  await page.getByRole("combobox", { name: "Head" }).selectOption({ index: 0 });
}));

test("the strip, the map and the keyboard choose the token", shared(async (page) => {
  await said(page, /^Token \d+/);
  await page.locator(".lab-token").nth(9).hover();
  await said(page, /^Token 10, “t”, heard most/);
  await words(page.locator(".lab-token-words"), /^Token 10, t: heard most/);
  await eventually(() => page.locator(".lab-token").nth(10).evaluate((token) => token.style.getPropertyValue("--share")), "0.000", "a later token is heard");
  const map = page.getByRole("group", { name: /^The map/ });
  await map.focus();
  await page.keyboard.press("ArrowDown");
  await said(page, /^Token 11, “space”/);
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await page.locator(".influence-words", { hasText: /^Token 11, “space”, from token 10, “t”: / }).waitFor();
  const canvas = page.locator(".influence canvas");
  const box = /** @type {{width: number, height: number}} */ (await canvas.boundingBox());
  await canvas.hover({ position: { x: box.width - 8, y: box.height - 42 } });
  await said(page, /^Token 40/);
  await page.locator(".influence-words", { hasText: /, from token 40, “\?”: / }).waitFor();
  await page.mouse.move(2, 2);
}));

test("by gradient the chosen row comes at once, every row on demand, and a stop leaves what is there", shared(async (page) => {
  await page.locator(".influence").getByRole("radio", { name: "All layers, by gradient" }).check();
  await said(page, /^Token 40, “\?”, after which “.+” is likeliest \(.+ sure\), its prediction changes most with: .* 1 of 40 rows are computed/);
  await page.locator(".lab-token").nth(9).hover();
  await said(page, /^Token 10, “t”, after which “space” follows/);
  const one = (await numbers(page)).rows.filter(([token]) => token === "10");
  assert.equal(one.length, 10);
  await page.getByRole("button", { name: "Compute every row" }).click();
  await page.getByRole("button", { name: "Every row is computed" }).waitFor();
  const { head, rows } = await numbers(page);
  assert.equal(head, "Token,Its text,Hears token,Whose text,Gradient length,Support (nats)");
  assert.equal(rows.length, (40 * 41) / 2);
  assert.deepEqual(rows.filter(([token]) => token === "10"), one, "a row that was there stays");
  assert.ok(rows.every((row) => Number(row[4]) > 0), "no prediction is deaf to a token before it");
  await page.locator(".influence").getByRole("radio", { name: "This layer" }).check();
}));

test("a standard Transformer's attention weights stand in the same place", shared(async (page) => {
  const [standard] = await makeModels([STANDARD]);
  await page.getByRole("textbox", { name: "Text to look at" }).fill("annabencleo");
  await openModel(page, standard, "standard");
  await go(page, "Lab");
  await said(page, /^Token \d+, .*heard most/);
  await page.locator(".influence").getByRole("radio", { name: "Attention weight" }).check();
  await said(page, /of the attention/);
  const { rows } = await numbers(page);
  const weights = rows.filter(([token]) => token === "8").map((row) => Number(row[row.length - 1]));
  assert.equal(weights.length, 8);
  assert.ok(Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - 1) < 1e-5);
}));
