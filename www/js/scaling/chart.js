// Time, or tokens a second of training, against length, both logarithmic, so that a power law is a straight line. A chart owns
// one canvas. Told apart without colour: each way has a mark, a dash and its name of its own.

import { colour } from "../charts/colours.js";
import { Surface } from "../charts/surface.js";
import { count, counted, fit, LENGTHS, MIXINGS, pointsOf, ratesOf, TRAININGS, wordsOfGrowth, wordsOfTime } from "./growth.js";

/**
 * @typedef {import("./growth.js").Way} Way
 * @typedef {import("./growth.js").ScalingResult} ScalingResult
 * @typedef {CanvasRenderingContext2D} Context
 * @typedef {{left: number, top: number, width: number, height: number, x: (length: number) => number, y: (value: number) => number, decades: number[]}} Frame
 *
 * What a chart draws of a result.
 * @typedef {object} Plot
 * @property {string} title
 * @property {(layer: import("./growth.js").Layer) => string} of  what was measured, for the picture
 * @property {readonly {mixing: Way, name: string}[]} ways
 * @property {(result: ScalingResult, way: Way) => [number, number][]} points  by length
 * @property {(value: number) => string} words  a value with its unit
 * @property {readonly [low: number, high: number]} least  between these the vertical axis reaches at least
 * @property {boolean} fitted  a line is laid through the points, and says how they grow; otherwise they are joined
 * @property {(result: ScalingResult) => {length: number, value: number, words: string}[]} marks  by count, not by measurement
 */

/** How long the mixing of tokens takes. @type {Plot} */
export const TIMES = {
  title: "Time of one layer against the length of the text",
  of: ({ width, heads }) => `${width} channels, ${heads} heads, forward, one text`,
  ways: MIXINGS, points: ({ measured }, way) => pointsOf(measured, way), words: wordsOfTime, least: [1e-3, 1e-2], fitted: true,
  marks: ({ measured }) => counted(measured).map(({ length, times, seconds }) => ({ length, value: seconds, words: `${times}×` })),
};

/** How many tokens a second a training learns from. @type {Plot} */
export const STEPS = {
  title: "Tokens a second in training against the length of the text",
  of: ({ width, heads }) => `two layers of ${width} channels and ${heads} heads, whole steps`,
  ways: TRAININGS, points: ({ measured }, way) => ratesOf(measured, way), words: (value) => count(value), least: [1e3, 1e4], fitted: false,
  marks: () => [],
};

/** @type {Record<Way, {colour: string, dash: number[], mark: (context: Context, x: number, y: number, r: number) => void}>} */
export const STYLES = {
  recurrence: { colour: "--head-2", dash: [], mark: diamond },
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
  attention: { colour: "--head-3", dash: [2, 3], mark: triangle },
  train_wave: { colour: "--head-2", dash: [], mark: diamond },
  train_standard: { colour: "--head-3", dash: [2, 3], mark: triangle },
};

/** @param {Context} context @param {number} x @param {number} y @param {number} r */
function diamond(context, x, y, r) {
  context.moveTo(x, y - 1.2 * r);
  context.lineTo(x + 1.2 * r, y);
  context.lineTo(x, y + 1.2 * r);
  context.lineTo(x - 1.2 * r, y);
  context.closePath();
}

/** @param {Context} context @param {number} x @param {number} y @param {number} r */
function triangle(context, x, y, r) {
  context.moveTo(x, y - 1.3 * r);
  context.lineTo(x + 1.2 * r, y + r);
  context.lineTo(x - 1.2 * r, y + r);
  context.closePath();
}

/** What the hollow marks are. */
export const COUNTED = "attention by the author's count";
const FONT = "12px system-ui, sans-serif";
const MARGIN = { left: 58, right: 14, top: 12, bottom: 40 };
const PICTURE = { width: 1200, height: 760, scale: 2, head: 64, key: 40 };

export class ScalingChart {
  /** @type {ScalingResult | null} */ #result = null;
  /** @type {number | null} */ #pointed = null;
  #surface;
  #canvas;
  #plot;

  /** @param {HTMLCanvasElement} canvas @param {Plot} plot @param {(length: number | null) => void} onRead The length that is pointed at. */
  constructor(canvas, plot, onRead) {
    this.#canvas = canvas;
    this.#plot = plot;
    this.#surface = new Surface(canvas, (context, width, height) => drawChart(context, width, height, plot, this.#result, this.#pointed));
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
    const plot = this.#plot;
    const lengths = result ? [...new Set(plot.ways.flatMap(({ mixing }) => plot.points(result, mixing).map(([length]) => length)))] : [];
    if (lengths.length === 0) return null;
    const frame = frameOf(this.#canvas.clientWidth, this.#canvas.clientHeight, plot, result);
    return lengths.reduce((best, length) => (Math.abs(frame.x(length) - at) < Math.abs(frame.x(best) - at) ? length : best));
  }
}

/** @param {number} width @param {number} height @param {Plot} plot @param {ScalingResult | null} result @returns {Frame} */
function frameOf(width, height, plot, result) {
  const drawn = result ? [...plot.ways.flatMap(({ mixing }) => plot.points(result, mixing).map(([, value]) => value)), ...plot.marks(result).map(({ value }) => value)] : [];
  const values = drawn.filter((value) => value > 0 && Number.isFinite(value));
  const low = Math.floor(Math.log10(Math.min(...values, plot.least[0])));
  const high = Math.ceil(Math.log10(Math.max(...values, plot.least[1])));
  const box = { left: MARGIN.left, top: MARGIN.top, width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  // Half a step at both ends, so that no mark lies on the edge.
  const [first, last] = [Math.log2(LENGTHS[0]) - 0.3, Math.log2(result?.longest ?? LENGTHS.at(-1) ?? 1) + 0.3];
  return {
    ...box,
    x: (length) => box.left + ((Math.log2(length) - first) / (last - first)) * box.width,
    y: (value) => box.top + (1 - (Math.log10(value) - low) / (high - low)) * box.height,
    decades: Array.from({ length: high - low + 1 }, (_, i) => low + i),
  };
}

/** @param {Context} context @param {number} width @param {number} height @param {Plot} plot @param {ScalingResult | null} result @param {number | null} pointed */
function drawChart(context, width, height, plot, result, pointed) {
  const frame = frameOf(width, height, plot, result);
  drawAxes(context, frame, plot, result?.longest ?? LENGTHS.at(-1) ?? 1);
  if (!result) return;
  if (pointed !== null) {
    context.strokeStyle = colour("--line-strong");
    context.beginPath();
    context.moveTo(frame.x(pointed), frame.top);
    context.lineTo(frame.x(pointed), frame.top + frame.height);
    context.stroke();
  }
  for (const { mixing } of plot.ways) drawWay(context, frame, plot, mixing, plot.points(result, mixing));
  drawMarks(context, frame, plot.marks(result));
}

/** What a count says, hollow and with its number: it was not measured. @param {Context} context @param {Frame} frame @param {ReturnType<Plot["marks"]>} marks */
function drawMarks(context, frame, marks) {
  context.font = FONT;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.lineWidth = 1.5;
  context.strokeStyle = context.fillStyle = colour("--ink");
  for (const { length, value, words } of marks) {
    const [x, y] = [frame.x(length), frame.y(value)];
    context.beginPath();
    triangle(context, x, y, 4.5);
    context.stroke();
    context.fillText(words, x - 9, y);
  }
  context.lineWidth = 1;
}

/** @param {Context} context @param {Frame} frame @param {Plot} plot @param {number} longest */
function drawAxes(context, frame, plot, longest) {
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
    context.fillText(plot.words(10 ** decade), frame.left - 6, y);
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

/** One way: its marks, and the line that was fitted or that joins them. @param {Context} context @param {Frame} frame @param {Plot} plot @param {Way} mixing @param {[number, number][]} points */
function drawWay(context, frame, plot, mixing, points) {
  const style = STYLES[mixing];
  const line = plot.fitted ? fit(points) : null;
  const last = points.at(-1);
  context.strokeStyle = context.fillStyle = colour(style.colour);
  if (!plot.fitted) {
    context.lineWidth = 2;
    context.setLineDash(style.dash);
    context.beginPath();
    for (const [length, value] of points) context.lineTo(frame.x(length), frame.y(value));
    context.stroke();
    context.setLineDash([]);
    context.lineWidth = 1;
  }
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
    for (const [length, value] of points) context.lineTo(frame.x(length), frame.y(value));
    context.stroke();
    context.globalAlpha = 1;
  }
  for (const [length, value] of points) {
    context.beginPath();
    style.mark(context, frame.x(length), frame.y(value), 4.5);
    context.fill();
  }
}

/** A mark and a line as the chart has them, for a key. @param {Context} context @param {Way} mixing @param {number} y */
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

/** A chart with its title and key, as a picture to take along. @param {Plot} plot @param {ScalingResult} result @returns {Promise<Blob>} */
export async function pictureOf(plot, result) {
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
  context.fillText(plot.title, 20, 14);
  context.font = FONT;
  const training = result.disturbed ? ", while a training ran" : "";
  context.fillText(`${plot.of(result.layer)}. ${result.device}${training}, ${new Date(result.when).toLocaleDateString("en-GB")}`, 20, 40, width - 40);
  let x = 20;
  for (const { mixing, name } of plot.ways) {
    const points = plot.points(result, mixing);
    if (points.length === 0) continue;
    const growth = plot.fitted ? wordsOfGrowth(fit(points)) : "";
    const words = growth ? `${name}: ${growth}` : name;
    context.save();
    context.translate(x, head);
    drawKey(context, mixing, 12);
    context.restore();
    context.fillStyle = colour("--ink");
    context.fillText(words, x + 36, head + 6);
    x += 60 + context.measureText(words).width;
  }
  if (plot.marks(result).length > 0) {
    context.strokeStyle = context.fillStyle = colour("--ink");
    context.beginPath();
    triangle(context, x + 14, head + 12, 4.5);
    context.stroke();
    context.fillText(COUNTED, x + 36, head + 6);
  }
  context.save();
  context.translate(0, head + key);
  drawChart(context, width, height - head - key, plot, result, null);
  context.restore();
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The browser made no picture."))), "image/png"));
}
