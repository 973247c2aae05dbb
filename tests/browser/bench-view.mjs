// What it costs a training to be looked at: tokens a second with the Train panel shown and with it hidden, by turns,
// and how busy the page's own thread is with drawing. Run by itself, it prints that alone. Build the page first.
//
//     node tests/browser/bench-view.mjs

import { fileURLToPath } from "node:url";
import { launchChromium } from "./chromium.mjs";
import { serve } from "./server.mjs";
import { unfold } from "./train-parts.mjs";

/** @typedef {import("playwright-core").Page} Page */

const ROUNDS = 3;
const SPAN_MS = 20_000;
/** Until what was shown or hidden has settled. */
const SETTLING_MS = 1500;

/** Notes which step the engine has reached, and when. Runs in the browser. */
function noteProgress() {
  const found = { step: 0, at: 0 };
  Object.assign(globalThis, {
    reached: found,
    Worker: class extends Worker {
      /** @param {string | URL} url @param {WorkerOptions} [options] */
      constructor(url, options) {
        super(url, options);
        this.addEventListener("message", ({ data }) => {
          if (data.event === "train_progress") Object.assign(found, { step: data.detail.step, at: performance.now() });
        });
      }
    },
  });
}

/** @param {Page} page @returns {Promise<{ step: number, at: number }>} */
const reached = (page) => page.evaluate(() => ({ .../** @type {any} */ (globalThis).reached }));

/**
 * How busy the page's own thread is, in milliseconds of computing a second, since the last call.
 * @param {Page} page
 */
export async function watchThread(page) {
  const client = await page.context().newCDPSession(page);
  await client.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async () => {
    const { metrics } = await client.send("Performance.getMetrics");
    return { busy: metrics.find(({ name }) => name === "TaskDuration")?.value ?? NaN, at: performance.now() };
  };
  let last = await read();
  return async () => {
    const now = await read();
    const share = (1e6 * (now.busy - last.busy)) / (now.at - last.at);
    last = now;
    return share;
  };
}

/**
 * Shows the Train panel's curves, or takes the panel away.
 * @param {Page} page @param {boolean} shown
 */
export async function showPanel(page, shown) {
  await page.locator("#train").evaluate((panel, hidden) => { /** @type {HTMLElement} */ (panel).hidden = hidden; }, !shown);
  if (shown) await page.locator(".curve-main").scrollIntoViewIfNeeded();
  await page.waitForTimeout(SETTLING_MS);
}

/**
 * Begins a training that goes on for longer than it is watched, with nothing else at work.
 * @param {Page} page @param {Record<string, number>} [settings]  by their labels
 * @returns {Promise<number>} the tokens of a step
 */
export async function begin(page, settings = {}) {
  await page.locator(".token").nth(5).waitFor({ timeout: 20_000 });
  await page.getByRole("button", { name: "Stop", exact: true }).first().click();
  await unfold(page);
  const field = (/** @type {string} */ label) => page.locator("#train").getByLabel(label, { exact: true });
  for (const [label, value] of Object.entries({ Steps: 200_000, ...settings })) await field(label).fill(String(value));
  const tokens = Number(await field("Batch").inputValue()) * Number(await field("Context").inputValue());
  await page.getByRole("button", { name: "Start training" }).click();
  await page.locator(".curve-main canvas").waitFor({ timeout: 60_000 });
  return tokens;
}

/** @param {import("playwright-core").Browser} browser @param {string} url */
export async function measureView(browser, url) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.addInitScript(noteProgress);
  await page.goto(url);
  const tokens = await begin(page);
  const thread = await watchThread(page);
  const best = { shown: { speed: 0, busy: Infinity }, hidden: { speed: 0, busy: Infinity } };
  for (let round = 0; round < ROUNDS; round++) {
    // Each is the first by turns, so that a machine that becomes slower or faster favours neither.
    const ways = /** @type {("shown" | "hidden")[]} */ (round % 2 === 0 ? ["shown", "hidden"] : ["hidden", "shown"]);
    for (const way of ways) {
      await showPanel(page, way === "shown");
      await thread();
      const from = await reached(page);
      await page.waitForTimeout(SPAN_MS);
      const to = await reached(page);
      best[way].busy = Math.min(best[way].busy, await thread());
      best[way].speed = Math.max(best[way].speed, (1000 * tokens * (to.step - from.step)) / (to.at - from.at));
    }
  }
  await page.close();
  return best;
}

/** @param {Awaited<ReturnType<typeof measureView>>} best */
export function viewInWords({ shown, hidden }) {
  const count = (/** @type {number} */ value) => Math.round(value).toLocaleString("en");
  const slower = (100 * (1 - shown.speed / hidden.speed)).toFixed(1);
  return `training with its curves shown: ${count(shown.speed)} tokens/s, hidden: ${count(hidden.speed)} (${slower} % less);` +
    ` the page's thread computes for ${count(shown.busy)} and ${count(hidden.busy)} ms a second`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await serve();
  const browser = await launchChromium();
  console.log(viewInWords(await measureView(browser, server.url)));
  await browser.close();
  server.close();
}
