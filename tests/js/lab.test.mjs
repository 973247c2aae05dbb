import assert from "node:assert/strict";
import { test } from "node:test";
import { csv, csvLine } from "../../www/js/files/csv.js";
import { endOf } from "../../www/js/lab/shared.js";

test("the end of a text has no half of a character", () => {
  assert.equal(endOf("abc", 5), "abc");
  assert.equal(endOf("abcdef", 3), "def");
  assert.equal(endOf("a😀b", 2), "b");
  assert.equal(endOf("a😀b", 3), "😀b");
});

test("a table keeps commas, quotes and lines within their fields", () => {
  assert.equal(csvLine(["plain", 0.5, -3e-8]), "plain,0.5,-3e-8\n");
  assert.equal(csv({ head: ["token", "size"], rows: [[",", 1], ['"', 2], ["\n", 3], ["\r", 4]] }), 'token,size\n",",1\n"""",2\n"\n",3\n"\r",4\n');
});
