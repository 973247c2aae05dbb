// Every head of every layer at a glance: its kernel, what it answers to, how far it hears, and what it contributes.

import { colour, headColour } from "../../charts/colours.js";
import { drawKernel } from "../../charts/kernel.js";
import { drawResponse } from "../../charts/response.js";
import { REACH_MEDIUM } from "../../engine/physics.js";
import { GAP, cellOf } from "./cells.js";
import { RANGES, amountInWords, countsInWords, rangeOf, tokens, verdictOn } from "./words.js";

/**
 * @typedef {import("../../engine/observations.js").HeadReport} HeadReport
 * @typedef {import("../../engine/observations.js").Contribution} Contribution
 * @typedef {object} GridData
 * @property {readonly (HeadReport & {gain: number})[]} heads Layer by layer.
 * @property {import("../../engine/protocol.js").ModelConfig} config
 * @property {readonly (Contribution | null)[]} changes Empty before anything is measured.
 * @property {readonly number[]} order The places of the heads, the most useful first.
 * @property {number} chosen A head's place, or -1.
 */

const SANS = "system-ui, sans-serif";
/** Tokens back that a kernel is drawn over: as far as a middle head reaches. */
export const LAGS = REACH_MEDIUM;
const PAD = 8;

/** @param {CanvasRenderingContext2D} context @param {number} width @param {GridData} data */
export function drawGrid(context, width, data) {
  const { heads: all, config } = data;
  const heads = config.num_heads;
  context.textBaseline = "alphabetic";
  context.lineJoin = "round";
  for (let layer = 0; layer < config.num_layers; layer++) {
    const { y } = cellOf(layer * heads, heads, width);
    context.textAlign = "left";
    context.font = `600 13px ${SANS}`;
    context.fillStyle = colour("--ink");
    const title = `Layer ${layer + 1}`;
    context.fillText(title, GAP, y - 8);
    const shift = context.measureText(title).width + 10;
    context.font = `12px ${SANS}`;
    context.fillStyle = colour("--ink-2");
    context.fillText(countsInWords(all.slice(layer * heads, (layer + 1) * heads)), GAP + shift, y - 8);
  }
  const scale = scaleOf(data.changes);
  all.forEach((_, place) => drawCell(context, cellOf(place, heads, width), data, place, scale));
}

/** The largest end of an interval that is drawn. @param {readonly (Contribution | null)[]} changes */
export function scaleOf(changes) {
  let [low, high] = [0, 1e-9];
  for (const change of changes) {
    if (!change) continue;
    low = Math.min(low, Number.isFinite(change.low) ? change.low : change.mean);
    high = Math.max(high, Number.isFinite(change.high) ? change.high : change.mean);
  }
  return { low, high };
}

/**
 * @param {CanvasRenderingContext2D} context @param {{x: number, y: number, width: number, height: number}} cell
 * @param {GridData} data @param {number} place @param {{low: number, high: number}} scale
 */
function drawCell(context, { x, y, width, height }, { heads, config, changes, order, chosen }, place, scale) {
  const head = heads[place];
  const heard = head.gain !== 0;
  context.strokeStyle = colour(place === chosen ? "--focus" : "--line");
  context.lineWidth = place === chosen ? 2 : 1;
  context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  context.textAlign = "left";
  context.font = `600 12px ${SANS}`;
  context.fillStyle = colour(headColour(head.head));
  context.fillText(`Head ${head.head + 1}`, x + PAD, y + 17);
  context.font = `12px ${SANS}`;
  context.textAlign = "right";
  context.fillStyle = colour("--ink-2");
  context.fillText(heard ? `${tokens(head.reach)} tokens` : "muted", x + width - PAD, y + 17);
  context.textAlign = "left";
  context.fillStyle = colour("--ink");
  context.fillText(head.role, x + PAD, y + 33);
  drawRange(context, x + width - PAD, y + 25, RANGES.indexOf(rangeOf(head)));

  const part = { head, file: null, config, index: head.head, heard };
  context.save();
  context.translate(x + PAD, y + 40);
  drawKernel(context, width - 2 * PAD, 46, { ...part, lags: Math.min(LAGS, config.max_seq_len), weights: [] });
  context.translate(0, 52);
  drawResponse(context, width - 2 * PAD, 26, part);
  context.restore();

  const rank = order.indexOf(place);
  if (rank < 0) return;
  const change = /** @type {Contribution} */ (changes[place]);
  context.font = `11px ${SANS}`;
  context.textAlign = "left";
  context.fillStyle = colour("--ink-2");
  context.fillText(`#${rank + 1}  ${amountInWords(change)}`, x + PAD, y + 133);
  drawBar(context, { x: x + PAD, y: y + 138, width: width - 2 * PAD, height: 8 }, change, scale);
}

/** As many filled steps as a head reaches far: none, near, middle, far. @param {CanvasRenderingContext2D} context @param {number} right @param {number} y @param {number} steps */
function drawRange(context, right, y, steps) {
  for (let i = 0; i < 3; i++) {
    const tall = 4 + 2 * i;
    context.fillStyle = colour(i < steps ? "--ink-2" : "--line");
    context.fillRect(right - 15 + i * 5, y + 8 - tall, 4, tall);
  }
}

/**
 * A contribution with its interval. One that is below 0 is hatched, one that is not told apart from 0 is hollow.
 * @param {CanvasRenderingContext2D} context @param {{x: number, y: number, width: number, height: number}} place
 * @param {Contribution} change @param {{low: number, high: number}} scale
 */
export function drawBar(context, { x, y, width, height }, change, { low, high }) {
  const at = (/** @type {number} */ value) => x + ((Math.max(low, Math.min(high, value)) - low) / (high - low)) * width;
  const [zero, end] = [at(0), at(change.mean)];
  const [left, wide] = [Math.min(zero, end), Math.max(1, Math.abs(end - zero))];
  const verdict = verdictOn(change);
  const ink = colour(change.mean < 0 ? "--head-1" : "--head-0");
  context.fillStyle = ink;
  context.strokeStyle = ink;
  context.lineWidth = 1;
  if (verdict === "helps") context.fillRect(left, y, wide, height);
  else context.strokeRect(left + 0.5, y + 0.5, Math.max(0.5, wide - 1), height - 1);
  if (verdict === "hurts") {
    context.beginPath();
    for (let d = 3; d < wide + height; d += 4) {
      const [from, to] = [Math.max(0, d - height), Math.min(d, wide)];
      context.moveTo(left + from, y + Math.min(height, d));
      context.lineTo(left + to, y + d - to);
    }
    context.stroke();
  }
  if (Number.isFinite(change.low)) {
    const [from, to, middle] = [at(change.low), at(change.high), y + height / 2];
    context.beginPath();
    context.moveTo(from, middle);
    context.lineTo(to, middle);
    for (const tip of [from, to]) {
      context.moveTo(tip, middle - 3);
      context.lineTo(tip, middle + 3);
    }
    // The wider line below sets the interval off against the bar.
    for (const [line, wide] of /** @type {const} */ ([["--display", 3.5], ["--ink", 1.2]])) {
      context.strokeStyle = colour(line);
      context.lineWidth = wide;
      context.stroke();
    }
    context.lineWidth = 1;
  }
  context.strokeStyle = colour("--line-strong");
  context.beginPath();
  context.moveTo(zero, y - 2);
  context.lineTo(zero, y + height + 2);
  context.stroke();
}
