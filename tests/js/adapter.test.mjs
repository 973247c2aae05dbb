// Why there is no graphics card, each reason apart; and no wait without an end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openAdapter, whyNoAccess } from "../../www/js/worker/adapter.js";

const PATIENCE = { find: 5, open: 5 };
const never = new Promise(() => {});
const opened = /** @type {any} */ ({ free() {} });
/** @param {() => Promise<unknown>} requestAdapter */
const offer = (requestAdapter) => ({ secure: true, page: true, here: /** @type {any} */ ({ requestAdapter }) });
const good = offer(async () => ({}));

test("without WebGPU in the worker: over http, in the page alone, or nowhere", () => {
  assert.match(whyNoAccess({ secure: false, here: undefined, page: false }) ?? "", /over http.*only over https.*localhost/);
  assert.match(whyNoAccess({ secure: true, here: undefined, page: true }) ?? "", /gives the page access.*but not its workers/);
  assert.match(whyNoAccess({ secure: true, here: undefined, page: false }) ?? "", /offers no access to a graphics card \(WebGPU\)/);
  assert.equal(whyNoAccess(good), null);
});

test("an adapter may be refused, fail to be found, or never be found", async () => {
  await assert.rejects(openAdapter(offer(async () => null), async () => opened, () => {}, PATIENCE), /offers no graphics card.*hardware acceleration is switched off/);
  await assert.rejects(openAdapter(offer(async () => { throw new Error("blocked."); }), async () => opened, () => {}, PATIENCE), /failed to look for a graphics card \(blocked\)/);
  await assert.rejects(openAdapter(offer(() => never), async () => opened, () => {}, PATIENCE), /has not answered.*Start the browser anew/);
});

test("a device may be refused, or never be opened; one that opens late is given all the same", async () => {
  await assert.rejects(openAdapter(good, async () => { throw new Error("too many limits."); }, () => {}, PATIENCE), /found, but could not be opened \(too many limits\).*driver/);
  let open = (/** @type {any} */ _) => {};
  const late = new Promise((resolve) => {
    const slow = () => new Promise((/** @type {(gpu: any) => void} */ answer) => { open = answer; });
    assert.rejects(openAdapter(good, slow, resolve, PATIENCE), /has not been opened.*driver does not answer/).then(() => open(opened));
  });
  assert.equal(await late, opened);
  assert.equal(await openAdapter(good, async () => opened, () => {}, PATIENCE), opened);
});
