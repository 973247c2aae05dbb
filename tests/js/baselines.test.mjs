// What counting alone foretells.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { baselines } from "../../www/js/text/baselines.js";

const near = (/** @type {number} */ value, /** @type {number} */ wanted, /** @type {number} */ part) => assert.ok(Math.abs(value / wanted - 1) < part, `${value} for ${wanted}`);

test("letters that come equally often foretell nothing, pairs that never change everything", () => {
  const found = baselines("abcd".repeat(5000), 0.1);
  assert.ok(found);
  near(found.letters, 4, 1e-3);
  near(found.pairs, 1, 1e-2);
});

test("by hand: three letters of four are the same", () => {
  // "aaab" over and over. After a: a twice, b once; after b: a.
  const found = baselines("aaab".repeat(5000), 0.1);
  assert.ok(found);
  near(found.letters, Math.exp(-(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25))), 1e-2);
  near(found.pairs, Math.exp(-0.75 * ((2 / 3) * Math.log(2 / 3) + (1 / 3) * Math.log(1 / 3))), 1e-2);
});

test("Shakespeare's letters: as is known of them", async () => {
  const found = baselines(await readFile(new URL("../../www/data/tinyshakespeare.txt", import.meta.url), "utf8"), 0.1);
  assert.ok(found);
  // 4.8 bits a letter and 3.6 with the letter before it, within a tenth.
  near(Math.log2(found.letters), 4.8, 0.1);
  near(Math.log2(found.pairs), 3.6, 0.1);
});

test("of too little there is nothing to count", () => {
  assert.equal(baselines("", 0.1), null);
  assert.equal(baselines("a", 0.1), null);
});
