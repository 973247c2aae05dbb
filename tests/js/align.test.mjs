// Two texts laid under each other: the beginning that they share, and the fewest differences after it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { align } from "../../www/js/lab/whatif/align.js";

/** Both lines as they would be read, with "-" for a gap. @param {string} before @param {string} after */
function lines(before, after) {
  const { common, places, differing } = align([...before], [...after]);
  const line = (/** @type {string} */ text, /** @type {"before" | "after"} */ side) => places.map((place) => (place[side] < 0 ? "-" : text[place[side]])).join("");
  return { common, differing, before: line(before, "before"), after: line(after, "after") };
}

/** The distance by its recursive definition. @param {string} a @param {string} b @returns {number} */
function distance(a, b) {
  if (a === "" || b === "") return a.length + b.length;
  const [restA, restB] = [a.slice(1), b.slice(1)];
  return Math.min(distance(restA, restB) + Number(a[0] !== b[0]), 1 + distance(restA, b), 1 + distance(a, restB));
}

test("texts that are the same have no places that differ", () => {
  assert.deepEqual(align(["a", "b"], ["a", "b"]), { common: 2, places: [], differing: 0 });
  assert.deepEqual(align([], []), { common: 0, places: [], differing: 0 });
});

test("the common beginning comes first, and what follows stands under each other", () => {
  assert.deepEqual(lines("abcdef", "abXdef"), { common: 2, differing: 1, before: "cdef", after: "Xdef" });
  assert.deepEqual(lines("abcdef", "abdef"), { common: 2, differing: 1, before: "cdef", after: "-def" });
  assert.deepEqual(lines("abdef", "abcdef"), { common: 2, differing: 1, before: "-def", after: "cdef" });
  assert.deepEqual(lines("ab", "abcd"), { common: 2, differing: 2, before: "--", after: "cd" }, "one goes on");
  assert.deepEqual(lines("xyz", ""), { common: 0, differing: 3, before: "xyz", after: "---" });
});

test("tokens are compared whole", () => {
  assert.deepEqual(align(["the", " king"], ["the", " kin", "g"]).places, [{ before: 1, after: 1 }, { before: -1, after: 2 }]);
  assert.equal(align([3, 4], [3, 5]).differing, 1, "ids do as well");
});

test("no way has fewer differences, and every token stands in it once, in order", () => {
  let state = 7;
  const letters = (/** @type {number} */ most) => {
    let text = "";
    state = (state * 1103515245 + 12345) % 2147483648;
    for (let i = (state >> 8) % (most + 1); i > 0; i--) {
      state = (state * 1103515245 + 12345) % 2147483648;
      text += "abc"[(state >> 12) % 3];
    }
    return text;
  };
  for (let round = 0; round < 60; round++) {
    const [before, after] = [letters(6), letters(6)];
    const { common, places, differing } = align([...before], [...after]);
    assert.equal(differing, distance(before.slice(common), after.slice(common)), `${before} and ${after}`);
    for (const [side, text] of /** @type {const} */ ([["before", before], ["after", after]])) {
      const found = places.map((place) => place[side]).filter((index) => index >= 0);
      assert.deepEqual(found, Array.from({ length: text.length - common }, (_, i) => i + common));
    }
  }
});
