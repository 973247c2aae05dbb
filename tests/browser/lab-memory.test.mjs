// The lab's view of a head's memory on the real page: the dial is what the engine's field says, and it can be stepped, played
// and bent; and the door to it beside the waves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, downloaded } from "./launch.mjs";
import { channel, go, picture, settle, toggleMute, unbend } from "./parts.mjs";
import { makeModels, openModel, STANDARD } from "./small-models.mjs";
import { applied, eventually, words } from "./wait.mjs";

const { onePage, openPage } = at("lab");

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
const view = (page) => page.locator("#lab .memory-view");
/** @param {Page} page */
const stage = (page) => page.getByRole("group", { name: /^The dial\./ });
/** Waits until the dial says something. @param {Page} page @param {RegExp} expected */
const said = (page, expected) => view(page).locator(".memory-dial figcaption").filter({ hasText: expected }).waitFor();

/** @param {Page} page */
async function toMemory(page) {
  await page.locator("#lab .lab-views").waitFor({ state: "attached" });
  await go(page, "Lab");
  await page.locator("#lab").getByRole("radio", { name: "How it remembers", exact: true }).check();
}

/** Looks at a text of one's own, all of it. @param {Page} page @param {string} [text] */
async function ownText(page, text = "What light through yonder window breaks?") {
  await toMemory(page);
  await page.locator("#lab").getByRole("radio", { name: "My own" }).check();
  await page.getByRole("textbox", { name: "Text to look at" }).fill(text);
  await words(view(page).locator(".memory-when"), `${text.length} of ${text.length}`);
}

/** At the end of that text, with the page's own model as it is in its file. */
const calm = onePage({ motion: "reduce" }, (page) => ownText(page));
/** Each test opens a model of its own. */
const other = onePage({ motion: "reduce" });

/** What a figure's button saves. @param {Page} page @param {string} kind @param {string} figure */
async function saved(page, kind, figure) {
  return (await downloaded(page, () => page.getByRole("button", { name: `Download as ${kind}: ${figure}`, exact: true }).click())).bytes;
}

/** A table's columns by name; a token may be a comma or a quotation mark. @param {Buffer} bytes @returns {(name: string) => string[]} */
function columns(bytes) {
  const fields = (/** @type {string} */ line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted ?? plain);
  const [head, ...rows] = bytes.toString().trim().split("\n").map(fields);
  return (name) => rows.map((row) => row[head.indexOf(name)]);
}

/** Holds what the dial's table says is heard against what the field view has at the tokens' places. @param {Page} page @param {number} count  of tokens */
async function agrees(page, count) {
  const dial = columns(await saved(page, "CSV", "memory dial"));
  const heard = dial("heard").map(Number);
  const byField = dial("heard_by_the_field").map(Number);
  await page.locator("#lab").getByRole("radio", { name: "Field", exact: true }).check();
  await page.locator(".field-view figcaption", { hasText: `${count} of ${count} tokens are read` }).waitFor();
  const field = columns(await saved(page, "CSV", "field now"));
  const waves = field("waves").map(Number);
  const places = field("position").filter((position) => position !== "").map(Number);
  assert.equal(heard.length, count);
  assert.equal(places.length, count);
  const most = Math.max(...heard.map(Math.abs));
  assert.ok(most > 0);
  places.forEach((place, token) => {
    const cell = Math.floor(place);
    // Behind the token read last the field stays as it was when each token read it.
    const read = waves[cell] * (1 - (place - cell)) + (place > cell ? waves[cell + 1] * (place - cell) : 0);
    assert.ok(Math.abs(heard[token] - byField[token]) <= 1e-5 * most, `token ${token + 1}: ${heard[token]}, the engine's field gives ${byField[token]}`);
    // The last token's second cell is not read by any other yet, and a place has the digits of float32.
    assert.ok(Math.abs(heard[token] - read) <= 1e-4 * most, `token ${token + 1}: ${heard[token]}, the field view has ${read}`);
  });
  await page.locator("#lab").getByRole("radio", { name: "How it remembers", exact: true }).check();
}

test("the dial's shadow is what the engine's field says, for the open model", calm(async (page) => {
  await said(page, /comes to .* as well/);
  await agrees(page, 40);
  // Another head, chosen on its small dial.
  await page.getByRole("radio", { name: /^Head 8: turns by/ }).check();
  await said(page, /Layer 1, head 8, channel/);
  await said(page, /comes to .* as well/);
  await agrees(page, 40);
  await page.getByRole("radio", { name: /^Head 1: turns by/ }).check();
  await said(page, /Layer 1, head 1, channel/);
}));

test("it is stepped by keys and buttons, and the words follow", calm(async (page) => {
  await stage(page).focus();
  await page.keyboard.press("Home");
  await said(page, /Token 1 of 40, "W", kicked the arrow/);
  await page.getByRole("button", { name: "One token back", disabled: true }).waitFor();
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
  await said(page, /Token 4 of 40, "t"/);
  await words(view(page).locator(".memory-story"), /Then “t” kicks it by/);
  await page.keyboard.press("ArrowLeft");
  await said(page, /Token 3 of 40, "a"/);
  await page.keyboard.press("End");
  await said(page, /Token 40 of 40, "\?"/);
  await page.getByRole("slider", { name: "Token that was read last" }).press("Home");
  await words(view(page).locator(".memory-when"), "1 of 40");
  // After one token the state is its deposit, to the right or to the left.
  const dial = columns(await saved(page, "CSV", "memory dial"));
  assert.equal(dial("state_re")[0], dial("deposit")[0]);
  assert.equal(Number(dial("state_im")[0]), 0);
  await page.getByRole("slider", { name: "Token that was read last" }).press("End");
  await words(view(page).locator(".memory-when"), "40 of 40");
}));

test("both pictures are saved, with their words in them", calm(async (page) => {
  for (const figure of ["memory dial", "memory left"]) {
    const svg = (await saved(page, "SVG", figure)).toString();
    assert.match(svg, /Layer 1, head 1/);
    assert.ok((svg.match(/<(path|rect|circle)/g) ?? []).length > 20, `${figure}: the picture is in the file`);
    assert.deepEqual([...(await saved(page, "PNG", figure)).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  }
  const left = columns(await saved(page, "CSV", "memory left"));
  const dial = columns(await saved(page, "CSV", "memory dial"));
  const sum = left("left_re").reduce((all, one) => all + Number(one), 0);
  assert.ok(Math.abs(sum - Number(dial("state_re").at(-1))) < 1e-9, "what is left of the tokens adds up to the state");
}));

test("the first look plays by itself; Space pauses it and plays on", async (t) => {
  const page = await openPage(t, { path: "#lab/memory" });
  const play = view(page).locator(".memory-play");
  await words(play, "Pause");
  // So long a text that it is still playing, however slow the machine.
  await page.locator("#lab").getByRole("radio", { name: "My own" }).check();
  await page.getByRole("textbox", { name: "Text to look at" }).fill("To be, or not to be, that is the question. ".repeat(5));
  await words(view(page).locator(".memory-when"), /of 215$/);
  await play.evaluate((/** @type {HTMLButtonElement} */ button) => { if (button.textContent === "Play") button.click(); });
  await stage(page).focus();
  await page.keyboard.press(" ");
  await words(play, "Play");
  const [token] = (await view(page).locator(".memory-when").innerText()).split(" of ").map(Number);
  assert.ok(token < 215);
  await page.keyboard.press(" ");
  await words(play, "Pause");
});

test("a bend changes the dial at once, here and in the waves, and the engine agrees again", calm(async (page) => {
  const canvas = stage(page).locator("canvas");
  const before = await picture(canvas);
  await view(page).getByRole("slider", { name: "damping" }).press("ArrowRight");
  await eventually(async () => await picture(canvas) !== before, true, "the dial did not move");
  await applied(page);
  await said(page, /comes to .* as well/);
  // The same wave, bent where the waves are.
  await go(page, "Write");
  const phase = channel(page, 1).getByRole("spinbutton", { name: "phase" });
  await phase.fill("1.5");
  await phase.press("Enter");
  await go(page, "Lab");
  await said(page, /on the line that points to −86°/);
  await unbend(page);
  await eventually(() => picture(canvas), before, "taken back, it is as it was");
}));

test("the line that is heard along is drawn round, which bends the phase", calm(async (page) => {
  const handle = page.getByRole("button", { name: /^The line that is heard along/ });
  const box = /** @type {{x: number, y: number, width: number, height: number}} */ (await handle.boundingBox());
  const dial = /** @type {{x: number, y: number, width: number, height: number}} */ (await stage(page).boundingBox());
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(dial.x + dial.width / 2, dial.y + 30, { steps: 4 });
  await page.mouse.up();
  await said(page, /on the line that points to 90°/);
  await handle.focus();
  await page.keyboard.press("ArrowRight");
  await said(page, /on the line that points to 87°/);
  await words(view(page).locator(".memory-when"), "40 of 40");
  await unbend(page);
}));

test("a token that is pointed at says what is left of it; a muted head is not heard", calm(async (page) => {
  await page.getByRole("group", { name: /The text, token by token/ }).focus();
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  await page.getByText(/^Token 39, s: it kicked the arrow by .*, of which \d+ % is left; .* of what is heard is its part\.$/).waitFor();
  await toggleMute(page, 1);
  await said(page, /The head is muted: its state goes on, and nobody listens/);
  await unbend(page);
}));

test("the numbers that are kept are those that the engine says it keeps", calm(async (page) => {
  await words(view(page).locator(".memory-kept"), /1,320 numbers for the whole text.*1,280 numbers for each, 51,200 by now/s);
  await go(page, "Write");
  // Eight bytes each.
  await words(page.locator("#generate .readings"), /10\.6 kB kept, always/);
}));

test("it is the same for a model whose tokens sit between two cells", other(async (page) => {
  const [between] = await makeModels([{ num_layers: 1, num_heads: 2, ffn_dim: 16, max_seq_len: 16, field_size: 60, interference_interval: 1 }]);
  await openModel(page, between, "between");
  await ownText(page, "annabella");
  await said(page, /sit between two cells/);
  await agrees(page, 9);
}));

test("for a Transformer there is nothing to see, and it is said why", other(async (page) => {
  const [standard] = await makeModels([STANDARD]);
  await openModel(page, standard, "standard");
  await toMemory(page);
  await page.locator("#lab").getByRole("radio", { name: "My own" }).check();
  await page.getByRole("textbox", { name: "Text to look at" }).fill("annabella");
  await page.locator("#lab").getByRole("alert").filter({ hasText: /standard Transformer: it has no state that turns and fades.*64 numbers for each, 576 for the 9 of this text/ }).waitFor();
  await view(page).waitFor({ state: "hidden" });
}));

test("from the waves a link and each head's dial lead to it, and nothing has moved for them", async (t) => {
  const page = await openPage(t);
  await settle(page);
  await page.locator(".memory-tiny").nth(7).waitFor();
  const places = () => page.evaluate(() => [...document.querySelectorAll("#waves > *, #waves .channel > *, .channel-id > *, #generate > *, .colophon")]
    .filter((element) => !element.matches(".memory-tiny, .memory-door")).map((element) => Object.values(element.getBoundingClientRect().toJSON()).join()));
  const take = (/** @type {string} */ display) => page.evaluate((display) => {
    for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".memory-tiny, .memory-door"))) element.style.display = display;
  }, display);
  for (const size of [{ width: 1440, height: 900 }, { width: 1024, height: 768 }]) {
    await page.setViewportSize(size);
    const withThem = await places();
    await take("none");
    assert.deepEqual(await places(), withThem, `${size.width} pixels wide`);
    await take("");
  }
  await page.locator(".memory-tiny").nth(2).click();
  await said(page, /Layer 1, head 3, channel/);
  await go(page, "Write");
  await page.getByRole("link", { name: "How it remembers" }).click();
  await view(page).waitFor();
});

test("on a phone it is played with a thumb, and nothing sticks out", async (t) => {
  const page = await openPage(t, { size: "phone", colors: "dark", motion: "reduce" });
  await settle(page);
  await page.getByRole("link", { name: "How it remembers" }).click();
  await said(page, /Token \d+ of/);
  await eventually(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "something sticks out sideways");
  for (const button of await view(page).locator(".memory-transport button").all()) {
    const box = await button.boundingBox();
    assert.ok(box && box.width >= 40 && box.height >= 40, JSON.stringify(box));
  }
  const [dial, transport] = await Promise.all([stage(page).boundingBox(), view(page).locator(".memory-transport").boundingBox()]);
  assert.ok(dial && transport && transport.y + transport.height - dial.y < 500, "the dial and what plays it are on one screen");
});
