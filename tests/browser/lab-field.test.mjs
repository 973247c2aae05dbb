// The lab's moving field on the real page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, downloaded } from "./launch.mjs";
import { generatePanel, go, setPace, settle, toggleMute } from "./parts.mjs";
import { makeModels, openModel } from "./small-models.mjs";
import { eventually, slowClock, words } from "./wait.mjs";

const { onePage, openPage } = at("lab");

/** @typedef {import("playwright-core").Page} Page */

/** The lab at the field. @param {Page} page */
async function toField(page) {
  const lab = page.locator("#lab");
  await lab.locator(".lab-views").waitFor({ state: "attached" });
  await go(page, "Lab");
  await lab.getByRole("radio", { name: "Field", exact: true }).check();
}

/** Looks at a text of one's own, all of it. @param {Page} page */
async function ownText(page) {
  await toField(page);
  await page.locator("#lab").getByRole("radio", { name: "My own" }).check();
  await page.getByRole("textbox", { name: "Text to look at" }).fill("What light through yonder window breaks?");
  await said(page, /40 of 40 tokens are read/);
}

/** Without motion the newest token is shown. Each test says how it looks. */
const calm = onePage({ motion: "reduce" }, ownText);
/** With motion it plays by itself at first. */
const lively = onePage();

/** Waits until the picture says something. @param {Page} page @param {RegExp} words */
const said = (page, words) => page.locator("#lab .field-view figcaption").first().filter({ hasText: words }).waitFor();

/** What a figure's button saves. @param {Page} page @param {string} kind @param {string} [figure] */
async function saved(page, kind, figure = "field now") {
  return (await downloaded(page, () => page.getByRole("button", { name: `Download as ${kind}: ${figure}` }).click())).bytes;
}

test("the field is stepped through, and its picture and numbers are saved", calm(async (page) => {
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
  assert.equal(lines[0], "cell,dropped,waves,coupled,own_wave_of_chosen,token,position,picked_up");
  assert.equal(lines.length, 258, "a line for each of the 257 cells");
  // After one token, dropped on cell 0, the waves there are what the kernel begins with.
  const [first, second] = lines.slice(1, 3).map((line) => line.split(",").map(Number));
  assert.notEqual(first[1], 0);
  assert.equal(second[1], 0);
  assert.notEqual(second[2], 0, "its wave goes on where nothing was dropped");
  await page.getByRole("slider", { name: "Token that was read last" }).press("End");
  await said(page, /40 of 40 tokens are read/);
}));

test("the field over time is saved as it is painted, and what was read stays as it is", calm(async (page) => {
  await page.getByRole("radio", { name: "Field over time" }).check();
  await page.locator(".field-view figcaption", { hasText: "the field just after that token was read" }).waitFor();
  const lines = (await saved(page, "CSV", "field spacetime")).toString().trim().split("\n");
  assert.equal(lines.length, 41, "a line for each token");
  // After the four columns that say what the token is; the text has no comma.
  const rows = lines.slice(1).map((line) => line.split(",").slice(4).map(Number));
  assert.equal(rows[0].length, 257);
  // A token changes its own cell and those ahead of it, none behind it.
  for (const [token, row] of rows.entries()) assert.equal(row[token], rows[39][token]);
  assert.ok(rows[20].some((value, cell) => cell > 20 && value !== rows[39][cell]), "the waves ahead grow with every token");
  const last = (await saved(page, "CSV")).toString().trim().split("\n").slice(1).map((line) => Number(line.split(",")[2]));
  assert.deepEqual(rows[39], last, "the lanes show the last row");
  for (const figure of ["field now", "field spacetime"]) {
    const svg = (await saved(page, "SVG", figure)).toString();
    assert.ok((svg.match(/<(path|rect)/g) ?? []).length > 40, `${figure}: the picture is in the file`);
  }
}));

test("its waves can be computed in two ways, which say how long they take and come to the same", calm(async (page) => {
  const method = page.locator("#lab .field-method");
  await words(method, /^The model read these 40 tokens up to this layer in (less than )?\d+\.\d ms, its waves step by step/);
  const steps = (await saved(page, "CSV")).toString();
  await page.locator("#lab").getByRole("radio", { name: "By Fourier transform" }).check();
  // In float32, whose rounding is 6·10⁻⁸.
  await words(method, /by Fourier transforms of the whole text.* differs from the sum step by step by \d·10⁻[⁶⁷⁸] of its size, which is rounding\.$/);
  const heard = (/** @type {string} */ csv) => csv.trim().split("\n").slice(1).map((line) => Number(line.split(",").at(-1)));
  const [one, other] = [heard(steps), heard((await saved(page, "CSV")).toString())];
  const size = Math.max(...one.map(Math.abs));
  one.forEach((value, i) => assert.ok(Math.abs(value - other[i]) < 1e-5 * size, `${value} and ${other[i]}`));
  await page.locator("#lab").getByRole("radio", { name: "Step by step" }).check();
  await words(method, /step by step/);
}));

test("the first look plays by itself", async (t) => {
  const page = await openPage(t);
  // So slowly that it is still playing when it is paused.
  await slowClock(page);
  await go(page, "Lab");
  await page.locator("#lab").getByRole("button", { name: "Pause", exact: true }).click();
  await page.locator("#lab").getByRole("button", { name: "Play", exact: true }).waitFor();
});

test("the newest token is shown while a text is written, and an earlier one stays where it is chosen", async (t) => {
  const page = await openPage(t, { motion: "reduce" });
  // So long a text, and so slowly, that it grows for as long as the test takes.
  await settle(page, { length: 2000 });
  await setPace(page, "Slow");
  await generatePanel(page).getByRole("button", { name: "Write", exact: true }).click();
  await go(page, "Lab");
  await said(page, /tokens are read/);
  await page.locator("#lab").getByRole("button", { name: "Play", exact: true }).waitFor();
  await page.getByRole("button", { name: "One token on", disabled: true }).waitFor();
  /** What the picture shows, and how much was read. */
  const counts = async () => (await page.locator(".field-when").innerText()).split(" of ").map(Number);
  const [, count] = await eventually(counts, ([time, count]) => count > 20 && time === count, "the newest is not shown");
  await page.getByRole("slider", { name: "Token that was read last" }).press("Home");
  await eventually(counts, ([time, now]) => time === 1 && now > count, "it does not stay at the first");
});

// More than ten seconds: the whole text is played at the pace of a person's eye.
test("it plays to the end and stops there; a muted head has no waves", lively(async (page) => {
  await ownText(page);
  await page.locator("#lab").getByRole("button", { name: "Play", exact: true }).click();
  await page.locator("#lab").getByRole("button", { name: "Pause", exact: true }).waitFor();
  await page.locator("#lab").getByRole("button", { name: "Play", exact: true }).waitFor();
  await said(page, /40 of 40 tokens are read/);
  await toggleMute(page, 1);
  await said(page, /the head is muted/);
  const waves = (await saved(page, "CSV")).toString().trim().split("\n").slice(1).map((line) => Number(line.split(",")[2]));
  assert.ok(waves.every((value) => value === 0));
}));

test("the pointer on the picture shows the nearest token's own wave, and a click keeps it", calm(async (page) => {
  const canvas = page.locator(".field-canvas");
  await canvas.scrollIntoViewIfNeeded();
  const box = /** @type {{x: number, y: number}} */ (await canvas.boundingBox());
  await page.mouse.move(box.x + 14, box.y + 100);
  await said(page, /In front: what token \d+, /);
  await page.mouse.move(box.x + 14, box.y - 60);
  await words(page.locator(".field-view figcaption").first(), (caption) => !caption.includes("In front"));
  await page.mouse.click(box.x + 14, box.y + 100);
  await page.mouse.move(box.x + 14, box.y - 60);
  await said(page, /In front: what token \d+, /);
}));

test("tokens between two cells lie on both, and what they pick up is read from both", calm(async (page) => {
  // 59/15 cells apart.
  const [between] = await makeModels([{ num_layers: 1, num_heads: 2, ffn_dim: 16, max_seq_len: 16, field_size: 60, interference_interval: 1 }]);
  await openModel(page, between, "between");
  await toField(page);
  await page.locator("#lab").getByRole("radio", { name: "My own" }).check();
  await page.getByRole("textbox", { name: "Text to look at" }).fill("annabella");
  // The ninth token is at 8 · 59/15 = 31.4667 cells.
  await said(page, /9 of 9 tokens are read\. The last one is "a"; it sits at 31\.47: 53 % on cell 31 and 47 % on cell 32\./);
  const rows = (await saved(page, "CSV")).toString().trim().split("\n").slice(1).map((line) => line.split(","));
  const [dropped, coupled] = [1, 3].map((column) => rows.map((row) => Number(row[column])));
  const f = 31 + 7 / 15 - 31;
  assert.ok(Math.abs(dropped[31] / dropped[32] - (1 - f) / f) < 1e-4, `${dropped[31]} and ${dropped[32]}`);
  for (const row of rows.filter((row) => row[7] !== "")) {
    const [position, pickedUp] = [Number(row[6]), Number(row[7])];
    const cell = Math.floor(position);
    const read = coupled[cell] * (1 - (position - cell)) + (coupled[cell + 1] ?? 0) * (position - cell);
    assert.ok(Math.abs(read - pickedUp) <= 1e-6 + 1e-4 * Math.abs(read), `${row[5]}: ${pickedUp}, read ${read}`);
  }
}));

test("a chosen token says where it sits and shows its own wave", async (t) => {
  const page = await openPage(t, { size: "phone", colors: "dark" });
  await go(page, "Lab");
  await ownText(page);
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
  await eventually(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "something sticks out sideways");
});
