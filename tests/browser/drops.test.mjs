// Whatever is dropped or picked, wherever: it is known by what is in it, and does the right thing or is told where it goes.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { writeZip } from "../../www/js/files/zip.js";
import { onePage } from "./launch.mjs";
import { panel } from "./train-parts.mjs";
import { eventually, words } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{ name: string, bytes: Buffer | Uint8Array | string }} Dropped */

const fixture = (/** @type {string} */ name) => readFile(new URL(`../fixtures/files/${name}`, import.meta.url));
const POEM = "Tell me, where is fancy bred,\nOr in the heart, or in the head?\nHow begot, how nourishéd?\n";

/** Drops files on a part of the page. @param {Page} page @param {Dropped[]} files @param {string} [target] */
const drop = (page, files, target = "h1") => page.evaluate(([files, target]) => {
  const transfer = new DataTransfer();
  for (const { name, bytes } of files) transfer.items.add(new File([Uint8Array.from(bytes)], name));
  const event = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
  document.querySelector(target)?.dispatchEvent(event);
  if (!event.defaultPrevented) throw new Error("the browser would have opened it");
}, /** @type {const} */ ([files.map(({ name, bytes }) => ({ name, bytes: [...Buffer.from(bytes)] })), target]));

/** Drops what is no file; whether the page takes it. @param {Page} page @param {Record<string, string>} data @param {string} target */
const dropWords = (page, data, target) => page.evaluate(([data, target]) => {
  const transfer = new DataTransfer();
  for (const [type, value] of Object.entries(data)) transfer.setData(type, value);
  const event = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
  document.querySelector(target)?.dispatchEvent(event);
  return event.defaultPrevented;
}, /** @type {const} */ ([data, target]));

/** @param {Page} page @param {string} title */
const notice = (page, title) => page.locator(".notice", { hasText: title });
/** @param {Page} page @param {string} name */
const modelIs = (page, name) => page.locator(".model-name", { hasText: name }).waitFor();
/** @param {Page} page @param {string} text */
const ownTextIs = (page, text) => eventually(() => page.locator("#train .train-own textarea").inputValue(), (found) => found === text, "the text was not taken");
/** @param {Page} page */
const trainings = (page) => page.locator(".runs-list > .runs-row").count();

/** Everything that takes files is there. @param {Page} page */
const ready = (page) => page.locator("#train [data-takes-files]").waitFor({ state: "attached" });
const shared = onePage({}, ready);

test("a model opens under any name, wherever it is dropped, and says what was odd about it", shared(async (page) => {
  const bytes = await fixture("prefix_orig_mod.safetensors");
  for (const [name, target] of [["compiled.zip", "h1"], ["no ending", "#train .train-field"], ["poem.txt", "#train textarea"]]) {
    await drop(page, [{ name, bytes }], target);
    await modelIs(page, name.replace(/\..*/, ""));
    await words(notice(page, `${name.replace(/\..*/, "")} is open`), /The prefix `_orig_mod\.` \(a compiled PyTorch model\) was taken off every name\./);
  }
}));

test("a model and its tokenizer open together in any order, and one after the other", shared(async (page) => {
  const whole = await fixture("special_token.safetensors");
  const length = Number(whole.readBigUInt64LE(0));
  const header = JSON.parse(whole.subarray(8, 8 + length).toString());
  const tokenizer = header.__metadata__.tokenizer;
  delete header.__metadata__.tokenizer;
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const bare = Buffer.concat([size, text, whole.subarray(8 + length)]);
  const [model, vocabulary] = [{ name: "bare.bin", bytes: bare }, { name: "vocabulary", bytes: tokenizer }];
  await drop(page, [vocabulary, model]);
  await notice(page, "bare is open").waitFor();
  await drop(page, [{ ...model, name: "second" }]);
  await words(notice(page, "second could not be opened"), /tokenizer\.json that belongs to it.*Nothing was lost/);
  await drop(page, [vocabulary]);
  await notice(page, "second is open").waitFor();
  await drop(page, [vocabulary]);
  await notice(page, "it waits for its model").waitFor();
  await drop(page, [{ ...model, name: "third" }]);
  await notice(page, "third is open").waitFor();
  // It is kept as one file: a reload needs neither.
  await page.reload();
  await modelIs(page, "third");
}));

test("a text dropped on the heading is trained on, two are one, and what was there before can be had back", shared(async (page) => {
  await drop(page, [{ name: "poem", bytes: POEM }]);
  await ownTextIs(page, POEM);
  assert.ok(await panel(page).getByRole("radio", { name: "Your own text" }).isChecked());
  await drop(page, [{ name: "one.safetensors", bytes: "The tide is low" }, { name: "two.zip", bytes: "\ufeffand the mud is warm\r\n" }]);
  await ownTextIs(page, "The tide is low\nand the mud is warm\n");
  await panel(page).getByText("2 files are one text, in the order of their names:").waitFor();
  assert.deepEqual(await panel(page).getByRole("list", { name: "The files of this text" }).getByRole("listitem").allInnerTexts(), ["one.safetensors\n15 characters", "two.zip\n20 characters"]);
  await notice(page, "is the text now").getByRole("button", { name: "Put it back" }).click();
  await ownTextIs(page, POEM);
}));

test("one NUL and one bad byte in a good text are taken with a note of where", shared(async (page) => {
  await drop(page, [{ name: "nul", bytes: await fixture("one_nul.txt") }], "#train .train-field");
  await panel(page).getByText("One NUL character was taken out (line 1, character 47).").waitFor();
  await ownTextIs(page, "Our tide was low at noon, and the mud was warm and soft");
  await drop(page, [{ name: "bad", bytes: await fixture("one_bad_byte.txt") }], "#train .train-field");
  await panel(page).getByText(/One byte of 4,399 is no UTF-8 \(0xE9 at byte 1,587, line \d+\)/).waitFor();
  assert.equal(await panel(page).getByRole("group", { name: /How is/ }).count(), 0, "nobody has to be asked");
}));

test("a training is known by what is in it, and several are none lost", shared(async (page) => {
  const before = await trainings(page);
  const broken = new Uint8Array(await (await writeZip({ "run.json": new Blob(["{}"]), "losses.csv": new Blob([""]) })).arrayBuffer());
  await drop(page, [{ name: "a.txt", bytes: broken }, { name: "b", bytes: broken }]);
  const said = await words(page.locator(".runs-problem"), /"b" could not be opened/);
  assert.match(said, /"a\.txt" could not be opened\. Its "run\.json"/);
  assert.equal(await trainings(page), before);
}));

test("what nothing takes is called what it is, with what helps, and nothing else changes", shared(async (page) => {
  const zip = new Uint8Array(await (await writeZip({ "archive/data.pkl": new Blob(["x"]) })).arrayBuffer());
  for (const [bytes, expected] of /** @type {const} */ ([
    [zip, /a PyTorch file: convert it with Python/],
    ["%PDF-1.7\n%", /a PDF document: save its text as plain text/],
    [Buffer.from("\x89PNG\r\n\x1a\n\0", "latin1"), /a picture \(PNG\)/],
    ["version https://git-lfs.github.com/spec/v1\noid sha256:0\n", /a Git LFS pointer.*git lfs pull/],
    ["<!doctype html><title>Sign in</title>", /sign-in or error page.*download the file again/],
    [Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0]), /gzip.*unpack it first/],
    ["GGUF\x03\0\0\0", /a GGUF model/],
    ["", /an empty file/],
    [await readFile(new URL("../../models/shakespeare/train.toml", import.meta.url)), /a recipe of the command line.*wavefield train/],
    ["step,loss\n1,2.5\n2,2.25\n", /a table of numbers.*drop it on the texts under Train/],
    [Buffer.from([1, 2, 3, 4, 5, 6, 7, 0, 9]), /not known here.*\.safetensors/],
  ])) {
    await drop(page, [{ name: "model.safetensors", bytes }]);
    await words(notice(page, "model.safetensors could not be opened"), expected);
  }
  await drop(page, [{ name: "a", bytes: "" }, { name: "b.png", bytes: Buffer.from("\x89PNG\r\n\x1a\n\0", "latin1") }]);
  await words(notice(page, "2 files could not be opened"), /"a": It is an empty file.*"b\.png": It is a picture/);
}));

test("what the page itself packed is unpacked: several things in one, and settings", shared(async (page) => {
  // Without what was said before.
  await page.reload();
  await ready(page);
  const settings = JSON.stringify({ state: { prompt: "Out of a file", settings: { temperature: 0.5 }, pace: 0 } });
  const zip = new Uint8Array(await (await writeZip({ "your-own-text.txt": new Blob([POEM]), "settings.json": new Blob([settings]) })).arrayBuffer());
  await drop(page, [{ name: "wave-field-not-kept.zip", bytes: zip }]);
  await ownTextIs(page, POEM);
  await notice(page, "The settings were taken up").waitFor();
  await eventually(() => page.locator("#generate").getByLabel("Prompt", { exact: true }).inputValue(), (found) => found === "Out of a file", "the prompt is another");
  assert.equal(await notice(page, "could not be opened").count(), 0);
}));

test("links and words are told where they go, and a text field is the browser's", shared(async (page) => {
  assert.ok(await dropWords(page, { "text/uri-list": "https://example.org/model.safetensors" }, "h1"));
  await words(notice(page, "A link was dropped"), /example\.org.*download the file/);
  assert.ok(await dropWords(page, { "text/plain": POEM }, "h1"));
  await notice(page, "Words were dropped").getByRole("button", { name: "Train on them" }).click();
  await ownTextIs(page, POEM);
  assert.equal(await dropWords(page, { "text/plain": "words" }, "#generate textarea"), false, "the browser inserts words into a field");
  assert.ok(await dropWords(page, { "text/plain": "The tide is low." }, "#train .train-field legend"));
  await ownTextIs(page, "The tide is low.");
  assert.ok(await dropWords(page, { "text/uri-list": `${new URL(page.url()).origin}${new URL(page.url()).pathname}#lab-energy` }, "h1"));
  await page.locator("#lab").getByRole("tab", { name: "Energy", selected: true }).or(page.locator("#lab").getByRole("radio", { name: "Energy", checked: true })).waitFor();
}));

test("no picker greys anything out", shared(async (page) => {
  await page.locator("#train .train-own input[type=file]").waitFor({ state: "attached" });
  const pickers = await page.locator("input[type=file]").evaluateAll((inputs) => inputs.map((input) => [input.getAttribute("accept"), input.hasAttribute("multiple")]));
  assert.ok(pickers.length >= 3);
  for (const picker of pickers) assert.deepEqual(picker, [null, true]);
  // Each of them takes everything.
  await page.locator("input[type=file][aria-label='Training to open']").setInputFiles({ name: "x", mimeType: "", buffer: await fixture("special_token.safetensors") });
  await notice(page, "x is open").waitFor();
  await page.locator("input[type=file][aria-label='File to open']").setInputFiles({ name: "y.bin", mimeType: "", buffer: Buffer.from(POEM) });
  await ownTextIs(page, POEM);
}));
