// What has to be so in every browser, by what the driving script told.

import assert from "node:assert/strict";
import { launchChromium } from "../chromium.mjs";

/** @typedef {Awaited<ReturnType<typeof import("./server.mjs").serveSmoke>>} Server */

/** The text that Chromium writes for the same seed. @param {Server} server @returns {Promise<string>} */
export async function chromiumsText(server) {
  const browser = await launchChromium();
  try {
    const heard = server.hear("text");
    const page = await browser.newPage();
    await page.goto(server.url("text"));
    return (await heard).text;
  } finally {
    await browser.close();
  }
}

/** Writing, bending, training and pausing. @param {Record<string, any>} first @param {string} text  what has to be written */
export function checkFirst(first, text) {
  assert.equal(first.text, text, "the same seed writes the same text as in Chromium");
  assert.notEqual(first.bent, text, "a muted head changes the text");
  assert.equal(first.unbent, text, "and nothing is left of it");
  assert.match(first.storage, /are kept in this browser/);
  const [paused] = first.paused;
  assert.ok(paused.step > 0 && paused.hash && paused.stored, JSON.stringify(paused));
}

/** What comes after a reload. @param {Record<string, any>} first @param {Record<string, any>} second */
export function checkSecond(first, second) {
  assert.deepEqual(second.found, first.paused, "the snapshot is what it was");
  assert.equal(second.resumed.hash, second.uninterrupted.hash, "a paused and reloaded training ends as one without a pause");
  assert.notEqual(second.resumed.id, second.uninterrupted.id);
  assert.equal(second.imported.hash, second.uninterrupted.hash, "a file brings the training as it was");
  assert.ok(second.imported.stored && second.resumed.stored, "all of it is stored");
}
