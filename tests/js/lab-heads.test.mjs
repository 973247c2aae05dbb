// The heads in words: ranges, what training moved, and what muting costs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cellOf, columns, gridHeight, headAt } from "../../www/js/lab/heads/cells.js";
import { amountInWords, claimInWords, contributionInWords, contributionsInWords, countsInWords, movesInWords, rangeOf, ranked, verdictOn } from "../../www/js/lab/heads/words.js";

/** @param {number} layer @param {number} head @param {string} role @param {number} reach @param {number} [frequency] */
const report = (layer, head, role, reach, frequency = 1) => ({ layer, head, role, reach, frequency, damping: 1, phase: 0, period: null });
/** @param {number} mean @param {number} half @param {number} [windows] */
const change = (mean, half, windows = 4) => ({ mean, low: mean - half, high: mean + half, standard_error: half / 2, before: 1.5, after: 1.5 + mean, windows });

const STARTS = [report(0, 0, "Middle, rhythmic", 40), report(0, 1, "Near, flickering", 2), report(1, 0, "Middle, rhythmic", 40), report(1, 1, "Near, flickering", 2)];

test("ranges are read from roles and counted", () => {
  assert.deepEqual(["This token only", "Near, smooth", "Middle, rhythmic", "Far, flickering"].map((role) => rangeOf({ role })), ["own", "near", "middle", "far"]);
  assert.equal(countsInWords(STARTS), "2 near, 2 middle, 0 far");
  assert.equal(countsInWords([report(0, 0, "This token only", 0.5)]), "1 on its own token only, 0 near, 0 middle, 0 far");
});

test("the claim is held against the start: what was given did not come by training", () => {
  const same = claimInWords(STARTS, STARTS, 2);
  assert.equal(same.headline, "No layer has near, middle and far heads at once.");
  assert.match(same.words, /Here, layer 1: 1 near, 1 middle, 0 far; layer 2: .* No head is in another range than at its start/);
  const moved = claimInWords([report(0, 0, "Far, smooth", 90), ...STARTS.slice(1)], STARTS, 2);
  assert.match(moved.words, /1 of 4 heads is in another range now: 1 farther, 0 nearer\. So most of the spread was given/);
  const all = [0, 1].flatMap((layer) => ["Near, smooth", "Middle, smooth", "Far, smooth"].map((role, head) => report(layer, head, role, 1)));
  const near = all.map((head) => ({ ...head, role: "Near, smooth" }));
  const found = claimInWords(all, near, 2);
  assert.equal(found.headline, "Every layer has near, middle and far heads.");
  assert.match(found.words, /4 of 6 heads are in another range now: 4 farther, 0 nearer\. So most heads are where training took them\./);
  assert.equal(claimInWords([...all.slice(0, 3), ...near.slice(3)], near, 2).headline, "1 of 2 layers has near, middle and far heads at once.");
});

test("moves name the head that went farthest, whichever way", () => {
  const words = movesInWords([STARTS[0], report(0, 1, "Near, flickering", 2.1), report(1, 0, "Near, rhythmic", 4), report(1, 1, "Near, flickering", 3, 2.5)], STARTS);
  assert.match(words, /^1 of 4 heads reach more than a tenth farther than at their start, 1 less far;/);
  assert.match(words, /Most moved: layer 2, head 1, from 40 to 4\.0 tokens\./);
  assert.match(words, /the most by 1\.5 \(layer 2, head 2, from 1 to 2\.5\)/);
});

test("a contribution keeps to the digits of its interval, and says when it is not told apart from 0", () => {
  assert.equal(amountInWords(change(0.03333, 0.0094)), "+0.0333 ± 0.0094");
  assert.equal(contributionInWords(change(-0.2, 0.05)), "−0.200 ± 0.050 nats; muting helps");
  assert.equal(contributionInWords(change(0.001, 0.003)), "+0.0010 ± 0.0030 nats; not told apart from 0");
  assert.equal(contributionInWords(change(0.001, Infinity, 1)), "+0.0010 nats on one window; from the second on it has an interval");
  assert.deepEqual([change(1, 0.5), change(-1, 0.5), change(1, 2)].map(verdictOn), ["helps", "hurts", "open"]);
});

test("heads are ranked by what muting them costs; those without a value come later", () => {
  const changes = [change(0.01, 0.02), null, change(0.3, 0.1), change(-0.1, 0.05)];
  assert.deepEqual(ranked(changes), [2, 0, 3]);
  const words = contributionsInWords(STARTS, changes, "4 windows");
  assert.match(words, /^Loss as the model is: 1\.500 nats a token on 4 windows\. Muting layer 2, head 1 costs most/);
  assert.match(words, /muting layer 2, head 2 gains most, −0\.100 ± 0\.050 nats; muting helps\./);
  assert.match(words, /1 heads? helps?, 1 stands? in the way, 1 cannot be told apart from no change; the first alone makes up half/);
  assert.equal(contributionsInWords(STARTS, [null, null], ""), "Nothing has been measured yet.");
});

test("cells fill the width in equal rows, do not overlap, and are found under a pointer", () => {
  for (const [heads, width, across] of [[8, 1390, 8], [8, 340, 2], [8, 120, 1], [6, 700, 3], [1, 300, 1]]) {
    assert.equal(columns(heads, width), across, `${heads} heads in ${width} px`);
    for (let place = 0; place < 2 * heads; place++) {
      const cell = cellOf(place, heads, width);
      assert.ok(cell.x >= 0 && cell.x + cell.width <= width && cell.y + cell.height <= gridHeight(2, heads, width), `${place}`);
      assert.equal(headAt(cell.x + 1, cell.y + 1, 2 * heads, heads, width), place);
    }
    assert.equal(headAt(1, 1, 2 * heads, heads, width), -1);
  }
});
