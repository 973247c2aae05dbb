// For whoever cannot see the page as it was drawn: axe looks through every place and state (axe.mjs), and what is chosen can
// be told where the system's own few colours are used.

import assert from "node:assert/strict";
import { test } from "node:test";
import { violations } from "./axe.mjs";
import { openPage } from "./launch.mjs";
import { fillMine } from "./mine-parts.mjs";
import { firstText, go, toggleMute } from "./parts.mjs";
import { eventually } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Every place and state in turn. @param {Page} page @param {(state: string, within?: string) => Promise<void>} look  at all of it, or at what lies over it */
async function walk(page, look) {
  await firstText(page);
  await look("Write");
  await toggleMute(page, 1);
  await look("Write, bent");
  await page.getByRole("button", { name: /^Models\./ }).click();
  await page.locator(".model-menu li").first().waitFor();
  await look("the menu of models", ".model-menu");
  await page.getByRole("button", { name: "From an address…" }).click();
  await page.getByLabel("Address of a .safetensors file").fill("https://models.invalid/waves.safetensors");
  await page.getByText("This page may fetch files from its own host").waitFor();
  await look("a model from an address");
  await page.keyboard.press("Escape");
  await page.locator(".share-button").click();
  await page.getByRole("button", { name: "QR code" }).first().click();
  await page.getByRole("img", { name: "The link as a QR code" }).waitFor();
  await look("a QR code");
  await page.keyboard.press("Escape");
  await go(page, "Stories");
  await page.locator("#story .story-card").first().waitFor();
  await look("Stories");
  await page.locator("#story .story-card-break").click();
  await page.locator("#story .story-actions button").first().waitFor();
  await look("a story");
  await go(page, "Mine");
  await page.locator(".mine-empty").waitFor();
  await look("Mine, empty");
  for (const place of /** @type {const} */ (["Train", "Race", "Long"])) {
    await go(page, place);
    await look(place);
    if (place !== "Train") continue;
    await page.locator("#train").getByRole("radio", { name: /^Go on from the open model/ }).check();
    await look("Train, going on from the open model");
  }
  await go(page, "Lab");
  const views = page.locator(".lab-views input");
  for (const view of await views.all()) {
    await view.check();
    await page.locator("#lab .lab-stage :is(canvas, button, p):visible").first().waitFor();
    await look(`Lab, ${await view.evaluate((input) => input.parentElement?.textContent)}`);
  }
  await page.evaluate(() => { location.hash = "#tour-1"; });
  await page.getByRole("dialog").waitFor();
  await look("the tour", "[role=dialog]");
  await page.keyboard.press("Escape");
  await fillMine(page);
  await go(page, "Mine");
  await page.locator("#mine .mine-row").nth(2).waitFor();
  for (const row of await page.locator("#mine .runs-row").all()) {
    await row.getByLabel("Compare").check();
    await row.locator("summary").click();
  }
  await page.getByRole("button", { name: "Compare the 2 chosen" }).click();
  await page.locator(".runs-compare").waitFor();
  await page.locator("#mine .mine-row").first().getByRole("button", { name: /^Delete/ }).click();
  await page.locator(".runs-deleted").waitFor();
  await look("Mine, filled");
}

for (const [name, options] of /** @type {const} */ ([
  ["wide, light and dark", { colors: "light", size: "desktop" }],
  ["on a phone and dark", { colors: "dark", size: "phone" }],
])) {
  // More than ten seconds: some thirty states, each looked at with all rules.
  test(`axe finds nothing wrong in any place, ${name}`, async (t) => {
    const page = await openPage(t, { ...options, motion: "reduce" });
    /** @type {string[]} */
    const found = [];
    await walk(page, async (state, within) => {
      const note = (/** @type {string[]} */ violations) => found.push(...violations.map((violation) => `${state}: ${violation}`));
      note(await violations(page, undefined, within));
      if (options.colors === "dark") return;
      // The same state in the other colours, where contrast alone can be another.
      await page.emulateMedia({ colorScheme: "dark" });
      note((await violations(page, ["color-contrast"], within)).map((violation) => `dark: ${violation}`));
      await page.emulateMedia({ colorScheme: "light" });
    });
    assert.deepEqual(found, []);
  });
}

test("with the system's few colours, what is chosen is framed, and drawings can be seen", async (t) => {
  const page = await openPage(t, { before: (opening) => opening.emulateMedia({ forcedColors: "active" }) });
  await firstText(page);
  const frame = (/** @type {string} */ selector) => page.locator(selector).first().evaluate((element) => getComputedStyle(element).outlineStyle);
  for (const chosen of ['.places [aria-current="page"]', ".segmented-row input:checked + span", ".channel-chosen"]) await eventually(() => frame(chosen), "solid", chosen);
  for (const other of [".places a:not([aria-current])", ".segmented-row input:not(:checked) + span", ".channel:not(.channel-chosen)"]) assert.equal(await frame(other), "none", other);
  // A wave is drawn in another colour than its ground.
  const shades = () => page.locator("#waves canvas.kernel-canvas").first().evaluate((/** @type {HTMLCanvasElement} */ canvas) => {
    const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height);
    const found = new Set();
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) found.add(`${data[i]} ${data[i + 1]} ${data[i + 2]}`);
    return found.size;
  });
  await eventually(shades, (count) => count > 0, "nothing is drawn");
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const ink = await page.locator("#waves canvas.kernel-canvas").first().evaluate(() => {
    const probe = document.querySelector(".colour-probe");
    if (!(probe instanceof HTMLElement)) return "";
    probe.style.color = "var(--head-0)";
    return getComputedStyle(probe).color;
  });
  assert.notEqual(ink, ground, "waves are drawn in the colour of their ground");
});
