// The lab's Energy view: what is measured, said, drawn and saved, for waves of both kinds of stride and for a standard
// Transformer.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { openEmpty, openPage } from "./launch.mjs";

/** @typedef {import("playwright-core").Page} Page */

const MODEL = { embedding_dim: 16, num_layers: 2, num_heads: 4, ffn_dim: 32, max_seq_len: 17, interference_interval: 2, position_scale: 1 };
const TRAIN = {
  batch_size: 2, seq_len: 16, steps: 1, warmup_steps: 0, peak_lr: 0.003, min_lr: 0.0003,
  weight_decay: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8, clip_norm: 1, dropout: 0, seed: 3,
};

/** A model of names, trained for one step. @param {import("node:test").TestContext} t @param {object} model @returns {Promise<Buffer>} its file */
async function made(t, model) {
  const page = await openEmpty(t);
  const order = {
    data_name: "Names", tokenizer: { kind: "character", vocab_size: 0 }, model: { ...MODEL, ...model }, train: TRAIN,
    evaluate_every: 0, sample_every: 0, sample_prompt: "\n",
  };
  return Buffer.from(await page.evaluate(async (order) => {
    const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
    const { Engine } = await load("./js/engine.js");
    const { loadDataSet } = await load("./js/data.js");
    const engine = new Engine();
    const ended = new Promise((done) => engine.on("train_ended", done));
    await engine.request("train_start", { ...order, text: await loadDataSet("names") });
    await ended;
    await engine.request("train_adopt", {});
    const { bytes } = await engine.request("export_model", {});
    return Array.from(bytes);
  }, order));
}

/** The page with this view of the text "emma and olivia". @param {import("node:test").TestContext} t @param {Buffer} bytes */
async function opened(t, bytes) {
  const page = await openPage(t, { path: "#lab-energy" });
  await page.locator(".energy-table").waitFor({ timeout: 20_000 });
  await page.locator("#lab").getByRole("radio", { name: "My own", exact: true }).check();
  await page.locator(".lab-own").fill("emma\nolivia");
  await page.locator("input[type=file][accept='.safetensors']").setInputFiles({ name: "small.safetensors", mimeType: "application/octet-stream", buffer: bytes });
  // Its own number of layers is in the picture's words: two parts each and what follows them.
  await page.waitForFunction(() => /2 feed-forward|2 interference/.test(document.querySelector(".energy-table")?.textContent ?? "") && !/4 feed-forward/.test(document.querySelector(".energy-table")?.textContent ?? ""));
  return page;
}

/** @param {Page} page @param {string} kind @param {string} name */
async function saved(page, kind, name) {
  const coming = page.waitForEvent("download");
  const button = page.getByRole("button", { name: `Save as ${kind}: ${name}`, exact: true });
  // Out of sight there is nothing to save, and a test's click scrolls only to what can be clicked.
  await button.scrollIntoViewIfNeeded();
  await button.click();
  const download = await coming;
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** @param {Buffer} bytes @returns {Record<string, string>[]} */
function rows(bytes) {
  const fields = (/** @type {string} */ line) => [...line.matchAll(/"((?:[^"]|"")*)"|([^,]+)/g)].map(([, quoted, plain]) => quoted ?? plain);
  const [head, ...lines] = bytes.toString().trimEnd().split("\n").map(fields);
  return lines.map((line) => Object.fromEntries(head.map((name, i) => [name, line[i]])));
}

/** What a row of the table of checks says. @param {Page} page @param {string} step */
const check = async (page, step) => {
  const row = page.locator(".energy-table tr", { has: page.getByRole("rowheader", { name: step, exact: true }) });
  return { verdict: await row.getAttribute("data-verdict"), measured: await row.locator(".energy-measured").innerText() };
};

test("the shipped model: pictures, words and files, and every law is kept", async (t) => {
  const page = await openPage(t, { path: "#lab-energy" });
  await page.locator(".energy-table").waitFor({ timeout: 20_000 });
  await page.locator("#lab").getByRole("radio", { name: "My own", exact: true }).check();
  await page.locator(".lab-own").fill("ROMEO:\nIt is my lady, O, it is my love!");
  await page.locator(".lab-strip", { hasText: "my love!" }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".lab-token").length === 39);
  const caption = page.locator(".energy .figure-caption").first();
  assert.match(await caption.innerText(), /a size of [\d.]+ at the start and [\d.]+ after the last layer/);
  assert.equal(await page.locator(".energy canvas").first().getAttribute("aria-label"), await caption.innerText());

  const heads = rows((await saved(page, "CSV", "energy heads")).bytes);
  assert.equal(heads.length, 8);
  for (const head of heads) {
    const value = (/** @type {string} */ name) => Number(head[name]);
    assert.equal(value("layer"), 1);
    assert.ok(Math.abs(value("on_cells") / value("deposited") - 1) < 1e-6, "each token has a cell of its own");
    assert.ok(value("spread_over_field") >= value("spread_to_last_token"));
    assert.ok(value("spread_over_field") <= value("most_gain") * value("on_cells") && value("most_gain") <= 1);
    assert.ok(Math.abs(value("gathered") / value("spread_to_last_token") - 1) < 1e-3, "every cell up to the last token's is read");
    assert.ok(value("gated") < value("coupled") && value("gated") > 0);
    assert.ok(value("gate_mean") > 0 && value("gate_mean") < 1);
  }
  const states = rows((await saved(page, "CSV", "energy states")).bytes);
  assert.equal(states.length, 39 * (1 + 2 * 4 + 1));
  // |x + a|² = |x|² + 2·cos·|x|·|a| + |a|², from place to place.
  for (let at = 39; at < states.length; at++) {
    const before = Number(states[at - 39].size);
    const [added, along, size] = ["size_of_what_was_added", "cosine_with_the_state_before", "size"].map((name) => Number(states[at][name]));
    assert.ok(Math.abs(Math.sqrt(before ** 2 + 2 * along * before * added + added ** 2) / size - 1) < 1e-4, `row ${at}`);
  }
  const verdicts = await page.locator(".energy-table tbody tr").evaluateAll((found) => found.map((row) => row.getAttribute("data-verdict")));
  assert.deepEqual(verdicts, ["kept", "kept", "kept", "only less", "kept", "not kept", "only less", "reset", "not kept"]);

  const svg = (await saved(page, "SVG", "energy states")).bytes.toString();
  const texts = await page.evaluate((source) => {
    const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
    return parsed.querySelector("parsererror") ? [] : [...parsed.querySelectorAll("text")].map((text) => text.textContent ?? "");
  }, svg);
  assert.ok(texts.includes("How large each token's state is, from place to place"), "no title");
  assert.ok(texts.join(" ").includes(await caption.innerText()), "no caption");
  assert.ok(texts.includes("4 feed-forward") && (svg.match(/<rect/g) ?? []).length > 100);
  const png = await saved(page, "PNG", "energy heads");
  assert.equal(png.name, "energy-heads.png");
  assert.deepEqual([...png.bytes.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  assert.equal(rows((await saved(page, "CSV", "energy gate")).bytes).length, 8 * 39);

  // Another layer, chosen here or under Waves, is another layer's deposits.
  await page.locator("#lab .lab-layers").getByRole("radio", { name: "3", exact: true }).check();
  await page.waitForFunction(() => /in layer 3/.test(document.querySelectorAll(".energy .figure-caption")[1].textContent ?? ""));
  assert.ok(await page.locator("#waves").getByRole("radio", { name: "3", exact: true }).isChecked());
  assert.notEqual(rows((await saved(page, "CSV", "energy heads")).bytes)[0].deposited, heads[0].deposited);
});

test("muted heads spread nothing, and the view says so", async (t) => {
  const page = await openPage(t, { path: "#lab-energy" });
  await page.locator(".energy-table").waitFor({ timeout: 20_000 });
  await page.getByRole("button", { name: "Mute head 2", exact: true }).click();
  await page.locator("#lab").scrollIntoViewIfNeeded();
  await page.locator(".energy .figure-caption", { hasText: "One muted head spreads nothing." }).waitFor();
  for (let head = 1; head <= 8; head++) if (head !== 2) await page.getByRole("button", { name: `Mute head ${head}`, exact: true }).click();
  await page.locator("#lab").scrollIntoViewIfNeeded();
  await page.locator(".energy .figure-caption", { hasText: "Every head of this layer is muted" }).waitFor();
  assert.equal(await page.locator(".energy-table", { hasText: /NaN|Infinity|undefined/ }).count(), 0);
});

test("between two cells a deposit keeps its sum but not its energy", async (t) => {
  const page = await opened(t, await made(t, { architecture: "wave", field_size: 64 }));
  await page.waitForFunction(() => document.querySelectorAll(".lab-token").length === 11);
  assert.equal((await check(page, "Scattering: the sum")).verdict, "kept");
  const energy = await check(page, "Scattering: energy");
  assert.equal(energy.verdict, "not kept");
  for (const head of rows((await saved(page, "CSV", "energy heads")).bytes)) {
    const ratio = Number(head.on_cells) / Number(head.deposited);
    assert.ok(ratio > 0.5 && ratio < 0.99, `${ratio}`);
  }
});

test("a standard Transformer has states and no field, and the view says what is missing", async (t) => {
  const page = await opened(t, await made(t, { architecture: "standard", field_size: 0 }));
  await page.locator(".energy-missing").waitFor();
  assert.match(await page.locator(".energy-missing").innerText(), /no deposits, no field and no gate/);
  assert.equal(await page.locator(".energy-waves").isVisible(), false);
  assert.equal(await page.locator(".energy-table tbody tr").count(), 2);
  assert.equal(rows((await saved(page, "CSV", "energy states")).bytes).length, 11 * (1 + 2 * 2));
});
