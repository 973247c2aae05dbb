// The word that the browser's tests wait by.

import assert from "node:assert/strict";
import { test } from "node:test";

process.env.HANG_SECONDS = "0.2";
const { eventually } = await import("../browser/wait.mjs");

test("a value is asked for until it is the right one", async () => {
  let asked = 0;
  assert.equal(await eventually(() => ++asked, 3), 3);
  assert.deepEqual(await eventually(async () => ({ asked: ++asked }), ({ asked }) => asked >= 5), { asked: 5 });
  assert.deepEqual(await eventually(() => [++asked], [6]), [6]);
  assert.equal(await eventually(() => `step ${++asked}`, /step 8/), "step 8");
});

test("what never comes is told with what there was at last and what was expected", async () => {
  await assert.rejects(eventually(() => "It is being kept.", /exactly from here/, "the note"), { message: 'the note: at last it was "It is being kept.", expected /exactly from here/' });
  await assert.rejects(eventually(() => 2, 3), { message: "what was waited for never came: at last it was 2, expected 3" });
});

test("what fails while it is asked for fails at once", async () => {
  await assert.rejects(eventually(() => { throw new Error("the page is gone"); }, 1), /the page is gone/);
});
