// What one gesture changed of the bends, and what is kept of that.

import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, inWords, isThere, soundSteps, taken } from "../../www/js/model/changes.js";

const head = (/** @type {Partial<import("../../www/js/engine/protocol.js").Head>} */ change = {}) => {
  const initial = { frequency: 1, damping: 0.1, phase: 0, gain: 1 };
  return { ...initial, ...change, initial };
};
/** Two layers of two heads. @param {(ReturnType<typeof head>)[][]} heads @param {number[][]} [mixes] @param {[number, number][]} [solo]  layer and head */
const at = (heads, mixes = [[1, 0, 0, 1], [1, 0, 0, 1]], solo = []) => taken({
  heads, couplings: mixes.map((weights) => ({ weights, initial: [1, 0, 0, 1] })),
  marks: (layer, i) => [Number(heads[layer][i].gain === 0), Number(solo.some(([l, h]) => l === layer && h === i))],
});
const FILE = at([[head(), head()], [head(), head()]]);

test("only what was touched is in a change, and it leads there and back", () => {
  const now = at([[head(), head({ frequency: 2 })], [head(), head()]], [[1, 0, 0, 1], [0.5, 0.5, 0, 1]]);
  const change = changed(FILE, now);
  assert.deepEqual(change, {
    heads: [{ layer: 0, head: 1, was: [1, 0.1, 0, 1, 0, 0], is: [2, 0.1, 0, 1, 0, 0] }],
    mixes: [{ layer: 1, was: [1, 0, 0, 1], is: [0.5, 0.5, 0, 1] }],
  });
  assert.ok(change && isThere(change, "is", now) && isThere(change, "was", FILE) && !isThere(change, "is", FILE));
  assert.equal(changed(now, now), null);
});

test("each is said in words", () => {
  const said = (/** @type {ReturnType<typeof at>} */ now) => inWords(/** @type {NonNullable<ReturnType<typeof changed>>} */ (changed(FILE, now)));
  const rest = [head(), head()];
  assert.equal(said(at([[head({ phase: 1 }), head()], rest])), "the phase of head 1 in layer 1");
  assert.equal(said(at([rest, [head(), head({ phase: 1, damping: 1 })]])), "the wave of head 2 in layer 2");
  assert.equal(said(at([rest, [head(), head({ gain: 0 })]])), "the muting of head 2 in layer 2");
  assert.equal(said(at([rest, [head({ gain: 0 }), head()]], undefined, [[1, 1]])), "hearing head 2 alone, in layer 2");
  assert.equal(said(at([[head({ phase: 1 }), head()], [head(), head({ phase: 1 })]])), "2 heads in 2 layers");
  assert.equal(said(at([rest, rest], [[0, 1, 0, 1], [1, 0, 0, 1]])), "the coupling of layer 1");
});

test("steps that an older visit left are taken where they are sound and lead to what is there", () => {
  const now = at([[head({ phase: 1 }), head()], [head(), head()]]);
  const change = changed(FILE, now);
  assert.deepEqual(soundSteps({ undo: [change], redo: [] }, now), { undo: [change], redo: [] });
  assert.deepEqual(soundSteps({ undo: [change], redo: [] }, FILE), { undo: [], redo: [] }, "bent otherwise");
  assert.deepEqual(soundSteps({ undo: [], redo: [change] }, FILE), { undo: [], redo: [change] });
  for (const broken of [null, 1, {}, { undo: [{}], redo: [] }, { undo: [{ ...change, heads: [{ layer: 0, head: 0, was: [1], is: ["2"] }] }], redo: [] }, { undo: Array(101).fill(change), redo: [] }]) {
    assert.deepEqual(soundSteps(broken, now), { undo: [], redo: [] });
  }
});
