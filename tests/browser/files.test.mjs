// Opening and saving checkpoints, and what outlives a reload or the engine.

import assert from "node:assert/strict";
import { test } from "node:test";
import { downloaded, onePage, openPage } from "./launch.mjs";
import { askForModel, channel, finished, generatePanel, saveModel, settle, textOf, write } from "./parts.mjs";
import { makeModels, openModel } from "./small-models.mjs";
import { alterEngines, eventually, kept, words } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {Buffer} bytes @param {string} [name] */
const choose = (page, bytes, name = "mine.safetensors") =>
  page.locator("input[type=file][aria-label='File to open']").setInputFiles({ name, mimeType: "application/octet-stream", buffer: bytes });

/** @param {Page} page @returns {Promise<Buffer>} */
async function save(page) {
  const { name, bytes } = await saveModel(page);
  assert.match(name, /^[\w-]+\.safetensors$/);
  return bytes;
}

/** Each test leaves the shipped model open, or opens another as the last. */
const shared = onePage();

test("a broken checkpoint gives a clear message and loses nothing", shared(async (page) => {
  await settle(page);
  const text = await write(page);
  const good = await save(page);
  const pointer = Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n");
  const broken = { "cut short": good.subarray(0, good.length - 1000), "a pointer": pointer, empty: Buffer.alloc(0) };
  for (const [what, bytes] of Object.entries(broken)) {
    await choose(page, bytes, `${what}.safetensors`);
    const notice = page.locator(".notice-error", { hasText: `${what}.safetensors could not be opened` });
    const said = await words(notice, /[.!?] Nothing was lost: Shakespeare is still open/);
    assert.ok(said.length > 60, `${what}: ${said}`);
  }
  assert.equal(await write(page), text);
}));

test("a saved model opens again with its bent waves", shared(async (page) => {
  await settle(page);
  const straight = await write(page);
  await channel(page, 1).getByRole("spinbutton", { name: "damping" }).fill("2");
  const bent = await write(page);
  assert.notEqual(bent, straight);
  const bytes = await save(page);
  await page.getByRole("button", { name: "Reset all" }).click();
  assert.equal(await write(page), straight);
  await choose(page, bytes, "bent one.safetensors");
  await page.locator(".model-name", { hasText: "bent one" }).waitFor();
  assert.equal(await write(page), bent);
  await page.getByRole("button", { name: "Back to Shakespeare" }).click();
  await page.locator(".model-name", { hasText: "Shakespeare" }).waitFor();
  assert.equal(await write(page), straight);
}));

/** @param {Buffer} bytes @returns {any} */
const headerOf = (bytes) => JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString());

/** The types of a file's numbers. @param {Buffer} bytes */
const typesOf = (bytes) => new Set(Object.values(headerOf(bytes)).flatMap(({ dtype }) => dtype ?? []));

/** The same model with one large number in each row of its embedding: 8 bits leave little to the others. @param {Buffer} bytes */
function coarse(bytes) {
  const { shape: [rows, columns], data_offsets: [start] } = headerOf(bytes)["token_embedding.weight"];
  const values = 8 + Number(bytes.readBigUInt64LE()) + start;
  const changed = Buffer.from(bytes);
  for (let row = 0; row < rows; row++) changed.writeFloatLE(3, values + 4 * columns * row);
  return changed;
}

const LOSS = /Loss (\d\.\d{4}) nats a token/;
/** What is said of a choice, once it is there. @param {import("playwright-core").Locator} dialog @param {string} numbers @param {RegExp} [what] */
const cost = (dialog, numbers, what = LOSS) => words(dialog.locator("label", { hasText: numbers }), what);

test("a bent model is downloaded in 8 bits, with what that costs, and opens again as such", shared(async (page) => {
  await settle(page);
  const [small] = await makeModels([{}]);
  await openModel(page, coarse(small), "Small one");
  await channel(page, 1).getByRole("spinbutton", { name: "damping" }).fill("2");
  await channel(page, 2).getByRole("button", { name: "Mute head 2" }).click();
  const bent = await write(page);
  const dialog = await askForModel(page);
  await words(dialog.getByRole("status"), /^Measured on 64 windows of 17 tokens of the last tenth of Names, spread evenly;.* all heads are heard in it/);
  await cost(dialog, "32-bit floats", /\d kB · Exactly .*Loss \d\.\d{4} nats a token\.$/s);
  const half = await cost(dialog, "16-bit floats");
  const rows = await cost(dialog, "8-bit rows", /Loss \d\.\d{4} nats a token, [+−]\d\.\d+ ± \d\.\d+ against 32 bits/);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await write(page), bent, "measuring changed the open model");

  const { name, bytes } = await saveModel(page, "8-bit rows");
  assert.equal(name, "small-one-8-bit.safetensors");
  assert.deepEqual(typesOf(bytes), new Set(["F16", "I8"]));
  const halves = await saveModel(page, "16-bit floats");
  assert.equal(halves.name, "small-one-16-bit.safetensors");
  assert.deepEqual(typesOf(halves.bytes), new Set(["F16"]));
  for (const [said, file] of /** @type {const} */ ([[half, halves.bytes], [rows, bytes]])) assert.ok(said.includes(`\n${Math.ceil(file.length / 1000)} kB · `), `${file.length} bytes: ${said}`);

  await openModel(page, bytes, "small-one-8-bit");
  await eventually(() => channel(page, 1).getByRole("spinbutton", { name: "damping" }).inputValue().then(Number), (damping) => Math.abs(damping - 2) < 0.01);
  assert.equal([...(await write(page))].length, 60);
  // What was said is the file's own loss, and rounding it once more changes nothing.
  const again = await askForModel(page);
  await words(again.getByRole("status"), /^Measured on/);
  const [before, said] = [half, rows].map((words) => LOSS.exec(words)?.[1]);
  assert.equal(LOSS.exec(await cost(again, "32-bit floats"))?.[1], said);
  assert.notEqual(said, before);
  await cost(again, "8-bit rows", /, exactly as in 32 bits\.$/);
  await page.keyboard.press("Escape");
  const second = await saveModel(page, "8-bit rows");
  assert.equal(second.name, name);
  assert.ok(second.bytes.equals(bytes));
  await page.getByRole("button", { name: "Back to Shakespeare" }).click();
  await page.locator(".model-name", { hasText: "Shakespeare" }).waitFor();
}));

test("a checkpoint can be dropped on the page", shared(async (page) => {
  await settle(page);
  await page.evaluate(async () => {
    const response = await fetch("/sources/models/shakespeare/model.safetensors");
    const transfer = new DataTransfer();
    transfer.items.add(new File([await response.blob()], "dropped.safetensors"));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  });
  await page.locator(".model-name", { hasText: "dropped" }).waitFor();
}));

test("a reload brings back prompt, settings, waves and the opened model", async (t) => {
  const page = await openPage(t);
  await settle(page, { prompt: "JULIET:\n", seed: 21 });
  const bytes = await save(page);
  await choose(page, bytes, "kept.safetensors");
  await page.locator(".model-name", { hasText: "kept" }).waitFor();
  await channel(page, 1).getByRole("spinbutton", { name: "frequency" }).fill("2.5");
  await channel(page, 4).getByRole("button", { name: "Mute head 4" }).click();
  const text = await write(page);
  // All of it is kept a little later.
  await kept(page, "state", (state) => /JULIET:/.test(JSON.stringify(state)) && /"seed":21\b/.test(JSON.stringify(state)));
  await kept(page, "heads", (layers) => layers?.[0]?.[0]?.frequency === 2.5 && layers[0][3].gain === 0);
  await page.reload();
  await page.locator(".model-name", { hasText: "kept" }).waitFor();
  await eventually(() => generatePanel(page).getByLabel("Prompt", { exact: true }).inputValue(), "JULIET:\n");
  await eventually(() => generatePanel(page).getByLabel("Seed", { exact: true }).inputValue(), "21");
  await eventually(() => channel(page, 1).getByRole("spinbutton", { name: "frequency" }).inputValue(), "2.5");
  await page.locator("[aria-label='Mute head 4'][aria-pressed=true]").waitFor();
  await page.waitForFunction((length) => document.querySelectorAll(".token").length === length, 60);
  await finished(page);
  assert.equal(await textOf(page), text, "the first text after the reload is under the bent waves");
});

test("on a phone, measuring can be stopped and the file had by keyboard alone; what cannot be made is said", async (t) => {
  const page = await openPage(t, {
    size: "phone",
    // Losses never come; and 16 bits do not reach as far as some number.
    before: (page) => alterEngines(page, () => `
      const round = Session.prototype.round_model;
      Session.prototype.round_model = function (precision) {
        if (precision === "f16") throw new Error("the number 70000 is too large.");
        return round.call(this, precision);
      };
      Session.prototype.rounded_losses = () => new Promise(() => {});`),
  });
  await settle(page);
  await page.getByRole("button", { name: /^Models\./ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Download this model", exact: true }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Download Shakespeare" });
  const stop = dialog.getByRole("button", { name: "Stop measuring" });
  await dialog.getByRole("progressbar", { name: "Measuring the losses" }).waitFor();
  await cost(dialog, "8-bit rows", /1\.5 MB/);
  await cost(dialog, "16-bit floats", /cannot be made .*\sthe number 70000 is too large\.$/s);
  assert.ok(await dialog.getByRole("radio", { name: "16-bit floats" }).isDisabled());
  const box = await dialog.boundingBox();
  assert.ok(box && box.x >= 0 && box.x + box.width <= 390 && box.y >= 0 && box.y + box.height <= 844, JSON.stringify(box));
  assert.ok(await dialog.evaluate((element) => element.scrollWidth <= element.clientWidth), "it is cut at its side");
  // The page goes on meanwhile.
  await page.evaluate(() => /** @type {HTMLElement} */ ([...document.querySelectorAll("#generate button")].find((button) => button.textContent === "Write")).click());
  await page.waitForFunction(() => document.querySelectorAll(".token").length === 60);
  await stop.focus();
  await page.keyboard.press("Enter");
  await words(dialog.getByRole("status"), /^Measuring was stopped\. The files can be downloaded all the same\.$/);
  await stop.waitFor({ state: "hidden" });
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  assert.equal(await focused(), "Download");
  await dialog.getByRole("radio", { name: "32-bit floats" }).focus();
  await page.keyboard.press("ArrowDown");
  const { name } = await downloaded(page, () => page.keyboard.press("Enter"));
  assert.equal(name, "shakespeare-8-bit.safetensors");
  await dialog.waitFor({ state: "detached" });
  assert.match(await focused() ?? "", /^Models\. Open: Shakespeare/);
});

test("without storage the page works all the same", async (t) => {
  const page = await openPage(t, {
    before: (page) => page.addInitScript(() => {
      Object.defineProperty(globalThis, "indexedDB", { get: () => undefined });
    }),
  });
  await settle(page);
  assert.equal([...(await write(page))].length, 60);
});

test("when the engine dies the page says so, keeps the text, and starts it again", async (t) => {
  let trapped = false;
  const page = await openPage(t, {
    writes: true,
    expected: [/unreachable/],
    before: (page) => alterEngines(page, () => {
      // The 40th step of a text ends as a panic does; the engine that follows is sound.
      const trap = `
        const step = Session.prototype.run_step;
        let steps = 0;
        Session.prototype.run_step = function (...args) {
          if (++steps > 40) throw new WebAssembly.RuntimeError("unreachable");
          return step.apply(this, args);
        };`;
      const armed = !trapped;
      trapped = true;
      return armed ? trap : "";
    }),
  });
  const notice = page.locator(".notice-error", { hasText: "The engine stopped" });
  await notice.waitFor();
  assert.ok((await textOf(page)).length > 0);
  await notice.getByRole("button", { name: "Restart the engine" }).click();
  await notice.waitFor({ state: "detached" });
  // The engine that follows is sound.
  await settle(page);
  assert.equal([...(await write(page))].length, 60);
});
