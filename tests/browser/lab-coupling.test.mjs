// Coupling in the lab: a weight set by keyboard changes the text, outlives a reload and a dead engine, is in the
// saved model and in the link, and the file's own comes back bit for bit.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, downloaded, openEmpty } from "./launch.mjs";
import { finished, firstText, generatePanel, go, saveModel, settle, textOf, write } from "./parts.mjs";
import { openModel } from "./small-models.mjs";
import { eventually, kept } from "./wait.mjs";

const { onePage, openPage } = at("lab");

/** @typedef {import("playwright-core").Page} Page */

/** Brings the view into sight. @param {Page} page */
async function look(page) {
  await go(page, "Lab");
  await page.locator("#lab").getByRole("radio", { name: "Coupling", exact: true }).check();
  await page.locator("#lab .coupling-cell").first().waitFor();
}

/** @param {Page} page @param {number} row @param {number} column From 1. */
const cell = (page, row, column) => page.locator("#lab .coupling-row").nth(row - 1).locator(".coupling-cell").nth(column - 1);

/** @param {Page} page @param {number} row @param {number} column */
async function weight(page, row, column) {
  const words = await cell(page, row, column).getAttribute("aria-label");
  return Number(/takes ([\d.]+)/.exec(words ?? "")?.[1]);
}

/** @param {Page} page @param {number} row */
const rowOf = (page, row) => Promise.all(Array.from({ length: 8 }, (_, at) => weight(page, row, at + 1)));

/** @param {Page} page @param {number} row @param {number} column @param {string} expected As it is read out. */
const weightIs = (page, row, column, expected) =>
  page.locator(`#lab .coupling-cell[aria-label="Head ${row} takes ${expected} of the field of head ${column}"]`).waitFor();

/** Each test leaves the couplings as in the file, or opens another model as the last. */
const shared = onePage();

test("a weight set by keyboard changes the text; a reload finds it, and the file's text comes back letter for letter", shared(async (page) => {
  await settle(page);
  const straight = await write(page);
  await look(page);
  const before = await rowOf(page, 2);
  await cell(page, 2, 3).click();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.keyboard.type("0.9");
  await page.keyboard.press("Enter");
  await weightIs(page, 2, 4, "0.900");
  const after = await rowOf(page, 2);
  assert.ok(Math.abs(after.reduce((a, b) => a + b, 0) - 1) < 0.005, String(after));
  // The others keep their proportions.
  for (const at of [0, 1, 2, 4, 5, 6, 7]) assert.ok(Math.abs(after[at] / before[at] - 0.1 / (1 - before[3])) < 0.01, `${after} from ${before}`);
  await cell(page, 2, 4).focus();
  await page.keyboard.press("PageDown");
  await weightIs(page, 2, 4, "0.800");
  await page.keyboard.press("+");
  await weightIs(page, 2, 4, "0.810");
  await page.locator("#lab .figure-caption", { hasText: "Set otherwise than in the file: head 2." }).waitFor();
  const edited = await write(page);
  assert.notEqual(edited, straight);
  // The address follows a little later; the weight before the last one is none to go by.
  await page.waitForFunction(() => /coupling=Shakespeare:1\.2_.*_0\.81_/.test(location.hash));
  const link = await page.evaluate(() => location.hash);
  // And it is kept a little later.
  await kept(page, "couplings", (layers) => Math.abs((layers?.[0]?.weights[8 + 3] ?? 0) - 0.81) < 1e-4);
  // Both ways to keep it: by the address, and without it.
  for (const address of [link, ""]) {
    await page.evaluate((hash) => history.replaceState(null, "", hash || location.pathname), address);
    await page.reload();
    await firstText(page);
    assert.equal(await write(page), edited, `with the address "${address}"`);
    await page.waitForFunction((hash) => location.hash.includes(hash), "coupling=Shakespeare:1.2_");
  }
  await look(page);
  await weightIs(page, 2, 4, "0.810");

  // As in the file: what the file's own weights are, while the others stay.
  await page.locator("#lab").getByRole("radio", { name: "As in the file", exact: true }).check();
  await weightIs(page, 2, 4, before[3].toFixed(3));
  await eventually(() => rowOf(page, 2), before);
  await page.getByText("These are the file's own weights.").waitFor();
  await page.locator("#lab").getByRole("radio", { name: "As it is bent", exact: true }).check();
  await weightIs(page, 2, 4, "0.810");

  // Side by side under Write: the file's text and the edited one.
  await go(page, "Write");
  await generatePanel(page).getByRole("button", { name: "Before and after" }).click();
  await eventually(() => page.locator(".display:visible").count(), 2);
  await finished(page);
  await eventually(async () => [await textOf(page, 0), await textOf(page, 1)], [straight, edited]);
  await generatePanel(page).getByRole("button", { name: "Before and after" }).click();
  await finished(page);

  await go(page, "Lab");
  await page.locator("#lab").getByRole("button", { name: "As in the file", exact: true }).click();
  await weightIs(page, 2, 4, before[3].toFixed(3));
  assert.equal(await write(page), straight);
  await page.waitForFunction(() => !location.hash.includes("coupling"));
}));

test("the engine takes what the page asks for, keeps the file's own to the bit, and refuses nonsense in words", async (t) => {
  const page = await openEmpty(t);
  const found = await page.evaluate(async () => {
    const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
    const { Engine } = await load("/sources/js/engine/client.js");
    const { observe } = await load("/sources/js/engine/observations.js");
    const engine = new Engine();
    const bytes = await (await fetch("/sources/models/shakespeare/model.safetensors")).arrayBuffer();
    const info = await engine.request("load_model", { bytes, name: "S" });
    const look = (/** @type {string} */ source) => observe(engine, "coupling", { source, text: "ROMEO:\nBut soft" });
    const saved = async () => (await engine.request("export_model", {})).bytes;
    const before = { file: await saved(), seen: await look("bent") };
    const weights = Array(64).fill(0.125);
    await engine.request("set_coupling", { layer: 1, weights });
    const [bent, original] = [await look("bent"), await look("original")];
    /** @type {string[]} */
    const refused = [];
    for (const bad of [weights.with(3, 0.5), weights.slice(1)]) {
      await engine.request("set_coupling", { layer: 1, weights: bad }).catch((/** @type {Error} */ error) => refused.push(error.message));
    }
    await engine.request("set_coupling", { layer: 9, weights }).catch((/** @type {Error} */ error) => refused.push(error.message));
    await engine.request("reset_couplings", { layer: 9 }).catch((/** @type {Error} */ error) => refused.push(error.message));
    const kept = await look("bent");
    const edited = await saved();
    await engine.request("set_coupling", { layer: 1, weights: info.couplings[1].initial });
    const back = await saved();
    const same = (/** @type {Uint8Array} */ a, /** @type {Uint8Array} */ b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
    const numbers = (/** @type {any} */ view) => JSON.stringify([view.layers.map((/** @type {any} */ layer) => [...layer.weights, ...layer.taken]), view.modules.map((/** @type {any} */ module) => [...module.strength])]);
    return {
      initial: info.couplings[1].initial, first: [...before.seen.layers[1].weights], bent: [...bent.layers[1].weights],
      original: numbers(original) === numbers(before.seen), kept: numbers(kept) === numbers(bent),
      editedDiffers: !same(edited, before.file), backIsSame: same(back, before.file), refused,
      module: Object.fromEntries(Object.entries(before.seen.modules[0]).map(([name, value]) => [name, typeof value === "number" ? value : [.../** @type {Float32Array} */ (value)]])),
    };
  });
  assert.ok(found.first.every((w, at) => Math.abs(w - found.initial[at]) < 1e-6), "the forward's weights and the page's");
  assert.ok(found.bent.every((w) => Math.abs(w - 0.125) < 1e-7));
  assert.ok(found.original, "the file's model is another one since the edit");
  assert.ok(found.kept, "a refused matrix left something behind");
  assert.ok(found.editedDiffers && found.backIsSame, "the file's own did not come back to the bit");
  assert.match(found.refused[0], /must add up to 1, but those of head 0, counted from 0, add up to 1\.3750/);
  assert.match(found.refused[1], /8 rows of 8 weights, but 63 weights were given/);
  assert.match(found.refused[2], /layers go from 0 to 3/);
  assert.match(found.refused[3], /must be from 0 to 3, but is 9/);
  assert.equal(/** @type {any} */ (found.module).alignment.length, [..."ROMEO:\nBut soft"].length);
  const { layer, temperature, alignment, strength, gate, added } = /** @type {any} */ (found.module);
  assert.equal(layer, 2);
  // u = σ(m / temperature), token by token.
  for (const [i, m] of alignment.entries()) {
    assert.ok(Math.abs(strength[i] - 1 / (1 + Math.exp(-m / temperature))) < 1e-5, `token ${i}`);
    assert.ok(Math.abs(m) <= 1 + 1e-6 && gate[i] > 0 && gate[i] < 1 && added[i] > 0);
  }
});

test("a new engine is given the couplings, and other models are not", async (t) => {
  const page = await openEmpty(t);
  const found = await page.evaluate(async () => {
    const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
    const [{ Engine }, { State }, { Models }, { byItself, Couplings }, { Opening }] = await Promise.all(["/sources/js/engine/client.js", "/sources/js/page/state.js", "/sources/js/model/models.js", "/sources/js/model/couplings.js", "/sources/js/keep/opening.js"].map(load));
    /** @type {Map<string, any>} */
    const kept = new Map();
    const storage = { keys: async () => [], get: async (/** @type {string} */ key) => kept.get(key) ?? null, set: async (/** @type {string} */ key, /** @type {unknown} */ value) => { kept.set(key, structuredClone(value)); },
      setAll: async (/** @type {Record<string, unknown>} */ values) => { for (const [key, value] of Object.entries(values)) kept.set(key, structuredClone(value)); } };
    /** @type {any[]} */
    const notices = [];
    const [engine, state] = [new Engine(), new State()];
    const notify = (/** @type {any} */ notice) => notices.push(notice);
    const models = new Models({ engine, state, storage, notify, opening: new Opening(null, undefined) });
    const couplings = new Couplings({ engine, state, models, notify });
    await models.openShipped();
    const bytes = async () => new Uint8Array(await crypto.subtle.digest("SHA-256", (await engine.request("export_model", {})).bytes)).join();
    const file = await bytes();
    const applied = new Promise((done) => state.on("applied", done));
    couplings.set(2, byItself(8));
    await applied;
    const edited = await bytes();
    engine.restart();
    await models.reload();
    const reloaded = await bytes();
    // What was kept under a model of another shape, or by a page that kept nonsense, is left alone.
    for (const wrong of [[{ weights: [1] }], state.get("couplings").map(() => ({ weights: Array(64).fill(0.5) }))]) {
      kept.set("couplings", wrong);
      await models.restore(Promise.resolve());
    }
    const wrongIsFile = (await bytes()) === file;
    await models.rememberCouplings();
    couplings.set(0, byItself(8));
    const own = byItself(8).join();
    while (kept.get("couplings")[0].weights.join() !== own) await new Promise((done) => setTimeout(done, 20));
    const remembered = kept.get("couplings")[0].weights.join();
    const another = (await engine.request("export_model", {})).bytes.buffer;
    await models.openBytes(another.slice(0), "Another");
    const forgotten = kept.get("couplings");
    couplings.set(1, byItself(8));
    // Whoever comes back finds them as they were.
    await models.openShipped();
    const back = kept.get("couplings")?.[0].weights.join();
    await models.openBytes(another.slice(0), "Another");
    const ownBack = kept.get("couplings")?.[1].weights.join();
    return { back, ownBack, changed: edited !== file, same: reloaded === edited, wrongIsFile, remembered, forgotten, byItself: own, notices };
  });
  assert.ok(found.changed && found.same, "the new engine has other couplings");
  assert.ok(found.wrongIsFile, "couplings that do not fit were taken");
  assert.equal(found.remembered, found.byItself);
  assert.equal(found.forgotten, null);
  assert.equal(found.back, found.byItself);
  assert.equal(found.ownBack, found.byItself);
  // Weights that are no shares are said to be left aside; another shape is no news.
  assert.deepEqual(found.notices.map(({ key }) => key), ["forgotten"]);
});

test("both pictures save themselves, with their numbers; tokens carry their strength", shared(async (page) => {
  await settle(page, { length: 30 });
  await write(page);
  await look(page);
  /** @param {string} name */
  const save = (name) => downloaded(page, () => page.locator("#lab").getByRole("button", { name, exact: true }).click());
  await cell(page, 1, 1).click();
  const csv = await save("Download as CSV: coupling");
  assert.equal(csv.name, "coupling.csv");
  const [head, ...rows] = csv.bytes.toString().trim().split(/\r?\n/).map((line) => line.split(","));
  assert.deepEqual(head, ["layer", "head", "takes_of_head", "weight", "loudness_of_field", "part_of_what_is_taken"]);
  assert.equal(rows.length, 64);
  assert.equal(Number(rows[0][3]).toFixed(3), (await weight(page, 1, 1)).toFixed(3));
  assert.ok(Math.abs(rows.slice(0, 8).reduce((sum, row) => sum + Number(row[5]), 0) - 1) < 1e-5);
  const svg = (await save("Download as SVG: coupling")).bytes.toString();
  assert.match(svg, /^<svg/);
  for (const words of ["Coupling of layer 1", "field of", "taken by", "of the field of head", "an equal share would be"]) assert.ok(svg.includes(words), words);
  assert.ok((svg.match(/<path/g) ?? []).length > 10 && (svg.match(/<rect/g) ?? []).length > 64, "ribbons and cells");
  const png = (await save("Download as PNG: coupling")).bytes;
  assert.equal(png.subarray(1, 4).toString(), "PNG");

  const numbers = (await save("Download as CSV: interference")).bytes.toString();
  assert.match(numbers, /^\ufefftoken,text,alignment,strength,gate,added_share_of_stream\r?\n1,R,/);
  const drawn = (await save("Download as SVG: interference")).bytes.toString();
  for (const words of ["Interference after layer 3", "strength (u)", "as a part of the stream"]) assert.ok(drawn.includes(words), words);
  assert.equal((await save("Download as PNG: interference")).bytes.subarray(1, 4).toString(), "PNG");

  await page.locator("#lab .lab-token").nth(4).hover();
  await page.locator("#lab .lab-token-words", { hasText: /^Token 5, .*after layer 3 it agrees with the mean of the text by −?0\.\d\d and takes it on with strength 0\.\d\d; what is added is/ }).waitFor();
  await page.locator("#lab .lab-token-against").first().waitFor();
}));

test("presets set every weight; a saved model has them, and another page opens them from the link", shared(async (page, t) => {
  await settle(page);
  const straight = await write(page);
  await look(page);
  await page.locator("#lab").getByRole("button", { name: "Each head by itself" }).click();
  await weightIs(page, 5, 5, "1.000");
  const alone = await write(page);
  await go(page, "Lab");
  await page.locator("#lab").getByRole("button", { name: "All alike" }).click();
  await weightIs(page, 5, 5, "0.125");
  const alike = await write(page);
  assert.equal(new Set([straight, alone, alike]).size, 3);
  await page.waitForFunction(() => location.hash.includes("coupling=Shakespeare:1.1_0.125_"));
  const link = await page.evaluate(() => location.hash);
  const { bytes } = await saveModel(page);

  await go(page, "Lab");
  await page.locator("#lab").getByRole("button", { name: "As in the file, every layer" }).click();
  assert.equal(await write(page), straight);
  await openModel(page, bytes, "alike");
  assert.equal(await write(page), alike);
  await look(page);
  await weightIs(page, 5, 5, "0.125");
  // It is this file's own.
  await page.locator("#lab").getByRole("button", { name: "As in the file", exact: true, disabled: true }).waitFor();

  const other = await openPage(t, { path: link });
  await go(other, "Write");
  await firstText(other);
  assert.equal(await write(other), alike);
}));
