// Time against length, both logarithmic, so that a power law is a straight line. It owns one canvas. Told apart
// without colour: each way has a mark, a dash and its name of its own.

import { colour } from "../charts/colours.js";
import { Surface } from "../charts/surface.js";
import { count, fit, LENGTHS, MIXINGS, pointsOf, wordsOfGrowth, wordsOfTime } from "./growth.js";

/**
 * @typedef {import("./growth.js").Mixing} Mixing
 * @typedef {import("./growth.js").ScalingResult} ScalingResult
 * @typedef {CanvasRenderingContext2D} Context
 * @typedef {{left: number, top: number, width: number, height: number, x: (length: number) => number, y: (seconds: number) => number, decades: number[]}} Frame
 */

/** @type {Record<Mixing, {colour: string, dash: number[], mark: (context: Context, x: number, y: number, r: number) => void}>} */
export const STYLES = {
  recurrence: {
    colour: "--head-2", dash: [], mark: (context, x, y, r) => {
      context.moveTo(x, y - 1.2 * r);
      context.lineTo(x + 1.2 * r, y);
      context.lineTo(x, y + 1.2 * r);
      context.lineTo(x - 1.2 * r, y);
      context.closePath();
    },
  },
  waves: {
    colour: "--head-0", dash: [14, 4], mark: (context, x, y, r) => {
      context.arc(x, y, r, 0, 2 * Math.PI);
    },
  },
  direct_waves: {
    colour: "--head-1", dash: [7, 4], mark: (context, x, y, r) => {
      context.rect(x - r, y - r, 2 * r, 2 * r);
    },
  },
  attention: {
    colour: "--head-3", dash: [2, 3], mark: (context, x, y, r) => {
      context.moveTo(x, y - 1.3 * r);
      context.lineTo(x + 1.2 * r, y + r);
      context.lineTo(x - 1.2 * r, y + r);
      context.closePath();
    },
  },
};

const FONT = "12px system-ui, sans-serif";
const MARGIN = { left: 58, right: 14, top: 12, bottom: 40 };
const PICTURE = { width: 1200, height: 760, scale: 2, head: 64, key: 40 };

export class ScalingChart {
  /** @type {ScalingResult | null} */ #result = null;
  /** @type {number | null} */ #pointed = null;
  #surface;
  #canvas;

  /** @param {HTMLCanvasElement} canvas @param {(length: number | null) => void} onRead The length that is pointed at. */
  constructor(canvas, onRead) {
    this.#canvas = canvas;
    this.#surface = new Surface(canvas, (context, width, height) => drawChart(context, width, height, this.#result, this.#pointed));
    const read = (/** @type {number | null} */ length) => {
      if (length === this.#pointed) return;
      this.#pointed = length;
      onRead(length);
      this.#surface.redraw();
    };
    canvas.addEventListener("pointermove", ({ offsetX }) => read(this.#nearest(offsetX)));
    canvas.addEventListener("pointerleave", () => read(null));
  }

  /** @param {ScalingResult | null} result */
  show(result) {
    this.#result = result;
    this.#surface.redraw();
  }

  /** The measured length nearest to a place. @param {number} at @returns {number | null} */
  #nearest(at) {
    const result = this.#result;
    if (!result || result.measured.length === 0) return null;
    const frame = frameOf(this.#canvas.clientWidth, this.#canvas.clientHeight, result);
    const lengths = [...new Set(result.measured.map(({ length }) => length))];
    return lengths.reduce((best, length) => (Math.abs(frame.x(length) - at) < Math.abs(frame.x(best) - at) ? length : best));
  }
}

/** @param {number} width @param {number} height @param {ScalingResult | null} result @returns {Frame} */
function frameOf(width, height, result) {
  const times = result?.measured.map(({ seconds }) => seconds).filter((seconds) => seconds > 0 && Number.isFinite(seconds)) ?? [];
  const low = Math.floor(Math.log10(Math.min(...times, 1e-3)));
  const high = Math.ceil(Math.log10(Math.max(...times, 1e-2)));
  const box = { left: MARGIN.left, top: MARGIN.top, width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  // Half a step at both ends, so that no mark lies on the edge.
  const [first, last] = [Math.log2(LENGTHS[0]) - 0.3, Math.log2(result?.longest ?? LENGTHS.at(-1) ?? 1) + 0.3];
  return {
    ...box,
    x: (length) => box.left + ((Math.log2(length) - first) / (last - first)) * box.width,
    y: (seconds) => box.top + (1 - (Math.log10(seconds) - low) / (high - low)) * box.height,
    decades: Array.from({ length: high - low + 1 }, (_, i) => low + i),
  };
}

/** @param {Context} context @param {number} width @param {number} height @param {ScalingResult | null} result @param {number | null} pointed */
function drawChart(context, width, height, result, pointed) {
  const frame = frameOf(width, height, result);
  drawAxes(context, frame, result?.longest ?? LENGTHS.at(-1) ?? 1);
  if (!result) return;
  if (pointed !== null) {
    context.strokeStyle = colour("--line-strong");
    context.beginPath();
    context.moveTo(frame.x(pointed), frame.top);
    context.lineTo(frame.x(pointed), frame.top + frame.height);
    context.stroke();
  }
  for (const { mixing } of MIXINGS) drawWay(context, frame, result, mixing);
}

/** @param {Context} context @param {Frame} frame @param {number} longest */
function drawAxes(context, frame, longest) {
  const lengths = LENGTHS.filter((length) => length <= longest);
  context.font = FONT;
  context.lineWidth = 1;
  context.strokeStyle = colour("--grid");
  context.fillStyle = colour("--ink-2");
  context.beginPath();
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const decade of frame.decades) {
    const y = Math.round(frame.y(10 ** decade)) + 0.5;
    context.moveTo(frame.left, y);
    context.lineTo(frame.left + frame.width, y);
    context.fillText(wordsOfTime(10 ** decade), frame.left - 6, y);
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  // From the right, so that the longest length always has its name.
  let free = Infinity;
  for (const length of lengths.toReversed()) {
    const x = Math.round(frame.x(length)) + 0.5;
    context.moveTo(x, frame.top);
    context.lineTo(x, frame.top + frame.height);
    const words = count(length);
    const half = context.measureText(words).width / 2 + 4;
    if (x + half > free) continue;
    context.fillText(words, x, frame.top + frame.height + 5);
    free = x - half;
  }
  context.stroke();
  context.fillText("tokens", frame.left + frame.width / 2, frame.top + frame.height + 22);
  context.strokeStyle = colour("--line-strong");
  context.strokeRect(frame.left + 0.5, frame.top + 0.5, frame.width, frame.height);
}

/** One way: its marks, and the line that was fitted. @param {Context} context @param {Frame} frame @param {ScalingResult} result @param {Mixing} mixing */
function drawWay(context, frame, result, mixing) {
  const points = pointsOf(result.measured, mixing);
  const style = STYLES[mixing];
  const line = fit(points);
  const last = points.at(-1);
  context.strokeStyle = context.fillStyle = colour(style.colour);
  if (line && last) {
    context.lineWidth = 2;
    context.setLineDash(style.dash);
    context.beginPath();
    for (const length of [line.from, last[0]]) context.lineTo(frame.x(length), frame.y(line.factor * length ** line.exponent));
    context.stroke();
    context.setLineDash([]);
    context.lineWidth = 1;
    context.globalAlpha = 0.5;
    context.beginPath();
    for (const [length, seconds] of points) context.lineTo(frame.x(length), frame.y(seconds));
    context.stroke();
    context.globalAlpha = 1;
  }
  for (const [length, seconds] of points) {
    context.beginPath();
    style.mark(context, frame.x(length), frame.y(seconds), 4.5);
    context.fill();
  }
}

/** A mark and a line as the chart has them, for a key. @param {Context} context @param {Mixing} mixing @param {number} y */
export function drawKey(context, mixing, y) {
  const style = STYLES[mixing];
  context.strokeStyle = context.fillStyle = colour(style.colour);
  context.lineWidth = 2;
  context.setLineDash(style.dash);
  context.beginPath();
  context.moveTo(0, y);
  context.lineTo(28, y);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  style.mark(context, 14, y, 4.5);
  context.fill();
}

/** The chart with its title and key, as a picture to take along. @param {ScalingResult} result @returns {Promise<Blob>} */
export async function pictureOf(result) {
  const { width, height, scale, head, key } = PICTURE;
  const canvas = document.createElement("canvas");
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = /** @type {Context} */ (canvas.getContext("2d"));
  context.scale(scale, scale);
  context.fillStyle = colour("--display");
  context.fillRect(0, 0, width, height);
  context.fillStyle = colour("--ink");
  context.textBaseline = "top";
  context.font = `600 18px system-ui, sans-serif`;
  context.fillText("Time of one layer against the length of the text", 20, 14);
  context.font = FONT;
  const training = result.disturbed ? ", while a training ran" : "";
  context.fillText(`${result.layer.width} channels, ${result.layer.heads} heads, forward, one text. ${result.device}${training}, ${new Date(result.when).toLocaleDateString("en-GB")}`, 20, 40, width - 40);
  let x = 20;
  for (const { mixing, name } of MIXINGS) {
    const points = pointsOf(result.measured, mixing);
    if (points.length === 0) continue;
    const growth = wordsOfGrowth(fit(points));
    const words = growth ? `${name}: ${growth}` : name;
    context.save();
    context.translate(x, head);
    drawKey(context, mixing, 12);
    context.restore();
    context.fillStyle = colour("--ink");
    context.fillText(words, x + 36, head + 6);
    x += 60 + context.measureText(words).width;
  }
  context.save();
  context.translate(0, head + key);
  drawChart(context, width, height - head - key, result, null);
  context.restore();
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The browser made no picture."))), "image/png"));
}
