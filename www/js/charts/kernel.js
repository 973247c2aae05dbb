// One head's kernel along the text: now is at the right edge and the past runs to the left, as the
// text itself does. Dots stand where tokens are; between them the wave is drawn faintly.

import { kernelByLag, norm, stride, wave } from "../engine/physics.js";
import { HEAD_COLOURS, colour, headColour } from "./colours.js";
import { Surface } from "./surface.js";

/**
 * @typedef {import("../engine/protocol.js").Head} Head
 * @typedef {object} KernelData
 * @property {Head} head
 * @property {Head | null} file The head as the file has it, drawn behind where it differs.
 * @property {import("../engine/protocol.js").ModelConfig} config
 * @property {number} index Which head, for its colour and dash.
 * @property {number} lags How many tokens back the strip shows.
 * @property {boolean} heard False when the head is muted.
 * @property {ArrayLike<number>} weights The dots' sizes by lag, 0 to 1; shorter than `lags` is fine.
 */

/** The dash pattern that tells heads apart without their colour. @type {number[][]} */
const DASHES = [[], [6, 3], [2, 2.5], [9, 3, 2, 3], [4, 4], [1, 3], [12, 4], [6, 2, 2, 2, 2, 2]];

/** More heads than colours: the next round of colours comes with other dashes. @param {number} head */
export const dashOf = (head) => DASHES[(head + Math.floor(head / HEAD_COLOURS)) % DASHES.length];

/** The x of a lag's middle. @param {number} lag @param {number} lags @param {number} width */
export const lagToX = (lag, lags, width) => width - ((lag + 0.5) * width) / lags;

export class KernelStrip {
  /** @type {KernelData | null} */ #data = null;
  #surface;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#surface = new Surface(canvas, (context, width, height) => {
      if (this.#data) drawKernel(context, width, height, this.#data);
    });
  }

  /** @param {KernelData} data */
  set(data) {
    this.#data = data;
    this.#surface.redraw();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} width
 * @param {number} height
 * @param {KernelData} data
 */
export function drawKernel(context, width, height, data) {
  const { head, file, config, lags, heard, index } = data;
  const { kernel, middle, scale } = fit(data, height);
  drawGrid(context, width, height, lags, middle);

  if (file) {
    context.strokeStyle = colour("--line-strong");
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    drawCurve(context, width, file, config, lags, middle, scale);
    context.setLineDash([]);
  }
  const ink = heard ? colour(headColour(index)) : colour("--line-strong");
  context.strokeStyle = ink;
  context.fillStyle = ink;
  context.lineWidth = 1.5;
  context.globalAlpha = heard ? 0.75 : 0.5;
  context.setLineDash(dashOf(index));
  drawCurve(context, width, head, config, lags, middle, scale);
  context.setLineDash([]);
  drawStems(context, width, kernel, middle, scale, data);
  context.globalAlpha = 1;
}

/**
 * The height at which a kernel is drawn: each strip has its own, because a far-reaching kernel is hundreds of times lower
 * than a near one.
 * @param {Pick<KernelData, "head" | "file" | "config" | "lags">} data @param {number} height
 */
export function fit({ head, file, config, lags }, height) {
  const kernel = kernelByLag(head, config, lags);
  const peak = Math.max(peakOf(head, kernel, config, lags), file ? peakOf(file, kernelByLag(file, config, lags), config, lags) : 0);
  return { kernel, middle: Math.round(height / 2) + 0.5, scale: (height / 2 - 5) / peak };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} width @param {number} height @param {number} lags @param {number} middle
 */
function drawGrid(context, width, height, lags, middle) {
  context.strokeStyle = colour("--grid");
  context.lineWidth = 1;
  context.beginPath();
  for (let lag = tickStep(lags); lag < lags; lag += tickStep(lags)) {
    const x = Math.round(lagToX(lag, lags, width)) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, height);
  }
  context.stroke();
  context.strokeStyle = colour("--line");
  context.beginPath();
  context.moveTo(0, middle);
  context.lineTo(width, middle);
  context.stroke();
}

/** Lags between two ticks: four to eight on any strip. @param {number} lags */
export function tickStep(lags) {
  return [5, 10, 20, 25, 50, 100, 200, 500, 1000].find((step) => lags / step <= 8) ?? 2000;
}

/**
 * The highest point that is drawn: of the dots, and of the wave between them.
 * @param {Head} head
 * @param {Float64Array} kernel
 * @param {import("../engine/protocol.js").ModelConfig} config
 * @param {number} lags
 */
function peakOf(head, kernel, config, lags) {
  let peak = 1e-9;
  for (const value of kernel) peak = Math.max(peak, Math.abs(value));
  const step = stride(config) / 4;
  const scale = 1 / norm(head, config.field_size);
  // An envelope only falls: what is highest stands within the first turns.
  for (let i = 0; i < Math.min(4 * lags, 160); i++) peak = Math.max(peak, Math.abs(wave(head, i * step)) * scale);
  return peak;
}

/**
 * The wave between the tokens. One that turns faster than four points a turn can show is left out:
 * a drawn line would be an invention, and the dots say what the tokens hear.
 * @param {CanvasRenderingContext2D} context
 * @param {number} width
 * @param {Head} head
 * @param {import("../engine/protocol.js").ModelConfig} config
 * @param {number} lags @param {number} middle @param {number} scale
 */
function drawCurve(context, width, head, config, lags, middle, scale) {
  const cellsPerPixel = (stride(config) * lags) / width;
  const pixelsPerTurn = (2 * Math.PI) / Math.max(Math.abs(head.frequency), 1e-6) / cellsPerPixel;
  if (pixelsPerTurn < 4) return;
  const amplitude = scale / norm(head, config.field_size);
  const start = lagToX(0, lags, width);
  context.beginPath();
  for (let x = start; x >= 0; x -= 1) {
    context.lineTo(x, middle - wave(head, (start - x) * cellsPerPixel) * amplitude);
  }
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} width
 * @param {Float64Array} kernel
 * @param {number} middle @param {number} scale
 * @param {KernelData} data
 */
function drawStems(context, width, kernel, middle, scale, { lags, weights, heard }) {
  const room = width / lags;
  const largest = Math.min(3.4, Math.max(1.4, room * 0.42));
  context.lineWidth = 1;
  for (let lag = 0; lag < kernel.length; lag++) {
    const x = lagToX(lag, lags, width);
    const y = middle - kernel[lag] * scale;
    if (room > 3) {
      context.globalAlpha = heard ? 0.28 : 0.2;
      context.beginPath();
      context.moveTo(x, middle);
      context.lineTo(x, y);
      context.stroke();
    }
    context.globalAlpha = heard ? 1 : 0.5;
    context.beginPath();
    context.arc(x, y, Math.max(0.9, largest * (0.36 + 0.64 * (weights[lag] ?? 0))), 0, 2 * Math.PI);
    context.fill();
  }
}
