// The Race panel with the real engine: a tiny race to its end, one that is stopped half-way, and its files.

import assert from "node:assert/strict";
import { test } from "node:test";
import { rateOf } from "../../www/js/race/results.js";
import { at, downloaded } from "./launch.mjs";
import { go } from "./parts.mjs";
import { engines, eventually, holdNewEngines, kept as keptAt, words } from "./wait.mjs";

const { onePage, openPage } = at("race");

/** @typedef {import("playwright-core").Page} Page */

const TINY = { Steps: 40, Seeds: 2, Context: 16, Batch: 4 };

/** @param {Page} page */
const panel = (page) => page.locator("#race");

/** @param {Page} page @param {Record<string, number>} settings @param {string} [lineUp] */
async function prepare(page, settings, lineUp = "As published") {
  await panel(page).getByRole("radio", { name: "Names" }).check();
  await panel(page).getByRole("radio", { name: new RegExp(`^${lineUp}`) }).check();
  const details = panel(page).locator("details", { hasText: "Settings of the race" });
  if (!(await details.evaluate((element) => /** @type {HTMLDetailsElement} */ (element).open))) await details.locator("summary").click();
  for (const [label, value] of Object.entries(settings)) await panel(page).getByLabel(label, { exact: true }).fill(String(value));
}

/** @param {Page} page */
const start = (page) => panel(page).getByRole("button", { name: "Start the race" }).click();

/** @param {Page} page @param {string} state */
const reaches = (page, state) => page.locator(`.race-run[data-state="${state}"]`).waitFor();

/** Races that end differently. @typedef {import("../../www/js/race/results.js").Result} Result */
/** The newest race that is kept, once it is another one than before and over. @param {Page} page @param {string} [before] its id @returns {Promise<Result>} */
const kept = async (page, before) => (await keptAt(page, "race-results", (/** @type {Result[] | undefined} */ results) =>
  !!results?.[0] && results[0].plan.id !== before && results[0].heats.every(({ done, failed }) => done || failed)))[0];

/** What must not depend on when a race was stopped. @param {import("../../www/js/race/results.js").Result} result */
const numbers = ({ heats }) => heats.map(({ id, step, evaluations, curve, parameters }) => ({ id, step, evaluations, curve, parameters }));

/** A cell of the table, by row and column. @param {Page} page @param {string} row @param {number} column */
const cell = (page, row, column) => panel(page).locator(".race-table tbody tr", { has: page.getByRole("rowheader", { name: row }) }).locator("td").nth(column);

/** @param {Page} page @param {string} kind */
async function saved(page, kind) {
  const { name, bytes } = await downloaded(page, () => panel(page).getByRole("button", { name: kind, exact: true }).click());
  assert.match(name, new RegExp(`^wave-field-race-published-.*\\.${kind.toLowerCase()}$`));
  return bytes;
}

/** Tests that start nothing. */
const shared = onePage();

test("nothing heavy starts by itself, and what races of ours came to is there to be read", shared(async (page) => {
  await go(page, "Race");
  await panel(page).getByText("A race that we ran", { exact: true }).waitFor();
  const shown = panel(page).getByLabel("Race shown");
  const [first, second] = await eventually(() => shown.locator("optgroup[label='Run by us'] option").allInnerTexts(), (names) => names.length >= 2);
  assert.equal(first, "Shakespeare, quick, tuned, 3 seeds");
  assert.equal(second, "Shakespeare, quick, as published, 3 seeds");
  await words(panel(page).locator(".race-outcome"), /^With every one of 3 seeds the Transformer ended with the higher perplexity: [\d.]+ % above .* standard deviation [\d.]+\)\.$/);
  await eventually(() => panel(page).locator(".race-texts blockquote").count(), 2);
  await words(cell(page, "Perplexity, held back", 2), "6.2");
  await words(panel(page).locator(".race-block .race-notes"), /We ran this race on another machine \(.+, Chromium \d+\)/);
  await shown.selectOption({ label: second });
  await words(panel(page).locator(".race-outcome"), /Wave Field model ended with the higher perplexity/);
  await panel(page).getByText("Parameters: Wave Field").waitFor();
  assert.equal(engines(page).length, 1, "the race has an engine before it was started");
}));

// More than ten seconds: two models are trained with several seeds.
test("a tiny race of a wave model and a Transformer fills the table, and its files hold everything", async (t) => {
  const page = await openPage(t);
  await prepare(page, TINY);
  await start(page);
  await reaches(page, "done");
  const result = await kept(page);
  assert.deepEqual(result.heats.map(({ id }) => id), ["seed-1-wave", "seed-1-standard", "seed-2-standard", "seed-2-wave"]);
  for (const { id, done, failed, step, evaluations, curve, engineSpeed } of result.heats) {
    assert.ok(done && !failed, id);
    assert.equal(step, 40);
    assert.equal(evaluations.at(-1)?.step, 40);
    assert.equal(curve.counts.reduce((sum, count) => sum + count, 0), 40, `${id}: a loss for every step`);
    assert.ok(curve.sums[39] < curve.sums[0], `${id} did not learn`);
    assert.ok(engineSpeed > 0);
  }
  // The same seed draws the same batches for both, and the first loss is that of guessing: nearly the same.
  const [a, b] = result.heats.map(({ parameters }) => parameters);
  assert.ok(Math.abs(a - b) < 0.005 * a, `${a} against ${b} parameters`);
  await words(cell(page, "Parameters", 0), a.toLocaleString("en-GB"));
  await words(cell(page, "Parameters", 1), b.toLocaleString("en-GB"));
  for (const row of ["Loss, held back", "Perplexity, held back", "Bits a byte", "Next token right, held back", "Tokens a second", "Memory while writing"]) {
    for (const column of [0, 1]) await words(cell(page, row, column), /^\d/);
  }
  await words(cell(page, "Perplexity, held back", 0), / to .*, sd /);
  await words(cell(page, "Memory while writing", 0), /the same for every token/);
  await words(cell(page, "Memory while writing", 1), /grows by/);
  await words(cell(page, "Perplexity, held back", 2), "6.2");
  await words(page.locator(".race-outcome"), /seeds/);
  await eventually(() => page.locator(".race-texts blockquote").allInnerTexts(), (texts) => texts.length === 2 && texts.every((text) => text !== ""));
  await panel(page).getByRole("button", { name: "Next: race the tuned one" }).waitFor();

  await panel(page).getByText("at the speed measured here").waitFor();
  const csv = (await saved(page, "CSV")).toString().trimEnd().split("\n");
  assert.equal(csv.filter((line) => line.startsWith("training,")).length, 4 * 40);
  assert.equal(csv.filter((line) => line.startsWith("result,")).length, 4);
  const json = JSON.parse((await saved(page, "JSON")).toString());
  assert.deepEqual(json.plan, result.plan);
  assert.equal(json.summaries[1].perplexity.n, 2);
  const png = await saved(page, "PNG");
  assert.deepEqual([...png.subarray(1, 4)], [..."PNG"].map((letter) => letter.charCodeAt(0)));
  assert.ok(png.readUInt32BE(16) === 2400 && png.length > 20_000, "a picture with something on it");
  await page.reload();
  await panel(page).getByText("Race shown").waitFor();
  await words(cell(page, "Parameters", 1), b.toLocaleString("en-GB"));
});

// More than ten seconds: a race is run twice, once with a reload in its middle.
test("stopped, reloaded and taken up again, a race comes to the same numbers as undisturbed", async (t) => {
  const page = await openPage(t);
  await prepare(page, { ...TINY, Seeds: 1 });
  await panel(page).getByRole("radio", { name: "Your own text" }).check();
  await panel(page).locator("textarea").fill("The sea was calm, the sky was wide.\n".repeat(60));
  await panel(page).locator(".train-facts", { hasText: "2,160" }).waitFor();
  const race = await holdNewEngines(page);
  await start(page);
  await race.held();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await panel(other).getByText("A race is under way in another tab of this browser.").waitFor();
  await other.close();
  await panel(page).getByRole("button", { name: "Stop", exact: true }).click();
  await race.release();
  await reaches(page, "stopped");
  await race.stop();
  await eventually(() => engines(page).length, 1, "a stopped race keeps an engine");
  await page.reload();
  await reaches(page, "interrupted");
  await panel(page).getByRole("button", { name: "Go on" }).click();
  await reaches(page, "done");
  const interrupted = await kept(page);
  await start(page);
  const whole = await kept(page, interrupted.plan.id);
  assert.notEqual(whole.plan.id, interrupted.plan.id);
  assert.deepEqual(numbers(interrupted), numbers(whole));
});

test("learning rates can be tuned for both first, and the race uses what was found", async (t) => {
  const page = await openPage(t, { size: "narrow" });
  await go(page, "Race");
  await prepare(page, { ...TINY, Seeds: 1, Steps: 20 }, "Tuned");
  await panel(page).getByRole("checkbox", { name: /Tune for both/ }).check();
  await start(page);
  await reaches(page, "done");
  const { plan, heats } = await kept(page);
  for (const [i, heat] of heats.filter(({ stage }) => stage === "heat").entries()) await words(cell(page, "Learning rate", i), String(rateOf(plan, heats, heat)));
  assert.deepEqual(heats.filter(({ stage }) => stage === "trial").map(({ peak_lr, done, seed }) => [peak_lr, done, seed]),
    [0.00067, 0.00067, 0.002, 0.002, 0.006, 0.006].map((rate) => [rate, true, 2]));
  await panel(page).getByText("Learning rates that were tried").click();
  await panel(page).getByRole("cell", { name: "0.00067" }).first().waitFor();
  await eventually(() => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), (over) => over <= 0, "too wide");
});

test("a setting out of its range is refused beside its field, and a text too short in words", shared(async (page) => {
  await prepare(page, { ...TINY, Seeds: 9 });
  await start(page);
  await panel(page).locator(".race-setting-problem", { hasText: "Seeds takes a whole number from 1 to 5." }).waitFor();
  await panel(page).getByLabel("Seeds", { exact: true }).fill("1");
  await panel(page).getByRole("radio", { name: "Your own text" }).check();
  await panel(page).locator("textarea").fill("Hello.");
  await panel(page).locator(".train-understood", { hasText: "too short" }).waitFor();
  await start(page);
  await panel(page).locator(".race-problem", { hasText: "too short" }).waitFor();
  assert.equal(engines(page).length, 1);
}));
