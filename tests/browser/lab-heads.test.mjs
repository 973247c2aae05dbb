// Heads: the grid and its roles, the measurement of what each head contributes, and a model in training that moves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, downloaded, openEmpty } from "./launch.mjs";
import { go, settle, toggleMute, unbend } from "./parts.mjs";
import { makeModels, openModel, STANDARD } from "./small-models.mjs";
import { SHORT, button, start } from "./train-parts.mjs";
import { eventually, pressWhen, words } from "./wait.mjs";

const { onePage } = at("lab");

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
const view = (page) => page.locator("#lab .heads");
/** @param {Page} page @param {string} state */
const measured = (page, state) => view(page).locator(`[data-state="${state}"]`).waitFor();

/** The page with the view in sight and nothing being written. */
const shared = onePage({}, async (page) => {
  await settle(page);
  await go(page, "Lab");
  await page.locator("#lab").getByRole("radio", { name: "Heads", exact: true }).check();
  await view(page).locator(".heads-headline", { hasText: /\w/ }).waitFor();
});

/** @param {Page} page @param {"PNG" | "SVG" | "CSV"} kind @param {string} name */
const save = async (page, kind, name) => (await downloaded(page, () => page.getByRole("button", { name: `Download as ${kind}: ${name}` }).click())).bytes;

/** Lines of fields, without quoted ones split: roles hold commas. @param {Buffer} file */
const fields = (file) => file.toString("utf8").trim().split(/\r?\n/).map((line) => [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map(([, bare, quoted]) => quoted ?? bare));

/** The figures of every head, row by row. @param {Page} page */
const figures = (page) => view(page).locator(".heads-table tbody tr").evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));

test("every head has its role by the page's own rules, where it starts, keys to walk by, and pictures that can be saved", shared(async (page) => {
  const [head, ...rows] = fields(await save(page, "CSV", "heads of every layer"));
  assert.equal(rows.length, 32);
  const column = (/** @type {string} */ name) => head.indexOf(name);
  const expected = await page.evaluate(async (rows) => {
    const { role, reach } = await import(new URL("/sources/js/engine/physics.js", document.baseURI).href);
    const config = { field_size: 257, max_seq_len: 257 };
    return rows.map(([frequency, damping, phase]) => {
      const head = { frequency, damping, phase, gain: 1 };
      return { role: role(head, config), reach: reach(head, config) };
    });
  }, rows.map((row) => ["frequency ω", "damping α", "phase φ"].map((name) => Number(row[column(name)]))));
  rows.forEach((row, i) => {
    assert.equal(row[column("role")], expected[i].role, row.join());
    assert.ok(Math.abs(Number(row[column("reach in tokens")]) / expected[i].reach - 1) < 1e-5, row.join());
    const h = i % 8;
    const softplus = (/** @type {number} */ x) => Math.log1p(Math.exp(x));
    for (const [name, start] of /** @type {[string, number][]} */ ([["ω at the start", 0.3 + (3.7 * h) / 7], ["α at the start", softplus(-3 + (3.5 * h) / 7)], ["φ at the start", (Math.PI * h) / 7]])) {
      assert.ok(Math.abs(Number(row[column(name)]) - start) < 1e-5, `${name} of head ${h + 1}: ${row[column(name)]}, not ${start}`);
    }
  });
  const count = (/** @type {string} */ range) => rows.slice(0, 8).filter((row) => row[column("role")].startsWith(range)).length;
  const here = `Here, layer 1: ${count("Near")} near, ${count("Middle")} middle, ${count("Far")} far;`;
  const said = await words(view(page).locator(".heads-words").first(), (text) => text.includes(here));
  assert.match(said, /A fresh model has 4 near, 4 middle, 0 far in every layer/);

  await page.locator(".heads-roles summary").click();
  await words(page.locator(".heads-roles"), /Near\s+up to 8 tokens\s+Middle\s+up to 48 tokens\s+Far\s+beyond 48 tokens/);
  await view(page).locator("canvas").first().focus();
  for (const key of ["ArrowRight", "ArrowRight", "ArrowDown"]) await page.keyboard.press(key);
  await view(page).locator(".heads-chosen", { hasText: `Layer 2, head 3: ${rows[10][column("role")].toLowerCase()}.` }).waitFor();
  await eventually(() => page.locator("#waves .layer-choice input").nth(1).isChecked(), true, "the waves' layer does not follow");
  for (const name of ["heads of every layer", "heads moved by training"]) {
    assert.equal((await save(page, "PNG", name)).subarray(1, 4).toString(), "PNG");
    const svg = (await save(page, "SVG", name)).toString("utf8");
    assert.ok(svg.includes("<svg") && svg.includes("Layer 4"), name);
  }
  await page.locator("#waves .layer-choice input").first().evaluate((/** @type {HTMLElement} */ input) => input.click());
}));

test("contributions come head by head, can be stopped, and are those of the waves as they are", shared(async (page) => {
  await view(page).getByRole("button", { name: "Measure every head" }).click();
  // In the very moment in which two are there: there are not many.
  await pressWhen(page, () => [...document.querySelectorAll("#lab .heads-words")].some(({ textContent }) => /^[2-9] windows of 128 tokens of Shakespeare; about \d+ (s|minutes) left/.test(textContent?.trim() ?? "")), "Stop", "#lab");
  await measured(page, "stopped");
  const [head, ...rows] = fields(await save(page, "CSV", "heads contributions"));
  assert.equal(rows.length, 32);
  const numbers = rows.map((row) => ["change of the loss when muted, nats a token", "low end of the 95 % interval", "high end", "loss as it is", "loss when muted", "windows"].map((name) => Number(row[head.indexOf(name)])));
  numbers.forEach(([mean, low, high, before, after, windows], i) => {
    assert.ok(low <= mean && mean <= high && Math.abs(after - before - mean) < 1e-9 && windows >= 1, rows[i].join());
    assert.ok(i === 0 || mean <= numbers[i - 1][0], "the most useful first");
  });
  assert.deepEqual(rows[0].slice(1, 3), ["1", "8"], "the head that this model needs most");
  assert.equal((await save(page, "PNG", "heads contributions")).subarray(1, 4).toString(), "PNG");
  assert.ok((await save(page, "SVG", "heads contributions")).toString("utf8").includes("L1 H8"));

  await toggleMute(page, 2);
  await measured(page, "none");
  assert.ok(await page.getByRole("button", { name: "Download as CSV: heads contributions" }).isHidden());

  await page.locator("#lab").getByRole("radio", { name: "My own", exact: true }).check();
  await page.getByLabel("Text to look at").fill("Now is the winter of our discontent made glorious summer by this sun of York. ".repeat(2));
  await view(page).getByLabel("Measured on").selectOption("The text above, all of it");
  await view(page).getByRole("button", { name: "Measure every head" }).click();
  await measured(page, "done");
  await view(page).locator(".heads-words", { hasText: "Measured on all 4 windows of 38 tokens of the text above." }).waitFor();
  const muted = fields(await save(page, "CSV", "heads contributions")).find((row) => row[1] === "1" && row[2] === "2") ?? [];
  assert.deepEqual(["change of the loss when muted, nats a token", "low end of the 95 % interval", "high end", "windows"].map((name) => Number(muted[head.indexOf(name)])), [0, 0, 0, 4],
    "a head that is muted already contributes nothing");
  await unbend(page);
  await page.locator("#lab").getByRole("radio", { name: "Being written", exact: true }).check();
}));

test("the engine's contribution is the difference that bending the gain makes, on the same window", async (t) => {
  const page = await openEmpty(t);
  const found = await page.evaluate(async () => {
    const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
    const { Engine } = await load("/sources/js/engine/client.js");
    const { observe } = await load("/sources/js/engine/observations.js");
    const engine = new Engine();
    const bytes = await (await fetch("/sources/models/shakespeare/model.safetensors")).arrayBuffer();
    const { layers } = await engine.request("load_model", { bytes, name: "Shakespeare" });
    const text = "ROMEO:\nBut, soft! what light through yonder window breaks?\nIt is the east, and Juliet is the sun.\n";
    const { ids } = await observe(engine, "encoding", { source: "bent", text });
    const window = ids.slice(0, 65);
    const { readings } = await observe(engine, "heads_begin", { source: "bent", length: 64 });
    const first = await observe(engine, "heads_advance", { window, most: 3 });
    const last = await observe(engine, "heads_advance", { window: new Uint32Array(0), most: 100 });
    /** @type {number[][]} */
    const direct = [];
    for (const [layer, head] of [[0, 7], [1, 0], [3, 2]]) {
      const muted = layers[layer].map((/** @type {object} */ wave, /** @type {number} */ i) => ({ ...wave, gain: i === head ? 0 : 1 }));
      await engine.request("set_heads", { layer, heads: muted });
      await observe(engine, "whatif_take", { before: "file" });
      const loss = async (/** @type {string} */ side) => (await observe(engine, "whatif_losses", { before: "file", side, ids: window, length: 64 })).losses[0];
      direct.push([layer * 8 + head, await loss("before"), await loss("after")]);
      await engine.request("reset_heads", { layer: null });
    }
    const refused = await observe(engine, "heads_end", {}).then(() => observe(engine, "heads_advance", { window, most: 1 })).catch((/** @type {Error} */ error) => error.message);
    return { readings, first, last, direct, refused };
  });
  assert.equal(found.readings, 33);
  assert.equal(found.first.done, false);
  assert.deepEqual(found.first.changes.map((/** @type {unknown} */ change) => change !== null).lastIndexOf(false), 29, "the last layer comes first");
  assert.equal(found.last.done, true);
  for (const [place, before, after] of found.direct) {
    const change = found.last.changes[place];
    assert.ok(Math.abs(change.before - before) < 1e-9 && Math.abs(change.after - after) < 1e-9, `${JSON.stringify(change)}: ${before}, ${after}`);
    assert.ok(Math.abs(change.mean) > 1e-6);
  }
  assert.match(found.refused, /no measurement of the heads was begun/);
});

test("the heads of a model in training move before one's eyes", shared(async (page) => {
  await start(page, { ...SHORT, Steps: 200_000 });
  await go(page, "Lab");
  await page.locator("#lab").getByRole("radio", { name: "In training", exact: true }).check();
  await view(page).locator(".field-hint", { hasText: "The training began there" }).waitFor();
  const before = await eventually(() => figures(page), (rows) => rows.length > 0);
  const now = await eventually(() => figures(page), (rows) => rows.length > 0 && JSON.stringify(rows) !== JSON.stringify(before), "nothing moves");
  assert.deepEqual(now.map((row) => row[7]), before.map((row) => row[7]), "where they start stays");
  await go(page, "Train");
  await button(page, "Stop").click();
  await go(page, "Lab");
  await page.locator("#lab").getByRole("radio", { name: "As it is bent", exact: true }).check();
}));

test("a standard Transformer has no waves and no gains, and both are said", shared(async (page) => {
  const [standard] = await makeModels([STANDARD]);
  await openModel(page, standard, "standard");
  await go(page, "Lab");
  await page.locator("#lab .inline-fault", { hasText: "This is a standard Transformer" }).first().waitFor();
  await view(page).waitFor({ state: "hidden" });
  const refused = await page.evaluate(async (file) => {
    const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
    const { Engine } = await load("/sources/js/engine/client.js");
    const { observe } = await load("/sources/js/engine/observations.js");
    const engine = new Engine();
    await engine.request("load_model", { bytes: Uint8Array.from(file).buffer, name: "standard" });
    return observe(engine, "heads_begin", { source: "bent", length: 8 }).catch((/** @type {Error} */ error) => error.message);
  }, [...standard]);
  assert.match(refused, /standard Transformer has no waves, and its heads no gain to mute them by/);
}));
