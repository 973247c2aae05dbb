// The guided tour: each step does something on the live page and leaves it as it was.

import assert from "node:assert/strict";
import { test } from "node:test";
import { onePage, openPage } from "./launch.mjs";
import { eventually } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Each test leaves the tour. */
const shared = onePage();

const card = (/** @type {Page} */ page) => page.getByRole("dialog");
const said = (/** @type {Page} */ page) => card(page).getByRole("status");

test("six steps, each with an address, and a way out at any time", shared(async (page) => {
  await page.getByRole("link", { name: "how it works" }).click();
  await card(page).getByRole("heading", { name: "What is a damped wave?" }).waitFor();
  /** @type {(string | null)[]} */
  const titles = [];
  for (;;) {
    titles.push(await eventually(() => card(page).getByRole("heading").textContent(), (title) => title !== titles.at(-1)));
    await eventually(() => new URL(page.url()).hash, `#tour-${titles.length}`);
    await eventually(() => page.evaluate(() => document.activeElement?.id), "tour-title", "a screen reader does not hear the new step");
    if (titles.length === 6) break;
    await card(page).getByRole("button", { name: /^Next/ }).click();
  }
  assert.equal(new Set(titles).size, 6);
  await card(page).getByRole("button", { name: "Back" }).click();
  await card(page).getByRole("heading", { name: titles[4] ?? "" }).waitFor();
  await page.keyboard.press("Escape");
  await card(page).waitFor({ state: "hidden" });
  // The page stays where the tour has led.
  await eventually(() => new URL(page.url()).hash, "#lab/causality");
}));

test("a link opens its step; no step goes past the last", shared(async (page) => {
  await page.evaluate(() => { location.hash = "#tour-4"; });
  await card(page).getByRole("heading", { name: "Every head listens in its own way" }).waitFor();
  await page.evaluate(() => { location.hash = "#tour-9"; });
  await card(page).getByRole("heading", { name: "Train your own" }).waitFor();
  await page.keyboard.press("Escape");
  await card(page).waitFor({ state: "hidden" });
}));

test("the first step stretches the chosen head's wave and gives it back, even when it is left in the middle", async (t) => {
  const page = await openPage(t, { path: "#tour-1", motion: "reduce" });
  const field = page.locator("#waves .channel").nth(4).getByRole("spinbutton").first();
  await field.waitFor();
  const frequency = Number(await field.inputValue());
  // Whatever the field holds on the way, however slow the machine.
  const lowest = await field.evaluateHandle((/** @type {HTMLInputElement} */ input) => {
    const found = { value: Infinity };
    // Whenever it is set.
    const { get, set } = /** @type {{get: () => string, set: (value: string) => void}} */ (Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value"));
    Object.defineProperty(input, "value", { get, set(value) {
      set.call(this, value);
      found.value = Math.min(found.value, Number(value));
    } });
    return found;
  });
  const act = card(page).getByRole("button", { name: "Stretch it and let it go" });
  await act.click();
  await said(page).filter({ hasText: "It is back as it was" }).waitFor();
  const { value } = await lowest.jsonValue();
  assert.ok(Math.abs(2 * value / frequency - 1) < 0.01, `${value} after ${frequency}`);
  await act.click();
  await card(page).getByRole("button", { name: "Leave the tour" }).click();
  await page.waitForFunction((was) => /** @type {HTMLInputElement} */ (document.querySelectorAll("#waves .channel:nth-child(5) [role=spinbutton]")[0]).value === String(was), frequency);
  // The wave is the file's own again.
  await page.getByRole("button", { name: "Reset all", disabled: true }).waitFor();
});

test("the field plays, the memory plays, the leak is measured, and a training begins", async (t) => {
  const page = await openPage(t, { path: "#tour-2", motion: "reduce" });
  await page.locator("#lab canvas").first().waitFor();
  await card(page).getByRole("button", { name: "Play the waves" }).click();
  await said(page).filter({ hasText: "its wave runs on" }).waitFor();
  await page.evaluate(() => { location.hash = "#tour-3"; });
  await page.locator("#lab .memory-stage").waitFor();
  await card(page).getByRole("button", { name: "Play the arrow" }).click();
  await said(page).filter({ hasText: "what is heard" }).waitFor();
  await page.evaluate(() => { location.hash = "#tour-5"; });
  await card(page).getByRole("button", { name: "Measure it" }).click();
  await said(page).filter({ hasText: "changed token" }).waitFor();
  await page.evaluate(() => { location.hash = "#tour-6"; });
  await card(page).getByRole("button", { name: "Start training" }).click();
  await said(page).filter({ hasText: "The curve falls" }).waitFor();
  await page.getByRole("button", { name: "Training…" }).waitFor();
});

/** How the card and what it speaks of lie. @param {Page} page */
const lie = (page) => page.evaluate(() => {
  const [card, ring] = [".tour", ".tour-ringed"].map((selector) => document.querySelector(selector)?.getBoundingClientRect());
  if (!card || !ring) return "";
  const bar = document.querySelector(".places")?.getBoundingClientRect();
  const bottom = bar && bar.top > innerHeight / 2 ? bar.top : innerHeight;
  const covered = ring.top < card.bottom && ring.bottom > card.top && ring.left < card.right && ring.right > card.left;
  const inView = ring.top >= 0 && ring.bottom <= bottom;
  return covered ? "covered" : inView ? "free" : `out of view: ${ring.top} to ${ring.bottom} of ${bottom}`;
});

test("what a step speaks of is in view and uncovered, before and after its action, from 360 to 1920 pixels", async (t) => {
  const page = await openPage(t, { path: "#tour-1", motion: "reduce" });
  for (const step of [1, 2, 3, 4, 5, 6]) {
    await page.evaluate((step) => { location.hash = `#tour-${step}`; }, step);
    await card(page).locator(`.tour-dot:nth-child(${step})[aria-current]`).waitFor({ state: "attached" });
    for (const [width, height] of [[360, 740], [390, 844], [768, 1024], [1024, 768], [1440, 900], [1920, 1080]]) {
      await page.setViewportSize({ width, height });
      await eventually(() => lie(page), "free", `step ${step}, ${width} pixels wide`);
    }
    if (step === 6) break; // A training is begun elsewhere.
    await page.setViewportSize({ width: 390, height: 844 });
    await card(page).locator(".tour-foot button:not(.primary):not(.quiet):not([hidden])").last().click();
    await said(page).filter({ hasText: /\S/ }).waitFor();
    await eventually(() => lie(page), "free", `step ${step}, after its action`);
  }
});

test("on a phone the card leaves the page in view, though the model comes later than the tour", async (t) => {
  let release = () => {};
  const held = new Promise((/** @type {(value?: undefined) => void} */ resolve) => (release = resolve));
  const page = await openPage(t, {
    path: "#tour-1", size: "phone",
    before: (opening) => opening.route(/\/model-\w+\.safetensors$/, async (route) => {
      await held;
      await route.continue();
    }),
  });
  await card(page).waitFor();
  // The waves that are recorded are there at once. The page scrolls to what is spoken of, and rests there.
  await page.locator(".channels[inert] .tour-ringed").waitFor();
  const inView = () => eventually(async () => [(await card(page).boundingBox())?.y ?? 0, (await page.locator(".tour-ringed").boundingBox())?.y ?? Infinity],
    ([box, ring]) => box > 844 * 0.4 && ring >= 0 && ring < box, "the upper part of the window is not free, or what is spoken of is not to be seen there");
  await inView();
  release();
  await page.locator(".channels:not([inert]) .tour-ringed").waitFor();
  await inView();
});
