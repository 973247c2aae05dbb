// The address of the page is a link to it: what is set is in it, and whoever opens it has the same page.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { downloaded, openPage } from "./launch.mjs";
import { channel, finished, firstText, generatePanel, go, saveModel, settle, textOf, write } from "./parts.mjs";
import { eventually, kept, words } from "./wait.mjs";
import { unfold } from "./train-parts.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
const panel = (page) => page.locator("#train");
/** @param {Page} page @param {string} name */
const field = (page, name) => generatePanel(page).getByLabel(name, { exact: true });

/** What follows the "#" once it is as expected. @param {Page} page @param {RegExp} expected @returns {Promise<string>} */
async function fragment(page, expected) {
  return eventually(() => page.evaluate(() => location.hash), expected);
}

test("an untouched page has a clean address", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  await go(page, "Train");
  await panel(page).locator(".train-facts").waitFor();
  await fragment(page, /^#train$/);
  await go(page, "Write");
  await fragment(page, /^$/);
  // The address follows a little later: what the first touch puts into it is all that is ever in it.
  await field(page, "Seed").fill("5");
  await field(page, "Seed").press("Enter");
  await fragment(page, /./);
  assert.equal(await page.evaluate(() => location.hash), "#seed=5&end");
});

test("the address, opened elsewhere, gives the same settings, the same heads and the same text", async (t) => {
  const page = await openPage(t);
  await settle(page, { length: 60, seed: 11, prompt: "JULIET: 1+1=2 & so?\n".replace(/[0-9+=]/g, "") });
  await field(page, "Temperature").last().fill("0.6");
  await channel(page, 3).getByRole("spinbutton", { name: "frequency" }).fill("1.25");
  await channel(page, 2).getByRole("button", { name: "Mute head 2" }).click();
  const slider = channel(page, 1).getByRole("slider", { name: "damping" });
  await slider.focus();
  for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
  await go(page, "Train");
  await panel(page).getByRole("radio", { name: "Stories" }).check();
  await panel(page).locator("input[value=medium]").check();
  await panel(page).getByRole("radio", { name: "Word pieces" }).check();
  await unfold(page);
  await panel(page).getByLabel("Steps", { exact: true }).fill("500");
  await go(page, "Write");
  const text = await write(page);
  const link = await fragment(page, /text=stories.*read-as=pieces.*size=medium.*steps=500.*temp=0\.6.*heads=Shakespeare:.*1\.3\.f1\.25/);
  assert.match(link, /seed=11/);
  assert.match(link, /1\.2\.g0/);
  const damping = await channel(page, 1).getByRole("spinbutton", { name: "damping" }).inputValue();

  const other = await openPage(t, { path: link });
  await firstText(other);
  assert.equal(await field(other, "Prompt").inputValue(), await field(page, "Prompt").inputValue());
  assert.equal(await field(other, "Seed").inputValue(), "11");
  assert.equal(await field(other, "Temperature").last().inputValue(), "0.6");
  assert.equal(await channel(other, 3).getByRole("spinbutton", { name: "frequency" }).inputValue(), "1.25");
  assert.equal(await channel(other, 1).getByRole("spinbutton", { name: "damping" }).inputValue(), damping);
  assert.equal(await channel(other, 2).getByRole("button", { name: "Mute head 2" }).getAttribute("aria-pressed"), "true");
  await go(other, "Train");
  await panel(other).locator("input[value=stories]:checked").waitFor();
  assert.ok(await panel(other).locator("input[value=medium]").isChecked());
  assert.ok(await panel(other).getByRole("radio", { name: "Word pieces" }).isChecked());
  assert.equal(await panel(other).getByLabel("Steps", { exact: true }).inputValue(), "500");
  await go(other, "Write");
  await finished(other);
  assert.equal(await textOf(other), text, "the first text is already under the link's heads");
  await eventually(() => other.evaluate(() => location.hash), link);

  await other.getByRole("button", { name: "Reset all" }).click();
  await fragment(other, /^(?!.*heads=)/);
  assert.notEqual(await write(other), text);
});

test("a link wins over what the browser kept, and what makes no sense in it is named", async (t) => {
  const page = await openPage(t);
  await settle(page, { seed: 5 });
  await fragment(page, /seed=5/);
  await kept(page, "state", (state) => JSON.stringify(state ?? null).includes('"seed":5'));
  await page.goto(`${page.url().split("#")[0]}?again#seed=9&temp=99&colour=red&heads=Shakespeare:1.1.f2,99.1.f2`);
  const notice = page.locator(".notice", { hasText: "Parts of this link were left out" });
  await words(notice, /temp=99: expected a number from 0 to 2; colour=red: this page has no such setting\. Everything else in it holds\./);
  await page.locator(".notice", { hasText: "Some heads of this link were left out" }).waitFor();
  await eventually(() => field(page, "Seed").inputValue(), "9");
  await eventually(() => field(page, "Temperature").last().inputValue(), "0.8");
  await eventually(() => channel(page, 1).getByRole("spinbutton", { name: "frequency" }).inputValue(), "2");
});

test("a link to a model that is not there says which file to open; once it is open its heads are bent", async (t) => {
  const page = await openPage(t, { path: "#heads=My+model:1.2.f1.5.g0" });
  const notice = page.locator(".notice", { hasText: 'the model "My model"' });
  await words(notice, /open its file \(my-model\.safetensors\)/);
  await firstText(page);
  // Still in the address once that was written anew.
  await field(page, "Seed").fill("6");
  await field(page, "Seed").press("Enter");
  await fragment(page, /^(?=.*seed=6).*heads=My\+model:1\.2\.f1\.5\.g0/);
  assert.notEqual(await channel(page, 2).getByRole("spinbutton", { name: "frequency" }).inputValue(), "1.5");
  await page.evaluate(async () => {
    const response = await fetch("/sources/models/shakespeare/model.safetensors");
    const transfer = new DataTransfer();
    transfer.items.add(new File([await response.blob()], "my-model.safetensors"));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  });
  await page.locator(".model-name", { hasText: "my-model" }).waitFor();
  await page.locator("[aria-label='Mute head 2'][aria-pressed=true]").waitFor();
  await eventually(() => channel(page, 2).getByRole("spinbutton", { name: "frequency" }).inputValue(), "1.5");
  await fragment(page, /heads=my-model:1\.2\.f1\.5\.g0/);
});

test("one's own text is in no link, and the link's reader is told", async (t) => {
  const page = await openPage(t, { path: "#train" });
  await panel(page).getByRole("radio", { name: "Your own text" }).check();
  await page.locator("#train .train-own textarea").fill("A secret of mine, told to no one.\n".repeat(40));
  await page.locator("#train .train-facts", { hasText: "1,360" }).waitFor();
  const link = await fragment(page, /text=own/);
  assert.ok(!link.includes("secret"));
  await page.reload();
  // A text is read once it is looked at.
  await page.locator("#train .train-facts", { hasText: "1,360" }).waitFor();
  await panel(page).locator("input[value=own]:checked").waitFor();
  assert.equal(await page.locator(".notice", { hasText: "a text of its owner's" }).count(), 0, "that is no news to its owner");
  const other = await openPage(t, { path: link });
  await other.locator(".notice", { hasText: "a text of its owner's" }).waitFor();
  await panel(other).locator("input[value=own]:checked").waitFor();
});

test("the link is copied with a word on what it carries; where that is refused it can be copied by hand", async (t) => {
  const page = await openPage(t, {
    before: (opening) => opening.addInitScript(() => {
      const copied = /** @type {{copied?: string, refuse?: boolean}} */ (globalThis);
      const writeText = async (/** @type {string} */ text) => {
        if (copied.refuse) throw new DOMException("refused", "NotAllowedError");
        copied.copied = text;
      };
      Object.defineProperty(navigator, "clipboard", { value: { writeText } });
    }),
  });
  await settle(page, { seed: 12 });
  await page.getByRole("button", { name: "Copy link" }).click();
  const notice = page.locator(".notice", { hasText: "The link is copied." });
  await words(notice, /prompt.*sampling settings.*dropping it on this page opens it/s);
  assert.match(await page.evaluate(() => /** @type {any} */ (globalThis).copied), /#.*seed=12/);

  await page.evaluate(() => { /** @type {any} */ (globalThis).refuse = true; });
  await page.getByRole("button", { name: "Copy link" }).click();
  const box = page.getByRole("group", { name: "Link to this page" });
  await box.waitFor();
  await eventually(() => page.evaluate(() => getSelection()?.toString() ?? ""), /#.*seed=12/);
  await page.keyboard.press("Escape");
  await box.waitFor({ state: "detached" });
});

test("another link in the address opens, and Back leads to the one that was open before", async (t) => {
  const page = await openPage(t, { path: "#seed=5&end" });
  await firstText(page);
  await eventually(() => field(page, "Seed").inputValue(), "5");
  await page.evaluate(() => { location.hash = "#train&seed=6&end"; });
  await page.locator("#train form").waitFor();
  await eventually(() => field(page, "Seed").inputValue(), "6");
  await fragment(page, /^#train&seed=6&end$/);
  await page.evaluate(() => history.back());
  await page.locator("#generate .token").nth(5).waitFor();
  await eventually(() => field(page, "Seed").inputValue(), "5");
  await fragment(page, /^#seed=5&end$/);
});

test("what is written goes out as a picture, as it stands and before and after a bend", async (t) => {
  const page = await openPage(t, { before: (opening) => opening.addInitScript(() => {
    // What is written on the picture, as far as it can be heard: each line that is drawn.
    const { fillText } = CanvasRenderingContext2D.prototype;
    /** @type {string[]} */ const lines = [];
    Object.assign(globalThis, { lines });
    CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
      if (this.canvas.width === 1200) lines.push(text);
      return fillText.call(this, text, ...at);
    };
  }) });
  const said = async () => (await page.evaluate(() => /** @type {any} */ (globalThis).lines.splice(0))).join(" ");
  const picture = async () => {
    await page.locator(".share-button").click();
    const { name, bytes } = await downloaded(page, () => page.getByRole("button", { name: "Picture to share" }).click());
    assert.deepEqual([...bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [1200, 630]);
    return name;
  };
  await settle(page, { length: 60 });
  const text = await write(page);
  // A prompt that nothing was written after yet is not on it.
  await page.getByLabel("Prompt", { exact: true }).fill("JULIET:");
  assert.equal(await picture(), "wave-field-text.png");
  const plain = await said();
  assert.ok(plain.includes(text.replaceAll("\n", " ").slice(0, 20)), plain);
  assert.doesNotMatch(plain, /JULIET:/);
  assert.match(plain, /Shakespeare: 1\.36 million parameters; temperature 0\.8, seed 7\./);
  assert.match(plain, /Wave Field playground · 127\.0\.0\.1/);
  const frequency = channel(page, 3).getByRole("spinbutton", { name: "frequency" });
  await frequency.fill("1.25");
  await frequency.press("Enter");
  await words(page.locator("#waves"), /Bent so, the loss .* nats a token/);
  assert.equal(await picture(), "wave-field-bent.png");
  const bent = await said();
  assert.match(bent, /I bent one wave; the same seed (?:now|still) writes: .*nats a token.* As in the file .* Bent .*Head 3 of layer 1, bent/);
  const notice = page.locator(".notice", { hasText: "The picture is downloaded." });
  await notice.waitFor();
});

/** A Python that has torch, as the Makefile looks for one. */
const python = ["/usr/bin/python3", "python3"].find((command) => spawnSync(command, ["-c", "import sys, torch; sys.exit(sys.version_info < (3, 11))"]).status === 0);

test("what is written goes out as a program in Python, which writes the same text under the same bend", async (t) => {
  const page = await openPage(t);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await settle(page, { length: 80, prompt: 'JULIET:\nO "' });
  const frequency = channel(page, 3).getByRole("spinbutton", { name: "frequency" });
  await frequency.fill("1.25");
  await frequency.press("Enter");
  const text = await write(page);
  const model = await saveModel(page);
  await page.locator(".share-button").click();
  await page.getByRole("button", { name: "Copy as Python" }).click();
  await page.getByText("A program in Python is copied that writes this text.").waitFor();
  const program = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(program, /seed=7,/);
  assert.match(program, /its waves as they are bent now/);
  if (!python) return t.diagnostic("No Python with torch is here: the program was not run.");
  const folder = mkdtempSync(join(tmpdir(), "wavefield-python-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, model.name), model.bytes);
  const { stdout, stderr } = spawnSync(python, ["-c", program], { cwd: folder, encoding: "utf8", env: { ...process.env, PYTHONPATH: fileURLToPath(new URL("../../python", import.meta.url)), OMP_NUM_THREADS: "1" } });
  assert.equal(stdout, `${text}\n`, stderr);
});

test("on a phone the message about a link and all of its buttons are on the screen", async (t) => {
  const page = await openPage(t, { size: "phone" });
  await firstText(page);
  await page.locator(".share-button").click();
  const message = page.locator(".notice, .share-link", { hasText: /link/ }).first();
  await message.getByRole("button", { name: "Copy as Python" }).waitFor();
  const off = await message.evaluate((element) => [element, ...element.querySelectorAll("button, p")].filter((part) => {
    const { left, right } = part.getBoundingClientRect();
    return left < 0 || right > innerWidth;
  }).map((part) => part.textContent));
  assert.deepEqual(off, []);
});

test("an address that leads nowhere says what it asked for, and what places there are", async (t) => {
  const page = await openPage(t, { path: "#nonsense" });
  await firstText(page);
  const notice = page.locator(".notice", { hasText: "there is no such place" });
  await words(notice, /The address asks for "#nonsense", and there is no such place\. The places are Write, Stories, Train, Race, Lab, Long, Mine\./);
  await fragment(page, /^$/);
  // What lies in the page itself is somewhere.
  await notice.getByRole("button", { name: "Dismiss" }).click();
  await page.evaluate(() => { location.hash = "#main"; });
  await fragment(page, /^$/);
  await page.evaluate(() => { location.hash = "#train/nonsense"; });
  await words(notice, /"#train\/nonsense"/);
});
