// The stories: the front door with an address for each, and each of them told to its end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, downloaded, openEmpty } from "./launch.mjs";
import { go, toggleMute } from "./parts.mjs";
import { eventually, words } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

const { openPage, onePage } = at("story");
const shared = onePage();

const place = (/** @type {Page} */ page) => page.locator("#story");
const title = (/** @type {Page} */ page) => place(page).getByRole("heading", { level: 2 });
const hash = (/** @type {Page} */ page) => new URL(page.url()).hash;
const press = (/** @type {Page} */ page, /** @type {string | RegExp} */ name) => page.getByRole("button", { name, exact: typeof name === "string" }).click();

/** What a picture to share is, once it is downloaded. @param {Page} page */
async function picture(page) {
  const { name, bytes } = await downloaded(page, () => press(page, "Picture to share"));
  assert.deepEqual([...bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  return { name, width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

test("the front door leads to every story, each has an address, and Back leads to the door", shared(async (page) => {
  await words(title(page), "Stories");
  for (const [view, name] of [["cheat", "Spot the cheat"], ["break", "Break Shakespeare"], ["names", "Teach it names"]]) {
    await place(page).getByRole("link", { name: new RegExp(`^${name}`) }).click();
    await eventually(() => hash(page), `#story/${view}`);
    await place(page).locator(".story-way").filter({ hasText: name }).waitFor();
    await page.goBack();
    await words(title(page), "Stories");
    await eventually(() => hash(page), "#story");
  }
  await place(page).getByRole("link", { name: /^Break Shakespeare/ }).click();
  await go(page, "Stories");
  await words(title(page), "Stories");
}));

test("every experiment is a question and a link that the page understands", shared(async (page) => {
  const links = place(page).locator(".experiments a");
  await eventually(() => links.count(), 10);
  const found = await links.evaluateAll(async (all) => {
    const at = (/** @type {string} */ path) => import(new URL(path, location.href).href);
    const [{ placeIn }, { readLink }] = await Promise.all([at("/sources/js/page/places.js"), at("/sources/js/link/link.js")]);
    return all.map((link) => {
      const { place, settings } = placeIn(new URL(/** @type {HTMLAnchorElement} */ (link).href).hash);
      const read = settings ? readLink(settings) : { faults: [] };
      return { question: link.textContent, known: Boolean(place || settings), faults: read ? read.faults : ["not a link"] };
    });
  });
  for (const { question, known, faults } of found) {
    assert.match(question ?? "", /\?$/);
    assert.ok(known, `${question} leads nowhere`);
    assert.deepEqual(faults, [], `${question}`);
  }
}));

test("the cheat is voted on, writes, is measured and mended", async (t) => {
  const page = await openEmpty(t);
  await page.evaluate(async () => {
    const at = (/** @type {string} */ path) => import(new URL(path, location.href).href);
    const { makeCheat } = await at("/sources/js/stories/cheat.js");
    const app = { notify: () => {}, show: (/** @type {string} */ place, view = "") => { document.title = `${place}/${view}`; } };
    const story = makeCheat(app, { steps: 120, seconds: 1e6 });
    document.body.append(story.element);
    story.show();
  });
  const vote = page.getByRole("button", { name: "Model B" });
  await eventually(() => vote.isEnabled(), true);
  await vote.click();
  await words(page.locator("h2"), /^You chose B/);
  await press(page, "Why?");
  const heading = await words(page.locator("h2"), /^[AB] hears the answers$/);
  const cheat = heading[0];
  const [sound] = ["A", "B"].filter((name) => name !== cheat);
  await words(page.locator(".story-words"), new RegExp(`In ${sound} they do not move at all; in ${cheat} by up to [\\d.]+ %`));
  await press(page, `Mend ${cheat}`);
  const said = await words(page.locator(".story-words"), /goes from [\d.]+ to [\d.]+/);
  const [, before, mended] = (/from ([\d.]+) to ([\d.]+\d)/.exec(said) ?? []).map(Number);
  assert.ok(mended > 4 * before, said);
  // The bars say the same.
  await words(page.locator(".story-bars"), (text) => text.includes(String(mended)) && text.includes(String(before)));
  const { name, width, height } = await picture(page);
  assert.deepEqual([name, width, height], ["spot-the-cheat.png", 1200, 630]);
  await press(page, "Measure the open model");
  await eventually(() => page.title(), "lab/causality");
});

test("the strongest wave is bent, both texts are compared, and it is put back", async (t) => {
  const page = await openPage(t, { path: "#story/break", motion: "reduce" });
  await words(title(page), "What holds the text together?");
  await words(place(page).locator(".story-words"), /Without it the loss rises by 0\.\d+ ± 0\.\d+ nats a token\. Bent, it rises by 0\.\d+ ± 0\.\d+ nats a token, the most of all heads\./);
  await press(page, "Turn it upside down");
  await words(title(page), "The same seed, another text");
  await words(place(page).locator(".story-twins"), /they part|They part at the first token/);
  const rise = () => place(page).locator(".story-effect").innerText().then((said) => Number(/^Bent so, the loss rises by ([\d.]+) ± [\d.]+ nats a token/.exec(said)?.[1] ?? 0));
  await eventually(rise, (nats) => nats > 0.1 && nats < 1);
  // With the whole layer nothing is left.
  await press(page, "Turn all 8 upside down");
  await words(title(page), "Broken");
  await eventually(rise, (nats) => nats > 2);
  const { name, width, height } = await picture(page);
  assert.deepEqual([name, width, height], ["break-shakespeare.png", 1200, 630]);
  await press(page, "Put it back and go on");
  await words(title(page), "Which wave is missed least?");
  await place(page).locator(".story-choice").first().click();
  await words(title(page), /^(Right: nobody misses it|Right: it is missed least|That one is missed)$/);
  await eventually(() => place(page).locator(".story-worth").allInnerTexts(), (all) => all.length === 4 && all.every((worth) => /^(±0|[+−][\d.]+) nats a token without it$/.test(worth)));
  await press(page, "Put all back");
  await words(title(page), "What holds the text together?");
  await page.locator("#waves button:disabled", { hasText: "Reset all" }).waitFor({ state: "attached" });
});

test("what was bent elsewhere stays bent while the story is told", async (t) => {
  const page = await openPage(t, { path: "#story/break", motion: "reduce" });
  await words(title(page), "What holds the text together?");
  const damping = page.locator("#waves .channel").nth(4).locator("[role=spinbutton]").nth(1);
  const muted = (/** @type {number} */ head) => page.locator("#waves .channel").nth(head - 1).locator("button", { hasText: "Mute" }).getAttribute("aria-pressed");
  // The very head that the story bends, another one that it offers, and one that it does not touch.
  await damping.evaluate((/** @type {HTMLInputElement} */ field) => {
    field.value = "0.3";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  for (const head of [2, 7]) await toggleMute(page, head);
  await press(page, "Turn it upside down");
  await words(place(page).locator(".story-words"), /with others that you bent before/);
  await press(page, "Put it back and go on");
  await eventually(() => damping.inputValue(), "0.3");
  for (const choice of [3, 0]) {
    await place(page).locator(".story-choice").nth(choice).click();
    await words(title(page), /^(Right|That)/);
  }
  await press(page, "Put all back");
  await words(title(page), "What holds the text together?");
  await eventually(async () => [await damping.inputValue(), await muted(2), await muted(7), await muted(4)], ["0.3", "true", "true", "false"]);
  // There and back again: the page is not loaded anew, though its address has bends.
  await page.evaluate(() => { Object.assign(globalThis, { stayed: true }); });
  await go(page, "Write");
  await page.goBack();
  await words(title(page), "What holds the text together?");
  assert.ok(await page.evaluate(() => "stayed" in globalThis), "the page was loaded anew");
});

test("names are learned in the tab's own training, liked and put on a picture", async (t) => {
  const page = await openPage(t, { path: "#story/names", before: (opening) => opening.addInitScript(() => {
    // The same story with fewer steps.
    const { wire } = /** @type {{wire: import("./wait.mjs").Wire}} */ (/** @type {any} */ (globalThis));
    wire.asked.push(({ type, payload }) => { if (type === "train_start") Object.assign(payload.train, { steps: 150, warmup_steps: 10 }); });
  }) });
  await words(title(page), "Can it learn to invent names?");
  await press(page, "Start");
  await words(title(page), "Names that nobody on its list has");
  const names = place(page).locator(".story-name");
  await eventually(() => names.count(), 10);
  const shown = await names.allInnerTexts();
  const known = await page.evaluate(async (shown) => {
    const text = await (await fetch(new URL("/sources/data/names.txt", document.baseURI))).text();
    const all = new Set(text.split("\n"));
    return shown.filter((name) => all.has(name.toLowerCase()));
  }, shown);
  assert.deepEqual(known, []);
  assert.equal(new Set(shown).size, 10);
  await names.nth(3).click();
  await eventually(() => place(page).locator('.story-name[aria-pressed="true"]').count(), 1);
  const { name, width, height } = await picture(page);
  assert.deepEqual([name, width, height], ["names-that-nobody-has.png", 1200, 630]);
  // It is the training that stands under Train.
  await go(page, "Train");
  await page.locator('.train-run[data-state="done"]').waitFor();
  await go(page, "Stories");
  await place(page).getByRole("link", { name: /^Teach it names/ }).click();
  await press(page, "Write with it, bend its waves");
  await eventually(() => hash(page).startsWith("#story"), false);
  await page.locator(".model-name", { hasText: "Names" }).waitFor();
});
