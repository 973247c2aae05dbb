// What it costs a training to be kept: tokens a second as the page trains, and with nothing written to the disk, by
// turns. Run by itself, it prints that alone. Build the page first.
//
//     node tests/browser/bench-snapshots.mjs

import { fileURLToPath } from "node:url";
import { begin } from "./bench-view.mjs";
import { launchChromium } from "./chromium.mjs";
import { serve } from "./server.mjs";
import { noteRequests } from "./wait.mjs";

/** @typedef {import("playwright-core").Browser} Browser */
/** @typedef {{kept: number, alone: number, snapshots: number}} Cost  tokens a second, and how many snapshots were written in that time */

const ROUNDS = 3;
const SPAN_MS = 20_000;
/** Until the number of workers and the pace of the snapshots are found. */
const SETTLING_MS = 8000;
/** What is set besides the page's own choices. @type {{name: string, settings: Record<string, number>}[]} */
const SHAPES = [
  { name: "small", settings: {} },
  { name: "5 million parameters", settings: { Width: 256, Layers: 6, Heads: 8, Batch: 8 } },
];

/**
 * Notes which step the engine has reached, and when; with `alone`, no snapshot is ever asked for. Runs in the page.
 * @param {boolean} alone
 */
function watch(alone) {
  const found = { step: 0, at: 0, snapshots: 0 };
  Object.assign(globalThis, { found });
  const { wire } = /** @type {{wire: import("./wait.mjs").Wire}} */ (/** @type {any} */ (globalThis));
  wire.told.push(({ event, detail }) => { if (event === "train_progress") Object.assign(found, { step: detail.step, at: performance.now() }); });
  wire.asked.push(({ type }) => {
    if (type !== "train_snapshot") return true;
    found.snapshots++;
    return !alone;
  });
}

/** @param {Browser} browser @param {string} url @param {typeof SHAPES[number]} shape @param {boolean} alone */
async function measure(browser, url, { settings }, alone) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await noteRequests(page);
  await page.goto(url);
  await page.evaluate(watch, alone);
  const tokens = await begin(page, settings);
  const read = () => page.evaluate(() => ({ .../** @type {{found: {step: number, at: number, snapshots: number}}} */ (/** @type {any} */ (globalThis)).found }));
  await page.waitForFunction(() => /** @type {any} */ (globalThis).found.step > 0);
  await page.waitForTimeout(SETTLING_MS);
  const from = await read();
  await page.waitForTimeout(SPAN_MS);
  const to = await read();
  await page.context().close();
  return { speed: (1000 * tokens * (to.step - from.step)) / (to.at - from.at), snapshots: to.snapshots - from.snapshots };
}

/** @param {Browser} browser @param {string} url @returns {Promise<Record<string, Cost>>} by the shape */
export async function measureSnapshots(browser, url) {
  /** @type {Record<string, Cost>} */
  const costs = {};
  for (const shape of SHAPES) {
    const best = { kept: 0, alone: 0, snapshots: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      for (const alone of round % 2 === 0 ? [false, true] : [true, false]) {
        const { speed, snapshots } = await measure(browser, url, shape, alone);
        if (!alone) best.snapshots = snapshots;
        const key = alone ? "alone" : "kept";
        best[key] = Math.max(best[key], speed);
      }
    }
    costs[shape.name] = best;
  }
  return costs;
}

/** @param {Record<string, Cost>} costs */
export const snapshotsInWords = (costs) => Object.entries(costs).map(([name, { kept, alone, snapshots }]) => {
  const count = (/** @type {number} */ value) => Math.round(value).toLocaleString("en");
  return `${name}: ${count(kept)} tokens/s with a snapshot every ${(SPAN_MS / 1000 / snapshots).toFixed(1)} s,` +
    ` ${count(alone)} without (${(100 * (1 - kept / alone)).toFixed(1)} % less)`;
}).join("\n");

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await serve();
  const browser = await launchChromium();
  console.log(snapshotsInWords(await measureSnapshots(browser, server.url)));
  await browser.close();
  server.close();
}
