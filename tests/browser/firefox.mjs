// The page in a real Firefox, driven over WebDriver BiDi.
//
//     node --test tests/browser/firefox.mjs

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import puppeteer from "puppeteer-core";
import { checkFirst, checkSecond, chromiumsText } from "./smoke/checks.mjs";
import { serveSmoke } from "./smoke/server.mjs";

/** The first Firefox that is installed; $FIREFOX wins. */
function findFirefox() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const programs = ["firefox-esr", "firefox"].flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env.FIREFOX ?? "", ...programs, "/Applications/Firefox.app/Contents/MacOS/firefox"].find((path) => path !== "" && existsSync(path));
}

const executablePath = findFirefox();
const skip = executablePath ? false : "no Firefox is installed here (on Debian: apt-get install firefox-esr)";

/** llvmpipe lets Firefox offer WebGPU without a graphics card. */
const WEBGPU = { "dom.webgpu.enabled": true, "dom.webgpu.workers.enabled": true, "gfx.webgpu.ignore-blocklist": true };

/** @param {Record<string, unknown>} [extraPrefsFirefox] */
const launch = (extraPrefsFirefox = {}) => puppeteer.launch({
  browser: "firefox", executablePath, headless: true, defaultViewport: { width: 1440, height: 900 }, extraPrefsFirefox,
});

/** @type {Awaited<ReturnType<typeof serveSmoke>>} */ let server;
/** @type {string} */ let text;
before(async () => {
  if (skip) return;
  server = await serveSmoke();
  text = await chromiumsText(server);
});
after(() => server?.close());

/** @param {import("puppeteer-core").Page} page @param {"first" | "second" | "card"} part */
async function drive(page, part) {
  const heard = server.hear(part);
  heard.catch(() => {}); // Told below.
  await page.goto(server.url(part));
  return heard;
}

test("Firefox writes, bends, trains, goes on exactly after a reload, exports and imports", { skip }, async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const page = await browser.newPage();
  const first = await drive(page, "first");
  checkFirst(first, text);
  checkSecond(first, await drive(page, "second"));
});

test("Firefox proves its graphics card and trains on it", { skip }, async (t) => {
  const browser = await launch(WEBGPU);
  t.after(() => browser.close());
  const page = await browser.newPage();
  const { card } = await drive(page, "card");
  // Where there is neither a card nor llvmpipe.
  if (/Everything is computed on the processor/.test(card.said)) return t.skip(card.said);
  assert.match(card.said, /Trains on the graphics card/);
  assert.ok(card.step > 0);
});

test("a private window of Firefox writes, trains and keeps while it is open", { skip }, async (t) => {
  const browser = await launch({ "browser.privatebrowsing.autostart": true });
  t.after(() => browser.close());
  const page = await browser.newPage();
  checkFirst(await drive(page, "first"), text);
});
