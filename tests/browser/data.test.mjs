// Texts to train on: the person's own from any file, a large one, and those that the page ships.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, watchLongTasks } from "./launch.mjs";

/** @typedef {import("playwright-core").Page} Page */

const PATIENCE = { timeout: 60_000 };
/** Of the names as they are trained on: the file's, and the last line's end. */
const NAMES = 228_146;

/** @param {Page} page */
const panel = (page) => page.locator("#train");

/** Opens the page, on a text of one's own. @param {import("node:test").TestContext} t */
async function openOwn(t) {
  const page = await openPage(t);
  await panel(page).getByRole("radio", { name: "Your own text" }).check();
  return page;
}

/** @param {Page} page @param {string} name @param {Buffer} buffer */
const choose = (page, name, buffer) => page.locator("#train .train-own input[type=file]").setInputFiles({ name, mimeType: "text/plain", buffer });

/** Brings the form into view, as a person would: a text is read once it is looked at. @param {Page} page */
const look = (page) => page.locator("#train form").scrollIntoViewIfNeeded();

/** Waits until so many characters were understood. @param {Page} page @param {number} characters */
async function understood(page, characters) {
  await look(page);
  await page.locator("#train .train-facts > div", { hasText: "Characters" }).locator("dd", { hasText: new RegExp(`^${characters.toLocaleString("en-GB")}$`) }).waitFor(PATIENCE);
}

/** @param {Page} page @param {string | RegExp} name @returns {Promise<string>} */
const fact = (page, name) => page.locator("#train .train-facts > div", { has: page.locator("dt", { hasText: name }) }).locator("dd").innerText();

/** @param {Page} page */
const area = (page) => page.locator("#train .train-own textarea");

test("a UTF-16 file is read, with a byte-order mark and without, and its line ends become plain", async (t) => {
  const page = await openOwn(t);
  const text = "Zwölf Boxkämpfer jagen Viktor.\r\n".repeat(30);
  await choose(page, "marked.txt", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]));
  await understood(page, 31 * 30);
  assert.equal(await area(page).inputValue(), text.replaceAll("\r\n", "\n"));
  await page.locator("#train .train-advice", { hasText: "line ends" }).waitFor();
  await choose(page, "unmarked.txt", Buffer.from(`${text}Ende.`, "utf16le").swap16());
  await understood(page, 31 * 30 + 5);
  await page.locator("#train .train-advice", { hasText: "UTF-16" }).waitFor();
});

test("a file in Windows-1251 is asked about, and read as the person says", async (t) => {
  const page = await openOwn(t);
  const before = "What was here before stays until the question is answered.\n".repeat(2);
  await area(page).fill(before);
  await understood(page, before.length);
  // "Жил-был старик со старухой", 40 times.
  const line = [0xc6, 0xe8, 0xeb, 0x2d, 0xe1, 0xfb, 0xeb, 0x20, 0xf1, 0xf2, 0xe0, 0xf0, 0xe8, 0xea, 0x20, 0xf1, 0xee, 0x20, 0xf1, 0xf2, 0xe0, 0xf0, 0xf3, 0xf5, 0xee, 0xe9, 10];
  const bytes = Buffer.from(Array.from({ length: 40 }, () => line).flat());
  await choose(page, "сказка.txt", bytes);
  const question = page.getByRole("group", { name: 'How is "сказка.txt" to be read?' });
  await question.waitFor();
  assert.ok(await question.getByRole("radio", { name: "Cyrillic (Windows-1251)" }).isChecked(), "the likeliest is not chosen");
  assert.match(await question.innerText(), /Жил-был старик со старухой/);
  assert.ok((await question.getByRole("radio").count()) >= 5);
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await page.locator("#train .train-start-problem", { hasText: "Choose first how" }).waitFor();

  await question.getByRole("button", { name: "Do not read it" }).click();
  await understood(page, before.length);
  await choose(page, "сказка.txt", bytes);
  await question.getByRole("radio", { name: "Cyrillic (Windows-1251)" }).check();
  await question.getByRole("button", { name: "Read it so" }).click();
  await understood(page, 27 * 40);
  assert.equal(await area(page).inputValue(), "Жил-был старик со старухой\n".repeat(40));
  await page.reload();
  await understood(page, 27 * 40);
});

test("what is no text is refused with what it is and what to do", async (t) => {
  const page = await openOwn(t);
  for (const [name, bytes, words] of /** @type {const} */ ([
    ["a.pdf", Buffer.from("%PDF-1.7\n%abc"), "is a PDF"],
    ["a.docx", Buffer.from("PK\x03\x04\x14\0\x06\0", "latin1"), "zip archive"],
    ["a.png", Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), "an image"],
    ["a.bin", Buffer.from([1, 0, 0, 0, 7, 0, 0, 0, 1, 2, 3]), "is not text"],
  ])) {
    await choose(page, name, bytes);
    await page.locator("#train .train-understood.train-problem", { hasText: words }).waitFor();
  }
  await panel(page).getByRole("radio", { name: "Names" }).check();
  await understood(page, NAMES);
});

test("a file dropped on the texts is taken for one's own text", async (t) => {
  const page = await openPage(t);
  await look(page);
  await page.locator("#train .train-facts").waitFor();
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["The cat sat on the mat.\n".repeat(100)], "cat.txt"));
    document.querySelector("#train .train-field")?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  });
  await understood(page, 2400);
  assert.ok(await panel(page).getByRole("radio", { name: "Your own text" }).isChecked());
  assert.equal(await fact(page, /^Learns from \(90 %\)/), "2,160");
  assert.equal(await fact(page, /^Held back \(10 %\)/), "240");
});

test("a text of 20 MB never holds the page up, can be left while it is read, and is kept", async (t) => {
  const page = await openOwn(t);
  await page.locator(".token").nth(5).waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).first().click();
  const quietly = await watchLongTasks(page);
  await page.waitForTimeout(1500);
  // Where other things run on the machine, every task is longer.
  const quiet = Math.max(0, ...(await quietly()));
  const longTasks = await watchLongTasks(page);
  const drop = () => page.evaluate(async () => {
    const line = "The old king had three daughters, and a große Überraschung for each.\r\n";
    const chunk = new Blob([line.repeat(3000)]);
    const size = Math.ceil((20 * 2 ** 20) / chunk.size);
    const transfer = new DataTransfer();
    transfer.items.add(new File(Array.from({ length: size }, () => chunk), "kings.txt"));
    const began = performance.now();
    document.querySelector("#train .train-field")?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    return { characters: (line.length - 1) * 3000 * size, began };
  });
  await drop();
  await page.locator("#train .train-reading").waitFor();
  await panel(page).getByRole("radio", { name: "Names" }).check();
  await understood(page, NAMES);
  await panel(page).getByRole("radio", { name: "Your own text" }).check();
  assert.equal(await area(page).inputValue(), "", "the reading that was left went on");

  const { characters, began } = await drop();
  await understood(page, characters);
  const took = await page.evaluate((since) => performance.now() - since, began);
  assert.match(await page.locator("#train .train-lines").innerText(), /^The old king/);
  const found = await longTasks();
  t.diagnostic(`${(characters / 1e6).toFixed(1)} million characters in ${took.toFixed(0)} ms; tasks over 50 ms (before: at most ${Math.round(quiet)}): ${found.map(Math.round).join(", ") || "none"}`);
  assert.ok(Math.max(0, ...found) <= Math.max(100, 2 * quiet), `the page stood still for ${Math.max(...found)} ms`);
  await page.waitForFunction(async (want) => {
    const { storage } = await import(/** @type {string} */ (new URL("js/storage.js", document.baseURI).href));
    return (await storage.get("train-own-text"))?.text?.size > want;
  }, characters);
  await page.reload();
  await understood(page, characters);
});

test("where the disk is full, one's own text is used all the same and the page says what that means", async (t) => {
  const page = await openPage(t, {
    before: (opening) => opening.addInitScript(() => {
      IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
    }),
  });
  await panel(page).getByRole("radio", { name: "Your own text" }).check();
  await choose(page, "a.txt", Buffer.from("The cat sat on the mat.\n".repeat(100)));
  await understood(page, 2400);
  await page.locator("#train .train-advice", { hasText: "no room to keep this text" }).waitFor();
});

test("stories are shown with their licence, and train", async (t) => {
  const page = await openPage(t);
  await panel(page).getByRole("radio", { name: "Stories" }).check();
  await understood(page, 941_894);
  assert.match(await page.locator("#train .train-origin").innerText(), /TinyStories.*CDLA-Sharing-1\.0/);
  const notice = await page.locator("#train .train-origin a").getAttribute("href");
  assert.match(await page.evaluate(async (href) => (await fetch(href ?? "")).text(), notice), /CDLA-Sharing-1\.0/);
  assert.match(await page.locator("#train .train-lines").innerText(), /^One day, a little girl named Lily/);
  await page.locator("#train .train-details summary").click();
  for (const [label, value] of Object.entries({ Steps: 20, Batch: 4, Context: 16 })) await panel(page).getByLabel(label, { exact: true }).fill(String(value));
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await page.locator('#train .train-run[data-state="done"]').waitFor(PATIENCE);
  await page.locator("#train .train-run-title", { hasText: "Stories" }).waitFor();
});

test("word pieces can be had for a shipped text, are counted before training, and train", async (t) => {
  const page = await openPage(t);
  await panel(page).getByRole("radio", { name: "Word pieces" }).check();
  await panel(page).getByLabel(/^Tokens to know/).fill("300");
  await panel(page).getByLabel(/^Tokens to know/).press("Tab");
  await page.waitForFunction(() => /^\d/.test(document.querySelector("#train .train-facts > div:nth-child(4) dd")?.textContent ?? ""), null, PATIENCE);
  assert.equal(await fact(page, "Vocabulary"), "300");
  const tokens = Number((await fact(page, "Tokens")).replaceAll(",", ""));
  assert.ok(tokens > 50_000 && tokens < NAMES, `${tokens} tokens`);
  await page.locator("#train .train-details summary").click();
  for (const [label, value] of Object.entries({ Steps: 20, Batch: 4, Context: 16 })) await panel(page).getByLabel(label, { exact: true }).fill(String(value));
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await page.locator('#train .train-run[data-state="done"]').waitFor(PATIENCE);
  await panel(page).getByRole("button", { name: "Generate with it" }).click();
  await page.locator(".model-name", { hasText: "Names" }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".token").length > 5);
});

test("a training that is started right after typing learns from what was typed", async (t) => {
  const page = await openOwn(t);
  const text = "A gull cried twice; nobody heard it but the old man.\n".repeat(40);
  await area(page).fill(text);
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await page.locator('.train-run[data-state="running"]').waitFor(PATIENCE);
  assert.equal(await area(page).inputValue(), text);
  assert.equal(await fact(page, "Characters"), text.length.toLocaleString("en-GB"));
  await panel(page).getByRole("button", { name: "Stop", exact: true }).click();
});
