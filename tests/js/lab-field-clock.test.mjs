// The time that the field is seen at, with frames and a wish for less motion that the test hands out.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

/** @type {((now: number) => void) | null} */ let asked = null;
const motion = { matches: false };
let now = 1000;
performance.now = () => now;
Object.assign(globalThis, {
  matchMedia: () => motion,
  requestAnimationFrame: (/** @type {(now: number) => void} */ draw) => { asked = draw; return 1; },
  cancelAnimationFrame: () => { asked = null; },
});
const { FieldClock } = await import("../../www/js/lab/field/clock.js");

/** Draws frames until none is asked for. @param {number} [most] @returns {number} How many there were. */
function frames(most = 1000) {
  let count = 0;
  while (asked && count < most) {
    const draw = asked;
    asked = null;
    now += 16;
    draw(now);
    count++;
  }
  return count;
}

afterEach(() => { asked = null; motion.matches = false; });

/** @param {number} count */
function clockOf(count) {
  /** @type {number[]} */ const times = [];
  /** @type {boolean[]} */ const states = [];
  const clock = new FieldClock(() => times.push(clock.time), (playing) => states.push(playing));
  clock.goTo(0);
  motion.matches = true;
  clock.grow(count);
  motion.matches = false;
  return { clock, times, states };
}

test("it plays from the first token to the last, with times between them, and stands there", () => {
  const { clock, times, states } = clockOf(10);
  assert.equal(clock.time, 9);
  times.length = 0;
  clock.play();
  assert.ok(frames() > 30);
  assert.equal(clock.time, 9);
  assert.equal(clock.playing, false);
  assert.deepEqual(states, [true, false]);
  assert.ok(times.some((time) => time % 1 !== 0));
  assert.ok(times.every((time, i) => i === 0 || time >= times[i - 1]));
});

test("who looks at the newest token goes on doing so, who chose another one stays there", () => {
  const { clock } = clockOf(10);
  clock.grow(14);
  frames();
  assert.equal(clock.time, 13);
  // Further tokens come before the picture has arrived.
  clock.grow(16);
  frames(1);
  assert.ok(clock.time > 13 && clock.time < 15);
  clock.grow(18);
  frames();
  assert.equal(clock.time, 17);
  clock.grow(19);
  frames(1);
  clock.stop();
  assert.equal(clock.time, 18, "hidden on the way, it is still at the newest");
  clock.goTo(4);
  clock.grow(20);
  assert.equal(asked, null);
  assert.equal(clock.time, 4);
  clock.grow(3);
  assert.equal(clock.time, 2, "a shorter text");
});

test("a text that becomes shorter ends the playing, one that becomes longer is played on", () => {
  const { clock, states } = clockOf(10);
  clock.play();
  frames(20);
  clock.grow(12);
  frames();
  assert.equal(clock.time, 11);
  clock.play();
  frames(40);
  clock.grow(2);
  assert.equal(frames(), 0);
  assert.deepEqual([clock.time, clock.playing, states.at(-1)], [1, false, false]);
});

test("with less motion there is no time between two tokens", () => {
  const { clock, times } = clockOf(10);
  motion.matches = true;
  clock.play();
  frames();
  assert.ok(times.every((time) => time % 1 === 0));
  assert.equal(clock.time, 9);
  clock.grow(12);
  assert.equal(asked, null, "it does not glide");
  assert.equal(clock.time, 11);
});
