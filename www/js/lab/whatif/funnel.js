// A mean that is measured on more and more: its interval as a band that narrows, against zero.

import { colour } from "../../charts/colours.js";
import { roundUp } from "./places.js";

/** @param {number} end 0 or more. */
const roundAway = (end) => (end > 0 ? roundUp(end) : 0);

/** @typedef {{windows: number, mean: number, low: number, high: number}} Round */

const FONT = "12px system-ui, sans-serif";
const MARGIN = { left: 58, right: 12, top: 32, bottom: 24 };

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {readonly Round[]} rounds @param {number} all Windows that there are. */
export function drawFunnel(context, width, height, rounds, all) {
  const lowest = -roundAway(Math.max(0, ...rounds.map(({ low }) => -low)));
  const highest = roundAway(Math.max(0, ...rounds.map(({ high }) => high))) || (lowest === 0 ? 0.001 : 0);
  const bottom = height - MARGIN.bottom;
  const y = (/** @type {number} */ value) => bottom - ((Math.max(lowest, Math.min(highest, value)) - lowest) / (highest - lowest)) * (bottom - MARGIN.top);
  const x = (/** @type {number} */ windows) => MARGIN.left + 8 + (windows / Math.max(1, rounds.at(-1)?.windows ?? 1)) * (width - MARGIN.left - MARGIN.right - 16);
  drawLines(context, width, y, [lowest, highest]);
  if (rounds.length > 1) {
    context.fillStyle = colour("--head-0");
    context.globalAlpha = 0.22;
    context.beginPath();
    rounds.forEach(({ windows, high }) => context.lineTo(x(windows), y(high)));
    [...rounds].reverse().forEach(({ windows, low }) => context.lineTo(x(windows), y(low)));
    context.closePath();
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = colour("--head-0");
    context.lineWidth = 2;
    context.beginPath();
    rounds.forEach(({ windows, mean }) => context.lineTo(x(windows), y(mean)));
    context.stroke();
  }
  const last = rounds.at(-1);
  if (last) drawLast(context, x(last.windows), y, last);
  context.font = FONT;
  context.fillStyle = colour("--ink-2");
  context.textAlign = "left";
  context.fillText("change in nats, above 0 worse", 8, 13);
  context.fillText("windows read", MARGIN.left, height - 7);
  context.textAlign = "right";
  if (last) context.fillText(`${last.windows} of ${all}`, width - MARGIN.right, height - 7);
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {(value: number) => number} y @param {number[]} values */
function drawLines(context, width, y, values) {
  context.font = FONT;
  context.lineWidth = 1;
  context.textAlign = "right";
  context.textBaseline = "middle";
  // Zero first: an end that lies too near to it stays unsaid.
  const said = [0, ...values.filter((value) => Math.abs(y(value) - y(0)) > 14)];
  for (const value of said) {
    const at = Math.round(y(value)) + 0.5;
    context.strokeStyle = colour(value === 0 ? "--ink-2" : "--grid");
    context.beginPath();
    context.moveTo(MARGIN.left, at);
    context.lineTo(width - MARGIN.right, at);
    context.stroke();
    context.fillStyle = colour("--ink-2");
    context.fillText(String(Number(value.toPrecision(2))).replace("-", "−"), MARGIN.left - 6, at);
  }
  context.textBaseline = "alphabetic";
}

/** The interval as it is now. @param {CanvasRenderingContext2D} context @param {number} x @param {(value: number) => number} y @param {Round} round */
function drawLast(context, x, y, { mean, low, high }) {
  context.strokeStyle = context.fillStyle = colour("--ink");
  context.lineWidth = 2;
  context.beginPath();
  for (const end of [low, high]) {
    context.moveTo(x - 5, y(end));
    context.lineTo(x + 5, y(end));
  }
  context.moveTo(x, y(low));
  context.lineTo(x, y(high));
  context.stroke();
  context.beginPath();
  context.arc(x, y(mean), 4, 0, 2 * Math.PI);
  context.fill();
}
