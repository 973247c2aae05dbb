// A head's field, drawn: the line of cells as it is now, and all times below each other.

import { colour } from "./colours.js";
import { amountColour, signedColour } from "./ramp.js";

/**
 * @typedef {object} FieldNow N tokens, G cells.
 * @property {number} from The first cell that is drawn,
 * @property {number} to and the last one.
 * @property {number} time The last token that has been read.
 * @property {boolean} signed Whether values below zero occur.
 * @property {readonly string[]} tokens
 * @property {ArrayLike<number>} positions In cells.
 * @property {ArrayLike<number>} deposits (N)
 * @property {ArrayLike<number>} frame (G)
 * @property {ArrayLike<number>} coupled (G)
 * @property {ArrayLike<number>} gathered (N)
 * @property {ArrayLike<number> | null} own (G): the chosen token's own wave.
 * @property {number} chosen The chosen token, or -1.
 * @property {number} peak Of the field at any time, so that nothing jumps from one to the next.
 * @property {string} tint The custom property of the head's colour.
 */

export const FIELD_HEIGHT = 300;
const EDGE = 12;
const LABELS = 34;
const SANS = "system-ui, sans-serif";
const MONO = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';

/** The x of a cell. @param {number} from @param {number} to @param {number} width @returns {(cell: number) => number} */
const cellToX = (from, to, width) => (cell) => EDGE + ((cell - from) * (width - 2 * EDGE)) / Math.max(1, to - from);

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {FieldNow} data */
export function drawField(context, width, height, data) {
  const { from, to, time, signed, positions, frame, coupled, own, peak, tint, deposits, gathered, chosen } = data;
  const x = cellToX(from, to, width);
  const floor = height - LABELS;
  const base = signed ? Math.round(floor / 2) + 0.5 : floor - 0.5;
  const room = (signed ? floor / 2 : floor) - 10;
  const y = (/** @type {number} */ value) => base - (value / (peak || 1)) * room;
  const now = x(positions[time]);

  context.save();
  context.beginPath();
  context.rect(EDGE - 6, 0, width - 2 * EDGE + 12, height);
  context.clip();
  context.lineJoin = "round";
  drawFuture(context, now, width, floor);
  drawCells(context, x, data, width, base);
  drawDeposits(context, x, { deposits, positions, time, chosen }, base, room);
  if (own) {
    context.fillStyle = colour(tint);
    context.globalAlpha = 0.22;
    area(context, own, x, y, base);
    context.globalAlpha = 1;
    line(context, own, x, y, { ink: tint, width: 1, dash: [1, 2] });
  }
  line(context, coupled, x, y, { ink: "--ink-2", width: 1.25, dash: [5, 3] });
  line(context, frame, x, y, { ink: tint, width: 2.25, dash: [] });
  context.fillStyle = colour(tint);
  for (let i = 0; i <= time; i++) {
    context.beginPath();
    context.arc(x(positions[i]), y(gathered[i]), i === time || i === chosen ? 4.5 : 2.2, 0, 2 * Math.PI);
    context.fill();
  }
  drawTokens(context, x, data, floor);
  context.restore();
}

/** What no token has been read from yet. @param {CanvasRenderingContext2D} context @param {number} now @param {number} width @param {number} floor */
function drawFuture(context, now, width, floor) {
  context.fillStyle = colour("--grid");
  context.globalAlpha = 0.65;
  context.fillRect(now, 0, Math.max(0, width - EDGE - now), floor);
  context.globalAlpha = 1;
  context.fillStyle = colour("--ink-3");
  context.font = `11px ${SANS}`;
  context.textAlign = width - now < 110 ? "right" : "left";
  context.textBaseline = "top";
  if (width - now > 40) context.fillText("yet to be read", width - now < 110 ? width - EDGE - 4 : now + 6, 5);
}

/** @param {CanvasRenderingContext2D} context @param {(cell: number) => number} x @param {Pick<FieldNow, "from" | "to">} data @param {number} width @param {number} base */
function drawCells(context, x, { from, to }, width, base) {
  context.strokeStyle = colour("--line-strong");
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(EDGE, base);
  context.lineTo(width - EDGE, base);
  // A tick a cell, as long as they can be told apart.
  if (x(1) - x(0) >= 4) {
    for (let cell = Math.ceil(from); cell <= to; cell++) {
      context.moveTo(x(cell), base - 2.5);
      context.lineTo(x(cell), base + 2.5);
    }
  }
  context.stroke();
}

/**
 * Stems with a square on top; they have a height of their own, for the waves are far lower.
 * @param {CanvasRenderingContext2D} context @param {(cell: number) => number} x
 * @param {Pick<FieldNow, "deposits" | "positions" | "time" | "chosen">} data @param {number} base @param {number} room
 */
function drawDeposits(context, x, { deposits, positions, time, chosen }, base, room) {
  let largest = 1e-12;
  for (let i = 0; i < deposits.length; i++) largest = Math.max(largest, Math.abs(deposits[i]));
  context.strokeStyle = context.fillStyle = colour("--ink-3");
  for (let i = 0; i <= time; i++) {
    const top = base - (deposits[i] / largest) * room * 0.92;
    context.globalAlpha = i === chosen || i === time ? 1 : 0.4;
    context.beginPath();
    context.moveTo(x(positions[i]), base);
    context.lineTo(x(positions[i]), top);
    context.stroke();
    context.fillRect(x(positions[i]) - 2, top - 2, 4, 4);
  }
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {ArrayLike<number>} values @param {(cell: number) => number} x @param {(value: number) => number} y */
function trace(context, values, x, y) {
  for (let cell = 0; cell < values.length; cell++) {
    if (cell === 0) context.moveTo(x(cell), y(values[cell]));
    else context.lineTo(x(cell), y(values[cell]));
  }
}

/**
 * @param {CanvasRenderingContext2D} context @param {ArrayLike<number>} values @param {(cell: number) => number} x
 * @param {(value: number) => number} y @param {{ink: string, width: number, dash: number[]}} look
 */
function line(context, values, x, y, { ink, width, dash }) {
  context.strokeStyle = colour(ink);
  context.lineWidth = width;
  context.setLineDash(dash);
  context.beginPath();
  trace(context, values, x, y);
  context.stroke();
  context.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} context @param {ArrayLike<number>} values @param {(cell: number) => number} x @param {(value: number) => number} y @param {number} base */
function area(context, values, x, y, base) {
  context.beginPath();
  trace(context, values, x, y);
  context.lineTo(x(values.length - 1), base);
  context.lineTo(x(0), base);
  context.closePath();
  context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {(cell: number) => number} x @param {FieldNow} data @param {number} floor */
function drawTokens(context, x, { tokens, positions, time, chosen, from, to }, floor) {
  const room = tokens.length > 1 ? x(positions[1]) - x(positions[0]) : 20;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = `${Math.max(9, Math.min(13, room * 1.5))}px ${MONO}`;
  const every = Math.ceil(7 / room);
  tokens.forEach((token, i) => {
    if (positions[i] < from - 1 || positions[i] > to + 1) return;
    if (i % every !== 0 && i !== time && i !== chosen) return;
    const marked = i === time || i === chosen;
    if (!marked && every > 1 && Math.min(Math.abs(i - time), Math.abs(i - chosen)) < every) return;
    context.fillStyle = colour(marked ? "--ink" : i < time ? "--ink-2" : "--line-strong");
    context.fillText(token === "\n" ? "⏎" : token === " " ? "␣" : [...token][0] ?? "", x(positions[i]), floor + 11);
    if (!marked) return;
    context.fillRect(x(positions[i]) - 0.75, floor, 1.5, 4);
  });
  context.font = `11px ${SANS}`;
  context.fillStyle = colour("--ink-3");
  const y = floor + 27;
  context.textAlign = "left";
  context.fillText("cell", EDGE, y);
  context.textAlign = "center";
  for (const cell of ticks(from, to, x(to))) if (x(cell) > EDGE + 36) context.fillText(String(cell), x(cell), y);
}

/** Cells that are numbered. @param {number} from @param {number} to @param {number} width */
function ticks(from, to, width) {
  const step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000].find((size) => ((to - from) / size) * 60 <= width) ?? 5000;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) => (first + i) * step);
}

export const WAVES_HEIGHT = 240;

/**
 * Every token's own wave, one below the other: what a column adds up to is the field there.
 * @param {CanvasRenderingContext2D} context @param {number} width @param {number} height
 * @param {{times: number, cells: number, wave: (token: number, cell: number) => number, peak: number, signed: boolean, time: number, chosen: number}} data
 */
export function drawWaves(context, width, height, { times, cells, wave, peak, signed, time, chosen }) {
  const inner = width - 2 * EDGE;
  // No finer than a person sees, so that a saved drawing stays small.
  const columns = Math.min(cells, Math.floor(inner / 4));
  const rows = Math.min(times, Math.floor(height / 3));
  const paint = signed ? signedColour : amountColour;
  const share = (/** @type {number} */ value) => Math.sign(value) * Math.sqrt(Math.abs(value) / (peak || 1));
  for (let row = 0; row < rows; row++) {
    const tokens = [row, row + 1].map((r) => Math.floor((r * times) / rows));
    if (tokens[0] > time) break;
    const y = (row * height) / rows;
    let begun = 0;
    let last = "";
    for (let column = 0; column <= columns; column++) {
      const fill = column < columns ? paint(share(strongest(wave, [tokens[0], Math.min(tokens[1], time + 1)], [column, column + 1].map((c) => Math.floor((c * cells) / columns))))) : "";
      if (fill === last) continue;
      if (last) {
        context.fillStyle = last;
        context.fillRect(EDGE + (begun * inner) / columns, y, ((column - begun) * inner) / columns + 0.5, height / rows + 0.5);
      }
      begun = column;
      last = fill;
    }
  }
  mark(context, ((time + 0.5) * height) / times, width, false);
  if (chosen >= 0) mark(context, ((chosen + 0.5) * height) / times, width, true);
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

/** The value farthest from zero. @param {(token: number, cell: number) => number} wave @param {number[]} tokens @param {number[]} columns */
function strongest(wave, [first, end], [left, right]) {
  let found = 0;
  for (let token = first; token < end; token++) {
    for (let cell = left; cell < right; cell++) {
      const value = wave(token, cell);
      if (Math.abs(value) > Math.abs(found)) found = value;
    }
  }
  return found;
}
