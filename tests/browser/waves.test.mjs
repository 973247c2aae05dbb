// Waves: bending a head redraws it, changes what comes next, and can be taken back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { onePage, openPage } from "./launch.mjs";
import { channel, finished, firstText, generatePanel, nextTokens, picture, saveModel, setPace, settle, textOf, write } from "./parts.mjs";
import { makeModels, openModel } from "./small-models.mjs";
import { eventually, frames, kept, pressWhen, words } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Each test takes back what it bent. */
const shared = onePage({}, firstText);

/** @param {Page} page @param {string} before */
const nextTokensOtherThan = (page, before) => eventually(() => nextTokens(page), (bars) => bars !== before, `still as before: ${before}`);
/** @param {Page} page @param {string} expected */
const nextTokensAre = (page, expected) => eventually(() => nextTokens(page), expected);
/** @param {Page} page */
const resetAll = (page) => page.getByRole("button", { name: "Reset all" }).click();

test("a slider bends the kernel and shifts the next token; reset takes both back", shared(async (page) => {
  await settle(page);
  await write(page);
  const before = await nextTokens(page);
  const kernel = channel(page, 2).locator(".kernel-canvas");
  const drawn = await picture(kernel);
  const slider = channel(page, 2).getByRole("slider", { name: "frequency" });
  await slider.focus();
  for (let i = 0; i < 60; i++) await page.keyboard.press("ArrowRight");
  await nextTokensOtherThan(page, before);
  await page.locator(".bar-before:visible").first().waitFor();
  await eventually(() => picture(kernel), (now) => now !== drawn, "the kernel is drawn as before");

  await channel(page, 2).getByRole("button", { name: "Reset head 2" }).click();
  await nextTokensAre(page, before);
  await eventually(() => picture(kernel), (now) => now === drawn, "the kernel is not drawn as before");
}));

test("the head that is missed most is marked with what it is worth, and the one that feels a bend most comes forward, before anything is pressed", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  const { worths } = await page.evaluate(() => JSON.parse(document.getElementById("recorded")?.textContent ?? ""));
  /** @param {number[][]} heads */
  const most = (heads) => Math.max(...heads.map(([mean]) => mean));
  const best = most(worths.layers.flat());
  await eventually(() => channel(page, 8).locator(".channel-most").innerText(), `+${best.toFixed(2)}`);
  await words(page.locator(".chosen-words"), new RegExp(`^Head 5: .* Without it the loss rises by 0\\.\\d{3} ± 0\\.\\d{3} nats a token\\. Bent, it rises by ${most(worths.bent.layers.flat()).toFixed(3)} ± 0\\.\\d{3} nats a token, the most of all heads\\.$`));
  // The engine finds the same: muted, it costs the more.
  const [first] = worths.layers[0];
  assert.ok(first[0] < best / 10, "the first head is hardly missed");
  // Every layer brings its own forward.
  await page.locator("#waves").getByRole("radio", { name: "4", exact: true }).check();
  const fourth = most(worths.bent.layers[3]);
  await words(page.locator(".chosen-words"), new RegExp(` Bent, it rises by ${fourth.toFixed(3)} ± `));
});

test("of another model it is measured while nothing else is to be done, and is the same there", async (t) => {
  const page = await openPage(t);
  await settle(page, { length: 20 });
  const worth = () => channel(page, 8).locator(".channel-worth").innerText();
  const shipped = Number(await worth());
  const { bytes } = await saveModel(page);
  await openModel(page, bytes, "copy");
  await eventually(worth, (text) => Math.abs(Number(text) - shipped) < 0.05, "it is not measured");
  await words(page.locator(".chosen-words"), /^Head 8: .*, the most of all heads\.$/);
});

test("a wave is bent by its drawing, with the mouse and by its handles, and the text goes on under it", shared(async (page) => {
  await settle(page);
  const straight = await write(page);
  const number = (/** @type {string} */ name) => channel(page, 8).getByRole("spinbutton", { name }).inputValue().then(Number);
  const [frequency, damping, phase] = await Promise.all(["frequency", "damping", "phase"].map(number));
  const canvas = channel(page, 8).locator(".kernel-canvas");
  await canvas.scrollIntoViewIfNeeded();
  const box = /** @type {{x: number, y: number, width: number}} */ (await canvas.boundingBox());
  const end = box.x + box.width;
  // Beside the handles, of which each bends one number only.
  await page.mouse.move(end - 130, box.y + 8);
  await page.mouse.down();
  await page.mouse.move(end - 190, box.y + 8, { steps: 3 });
  await page.mouse.move(end - 264, box.y + 8, { steps: 3 });
  await page.mouse.up();
  // Stretched to twice its length, less the hand's shaking.
  const heard = 2 * Math.PI - frequency;
  await eventually(() => number("frequency"), (now) => Math.abs(now - heard / 2) < 0.001 * heard, "the frequency does not follow the hand");
  assert.ok(Math.abs(await number("phase") + phase) < 0.001, "turned the other way round");
  assert.equal(await number("damping"), damping);
  await words(page.locator(".model-size"), /^bent · 1\.4 million parameters/);
  assert.notEqual(await write(page), straight);
  // Upwards it carries further, and what that does is said where it is done.
  await canvas.scrollIntoViewIfNeeded();
  const { y } = /** @type {{y: number}} */ (await canvas.boundingBox());
  await page.mouse.move(end - 200, y + 8);
  await page.mouse.down();
  await page.mouse.move(end - 200, y - 116, { steps: 3 });
  await page.mouse.up();
  await eventually(() => number("damping"), (now) => Math.abs(now / damping - Math.exp(-2)) < 0.01, "the damping does not follow the hand");
  await words(page.locator("#waves .effect"), /^Bent so, the loss rises by 0\.\d+ ± 0\.\d+ nats a token \(perplexity \d\.\d+ → \d+\.\d+, on \d+ windows of held-back text\)\. Its forecasts for the text at hand move by \d+\.\d\d bits a token\. With the same seed, “\S+” becomes “\S+”\.$/);

  // By keyboard, at the handles.
  await channel(page, 8).getByRole("button", { name: /carry further or fade sooner/ }).focus();
  await page.keyboard.press("ArrowDown");
  await eventually(() => number("damping"), (now) => now > damping * Math.exp(-2) * 1.02);
  await channel(page, 8).getByRole("button", { name: /turn its phase/ }).focus();
  await page.keyboard.press("ArrowUp");
  await eventually(() => number("phase"), (now) => Math.abs(now + phase - 0.05) < 0.002);
  await resetAll(page);
  await eventually(() => number("frequency"), frequency);
  await page.locator("#waves .effect").waitFor({ state: "detached" });
  assert.equal(await write(page), straight);
}));

/** Where a head's handles stand in its drawing: their middles. @param {Page} page @param {number} head */
const handles = (page, head) => channel(page, head).evaluate((element) => {
  const plot = /** @type {Element} */ (element.querySelector(".kernel-canvas")).getBoundingClientRect();
  return [...element.querySelectorAll(".wave-handle")].map((handle) => {
    const { x, y, width, height } = handle.getBoundingClientRect();
    return { x: x + width / 2 - plot.x, y: y + height / 2 - plot.y, size: width, plot: { width: plot.width, height: plot.height } };
  });
});
/** @param {Awaited<ReturnType<typeof handles>>} all */
function standApart(all) {
  assert.equal(all.length, 3);
  for (const { x, y, size, plot } of all) assert.ok(x >= size / 2 - 0.1 && x <= plot.width - size / 2 + 0.1 && y >= size / 2 - 0.1 && y <= plot.height - size / 2 + 0.1, JSON.stringify(all));
  for (const [a, b] of [[0, 1], [0, 2], [1, 2]]) assert.ok(Math.hypot(all[a].x - all[b].x, all[a].y - all[b].y) >= 23.9, JSON.stringify(all));
}

test("the handles sit on the wave and go with it, under the hand, by slider and by key; they never leave the drawing", shared(async (page) => {
  await page.locator("#waves").getByRole("radio", { name: "1", exact: true }).check();
  const wave = channel(page, 1);
  await wave.locator(".kernel-canvas").scrollIntoViewIfNeeded();
  standApart(await handles(page, 1));
  const number = (/** @type {string} */ name) => wave.getByRole("spinbutton", { name }).inputValue().then(Number);
  const [damping] = [await number("damping")];
  // The reach, 17 tokens, is where the handle of the damping stands.
  const [, fade] = await handles(page, 1);
  const room = fade.plot.width / 40;
  assert.ok(Math.abs(fade.x - (fade.plot.width - room / 2 - (room * Math.LN10) / damping)) < 1, `${fade.x}`);
  // Halfway to the newest end it fades twice as fast, and the handle is where the hand is.
  const grip = /** @type {{x: number, y: number}} */ (await wave.locator(".damping-handle").boundingBox());
  const [x, y] = [grip.x + fade.size / 2, grip.y + fade.size / 2];
  const half = (fade.plot.width - fade.x) / 2;
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + half + 4, y, { steps: 4 });
  await eventually(() => number("damping"), (now) => Math.abs(now / damping - 2) < 0.01, "the damping does not follow the hand");
  await eventually(async () => (await handles(page, 1))[1].x, (now) => Math.abs(now - fade.x - half) < 1.5, "the handle does not stay under the hand");
  standApart(await handles(page, 1));
  await page.mouse.up();
  for (const [name, value] of [["damping", "6"], ["damping", "0.001"], ["frequency", "3"], ["phase", "3.1"], ["frequency", "0"]]) {
    await wave.getByRole("spinbutton", { name }).fill(value);
    await wave.getByRole("spinbutton", { name }).press("Enter");
    await frames(page);
    standApart(await handles(page, 1));
  }
  await resetAll(page);
}));

test("undo and redo go through the gestures one by one, whatever they were, and bring back what Reset all took", shared(async (page) => {
  const wave = channel(page, 2);
  const number = (/** @type {string} */ name) => wave.getByRole("spinbutton", { name }).inputValue().then(Number);
  const undo = page.locator("#waves").getByRole("button", { name: /^Undo|^Nothing to undo/ });
  const redo = page.locator("#waves").getByRole("button", { name: /^Redo|^Nothing to redo/ });
  const all = async () => [await number("frequency"), await number("damping"), await number("phase"), await wave.getByRole("button", { name: "Mute head 2" }).getAttribute("aria-pressed")];
  const file = await all();
  // A drag of the drawing is one step, however many moves it has.
  await wave.locator(".kernel-canvas").scrollIntoViewIfNeeded();
  const box = /** @type {{x: number, y: number, width: number}} */ (await wave.locator(".kernel-canvas").boundingBox());
  await page.mouse.move(box.x + box.width - 200, box.y + 8);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 290, box.y + 28, { steps: 8 });
  await page.mouse.up();
  await eventually(() => undo.getAttribute("aria-label"), "Undo the wave of head 2 in layer 1");
  const dragged = await all();
  assert.notDeepEqual(dragged, file);
  await wave.getByRole("button", { name: "Mute head 2" }).click();
  await eventually(() => undo.getAttribute("aria-label"), "Undo the muting of head 2 in layer 1");
  const muted = await all();
  await wave.getByRole("spinbutton", { name: "phase" }).fill("2");
  await wave.getByRole("spinbutton", { name: "phase" }).press("Enter");
  await eventually(() => undo.getAttribute("aria-label"), "Undo the phase of head 2 in layer 1");
  const turned = await all();
  await resetAll(page);
  await eventually(all, file);
  // By keyboard, where no text field has the focus.
  await page.keyboard.press("Control+z");
  await eventually(all, turned);
  await words(page.locator("#announcer"), "Undone: the wave of head 2 in layer 1.");
  await page.keyboard.press("Control+z");
  await eventually(all, muted);
  await undo.click();
  await eventually(all, dragged);
  await undo.click();
  await eventually(all, file);
  await page.keyboard.press("Control+Shift+Z");
  await eventually(all, dragged);
  await redo.click();
  await eventually(all, muted);
  // A text field has an undo of its own.
  const prompt = generatePanel(page).getByLabel("Prompt", { exact: true });
  await prompt.focus();
  await page.keyboard.press("Control+z");
  await frames(page);
  assert.deepEqual(await all(), muted);
  // Whoever bends anew goes on from there.
  await wave.getByRole("spinbutton", { name: "damping" }).fill("0.7");
  await wave.getByRole("spinbutton", { name: "damping" }).press("Enter");
  await eventually(() => redo.getAttribute("aria-label"), "Nothing to redo");
  // Over a reload, too.
  const last = await all();
  await kept(page, "heads", (heads) => heads?.[0][1].damping === 0.7);
  await kept(page, "bend-steps/shipped", (steps) => steps?.undo.at(-1)?.heads[0].is[1] === 0.7);
  await page.reload();
  await firstText(page);
  await eventually(all, last);
  await eventually(() => undo.getAttribute("aria-label"), "Undo the damping of head 2 in layer 1");
  await undo.click();
  await eventually(all, muted);
  await resetAll(page);
}));

test("what a link bends is a step, too", async (t) => {
  const page = await openPage(t, { path: "#heads=Shakespeare:1.2.f2" });
  await firstText(page);
  const number = () => channel(page, 2).getByRole("spinbutton", { name: "frequency" }).inputValue().then(Number);
  const undo = page.locator("#waves").getByRole("button", { name: /^Undo|^Nothing to undo/ });
  await eventually(number, 2);
  await eventually(() => undo.getAttribute("aria-label"), "Undo the frequency of head 2 in layer 1");
  await undo.click();
  await eventually(number, (now) => now !== 2);
});

test("the bends of every model are kept with it, over a reload and while another is open", async (t) => {
  const page = await openPage(t);
  await settle(page, { length: 20 });
  const { bytes } = await saveModel(page);
  await openModel(page, bytes, "copy");
  const damping = channel(page, 1).getByRole("spinbutton", { name: "damping" });
  await damping.fill("0.9");
  await damping.press("Enter");
  await page.locator(".model-size", { hasText: "bent" }).waitFor();
  const menu = page.getByRole("button", { name: /^Models\./ });
  await menu.click();
  await page.getByRole("group", { name: "Models" }).getByRole("button", { name: /^copy.*bent, open/ }).waitFor();
  await page.getByRole("group", { name: "Models" }).getByRole("button", { name: /^Shakespeare/ }).click();
  await eventually(() => damping.inputValue(), (now) => Number(now) !== 0.9);
  await page.reload();
  await firstText(page);
  await menu.click();
  await page.getByRole("group", { name: "Models" }).getByRole("button", { name: /^copy.*, bent/ }).click();
  await eventually(() => damping.inputValue().then(Number), 0.9);
  await page.locator(".notice", { hasText: "copy is bent as you left it." }).waitFor();
  await page.locator("#waves").getByRole("button", { name: "Undo the damping of head 1 in layer 1" }).waitFor();
  await page.locator(".notice").getByRole("button", { name: "As in its file" }).click();
  await eventually(() => damping.inputValue().then(Number), (now) => now !== 0.9);
  await page.locator("#waves").getByRole("button", { name: "Undo the damping of head 1 in layer 1" }).click();
  await eventually(() => damping.inputValue().then(Number), 0.9);
});

test("the text shows where the waves were bent while it was written, and where they were as in the file again", shared(async (page) => {
  await settle(page, { length: 20 });
  await write(page);
  assert.equal(await page.locator(".token-bent, .token-back").count(), 0);
  const onward = async () => {
    await generatePanel(page).getByRole("button", { name: "Continue" }).click();
    await finished(page);
  };
  const marks = () => page.locator("#generate .token").evaluateAll((tokens) => tokens.flatMap(({ className }, at) => (/-(bent|back)/.test(className) ? [`${className.split("-")[1]} ${at}`] : [])));
  const before = await nextTokens(page);
  const phase = channel(page, 8).getByRole("spinbutton", { name: "phase" });
  await phase.fill("3");
  await phase.press("Enter");
  await nextTokensOtherThan(page, before);
  await onward();
  await eventually(marks, ["bent 20"]);
  const bent = await nextTokens(page);
  await resetAll(page);
  await nextTokensOtherThan(page, bent);
  await onward();
  await eventually(marks, ["bent 20", "back 40"]);
  await write(page);
  await eventually(marks, []);
}));

test("a token that is pointed at has the waves weigh the text before it", shared(async (page) => {
  await settle(page, { length: 30 });
  await write(page);
  const axis = page.locator("#waves .context-canvas");
  const whole = await picture(axis);
  await page.locator("#generate .token").nth(9).hover();
  await eventually(() => picture(axis), (now) => now !== whole, "the waves still hear the end of the text");
  await page.locator("#generate h2").hover();
  await eventually(() => picture(axis), whole, "the waves do not hear the end of the text again");
}));

test("nothing moves under the pointer: from head to head, while a bend is measured, and once it is", shared(async (page) => {
  await settle(page);
  const top = () => page.locator("#waves .channels").evaluate((list) => list.getBoundingClientRect().top + scrollY);
  const before = await top();
  for (let head = 1; head <= 8; head++) {
    await channel(page, head).hover();
    await words(page.locator(".chosen-words"), new RegExp(`^Head ${head}:`));
    await frames(page);
    assert.equal(await top(), before, `the pointer is on head ${head}`);
  }
  await channel(page, 1).getByRole("button", { name: "Mute head 1" }).click();
  await words(page.locator("#waves .effect"), /being measured/);
  assert.equal(await top(), before, "it is being measured");
  await words(page.locator("#waves .effect"), /nats a token/);
  assert.equal(await top(), before, "it is measured");
  await resetAll(page);
}));

test("a dragged slider redraws its kernel within the frame", shared(async (page) => {
  const drawn = await channel(page, 2).evaluate(async (element) => {
    const canvas = /** @type {HTMLCanvasElement} */ (element.querySelector(".kernel-canvas"));
    const slider = /** @type {HTMLInputElement} */ (element.querySelector(".slider"));
    let redrawn = 0;
    for (let i = 1; i <= 20; i++) {
      const before = canvas.toDataURL();
      slider.value = String(0.5 + i / 10);
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      // Asked for after the page's own frame, so it comes in the same one.
      await new Promise((resolve) => requestAnimationFrame(resolve));
      if (canvas.toDataURL() !== before) redrawn++;
    }
    return redrawn;
  });
  assert.equal(drawn, 20);
  await resetAll(page);
}));

test("the number fields take exact values and refuse nonsense", shared(async (page) => {
  const damping = channel(page, 1).getByRole("spinbutton", { name: "damping" });
  await damping.fill("0.5");
  await damping.press("Enter");
  const reach = channel(page, 1).locator(".channel-reach");
  // ln 10 / 0.5, at one cell a token.
  await words(reach, "reach 4.6");
  await damping.fill("-3");
  await eventually(() => damping.getAttribute("aria-invalid"), "true");
  await frames(page);
  assert.equal(await reach.innerText(), "reach 4.6");
  await resetAll(page);
}));

test("muting changes what comes next, and muting every head but one is what solo does", shared(async (page) => {
  await settle(page);
  await write(page);
  const before = await nextTokens(page);
  await channel(page, 3).getByRole("button", { name: "Solo head 3" }).click();
  const solo = await nextTokensOtherThan(page, before);
  await channel(page, 3).getByRole("button", { name: "Solo head 3" }).click();
  await nextTokensAre(page, before);
  const heads = await page.getByRole("article").count();
  for (let head = 1; head <= heads; head++) {
    if (head !== 3) await channel(page, head).getByRole("button", { name: `Mute head ${head}` }).click();
  }
  await nextTokensAre(page, solo);
  await resetAll(page);
  await nextTokensAre(page, before);
}));

test("a text goes on under the bent wave from the next token", shared(async (page) => {
  await settle(page, { length: 120 });
  const straight = await write(page);
  await setPace(page, "Slow");
  await generatePanel(page).getByRole("button", { name: "Write", exact: true }).click();
  // In the very moment: the text must not be over by then.
  await pressWhen(page, () => { const { length } = document.querySelectorAll(".token"); return length >= 12 && length < 120; }, "[aria-label='Mute head 1']");
  for (let head = 2; head <= 4; head++) await channel(page, head).getByRole("button", { name: `Mute head ${head}` }).click();
  await setPace(page, "Full");
  await finished(page);
  const bent = await textOf(page);
  assert.equal(bent.slice(0, 12), straight.slice(0, 12), "what was written has changed");
  assert.equal(bent.length, 120);
  assert.notEqual(bent, straight);
  await resetAll(page);
}));

test("before and after stand side by side with the same seed", shared(async (page) => {
  await settle(page);
  const straight = await write(page);
  await page.getByRole("button", { name: "Before and after" }).click();
  await eventually(() => page.locator(".display:visible").count(), 2);
  await finished(page);
  await eventually(async () => [await textOf(page, 0), await textOf(page, 1)], [straight, straight], "nothing is bent, so both are the same");
  for (let head = 1; head <= 4; head++) await channel(page, head).getByRole("button", { name: `Mute head ${head}` }).click();
  await write(page);
  assert.equal(await textOf(page, 0), straight, "the file's own text");
  assert.notEqual(await textOf(page, 1), straight);
  await words(generatePanel(page).locator(".display-caption").last(), /parts at token \d+/);
  await page.getByRole("button", { name: "Before and after" }).click();
  await finished(page);
  await resetAll(page);
}));

test("another layer has other waves, and a bent head is still bent on coming back", shared(async (page) => {
  const frequency = channel(page, 1).getByRole("spinbutton", { name: "frequency" });
  await frequency.fill("1.25");
  await frequency.press("Enter");
  // The layer is marked, for whoever sees and for whoever hears the page.
  await page.locator("#waves").getByRole("radio", { name: "1 bent", exact: true }).waitFor();
  await page.locator("#waves").getByRole("radio", { name: "2", exact: true }).check();
  await page.waitForFunction(() => /** @type {HTMLInputElement} */ (document.querySelector(".channel .number")).value !== "1.25");
  await page.locator("#waves").getByRole("radio", { name: "1 bent", exact: true }).check();
  await page.waitForFunction(() => /** @type {HTMLInputElement} */ (document.querySelector(".channel .number")).value === "1.25");
}));

test("the waves of a model that is no longer open are let go of", async (t) => {
  const [few] = await makeModels([{}]);
  const page = await openPage(t);
  await firstText(page);
  await channel(page, 8).locator(".wave-handle").first().waitFor({ state: "attached" });
  await page.evaluate(() => Object.assign(globalThis, { oldWave: new WeakRef(/** @type {Element} */ (document.querySelectorAll("#waves .channel")[7])) }));
  await openModel(page, few);
  await eventually(() => page.locator("#waves .channel").count(), 4);
  const devtools = await page.context().newCDPSession(page);
  await eventually(async () => {
    await devtools.send("HeapProfiler.collectGarbage");
    return page.evaluate(() => /** @type {any} */ (globalThis).oldWave.deref() === undefined);
  }, true, "the old wave is still held");
});
