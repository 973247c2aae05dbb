// What a person sees of a training: curves, moments, the heads' ways, and files of them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { showPanel, watchThread } from "./bench-view.mjs";
import { openEmpty, openPage } from "./launch.mjs";
import { settle } from "./parts.mjs";

/** @typedef {import("playwright-core").Page} Page */

const SHORT = { Steps: 120, Batch: 4, Context: 16 };
/** Generous, for a machine that is busy with other things. */
const PATIENCE = { timeout: 180_000 };

/** @param {Page} page */
const panel = (page) => page.locator("#train");
/** @param {Page} page */
const slider = (page) => panel(page).getByRole("slider", { name: "Moment of the training" });
/** @param {Page} page @param {string} state */
const reaches = (page, state) => page.locator(`.train-run[data-state="${state}"]`).waitFor(PATIENCE);
/** @param {Page} page @param {string} name */
const figure = (page, name) => page.locator(".train-figures > div", { has: page.getByText(name, { exact: true }) }).locator("dd").innerText();

/** @param {Page} page @param {Record<string, number>} [settings] */
async function start(page, settings = SHORT) {
  await page.locator(".train-details > summary").click();
  for (const [label, value] of Object.entries(settings)) await panel(page).getByLabel(label, { exact: true }).fill(String(value));
  await panel(page).getByRole("button", { name: "Start training" }).click();
}

/** @param {Page} page */
async function trained(page) {
  await start(page);
  await reaches(page, "done");
  await page.getByText("It took").waitFor(PATIENCE);
}

/** How many colours a chart's canvas has: an empty one has its grid's. @param {import("playwright-core").Locator} canvas */
const inks = (canvas) => canvas.evaluate((element) => {
  const { width, height } = /** @type {HTMLCanvasElement} */ (element);
  const context = /** @type {HTMLCanvasElement} */ (element).getContext("2d");
  const { data } = /** @type {CanvasRenderingContext2D} */ (context).getImageData(0, 0, width, height);
  const seen = new Map();
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] < 255) continue;
    const ink = `${data[i]},${data[i + 1]},${data[i + 2]}`;
    seen.set(ink, (seen.get(ink) ?? 0) + 1);
  }
  return [...seen].filter(([, count]) => count > 30).length;
});

/** What the page stored of the training's curves. @param {Page} page @returns {Promise<any>} */
const stored = (page) => page.evaluate(async () => {
  const { storage } = await import(/** @type {string} */ (new URL("js/storage.js", document.baseURI).href));
  const [key] = await storage.keys("run-curves/");
  return storage.get(key);
});

/** The layer's heads as the page tells them. @param {Page} page */
const heads = (page) => page.locator(".train-trajectories + .train-table tbody").evaluate((body) => body.textContent ?? "");

/** What a picture of every kernel shows. @param {Page} page */
async function kernel(page) {
  const canvas = page.locator(".train-strip canvas").first();
  await canvas.scrollIntoViewIfNeeded();
  await page.waitForTimeout(400);
  return canvas.evaluate((element) => /** @type {HTMLCanvasElement} */ (element).toDataURL());
}

test("before the first training there is an invitation and no empty chart", async (t) => {
  const page = await openPage(t);
  await page.locator(".train-welcome").waitFor();
  assert.equal(await page.locator(".train-sight canvas").count(), 0);
  assert.equal(await page.locator(".train-chart").first().isVisible(), false);
});

test("after a training every chart has its curve, its words and its value", async (t) => {
  const page = await openPage(t);
  await trained(page);
  for (const id of ["loss", "perplexity", "accuracy", "rate", "gradient", "speed"]) {
    const card = page.locator(".curve-card", { has: page.locator(`input[value="${id}"]`) });
    await card.scrollIntoViewIfNeeded();
    await card.locator("canvas").waitFor();
    await page.waitForTimeout(100);
    const empty = id === "accuracy" ? 1 : 2;
    assert.ok((await inks(card.locator("canvas"))) >= empty, `${id} is empty`);
    assert.match(await card.locator(".curve-card-value").innerText(), /\d/, id);
    await card.click();
    const chart = page.locator(".curve-main .train-chart");
    await page.waitForTimeout(200);
    assert.match((await chart.getAttribute("aria-label")) ?? "", /against steps: .*\d.* at step \d+ to .*\d/, id);
    assert.ok((await inks(chart.locator("canvas"))) >= 2, `${id} is empty when it is large`);
    assert.match(await page.locator(".train-legend-value").first().innerText(), /\d/, id);
  }
  for (const chart of await page.locator(".train-trajectory .train-chart").all()) {
    await chart.scrollIntoViewIfNeeded();
    await chart.locator("canvas").waitFor();
    await page.waitForTimeout(100);
    assert.ok((await inks(chart.locator("canvas"))) >= 4, "a head's line is missing");
    assert.match((await chart.getAttribute("aria-label")) ?? "", /of layer 1 against steps: head 1 from .*\d to .*\d; head 2/);
  }
});

test("the beginning shows the first heads, figures and sample, by pointer and by keyboard, and again after a reload", async (t) => {
  const page = await openPage(t);
  await trained(page);
  const look = async () => {
    await page.locator(".train-scrub").scrollIntoViewIfNeeded();
    return {
      step: await figure(page, "Step"), validation: await figure(page, "Validation"), heads: await heads(page),
      sample: await page.locator(".train-then").innerText(), current: await page.locator(".train-samples [aria-current]").allInnerTexts(), kernel: await kernel(page),
    };
  };
  const now = await look();
  assert.match(now.step, /^120 of 120/);
  await slider(page).focus();
  await page.keyboard.press("Home");
  await page.locator(".train-figures-past").waitFor();
  const first = await look();
  assert.match(first.step, /^0 of 120/);
  assert.equal(first.validation, "–");
  assert.match(first.sample, /^Written at step 10\b/);
  assert.match(first.current[0], /^Step 10\b/);
  assert.notEqual(first.heads, now.heads);
  assert.notEqual(first.kernel, now.kernel);
  const initial = (await stored(page)).facts.initialLayers[0][0].frequency;
  assert.ok(first.heads.includes(initial.toLocaleString("en-GB", { maximumSignificantDigits: 3 })), `${first.heads} has no ${initial}`);
  assert.equal(await page.locator(".curve-main .curve-past").evaluate((mark) => getComputedStyle(mark).display), "block");
  assert.equal(await page.locator(".train-trajectory .curve-past").first().evaluate((mark) => getComputedStyle(mark).display), "block");

  await slider(page).focus();
  await page.keyboard.press("PageUp");
  await page.locator(".train-scrub-step", { hasText: "Step 12 of 120" }).waitFor();
  await page.keyboard.press("ArrowRight");
  await page.locator(".train-scrub-step", { hasText: "Step 13 of 120" }).waitFor();
  await panel(page).getByRole("button", { name: "Now", exact: true }).click();
  await page.locator(".train-scrub-step", { hasText: "Now: step 120" }).waitFor();
  const plot = page.locator(".curve-main .u-over");
  const { width, height } = /** @type {{ width: number, height: number }} */ (await plot.boundingBox());
  await plot.click({ position: { x: width / 2, y: height / 2 } });
  await page.locator(".train-scrub-step", { hasText: "Step 60 of 120" }).waitFor();

  await page.reload();
  await reaches(page, "done");
  await slider(page).focus();
  await page.keyboard.press("Home");
  await page.locator(".train-figures-past").waitFor();
  assert.deepEqual(await look(), first);
});

test("the run plays through in about ten seconds, stops half-way and goes on to the end", async (t) => {
  const page = await openPage(t);
  await trained(page);
  const play = panel(page).getByRole("button", { name: "Play the training" });
  const began = Date.now();
  await play.click();
  await page.locator(".train-figures-past").waitFor();
  await page.waitForFunction(() => /** @type {HTMLInputElement} */ (document.querySelector(".train-scrub .slider")).valueAsNumber >= 40, null, PATIENCE);
  await panel(page).getByRole("button", { name: "Pause the playing" }).click();
  await play.waitFor();
  const paused = await slider(page).inputValue();
  await page.waitForTimeout(500);
  assert.equal(await slider(page).inputValue(), paused);
  await play.press("Enter");
  await page.locator(".train-scrub-step", { hasText: "Now: step 120" }).waitFor(PATIENCE);
  await play.waitFor();
  const seconds = (Date.now() - began) / 1000;
  assert.ok(seconds > 9 && seconds < 30, `${seconds} s`);
});

test("the past can be looked at while the training goes on, and now is one press away", async (t) => {
  const page = await openPage(t);
  await start(page, { ...SHORT, Steps: 20_000 });
  await page.waitForFunction(() => /** @type {HTMLInputElement} */ (document.querySelector(".train-scrub .slider")).max > "3", null, PATIENCE);
  await slider(page).focus();
  await page.keyboard.press("Home");
  await page.locator(".train-scrub-step", { hasText: /^Step 0 of/ }).waitFor();
  const reached = async () => Number(await slider(page).getAttribute("max"));
  const before = await reached();
  await page.waitForFunction((at) => Number(document.querySelector(".train-scrub .slider")?.getAttribute("max")) > at, before, PATIENCE);
  assert.equal(await slider(page).inputValue(), "0");
  await panel(page).getByRole("button", { name: "Now", exact: true }).click();
  await page.locator(".train-scrub-step", { hasText: /^Now/ }).waitFor();
  await panel(page).getByRole("button", { name: "Stop" }).click();
  await reaches(page, "stopped");
});

test("the table for download has every evaluation, and the picture shows the charts", async (t) => {
  const page = await openPage(t);
  await trained(page);
  const save = async (/** @type {string} */ name) => {
    const coming = page.waitForEvent("download");
    await panel(page).getByRole("button", { name }).click();
    const download = await coming;
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
  };
  const table = await save("Save table");
  assert.equal(table.name, "wave-field-names-step-120.csv");
  const [head, ...rows] = table.bytes.toString().trimEnd().split("\n").map((line) => line.split(","));
  const { evaluations } = (await stored(page)).facts;
  assert.ok(evaluations.length >= 10);
  for (const { step, loss, perplexity, accuracy } of evaluations) {
    const row = rows.find(([at]) => Number(at) === step);
    const field = (/** @type {string} */ name) => Number(row?.[head.indexOf(name)]);
    assert.deepEqual([field("validation_loss"), field("perplexity"), field("accuracy")], [loss, perplexity, accuracy]);
  }
  const picture = await save("Save picture");
  assert.equal(picture.name, "wave-field-names-step-120.png");
  assert.equal(picture.bytes.subarray(1, 4).toString(), "PNG");
  const [width, height] = [picture.bytes.readUInt32BE(16), picture.bytes.readUInt32BE(20)];
  assert.ok(width > 500 && height > 500, `${width} x ${height}`);
});

test("a record of an older page, without its course, is shown as far as it goes", async (t) => {
  const page = await openPage(t);
  await trained(page);
  await page.evaluate(async () => {
    const { storage } = await import(/** @type {string} */ (new URL("js/storage.js", document.baseURI).href));
    const [key] = await storage.keys("run-curves/");
    const { course, ...curves } = await storage.get(key);
    if (!course) throw new Error("the course was not stored");
    delete curves.history.ends;
    await storage.set(key, curves);
  });
  await page.reload();
  await reaches(page, "done");
  await slider(page).focus();
  await page.keyboard.press("Home");
  await page.locator(".train-scrub-step", { hasText: "Step 0 of 120" }).waitFor();
  assert.match(await figure(page, "Step"), /^0 of/);
  await panel(page).getByRole("button", { name: "Now", exact: true }).click();
  await page.locator(".train-figures > div", { has: page.getByText("Loss", { exact: true }) }).locator("dd", { hasText: /\d/ }).waitFor();
});

test("a training's sight fits a phone, and its chooser works without small charts", async (t) => {
  const page = await openPage(t, { size: "phone", colors: "dark" });
  await page.getByRole("tab", { name: "Train" }).click();
  await trained(page);
  assert.equal(await page.locator(".curve-card canvas").count(), 0);
  await page.locator('.curve-card:has(input[value="speed"])').click();
  await page.locator("h3", { hasText: "Tokens a second" }).waitFor();
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${over} px too wide`);
});

test("what the pointer is on in one chart is marked and read in all of them", async (t) => {
  const page = await openPage(t);
  await trained(page);
  const small = page.locator('.curve-card:has(input[value="speed"]) .u-over');
  await small.scrollIntoViewIfNeeded();
  await small.hover();
  const hover = (/** @type {string} */ chart) => page.locator(`${chart} .curve-hover`).first().evaluate((mark) => getComputedStyle(mark).display);
  await page.locator(".train-legend-step", { hasText: "at step 60" }).waitFor();
  for (const chart of [".curve-main", '.curve-card:has(input[value="rate"])']) assert.equal(await hover(chart), "block", chart);
  await page.mouse.move(0, 0);
  await page.locator(".train-legend-step", { hasText: /^$/ }).waitFor({ state: "attached" });
  assert.equal(await hover(".curve-main"), "none");
});

test("other runs are drawn beside this one under their names, however long they were", async (t) => {
  const page = await openEmpty(t);
  for (const file of ["tokens", "base", "train"]) await page.addStyleTag({ path: fileURLToPath(new URL(`../../www/css/${file}.css`, import.meta.url)) });
  await page.evaluate(async () => {
    const load = (/** @type {string} */ path) => import(/** @type {string} */ (new URL(path, document.baseURI).href));
    const { TrainCurves } = await load("js/panels/train-curves.js");
    const { momentAt } = await load("js/panels/train-moment.js");
    const { Course } = await load("js/panels/train-course.js");
    const { LossHistory } = await load("js/panels/train-series.js");
    const history = new LossHistory();
    const course = new Course();
    const steps = 100_000;
    for (let step = 1; step <= steps; step++) {
      history.add(step, 1 + 2 * Math.exp(-step / 20_000) + 0.2 * Math.sin(step));
      if (step % 20 === 0) course.progress({ step, tokens_per_second: 1e5, learning_rate: 1e-3, gradient_norm: 1 });
    }
    const evaluations = Array.from({ length: 400 }, (_, i) => ({ step: 250 * (i + 1), loss: 1.2 + Math.exp(-i / 80), perplexity: 4, accuracy: 0.5 }));
    const facts = { step: steps, vocabulary: 27, evaluations, samples: [], layers: [], initialLayers: [], tokensPerSecond: 1e5 };
    const told = { facts, history, course, plan: { data_name: "Long", train: { steps } }, state: "done" };
    const nothing = () => {};
    const curves = new TrainCurves({ scrub: document.createElement("div"), onHover: nothing, onPick: nothing, saveTable: nothing, savePicture: nothing });
    const box = document.createElement("div");
    box.className = "train-run";
    box.append(curves.element);
    document.body.append(box);
    const { steps: at, losses } = history.points();
    curves.overlays = [1, 2].map((n) => ({
      name: `Run ${n}`, steps: at, losses: losses.map((/** @type {number} */ loss) => loss + n / 2), dash: n === 1 ? [2, 2] : [9, 3], colour: `--head-${n}`,
      evaluations: evaluations.map((evaluation) => ({ ...evaluation, loss: evaluation.loss + n / 2 })),
    }));
    curves.show(told, momentAt(told, null));
  });
  await page.locator(".train-legend", { hasText: /Run 1 1\.7\d+.*Run 2 2\.2\d+.*training.*validation/ }).waitFor(PATIENCE);
  const dashes = await page.locator(".train-legend .curve-key line").evaluateAll((lines) => lines.map((line) => line.getAttribute("stroke-dasharray")));
  assert.deepEqual(dashes, ["2 2", "9 3", "", "6 4"]);
  assert.match((await page.locator(".curve-main .train-chart").getAttribute("aria-label")) ?? "", /Run 1 from .*Run 2 from .*validation from/);
  await page.waitForTimeout(300);
  assert.ok((await inks(page.locator(".curve-main canvas"))) >= 5, "a run is missing");
});

test("drawing leaves the page's own thread free while a training runs", async (t) => {
  const page = await openPage(t);
  await settle(page);
  await start(page, { ...SHORT, Steps: 20_000 });
  await page.locator(".curve-main .train-chart canvas").waitFor(PATIENCE);
  const thread = await watchThread(page);
  const busy = { hidden: 0, shown: 0 };
  for (const way of /** @type {const} */ (["hidden", "shown"])) {
    await showPanel(page, way === "shown");
    await thread();
    await page.waitForTimeout(5000);
    busy[way] = await thread();
  }
  // Of computing, not of waiting for other programs: it was about 55 and 7 on a busy machine of two cores.
  t.diagnostic(`${busy.shown.toFixed(0)} ms a second with the panel shown, ${busy.hidden.toFixed(0)} with it hidden`);
  assert.ok(busy.shown > 0 && busy.shown - busy.hidden < 150, `${busy.shown} ms a second shown, ${busy.hidden} hidden`);
  await panel(page).getByRole("button", { name: "Stop" }).click();
  await reaches(page, "stopped");
});
