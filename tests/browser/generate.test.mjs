// Generate: text appears by itself, follows its settings, and every token can be looked at.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./launch.mjs";
import { finished, firstText, generatePanel, settle, textOf, write } from "./parts.mjs";

test("the model opens and writes without a click", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  assert.match(await page.locator(".model-size").innerText(), /parameters/);
  await page.waitForFunction(() => /^\d/.test(document.querySelector(".readings .reading")?.textContent ?? ""));
});

test("the same seed writes the same text, another seed another", async (t) => {
  const page = await openPage(t);
  await settle(page);
  const first = await write(page);
  assert.equal([...first].length, 60);
  assert.equal(await write(page), first);
  await generatePanel(page).getByLabel("Seed", { exact: true }).fill("8");
  assert.notEqual(await write(page), first);
});

test("always the likeliest token: the seed no longer matters", async (t) => {
  const page = await openPage(t);
  await settle(page);
  await page.getByText("More sampling settings").click();
  await page.getByLabel("Always take the likeliest token").check();
  const first = await write(page);
  await generatePanel(page).getByLabel("Seed", { exact: true }).fill("99");
  assert.equal(await write(page), first);
});

test("a stop text ends the text and is not shown", async (t) => {
  const page = await openPage(t);
  await settle(page, { length: 2000 });
  await page.getByText("More sampling settings").click();
  await page.getByRole("textbox", { name: "Stop at" }).fill("\\n");
  assert.doesNotMatch(await write(page), /\n/);
});

test("stopping keeps what was written, and the text can be continued", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  await generatePanel(page).getByRole("button", { name: "Stop", exact: true }).click();
  await finished(page);
  const before = await textOf(page);
  await page.waitForTimeout(200);
  assert.equal(await textOf(page), before, "tokens came after the stop");
  await generatePanel(page).getByLabel("Length", { exact: true }).fill("40");
  await page.getByRole("radio", { name: "Full", exact: true }).check();
  await generatePanel(page).getByRole("button", { name: "Continue" }).click();
  await page.waitForFunction((length) => document.querySelectorAll(".token").length === length, [...before].length + 40);
  assert.ok((await textOf(page)).startsWith(before));
});

test("a character that the model has never seen is named, and nothing is lost", async (t) => {
  const page = await openPage(t);
  await settle(page, { prompt: "ROMEO: \u{1F30A}" });
  await generatePanel(page).getByRole("button", { name: "Generate", exact: true }).click();
  const alert = generatePanel(page).getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.innerText(), /\u{1F30A}/u);
  await generatePanel(page).getByLabel("Prompt", { exact: true }).fill("JULIET:\n");
  assert.equal([...(await write(page))].length, 60);
  assert.equal(await alert.isVisible(), false);
});

test("a token shows its probability and its alternatives, by pointer and by keyboard", async (t) => {
  const page = await openPage(t);
  await settle(page);
  const text = await write(page);
  const title = page.locator(".inspector-title");
  await page.locator(".token").nth(3).hover();
  await page.waitForFunction(() => /had/.test(document.querySelector(".inspector-title")?.textContent ?? ""));
  const shown = await page.locator(".bar:not(.bar-empty) .bar-value").allInnerTexts();
  assert.equal(shown.length, 5);
  await page.mouse.move(2, 2);

  await page.locator(".display:visible").first().focus();
  await page.keyboard.press("Home");
  assert.equal(await page.locator(".token-current").innerText(), [...text][0]);
  const first = await title.innerText();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator(".token-current").getAttribute("data-token"), "2");
  assert.match(await title.innerText(), /had .*%/);
  assert.match(await page.locator(".inspector [aria-live]").innerText(), /Others:/);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".token-current").count(), 0);
  assert.notEqual(await title.innerText(), first);
});
