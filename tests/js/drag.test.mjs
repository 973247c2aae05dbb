// A wave that is dragged by its drawing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dragged, faded, heardAs, rising, stepped, turned } from "../../www/js/waves/drag.js";

const wave = { frequency: 1, damping: 0.1, phase: 0.5 };
/** Gripped 100 pixels from the newest end of a strip of 400, halfway up. */
const grip = { wave, stride: 1, x: 300, y: 50, width: 400, lags: 40 };

test("sideways it is stretched about its newest end: what was gripped stays under the hand", () => {
  // Twice as far from the end, less the hand's shaking: half the frequency.
  assert.deepEqual(dragged(grip, 300 - 104, 50), { ...wave, frequency: 0.5 });
  assert.deepEqual(dragged(grip, 300 + 54, 50), { ...wave, frequency: 2 });
  assert.deepEqual(dragged({ ...grip, wave: { ...wave, frequency: -1 } }, 300 - 104, 50), { ...wave, frequency: -0.5 });
});

test("up it carries further, down it fades sooner; a hand that shakes bends nothing", () => {
  assert.deepEqual(dragged(grip, 300, 50 + 64), { ...wave, damping: Number((0.1 * Math.E).toPrecision(4)) });
  assert.deepEqual(dragged(grip, 300, 50 - 64), { ...wave, damping: Number((0.1 / Math.E).toPrecision(4)) });
  const exact = { frequency: 1.23456789, damping: 0.123456789, phase: 0.987654321 };
  assert.deepEqual(dragged({ ...grip, wave: exact }, 303, 47), exact, "as it was, to the last digit");
  assert.deepEqual(turned(exact, 0), { phase: exact.phase });
});

test("a wave that turns too fast for the tokens is bent as what they hear", () => {
  const fast = { frequency: 4, damping: 0.1, phase: 0.5 };
  const heard = heardAs(fast, 1);
  assert.ok(Math.abs(heard.frequency - (2 * Math.PI - 4)) < 1e-12 && heard.phase === -0.5);
  for (const stride of [1, 2, 3]) {
    for (const frequency of [-9, -2, 0.3, 2.5, 4, 7, 13]) {
      const wave = { frequency, damping: 0.1, phase: 0.7 };
      const same = heardAs(wave, stride);
      assert.ok(Math.abs(same.frequency * stride) <= Math.PI + 1e-12);
      for (let token = 0; token < 20; token++) {
        const at = (/** @type {typeof wave} */ { frequency, phase }) => Math.cos(frequency * stride * token + phase);
        assert.ok(Math.abs(at(wave) - at(same)) < 1e-9, `${frequency} at ${stride} cells`);
      }
    }
  }
  assert.deepEqual(dragged({ ...grip, wave: fast }, 300 - 104, 50), { frequency: Number((Math.PI - 2).toPrecision(4)), damping: 0.1, phase: -0.5 });
});

test("no drag leaves what a head may be, however far it goes, from wherever it begins", () => {
  for (const [x, y] of [[-1e5, -1e5], [1e5, 1e5], [400, 50], [0, 0]]) {
    for (const from of [0, 399, 400, 450]) {
      const { frequency = 1, damping = 0.1 } = dragged({ ...grip, x: from }, x, y);
      assert.ok(Math.abs(frequency) <= 20 && damping >= 1e-4 && damping <= 10, `${frequency}, ${damping}`);
    }
  }
  assert.ok(Math.abs(turned(wave, 1e6).phase ?? 0) <= 20);
});

test("arrow keys do in small steps what dragging does, and other keys nothing", () => {
  assert.ok((stepped({ wave, stride: 1, lags: 40 }, "ArrowLeft")?.frequency ?? 1) < 1 && (stepped({ wave, stride: 1, lags: 40 }, "ArrowRight")?.frequency ?? 1) > 1);
  assert.ok((stepped({ wave, stride: 1, lags: 40 }, "ArrowUp")?.damping ?? 1) < 0.1 && (stepped({ wave, stride: 1, lags: 40 }, "ArrowDown")?.damping ?? 0) > 0.1);
  assert.equal(stepped({ wave, stride: 1, lags: 40 }, "a"), null);
  assert.equal(stepped({ wave, stride: 1, lags: 40 }, "constructor"), null);
  assert.ok((turned(wave, 40).phase ?? 0) - 1.5 < 1e-9);
});

test("the handle on the envelope: away or up it carries further, back or down it fades sooner", () => {
  // Twice as far from the newest end, less the hand's shaking: half the damping.
  assert.deepEqual(faded(grip, 300 - 104, 50), { damping: 0.05 });
  assert.deepEqual(faded(grip, 300 + 54, 50), { damping: 0.2 });
  assert.deepEqual(faded(grip, 300, 50 - 64), { damping: Number((0.1 / Math.E).toPrecision(4)) });
  assert.deepEqual(faded({ ...grip, wave: { ...wave, damping: 0.123456789 } }, 303, 53), { damping: 0.123456789 }, "as it was, to the last digit");
  for (const [x, y] of [[-1e5, -1e5], [1e5, 1e5]]) assert.ok((({ damping }) => damping >= 1e-4 && damping <= 10)(faded(grip, x, y)));
});

test("a hand that lifts the wave's beginning turns the phase the way that lifts it", () => {
  for (const phase of [-3, -1, 0.3, 1, 2, 4, 9]) {
    const next = /** @type {number} */ (turned({ ...wave, phase }, 4 * rising({ ...wave, phase })).phase);
    assert.ok(Math.cos(next) > Math.cos(phase), `from ${phase}`);
  }
});
