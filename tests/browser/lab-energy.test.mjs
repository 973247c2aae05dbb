// The lab's Energy view: what is measured, said, drawn and saved, for waves of both kinds of stride and for a standard
// Transformer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, downloaded } from "./launch.mjs";
import { go, toggleMute, unbend } from "./parts.mjs";
import { makeModels, openModel, STANDARD } from "./small-models.mjs";
import { eventually, words } from "./wait.mjs";

const { onePage } = at("lab");

/** @typedef {import("playwright-core").Page} Page */

/** Each test says which text and which model it looks at. */
const shared = onePage({ path: "#lab-energy" }, (page) => page.locator(".energy-table").waitFor());

/** A fractional stride and no waves at all. @type {Promise<Buffer[]> | null} */
let models = null;
/** Looks at "emma and olivia" with one of the small models. @param {Page} page @param {number} at */
async function openSmall(page, at) {
  models ??= makeModels([{ field_size: 64 }, STANDARD]);
  await lookAt(page, "emma\nolivia");
  await openModel(page, (await models)[at], `small ${at}`);
  await go(page, "Lab");
  // Its own number of layers is in the picture's words: two parts each and what follows them.
  await words(page.locator(".energy-table"), (table) => /2 feed-forward|2 interference/.test(table) && !/4 feed-forward/.test(table));
}

/** @param {Page} page @param {string} text */
async function lookAt(page, text) {
  await page.locator("#lab").getByRole("radio", { name: "My own", exact: true }).check();
  await page.locator(".lab-own").fill(text);
}

/** @param {Page} page @param {string} kind @param {string} name */
async function saved(page, kind, name) {
  const button = page.getByRole("button", { name: `Download as ${kind}: ${name}`, exact: true });
  // Out of sight there is nothing to save, and a test's click scrolls only to what can be clicked.
  await button.scrollIntoViewIfNeeded();
  return downloaded(page, () => button.click());
}

/** @param {Buffer} bytes @returns {Record<string, string>[]} */
function rows(bytes) {
  const fields = (/** @type {string} */ line) => [...line.matchAll(/"((?:[^"]|"")*)"|([^,]+)/g)].map(([, quoted, plain]) => quoted ?? plain);
  const [head, ...lines] = bytes.toString().trim().split(/\r?\n/).map(fields);
  return lines.map((line) => Object.fromEntries(head.map((name, i) => [name, line[i]])));
}

/** What a row of the table of checks says, once it says so. @param {Page} page @param {string} step @param {string} verdict */
const check = (page, step, verdict) =>
  page.locator(`.energy-table tr[data-verdict="${verdict}"]`, { has: page.getByRole("rowheader", { name: step, exact: true }) }).waitFor();

test("the shipped model: pictures, words and files, and every law is kept", shared(async (page) => {
  await lookAt(page, "ROMEO:\nIt is my lady, O, it is my love!");
  await page.locator(".lab-strip", { hasText: "my love!" }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".lab-token").length === 39);
  const caption = page.locator(".energy .figure-caption").first();
  // The picture and the files are of the 39 tokens by now.
  await eventually(async () => rows((await saved(page, "CSV", "energy states")).bytes).length, 39 * (1 + 2 * 4 + 1));
  const said = await words(caption, /a size of [\d.]+ at the start and [\d.]+ after the last layer/);
  await eventually(() => page.locator(".energy canvas").first().getAttribute("aria-label"), said);

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
  await eventually(() => page.locator(".energy-table tbody tr").evaluateAll((found) => found.map((row) => row.getAttribute("data-verdict"))), ["kept", "kept", "kept", "only less", "kept", "not kept", "only less", "reset", "not kept"]);

  const svg = (await saved(page, "SVG", "energy states")).bytes.toString();
  const texts = await page.evaluate((source) => {
    const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
    return parsed.querySelector("parsererror") ? [] : [...parsed.querySelectorAll("text")].map((text) => text.textContent ?? "");
  }, svg);
  assert.ok(texts.includes("How large each token's state is, from place to place"), "no title");
  assert.ok(texts.join(" ").includes(said), "no caption");
  assert.ok(texts.includes("4 feed-forward") && (svg.match(/<rect/g) ?? []).length > 100);
  const png = await saved(page, "PNG", "energy heads");
  assert.equal(png.name, "energy-heads.png");
  assert.deepEqual([...png.bytes.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  assert.equal(rows((await saved(page, "CSV", "energy gate")).bytes).length, 8 * 39);

  // Another layer, chosen here or under Waves, is another layer's deposits.
  await page.locator("#lab .lab-layers").getByRole("radio", { name: "3", exact: true }).check();
  await page.waitForFunction(() => /in layer 3/.test(document.querySelectorAll(".energy .figure-caption")[1].textContent ?? ""));
  await eventually(() => page.locator("#waves .layer-choice input").nth(2).isChecked(), true);
  await eventually(async () => rows((await saved(page, "CSV", "energy heads")).bytes)[0].deposited, (deposited) => deposited !== heads[0].deposited);
}));

test("muted heads spread nothing, and the view says so", shared(async (page) => {
  await toggleMute(page, 2);
  await page.locator(".energy .figure-caption", { hasText: "One muted head spreads nothing." }).waitFor();
  for (let head = 1; head <= 8; head++) if (head !== 2) await toggleMute(page, head);
  await page.locator(".energy .figure-caption", { hasText: "Every head of this layer is muted" }).waitFor();
  assert.equal(await page.locator(".energy-table", { hasText: /NaN|Infinity|undefined/ }).count(), 0);
  await unbend(page);
}));

test("between two cells a deposit keeps its sum but not its energy", shared(async (page) => {
  await openSmall(page, 0);
  await page.waitForFunction(() => document.querySelectorAll(".lab-token").length === 11);
  await check(page, "Scattering: the sum", "kept");
  await check(page, "Scattering: energy", "not kept");
  for (const head of rows((await saved(page, "CSV", "energy heads")).bytes)) {
    const ratio = Number(head.on_cells) / Number(head.deposited);
    assert.ok(ratio > 0.5 && ratio < 0.99, `${ratio}`);
  }
}));

test("a standard Transformer has states and no field, and the view says what is missing", shared(async (page) => {
  await openSmall(page, 1);
  await words(page.locator(".energy-missing"), /no deposits, no field and no gate/);
  await page.locator(".energy-waves").waitFor({ state: "hidden" });
  await eventually(() => page.locator(".energy-table tbody tr").count(), 2);
  await eventually(async () => rows((await saved(page, "CSV", "energy states")).bytes).length, 11 * (1 + 2 * 2));
}));
