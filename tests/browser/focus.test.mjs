// With the keyboard alone: whatever has the focus and goes, the focus is at what took its place, never at nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./launch.mjs";
import { firstText, go, toggleMute } from "./parts.mjs";
import { button, passesStep, reaches, SHORT, start, startHeld, step } from "./train-parts.mjs";
import { eventually, frames } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** What has the focus, in words, once it is that. @param {Page} page @param {string | RegExp} wanted */
const focusIs = (page, wanted) => eventually(() => page.evaluate(() => {
  const { activeElement: at } = document;
  return at === document.body || !at ? "nothing" : at.getAttribute("aria-label") ?? (at.id || at.textContent?.trim() || at.tagName);
}), wanted, "the focus is elsewhere");

// More than ten seconds: one training is paused and gone on with, another ends.
test("Pause, Go on, single steps and the end of a training hand the focus on", async (t) => {
  const page = await openPage(t, { path: "#train" });
  await start(page, { ...SHORT, Steps: 200_000 });
  await passesStep(page, 1);
  await button(page, "Pause").focus();
  await page.keyboard.press("Enter");
  await focusIs(page, "Go on");
  await page.keyboard.press("Enter");
  await focusIs(page, "Pause");
  await page.keyboard.press("Enter");
  await focusIs(page, "Go on");
  // What is switched off while a step is done has the focus again after it.
  await page.locator("#train .train-change > summary").click();
  await button(page, "One step").focus();
  for (let i = 0; i < 2; i++) {
    const before = await step(page);
    await page.keyboard.press("Enter");
    await passesStep(page, before + 1);
    await focusIs(page, "One step");
  }
  await button(page, "Stop").focus();
  await page.keyboard.press("Enter");
  await reaches(page, "stopped");
  await focusIs(page, "Go on");
  const training = await startHeld(page);
  await button(page, "Pause").focus();
  await training.release();
  await reaches(page, "done");
  await focusIs(page, "Write with it");
});

test("a message that is dismissed gives the focus back, and so does the tour, wherever it ends", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  const share = page.locator(".share-button");
  await share.focus();
  await page.keyboard.press("Enter");
  const notice = page.locator(".notice", { hasText: "The link is copied" });
  await notice.or(page.locator(".share-link")).first().waitFor();
  await page.locator(".notices button, .share-link button").last().focus();
  await page.keyboard.press("Enter");
  await focusIs(page, /link/i);
  // The tour is begun from a link under Write and left in the lab, where that link is out of sight.
  await page.getByRole("link", { name: "how it works" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.locator(".tour-dot").last().click();
  await eventually(() => page.evaluate(() => document.querySelector("[data-place=write]")?.classList.contains("behind")), true);
  await page.getByRole("button", { name: "Leave the tour" }).focus();
  await page.keyboard.press("Enter");
  await focusIs(page, "main");
});

test("the next step of a story is read from its title", async (t) => {
  const page = await openPage(t, { path: "#story/break", motion: "reduce" });
  const bend = page.getByRole("button", { name: "Turn it upside down", exact: true });
  await bend.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "The same seed, another text" }).waitFor();
  await focusIs(page, "story-title");
  await frames(page, 5);
  await focusIs(page, "story-title");
});

test("a button that switches itself off hands the focus to the one beside it", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  await page.locator("#scaling > *").first().waitFor({ state: "attached" });
  await toggleMute(page, 1);
  const reset = page.locator("#waves").getByRole("button", { name: "Reset all" });
  await reset.focus();
  await page.keyboard.press("Enter");
  await eventually(() => reset.isDisabled(), true);
  await eventually(() => page.evaluate(() => document.activeElement !== document.body && document.activeElement?.closest("#waves") !== null), true);
  // Whoever has put the focus nowhere is left there.
  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
  await frames(page, 5);
  assert.equal(await page.evaluate(() => document.activeElement === document.body), true);
  await go(page, "Train");
});
