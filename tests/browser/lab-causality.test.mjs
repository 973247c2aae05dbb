// No leak: the badge measures the open model by itself, leads to the view, and the view shows and saves what was found.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SWIFTSHADER } from "./chromium.mjs";
import { at, downloaded } from "./launch.mjs";
import { breakDevice, go, settle, toggleMute, unbend } from "./parts.mjs";
import { eventually, pressWhen, words } from "./wait.mjs";

const { onePage, openPage } = at("lab");

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string} kind */
const badge = (page, kind) => page.locator(`.badge[data-kind="${kind}"]`);
/** @param {Page} page @param {number} line */
const line = (page, line) => page.locator(".causality-lines li").nth(line);

/** @param {Page} page @param {string} kind */
async function save(page, kind) {
  const { name, bytes } = await downloaded(page, () => page.getByRole("button", { name: `Download as ${kind}: no leak` }).click());
  assert.equal(name, `no-leak.${kind.toLowerCase()}`);
  return bytes;
}

/** Each test begins with the waves as in the file. */
const shared = onePage({}, settle);

test("the badge measures by itself and leads to the view; bending measures anew", shared(async (page) => {
  // On the processor waves go from token to token: what comes later has no part in what came before, not even by rounding.
  await words(badge(page, "good"), /^✓\s*No leak · 0$/);

  await badge(page, "good").click();
  await eventually(() => page.getByRole("radio", { name: "No leak", exact: true }).isChecked(), true);
  await page.locator(".causality figcaption", { hasText: "whole context of 257 tokens" }).waitFor();
  await words(line(page, 0), /Processor: no leak\. Over 15 exchanged tokens/);
  await words(line(page, 1), /Graphics card: not measured\. The browser offers no graphics card/);

  const [head, ...rows] = (await save(page, "CSV")).toString().trim().split("\n").map((row) => row.split(","));
  assert.equal(head.length, 7);
  assert.equal(rows.length, 15);
  const numbers = rows.map((row) => ({ length: Number(row[1]), token: Number(row[2]), before: Number(row[3]), after: Number(row[4]) }));
  assert.ok(numbers.every(({ before, after }) => before === 0 && after > 0.1), "a leak, or nothing seen");
  assert.ok(numbers.some(({ length, token }) => length === 257 && token === 2) && numbers.some(({ length, token }) => length === 257 && token === 257));
  const png = await save(page, "PNG");
  assert.equal(png.subarray(1, 4).toString(), "PNG");
  const svg = (await save(page, "SVG")).toString();
  assert.match(svg, /How much a later token changes earlier predictions/);
  assert.match(svg, /a filled mark above this line is a leak/);

  await toggleMute(page, 2);
  await badge(page, "open").waitFor();
  await badge(page, "good").waitFor();
  await unbend(page);
}));

test("a thorough measurement can be stopped, and keeps what it has", shared(async (page) => {
  await badge(page, "good").waitFor();
  await badge(page, "good").click();
  const state = page.locator(".causality-state");
  await state.filter({ hasText: "Measured in brief." }).waitFor();
  await page.getByRole("button", { name: "Measure again, thoroughly" }).dispatchEvent("click");
  // In the very moment in which some are made: there are not many.
  await pressWhen(page, () => /^([4-9]|\d\d) of \d+ probes$/.test(document.querySelector(".causality-state")?.textContent?.trim() ?? ""), "Stop", ".causality");
  await state.filter({ hasText: /^Stopped after \d+ of \d+ probes\.$/ }).waitFor();
  await words(line(page, 0), /Processor: no leak\./);
  await page.getByRole("button", { name: "Measure again, thoroughly", disabled: false }).waitFor();
}));

// More than ten seconds: the software adapter compiles the proof's shaders first.
test("a graphics card is measured beside the processor once it is ready", async (t) => {
  const page = await openPage(t, { flags: SWIFTSHADER });
  await settle(page);
  await breakDevice(page, "products");
  // A software adapter is used only when it is asked for.
  await go(page, "Train");
  await page.locator("#train").getByRole("radio", { name: "Graphics card", exact: true }).check();
  await page.locator(".badge").click();
  await line(page, 1).filter({ hasText: "Graphics card: no leak." }).waitFor();
  await badge(page, "good").waitFor();
  await eventually(async () => await badge(page, "good").getAttribute("aria-label") ?? "", /measured on the processor and graphics card/);
  const rows = (await save(page, "CSV")).toString().trim().split("\n").slice(1);
  assert.equal(rows.filter((row) => row.startsWith("Graphics card,")).length, 15);
});
