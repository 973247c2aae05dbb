// What every browser test starts from: one browser and one server a test file, and for each test a fresh
// page that fails the test if anything goes wrong in it unexpectedly.
//
//     import { test } from "node:test";
//     import { openPage } from "./launch.mjs";
//
//     test("what a person sees", async (t) => {
//       const page = await openPage(t, { size: "phone", colors: "dark" });
//       ...
//     });

import assert from "node:assert/strict";
import { after } from "node:test";
import { launchChromium } from "./chromium.mjs";
import { serve } from "./server.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Window sizes by name. */
export const SIZES = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
  narrow: { width: 360, height: 640 },
};

/** @typedef {{browser: import("playwright-core").Browser, server: Awaited<ReturnType<typeof serve>>}} Started */

/** By the browser's flags. @type {Map<string, Promise<Started>>} */
const started = new Map();

/** The test file's browser with these flags, and its server. @param {string[]} [flags] @returns {Promise<Started>} */
export function startBrowser(flags = []) {
  const key = flags.join(" ");
  const starting = started.get(key) ?? Promise.all([serve(), launchChromium(flags)]).then(([server, browser]) => ({ server, browser }));
  started.set(key, starting);
  return starting;
}

after(async () => {
  for (const starting of started.values()) {
    const { browser, server } = await starting;
    await browser.close();
    server.close();
  }
});

/**
 * Collects whatever a person would not want to happen: errors in the console, uncaught exceptions in
 * the page or its worker, files that are missing, and anything that is sent to another host.
 * @param {Page} page @param {string} url The page's own address.
 * @returns {string[]} Grows as problems turn up.
 */
function watchForProblems(page, url) {
  /** @type {string[]} */
  const problems = [];
  const { origin } = new URL(url);
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.stack ?? error.message}`));
  page.on("crash", () => problems.push("the page crashed"));
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`HTTP ${response.status()}: ${response.url()}`);
  });
  page.on("request", (request) => {
    const address = new URL(request.url());
    const own = address.origin === origin || ["data:", "blob:"].includes(address.protocol);
    if (!own) problems.push(`a request to another host: ${request.url()}`);
  });
  return problems;
}

/**
 * Opens the page for one test and closes it afterwards.
 * @param {import("node:test").TestContext} t
 * @param {object} [options]
 * @param {keyof typeof SIZES | {width: number, height: number}} [options.size]
 * @param {"light" | "dark"} [options.colors]
 * @param {"reduce" | "no-preference"} [options.motion]
 * @param {string} [options.path] What follows the page's address, such as a query.
 * @param {RegExp[]} [options.expected] Problems that belong to the test.
 * @param {string[]} [options.flags] The browser's own.
 * @param {(page: Page) => Promise<unknown>} [options.before] Runs before the page is opened.
 * @returns {Promise<Page>}
 */
export async function openPage(t, options = {}) {
  const { size = "desktop", colors = "light", motion = "no-preference", path = "", expected = [], flags = [], before } = options;
  const { browser, server } = await startBrowser(flags);
  const context = await browser.newContext({
    viewport: typeof size === "string" ? SIZES[size] : size,
    colorScheme: colors,
    reducedMotion: motion,
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const problems = watchForProblems(page, server.url);
  t.after(async () => {
    await context.close();
    const unexpected = problems.filter((problem) => !expected.some((pattern) => pattern.test(problem)));
    assert.deepEqual(unexpected, [], "the page reported problems");
  });
  await before?.(page);
  await page.goto(server.url + path);
  return page;
}

/**
 * An empty page of the page's own origin, to load modules in.
 * @param {import("node:test").TestContext} t @param {string[]} [flags] The browser's own.
 */
export async function openEmpty(t, flags = []) {
  const { server, browser } = await startBrowser(flags);
  return emptyPage(t, browser, server.url);
}

/**
 * The same of any server.
 * @param {import("node:test").TestContext} t @param {import("playwright-core").Browser} browser @param {string} url
 */
export async function emptyPage(t, browser, url) {
  const page = await browser.newPage();
  t.after(() => page.close());
  await page.route("**/empty.html", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto(`${url}empty.html`);
  return page;
}

/**
 * Notes the tasks that hold up the page's own thread for more than 50 ms, from now on.
 * @param {Page} page
 * @returns {Promise<() => Promise<number[]>>} Gives their durations in milliseconds.
 */
export async function watchLongTasks(page) {
  const durations = await page.evaluateHandle(() => {
    /** @type {number[]} */
    const found = [];
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) found.push(duration);
    }).observe({ type: "longtask" });
    return found;
  });
  return () => durations.jsonValue();
}
