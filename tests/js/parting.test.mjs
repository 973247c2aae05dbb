import assert from "node:assert/strict";
import { test } from "node:test";
import { partingOf } from "../../www/js/lab/whatif/align.js";

test("two texts part at a word, named whole in both", () => {
  assert.deepEqual(partingOf("my lord of Norfolk", "my lord of Nature here"), { before: "Norfolk", after: "Nature" });
  assert.deepEqual(partingOf("my lord", "my liege"), { before: "lord", after: "liege" });
  assert.equal(partingOf("the same", "the same"), null);
});

test("a text that ends sooner, a space where the other goes on, and signs of two code units", () => {
  assert.deepEqual(partingOf("so", "so long"), { before: "so", after: "so long" });
  assert.deepEqual(partingOf("one 😀", "one 😁"), { before: "😀", after: "😁" });
});
