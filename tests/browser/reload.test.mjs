// What a page that ends in the middle of a training loses: by what it had stored, beside what the engine had reported.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, startBrowser } from "./launch.mjs";
import { engines } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** Moments of the page's clock, with the step that was reported, or that was on the disk by then. @typedef {[number, number][]} Moments */
/** @typedef {{ reports: Moments, stored: Moments, delays: number[] }} Log */

/** Notes in the page what the engine reports, when a snapshot is asked for, and when one is on the disk. */
async function note() {
  const log = { reports: [], stored: [], delays: [] };
  Object.assign(globalThis, { log });
  const { storage } = await import(/** @type {string} */ (new URL("/sources/js/storage.js", document.baseURI).href));
  const { Engine } = await import(/** @type {string} */ (new URL("/sources/js/engine.js", document.baseURI).href));
  const request = Engine.prototype.request;
  let asked = 0;
  Engine.prototype.request = function (/** @type {any[]} */ ...args) {
    if (args[0] === "train_snapshot") asked = performance.now();
    if (args[0] === "train_start" || args[0] === "train_continue") {
      this.on("train_progress", (/** @type {any} */ { step }) => log.reports.push(/** @type {never} */ ([performance.now(), step])));
    }
    return request.apply(this, args);
  };
  const setAll = storage.setAll.bind(storage);
  storage.setAll = async (/** @type {Record<string, any>} */ values, /** @type {any} */ forgotten) => {
    const done = await setAll(values, forgotten);
    const key = Object.keys(values).find((key) => key.startsWith("run-checkpoint/"));
    if (key) {
      log.stored.push(/** @type {never} */ ([performance.now(), Number(key.split("/").at(-1))]));
      log.delays.push(/** @type {never} */ (performance.now() - asked));
    }
    return done;
  };
}

/** @param {Page} page @param {Record<string, number>} settings */
async function start(page, settings) {
  await page.evaluate(note);
  await page.locator(".train-details > summary").click();
  for (const [label, value] of Object.entries(settings)) await page.locator("#train").getByLabel(label, { exact: true }).fill(String(value));
  await page.locator("#train").getByRole("button", { name: "Start training" }).click();
}

/** @param {Page} page @param {string} state */
const reaches = (page, state) => page.locator(`.train-run[data-state="${state}"]`).waitFor();

// Steps of a millisecond, and steps of which there are few in two seconds.
for (const [what, settings] of /** @type {const} */ ([
  ["small steps", { Steps: 100_000, Batch: 4, Context: 16 }],
  ["large steps", { Steps: 10_000, Batch: 64, Context: 128, Width: 128, Layers: 4 }],
])) {
  test(`a page that ends at any moment loses two seconds of training at most: ${what}`, async (t) => {
    const page = await openPage(t);
    await start(page, settings);
    // At a moment that nobody chose: after so many snapshots and reports.
    const more = Math.floor(8 * Math.random());
    const log = /** @type {Log} */ (await page.waitForFunction((more) => {
      const { log } = /** @type {any} */ (globalThis);
      if (log.stored.length < 3) return false;
      log.end ??= log.reports.length + more;
      return log.reports.length >= log.end && log;
    }, more, { polling: 20 }).then((handle) => handle.jsonValue()));
    const next = await page.context().newPage();
    await page.close({ runBeforeUnload: false });
    const { server } = await startBrowser();
    await next.goto(server.url);
    await reaches(next, "interrupted");
    const kept = await next.evaluate(async () => {
      const { storage } = await import(/** @type {string} */ (new URL("/sources/js/storage.js", document.baseURI).href));
      const [card] = [...(await storage.getAll("runs/")).values()];
      return card.last.step;
    });
    const known = /** @type {[number, number]} */ (log.stored.at(-1))[1];
    assert.ok(kept >= known, `step ${known} was stored, and ${kept} was found`);
    // Since the last step that is kept was made: for at least so long did the engine train in vain.
    const [now] = /** @type {[number, number]} */ (log.reports.at(-1));
    const [made] = log.reports.findLast(([, step]) => step <= kept) ?? [now];
    const gaps = log.reports.slice(1).map(([at], i) => at - log.reports[i][0]);
    // A machine that is busy with other things stores late, which the page sees only afterwards.
    const allowed = Math.max(2000, 2 * Math.max(...log.delays)) + Math.max(...gaps);
    assert.ok(now - made <= allowed, `${now - made} ms were lost, and ${allowed} are allowed`);
    // Nor are there more snapshots than that takes.
    t.diagnostic(`step ${kept}; ${Math.round(now - made)} ms were lost; snapshots took ${log.delays.map(Math.round).join(", ")} ms`);
  });
}

test("an engine that dies in the middle costs no more, and goes on by itself", async (t) => {
  const page = await openPage(t);
  await start(page, { Steps: 100_000, Batch: 4, Context: 16 });
  await page.waitForFunction(() => /** @type {any} */ (globalThis).log.stored.length >= 2);
  const [worker] = engines(page);
  const found = await page.evaluate(() => /** @type {any} */ (globalThis).log.stored.at(-1)[1]);
  await worker.evaluate(() => self.postMessage({ type: "event", event: "fatal", detail: { message: "It was ended by a test." } }));
  await page.getByText("The engine stopped and was started again.").waitFor();
  const words = await page.getByText(/Training goes on on the processor from step/).innerText();
  const from = Number(/from step ([\d,]+)/.exec(words)?.[1].replaceAll(",", ""));
  assert.ok(from >= found, words);
  await page.waitForFunction((from) => /** @type {any} */ (globalThis).log.stored.at(-1)[1] > from, from);
});
