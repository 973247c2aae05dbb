// A wave is bent by its own drawing: sideways to stretch it (frequency), up and down to let it carry further or fade sooner
// (damping). By mouse anywhere on the drawing, by touch and keyboard at the handles that stand on it (hands.js), of which a
// third turns its phase.

import { RANGES } from "../model/heads.js";

/**
 * @typedef {import("../engine/protocol.js").Head} Head
 * @typedef {Pick<Head, "frequency" | "damping" | "phase">} Wave
 * @typedef {{wave: Wave, stride: number, lags: number}} Drawn  the wave, cells from token to token, tokens of the drawing
 * @typedef {Drawn & {x: number, y: number, width: number}} Grip  where a drag began, in CSS pixels
 */

/** Pixels that a hand shakes, in each direction. */
const SHAKE = 4;
/** Pixels up or down for which the damping changes by a factor of e, and by which the phase turns by one radian. */
const FADE_PX = 60;
export const TURN_PX = 40;
/** What an arrow key does. */
const KEY_STRETCH = 1.02;
const KEY_FADE = 1.05;
export const KEY_TURN = 0.05;

/** As many places as a field shows, and within what a head may be. @param {keyof typeof RANGES} name @param {number} value */
const within = (name, value) => Number(Math.min(RANGES[name].max, Math.max(RANGES[name].min, value)).toPrecision(4));
/** Pixels beyond the hand's shaking. @param {number} pixels */
export const meant = (pixels) => Math.sign(pixels) * Math.max(0, Math.abs(pixels) - SHAKE);

/**
 * The slowest wave that sounds the same at every token: one that turns by more than half a turn from token to token is
 * heard as another that turns the other way.
 * @param {Wave} wave @param {number} stride @returns {Wave}
 */
export function heardAs({ frequency, damping, phase }, stride) {
  const turn = frequency * stride;
  if (Math.abs(turn) <= Math.PI) return { frequency, damping, phase };
  const rest = turn - 2 * Math.PI * Math.round(turn / (2 * Math.PI));
  return { frequency: Math.abs(rest) / stride, damping, phase: rest < 0 ? -phase : phase };
}

/**
 * The wave as it is dragged: what was gripped stays under the hand, as far as it is stretched.
 * @param {Grip} grip @param {number} x @param {number} y @returns {Wave}  as it was gripped where the hand is back
 */
export function dragged({ wave, stride, x: fromX, y: fromY, width, lags }, x, y) {
  // Half a token at least from the newest end, about which it is stretched.
  const from = Math.max(width / lags / 2, width - fromX);
  const to = Math.max(width / lags / 2, from - meant(x - fromX));
  const fade = meant(y - fromY) / FADE_PX;
  const { frequency, damping, phase } = wave;
  return {
    ...(to === from ? { frequency, phase } : stretched(wave, stride, from / to)),
    damping: fade === 0 ? damping : within("damping", damping * Math.exp(fade)),
  };
}

/** @param {Wave} wave @param {number} stride @param {number} by  what the frequency that is heard is multiplied by @returns {Pick<Wave, "frequency" | "phase">} */
export function stretched(wave, stride, by) {
  const heard = heardAs(wave, stride);
  return { frequency: within("frequency", heard.frequency * by), phase: heard.phase };
}

/**
 * The wave after an arrow key; null for any other. @param {Drawn} drawn @param {string} key @returns {Partial<Wave> | null}
 */
export function stepped({ wave, stride }, key) {
  const { damping } = wave;
  if (key === "ArrowLeft" || key === "ArrowRight") return stretched(wave, stride, key === "ArrowLeft" ? 1 / KEY_STRETCH : KEY_STRETCH);
  if (key === "ArrowUp" || key === "ArrowDown") return { damping: within("damping", key === "ArrowUp" ? damping / KEY_FADE : damping * KEY_FADE) };
  return null;
}

/**
 * The damping as the handle on the envelope is dragged: away from the newest end, or up, it carries further.
 * @param {Grip} grip @param {number} x @param {number} y @returns {Pick<Wave, "damping">}
 */
export function faded({ wave: { damping }, x: fromX, y: fromY, width, lags }, x, y) {
  const least = width / lags / 2;
  const from = Math.max(least, width - fromX);
  const by = (from / Math.max(least, from - meant(x - fromX))) * Math.exp(meant(y - fromY) / FADE_PX);
  return { damping: by === 1 ? damping : within("damping", damping * by) };
}

/** Which way the phase turns for the wave's beginning to rise first. @param {Wave} wave */
export const rising = ({ phase }) => (Math.sin(phase) > 0 ? -1 : 1);

/** @param {Wave} wave @param {number} pixels  upwards @returns {Partial<Wave>} */
export const turned = ({ phase }, pixels) => ({ phase: pixels === 0 ? phase : within("phase", phase + pixels / TURN_PX) });

/**
 * Follows a pointer from its press to its end.
 * @param {HTMLElement} element @param {(event: PointerEvent) => ((event: PointerEvent) => void) | null} begin  gives what is
 *   done at every move; null where this press is nobody's
 * @param {() => void} [ended]
 */
export function follow(element, begin, ended = () => {}) {
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const move = begin(event);
    if (!move) return;
    event.preventDefault();
    if (element instanceof HTMLButtonElement) element.focus(); // Arrow keys go on from there.
    element.setPointerCapture(event.pointerId);
    element.classList.add("dragging");
    const over = new AbortController();
    const { signal } = over;
    signal.addEventListener("abort", () => {
      element.classList.remove("dragging");
      ended();
    });
    element.addEventListener("pointermove", move, { signal });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) element.addEventListener(end, () => over.abort(), { signal });
  });
}
