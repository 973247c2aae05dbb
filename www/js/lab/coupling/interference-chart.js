// An interference module along a text: four strips over the same tokens.

import { colour } from "../../charts/colours.js";
import { signedColour } from "../../charts/ramp.js";
import { visible } from "../../page/signs.js";

/**
 * @typedef {object} InterferencePicture
 * @property {readonly string[]} tokens
 * @property {ArrayLike<number>} alignment
 * @property {ArrayLike<number>} strength
 * @property {ArrayLike<number>} gate
 * @property {ArrayLike<number>} added
 * @property {number} token The chosen one, or -1.
 *
 * @typedef {{name: string, values: ArrayLike<number>, low: number, high: number, base: number, line?: boolean,
 *   paint: (value: number) => string}} Strip
 */

const SANS = "system-ui, sans-serif";
const LEFT = 38;
const RIGHT = 10;
const STRIP = 58;
const LABEL = 20;
const AXIS = 22;
export const HEIGHT = 4 * (STRIP + LABEL) + AXIS + 6;

/** @param {number} width @param {number} tokens Pixels from one token to the next. */
const step = (width, tokens) => (width - LEFT - RIGHT) / Math.max(1, tokens);

/** The token under a place of the picture, or -1. @param {number} x @param {number} width @param {number} tokens */
export function tokenAt(x, width, tokens) {
  const token = Math.floor((x - LEFT) / step(width, tokens));
  return token >= 0 && token < tokens ? token : -1;
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {InterferencePicture} picture */
export function drawInterference(context, width, picture) {
  const count = picture.tokens.length;
  const wide = step(width, count);
  if (picture.token >= 0 && picture.token < count) {
    context.fillStyle = colour("--grid");
    context.fillRect(LEFT + picture.token * wide - 1, 4, Math.max(2, wide) + 2, HEIGHT - 8);
  }
  const most = Math.max(1e-9, ...Array.from(picture.added));
  const plain = () => colour("--head-6");
  /** @type {Strip[]} */
  const strips = [
    { name: "agreement with the mean of the text (m)", values: picture.alignment, low: -1, high: 1, base: 0, paint: (m) => signedColour(m) },
    { name: "strength (u), amplified above a half", values: picture.strength, low: 0, high: 1, base: 0.5, paint: (u) => signedColour(2 * u - 1) },
    { name: "gate, mean over the channels", values: picture.gate, low: 0, high: 1, base: 0, line: true, paint: plain },
    { name: "what is added, as a part of the stream", values: picture.added, low: 0, high: most, base: 0, paint: plain },
  ];
  strips.forEach((strip, at) => drawStrip(context, width, wide, 6 + at * (STRIP + LABEL), strip, picture.token));
  drawTokens(context, wide, picture);
}

/**
 * @param {CanvasRenderingContext2D} context @param {number} width @param {number} wide @param {number} top
 * @param {Strip} strip @param {number} token
 */
function drawStrip(context, width, wide, top, strip, token) {
  const { name, values, low, high, base, line, paint } = strip;
  const start = top + LABEL;
  const y = (/** @type {number} */ value) => start + (1 - (value - low) / (high - low)) * STRIP;
  context.font = `12px ${SANS}`;
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillStyle = colour("--ink-2");
  const chosen = token >= 0 && token < values.length ? `: ${values[token].toFixed(3)}` : "";
  context.fillText(`${name}${chosen}`, LEFT, top + 10);
  context.textAlign = "right";
  context.fillStyle = colour("--ink-3");
  context.font = `11px ${SANS}`;
  for (const value of [low, high]) context.fillText(axisNumber(value), LEFT - 6, y(value) + (value === low ? -4 : 4));
  context.strokeStyle = colour("--line-strong");
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(LEFT, y(base));
  context.lineTo(width - RIGHT, y(base));
  context.stroke();
  if (line) return drawLine(context, wide, y, values, paint(0));
  for (let i = 0; i < values.length; i++) {
    const [from, to] = [y(base), y(values[i])];
    context.fillStyle = paint(values[i]);
    // Where nothing is drawn, what is there could not be told from nothing.
    context.fillRect(LEFT + i * wide + (wide > 4 ? 1 : 0), Math.min(from, to), Math.max(0.5, wide - (wide > 4 ? 2 : 0)), Math.max(1, Math.abs(to - from)));
    context.fillStyle = colour("--ink-2");
    context.fillRect(LEFT + i * wide, to - 0.75, Math.max(1, wide), 1.5);
  }
}

/** @param {CanvasRenderingContext2D} context @param {number} wide @param {(value: number) => number} y @param {ArrayLike<number>} values @param {string} paint */
function drawLine(context, wide, y, values, paint) {
  context.strokeStyle = paint;
  context.lineWidth = 1.75;
  context.beginPath();
  for (let i = 0; i < values.length; i++) {
    const x = LEFT + (i + 0.5) * wide;
    if (i === 0) context.moveTo(x, y(values[i]));
    else context.lineTo(x, y(values[i]));
  }
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {number} wide @param {InterferencePicture} picture */
function drawTokens(context, wide, { tokens, token }) {
  context.font = `${wide < 11 ? 10 : 12}px ${SANS}`;
  context.textBaseline = "middle";
  context.textAlign = "center";
  const y = HEIGHT - AXIS / 2 - 2;
  const longest = Math.max(1, ...tokens.map((text) => visible(text).length));
  const fits = wide >= 1 + 6 * longest;
  tokens.forEach((text, i) => {
    if (!fits && i !== token) return;
    context.fillStyle = colour(i === token ? "--ink" : "--ink-2");
    context.fillText(visible(text), LEFT + (i + 0.5) * wide, y);
  });
  if (fits || token >= 0) return;
  context.fillStyle = colour("--ink-3");
  context.textAlign = "left";
  context.fillText(`token 1 to ${tokens.length}`, LEFT, y);
}

/** @param {number} value */
const axisNumber = (value) => (Number.isInteger(value) ? String(value).replace("-", "−") : value.toPrecision(2));
