// What was kept and hurts when it is opened: it is not opened by itself again, and nothing of it is lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { downloaded, openPage } from "./launch.mjs";
import { keepTraining } from "./mine-parts.mjs";
import { firstText, generatePanel, go } from "./parts.mjs";
import { kept } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Puts values into the page's storage, and forgets others. @param {Page} page @param {Record<string, unknown>} values */
const put = (page, values) => page.evaluate(async (given) => {
  const { storage } = await import(new URL("/sources/js/keep/storage.js", document.baseURI).href);
  await storage.setAll(given);
}, values);

/** What a page leaves that was stopped while it opened something. @param {Page} page @param {{kind: string, id: string, name: string}[]} opened */
const leaveMark = (page, opened) => page.evaluate((left) => localStorage.setItem("wave-field-opening/gone", JSON.stringify(left)), opened);

/** The model that comes with the page under another name, with a setting of its configuration changed, kept as the open one. @param {Page} page @param {string} name @param {Record<string, number>} [changes] */
const keepModel = (page, name, changes = {}) => page.evaluate(async ([called, changed]) => {
  const { storage } = await import(new URL("/sources/js/keep/storage.js", document.baseURI).href);
  const bytes = new Uint8Array(await (await fetch("/sources/models/shakespeare/model.safetensors")).arrayBuffer());
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  header.__metadata__.config = JSON.stringify({ ...JSON.parse(header.__metadata__.config), ...changed });
  const written = new TextEncoder().encode(JSON.stringify(header));
  const all = new Uint8Array(8 + written.length + bytes.length - 8 - length);
  new DataView(all.buffer).setBigUint64(0, BigInt(written.length), true);
  all.set(written, 8);
  all.set(bytes.subarray(8 + length), 8 + written.length);
  await storage.set("model", { name: called, bytes: all.buffer });
  return all.length;
}, /** @type {const} */ ([name, changes]));

const aside = (/** @type {Page} */ page, /** @type {string} */ name) => page.locator(".notice", { hasText: `${name}, which was open before, is not opened by itself.` });

test("a kept model that would take gigabytes is refused with the figure, and not tried again at the next visit", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  await keepModel(page, "Huge", { max_seq_len: 1 << 20, field_size: 1 << 22 });
  await page.reload();
  await aside(page, "Huge").waitFor();
  assert.match(await aside(page, "Huge").innerText(), /1048576 tokens\) takes about [\d.]+ (MB|GB) of memory, and at most 512 MB may be taken/);
  await page.locator(".model-name", { hasText: "Shakespeare" }).waitFor();
  await firstText(page);
  await page.reload();
  await aside(page, "Huge").waitFor();
  assert.equal(await page.evaluate(async () => (await (await import(new URL("/sources/js/keep/storage.js", document.baseURI).href)).storage.get("model")) ?? null), null);
  const { name, bytes } = await downloaded(page, () => aside(page, "Huge").getByRole("button", { name: "Download it" }).click());
  assert.equal(name, "huge.safetensors");
  assert.ok(bytes.length > 1e6);
  await aside(page, "Huge").getByRole("button", { name: "Delete it" }).click();
  await aside(page, "Huge").waitFor({ state: "detached" });
  await page.waitForFunction(async () => (await (await import(new URL("/sources/js/keep/storage.js", document.baseURI).href)).storage.keys("model-aside/")).length === 0);
});

test("what a page was opening when it stopped is not opened by itself, and opens when a person says so", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  const size = await keepModel(page, "Mine");
  await generatePanel(page).getByLabel("Prompt", { exact: true }).fill("JULIET:\n");
  await kept(page, "state", (state) => state?.prompt === "JULIET:\n");
  await leaveMark(page, [{ kind: "model", id: `Mine:${size}`, name: "Mine" }, { kind: "settings", id: "", name: "the settings" }, { kind: "link", id: "#seed=77&x", name: "the link" }]);
  // Without the event that would have the page open the link itself.
  await page.evaluate(() => history.replaceState(null, "", "#seed=77&x"));
  await page.reload();
  await aside(page, "Mine").waitFor();
  await page.locator(".notice", { hasText: "This link was not opened by itself." }).waitFor();
  const settings = page.locator(".notice", { hasText: "The settings of an earlier visit were not taken up by themselves." });
  await settings.waitFor();
  await page.locator(".model-name", { hasText: "Shakespeare" }).waitFor();
  const prompt = generatePanel(page).getByLabel("Prompt", { exact: true });
  assert.equal(await prompt.inputValue(), "ROMEO:\n");
  assert.notEqual(await generatePanel(page).getByLabel("Seed", { exact: true }).inputValue(), "77");
  await settings.getByRole("button", { name: "Take them up" }).click();
  await page.waitForFunction((element) => /** @type {HTMLTextAreaElement} */ (element).value === "JULIET:\n", await prompt.elementHandle());
  await aside(page, "Mine").getByRole("button", { name: "Open it all the same" }).click();
  await page.locator(".model-name", { hasText: "Mine" }).waitFor();
  // It came alive: the next visit opens it again, and leaves no mark.
  await page.waitForFunction(() => Object.keys(localStorage).every((key) => !key.startsWith("wave-field-opening/")));
  await page.reload();
  await page.locator(".model-name", { hasText: "Mine" }).waitFor();
  await firstText(page);
  await page.waitForFunction(() => Object.keys(localStorage).every((key) => !key.startsWith("wave-field-opening/")));
  assert.equal(await aside(page, "Mine").count(), 0);
});

test("a training that cannot be shown hides no other, and one that hurt is not shown by itself", async (t) => {
  const page = await openPage(t, { path: "#train" });
  await page.locator("#train form").waitFor();
  await keepTraining(page, "1-a");
  await keepTraining(page, "2-b", { createdAt: 9e15 });
  await put(page, { "runs/3-c": null });
  await leaveMark(page, [{ kind: "training", id: "1-a", name: "Names 1-a" }]);
  await page.reload();
  await go(page, "Mine");
  const list = page.getByRole("list", { name: "Your trainings" });
  const sound = list.getByRole("listitem").filter({ has: page.locator("input[aria-label='Name of the training']") });
  await sound.first().waitFor();
  assert.equal(await sound.count(), 1);
  const broken = page.getByRole("list", { name: "Trainings that cannot be shown" }).getByRole("listitem");
  assert.equal(await broken.count(), 2);
  assert.match(await broken.first().innerText(), /"Names 2-b" cannot be shown\. In what is kept of it, "createdAt" is 9,000,000,000,000,000; expected was/);
  const { name } = await downloaded(page, () => broken.first().getByRole("button", { name: "Download what is there" }).click());
  assert.match(name, /^names-2-b-as-kept\.zip$/);
  for (const left of [1, 0]) {
    await broken.first().getByRole("button", { name: "Delete" }).click();
    await broken.first().getByRole("button", { name: "Delete it for good" }).click();
    await page.waitForFunction((count) => document.querySelectorAll(".runs-broken li").length === count, left);
  }
  // The sound one is kept, and shown once it is opened.
  await page.locator(".notice", { hasText: 'The training "Names 1-a" is not shown by itself.' }).waitFor();
  await go(page, "Train");
  await page.locator(".train-run[data-state=idle]").waitFor();
  await go(page, "Mine");
  await sound.first().getByRole("button", { name: "Open", exact: true }).click();
  await page.locator(".train-run[data-state=done]").waitFor();
  await page.waitForFunction(() => Object.keys(localStorage).every((key) => !key.startsWith("wave-field-opening/")));
  await page.reload();
  await page.locator(".train-run[data-state=done]").waitFor();
});

test("heads of any frequency are drawn at once", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  const drawn = await page.evaluate(async () => {
    const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
    const [{ drawMoves }, { norm, response }] = await Promise.all(["/sources/js/lab/heads/moves.js", "/sources/js/engine/physics.js"].map(load));
    const context = document.createElement("canvas").getContext("2d");
    if (!context) return 0;
    let texts = 0;
    context.fillText = () => { texts++; };
    for (const frequency of [0, 4, 1e9, -1e9, 1e17, 3.4e38]) {
      const head = { layer: 0, head: 0, reach: 5, frequency, role: "" };
      drawMoves(context, 600, { heads: [head], starts: [{ ...head, frequency: 1 }], layers: 1 });
      const wave = { frequency, damping: 0, phase: 1e9, gain: 1 };
      norm(wave, 2 ** 22);
      response(wave, { field_size: 2 ** 22, max_seq_len: 2 ** 20 }, 160);
    }
    return texts;
  });
  assert.ok(drawn > 0 && drawn < 200, `${drawn} labels`);
});
