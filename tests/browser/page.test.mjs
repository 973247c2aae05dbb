// The page opens, whatever the window and the colours. openPage itself fails on errors.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./launch.mjs";

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
