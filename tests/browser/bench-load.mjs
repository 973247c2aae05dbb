// How long a visitor waits: until the first text is written, over lines of several speeds, and how much the page shifts
// meanwhile. The lines are the server's: it sends no faster, answers no sooner, and compresses like any host.
//
//     node tests/browser/bench-load.mjs

import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { launchChromium } from "./chromium.mjs";
import { DIST, TYPES } from "./server.mjs";

/** @typedef {import("playwright-core").Browser} Browser */
/** @typedef {{name: string, bits: number, rtt: number}} Line  bits a second; `rtt` in milliseconds. */
/** @typedef {{picture: number, text: number, requests: number, bytes: number}} Load  in milliseconds; until the first text. */

const ROUNDS = 3;
/** Windows. */
const DESKTOP = { width: 1440, height: 900 };
const OTHERS = [{ width: 1024, height: 768 }, { width: 390, height: 844 }];
/** Bytes that are sent at a time. */
const PIECE = 4096;

/** @type {Line[]} */
const LINES = [
  { name: "1.6 Mbit/s, 150 ms", bits: 1.6e6, rtt: 150 },
  { name: "9 Mbit/s, 60 ms", bits: 9e6, rtt: 60 },
  { name: "100 Mbit/s, 10 ms", bits: 100e6, rtt: 10 },
  { name: "localhost", bits: Infinity, rtt: 0 },
];

/** All files of the page, as they are sent. @type {Map<string, {body: Buffer, headers: Record<string, string>}>} */
const files = new Map();
for (const name of /** @type {string[]} */ (readdirSync(DIST, { recursive: true })).filter((name) => extname(name))) {
  files.set(name.replaceAll("\\", "/"), {
    body: gzipSync(readFileSync(join(DIST, name)), { level: 9 }),
    headers: { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream", "Content-Encoding": "gzip" },
  });
}

/** A host at the end of a line, which all connections share. @param {Line} line */
async function host({ bits, rtt }) {
  let free = 0;
  let sent = 0;
  const take = async (/** @type {number} */ bytes) => {
    sent += bytes;
    const now = performance.now();
    free = Math.max(now, free) + (8000 * bytes) / bits;
    if (free - now > 1) await wait(free - now);
  };
  /** @type {string[]} */
  const asked = [];
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname.slice(1) || "index.html";
    asked.push(path);
    // A new connection takes a round more.
    const fresh = /** @type {any} */ (request.socket).used ? 1 : 2;
    /** @type {any} */ (request.socket).used = true;
    await wait(fresh * rtt);
    const file = files.get(path);
    if (!file) return response.writeHead(404).end();
    response.writeHead(200, { ...file.headers, "Content-Length": file.body.length });
    for (let at = 0; at < file.body.length; at += PIECE) {
      const piece = file.body.subarray(at, at + PIECE);
      await take(piece.length);
      response.write(piece);
    }
    response.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/`,
    soFar: () => ({ requests: asked.length, bytes: sent }),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Notes when the first drawn wave and the first token stand, and how far the page shifts. Runs before the page's scripts. */
function watch() {
  const found = { picture: 0, text: 0, shift: 0 };
  Object.assign(globalThis, { found });
  new PerformanceObserver((list) => {
    for (const entry of /** @type {any[]} */ (list.getEntries())) if (!entry.hadRecentInput) found.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  // The waves stand in the page itself: they are drawn as soon as anything is.
  new PerformanceObserver((list) => {
    const painted = list.getEntriesByName("first-contentful-paint")[0];
    if (painted && document.querySelector("#waves .channel .kernel-canvas")) found.picture = painted.startTime;
  }).observe({ type: "paint", buffered: true });
  const look = () => {
    if (!found.text && document.querySelector(".token")) found.text = performance.now();
    if (!found.text) requestAnimationFrame(look);
  };
  look();
}

/**
 * Opens the page as a first visitor does.
 * @param {Browser} browser @param {Line} line @param {{width: number, height: number}} viewport @param {(page: import("playwright-core").Page) => Promise<unknown>} [then]
 */
async function open(browser, line, viewport, then) {
  const server = await host(line);
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  await page.addInitScript(watch);
  await page.goto(server.url, { waitUntil: "commit" });
  await page.waitForFunction(() => /** @type {any} */ (globalThis).found.text > 0, null, { timeout: 120_000 });
  const until = server.soFar();
  await then?.(page);
  const found = await page.evaluate(() => /** @type {{found: {picture: number, text: number, shift: number}}} */ (/** @type {any} */ (globalThis)).found);
  await context.close();
  server.close();
  return { ...found, ...until };
}

/** @param {Browser} browser */
export async function measureLoad(browser) {
  /** @type {Record<string, Load>} */
  const lines = {};
  for (const line of LINES) {
    /** @type {Load[]} */
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await open(browser, line, DESKTOP));
    lines[line.name] = rounds.toSorted((a, b) => a.text - b.text)[ROUNDS >> 1];
  }
  /** @type {Record<string, number>} */
  const shifts = {};
  for (const size of [DESKTOP, ...OTHERS]) {
    const all = (/** @type {import("playwright-core").Page} */ page) => page.locator("#scaling > *").first().waitFor({ state: "attached" }).then(() => page.waitForTimeout(500));
    shifts[`${size.width}×${size.height}`] = (await open(browser, LINES[1], size, all)).shift;
  }
  return { lines, shifts };
}

/** @param {Awaited<ReturnType<typeof measureLoad>>} load */
export function loadInWords({ lines, shifts }) {
  const rows = Object.entries(lines).map(([name, { picture, text, requests, bytes }]) =>
    `| ${name} | ${(picture / 1000).toFixed(2)} s | ${(text / 1000).toFixed(2)} s | ${requests} | ${Math.round(bytes / 1000)} kB |`);
  return ["| line | first wave drawn | first text | requests until then | sent until then |", "| --- | --- | --- | --- | --- |", ...rows, "",
    "| window | layout shift while loading, at 9 Mbit/s |", "| --- | --- |", ...Object.entries(shifts).map(([name, shift]) => `| ${name} | ${shift.toFixed(3)} |`)].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const browser = await launchChromium();
  console.log(loadInWords(await measureLoad(browser)));
  await browser.close();
}
