// What it costs the page to take in a large text: how long that takes, and the longest time for which the page's own
// thread is held up by it. Run by itself, it prints that alone. Build the page first.
//
//     node tests/browser/bench-text.mjs

import { fileURLToPath } from "node:url";
import { launchChromium } from "./chromium.mjs";
import { serve } from "./server.mjs";

const MEGABYTES = 20;

/** @param {import("playwright-core").Browser} browser @param {string} url */
export async function measureText(browser, url) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(120_000);
  await page.goto(url);
  await page.locator(".token").nth(5).waitFor();
  await page.locator("#generate").getByRole("button", { name: "Stop", exact: true }).click();
  await page.locator("#train").getByRole("radio", { name: "Your own text" }).check();
  await page.locator("#train form").scrollIntoViewIfNeeded();
  const began = await page.evaluate(async (megabytes) => {
    const held = { longest: 0 };
    Object.assign(globalThis, { held });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) held.longest = Math.max(held.longest, duration);
    }).observe({ type: "longtask" });
    const chunk = new Blob(["The old king had three daughters, and a große Überraschung for each.\r\n".repeat(3000)]);
    const transfer = new DataTransfer();
    transfer.items.add(new File(Array.from({ length: Math.ceil((megabytes * 2 ** 20) / chunk.size) }, () => chunk), "kings.txt"));
    document.querySelector("#train .train-field")?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    return performance.now();
  }, MEGABYTES);
  await page.locator("#train .train-facts > div", { hasText: "Characters" }).locator("dd", { hasText: /^2\d,\d\d\d,\d\d\d$/ }).waitFor();
  const found = await page.evaluate((since) => ({ took: performance.now() - since, longest: /** @type {any} */ (globalThis).held.longest }), began);
  await page.close();
  return found;
}

/** @param {Awaited<ReturnType<typeof measureText>>} found */
export const textInWords = ({ took, longest }) =>
  `a text of ${MEGABYTES} MB is taken in within ${Math.round(took)} ms; the page's thread is held up for ${longest > 0 ? `${Math.round(longest)} ms at most` : "less than 50 ms"}`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await serve();
  const browser = await launchChromium();
  console.log(textInWords(await measureText(browser, server.url)));
  await browser.close();
  server.close();
}
