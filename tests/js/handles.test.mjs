// Where the handles of a drawn wave stand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { wave as heightAt } from "../../www/js/engine/physics.js";
import { isShort, MOUSE, placeHandles, TOUCH } from "../../www/js/waves/handles.js";

/** @typedef {import("../../www/js/waves/handles.js").Drawing} Drawing */

/** Drawings as the page has them: beside each other on a wide screen, on a tablet, on a phone; for a mouse and for a finger. */
const PLOTS = [[620, 84, 40, 24], [330, 68, 40, 24], [358, 88, 20, 40], [288, 88, 20, 40], [700, 144, 40, 40], [358, 88, 512, 40]];
const kindOf = (/** @type {number[]} */ [, , , size]) => (size === 40 ? TOUCH : MOUSE);
const WAVES = [0.0001, 0.01, 0.05, 0.2, 1, 4, 10].flatMap((damping) => [-20, -2.3, -0.2, 0, 0.0001, 0.02, 0.1, 0.7, 2.283, 4, 20]
  .flatMap((frequency) => [-1, 0, 2, 3.1].map((phase) => ({ frequency, damping, phase, gain: 1 }))));

/** @param {number[]} plot @param {Drawing["wave"]} wave @param {number} [stride] @returns {Drawing} */
const drawn = ([width, height, lags], wave, stride = 1) => ({ wave, stride, lags, width, height, middle: Math.round(height / 2) + 0.5, amplitude: height / 2 - 5 });
/** @param {Drawing} drawing @param {number} x */
const onWave = ({ wave, stride, lags, width, middle, amplitude }, x) =>
  middle - amplitude * heightAt(wave, Math.max(0, width - width / lags / 2 - x) * ((stride * lags) / width));

test("whatever the wave, the handles stand in the drawing and never over each other, under a hand too", () => {
  for (const plot of PLOTS) {
    const size = plot[3];
    for (const wave of WAVES) {
      const drawing = drawn(plot, wave, plot[2] === 40 ? 2 : 1);
      const helds = [null, ...["frequency", "damping", "phase"].flatMap((hold) => [-50, 120, 900].flatMap((x) => [true, false].map((short) => ({ hold, x, short }))))];
      for (const held of /** @type {(import("../../www/js/waves/handles.js").Held | null)[]} */ (helds)) {
        const places = Object.values(placeHandles(drawing, kindOf(plot), held)).map(({ at }) => at);
        const said = JSON.stringify({ plot, wave, held, places });
        assert.equal(places.length, 3);
        for (const { x, y } of places) assert.ok(x >= size / 2 && x <= plot[0] - size / 2 && y >= size / 2 && y <= plot[1] - size / 2, said);
        for (const [a, b] of [[0, 1], [0, 2], [1, 2]]) assert.ok(Math.hypot(places[a].x - places[b].x, places[a].y - places[b].y) >= Math.max(24, size) - 1e-9, said);
      }
    }
  }
});

test("they sit on the wave: the phase at its beginning, the damping where it has died to a tenth, the frequency on a crest", () => {
  const wave = { frequency: 0.5, damping: 0.1, phase: 0.3, gain: 1 };
  const drawing = drawn(PLOTS[0], wave);
  const { frequency, damping, phase } = placeHandles(drawing, MOUSE);
  const start = 620 - 620 / 40 / 2;
  assert.deepEqual(phase.on, { x: start, y: onWave(drawing, start) });
  // ln 10 / 0.1 tokens back, of 15.5 px each.
  assert.ok(Math.abs(damping.on.x - (start - 10 * Math.LN10 * 15.5)) < 1e-6);
  assert.ok(Math.abs(damping.on.y - (drawing.middle - drawing.amplitude / 10)) < 1e-6);
  const at = frequency.on.x;
  assert.ok(Math.abs(frequency.on.y - onWave(drawing, at)) < 1e-6, "on the line");
  assert.ok(frequency.on.y < onWave(drawing, at - 3) && frequency.on.y < onWave(drawing, at + 3), "at its highest");
  // A wave of half the frequency has its crest about twice as far back.
  const [crest, slower] = [0.5, 0.25].map((frequency) => start - placeHandles(drawn(PLOTS[0], { ...wave, frequency, damping: 0.03 }), MOUSE).frequency.on.x);
  assert.ok(slower > 1.9 * crest && slower < 2.1 * crest, `${crest}, ${slower}`);
});

test("a handle that is dragged goes with the hand along the wave, and the others make way", () => {
  const drawing = drawn(PLOTS[0], { frequency: 0.5, damping: 0.03, phase: 0.3, gain: 1 });
  for (const x of [80, 200, 350, 500]) {
    const { at, on } = placeHandles(drawing, MOUSE, { hold: "frequency", x, short: false }).frequency;
    assert.equal(at.x, x);
    assert.ok(Math.abs(on.y - onWave(drawing, x)) < 1e-6);
    assert.equal(placeHandles(drawing, MOUSE, { hold: "damping", x, short: false }).damping.at.x, x);
  }
});

test("a short wave is not covered: the handles stand beside it, and know what they hold", () => {
  for (const plot of PLOTS.filter(([, , lags]) => lags <= 40)) {
    const size = plot[3];
    for (const reach of [0.3, 1, 2, 2.5]) {
      const drawing = drawn(plot, { frequency: 1, damping: Math.LN10 / reach, phase: 0.2, gain: 1 });
      assert.ok(isShort(drawing, kindOf(plot)), `${plot}, ${reach}`);
      const end = plot[0] - (plot[0] / plot[2]) * (reach + 0.5);
      for (const { at, on } of Object.values(placeHandles(drawing, kindOf(plot)))) {
        assert.ok(at.x + size / 2 < end, `${at.x} over what ends at ${end}`);
        assert.ok(on.x >= end - plot[0], "what it holds");
      }
    }
  }
});
