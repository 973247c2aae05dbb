// The text just written, laid along the kernels: the character above a dot is the one that the dot
// weighs.

import { colour } from "../charts/colours.js";
import { lagToX, tickStep } from "../charts/kernel.js";
import { Surface } from "../charts/surface.js";
import { visible } from "../page/signs.js";

/**
 * @typedef {object} ContextData
 * @property {string[]} recent The last tokens' texts, newest first.
 * @property {number} lags
 * @property {ArrayLike<number> | null} weights How strongly the chosen head hears each lag, 0 to 1.
 * @property {string} tint The custom property of the chosen head's colour.
 */

const TEXT_HEIGHT = 18;

export class ContextAxis {
  /** @type {ContextData | null} */ #data = null;
  #surface;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#surface = new Surface(canvas, (context, width, height) => {
      if (this.#data) drawContext(context, width, height, this.#data);
    });
  }

  /** @param {ContextData} data */
  set(data) {
    this.#data = data;
    this.#surface.redraw();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} width @param {number} height
 * @param {ContextData} data
 */
function drawContext(context, width, height, { recent, lags, weights, tint }) {
  const room = width / lags;
  context.textAlign = "center";
  context.textBaseline = "middle";
  if (room >= 5.2) {
    context.font = `${Math.min(13, room * 1.5)}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace`;
    for (let lag = 0; lag < Math.min(lags, recent.length); lag++) {
      const x = lagToX(lag, lags, width);
      const weight = weights?.[lag] ?? 0;
      if (weights) {
        context.globalAlpha = 0.3 * weight;
        context.fillStyle = colour(tint);
        context.fillRect(x - room / 2, 0, room, TEXT_HEIGHT);
      }
      context.globalAlpha = weights ? 0.45 + 0.55 * weight : 1;
      context.fillStyle = colour("--ink");
      const text = recent[lag];
      const seen = text === " " ? text : visible(text);
      if (text !== "" && [...seen].length === 1) context.fillText(seen, x, TEXT_HEIGHT / 2);
      else context.fillText("▪", x, TEXT_HEIGHT / 2);
    }
    context.globalAlpha = 1;
  }
  context.font = '11px system-ui, sans-serif';
  context.fillStyle = colour("--ink-3");
  const y = height - 7;
  context.textAlign = "right";
  context.fillText("now", width - 1, y);
  context.textAlign = "center";
  for (let lag = tickStep(lags); lag < lags; lag += tickStep(lags)) {
    const x = lagToX(lag, lags, width);
    if (x > 10 && x < width - 34) context.fillText(String(lag), x, y);
  }
}
