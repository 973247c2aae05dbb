// Things as the page keeps them, put there without making them first.

/** @typedef {import("playwright-core").Page} Page */

/** A training as the page keeps it. @param {Page} page @param {string} id @param {Record<string, unknown>} [changes] */
export const keepTraining = (page, id, changes = {}) => page.evaluate(async ([key, changed]) => {
  const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
  const [{ storage }, { settingsFor, startRequest }, { LossHistory }] = await Promise.all(["/sources/js/keep/storage.js", "/sources/js/train/presets.js", "/sources/js/charts/series.js"].map(load));
  const choices = { data: "names", size: "small", tokenizer: "character", pieces: 512, settings: settingsFor("names", "small", { steps: 40 }) };
  const { text: _, ...plan } = startRequest(choices, "Anna\nBert\n", `Names ${key}`);
  const heads = [[{ frequency: 1, damping: 0.1, phase: 0, gain: 1 }]];
  const facts = { step: 40, parameters: 1000, vocabulary: 14, tokensPerSecond: 5e4, learningRate: 1e-3, secondsTrained: 3.5, evaluations: [], samples: [], faults: [], layers: heads, initialLayers: heads };
  const card = { id: key, name: `Names ${key}`, createdAt: 1.7e12, savedAt: 1.7e12, state: "done", step: 40, lowest: null, choices, plan, last: null, best: null, textSize: 0, ...changed };
  await storage.setAll({ [`runs/${key}`]: card, [`run-curves/${key}`]: { facts, history: new LossHistory().toJSON() } });
}, /** @type {const} */ ([id, changes]));

/** A race of one pair, as the page keeps it, with what else is given. @param {Page} page @param {Record<string, unknown>} [values] */
export const keepRace = (page, values = {}) => page.evaluate(async (values) => {
  const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
  const [{ storage }, { makePlan, heatsOf, presetOf }, { newHeat }] = await Promise.all(["/sources/js/keep/storage.js", "/sources/js/race/plan.js", "/sources/js/race/results.js"].map(load));
  const choices = { data: "names", data_name: "Names", tokenizer: "character", pieces: 0, size: "quick", lineUp: "tuned", trials: false, settings: { ...presetOf("quick", "tuned"), steps: 20, seeds: 1 } };
  const plan = makePlan(choices, "20260101-000000");
  const heats = heatsOf(plan).map((/** @type {any} */ spec, /** @type {number} */ i) => ({ ...newHeat(spec), done: true, step: 20, parameters: 1000, evaluations: [{ step: 20, loss: 2 + i / 10, perplexity: Math.exp(2 + i / 10), accuracy: 0.3 }] }));
  await storage.setAll({ "race-results": [{ version: 1, plan, heats, disturbed: false, finishedAt: Date.UTC(2026, 0, 1) }], ...values });
}, values);

/** Something of each kind, and the page loaded anew with it. @param {Page} page */
export async function fillMine(page) {
  for (const id of ["1-a", "2-b"]) await keepTraining(page, id);
  await keepRace(page, {
    "train-own-text": { name: "poem.txt", text: "The tide is low, and the mud is warm and soft.\n" },
  });
  await page.evaluate(async () => {
    const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
    await storage.set("model-kept/small:64 1", { name: "small", bytes: new ArrayBuffer(64) });
  });
  await page.reload();
}
