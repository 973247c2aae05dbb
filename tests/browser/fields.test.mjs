// What a field shows is what is used; what a prompt or a link loses is said.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openEmpty, openPage } from "./launch.mjs";
import { channel, finished, firstText, generatePanel, settle, textOf, write } from "./parts.mjs";
import { button, reaches, set, unfold } from "./train-parts.mjs";
import { eventually } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string} name */
const number = (page, name) => generatePanel(page).getByRole("spinbutton", { name, exact: true });
/** @param {Page} page */
const prompt = (page) => generatePanel(page).getByLabel("Prompt", { exact: true });

/** What the field says of itself. @param {import("playwright-core").Locator} field */
const noteOf = (field) => field.evaluate((element) => (element.getAttribute("aria-describedby") ?? "").split(" ")
  .map((id) => document.getElementById(id)).filter((note) => note?.classList.contains("field-note")).map((note) => note?.textContent).join(""));

/** A model that knows small letters and the new line, as a file. @param {import("node:test").TestContext} t */
async function smallLetters(t) {
  const page = await openEmpty(t);
  const bytes = await page.evaluate(async () => {
    const { Engine } = await import(/** @type {string} */ (new URL("/sources/js/engine/client.js", document.baseURI).href));
    const engine = new Engine();
    const ended = new Promise((done) => engine.on("train_ended", done));
    await engine.request("train_start", {
      text: "anna\nben\ncleo\ndora\n".repeat(40), data_name: "Small", tokenizer: { kind: "character", vocab_size: 0 },
      model: { architecture: "wave", embedding_dim: 16, num_layers: 1, num_heads: 2, ffn_dim: 16, max_seq_len: 16, field_size: 16, interference_interval: 1, position_scale: 0.03 },
      train: { batch_size: 4, seq_len: 16, steps: 2, warmup_steps: 1, peak_lr: 0.003, min_lr: 0.0003, weight_decay: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8, clip_norm: 1, dropout: 0, seed: 3 },
      evaluate_every: 0, sample_every: 0, sample_prompt: "\n",
    });
    await ended;
    await engine.request("train_adopt", {});
    return Array.from((await engine.request("export_model", {})).bytes);
  });
  return Buffer.from(bytes);
}

/** Waits until the address has something. @param {Page} page @param {RegExp} expected */
const addressHas = (page, expected) => page.waitForFunction(([source]) => new RegExp(source).test(location.hash), [expected.source]);

/** @param {Page} page */
const openSettings = (page) => page.getByText("More sampling settings").click();

test("a number is taken with a comma or a point when the field is left, and whatever is changed about it is said", async (t) => {
  const page = await openPage(t);
  await settle(page);
  await openSettings(page);
  for (const [name, typed, shown, said, link] of /** @type {const} */ ([
    ["Temperature", "0,7", "0.7", "", /temp=0\.7(&|$)/], ["Temperature", "7", "2", /“7” is more than 2/, /temp=2(&|$)/], ["Temperature", "1.005", "1.005", "", /temp=1\.005(&|$)/],
    ["Top-p", ",5", "0.5", "", /top-p=0\.5(&|$)/], ["Top-p", "much", "0.5", /“much” is no number, so 0\.5 stays/, /top-p=0\.5(&|$)/],
    ["Repetition penalty", "1,25", "1.25", "", /repeat=1\.25(&|$)/],
    ["Seed", "1.5", "2", /“1\.5” is not a whole number: it became 2/, /[#&]seed=2(&|$)/], ["Length", "1,5", "2", /“1,5” is not a whole number/, /length=2(&|$)/], ["Length", "1,500", "1500", /“1,500” was read as 1500/, /length=1500(&|$)/],
    ["Top-k", "2.5", "3", /not a whole number/, /top-k=3(&|$)/], ["Top-k", "", "3", /Nothing was typed, so 3 stays/, /top-k=3(&|$)/],
  ])) {
    const field = number(page, name);
    await field.fill("");
    await field.pressSequentially(typed);
    assert.equal(await field.inputValue(), typed, "nothing is rewritten under the hand");
    await field.press(name === "Seed" ? "Tab" : "Enter");
    assert.equal(await field.inputValue(), shown, `${name}: ${typed}`);
    assert.equal(await field.getAttribute("aria-valuenow"), shown);
    assert.equal(await field.getAttribute("aria-invalid"), "false");
    if (said === "") assert.equal(await noteOf(field), "");
    else assert.match(await noteOf(field), said);
    await addressHas(page, link);
    if (name === "Temperature") assert.equal(await page.getByRole("slider", { name }).getAttribute("aria-valuetext"), shown, "the slider is in step");
  }
  await page.reload();
  await firstText(page);
  assert.equal(await page.locator(".notice").count(), 0, "the page takes its own address");
  assert.equal(await number(page, "Seed").inputValue(), "2");
  assert.equal(await number(page, "Temperature").inputValue(), "1.005");
});

test("Escape takes back what was typed, arrow keys step, and a press on a button takes what stands in the field first", async (t) => {
  const page = await openPage(t);
  await settle(page);
  const seed = number(page, "Seed");
  await seed.fill("99");
  await seed.press("Escape");
  assert.equal(await seed.inputValue(), "7");
  const temperature = number(page, "Temperature");
  await temperature.fill("0,5");
  await temperature.press("ArrowUp");
  assert.equal(await temperature.inputValue(), "0.55");
  await temperature.press("PageDown");
  assert.equal(await temperature.inputValue(), "0.05");
  await temperature.fill("0.8");
  await number(page, "Length").fill("12");
  assert.equal([...(await write(page))].length, 12);
  // Buttons do not take the focus everywhere.
  await number(page, "Length").fill("13");
  await generatePanel(page).getByRole("button", { name: "Write", exact: true }).dispatchEvent("click");
  await page.waitForFunction(() => document.querySelectorAll(".token").length === 13);
});

test("a press on Start counts, though what is said of the number that it takes moves the button", async (t) => {
  const page = await openPage(t, { path: "#train" });
  await set(page, { Steps: 200_000 });
  await button(page, "Start training").click();
  await reaches(page, "running");
});

test("a frequency keeps every digit that was typed, in the wave, in the address and after a reload", async (t) => {
  const page = await openPage(t);
  await settle(page);
  const frequency = channel(page, 1).getByRole("spinbutton", { name: "frequency" });
  const before = await frequency.inputValue();
  await frequency.focus();
  await frequency.press("Enter");
  await frequency.press("Tab");
  assert.ok(await page.getByRole("button", { name: "Reset all" }).isDisabled(), "what nobody changed is the file's own");
  await frequency.fill("");
  await frequency.pressSequentially("1,23456789", { delay: 30 });
  assert.equal(await frequency.inputValue(), "1,23456789");
  await frequency.press("Enter");
  assert.equal(await frequency.inputValue(), "1.23456789");
  await addressHas(page, /1\.1\.f1\.23456789(&|$)/);
  await page.reload();
  await firstText(page);
  await eventually(() => frequency.inputValue(), "1.23456789");
  await channel(page, 1).getByRole("button", { name: "Reset head 1" }).click();
  await eventually(() => frequency.inputValue(), before);
});

test("the fields of a training read commas too, keep what does not do as it was typed, and refuse it in words", async (t) => {
  const page = await openPage(t, { path: "#train" });
  const train = page.locator("#train");
  await unfold(page);
  const field = (/** @type {string} */ name) => train.getByLabel(name, { exact: true });
  for (const [name, typed, link] of /** @type {const} */ ([["Learning rate", "0,005", /peak-lr=0\.005(&|$)/], ["Weight decay", "0,02", /weight-decay=0\.02(&|$)/], ["Gradient limit", "1,5", /clip-norm=1\.5(&|$)/]])) {
    await field(name).fill(typed);
    await field(name).blur();
    await addressHas(page, link);
    assert.equal(await field(name).inputValue(), typed.replace(",", "."));
  }
  await field("Steps").fill("20,5");
  await field("Steps").blur();
  await train.getByText("Steps takes a whole number from 10 to 200,000.").waitFor();
  assert.equal(await field("Steps").inputValue(), "20,5");
  assert.equal(await field("Steps").getAttribute("aria-invalid"), "true");
  await field("Steps").fill("1,000");
  await field("Steps").press("Tab");
  assert.equal(await field("Steps").inputValue(), "1000");
  assert.match(await noteOf(field("Steps")), /“1,000” was read as 1000/);
  await addressHas(page, /steps=1000(&|$)/);
  assert.equal(await page.locator("input[type=number]").count(), 0, "one kind of field for the whole page");
});

test("letters that a model lacks stay in the prompt and are named, also when a link or another model brings them", async (t) => {
  const page = await openPage(t, { path: "#prompt=Größe%3F" });
  await firstText(page);
  const alert = generatePanel(page).getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.innerText(), /Shakespeare does not know “ö”, “ß”\. It reads the prompt without them/);
  assert.equal(await prompt(page).inputValue(), "Größe?");
  assert.equal(await page.locator(".token-prompt").innerText(), "Gre?");
  await prompt(page).fill("ROMEO:\n");
  await alert.waitFor({ state: "hidden" });

  // A model of names: it knows small letters alone.
  await page.locator("input[type=file][aria-label='File to open']").setInputFiles({ name: "small.safetensors", mimeType: "application/octet-stream", buffer: await smallLetters(t) });
  await alert.filter({ hasText: "small does not know “R”, “O”, “M”, “E”, “:”. Nothing is left" }).waitFor();
  await firstText(page);
  assert.equal(await prompt(page).inputValue(), "ROMEO:\n");
  await page.getByRole("button", { name: "Back to Shakespeare" }).click();
  await alert.waitFor({ state: "hidden" });
  assert.equal(await prompt(page).inputValue(), "ROMEO:\n");
});

test("a prompt longer than the context: what counts is said", async (t) => {
  const page = await openPage(t);
  await settle(page);
  const context = await page.evaluate(() => fetch("/sources/models/shakespeare/model.safetensors").then((response) => response.arrayBuffer()).then((buffer) => {
    const head = new TextDecoder().decode(new Uint8Array(buffer, 8, Number(new DataView(buffer).getBigUint64(0, true))));
    return Number(/max_seq_len\\?"?:\s*\\?"?(\d+)/.exec(head)?.[1]);
  }));
  await prompt(page).fill("a".repeat(context + 1));
  const status = generatePanel(page).getByRole("status").filter({ hasText: "at once" });
  await status.waitFor();
  assert.match(await status.innerText(), new RegExp(`has ${context + 1} tokens, and Shakespeare hears ${context} at once: only the last ${Math.floor(context / 2) + 1} of it count`));
  await prompt(page).fill("a".repeat(context));
  await status.waitFor({ state: "hidden" });
});

test("a prompt that was here before a link came can be had back", async (t) => {
  const page = await openPage(t);
  await settle(page, { prompt: "My own: ...\n" });
  await addressHas(page, /prompt=/);
  await page.evaluate(async () => {
    const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
    while (!(await storage.get("state"))?.prompt.startsWith("My own")) await new Promise((resolve) => setTimeout(resolve, 20));
  });
  await page.evaluate(() => { location.hash = "#prompt=Theirs&end"; });
  const notice = page.locator(".notice", { hasText: "The prompt is the link’s." });
  await notice.waitFor();
  assert.match(await notice.innerText(), /“My own: \.\.\./);
  assert.equal(await prompt(page).inputValue(), "Theirs");
  await notice.getByRole("button", { name: "Put mine back" }).click();
  assert.equal(await prompt(page).inputValue(), "My own: ...\n");
});

test("waves that were bent here before a link came can be had back", async (t) => {
  const page = await openPage(t);
  await settle(page);
  const frequency = channel(page, 1).getByRole("spinbutton", { name: "frequency" });
  await frequency.fill("1.5");
  await frequency.press("Enter");
  await addressHas(page, /1\.1\.f1\.5(&|$)/);
  await page.evaluate(async () => {
    const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
    while ((await storage.get("heads"))?.[0][0].frequency !== 1.5) await new Promise((resolve) => setTimeout(resolve, 20));
  });
  await page.reload();
  await firstText(page);
  assert.equal(await page.locator(".notice").count(), 0, "the page's own address is no news");
  await page.evaluate(() => { location.hash = "#seed=7&heads=Shakespeare:1.1.f2.5&end"; });
  const notice = page.locator(".notice", { hasText: "The waves are the link’s." });
  await notice.waitFor();
  assert.equal(await frequency.inputValue(), "2.5");
  await notice.getByRole("button", { name: "Bend them as they were" }).click();
  await page.waitForFunction(() => /** @type {HTMLInputElement | null} */ (document.querySelector(".channel .number"))?.value === "1.5");
  await addressHas(page, /1\.1\.f1\.5(&|$)/);
});

test("a prompt too long for a link is said to be left out, and a reload keeps it", async (t) => {
  const page = await openPage(t, {
    before: (opening) => opening.addInitScript(() => {
      const copied = /** @type {{copied?: string}} */ (globalThis);
      Object.defineProperty(navigator, "clipboard", { value: { writeText: async (/** @type {string} */ text) => { copied.copied = text; } } });
    }),
  });
  await settle(page, { prompt: "a".repeat(8001) });
  await addressHas(page, /without=prompt$/);
  await page.getByRole("button", { name: "Copy link" }).click();
  const notice = page.locator(".notice", { hasText: "The link is copied, but not all of this page fits into it." });
  await notice.waitFor();
  assert.match(await notice.innerText(), /It carries the sampling settings.*Too long for a link, and so not in it: the prompt \(8,001 characters\)/s);
  const link = await page.evaluate(() => /** @type {any} */ (globalThis).copied);
  assert.match(link, /[a-z]$/);
  await page.evaluate(async () => {
    const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
    while ((await storage.get("state"))?.prompt.length !== 8001) await new Promise((resolve) => setTimeout(resolve, 20));
  });
  await page.reload();
  await firstText(page);
  assert.equal((await prompt(page).inputValue()).length, 8001);
  assert.equal(await page.locator(".notice").count(), 0);

  const other = await openPage(t, { path: new URL(link).hash });
  await other.locator(".notice", { hasText: "Not all of that page is in this link." }).waitFor();
  assert.equal(await number(other, "Seed").inputValue(), "7");
});

test("prompts that end in signs that chats cut come through a link as they are", async (t) => {
  const page = await openPage(t);
  await settle(page, { length: 5, prompt: "ROMEO:\nIs it so?' (yes!)" });
  await addressHas(page, /prompt=ROMEO.*[a-z]$/);
  const link = await page.evaluate(() => location.hash.replace(/[.,;:!?'")*_~\]]+$/, ""));
  await finished(page);
  const text = await write(page);
  const other = await openPage(t, { path: link });
  await eventually(() => textOf(other), text);
  assert.equal(await prompt(other).inputValue(), "ROMEO:\nIs it so?' (yes!)");
});

test("what was typed in the last moment before a reload is still there", async (t) => {
  const page = await openPage(t);
  await settle(page, { prompt: "First, " });
  await addressHas(page, /prompt=First/);
  // All in one go: the address, which follows a moment later, has none of it yet.
  await page.evaluate(() => {
    const [field, seed] = /** @type {[HTMLTextAreaElement, HTMLInputElement]} */ ([document.querySelector("#generate .prompt"), document.querySelector("#generate [role=spinbutton][aria-label=Seed]")]);
    field.value = "First, second";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    seed.focus();
    seed.value = "4321";
    seed.dispatchEvent(new Event("input", { bubbles: true }));
    location.reload();
  });
  await page.waitForFunction(() => /** @type {HTMLTextAreaElement | null} */ (document.querySelector("#generate .prompt"))?.value === "First, second");
  assert.equal(await number(page, "Seed").inputValue(), "4321");
  assert.equal(await page.locator(".notice").count(), 0);
});
