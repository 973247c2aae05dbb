// From where each head starts to where it is: an arrow a head, in the plane of reach and frequency, a panel a layer.

import { colour, headColour } from "../../charts/colours.js";
import { roundTicks } from "../../charts/ticks.js";
import { REACH_MEDIUM, REACH_NONE, REACH_SHORT } from "../../engine/physics.js";
import { plain, tokens } from "./words.js";

/**
 * @typedef {import("../../engine/observations.js").HeadReport} HeadReport
 * @typedef {{heads: readonly HeadReport[], starts: readonly HeadReport[], layers: number}} MovesData
 */

const SANS = "system-ui, sans-serif";
const LEAST = 260;
const PANEL = 250;
const EDGE = { left: 40, right: 14, top: 26, bottom: 36 };

/** @param {number} layers @param {number} width */
const across = (layers, width) => Math.max(1, Math.min(layers, Math.floor(width / LEAST)));

/** @param {number} layers @param {number} width */
export const movesHeight = (layers, width) => Math.ceil(layers / across(layers, width)) * PANEL;

/** @param {CanvasRenderingContext2D} context @param {number} width @param {MovesData} data */
export function drawMoves(context, width, data) {
  const { heads, starts, layers } = data;
  const all = [...heads, ...starts];
  const finite = all.map(({ reach }) => reach).filter(Number.isFinite);
  const x = { low: Math.min(REACH_NONE, ...finite) / 1.3, high: Math.max(REACH_MEDIUM, ...finite) * 1.5 };
  const y = { low: Math.min(0, ...all.map(({ frequency }) => frequency)) - 0.2, high: Math.max(1, ...all.map(({ frequency }) => frequency)) + 0.3 };
  const columns = across(layers, width);
  const wide = width / columns;
  for (let layer = 0; layer < layers; layer++) {
    const box = {
      x: (layer % columns) * wide + EDGE.left, y: Math.floor(layer / columns) * PANEL + EDGE.top,
      width: wide - EDGE.left - EDGE.right, height: PANEL - EDGE.top - EDGE.bottom,
    };
    const toX = (/** @type {number} */ reach) => box.x + (Math.log(Math.min(reach, x.high) / x.low) / Math.log(x.high / x.low)) * box.width;
    const toY = (/** @type {number} */ frequency) => box.y + box.height - ((frequency - y.low) / (y.high - y.low)) * box.height;
    drawFrame(context, box, layer, x, y, toX, toY);
    heads.forEach((head, i) => { if (head.layer === layer) drawArrow(context, head, starts[i], toX, toY); });
  }
}

/**
 * @param {CanvasRenderingContext2D} context @param {{x: number, y: number, width: number, height: number}} box @param {number} layer
 * @param {{low: number, high: number}} x @param {{low: number, high: number}} y
 * @param {(reach: number) => number} toX @param {(frequency: number) => number} toY
 */
function drawFrame(context, box, layer, x, y, toX, toY) {
  context.lineWidth = 1;
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.font = `600 13px ${SANS}`;
  context.fillStyle = colour("--ink");
  context.fillText(`Layer ${layer + 1}`, box.x, box.y - 8);
  context.font = `11px ${SANS}`;
  context.fillStyle = colour("--ink-2");
  context.strokeStyle = colour("--line");
  context.strokeRect(box.x + 0.5, box.y + 0.5, box.width, box.height);
  context.textAlign = "center";
  for (const reach of [1, 10, 100, 1000, 10000].filter((value) => value >= x.low && value <= x.high)) {
    context.fillText(tokens(reach).replace(".0", ""), toX(reach), box.y + box.height + 14);
  }
  context.fillText("reach in tokens", box.x + box.width / 2, box.y + box.height + 29);
  context.textAlign = "right";
  for (const value of roundTicks(y.low, y.high, 8, 1)) context.fillText(plain(value), box.x - 6, toY(value) + 4);
  context.save();
  context.translate(box.x - 26, box.y + box.height / 2);
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.fillText("ω, radians a cell", 0, 0);
  context.restore();
  context.setLineDash([3, 3]);
  for (const [reach, name] of /** @type {const} */ ([[REACH_NONE, "near"], [REACH_SHORT, "middle"], [REACH_MEDIUM, "far"]])) {
    context.strokeStyle = colour("--line-strong");
    context.beginPath();
    context.moveTo(toX(reach), box.y);
    context.lineTo(toX(reach), box.y + box.height);
    context.stroke();
    context.textAlign = "left";
    context.fillStyle = colour("--ink-3");
    context.fillText(name, toX(reach) + 4, box.y + 12);
  }
  context.setLineDash([]);
}

/**
 * @param {CanvasRenderingContext2D} context @param {HeadReport} head @param {HeadReport} start
 * @param {(reach: number) => number} toX @param {(frequency: number) => number} toY
 */
function drawArrow(context, head, start, toX, toY) {
  const [fromX, fromY, x, y] = [toX(start.reach), toY(start.frequency), toX(head.reach), toY(head.frequency)];
  const ink = colour(headColour(head.head));
  context.strokeStyle = ink;
  context.fillStyle = colour("--display");
  context.lineWidth = 1.5;
  const length = Math.hypot(x - fromX, y - fromY);
  context.beginPath();
  context.arc(fromX, fromY, 3, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
  if (length > 4) {
    const [ux, uy] = [(x - fromX) / length, (y - fromY) / length];
    context.beginPath();
    context.moveTo(fromX + 3 * ux, fromY + 3 * uy);
    context.lineTo(x - 4 * ux, y - 4 * uy);
    context.stroke();
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x - 8 * ux + 4 * uy, y - 8 * uy - 4 * ux);
    context.lineTo(x - 8 * ux - 4 * uy, y - 8 * uy + 4 * ux);
    context.fillStyle = ink;
    context.fill();
  }
  context.font = `600 11px ${SANS}`;
  context.fillStyle = colour("--ink");
  context.textAlign = "center";
  // Ahead of the arrow, where no line is.
  const [aheadX, aheadY] = length > 4 ? [(x - fromX) / length, (y - fromY) / length] : [1, 0];
  context.fillText(String(head.head + 1), x + 9 * aheadX, y + 9 * aheadY + 4);
}
