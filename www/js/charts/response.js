// One head's frequency response: slow patterns at the left, patterns that change with every token at
// the right.

import { response } from "../engine/physics.js";
import { colour, headColour } from "./colours.js";
import { Surface } from "./surface.js";

/**
 * @typedef {import("../engine/protocol.js").Head} Head
 * @typedef {object} ResponseData
 * @property {Head} head
 * @property {Head | null} file
 * @property {import("../engine/protocol.js").ModelConfig} config
 * @property {number} index
 * @property {boolean} heard
 */

const POINTS = 160;

export class ResponseChart {
  /** @type {ResponseData | null} */ #data = null;
  #surface;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#surface = new Surface(canvas, (context, width, height) => {
      if (this.#data) drawResponse(context, width, height, this.#data);
    });
  }

  /** @param {ResponseData} data */
  set(data) {
    this.#data = data;
    this.#surface.redraw();
  }
}

/** Period in tokens at which the head answers most. @param {Head} head @param {ResponseData["config"]} config */
export function strongestPeriod(head, config) {
  const values = response(head, config, POINTS);
  const at = values.indexOf(Math.max(...values));
  return at === 0 ? Infinity : (2 * (POINTS - 1)) / at;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} width @param {number} height
 * @param {ResponseData} data
 */
export function drawResponse(context, width, height, { head, file, config, index, heard }) {
  const values = response(head, config, POINTS);
  const before = file ? response(file, config, POINTS) : null;
  const peak = Math.max(1e-9, ...values, ...(before ?? []));
  const floor = height - 0.5;
  const x = (/** @type {number} */ i) => (i * (width - 2)) / (POINTS - 1) + 1;
  const y = (/** @type {number} */ value) => floor - (value / peak) * (height - 6);

  // Patterns of 8, 4 and 2 tokens a turn.
  context.strokeStyle = colour("--grid");
  context.beginPath();
  for (const period of [8, 4]) {
    const at = Math.round((2 / period) * width) + 0.5;
    context.moveTo(at, 0);
    context.lineTo(at, height);
  }
  context.stroke();
  context.strokeStyle = colour("--line");
  context.beginPath();
  context.moveTo(0, floor);
  context.lineTo(width, floor);
  context.stroke();

  if (before) {
    context.strokeStyle = colour("--line-strong");
    context.setLineDash([3, 3]);
    trace(context, before, x, y);
    context.stroke();
    context.setLineDash([]);
  }
  const ink = heard ? colour(headColour(index)) : colour("--line-strong");
  context.strokeStyle = ink;
  context.fillStyle = ink;
  context.lineWidth = 1.5;
  trace(context, values, x, y);
  context.stroke();
  context.lineTo(width - 1, floor);
  context.lineTo(1, floor);
  context.globalAlpha = heard ? 0.14 : 0.08;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 1;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Float64Array} values
 * @param {(i: number) => number} x
 * @param {(value: number) => number} y
 */
function trace(context, values, x, y) {
  context.beginPath();
  values.forEach((value, i) => context.lineTo(x(i), y(value)));
}
