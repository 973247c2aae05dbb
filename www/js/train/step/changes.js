// How the surprise changed at each place of a piece: down from the line where it got better, up where it got worse.

import { colour } from "../../charts/colours.js";
import { SIDES, roundUp } from "../../lab/whatif/places.js";

/**
 * @typedef {object} Changes
 * @property {ArrayLike<number>} before  nats at each place
 * @property {ArrayLike<number>} after
 * @property {readonly string[]} tokens  those that come
 * @property {number} chosen  a place, or -1
 */

const FONT = "12px system-ui, sans-serif";
const MONO = "12px ui-monospace, Menlo, Consolas, monospace";
const MARGIN = { ...SIDES, top: 22, bottom: 24 };
/** The narrowest bar that has room for its token. */
const ROOM = 9;

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {Changes} changes */
export function drawChanges(context, width, height, { before, after, tokens, chosen }) {
  const change = Array.from(before, (nats, i) => after[i] - nats);
  const most = roundUp(Math.max(...change.map(Math.abs), 0));
  const across = (width - MARGIN.left - MARGIN.right) / Math.max(1, change.length);
  const [top, bottom] = [MARGIN.top, height - MARGIN.bottom];
  const y = (/** @type {number} */ nats) => (top + bottom) / 2 - (nats / most) * ((bottom - top) / 2);
  const x = (/** @type {number} */ place) => MARGIN.left + place * across;
  drawScale(context, width, y, most);
  const gap = across > 4 ? 1 : 0;
  change.forEach((nats, place) => {
    context.fillStyle = colour(nats < 0 ? "--head-0" : "--head-1");
    context.fillRect(x(place), Math.min(y(0), y(nats)), Math.max(across - gap, 0.5), Math.abs(y(nats) - y(0)));
  });
  context.font = MONO;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillStyle = colour("--ink-2");
  tokens.forEach((token, place) => {
    if (across >= ROOM && context.measureText(token).width <= across + 1) context.fillText(token, x(place) + across / 2, height - 8);
  });
  if (chosen < 0) return;
  context.strokeStyle = colour("--focus");
  context.lineWidth = 1.5;
  context.strokeRect(x(chosen) - 1, top - 2, Math.max(across - gap, 1) + 2, bottom - top + 4);
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {(nats: number) => number} y @param {number} most */
function drawScale(context, width, y, most) {
  context.font = FONT;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  for (const nats of [most, 0, -most]) {
    const at = Math.round(y(nats)) + 0.5;
    context.strokeStyle = colour(nats === 0 ? "--line-strong" : "--grid");
    context.beginPath();
    context.moveTo(MARGIN.left, at);
    context.lineTo(width - MARGIN.right, at);
    context.stroke();
    context.fillStyle = colour("--ink-2");
    context.textAlign = "right";
    const words = String(Number(Math.abs(nats).toPrecision(2)));
    context.fillText(nats === 0 ? "0" : `${nats > 0 ? "+" : "\u2212"}${words}`, MARGIN.left - 6, at);
  }
  context.textAlign = "left";
  context.fillText("nats", 8, 10);
}
