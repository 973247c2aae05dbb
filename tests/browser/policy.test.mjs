// The page keeps to its own policy (Content-Security-Policy, made by www/head.mjs): nothing in it does what that forbids,
// and nothing leaves its host, which openPage itself watches for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { downloaded, openPage } from "./launch.mjs";
import { firstText, go, saveModel } from "./parts.mjs";
import { SHORT, button, reaches, start } from "./train-parts.mjs";
import { eventually } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Notes what the policy forbids. @param {string[]} found */
const watch = (found) => async (/** @type {Page} */ page) => {
  await page.exposeFunction("noteViolation", (/** @type {string} */ violation) => { found.push(violation); });
  await page.addInitScript(() => addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sourceFile, lineNumber, sample }) => {
    /** @type {any} */ (globalThis).noteViolation(`${effectiveDirective}: ${blockedURI} (${sourceFile}:${lineNumber} ${sample})`);
  }));
};

/** Waits until the later parts of the page are there. @param {Page} page */
const stands = (page) => page.locator("#scaling > *").first().waitFor({ state: "attached" });

// More than ten seconds: every part of the page is loaded and does what it is for.
test("a walk through all parts of the page meets nothing that its policy forbids", async (t) => {
  /** @type {string[]} */
  const violations = [];
  const page = await openPage(t, { before: watch(violations) });
  await stands(page);
  await firstText(page);
  assert.deepEqual(violations, [], "at first sight");

  await t.test("Lab", async () => {
    const lab = page.locator("#lab");
    await go(page, "Lab");
    for (const view of await lab.locator(".lab-views").getByRole("radio").all()) {
      await view.check();
      await lab.locator(".lab-stage > *").first().waitFor();
    }
    await lab.getByRole("radio", { name: "Energy", exact: true }).check();
    for (const kind of ["SVG", "PNG", "CSV"]) {
      const { bytes } = await downloaded(page, () => lab.getByRole("button", { name: new RegExp(`^Download as ${kind}`) }).first().click());
      // The library of SVGs takes a text's font from a style.
      if (kind === "SVG") assert.ok(bytes.includes('font-family="system-ui, sans-serif" font-size="16px"'), "its texts have no font");
    }
    assert.deepEqual(violations, []);
  });

  await t.test("Train", async () => {
    await start(page, SHORT);
    await reaches(page, "done");
    await page.locator("#train .curve-key").first().waitFor();
    await page.locator("#train .train-strip").first().scrollIntoViewIfNeeded();
    await downloaded(page, () => button(page, "Download").click());
    await go(page, "Mine");
    await page.locator(".runs-row").first().waitFor();
    assert.deepEqual(violations, []);
  });

  await t.test("Race", async () => {
    const race = page.locator("#race");
    await go(page, "Race");
    await race.getByRole("radio", { name: "Names" }).check();
    await race.locator("details", { hasText: "Settings of the race" }).locator("summary").click();
    for (const [label, value] of Object.entries({ Steps: 20, Seeds: 1, Context: 16, Batch: 2 })) await race.getByLabel(label, { exact: true }).fill(String(value));
    await race.getByRole("button", { name: "Start the race" }).click();
    await page.locator('.race-run[data-state="done"]').waitFor();
    for (const kind of ["CSV", "JSON", "PNG"]) await downloaded(page, () => race.getByRole("button", { name: kind, exact: true }).click());
    assert.deepEqual(violations, []);
  });

  await t.test("Scaling", async () => {
    const scaling = page.locator("#scaling");
    await go(page, "Long");
    await scaling.getByLabel("Up to").selectOption("512");
    await scaling.getByRole("button", { name: "Measure", exact: true }).click();
    await scaling.getByRole("button", { name: "Measure again" }).waitFor();
    await downloaded(page, () => scaling.getByRole("button", { name: "Download picture" }).click());
    assert.deepEqual(violations, []);
  });

  await t.test("the tour, and a model's file", async () => {
    await go(page, "Write");
    await page.getByRole("link", { name: "how it works" }).click();
    const card = page.getByRole("dialog");
    for (let step = 1; step < 6; step++) {
      await eventually(() => new URL(page.url()).hash, `#tour-${step}`);
      await card.getByRole("button", { name: /^Next/ }).click();
    }
    await eventually(() => new URL(page.url()).hash, "#tour-6");
    await page.keyboard.press("Escape");
    await card.waitFor({ state: "hidden" });
    await saveModel(page);
    assert.deepEqual(violations, []);
  });
});

test("the policy forbids scripts and styles that stand in the page, texts as scripts, and other hosts", async (t) => {
  /** @type {string[]} */
  const violations = [];
  const page = await openPage(t, { before: watch(violations), expected: [/Content Security Policy|a request to another host|Refused/i] });
  await stands(page);
  for (const [directive, act] of /** @type {[string, () => unknown][]} */ ([
    ["script-src-elem", () => document.head.append(Object.assign(document.createElement("script"), { textContent: "globalThis.ran = true;" }))],
    ["script-src-attr", () => document.body.setAttribute("onclick", "globalThis.ran = true")],
    // From a timer: what a test has evaluated may do so itself.
    ["script-src", () => { setTimeout(() => { try { globalThis.eval("globalThis.ran = true"); } catch { /* refused */ } }); }],
    ["style-src-elem", () => document.head.append(Object.assign(document.createElement("style"), { textContent: "p { color: red }" }))],
    ["style-src-attr", () => document.body.setAttribute("style", "color: red")],
    ["connect-src", () => fetch("http://elsewhere.invalid/").catch(() => {})],
    ["img-src", () => { new Image().src = "http://elsewhere.invalid/picture.png"; }],
  ])) {
    await page.evaluate(act);
    await eventually(() => violations.some((violation) => violation.startsWith(`${directive}:`)), true, `nothing forbids ${act}`);
  }
  assert.equal(await page.evaluate(() => "ran" in globalThis), false);
});
