// Texts to train on that are Word documents, electronic books or several files, wherever they are dropped or picked; and
// the text as the tokens that a training then has.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { bookParts, paragraph, wordParts, zipped } from "../js/made-documents.mjs";
import { downloaded, onePage } from "./launch.mjs";
import { go } from "./parts.mjs";
import { panel, SHORT, train } from "./train-parts.mjs";
import { eventually, kept, words } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{ name: string, bytes: Uint8Array | string }} Made */

/** Everything that takes files is there. @param {Page} page */
const ready = (page) => page.locator("#train [data-takes-files]").waitFor({ state: "attached" });
const shared = onePage({}, ready);

/** @param {Page} page @param {Made[]} files @param {string} target */
const drop = (page, files, target) => page.evaluate(([files, target]) => {
  const transfer = new DataTransfer();
  for (const { name, bytes } of files) transfer.items.add(new File([Uint8Array.from(bytes)], name));
  document.querySelector(target)?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}, /** @type {const} */ ([files.map(({ name, bytes }) => ({ name, bytes: [...Buffer.from(bytes)] })), target]));

/** @param {Page} page @param {Made[]} files */
const pick = (page, files) => panel(page).locator(".train-own input[type=file]").setInputFiles(files.map(({ name, bytes }) => ({ name, mimeType: "", buffer: Buffer.from(bytes) })));
/** @param {Page} page */
const area = (page) => panel(page).locator(".train-own textarea");
/** @param {Page} page @param {string} text */
const ownTextIs = (page, text) => eventually(() => area(page).inputValue(), text);
/** @param {Page} page @param {string} title */
const notice = (page, title) => page.locator(".notice", { hasText: title });

const WORD = await zipped(wordParts(paragraph("The tide is low,") + paragraph("and the mud is warm.")));
const BOOK = await zipped(bookParts({ "one.xhtml": "<h1>One</h1><p>Tea &amp; toast.</p>", "two.xhtml": "<p>Then nothing.</p>" }));
const LOCKED = await zipped(bookParts({ a: "<p>a</p>" }, { "META-INF/encryption.xml": `<a xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:CipherReference URI="OEBPS/a"/></a>` }));

test("a Word document and a book are texts wherever they are dropped or picked, under any name", shared(async (page) => {
  await drop(page, [{ name: "report.zip", bytes: WORD }], "h1");
  await ownTextIs(page, "The tide is low,\nand the mud is warm.\n");
  await words(panel(page).locator(".train-advice").first(), /The text of a Word document: a line for each paragraph/);
  await pick(page, [{ name: "novel", bytes: BOOK }]);
  await ownTextIs(page, "One\n\nTea & toast.\n\nThen nothing.\n");
  await notice(page, "novel is the text now").getByRole("button", { name: "Put it back" }).click();
  await ownTextIs(page, "The tide is low,\nand the mud is warm.\n");
}));

test("what cannot be read of them is said, and the text that was there stays", shared(async (page) => {
  const before = await area(page).inputValue();
  for (const [made, said] of /** @type {const} */ ([
    [{ name: "locked.epub", bytes: LOCKED }, /"locked\.epub" cannot be read as a text\. It is locked \(DRM\)/],
    [{ name: "short.docx", bytes: WORD.slice(0, -10) }, /"short\.docx"/],
  ])) {
    await drop(page, [made], "#train .train-field");
    await words(panel(page).locator(".train-understood.train-problem"), said);
  }
  assert.equal(await area(page).inputValue(), before);
}));

test("several texts of any kind are one, in the order of their names, with a list that a reload keeps", shared(async (page) => {
  await drop(page, [{ name: "chapter 10.epub", bytes: BOOK }, { name: "chapter 2.txt", bytes: "Second." }, { name: "chapter 1.docx", bytes: WORD }], "#train .train-field");
  await ownTextIs(page, "The tide is low,\nand the mud is warm.\nSecond.\nOne\n\nTea & toast.\n\nThen nothing.\n");
  const list = panel(page).getByRole("list", { name: "The files of this text" });
  const rows = ["chapter 1.docx\n38 characters", "chapter 2.txt\n7 characters", "chapter 10.epub\n33 characters"];
  await eventually(() => list.getByRole("listitem").allInnerTexts(), rows);
  await panel(page).getByText("3 files are one text, in the order of their names:").waitFor();
  await kept(page, "train-own-text", (own) => own?.parts?.length === 3);
  await page.reload();
  await ready(page);
  await eventually(() => list.getByRole("listitem").allInnerTexts(), rows);
  // What is typed is no file's.
  await area(page).fill("Mine.");
  await eventually(() => list.count(), 0);
}));

test("dropped on the prompt, they are the prompt, and the one before can be had back", shared(async (page) => {
  await go(page, "Write");
  const prompt = page.locator("#generate").getByLabel("Prompt", { exact: true });
  const before = await prompt.inputValue();
  await drop(page, [{ name: "report.docx", bytes: WORD }], "#generate .prompt");
  await eventually(() => prompt.inputValue(), "The tide is low,\nand the mud is warm.");
  await notice(page, "report.docx is the prompt now").getByRole("button", { name: "Put the other one back" }).click();
  await eventually(() => prompt.inputValue(), before);
  await drop(page, [{ name: "long.txt", bytes: "0123456789".repeat(1000) }], "#generate .prompt");
  await eventually(() => prompt.inputValue(), "0123456789".repeat(800));
  await words(notice(page, "long.txt is the prompt now"), /the last 8,000 of its 10,000 characters/);
  await go(page, "Train");
}));

/** The tokens that stand there, each with its id, and the table of the most frequent. @param {Page} page */
async function tokensShown(page) {
  const part = panel(page).locator(".train-tokens");
  await part.locator(".token").first().waitFor();
  const spans = await part.locator(".token").evaluateAll((all) => all.map((span) => ({ id: Number(span.getAttribute("data-id")), text: span.textContent ?? "" })));
  const rows = await part.locator("tbody tr").evaluateAll((all) => all.map((row) => [...row.children].slice(0, 4).map((cell) => cell.textContent ?? "")));
  return { spans, rows, text: spans.map(({ text }) => text).join("") };
}

test("a text is seen as the tokens that its training has: characters and word pieces", shared(async (page) => {
  await panel(page).getByRole("radio", { name: "Names" }).check();
  const part = panel(page).locator(".train-tokens");
  await words(part.locator("summary"), /^See it as tokens: 228,146, of 27 kinds$/);
  await part.locator("summary").click();
  const characters = await tokensShown(page);
  const file = (await readFile(new URL("../../www/data/names.txt", import.meta.url), "utf8")).replace(/\s+$/, "");
  const count = [...file].filter((letter) => letter === "a").length;
  assert.deepEqual(characters.rows[0], ["a", "1", count.toLocaleString("en-GB"), `${Math.round((100 * count) / 228_146)} %`]);
  await words(part.locator(".tokens-split-words"), /Learned from: the first 205,331 tokens \(90 %\).*Held back to measure on: the last 22,815 \(10 %\)/s);
  // By keyboard, and under the pointer.
  const view = part.getByRole("group", { name: /^How the text begins, as tokens/ });
  await view.focus();
  await page.keyboard.press("Home");
  const first = await words(part.locator(".tokens-detail"), /^“.”: token \d+, [\d,]+ times, [\d.]+ % of all tokens$/);
  await page.keyboard.press("ArrowRight");
  await words(part.locator(".tokens-detail"), (said) => said !== first && said.startsWith(`“${characters.spans[1].text}”`));
  const { name, bytes } = await downloaded(page, () => part.getByRole("button", { name: "All tokens as CSV" }).click());
  assert.equal(name, "tokens.csv");
  assert.equal(bytes.toString().replace("\ufeff", "").split("\n").filter(Boolean).length, 28);

  await panel(page).getByRole("radio", { name: "Word pieces" }).check();
  await panel(page).getByLabel(/^Tokens to know/).fill("300");
  await panel(page).getByLabel(/^Tokens to know/).press("Tab");
  await words(part.locator(".tokens-facts"), /tokens of \d+ kinds; \d+ more/);
  const pieces = await tokensShown(page);
  assert.ok(pieces.spans.some(({ text }) => text.length > 1));
  assert.ok(pieces.text.startsWith(characters.text) || characters.text.startsWith(pieces.text), "it is another text");
  // What the training then has, as its model says.
  await page.evaluate(() => {
    const all = /** @type {any} */ (globalThis);
    all.wire.told.push((/** @type {any} */ { type, value }) => { if (type === "reply" && value?.vocabulary_kind) all.trained = value.tokens; });
  });
  await train(page, { ...SHORT, Steps: 20 });
  /** @type {string[]} */
  const tokens = await page.evaluate(() => /** @type {any} */ (globalThis).trained);
  assert.equal(tokens.length, 300);
  assert.deepEqual(pieces.spans.map(({ id }) => tokens[id]), pieces.spans.map(({ text }) => text));
  assert.deepEqual(pieces.rows.map(([, id]) => tokens[Number(id)].replaceAll("\n", "⏎")), pieces.rows.map(([text]) => text));
}));
