// What every browser test starts from: one browser and one server a test file, and for each test a fresh
// page that fails the test if anything goes wrong in it unexpectedly. Opening the page costs more than most
// tests do, so tests that leave nothing behind share one.
//
//     import { test } from "node:test";
//     import { onePage, openPage } from "./launch.mjs";
//
//     test("what a person sees", async (t) => {
//       const page = await openPage(t, { size: "phone", colors: "dark" });
//       ...
//     });
//
//     const shared = onePage();
//     test("something that leaves the page as it was", shared(async (page) => { ... }));
//     test("something else", shared(async (page, t) => { ... }));

import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { after } from "node:test";
import { placeIn } from "../../www/js/page/places.js";
import { PLAIN } from "./chromium.mjs";
import { borrowBrowser } from "./pool.mjs";
import { serve } from "./server.mjs";
import { HANG_MS, noteRequests, writeLittle } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Window sizes by name. */
export const SIZES = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
  narrow: { width: 360, height: 640 },
};

/** @typedef {{browser: import("playwright-core").Browser, giveBack: () => void, server: Awaited<ReturnType<typeof serve>>}} Started */

/** By the browser's flags. @type {Map<string, Promise<Started>>} */
const started = new Map();

/** The test file's browser with these flags, and its server. @param {string[]} [flags] @returns {Promise<Started>} */
export function startBrowser(flags = PLAIN) {
  const key = flags.join(" ");
  const starting = started.get(key) ?? Promise.all([serve(), borrowBrowser(flags)]).then(([server, borrowed]) => ({ server, ...borrowed }));
  started.set(key, starting);
  return starting;
}

after(async () => {
  for (const starting of started.values()) {
    const { browser, giveBack, server } = await starting;
    await browser.close();
    giveBack();
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
 * @typedef {object} PageOptions
 * @property {keyof typeof SIZES | {width: number, height: number}} [size]
 * @property {"light" | "dark"} [colors]
 * @property {"reduce" | "no-preference"} [motion]
 * @property {string} [path] What follows the page's address, such as a query.
 * @property {RegExp[]} [expected] Problems that belong to the test.
 * @property {string[]} [flags] The browser's own.
 * @property {(page: Page) => Promise<unknown>} [before] Runs before the page is opened; the page is then given as soon as it loads.
 * @property {boolean} [offline] The page may keep itself in the browser.
 * @property {boolean} [writes] It writes a thousand tokens by itself, as it does for a visitor; otherwise a few.
 * @property {boolean} [empty] Not the page but an empty one of its origin, to load modules in.
 */

/**
 * What a promise gives, or an error after so many milliseconds.
 * @template T @param {number} milliseconds @param {Promise<T>} promise @param {string} what @returns {Promise<T>}
 */
function within(milliseconds, promise, what) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const end = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${what} did not end in ${milliseconds / 1000} seconds`)), milliseconds); });
  return /** @type {Promise<T>} */ (Promise.race([promise, end])).finally(() => clearTimeout(timer));
}

/** Waits until the last part of the page is there. @param {Page} page */
const stands = (page) => page.locator("#scaling > *").first().waitFor({ state: "attached" });

/** A page in a context of its own, and how to close it and what to say of its problems. @param {PageOptions} options */
async function open({ size = "desktop", colors = "light", motion = "no-preference", path = "", expected = [], flags, before, empty = false, offline = false, writes = false }) {
  const { browser, server } = await startBrowser(flags);
  const context = await browser.newContext({
    viewport: typeof size === "string" ? SIZES[size] : size,
    colorScheme: colors,
    reducedMotion: motion,
    acceptDownloads: true,
    // What is kept would hide what a test does to the page's files.
    serviceWorkers: offline ? "allow" : "block",
  });
  context.setDefaultTimeout(HANG_MS);
  const page = await context.newPage();
  // What is asked of a page has an end too, which Playwright leaves to it.
  const evaluate = page.evaluate.bind(page);
  page.evaluate = /** @type {typeof page.evaluate} */ ((/** @type {any[]} */ ...args) => within(HANG_MS, /** @type {any} */ (evaluate)(...args), `page.evaluate(${args[0]})`));
  const problems = watchForProblems(page, server.url);
  const assertNoProblems = () => {
    const unexpected = problems.splice(0).filter((problem) => !expected.some((pattern) => pattern.test(problem)));
    assert.deepEqual(unexpected, [], "the page reported problems");
  };
  await noteRequests(page);
  if (!writes) await writeLittle(page);
  await before?.(page);
  if (empty) await page.route("**/empty.html", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto(empty ? `${server.sources}empty.html` : server.url + path);
  // What is still being laid out moves under the hands. Where loading is meddled with, it may never stand.
  if (!empty && !before) await stands(page);
  return { page, close: () => context.close(), assertNoProblems };
}

/**
 * Opens the page for one test and closes it afterwards.
 * @param {import("node:test").TestContext} t @param {PageOptions} [options]
 * @returns {Promise<Page>}
 */
export async function openPage(t, options = {}) {
  const { page, close, assertNoProblems } = await open(options);
  t.after(async () => {
    await close();
    assertNoProblems();
  });
  return page;
}

/**
 * One page for several tests, each of which leaves it so that the next one can go on. A test that fails takes the page
 * with it, so that no other fails for its sake.
 * @param {PageOptions} [options] @param {(page: Page) => Promise<unknown>} [prepare]  once, after it is opened
 */
export function onePage(options = {}, prepare) {
  /** @type {ReturnType<typeof open> | null} */
  let opening = null;
  const drop = async () => {
    const opened = await opening?.catch(() => null);
    opening = null;
    await opened?.close();
  };
  after(drop);
  /** @param {(page: Page, t: import("node:test").TestContext) => Promise<unknown>} act */
  return (act) => async (/** @type {import("node:test").TestContext} */ t) => {
    try {
      opening ??= open(options).then(async (opened) => {
        await prepare?.(opened.page);
        return opened;
      });
      const { page, assertNoProblems } = await opening;
      await act(page, t);
      assertNoProblems();
    } catch (error) {
      await drop();
      throw error;
    }
  };
}

/**
 * Pages that are opened at one of their places, such as "train".
 * @param {string} place
 */
export function at(place) {
  const there = (/** @type {PageOptions} */ options) => {
    const { path = "" } = options;
    return { ...options, path: placeIn(path).place ? path : path.startsWith("#") ? `#${place}&${path.slice(1)}` : `${path}#${place}` };
  };
  return {
    openPage: (/** @type {import("node:test").TestContext} */ t, /** @type {PageOptions} */ options = {}) => openPage(t, there(options)),
    onePage: (/** @type {PageOptions} */ options = {}, /** @type {((page: Page) => Promise<unknown>) | undefined} */ prepare = undefined) => onePage(there(options), prepare),
  };
}

/** The bytes of a file that a page gave. @param {import("playwright-core").Download} download */
export const bytesOf = async (download) => buffer(await download.createReadStream());

/**
 * What a press gives to keep.
 * @param {Page} page @param {() => Promise<unknown>} press
 */
export async function downloaded(page, press) {
  const [download] = await Promise.all([page.waitForEvent("download"), press()]);
  return { name: download.suggestedFilename(), bytes: await bytesOf(download) };
}

/**
 * An empty page of the page's own origin, to load modules in.
 * @param {import("node:test").TestContext} t @param {string[]} [flags] The browser's own.
 */
export async function openEmpty(t, flags) {
  const { server, browser } = await startBrowser(flags);
  return emptyPage(t, browser, server.sources);
}

/**
 * The same of any server.
 * @param {import("node:test").TestContext} t @param {import("playwright-core").Browser} browser @param {string} url
 */
export async function emptyPage(t, browser, url) {
  const page = await browser.newPage();
  page.setDefaultTimeout(HANG_MS);
  t.after(() => page.context().close());
  await page.route("**/empty.html", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto(`${url}empty.html`);
  return page;
}
