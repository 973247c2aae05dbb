// Generate: text appears by itself, follows its settings, and every token can be looked at.

import assert from "node:assert/strict";
import { test } from "node:test";
import { onePage } from "./launch.mjs";
import { finished, generatePanel, setPace, settle, stopWriting, textOf, write } from "./parts.mjs";
import { engineTurns, eventually, words } from "./wait.mjs";

const shared = onePage();

test("the model opens and writes without a click", shared(async (page) => {
  await page.locator(".token").nth(5).waitFor();
  await words(page.locator(".model-size"), /parameters/);
  await words(page.locator(".readings .reading").first(), /^\d/);
}));

test("the same seed writes the same text, another seed another", shared(async (page) => {
  await settle(page);
  const first = await write(page);
  assert.equal([...first].length, 60);
  assert.equal(await write(page), first);
  await generatePanel(page).getByLabel("Seed", { exact: true }).fill("8");
  assert.notEqual(await write(page), first);
}));

test("a text that is continued goes on as if it had not been stopped", shared(async (page) => {
  await settle(page);
  const whole = await write(page);
  await settle(page, { length: 25 });
  const beginning = await write(page);
  assert.equal(beginning, whole.slice(0, 25));
  await generatePanel(page).getByLabel("Length", { exact: true }).fill("35");
  await generatePanel(page).getByRole("button", { name: "Continue" }).click();
  await eventually(() => textOf(page), whole);
  await finished(page);
}));

test("a text that is continued under another prompt says that it goes on from the text, and offers the new prompt", shared(async (page) => {
  await settle(page, { length: 25 });
  const beginning = await write(page);
  await generatePanel(page).getByRole("button", { name: "Continue" }).click();
  await finished(page);
  const notice = page.locator(".notice", { hasText: "Continue goes on from the text below." });
  assert.equal(await notice.count(), 0, "the prompt was left as it was");
  await generatePanel(page).getByLabel("Prompt", { exact: true }).fill("JULIET:\n");
  await generatePanel(page).getByRole("button", { name: "Continue" }).click();
  await words(notice, /That began with another prompt than the one that stands there now\./);
  await finished(page);
  await eventually(() => textOf(page), (text) => text.startsWith(beginning) && [...text].length === 75);
  await notice.getByRole("button", { name: "Write from the new prompt" }).click();
  await eventually(() => page.locator(".display:visible").first().innerText(), /^JULIET:/);
  await finished(page);
  await eventually(() => textOf(page), (text) => [...text].length === 25);
}));

test("always the likeliest token: the seed no longer matters", shared(async (page) => {
  await settle(page);
  await page.getByText("More sampling settings").click();
  await page.getByLabel("Always take the likeliest token").check();
  const first = await write(page);
  await generatePanel(page).getByLabel("Seed", { exact: true }).fill("99");
  assert.equal(await write(page), first);
  await page.getByLabel("Always take the likeliest token").uncheck();
}));

test("a stop text ends the text and is not shown", shared(async (page) => {
  await settle(page, { length: 2000 });
  const stop = page.getByRole("textbox", { name: "Stop at" });
  await stop.fill("\\n");
  const text = await write(page);
  assert.ok(text.length > 0 && text.length < 2000, text);
  assert.doesNotMatch(text, /\n/);
  // Whoever continues wants the line after it, and that line alone.
  await generatePanel(page).getByRole("button", { name: "Continue" }).click();
  await eventually(() => textOf(page), (after) => after.length > text.length, "it stopped where it had stopped");
  await finished(page);
  const after = await textOf(page);
  assert.ok(after.startsWith(`${text}\n`), after);
  assert.equal(after.split("\n").length, 2, after);
  await stop.fill("");
}));

test("stopping keeps what was written, and the text can be continued", shared(async (page) => {
  // So long that it is stopped before its end, however long that takes.
  await settle(page, { length: 2000 });
  await setPace(page, "Slow");
  await generatePanel(page).getByRole("button", { name: "Write", exact: true }).click();
  await eventually(() => textOf(page), (text) => text.length > 5);
  await stopWriting(page);
  const before = await textOf(page);
  await engineTurns(page);
  assert.equal(await textOf(page), before, "tokens came after the stop");
  await generatePanel(page).getByLabel("Length", { exact: true }).fill("40");
  await setPace(page, "Full");
  await generatePanel(page).getByRole("button", { name: "Continue" }).click();
  await page.waitForFunction((length) => document.querySelectorAll(".token").length === length, [...before].length + 40);
  await finished(page);
  const after = await textOf(page);
  assert.ok(after.startsWith(before) && [...after].length === [...before].length + 40);
}));

test("a character that the model has never seen is named, and nothing is lost", shared(async (page) => {
  await settle(page, { prompt: "ROMEO: \u{1F30A}" });
  await generatePanel(page).getByRole("button", { name: "Write", exact: true }).click();
  const alert = generatePanel(page).getByRole("alert");
  await words(alert, /\u{1F30A}/u);
  await generatePanel(page).getByLabel("Prompt", { exact: true }).fill("JULIET:\n");
  assert.equal([...(await write(page))].length, 60);
  await alert.waitFor({ state: "hidden" });
}));

test("a token shows its probability and its alternatives, by pointer and by keyboard", shared(async (page) => {
  await settle(page);
  const text = await write(page);
  const title = page.locator(".inspector-title");
  const current = page.locator(".token-current");
  await page.locator(".token").nth(3).hover();
  await words(title, /had/);
  assert.equal(await page.locator(".bar:not(.bar-empty) .bar-value").count(), 5);
  await page.mouse.move(2, 2);
  await words(title, "Next token");

  await page.locator(".display:visible").first().focus();
  await page.keyboard.press("Home");
  await words(current, [...text][0]);
  const first = await words(title, /had .*%/);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.locator('.token-current[data-token="2"]').waitFor();
  await words(title, (found) => /had .*%/.test(found) && found !== first);
  await words(page.locator(".inspector [aria-live]"), /Others:/);
  await page.keyboard.press("Escape");
  await current.waitFor({ state: "detached" });
  await words(title, "Next token");
}));
