// What the page says and does where something lacks: the right reason, what helps, and no wait without an end.

import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { launchChromium } from "./chromium.mjs";
import { openPage } from "./launch.mjs";
import { go } from "./parts.mjs";
import { serve } from "./server.mjs";
import { words } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** The sentence that stands in the page until it runs. @param {Page} page @param {RegExp} words */
const sentence = (page, words) => page.locator("#loading").filter({ hasText: words }).waitFor();
/** @param {Page} page @param {RegExp} words */
const notice = (page, words) => page.locator(".notice-error").filter({ hasText: words }).first().waitFor();
/** Any problem at all belongs to tests that break the page's files. */
const ANY = [/./];

test("the page's plain sentence goes once it runs", async (t) => {
  const page = await openPage(t);
  await page.locator("#loading").waitFor({ state: "detached" });
});

for (const [what, file, answer, words] of /** @type {const} */ ([
  ["is missing", /\/main-\w+\.js$/, { status: 404, body: "no" }, /"main-\w+\.js" is missing: the server answered 404/],
  ["has a wrong type", /\/chunk-\w+\.js$/, { contentType: "text/plain", body: "export const State = 1;" }, /sends "chunk-\w+\.js" as "text\/plain"/],
  ["is a sign-in page", /\/main-\w+\.js$/, { contentType: "text/html", body: "<html>Sign in</html>" }, /In the place of "main-\w+\.js" came a web page/],
])) {
  test(`a script of the page ${what}: the page says which and what helps`, async (t) => {
    const page = await openPage(t, { expected: ANY, before: (opening) => opening.route(file, (route) => route.fulfill(answer)) });
    await sentence(page, words);
    assert.ok(await page.locator("#loading").isVisible());
  });
}

for (const [what, file, answer, words] of /** @type {const} */ ([
  ["the worker's script is missing", /\/worker-[A-Z0-9]{8}\.js$/, { status: 404, body: "no" }, /could not be loaded\. "worker-\w+\.js" is missing: the server answered 404/],
  ["a sign-in page came in place of a worker's module", /\/wavefield\w*-\w+\.js$/, { contentType: "text/html", body: "<html>" }, /In the place of "wavefield\w*-\w+\.js" came a web page.*sign in/],
  ["the worker's script has a wrong type", /\/worker-[A-Z0-9]{8}\.js$/, { contentType: "text/plain", body: "1" }, /sends "worker-\w+\.js" as "text\/plain"/],
  ["the engine came cut short", /\.wasm$/, { contentType: "application/wasm", body: Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 7]) }, /_bg-\w+\.wasm" came damaged or cut short \(9 bytes\)/],
])) {
  test(`${what}: the page opens and says so`, async (t) => {
    const page = await openPage(t, { expected: ANY, before: (opening) => opening.context().route(file, (route) => route.fulfill(answer)) });
    await notice(page, words);
    await go(page, "Train");
    await page.locator("#train").getByRole("button", { name: "Start training" }).waitFor();
    await go(page, "Write");
    // What was wrong is put right.
    await page.context().unroute(file);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".token").nth(3).waitFor();
  });
}

test("while the model is on its way the page says so; where it does not come, why, and it can be tried again", async (t) => {
  const file = /\/model-\w+\.safetensors$/;
  /** @type {(value?: unknown) => void} */
  let release = () => {};
  const held = new Promise((resolve) => { release = resolve; });
  const page = await openPage(t, {
    expected: ANY,
    before: (opening) => opening.route(file, async (route) => {
      await held;
      await route.fulfill({ status: 503, body: "no" });
    }),
  });
  // The engine is there, is counted, and waits for it.
  await page.locator("#engine-status", { hasText: "WebAssembly" }).waitFor();
  const parts = (/** @type {string} */ text) => (/Opening the model\s+▾\s+(?:\?\s+)?([\d.]+) of ([\d.]+) MB$/.exec(text) ?? []).slice(1).map(Number);
  const coming = await words(page.locator(".model-card"), (text) => parts(text)[0] > 1);
  const [come, all] = parts(coming);
  const { size } = await stat(new URL("../../models/shakespeare/model.safetensors", import.meta.url));
  assert.ok(Math.abs(all - come - size / 1e6) < 0.11, `${coming}: the model is ${size} bytes`);
  // What can be seen at once is there, and says that it is recorded.
  await page.locator(".recorded", { hasText: "Recorded: how the model that comes with this page begins." }).waitFor();
  assert.equal(await page.locator(".channels[inert] .channel").count(), 8);
  release();
  await notice(page, /The model could not be opened.*could not be fetched: the server answered 503/s);
  await words(page.locator(".model-card"), /No model is open/);
  await page.unroute(file);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".token").nth(3).waitFor();
  await page.locator(".notice-error").waitFor({ state: "detached" });
  await page.locator(".recorded").waitFor({ state: "detached" });
  await page.locator(".channels:not([inert]) .channel").first().waitFor();
});

test("a part that comes later is missing: the page says which and why, and loads it when it is there", async (t) => {
  const file = /\/train-\w+\.js$/;
  const page = await openPage(t, { expected: ANY, before: (opening) => opening.route(file, (route) => route.fulfill({ status: 404, body: "no" })) });
  await notice(page, /Training could not be loaded.*"train-\w+\.js" is missing: the server answered 404/s);
  // The others are there, and the text goes on.
  await page.locator("#scaling > *").first().waitFor({ state: "attached" });
  await page.locator(".token").nth(3).waitFor();
  await page.unroute(file);
  // Mine lists trainings, so it lacks them as well, and says so.
  await notice(page, /Mine could not be loaded.*It needs the parts for training and racing/s);
  await page.locator(".notice", { hasText: "Training could not be loaded" }).getByRole("button", { name: "Try again" }).click();
  await go(page, "Train");
  await page.locator("#train").getByRole("button", { name: "Start training" }).waitFor();
});

test("a server whose rules forbid WebAssembly is told from a browser that lacks it", async (t) => {
  const policy = "script-src 'self' 'unsafe-inline'";
  const page = await openPage(t, {
    expected: ANY,
    before: (opening) => opening.context().route(/playground\/($|assets\/worker.*\.js$)/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), "content-security-policy": policy } });
    }),
  });
  await notice(page, /Content-Security-Policy.*wasm-unsafe-eval/);
});

test("over http from another device: no graphics card, for the right reason; one tab of two has the training", async (t) => {
  const server = await serve();
  const browser = await launchChromium(["--host-resolver-rules=MAP lan.test 127.0.0.1"]);
  t.after(async () => {
    await browser.close();
    server.close();
  });
  const context = await browser.newContext();
  const url = server.url.replace("127.0.0.1", "lan.test");
  const one = await context.newPage();
  await one.goto(`${url}#train&steps=4000&batch-size=4&context=16&sample-every=0`);
  assert.equal(await one.evaluate(() => isSecureContext || "locks" in navigator), false);
  await one.locator("#train .train-device").filter({ hasText: "came over http" }).waitFor();
  await one.locator("#train").getByRole("button", { name: "Start training" }).click();
  await one.locator("#train").getByRole("button", { name: "Pause" }).click();
  await one.locator(".train-note", { hasText: "Kept at step" }).waitFor();
  const two = await context.newPage();
  await two.goto(`${url}#train`);
  await go(two, "Mine");
  await two.locator(".runs-row", { hasText: "Open in another tab" }).waitFor();
  assert.equal(await two.locator('.train-run[data-state="interrupted"]').count(), 0);
  // A tab that is gone, however it went, holds nothing.
  await one.close({ runBeforeUnload: false });
  await go(two, "Train");
  await two.locator('.train-run[data-state="interrupted"]').waitFor();
  await two.locator("#train").getByRole("button", { name: "Go on" }).click();
  await two.locator('.train-run[data-state="running"]').waitFor();
});

// More than ten seconds: the page gives the storage some seconds to answer before it goes on without.
test("another tab holds the storage: the page opens, works from memory, and keeps it all when the storage answers", async (t) => {
  const page = await openPage(t);
  await page.locator(".token").nth(3).waitFor();
  // A transaction that never ends, as a hung tab has one.
  await page.evaluate(() => new Promise((resolve) => {
    const request = indexedDB.open("wave-field", 1);
    request.onsuccess = () => {
      const store = request.result.transaction("values", "readwrite").objectStore("values");
      /** @type {any} */ (globalThis).hold = true;
      const again = () => { if (/** @type {any} */ (globalThis).hold) store.get("x").onsuccess = again; };
      again();
      resolve(null);
    };
  }));
  const other = await page.context().newPage();
  await other.goto(`${page.url().split("#")[0]}#train&steps=30&batch-size=2&context=16`);
  await notice(other, /storage does not answer.*Close other tabs of this page/);
  await other.locator("#train").getByRole("button", { name: "Start training" }).click();
  await other.locator('.train-run[data-state="done"]').waitFor();
  const download = other.waitForEvent("download");
  await other.getByRole("button", { name: "Download what is not kept" }).click();
  assert.match((await download).suggestedFilename(), /^wave-field-not-kept\.zip$|\.wavefield-run$/);
  await page.evaluate(() => { /** @type {any} */ (globalThis).hold = false; });
  await other.getByText("The browser's storage answers again.").waitFor();
  await other.reload();
  await other.locator('.train-run[data-state="done"]').waitFor();
});

test("a database of a newer version is left as it is, and said", async (t) => {
  const page = await openPage(t, {
    before: (opening) => opening.addInitScript(() => {
      const { open } = IDBFactory.prototype;
      // As a newer page would have left it.
      IDBFactory.prototype.open = function (name, version) {
        if (version !== 1) return open.call(this, name, version);
        open.call(this, name, 2);
        return open.call(this, name, version);
      };
    }),
  });
  await notice(page, /written by a newer version of this page.*Reload the page/);
  await page.locator(".token").nth(3).waitFor();
});

test("a sandboxed frame says what it is, and where to open the page", async (t) => {
  const server = await serve();
  const host = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" })
    .end(`<iframe sandbox="allow-scripts" src="${server.url}" width="900" height="700"></iframe>`));
  await new Promise((resolve) => host.listen(0, "127.0.0.1", () => resolve(null)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (host.address());
  const browser = await launchChromium();
  t.after(async () => {
    await browser.close();
    host.close();
    server.close();
  });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.frameLocator("iframe").locator("#loading").filter({ hasText: /frame of another page that isolates it.*tab of its own: http/ }).waitFor();
});

test("opened as a file, the page says that it needs a server", async (t) => {
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(new URL("../../dist/index.html", import.meta.url).href);
  await sentence(page, /opened as a file.*make serve/);
});

test("without JavaScript a sentence says so", async (t) => {
  const server = await serve();
  const browser = await launchChromium();
  t.after(async () => {
    await browser.close();
    server.close();
  });
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(server.url);
  // Playwright's own search by words leaves out what stands for pages without scripts.
  await words(page.locator("noscript p"), /JavaScript is switched off/);
  await page.locator("#loading").waitFor({ state: "hidden" });
  // The first view stands there all the same: a recorded text, and eight waves.
  await words(page.locator("#generate .token-text"), /^ROMEO:\n.{200}/s);
  assert.ok(await page.locator("#waves svg.kernel-canvas").evaluateAll((drawings) => drawings.length === 8 && drawings.every((drawing) => drawing.getBoundingClientRect().height > 50 && /** @type {SVGPathElement[]} */ ([...drawing.querySelectorAll("path")]).some((path) => path.getTotalLength() > 240))));
});
