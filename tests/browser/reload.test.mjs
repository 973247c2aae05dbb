// What a page that ends in the middle of a training finds when it is opened again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, startBrowser } from "./launch.mjs";
import { engines } from "./wait.mjs";
import { unfold } from "./train-parts.mjs";

const { openPage } = at("train");

/** @typedef {import("playwright-core").Page} Page */
/** Steps by when: that were reported, and that were on the disk by then. @typedef {[number, number][]} Moments */
/** @typedef {{ reports: Moments, stored: Moments, end?: number }} Log */

/** Notes in the page what the engine reports, and when a snapshot is on the disk. */
function note() {
  /** @type {Log} */
  const log = { reports: [], stored: [] };
  Object.assign(globalThis, { log });
  const { wire } = /** @type {{wire: import("./wait.mjs").Wire}} */ (/** @type {any} */ (globalThis));
  wire.told.push(({ event, detail }) => { if (event === "train_progress") log.reports.push([performance.now(), detail.step]); });
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (value, key) {
    if (String(key).startsWith("run-checkpoint/")) {
      this.transaction.addEventListener("complete", () => log.stored.push([performance.now(), Number(String(key).split("/").at(-1))]));
    }
    return put.call(this, value, key);
  };
}

/** @param {Page} page @param {Record<string, number>} settings */
async function start(page, settings) {
  await page.evaluate(note);
  await unfold(page);
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
  test(`a page that ends at any moment loses nothing that was stored, and stores all the time: ${what}`, async (t) => {
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
    await next.goto(`${server.url}#train`);
    await reaches(next, "interrupted");
    const kept = await next.evaluate(async () => {
      const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
      const [card] = [...(await storage.getAll("runs/")).values()];
      return card.last.step;
    });
    const known = /** @type {[number, number]} */ (log.stored.at(-1))[1];
    assert.ok(kept >= known, `step ${known} was stored, and ${kept} was found`);
    // When a snapshot is due, which decides how much is lost, the unit tests of its pace hold.
    const [now] = /** @type {[number, number]} */ (log.reports.at(-1));
    const [made] = log.reports.findLast(([, step]) => step <= kept) ?? [now];
    t.diagnostic(`step ${kept} of ${/** @type {[number, number]} */ (log.reports.at(-1))[1]}; ${Math.round(now - made)} ms of training were lost`);
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
