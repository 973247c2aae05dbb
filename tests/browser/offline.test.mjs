// Without a connection: the page opens, writes and trains. After an update it says so, and forces nothing.

import assert from "node:assert/strict";
import { appendFile, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PLAIN } from "./chromium.mjs";
import { openPage } from "./launch.mjs";
import { firstText } from "./parts.mjs";
import { borrowBrowser } from "./pool.mjs";
import { DIST, serve } from "./server.mjs";
import { HANG_MS } from "./wait.mjs";

test("once it was opened, the page opens, writes and trains without a connection", async (t) => {
  // A text that was never chosen is not kept.
  const page = await openPage(t, { offline: true, expected: [/tinyshakespeare-\w+\.txt/] });
  await page.locator("#offline-status", { hasText: "It opens without a connection, too." }).waitFor();
  await page.context().setOffline(true);
  const url = page.url().split("#")[0];
  await page.goto("about:blank");
  await page.goto(`${url}#train&steps=20&batch-size=4&context=16&sample-every=0`);
  await firstText(page);
  await page.locator("#train").getByRole("button", { name: "Start training" }).click();
  await page.locator('.train-run[data-state="done"]').waitFor();
  // Every part of the page is there.
  await page.locator("#scaling > *").first().waitFor({ state: "attached" });
  // So is what an installed page is shown by.
  for (const rel of ["manifest", "icon", "apple-touch-icon"]) {
    assert.equal(await page.locator(`link[rel=${rel}]`).evaluate(async (link) => (await fetch(/** @type {HTMLLinkElement} */ (link).href)).status), 200, rel);
  }
});

test("a newer version is offered, and nothing is reloaded by itself", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "wavefield-"));
  await cp(DIST, folder, { recursive: true });
  const [server, { browser, giveBack }] = await Promise.all([serve({ folder }), borrowBrowser(PLAIN)]);
  const context = await browser.newContext();
  context.setDefaultTimeout(HANG_MS);
  t.after(async () => {
    await context.close();
    await browser.close();
    giveBack();
    server.close();
    await rm(folder, { recursive: true });
  });
  const page = await context.newPage();
  await page.goto(server.url);
  const status = page.locator("#offline-status", { hasText: "It opens without a connection, too." });
  await status.waitFor();
  await page.reload();
  await status.waitFor();
  const opened = await page.evaluate(() => performance.timeOrigin);
  await appendFile(join(folder, "service-worker.js"), "\n// newer");
  await page.evaluate(async () => { await (await navigator.serviceWorker.ready).update(); });
  await page.locator(".notice", { hasText: "A newer version of this page is there." }).waitFor();
  assert.equal(await page.evaluate(() => performance.timeOrigin), opened, "it was reloaded");
});
