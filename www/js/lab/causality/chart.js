// Leaks against the place of the token that was exchanged: both axes logarithmic, a circle for the processor and a
// triangle for the graphics card, filled for what arrived before the token, hollow for what its exchange did after it.

import { colour } from "../../charts/colours.js";
import { PLACES } from "../../model/causality.js";

/**
 * @typedef {import("../../model/causality.js").Findings} Findings
 * @typedef {import("../../model/causality.js").Place} Place
 * @typedef {{x: (position: number) => number, y: (change: number) => number, left: number, right: number, top: number, bottom: number}} Frame
 */

export const LEAKS_HEIGHT = 340;
const SANS = "system-ui, sans-serif";
const MARGIN = { left: 52, right: 12, top: 26, bottom: 44 };
/** Decades that are shown; a change of exactly 0 lies below the first. */
const LOW = -9;
const HIGH = 1;
const RADIUS = 3.6;

/** @type {Record<Place, {ink: string, trace: (context: CanvasRenderingContext2D, x: number, y: number) => void}>} */
const MARKS = {
  cpu: { ink: "--head-0", trace: (context, x, y) => context.arc(x, y, RADIUS, 0, 2 * Math.PI) },
  gpu: {
    ink: "--head-1",
    trace: (context, x, y) => {
      context.moveTo(x, y - 1.4 * RADIUS);
      context.lineTo(x + 1.25 * RADIUS, y + RADIUS);
      context.lineTo(x - 1.25 * RADIUS, y + RADIUS);
      context.closePath();
    },
  },
};

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {Findings} found */
export function drawLeaks(context, width, height, found) {
  const longest = Math.max(2, ...(found.plan?.probes ?? []).map(({ length }) => length));
  const frame = frameOf(width, height, longest);
  drawAxes(context, frame, longest);
  if (found.plan) drawThreshold(context, frame, found.plan.threshold);
  for (const place of PLACES) {
    for (const { position, before, after } of found.leaks[place]) {
      drawMark(context, place, frame.x(position + 1), frame.y(after), false);
      drawMark(context, place, frame.x(position + 1), frame.y(before), true);
    }
  }
  drawKey(context, width, found);
}

/** @param {number} width @param {number} height @param {number} longest @returns {Frame} */
function frameOf(width, height, longest) {
  const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, height - MARGIN.bottom];
  const span = Math.log2(Math.max(longest, 4) / 2);
  return {
    left, right, top, bottom,
    x: (token) => left + 12 + (Math.log2(Math.max(2, token) / 2) / span) * (right - left - 24),
    y: (change) => {
      // One row more below the decades, for nothing at all.
      const power = change > 0 ? Math.max(LOW, Math.min(HIGH, Math.log10(change))) : LOW - 1;
      return Number.isFinite(power) ? bottom - ((power - LOW + 1.5) / (HIGH - LOW + 2)) * (bottom - top) : top;
    },
  };
}

/** @param {CanvasRenderingContext2D} context @param {Frame} frame @param {number} longest */
function drawAxes(context, { x, y, left, right, top, bottom }, longest) {
  context.font = `11px ${SANS}`;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.strokeStyle = colour("--grid");
  context.fillStyle = colour("--ink-2");
  context.beginPath();
  for (let power = LOW; power <= HIGH; power += 2) {
    const at = Math.round(y(10 ** power)) + 0.5;
    context.moveTo(left, at);
    context.lineTo(right, at);
    context.fillText(power === HIGH ? "10" : `1e${power}`, left - 6, at);
  }
  context.moveTo(left, Math.round(y(0)) + 0.5);
  context.lineTo(right, Math.round(y(0)) + 0.5);
  context.stroke();
  context.fillText("none", left - 6, y(0));
  context.textAlign = "center";
  context.textBaseline = "top";
  const tokens = [];
  for (let token = 2; token < longest / 1.3; token *= 2) tokens.push(token);
  for (const token of [...tokens, longest]) context.fillText(String(token), x(token), bottom + 6);
  context.textAlign = "right";
  context.fillText("the token that was exchanged, in the text's order", right, bottom + 24);
  context.strokeStyle = colour("--line-strong");
  context.strokeRect(left + 0.5, top + 0.5, right - left, bottom - top);
}

/** @param {CanvasRenderingContext2D} context @param {Frame} frame @param {number} threshold */
function drawThreshold(context, { y, left, right }, threshold) {
  const at = Math.round(y(threshold)) + 0.5;
  context.strokeStyle = context.fillStyle = colour("--bad");
  context.lineWidth = 1.5;
  context.setLineDash([6, 4]);
  context.beginPath();
  context.moveTo(left, at);
  context.lineTo(right, at);
  context.stroke();
  context.setLineDash([]);
  context.font = `11px ${SANS}`;
  context.textAlign = "right";
  context.textBaseline = "bottom";
  context.fillText("a filled mark above this line is a leak", right - 6, at - 4);
}

/** @param {CanvasRenderingContext2D} context @param {Place} place @param {number} x @param {number} y @param {boolean} filled */
function drawMark(context, place, x, y, filled) {
  const { ink, trace } = MARKS[place];
  context.strokeStyle = context.fillStyle = colour(ink);
  context.lineWidth = 1.3;
  context.globalAlpha = filled ? 0.85 : 0.7;
  context.beginPath();
  trace(context, x, y);
  if (filled) context.fill();
  else context.stroke();
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {Findings} found */
function drawKey(context, width, found) {
  const narrow = width < 520;
  const after = narrow ? "after" : "from the token on";
  const before = narrow ? "before" : "before the token";
  context.font = `12px ${SANS}`;
  context.textBaseline = "middle";
  context.textAlign = "left";
  let x = MARGIN.left + 4;
  for (const place of PLACES) {
    if (place === "gpu" && found.leaks.gpu.length === 0) continue;
    const name = place === "cpu" ? "processor" : narrow ? "card" : "graphics card";
    for (const [filled, words] of /** @type {[boolean, string][]} */ ([[true, `${name}, ${before}`], [false, after]])) {
      drawMark(context, place, x, 12, filled);
      context.fillStyle = colour("--ink-2");
      context.fillText(words, x + 9, 12);
      x += 9 + context.measureText(words).width + (narrow ? 12 : 18);
    }
  }
}
