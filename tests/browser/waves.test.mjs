// Waves: bending a head redraws it, changes what comes next, and can be taken back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./launch.mjs";
import { channel, finished, firstText, generatePanel, nextTokens, picture, settle, textOf, write } from "./parts.mjs";

/** @param {import("playwright-core").Page} page @param {string} before */
async function nextTokensOtherThan(page, before) {
  await page.waitForFunction((old) => /** @type {HTMLElement} */ (document.querySelector(".bars")).innerText !== old, before);
  return nextTokens(page);
}

/** @param {import("playwright-core").Page} page @param {string} expected */
const nextTokensAre = (page, expected) =>
  page.waitForFunction((bars) => /** @type {HTMLElement} */ (document.querySelector(".bars")).innerText === bars, expected);

test("a slider bends the kernel and shifts the next token; reset takes both back", async (t) => {
  const page = await openPage(t);
  await settle(page);
  await write(page);
  const before = await nextTokens(page);
  const kernel = channel(page, 2).locator(".kernel-canvas");
  const drawn = await picture(kernel);
  const slider = channel(page, 2).getByRole("slider", { name: "frequency" });
  await slider.focus();
  for (let i = 0; i < 60; i++) await page.keyboard.press("ArrowRight");
  await nextTokensOtherThan(page, before);
  assert.ok((await page.locator(".bar-before:visible").count()) > 0, "the file's own probabilities are not marked");
  assert.notEqual(await picture(kernel), drawn);

  await channel(page, 2).getByRole("button", { name: "Reset head 2" }).click();
  await nextTokensAre(page, before);
  assert.equal(await picture(kernel), drawn);
});

test("a dragged slider redraws its kernel within the frame", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  const drawn = await channel(page, 2).evaluate(async (element) => {
    const canvas = /** @type {HTMLCanvasElement} */ (element.querySelector(".kernel-canvas"));
    const slider = /** @type {HTMLInputElement} */ (element.querySelector(".slider"));
    let redrawn = 0;
    for (let i = 1; i <= 20; i++) {
      const before = canvas.toDataURL();
      slider.value = String(0.5 + i / 10);
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      // Asked for after the page's own frame, so it comes in the same one.
      await new Promise((resolve) => requestAnimationFrame(resolve));
      if (canvas.toDataURL() !== before) redrawn++;
    }
    return redrawn;
  });
  assert.equal(drawn, 20);
});

test("the number fields take exact values and refuse nonsense", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  const damping = channel(page, 1).getByRole("spinbutton", { name: "damping" });
  await damping.fill("0.5");
  await damping.press("Enter");
  const reach = channel(page, 1).locator(".channel-reach");
  // ln 10 / 0.5, at one cell a token.
  await page.waitForFunction(() => document.querySelector(".channel-reach")?.textContent === "reach 4.6");
  await damping.fill("-3");
  assert.equal(await damping.getAttribute("aria-invalid"), "true");
  assert.equal(await reach.innerText(), "reach 4.6");
});

test("muting changes what comes next, and muting every head but one is what solo does", async (t) => {
  const page = await openPage(t);
  await settle(page);
  await write(page);
  const before = await nextTokens(page);
  await channel(page, 3).getByRole("button", { name: "Solo head 3" }).click();
  const solo = await nextTokensOtherThan(page, before);
  await channel(page, 3).getByRole("button", { name: "Solo head 3" }).click();
  await nextTokensAre(page, before);
  const heads = await page.getByRole("article").count();
  for (let head = 1; head <= heads; head++) {
    if (head !== 3) await channel(page, head).getByRole("button", { name: `Mute head ${head}` }).click();
  }
  await nextTokensAre(page, solo);
  await page.getByRole("button", { name: "Reset all" }).click();
  await nextTokensAre(page, before);
});

test("a text goes on under the bent wave from the next token", async (t) => {
  const page = await openPage(t);
  await settle(page, { length: 120 });
  const straight = await write(page);
  await page.getByRole("radio", { name: "Slow", exact: true }).check();
  await generatePanel(page).getByRole("button", { name: "Generate", exact: true }).click();
  await page.waitForFunction(() => document.querySelectorAll(".token").length >= 12);
  const sure = await textOf(page);
  for (let head = 1; head <= 4; head++) await channel(page, head).getByRole("button", { name: `Mute head ${head}` }).click();
  await page.getByRole("radio", { name: "Full", exact: true }).check();
  await finished(page);
  const bent = await textOf(page);
  assert.ok(straight.startsWith(sure) && bent.startsWith(sure), "what was written has changed");
  assert.notEqual(bent, straight);
});

test("before and after stand side by side with the same seed", async (t) => {
  const page = await openPage(t);
  await settle(page);
  const straight = await write(page);
  await page.getByRole("button", { name: "Before and after" }).click();
  await finished(page);
  assert.equal(await textOf(page, 0), straight);
  assert.equal(await textOf(page, 1), straight, "nothing is bent, so both are the same");
  for (let head = 1; head <= 4; head++) await channel(page, head).getByRole("button", { name: `Mute head ${head}` }).click();
  await write(page);
  assert.equal(await textOf(page, 0), straight, "the file's own text");
  assert.notEqual(await textOf(page, 1), straight);
  assert.match(await page.locator(".display-caption").last().innerText(), /parts at token \d+/);
});

test("another layer has other waves, and a bent head is still bent on coming back", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  const frequency = channel(page, 1).getByRole("spinbutton", { name: "frequency" });
  await frequency.fill("1.25");
  await page.locator("#waves").getByRole("radio", { name: "2", exact: true }).check();
  await page.waitForFunction(() => /** @type {HTMLInputElement} */ (document.querySelector(".channel .number")).value !== "1.25");
  await page.locator("#waves").getByRole("radio", { name: "1", exact: true }).check();
  await page.waitForFunction(() => /** @type {HTMLInputElement} */ (document.querySelector(".channel .number")).value === "1.25");
});
