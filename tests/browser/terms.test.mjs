// The "?" beside terms: each that is listed stands in its place once, says what the glossary has, and goes by keyboard.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TERMS } from "../../www/js/page/glossary.js";
import { onePage, openPage, SIZES } from "./launch.mjs";
import { firstText, go, toggleMute, unbend } from "./parts.mjs";
import { unfold } from "./train-parts.mjs";
import { eventually } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** What each place explains where it is first met there. */
const PLACES = /** @type {const} */ ({
  Write: ["Prompt", "Token", "Temperature", "Seed", "Top-k and top-p", "Wave", "Frequency", "Damping", "Phase", "Leak", "Loss", "Nat"],
  Train: ["Learning rate", "Batch", "Context", "Layer", "Head", "Embedding", "Feed-forward", "Stride", "Interference", "Warm-up", "Gradient limit", "Weight decay", "Dropout", "Seed", "Held back", "Token", "Vocabulary", "Byte-level BPE"],
  Race: ["Perplexity", "Seed", "Learning rate", "Context", "Batch", "Stride"],
  Long: ["Recurrence", "Fast Fourier transform", "Attention", "Operation"],
});
const VIEWS = /** @type {const} */ ({
  Field: ["Field", "Cell"], "How it remembers": ["State", "Recurrence"], Influence: ["Influence", "Gradient"], Heads: ["Head", "Kernel"], Coupling: ["Coupling", "Interference"], Energy: ["Energy"], "No leak": ["Leak", "Causal"], "What-if": ["Bend", "Confidence interval"],
});

/** What is explained in a place, by each "?" that is in sight there. @param {Page} page @param {string} within */
const explained = (page, within) => page.locator(`${within} .ask:visible`).evaluateAll((all) => all.map((mark) => mark.getAttribute("aria-label") ?? ""));

/** Opens each "?" and compares its card with the glossary. @param {Page} page @param {string} within @param {readonly string[]} terms */
async function check(page, within, terms) {
  for (const term of terms) {
    const words = new RegExp(`(?:by|,|and) ${term.toLowerCase()}(?:\\?|,| and )`);
    const labels = await eventually(() => explained(page, within), (found) => found.some((label) => words.test(label)), `${within}: no "?" for ${term}`);
    assert.equal(labels.filter((label) => words.test(label)).length, 1, `${within}: ${term} is explained more than once: ${labels.join(" ")}`);
    const mark = page.locator(`${within} .ask:visible[aria-label="${labels.find((label) => words.test(label))}"]`);
    await mark.focus();
    await page.keyboard.press("Enter");
    const card = page.locator(".ask-card");
    await card.waitFor();
    const { words: gloss, link } = /** @type {import("../../www/js/page/glossary.js").Term} */ (TERMS.find(({ name }) => name === term));
    const said = await card.innerText();
    assert.ok(said.includes(term) && said.includes(gloss), `${term}: ${said}`);
    assert.equal(await card.getByRole("link", { name: `Read on about ${term.toLowerCase()}` }).getAttribute("href"), link);
    const [box, size] = [await card.boundingBox(), page.viewportSize()];
    assert.ok(box && size && box.x >= 0 && box.x + box.width <= size.width && box.y >= 0, `${term}: its card lies outside of the window: ${JSON.stringify(box)}`);
    await page.keyboard.press("Escape");
    await card.waitFor({ state: "detached" });
    assert.ok(await mark.evaluate((element) => element === document.activeElement), "the focus went elsewhere");
  }
}

const shared = onePage({}, firstText);

test("Write explains its terms, those of the waves, and the loss once it is spoken of", shared(async (page) => {
  await go(page, "Write");
  await page.locator("#generate .more > summary").click();
  await check(page, "body", PLACES.Write.filter((term) => term !== "Loss" && term !== "Nat"));
  await toggleMute(page, 1);
  await check(page, "body", ["Loss", "Nat"]);
  await unbend(page);
}));

test("Train, Race and Long explain theirs", shared(async (page) => {
  for (const [place, within] of /** @type {const} */ ([["Train", "#train .train-setup"], ["Race", "#race"], ["Long", "#scaling"]])) {
    await go(page, place);
    if (place === "Train") await unfold(page);
    // The races that we ran take the place of what an empty race explains.
    if (place === "Race") await page.getByText("A race that we ran", { exact: true }).waitFor();
    await page.locator(`${within} details`).evaluateAll((all) => { for (const one of all) /** @type {HTMLDetailsElement} */ (one).open = true; });
    await check(page, within, PLACES[place]);
  }
}));

test("each view of the lab explains its own", shared(async (page) => {
  await go(page, "Lab");
  for (const [view, terms] of Object.entries(VIEWS)) {
    await page.locator(".lab-views").getByRole("radio", { name: view, exact: true }).check();
    await check(page, "#lab", terms);
  }
}));

test("under a finger each has 40 px, and none takes the press of what is beside it", async (t) => {
  const page = await openPage(t, { size: "phone", before: async (opening) => {
    const client = await opening.context().newCDPSession(opening);
    await client.send("Emulation.setTouchEmulationEnabled", { enabled: true });
    await client.send("Emulation.setEmulatedMedia", { features: [{ name: "pointer", value: "coarse" }] });
  } });
  assert.deepEqual(page.viewportSize(), SIZES.phone);
  await page.locator("#generate .ask").first().waitFor({ state: "attached" });
  for (const place of /** @type {const} */ (["Write", "Train", "Lab", "Long"])) {
    await go(page, place);
    if (place === "Train") await unfold(page);
    // What is there only until a place is laid out has no size once it is not.
    await eventually(() => page.locator(".ask:visible").evaluateAll((all) => all.map((mark) => {
      const { width, height } = mark.getBoundingClientRect();
      return { label: mark.getAttribute("aria-label"), width, height };
    })), (marks) => marks.length > 0 && marks.every(({ width, height }) => width >= 39.5 && height >= 39.5), `${place}: too small for a finger`);
    // The middle of a field is the field's own.
    const covered = await page.locator(".field input:visible, .train-setting input:visible").evaluateAll((all) => all.filter((input) => {
      input.scrollIntoView({ block: "center" });
      const { left, top, width, height } = input.getBoundingClientRect();
      return document.elementFromPoint(left + width / 2, top + height / 2)?.closest(".ask");
    }).length);
    assert.equal(covered, 0, place);
  }
});
