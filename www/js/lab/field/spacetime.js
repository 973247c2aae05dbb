// Cells to the right, tokens downwards: every token's own wave, or the field at every time.

import { colour } from "../../charts/colours.js";
import { amountColour, signedColour } from "../../charts/ramp.js";
import { EDGE, ticks } from "./chart.js";

/**
 * What is painted: in each row, stretches of the same shade.
 * @typedef {{columns: number, rows: Float64Array[]}} Shades Each row: begin, end, share, begin, …
 *
 * @typedef {object} Spacetime
 * @property {number} times N.
 * @property {number} cells G.
 * @property {Shades} shades
 * @property {boolean} signed
 * @property {number} token The last one that has been read.
 * @property {number} chosen The chosen token, or -1.
 * @property {{from: number, to: number} | null} near The cells that the picture above shows, where that is not all.
 */

export const SPACETIME_HEIGHT = 260;
const AXIS = 18;
const TOP = 6;
/** Pixels a row and a column, so that a saved drawing stays small. */
const [ROW, COLUMN] = [3, 4];

/** How many rows and columns a picture has room for. @param {number} width @param {number} times @param {number} cells */
export const gridOf = (width, times, cells) => ({
  rows: Math.min(times, Math.floor((SPACETIME_HEIGHT - AXIS - TOP) / ROW)),
  columns: Math.min(cells, Math.max(1, Math.floor((width - 2 * EDGE) / COLUMN))),
});

/**
 * Where several tokens or cells share a place, the value farthest from zero is shown.
 * @param {{times: number, cells: number, value: (token: number, cell: number) => number, peak: number}} data
 * @param {{rows: number, columns: number}} grid @returns {Shades}
 */
export function shadesOf({ times, cells, value, peak }, { rows, columns }) {
  return {
    columns,
    rows: Array.from({ length: rows }, (_, row) => {
      const [first, end] = [Math.floor((row * times) / rows), Math.floor(((row + 1) * times) / rows)];
      /** @type {number[]} */ const runs = [];
      for (let column = 0; column < columns; column++) {
        const [left, right] = [Math.floor((column * cells) / columns), Math.floor(((column + 1) * cells) / columns)];
        let found = 0;
        for (let token = first; token < end; token++) {
          for (let cell = left; cell < right; cell++) {
            const here = value(token, cell);
            if (Math.abs(here) > Math.abs(found)) found = here;
          }
        }
        // Faint waves are seen, and shades that no one tells apart are one.
        const share = Math.round(64 * Math.sign(found) * Math.sqrt(Math.min(1, Math.abs(found) / (peak || 1)))) / 64;
        if (runs.length > 0 && runs[runs.length - 1] === share) runs[runs.length - 2] = column + 1;
        else runs.push(column, column + 1, share);
      }
      return Float64Array.from(runs);
    }),
  };
}

/** The token whose row lies at a height of the picture. @param {number} y @param {number} times */
export const tokenAt = (y, times) => Math.max(0, Math.min(times - 1, Math.floor(((y - TOP) / (SPACETIME_HEIGHT - AXIS - TOP)) * times)));

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {Spacetime} data */
export function drawSpacetime(context, width, height, { times, cells, shades, signed, token, chosen, near }) {
  const inner = width - 2 * EDGE;
  const floor = height - AXIS - TOP;
  const paint = signed ? signedColour : amountColour;
  const { columns, rows } = shades;
  rows.forEach((runs, row) => {
    if (Math.floor((row * times) / rows.length) > token) return;
    for (let i = 0; i < runs.length; i += 3) {
      if (runs[i + 2] === 0) continue;
      context.fillStyle = paint(runs[i + 2]);
      context.fillRect(EDGE + (runs[i] * inner) / columns, TOP + (row * floor) / rows.length, ((runs[i + 1] - runs[i]) * inner) / columns + 0.5, floor / rows.length + 0.5);
    }
  });
  const y = (/** @type {number} */ row) => TOP + ((row + 0.5) * floor) / times;
  mark(context, y(token), width, false);
  if (chosen >= 0) mark(context, y(chosen), width, true);
  const x = (/** @type {number} */ cell) => EDGE + (cell * inner) / Math.max(1, cells - 1);
  if (near) {
    context.fillStyle = colour("--ink-3");
    context.fillRect(x(near.from), 0, x(near.to) - x(near.from), 3);
  }
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = colour("--ink-3");
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillText("cell", EDGE, height - AXIS / 2);
  context.textAlign = "center";
  for (const cell of ticks(0, cells - 1, inner)) if (x(cell) > EDGE + 36 && x(cell) < width - EDGE - 10) context.fillText(String(cell), x(cell), height - AXIS / 2);
}

/** @param {CanvasRenderingContext2D} context @param {number} y @param {number} width @param {boolean} dashed */
function mark(context, y, width, dashed) {
  context.strokeStyle = context.fillStyle = colour("--ink");
  context.lineWidth = 1;
  context.setLineDash(dashed ? [2, 4] : []);
  context.beginPath();
  context.moveTo(0, y);
  context.lineTo(width, y);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(0, y - 5);
  context.lineTo(8, y);
  context.lineTo(0, y + 5);
  context.fill();
}
