// What-if: a muted head parts the texts, moves the forecasts and changes the loss; back to the file's waves, nothing
// differs at all.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, downloaded } from "./launch.mjs";
import { go, settle, toggleMute, unbend, write } from "./parts.mjs";
import { makeModels, openModel, STANDARD } from "./small-models.mjs";
import { eventually, words } from "./wait.mjs";

const { onePage } = at("lab");

/** @typedef {import("playwright-core").Page} Page */

const SAME = "Nothing is bent: before and after are the same model.";

/** @param {Page} page */
const view = (page) => page.locator("#lab .whatif");
/** @param {Page} page @param {string} words */
const compared = (page, words) => page.locator(".whatif-words", { hasText: words }).waitFor();

/** The page with a short text that stands still, and the view in sight. Each test takes back what it bent. */
const shared = onePage({}, async (page) => {
  await settle(page, { length: 60 });
  await write(page);
  await go(page, "Lab");
  await page.getByRole("radio", { name: "What-if", exact: true }).check();
  await compared(page, SAME);
});

/** @param {Page} page */
async function resetAll(page) {
  await unbend(page);
  await compared(page, SAME);
}

/** Waits until so many windows of a comparison were read. @param {Page} page @param {number} windows */
const read = (page, windows) => page.waitForFunction((least) => {
  const { dataset, textContent } = /** @type {HTMLElement} */ (document.querySelector(".whatif-verdict"));
  return Number(dataset.windows) >= least && textContent;
}, windows);

/** The rounds in the saved table: windows, mean, low, high. @param {Page} page @param {string} name @returns {Promise<string[][]>} */
async function table(page, name) {
  const { bytes } = await downloaded(page, () => page.getByRole("button", { name: `Download as CSV: ${name}` }).click());
  return bytes.toString().trim().split(/\n(?=\d)/).slice(1).map((line) => line.split(","));
}

test("a muted head shows in the loss, the forecasts and the text; taken back, nothing differs", shared(async (page) => {
  await read(page, 16);
  await words(page.locator(".whatif-verdict"), /^No change: exactly 0 nats \(perplexity \d\.\d+\) on \d+ of 871 windows\.$/);
  await words(page.locator(".whatif-said"), "Both texts are the same, all 60 tokens.");
  await view(page).getByText("the same before and after: 0 bits").first().waitFor();
  assert.deepEqual((await table(page, "what if forecasts")).map((row) => row.at(-4)).filter((bits) => bits !== "0"), []);

  await toggleMute(page, 2);
  await compared(page, "Against the file: layer 1, head 2 is muted.");
  await read(page, 4);
  await page.waitForFunction(() => /^(Worse|Better|No difference)/.test(document.querySelector(".whatif-verdict")?.textContent ?? ""));
  await page.locator(".whatif-said", { hasText: "then they part" }).or(page.locator(".whatif-said", { hasText: "They part" })).waitFor();
  await page.locator(".whatif-differs").first().waitFor({ state: "attached" });
  await page.locator("#lab figcaption", { hasText: /moves by [\d.]+ bits on average/ }).waitFor();
  await eventually(() => page.locator(".whatif-moved tbody tr").count(), (count) => count >= 2, "nothing gained or lost");
  await eventually(() => page.locator("#lab .lab-token").evaluateAll((tokens) => tokens.filter((token) => Number(/** @type {HTMLElement} */ (token).style.getPropertyValue("--share")) > 0).length), (count) => count > 5);

  await read(page, 20);
  const rounds = (await table(page, "what if loss")).map((row) => row.map(Number));
  assert.deepEqual(rounds.slice(0, 2).map(([windows]) => windows), [4, 8]);
  const widths = rounds.map(([, , low, high]) => high - low);
  assert.ok(widths[0] > 0 && /** @type {number} */ (widths.at(-1)) < widths[0] / 2, `the interval does not shrink: ${widths}`);
  for (const [, mean, low, high, before, after] of rounds) {
    assert.ok(low < mean && mean < high && Math.abs(after - before - mean) < 1e-9);
  }

  await resetAll(page);
  await page.locator(".whatif-said", { hasText: "Both texts are the same, all 60 tokens." }).waitFor();
  await page.locator(".whatif-verdict", { hasText: "No change: exactly 0 nats" }).waitFor();
}));

test("the chosen token's forecast says what gained and lost, as the engine's own next tokens do; pictures are saved", shared(async (page) => {
  await toggleMute(page, 1);
  await page.locator(".whatif figcaption", { hasText: /head 1 is muted.* bits on average/ }).waitFor();
  // A text that is cut anew meanwhile chooses no token.
  await eventually(async () => {
    await page.locator("#lab .lab-tokens").focus();
    await page.keyboard.press("End");
    return page.locator(".whatif-moved-title").innerText();
  }, /^After token 67,/);
  // The view's last token is the text's last, so the inspector's "next token" is the same forecast.
  const rows = await eventually(() => page.locator(".whatif-moved tbody tr").evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => /** @type {HTMLElement} */ (cell).innerText))), (rows) => rows.length > 0);
  const text = await page.locator("#lab .lab-token").allTextContents();
  const expected = await page.evaluate(async (prompt) => {
    const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
    const { Engine } = await load("/sources/js/engine/client.js");
    const engine = new Engine();
    const bytes = await (await fetch("/sources/models/shakespeare/model.safetensors")).arrayBuffer();
    const info = await engine.request("load_model", { bytes, name: "Shakespeare" });
    const heads = info.layers[0].map((/** @type {any} */ head, /** @type {number} */ i) => ({ ...head, gain: i === 0 ? 0 : head.gain }));
    await engine.request("set_heads", { layer: 0, heads });
    const next = async (/** @type {boolean} */ original) => Object.fromEntries((await engine.request("next_tokens", { prompt, count: 65, original }))
      .map((/** @type {any} */ { text, probability }) => [text, probability]));
    return { before: await next(true), after: await next(false) };
  }, text.map((token) => token.replace("⏎", "")).join(""));
  const shown = (/** @type {string} */ cell) => Number(cell.replace(/ %|< /g, ""));
  for (const [token, before, after] of rows) {
    const name = { "⏎": "\n", "␣": " " }[token] ?? token;
    assert.ok(Math.abs(shown(before) - 100 * expected.before[name]) < 0.56, `${token} before: ${before}, ${expected.before[name]}`);
    assert.ok(Math.abs(shown(after) - 100 * expected.after[name]) < 0.56, `${token} after: ${after}, ${expected.after[name]}`);
  }

  // The pictures are saved as they are shown.
  for (const name of ["what if forecasts", "what if loss"]) {
    const save = async (/** @type {string} */ kind) => {
      const saved = await downloaded(page, () => page.getByRole("button", { name: `Download as ${kind}: ${name}` }).click());
      assert.equal(saved.name, `${name.replaceAll(" ", "-")}.${kind.toLowerCase()}`);
      return saved.bytes;
    };
    const png = await save("PNG");
    assert.equal(png.subarray(1, 4).toString(), "PNG");
    assert.ok(png.readUInt32BE(16) > 600 && png.readUInt32BE(20) > 300, "the picture has no size");
    const svg = (await save("SVG")).toString();
    assert.match(svg, /^<\?xml|^<svg/);
    assert.match(svg, /head 1 is muted/);
    assert.match(svg, /What if/);
  }
  await resetAll(page);
}));

test("two bendings are compared by pinning the first", shared(async (page) => {
  await toggleMute(page, 1);
  await compared(page, "Against the file: layer 1, head 1 is muted.");
  await page.getByRole("button", { name: "Pin as it is now" }).click();
  await compared(page, "Nothing was bent since it was pinned: before and after are the same model.");
  await page.locator(".whatif-verdict", { hasText: "No change" }).waitFor();
  await toggleMute(page, 2);
  await compared(page, "Against what was pinned: layer 1, head 2 is muted.");
  await page.locator(".whatif-verdict", { hasText: /Worse|Better|No difference/ }).waitFor();
  await page.getByRole("radio", { name: "The file", exact: true }).check();
  await compared(page, "Against the file: layer 1, head 1 is muted; layer 1, head 2 is muted.");
  await resetAll(page);
}));

test("while a wave is dragged, everything is said again and again; out of sight nothing is", shared(async (page) => {
  const seen = await page.locator("#waves .channel").nth(1).locator("input[type=range]").first().evaluate(async (slider) => {
    const verdict = /** @type {HTMLElement} */ (document.querySelector(".whatif-verdict"));
    const seen = new Set([verdict.textContent]);
    for (let i = 1; seen.size < 3; i++) {
      /** @type {HTMLInputElement} */ (slider).value = String(0.5 + (i % 200) / 100);
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      await new Promise((resolve) => requestAnimationFrame(resolve));
      if (/on 4 of/.test(verdict.textContent ?? "")) seen.add(verdict.textContent);
    }
    return [...seen];
  });
  assert.ok(seen.slice(1).every((words) => /on 4 of 871 windows/.test(words ?? "")), `${seen}`);
  await read(page, 8);
  // One request is in flight when the view goes out of sight; after it none is made. Bent once more, so that however fast
  // the engine is there is something left to be measured.
  const asked = await page.locator("#waves .channel").nth(1).locator("input[type=range]").first().evaluate(async (slider) => {
    const { wire, unanswered } = /** @type {{wire: import("./wait.mjs").Wire, unanswered: Set<{type: string}>}} */ (/** @type {any} */ (globalThis));
    let asked = 0;
    const count = (/** @type {{type: string, payload: any}} */ { type, payload }) => { if (type === "observe" && payload.view.startsWith("whatif")) asked++; };
    wire.asked.push(count);
    /** @type {HTMLInputElement} */ (slider).value = "0.35";
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const frames = async (/** @type {number} */ count) => { for (let i = 0; i < count; i++) await new Promise((resolve) => requestAnimationFrame(resolve)); };
    while (asked < 2) await frames(1);
    const inSight = asked;
    /** @type {HTMLElement} */ (document.querySelector("[data-to=write]")).click();
    // It is seen to be out of sight in one of the next frames.
    await frames(5);
    while ([...unanswered].some(({ type }) => type === "observe")) await frames(1);
    const before = asked;
    await frames(15);
    wire.asked.splice(wire.asked.indexOf(count), 1);
    return { inSight, hidden: asked - before };
  });
  assert.ok(asked.inSight > 0, "nothing is measured in sight");
  assert.equal(asked.hidden, 0);
  await go(page, "Lab");
  await resetAll(page);
}));

test("a standard Transformer has nothing to bend, and says so", shared(async (page) => {
  const [standard] = await makeModels([STANDARD]);
  await toggleMute(page, 1);
  await compared(page, "head 1 is muted");
  await openModel(page, standard, "standard");
  await page.locator(".model-size", { hasText: "standard Transformer" }).waitFor();
  await go(page, "Lab");
  await page.locator("#lab .inline-fault", { hasText: "This is a standard Transformer" }).waitFor();
  await view(page).waitFor({ state: "hidden" });
}));
