// Opening and saving checkpoints, and what outlives a reload or the engine.

import assert from "node:assert/strict";
import { test } from "node:test";
import { downloaded, onePage, openPage } from "./launch.mjs";
import { channel, finished, generatePanel, settle, textOf, write } from "./parts.mjs";
import { alterEngines, eventually, kept, words } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {Buffer} bytes @param {string} [name] */
const choose = (page, bytes, name = "mine.safetensors") =>
  page.locator("input[type=file][aria-label='File to open']").setInputFiles({ name, mimeType: "application/octet-stream", buffer: bytes });

/** @param {Page} page @returns {Promise<Buffer>} */
async function save(page) {
  const { name, bytes } = await downloaded(page, () => page.getByRole("button", { name: "Save", exact: true }).click());
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
