// An amount for every token of a text, as bars along it.

import { colour } from "../../charts/colours.js";
import { SIDES, roundUp } from "./places.js";

/** @typedef {CanvasRenderingContext2D} Context */

/**
 * @typedef {object} TokenBars
 * @property {readonly string[]} tokens As they are written under the bars, where there is room.
 * @property {ArrayLike<number>} amounts One a token, 0 or more.
 * @property {string} unit
 * @property {number} mean A dashed line.
 * @property {number} chosen A token that is marked, or -1.
 */

const FONT = "12px system-ui, sans-serif";
const MONO = "12px ui-monospace, Menlo, Consolas, monospace";
const MARGIN = { ...SIDES, top: 22, bottom: 40 };
/** The narrowest bar that has room for its token. */
const ROOM = 9;

/** @param {Context} context @param {number} width @param {number} height @param {TokenBars} bars */
export function drawTokenBars(context, width, height, { tokens, amounts, unit, mean, chosen }) {
  const most = roundUp(Math.max(...Array.from(amounts), 0));
  const across = (width - MARGIN.left - MARGIN.right) / Math.max(1, tokens.length);
  const bottom = height - MARGIN.bottom;
  const y = (/** @type {number} */ amount) => bottom - (amount / most) * (bottom - MARGIN.top);
  const x = (/** @type {number} */ token) => MARGIN.left + token * across;
  drawScale(context, width, y, most, unit);
  const gap = across > 4 ? 1 : 0;
  for (let i = 0; i < tokens.length; i++) {
    if (!(amounts[i] > 0)) continue;
    context.fillStyle = colour(i === chosen ? "--ink" : "--head-0");
    context.fillRect(x(i), y(amounts[i]), Math.max(across - gap, 0.5), bottom - y(amounts[i]));
  }
  drawMean(context, width, y(mean), mean);
  drawTokens(context, tokens, x, across, bottom);
  if (chosen >= 0) drawChosen(context, x(chosen) + across / 2, y(amounts[chosen] ?? 0));
  context.fillStyle = colour("--ink-2");
  context.font = FONT;
  context.textAlign = "left";
  context.fillText("first token", MARGIN.left, height - 8);
  context.textAlign = "right";
  context.fillText(`last, token ${tokens.length}`, width - MARGIN.right, height - 8);
}

/** @param {Context} context @param {number} width @param {(amount: number) => number} y @param {number} most @param {string} unit */
function drawScale(context, width, y, most, unit) {
  context.font = FONT;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.lineWidth = 1;
  for (const share of [0, 0.5, 1]) {
    const at = Math.round(y(share * most)) + 0.5;
    context.strokeStyle = colour(share === 0 ? "--line-strong" : "--grid");
    context.beginPath();
    context.moveTo(MARGIN.left, at);
    context.lineTo(width - MARGIN.right, at);
    context.stroke();
    context.fillStyle = colour("--ink-2");
    context.fillText(tick(share * most), MARGIN.left - 6, at);
  }
  context.textAlign = "left";
  context.fillText(unit, 8, 10);
  context.textBaseline = "alphabetic";
}

/** @param {Context} context @param {number} width @param {number} y @param {number} mean */
function drawMean(context, width, y, mean) {
  if (!(mean > 0)) return;
  context.strokeStyle = colour("--ink-2");
  context.setLineDash([5, 4]);
  context.beginPath();
  context.moveTo(MARGIN.left, y);
  context.lineTo(width - MARGIN.right, y);
  context.stroke();
  context.setLineDash([]);
  context.font = FONT;
  context.textAlign = "right";
  context.fillStyle = colour("--ink");
  context.fillText("mean", width - MARGIN.right, y - 4);
}

/** @param {Context} context @param {readonly string[]} tokens @param {(token: number) => number} x @param {number} across @param {number} bottom */
function drawTokens(context, tokens, x, across, bottom) {
  if (across < ROOM) return;
  context.font = MONO;
  context.textAlign = "center";
  context.fillStyle = colour("--ink-2");
  tokens.forEach((token, i) => {
    if (context.measureText(token).width <= across + 1) context.fillText(token, x(i) + across / 2, bottom + 14);
  });
}

/** @param {Context} context @param {number} x @param {number} y */
function drawChosen(context, x, y) {
  context.fillStyle = colour("--ink");
  context.beginPath();
  context.moveTo(x, y - 3);
  context.lineTo(x - 4, y - 10);
  context.lineTo(x + 4, y - 10);
  context.closePath();
  context.fill();
}

/** @param {number} value */
const tick = (value) => String(Number(value.toPrecision(2)));
