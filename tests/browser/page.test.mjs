// The page opens, whatever the window and the colours. openPage itself fails on errors.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { openPage } from "./launch.mjs";
import { channel, firstText, setPace, textOf } from "./parts.mjs";
import { eventually } from "./wait.mjs";

test("the page opens", async (t) => {
  const page = await openPage(t);
  assert.equal(await page.title(), "Wave Field playground");
  await page.getByRole("heading", { level: 1, name: "Wave Field" }).waitFor();
});

test("only the worker loads the engine, never the page itself", async (t) => {
  /** @type {string[]} */
  const loaded = [];
  await openPage(t, {
    before: async (page) => {
      page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
      // A worker that does nothing: what is loaded all the same, the page loads.
      await page.addInitScript(() => {
        globalThis.Worker = /** @type {typeof Worker} */ (/** @type {unknown} */ (class extends EventTarget {
          postMessage() {}
          terminate() {}
        }));
      });
    },
  });
  assert.ok(loaded.some((path) => /\/main-\w+\.js$/.test(path)), "the page's script was not loaded");
  assert.deepEqual(loaded.filter((path) => /\/wavefield.*\.(js|wasm)$/.test(path)), []);
});

test("the text that is recorded is the one that the page writes, and its waves are the model's", async (t) => {
  const page = await openPage(t, { writes: true });
  await setPace(page, "Full");
  const recorded = await page.evaluate(() => JSON.parse(document.getElementById("recorded")?.textContent ?? ""));
  assert.ok(recorded.text.length > 200);
  await eventually(() => textOf(page), (text) => text.length >= recorded.text.length && text.startsWith(recorded.text));
  for (const [head, { frequency }] of recorded.heads.entries()) {
    const shown = Number(await channel(page, head + 1).getByRole("slider", { name: "frequency" }).inputValue());
    assert.ok(Math.abs(shown - frequency) < 0.01 + 0.01 * frequency, `head ${head + 1}: ${shown}, and ${frequency} is recorded`);
  }
});

for (const size of /** @type {const} */ (["desktop", "phone"])) {
  test(`what stands in the page before its scripts run is where it stays (${size})`, async (t) => {
    const script = /\/main-\w+\.js$/;
    const page = await openPage(t, { size, expected: [/./], before: (opening) => opening.route(script, (route) => route.abort()) });
    const places = () => page.evaluate(() => ["#generate h2", ".prompt", "#generate .primary", ".displays", ".inspector", "#waves h2", ".channel:nth-child(8) .kernel-canvas", ".channel:nth-child(8) .response-canvas", ".theme-toggle"]
      .map((name) => {
        const { x, y, width, height } = document.querySelector(name)?.getBoundingClientRect() ?? new DOMRect();
        // What comes below the window may still be moved unseen.
        return y >= innerHeight ? `${name} below` : `${name} ${[x, y, width, height].map(Math.round)}`;
      }));
    await page.locator("#loading").waitFor();
    const before = await places();
    await page.unroute(script);
    await page.reload();
    await firstText(page);
    assert.equal(await page.locator("#loading").count(), 0);
    assert.deepEqual(await places(), before);
  });
}

test("the first text takes few requests and little script, all of it under names with a hash", async (t) => {
  /** @type {import("playwright-core").Response[]} */
  const loaded = [];
  const before = async (/** @type {import("playwright-core").Page} */ page) => {
    page.context().on("response", (response) => loaded.push(response));
    // What comes when nothing else is to be done does not come here, however early that is.
    await page.addInitScript(() => { window.requestIdleCallback = () => 0; });
  };
  const page = await openPage(t, { before });
  await firstText(page);
  const until = loaded.splice(0).filter((response) => response.url().startsWith("http"));
  const names = until.map((response) => new URL(response.url()).pathname.split("/").pop() ?? "");
  assert.ok(until.length <= 15, names.join(" "));
  assert.deepEqual(names.filter((name) => name && !/-[A-Za-z0-9]{8}\.\w+$/.test(name)), []);
  const sizes = await Promise.all(until.map(async (response, i) => ({ name: names[i], bytes: gzipSync(await response.body(), { level: 9 }).length })));
  const sum = (/** @type {RegExp} */ kind) => sizes.filter(({ name }) => kind.test(name)).reduce((bytes, file) => bytes + file.bytes, 0);
  assert.ok(sum(/\.css$/) <= 12 * 1024, `${sum(/\.css$/)} bytes of style`);
  const script = sum(/\.js$/);
  assert.ok(script > 20_000 && script <= 70 * 1024, `${script} bytes of script`);
});

/** A PNG begins with eight bytes of its own and says its width and height in the first piece. @param {Buffer} bytes */
const sizeOf = (bytes) => `${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`;

test("a link to the page has a picture beside it, of the size that is said", async (t) => {
  const page = await openPage(t);
  const said = await page.evaluate(() => Object.fromEntries([...document.querySelectorAll("meta[property^='og:']")].map((meta) => [meta.getAttribute("property"), meta.getAttribute("content") ?? ""])));
  const picture = await fetch(new URL(said["og:image"], page.url()));
  assert.equal(picture.headers.get("content-type"), "image/png");
  assert.equal(sizeOf(Buffer.from(await picture.arrayBuffer())), `${said["og:image:width"]}x${said["og:image:height"]}`);
  assert.equal(said["og:title"], await page.title());
});

test("the page can be installed: its manifest is whole, and each icon has the size that it claims", async (t) => {
  const page = await openPage(t);
  const url = page.url().split("#")[0];
  const devtools = await page.context().newCDPSession(page);
  const { url: address, errors } = await devtools.send("Page.getAppManifest");
  assert.deepEqual(errors, [], "Chromium finds faults with the manifest");
  assert.match(address, /\/assets\/manifest-[0-9a-f]{8}\.webmanifest$/);
  const manifest = await (await fetch(address)).json();
  assert.equal(new URL(manifest.start_url, address).href, url);
  assert.equal(new URL(manifest.scope, address).href, url);
  assert.equal(manifest.display, "standalone");
  /** @type {Record<string, string[]>} */
  const found = {};
  for (const { src, sizes, type, purpose = "any" } of manifest.icons) {
    (found[purpose] ??= []).push(sizes);
    const response = await fetch(new URL(src, address));
    assert.equal(response.status, 200, src);
    assert.equal(response.headers.get("content-type"), type, src);
    const bytes = Buffer.from(await response.arrayBuffer());
    if (type === "image/png") assert.equal(sizeOf(bytes), sizes, src);
    else assert.match(bytes.toString(), /^<svg /);
  }
  assert.deepEqual(found, { any: ["any", "192x192", "512x512"], maskable: ["512x512"] });
});
