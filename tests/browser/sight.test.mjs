// What a person sees of a training: curves, moments, the heads' ways, and files of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { at, downloaded, openEmpty } from "./launch.mjs";
import { go, picture, settle } from "./parts.mjs";
import { SHORT, button, figure, fits, keptWhole, panel, reaches, start, train } from "./train-parts.mjs";
import { eventually, frames, words } from "./wait.mjs";

const { onePage, openPage } = at("train");

/** @typedef {import("playwright-core").Page} Page */

const STEPS = 120;
/** @param {Page} page */
const slider = (page) => panel(page).getByRole("slider", { name: "Moment of the training" });
/** @param {Page} page */
const trained = (page) => train(page, { ...SHORT, Steps: STEPS });
/** One training for all tests that only look at it. Each leaves it at the newest moment. */
const shared = onePage({}, trained);
/** Where the slider stands, in words. @param {Page} page @param {string | RegExp} said */
const stands = (page, said) => words(page.locator(".train-scrub-step"), typeof said === "string" ? (found) => found.includes(said) : said);
/** @param {Page} page */
async function now(page) {
  await button(page, "Now").click();
  await stands(page, `Now: step ${STEPS}`);
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

/** The layer's heads as the page tells them. @param {Page} page */
const heads = (page) => page.locator(".train-trajectories + .train-table tbody").evaluate((body) => body.textContent ?? "");

/** What a picture of every kernel shows, once it is as wanted. @param {Page} page @param {(picture: string) => boolean} wanted */
async function kernel(page, wanted) {
  const canvas = page.locator(".train-strip canvas").first();
  await canvas.scrollIntoViewIfNeeded();
  return eventually(() => picture(canvas), wanted, "the kernel is not drawn as expected");
}

test("before the first training there is an invitation and no empty chart", async (t) => {
  const page = await openPage(t);
  await page.locator(".train-welcome").waitFor();
  await frames(page);
  assert.equal(await page.locator(".train-sight canvas").count(), 0);
  assert.equal(await page.locator(".train-chart").first().isVisible(), false);
});

test("after a training every chart has its curve, its words and its value", shared(async (page) => {
  for (const id of ["perplexity", "accuracy", "rate", "gradient", "speed", "loss"]) {
    const card = page.locator(".curve-card", { has: page.locator(`input[value="${id}"]`) });
    await card.scrollIntoViewIfNeeded();
    const least = id === "accuracy" ? 1 : 2;
    await eventually(() => inks(card.locator("canvas")), (count) => count >= least, `${id} is empty`);
    await words(card.locator(".curve-card-value"), /\d/);
    await card.click();
    const chart = page.locator(".curve-main .train-chart");
    await eventually(async () => (await chart.getAttribute("aria-label")) ?? "", /against steps: .*\d.* at step \d+ to .*\d/, id);
    await eventually(() => inks(chart.locator("canvas")), (count) => count >= 2, `${id} is empty when it is large`);
    await words(page.locator(".train-legend-value").first(), /\d/);
  }
  for (const chart of await page.locator(".train-trajectory .train-chart").all()) {
    await chart.scrollIntoViewIfNeeded();
    await eventually(() => inks(chart.locator("canvas")), (count) => count >= 4, "a head's line is missing");
    await eventually(async () => (await chart.getAttribute("aria-label")) ?? "", /of layer 1 against steps: head 1 from .*\d to .*\d; head 2/);
  }
}));

test("the beginning shows the first heads, figures and sample, by pointer and by keyboard, and again after a reload", shared(async (page) => {
  await words(figure(page, "Step"), `${STEPS} of ${STEPS}`);
  const late = { heads: await heads(page), kernel: await kernel(page, () => true) };
  const assertFirst = async () => {
    await slider(page).focus();
    await page.keyboard.press("Home");
    await page.locator(".train-figures-past").waitFor();
    await words(figure(page, "Step"), `0 of ${STEPS}`);
    await words(figure(page, "Loss, held back"), "–");
    // Which of its names stand in the text is known once the text is there.
    const sample = await words(page.locator(".train-then"), /^Written at step 10\b[^]*\(in the text\)/);
    const current = await words(page.locator(".train-samples [aria-current]").first(), /^Step 10\b[^]*\(in the text\)/);
    const first = await eventually(() => heads(page), (found) => found !== late.heads);
    return { sample, current, heads: first, kernel: await kernel(page, (drawn) => drawn !== late.kernel) };
  };
  const first = await assertFirst();
  const initial = (await keptWhole(page)).facts.initialLayers[0][0].frequency;
  assert.ok(first.heads.includes(initial.toLocaleString("en-GB", { maximumSignificantDigits: 3 })), `${first.heads} has no ${initial}`);
  for (const chart of [".curve-main", ".train-trajectory"]) {
    await eventually(() => page.locator(`${chart} .curve-past`).first().evaluate((mark) => getComputedStyle(mark).display), "block");
  }

  await slider(page).focus();
  await page.keyboard.press("PageUp");
  await stands(page, `Step 12 of ${STEPS}`);
  await page.keyboard.press("ArrowRight");
  await stands(page, `Step 13 of ${STEPS}`);
  await now(page);
  const plot = page.locator(".curve-main .u-over");
  await plot.scrollIntoViewIfNeeded();
  const { width, height } = /** @type {{ width: number, height: number }} */ (await plot.boundingBox());
  await plot.click({ position: { x: width / 2, y: height / 2 } });
  await stands(page, `Step 60 of ${STEPS}`);

  await page.reload();
  await reaches(page, "done");
  await stands(page, `Now: step ${STEPS}`);
  assert.deepEqual(await assertFirst(), first);
  await now(page);
}));

test("the run plays through in ten seconds, stops half-way and goes on to the end", shared(async (page) => {
  // The page's clock goes as the test says, frame by frame.
  await page.evaluate(() => {
    const { now } = performance;
    // Later than now: what was drawn a moment ago would wait for its next turn by a clock that stands.
    const clock = { at: now.call(performance) + 2000 };
    performance.now = () => clock.at;
    Object.assign(globalThis, { clock, unclock: () => { performance.now = now; } });
  });
  /** Lets a time go by in frames of 50 ms. @param {number} milliseconds */
  const pass = (milliseconds) => page.evaluate(async (milliseconds) => {
    for (let passed = 0; passed < milliseconds; passed += 50) {
      /** @type {any} */ (globalThis).clock.at += 50;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  }, milliseconds);
  const play = button(page, "Play the training");
  await play.click();
  await page.locator(".train-figures-past").waitFor();
  await pass(4000);
  await button(page, "Pause the playing").click();
  await play.waitFor();
  const paused = await eventually(() => slider(page).inputValue(), (value) => Math.abs(Number(value) - 0.4 * STEPS) <= 1, "not where it is after 4 of 10 seconds");
  await pass(1000);
  assert.equal(await slider(page).inputValue(), paused, "it plays on");
  await play.press("Enter");
  await pass(5000);
  await eventually(() => slider(page).inputValue(), (value) => Math.abs(Number(value) - 0.9 * STEPS) <= 1, "not where it is after 9 of 10 seconds");
  await pass(1100);
  await stands(page, `Now: step ${STEPS}`);
  await play.waitFor();
  await page.evaluate(() => /** @type {any} */ (globalThis).unclock());
}));

test("the past can be looked at while the training goes on, and now is one press away", async (t) => {
  const page = await openPage(t);
  await start(page, { ...SHORT, Steps: 200_000 });
  await page.waitForFunction(() => Number(/** @type {HTMLInputElement} */ (document.querySelector(".train-scrub .slider")).max) > 3);
  await slider(page).focus();
  await page.keyboard.press("Home");
  await page.locator(".train-scrub-step", { hasText: /^Step 0 of/ }).waitFor();
  const reached = async () => Number(await slider(page).getAttribute("max"));
  const before = await reached();
  await page.waitForFunction((at) => Number(document.querySelector(".train-scrub .slider")?.getAttribute("max")) > at, before);
  assert.equal(await slider(page).inputValue(), "0");
  await panel(page).getByRole("button", { name: "Now", exact: true }).click();
  await page.locator(".train-scrub-step", { hasText: /^Now/ }).waitFor();
  await panel(page).getByRole("button", { name: "Stop" }).click();
  await reaches(page, "stopped");
});

test("the table for download has every evaluation, and the picture shows the charts", shared(async (page) => {
  const save = (/** @type {string} */ name) => downloaded(page, () => panel(page).getByRole("button", { name }).click());
  const table = await save("Download table");
  assert.equal(table.name, "wave-field-names-step-120.csv");
  const [head, ...rows] = table.bytes.toString().trimEnd().split("\n").map((line) => line.split(","));
  const { evaluations } = (await keptWhole(page)).facts;
  assert.ok(evaluations.length >= 10);
  for (const { step, loss, perplexity, accuracy } of evaluations) {
    const row = rows.find(([at]) => Number(at) === step);
    const field = (/** @type {string} */ name) => Number(row?.[head.indexOf(name)]);
    assert.deepEqual([field("validation_loss"), field("perplexity"), field("accuracy")], [loss, perplexity, accuracy]);
  }
  const { name, bytes } = await save("Download picture");
  assert.equal(name, "wave-field-names-step-120.png");
  assert.equal(bytes.subarray(1, 4).toString(), "PNG");
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  assert.ok(width > 500 && height > 500, `${width} x ${height}`);
}));

test("a training's sight fits a phone, and its chooser works without small charts", async (t) => {
  const page = await openPage(t, { size: "phone", colors: "dark" });
  await go(page, "Train");
  await train(page, { ...SHORT, Steps: 20 });
  await page.locator('.curve-card:has(input[value="speed"])').click();
  await page.locator("h3", { hasText: "Tokens a second" }).waitFor();
  await frames(page);
  assert.equal(await page.locator(".curve-card canvas").count(), 0);
  await fits(page);
});

test("what the pointer is on in one chart is marked and read in all of them", shared(async (page) => {
  const small = page.locator('.curve-card:has(input[value="speed"]) .u-over');
  await small.scrollIntoViewIfNeeded();
  await small.hover();
  const isMarked = (/** @type {string} */ chart, /** @type {string} */ display) => eventually(() => page.locator(`${chart} .curve-hover`).first().evaluate((mark) => getComputedStyle(mark).display), display, chart);
  await page.locator(".train-legend-step", { hasText: "at step 60" }).waitFor();
  for (const chart of [".curve-main", '.curve-card:has(input[value="rate"])']) await isMarked(chart, "block");
  await page.mouse.move(0, 0);
  await page.locator(".train-legend-step", { hasText: /^$/ }).waitFor({ state: "attached" });
  await isMarked(".curve-main", "none");
}));

test("a record of an older page, without its course, is shown as far as it goes", shared(async (page) => {
  await page.evaluate(async () => {
    const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
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
  await stands(page, `Step 0 of ${STEPS}`);
  await words(figure(page, "Step"), /^0 of/);
  await now(page);
  await words(figure(page, "Loss, training text"), /\d/);
}));

test("other runs are drawn beside this one under their names, however long they were", async (t) => {
  const page = await openEmpty(t);
  for (const file of ["page/tokens", "page/base", "train/train"]) await page.addStyleTag({ path: fileURLToPath(new URL(`../../www/css/${file}.css`, import.meta.url)) });
  await page.evaluate(async () => {
    const load = (/** @type {string} */ path) => import(/** @type {string} */ (new URL(path, document.baseURI).href));
    const { TrainCurves } = await load("/sources/js/train/progress/curves.js");
    const { momentAt } = await load("/sources/js/train/progress/moment.js");
    const { Course } = await load("/sources/js/train/course.js");
    const { LossHistory } = await load("/sources/js/charts/series.js");
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
  await page.locator(".train-legend", { hasText: /Run 1 1\.7\d+.*Run 2 2\.2\d+.*training text.*held-back text/ }).waitFor();
  const dashes = await page.locator(".train-legend .curve-key line").evaluateAll((lines) => lines.map((line) => line.getAttribute("stroke-dasharray")));
  assert.deepEqual(dashes, ["2 2", "9 3", "", "6 4"]);
  assert.match((await page.locator(".curve-main .train-chart").getAttribute("aria-label")) ?? "", /Run 1 from .*Run 2 from .*held-back text from/);
  await eventually(() => inks(page.locator(".curve-main canvas")), (count) => count >= 5, "a run is missing");
});

/** Counts how often each chart of the Train panel is drawn. */
function countDraws() {
  const draws = { charts: /** @type {Map<Element, number>} */ (new Map()), frame: /** @type {Map<Element, number>} */ (new Map()), at: /** @type {unknown} */ (null), most: 0 };
  Object.assign(globalThis, { draws });
  const { clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    const { canvas } = this;
    if (canvas.closest("#train .train-chart, #train .curve-card")) {
      // The document's time stands still within a frame.
      const now = document.timeline.currentTime;
      if (now !== draws.at) draws.frame.clear();
      draws.at = now;
      draws.frame.set(canvas, (draws.frame.get(canvas) ?? 0) + 1);
      draws.charts.set(canvas, (draws.charts.get(canvas) ?? 0) + 1);
      draws.most = Math.max(draws.most, draws.frame.get(canvas) ?? 0);
    }
    return clearRect.apply(this, area);
  };
}

test("while a training runs, what is seen is drawn now and then, and what is not seen is not drawn", async (t) => {
  // How much of the thread's time that takes is measured by `make bench`.
  const page = await openPage(t, { before: (opening) => opening.addInitScript(countDraws) });
  await settle(page);
  await start(page, { ...SHORT, Steps: 200_000 });
  await page.locator(".curve-main").scrollIntoViewIfNeeded();
  await page.locator(".curve-main canvas").waitFor();
  /** Waits for so many reports of the training, and gives how often each chart was drawn meanwhile. @param {number} reports */
  const drawn = (reports) => page.evaluate(async (reports) => {
    const { draws, told } = /** @type {any} */ (globalThis);
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    for (let i = 0; i < 3; i++) await frame();
    draws.charts.clear();
    draws.most = 0;
    const [from, began] = [told.train_progress, performance.now()];
    while (told.train_progress < from + reports) await frame();
    return { counts: /** @type {number[]} */ ([...draws.charts.values()]), most: draws.most, seconds: (performance.now() - began) / 1000 };
  }, reports);
  const seen = await eventually(() => drawn(10), ({ counts }) => counts.length > 1, "no chart is drawn");
  assert.equal(seen.most, 1, "a chart is drawn twice in a frame");
  // By the page's own clock, so that it holds however slow the machine.
  assert.ok(Math.max(...seen.counts) <= 2 + 2 * seen.seconds, `drawn ${seen.counts} times in ${seen.seconds} s`);
  await panel(page).evaluate((element) => { /** @type {HTMLElement} */ (element).hidden = true; });
  assert.deepEqual((await drawn(10)).counts, []);
});
