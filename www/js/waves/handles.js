// Where the three handles of a drawn wave stand: that of the frequency at a crest, that of the damping where the envelope
// has died down to a tenth (the reach), that of the phase at the wave's beginning. They never stand over each other or
// outside the drawing; beside a wave that is shorter than they are wide they stand where it has died, each with a line to
// what it holds. No DOM.

import { wave as heightAt } from "../engine/physics.js";

/**
 * @typedef {{ x: number, y: number }} Point  in CSS pixels from the drawing's upper left
 * @typedef {"frequency" | "damping" | "phase"} Hold  what a handle bends
 * @typedef {{ at: Point, on: Point }} Place  where a handle stands, and what it holds
 *
 * @typedef {object} Drawing
 * @property {import("../engine/protocol.js").Head} wave
 * @property {number} stride  cells from token to token
 * @property {number} lags  tokens of the drawing
 * @property {number} width @property {number} height
 * @property {number} middle  where the wave is nothing
 * @property {number} amplitude  pixels of its envelope at its beginning
 *
 * @typedef {{ hold: Hold, x: number, short: boolean }} Held  a handle under a hand: where it is across the drawing, and
 *   whether the wave was short when it was taken
 */

/**
 * For a mouse and for a finger.
 * @typedef {{ size: number, covers: number }} Kind  pixels of a handle, which is also how far two of them are apart at least;
 *   and what the three cover of a wave together
 */
export const MOUSE = { size: 24, covers: 44 };
export const TOUCH = { size: 40, covers: 120 };

/** A crest that is further back than so many is none that is looked for. */
const CRESTS = 64;
/** Pixels between a short wave and the handles beside it. */
const BESIDE = 6;

/** Pixels from the newest token to where the envelope has died down to a tenth. @param {Drawing} drawing */
const reachOf = ({ wave, stride, lags, width }) => (Math.LN10 / Math.max(wave.damping, 1e-9)) * (width / (lags * stride));

/** Whether a wave is so short that its handles would cover it. @param {Drawing} drawing @param {Kind} kind */
export const isShort = (drawing, { covers }) => reachOf(drawing) < covers;

/**
 * @param {Drawing} drawing @param {Kind} kind @param {Held | null} [held]
 * @returns {Record<Hold, Place>}
 */
export function placeHandles(drawing, kind, held = null) {
  const { size } = kind;
  const { wave, stride, lags, width, height, middle, amplitude } = drawing;
  const cellsPerPixel = (stride * lags) / width;
  const start = width - width / lags / 2;
  const half = size / 2;
  const inside = (/** @type {Point} */ { x, y }) => ({ x: between(x, half, width - half), y: between(y, half, height - half) });
  const back = (/** @type {number} */ x) => Math.max(0, start - x) * cellsPerPixel;
  const onWave = (/** @type {number} */ x) => ({ x, y: middle - amplitude * heightAt(wave, back(x)) });
  const onEnvelope = (/** @type {number} */ x) => ({ x, y: middle - amplitude * Math.exp(-wave.damping * back(x)) });
  const reach = reachOf(drawing);
  const crests = crestsOf(wave).map((t) => start - t / cellsPerPixel).filter((x) => x >= half);
  /** What each holds, whether it can stand there or not. @type {Record<Hold, Point>} */
  const on = {
    phase: onWave(start),
    damping: onEnvelope(Math.max(half, start - reach)),
    frequency: onWave(crests[0] ?? start - Math.min(reach, width) / 2),
  };
  /** @type {Point[]} */ const taken = [];
  const free = (/** @type {Point} */ point) => taken.every((other) => Math.hypot(point.x - other.x, point.y - other.y) >= size);
  /** The nearest place to `x` that nobody has. @param {number} x @param {(x: number) => Point} along */
  const settle = (x, along) => {
    for (let off = 0; off <= width; off++) {
      const found = [x - off, x + off].map((at) => inside(along(between(at, half, width - half)))).find(free);
      if (found) return found;
    }
    return inside(along(x));
  };
  /** @param {Hold} hold @param {Point} at @param {Point} [holds] */
  const take = (hold, at, holds = on[hold]) => {
    taken.push(at);
    places[hold] = { at, on: holds };
  };
  const places = /** @type {Record<Hold, Place>} */ ({});
  const short = held ? held.short : isShort(drawing, kind);
  const along = { phase: () => on.phase, damping: onEnvelope, frequency: onWave };
  const flat = (/** @type {number} */ x) => ({ x, y: middle });
  const others = /** @type {Hold[]} */ (["phase", "damping", "frequency"]).filter((hold) => hold !== held?.hold);
  if (held) {
    const { hold, x } = held;
    take(hold, inside(short && hold !== "phase" ? flat(x) : along[hold](x)), short || hold === "phase" ? on[hold] : along[hold](x));
  }
  if (short) {
    const edge = Math.max(2 * size + half, start - reach - BESIDE - half);
    const order = /** @type {Hold[]} */ (["phase", "frequency", "damping"]);
    for (const hold of others) take(hold, settle(edge - size * order.indexOf(hold), flat));
    return places;
  }
  for (const hold of others) {
    if (hold === "phase") take(hold, settle(start, (x) => ({ x, y: on.phase.y })));
    if (hold === "damping") take(hold, settle(on.damping.x, onEnvelope));
    if (hold !== "frequency") continue;
    const crest = crests.map(onWave).find((point) => free(inside(point)));
    if (crest) take(hold, inside(crest), crest);
    else {
      // A wave that hardly turns in sight is held anywhere between the others.
      const at = settle(start - Math.min(reach, start) / 2, onWave);
      take(hold, at, onWave(at.x));
    }
  }
  return places;
}

/**
 * Cells from the beginning to each crest, then to each trough.
 * @param {import("../engine/protocol.js").Head} wave
 */
function crestsOf({ frequency, damping, phase }) {
  const turn = Math.abs(frequency);
  if (turn < 1e-6) return [];
  // The damped wave is steepest a little before the undamped one.
  const first = -(Math.sign(frequency) * phase + Math.atan2(damping, turn)) / turn;
  const half = Math.PI / turn;
  const from = Math.ceil(-first / half);
  const all = Array.from({ length: CRESTS }, (_, i) => from + i).map((n) => ({ crest: n % 2 === 0, t: first + n * half }));
  return [...all.filter(({ crest }) => crest), ...all.filter(({ crest }) => !crest)].map(({ t }) => t);
}

/** @param {number} value @param {number} min @param {number} max */
const between = (value, min, max) => Math.min(Math.max(min, max), Math.max(min, value));
