// A training that goes on from the open model: it begins as that model, learns another text, and says before and after.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { at } from "./launch.mjs";
import { arrives, firstText, go, stopWriting } from "./parts.mjs";
import { makeModels, openModel } from "./small-models.mjs";
import { button, figure, keptTrainings, keptWhole, panel, pauseHeld, reaches, set, startHeld } from "./train-parts.mjs";
import { eventually, words } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

const { openPage } = at("train");
const SETTINGS = { Steps: 60, Batch: 2, Context: 16 };
/** Its last tenth is 20 windows of 16 letters, each foretold from the one before: all of it is measured on. */
const LETTERS = 3210;
const TEXT = "karla\nmorten\nsiri\nleo\nida\n".repeat(200).slice(0, LETTERS);
/** The same with what a model of names lacks. */
const WITH_MORE = TEXT.replace("leo", "lé1o");

/** @type {Buffer} */ let small;
before(async () => { [small] = await makeModels([{}]); });

/** @param {Page} page */
const onward = (page) => panel(page).getByRole("radio", { name: /^Go on from the open model/ });

/** The page with the small model open, and the text under Train. @param {import("node:test").TestContext} t @param {string} [text] */
async function opened(t, text = TEXT) {
  const page = await openPage(t);
  await firstText(page);
  await openModel(page, small);
  await stopWriting(page);
  await go(page, "Train");
  await panel(page).getByRole("radio", { name: "Your own text" }).check();
  await page.locator("#train .train-own textarea").fill(text);
  await onward(page).check();
  await words(page.locator("#train .train-facts"), new RegExp(`Characters\\s+${text.length.toLocaleString("en-GB")}`));
  return page;
}

/** The mean loss of a model's file on windows of a text, by an engine of its own. @param {Page} page @param {Buffer} file @param {string} text */
const lossOf = (page, file, text) => page.evaluate(async ({ file, text }) => {
  const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
  const [{ Engine, startWorker }, { observe }, { joined, windowsOf }] = await Promise.all(["/sources/js/engine/client.js", "/sources/js/engine/observations.js", "/sources/js/text/validation.js"].map(load));
  const started = startWorker("measure");
  const engine = new Engine(() => started);
  await engine.request("load_model", { bytes: Uint8Array.from(file).buffer, name: "x" });
  const { ids } = await observe(engine, "encoding", { source: "original", text });
  const { losses } = await observe(engine, "whatif_losses", { before: "file", side: "before", ids: joined(windowsOf(ids, 16)), length: 16 });
  started.worker.terminate();
  return losses.reduce((/** @type {number} */ sum, /** @type {number} */ loss) => sum + loss, 0) / losses.length;
}, { file: [...file], text });

test("it begins as the open model, on a text of which only what that knows is read, and says what it was before", async (t) => {
  const page = await opened(t, WITH_MORE);
  await words(page.locator("#train .train-understood"), /small lacks 2 letters of this text: “1”, “é”\. They are left out: 2 of 3,211 characters \(less than 0\.1 %\)\./);
  await words(page.locator("#train .train-chosen").last(), /small: .* parameters, 2 layers of 4 heads\./);
  await set(page, SETTINGS);
  for (const label of ["Layers", "Heads", "Width", "Cells a token"]) await eventually(() => panel(page).getByLabel(label, { exact: true }).isDisabled(), true, label);
  await words(page.locator("#train .train-group-model"), /These are small's, which goes on as it is/);
  await eventually(() => panel(page).getByRole("radio", { name: /^Word pieces/ }).isDisabled(), true);
  // A quarter of a new model's.
  await eventually(() => panel(page).getByLabel("Learning rate", { exact: true }).inputValue(), "0.00075");
  const context = panel(page).getByLabel("Context", { exact: true });
  await context.fill("18");
  await context.press("Tab");
  await words(page.locator("#train .train-setting-problem").filter({ hasText: /./ }), /This model reads 17 tokens at once at most/);
  await context.fill("16");
  await context.press("Tab");
  await button(page, /^(Start training|Train another)$/).click();
  const { card, facts } = await keptWhole(page);
  assert.equal(card.name, "My text, on from small");
  assert.deepEqual([card.plan.model.embedding_dim, card.plan.model.max_seq_len, card.choices.base.name], [16, 17, "small"]);

  const [first] = facts.evaluations;
  assert.equal(first.step, 0);
  const read = WITH_MORE.replace(/[1é]/g, "");
  const heldBack = read.slice(Math.round(read.length * 0.9));
  const measured = await lossOf(page, small, heldBack);
  // The engine measures the last window too, which is not whole here.
  assert.ok(Math.abs(first.loss - measured) < 0.05, `${first.loss} before the first step, and ${measured} of the open model`);
  assert.ok(facts.evaluations.at(-1).loss < first.loss, "it has not learned");

  const told = page.getByRole("region", { name: "Before and after", exact: true });
  await words(told, /small, before and after/);
  await words(told.locator("tbody tr").first(), new RegExp(`The new text, held back\\s+${first.loss.toFixed(3)}\\s+\\d\\.\\d{3} \\(step 60\\)\\s+−\\d`));
  // It says of itself that it has learned names.
  await words(told.locator("tbody tr").last(), /What it had learned: Names\s+\d\.\d{3}\s+\d\.\d{3} \(step 60\)\s+[+−]\d/);
  const texts = told.locator(".train-before-text");
  const [was, is] = [facts.before.text, facts.samples.at(-1).text].map((text) => text.replace(/^\n+/, ""));
  assert.notEqual(was, is);
  await eventually(() => texts.first().textContent(), was);
  await eventually(() => texts.last().textContent(), is);
});

test("before its first step it has exactly the open model's loss, and paused and reloaded it comes to the same model, bit for bit", async (t) => {
  const page = await opened(t);
  await set(page, SETTINGS);
  await button(page, /^(Start training|Train another)$/).click();
  const whole = await keptWhole(page);
  const measured = await lossOf(page, small, TEXT.slice(LETTERS * 0.9));
  assert.ok(Math.abs(whole.facts.before.loss - measured) < 1e-4, `${whole.facts.before.loss} and ${measured}`);
  await reaches(page, "done");

  const training = await startHeld(page, SETTINGS);
  const step = await pauseHeld(page, training);
  assert.ok(step > 0 && step < 60);
  await page.reload();
  await reaches(page, "interrupted");
  await words(figure(page, "Step"), new RegExp(`^${step} of 60`));
  await button(page, "Go on").click();
  const [again] = await keptTrainings(page, ([newest, ...others]) => others.length === 1 && newest.card.state === "done" && newest.card.last?.step === 60 && newest.last !== null);
  assert.equal(again.last, whole.last);
  assert.deepEqual(again.facts.before, whole.facts.before);
  // It is a training like any other: its model opens.
  await button(page, "Write with it").click();
  await arrives(page, "Write");
  await words(page.locator(".model-name"), /^My text, on from small/);
});

test("a text that the model can hardly read is refused, and a new model is as it was", async (t) => {
  const page = await opened(t);
  await panel(page).getByRole("radio", { name: "Shakespeare" }).check();
  await words(page.locator("#train .train-understood"), /Too much of this text would be lost: small lacks letters that make up \d+ % of it, and up to 10 % may be left out\./);
  await button(page, "Start training").click();
  await words(page.locator("#train .train-start-problem"), /Too much of this text would be lost/);
  await panel(page).locator("input[value=small]").check();
  await words(page.locator("#train .train-understood"), /Vocabulary\s+65/);
  assert.ok(await panel(page).getByLabel("Layers", { exact: true }).isEnabled());
});

test("a link tells which model it goes on from; where another one is open the page says so", async (t) => {
  const page = await opened(t);
  const link = await eventually(() => page.evaluate(() => location.hash), /from=small-[0-9a-f]{8}/);
  const other = await openPage(t, { path: link });
  await firstText(other);
  await go(other, "Train");
  const problem = other.locator("#train .train-base-problem");
  await words(problem, /This goes on from "small" \([0-9a-f]{8}\), and "Shakespeare" is open\./);
  await eventually(() => other.evaluate(() => location.hash), /from=small-/);
  await button(other, "Start training").click();
  await words(other.locator("#train .train-start-problem"), /There is no text yet|This goes on from "small"/);
  // The very model, whatever its file is called.
  await openModel(other, small, "other-name");
  await go(other, "Train");
  await problem.waitFor({ state: "hidden" });
  await eventually(() => other.evaluate(() => location.hash), /from=other-name-/);
});
