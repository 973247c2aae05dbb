// A heat map: a rectangle for every pair of a row and a column, with names along two sides and a key to its
// colours. It is drawn with rectangles and text alone, so that it can be part of a `Figure`.

import { colour } from "./colours.js";

/**
 * Where a map lies on its canvas, in CSS pixels.
 * @typedef {{left: number, top: number, width: number, height: number}} Box
 *
 * Colours from one end to the other, and what the ends and the middle mean.
 * @typedef {{name: string, colour: (share: number) => string, from: string, to: string}} Key `share` goes from 0 to 1.
 *
 * @typedef {object} HeatMap
 * @property {number} rows
 * @property {number} columns
 * @property {(row: number, column: number) => string | null} colour A CSS colour; null leaves the ground.
 * @property {(row: number, every: number) => string} rowName Stands at its left. `every`: only each so-manieth is
 *   named for lack of room; 1 where all are.
 * @property {(column: number, every: number) => string} columnName Stands under it.
 * @property {string} rowTitle What the rows are.
 * @property {string} columnTitle
 * @property {Key} [key]
 * @property {number} [row] The chosen row, framed; -1 none.
 * @property {number} [column] The chosen column.
 */

const SANS = "system-ui, sans-serif";
const NAMES = `11px ${SANS}`;
/** Room for a name's line. */
const LINE = 13;
/** Steps of a key's ramp. */
const STEPS = 32;

/**
 * The part of a canvas that is left for the cells once names, titles and key have theirs.
 * @param {number} width @param {number} height @param {{key?: unknown, nameWidth?: number, top?: number}} [options]
 *   `nameWidth`: of the longest row's name; `top`: what is kept free above the map.
 * @returns {Box}
 */
export function heatBox(width, height, { key, nameWidth = 30, top = 0 } = {}) {
  const left = nameWidth + LINE + 8;
  const above = top + (key ? LINE + 11 : 4);
  return { left, top: above, width: Math.max(1, width - left - 4), height: Math.max(1, height - above - 2 * LINE - 10) };
}

/**
 * Draws a map into a box that {@link heatBox} gave.
 * @param {CanvasRenderingContext2D} context @param {Box} box @param {HeatMap} map
 */
export function drawHeat(context, box, map) {
  const { x, y } = edges(box, map);
  for (let row = 0; row < map.rows; row++) {
    // Neighbours of one colour are one rectangle: a long text's map stays a small file as SVG.
    for (let column = 0; column < map.columns;) {
      const fill = map.colour(row, column);
      const from = column++;
      while (column < map.columns && map.colour(row, column) === fill) column++;
      if (fill === null) continue;
      context.fillStyle = fill;
      context.fillRect(x(from), y(row), x(column) - x(from), y(row + 1) - y(row));
    }
  }
  drawNames(context, box, map);
  drawChosen(context, box, map);
  if (map.key) drawKey(context, box, map.key);
}

/**
 * The cell under a point, or null.
 * @param {Box} box @param {Pick<HeatMap, "rows" | "columns">} map @param {number} x @param {number} y
 * @returns {{row: number, column: number} | null}
 */
export function heatCell(box, map, x, y) {
  const row = Math.floor(((y - box.top) / box.height) * map.rows);
  const column = Math.floor(((x - box.left) / box.width) * map.columns);
  const inside = row >= 0 && row < map.rows && column >= 0 && column < map.columns;
  return inside ? { row, column } : null;
}

/** Cells' edges on whole pixels, so that no seams show between them. @param {Box} box @param {Pick<HeatMap, "rows" | "columns">} map */
export function edges(box, map) {
  return {
    x: (/** @type {number} */ column) => Math.round(box.left + (column / map.columns) * box.width),
    y: (/** @type {number} */ row) => Math.round(box.top + (row / map.rows) * box.height),
  };
}

/** The smallest of 1, 2, 4, 8 ... at which names of a size fit. @param {number} room For one. @param {number} size */
export function nameStep(room, size) {
  let every = 1;
  while (room * every < size && every < 2 ** 20) every *= 2;
  return every;
}

/** @param {CanvasRenderingContext2D} context @param {Box} box @param {HeatMap} map */
function drawNames(context, box, map) {
  context.font = NAMES;
  context.fillStyle = colour("--ink-2");
  const [rowRoom, columnRoom] = [box.height / map.rows, box.width / map.columns];
  const down = nameStep(rowRoom, LINE);
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (let row = 0; row < map.rows; row += down) context.fillText(map.rowName(row, down), box.left - 5, box.top + (row + 0.5) * rowRoom);
  let along = 1;
  const widest = () => {
    let most = 0;
    for (let column = 0; column < map.columns; column += along) most = Math.max(most, context.measureText(map.columnName(column, along)).width);
    return most;
  };
  // Other names may be needed where not all have room, such as numbers in the place of tokens.
  while (columnRoom * along < widest() + (along > 1 ? 6 : 1) && along < map.columns) along *= 2;
  context.textBaseline = "alphabetic";
  context.textAlign = "center";
  const under = box.top + box.height + LINE;
  for (let column = 0; column < map.columns; column += along) context.fillText(map.columnName(column, along), box.left + (column + 0.5) * columnRoom, under);
  context.fillStyle = colour("--ink-3");
  context.fillText(map.columnTitle, box.left + box.width / 2, under + LINE + 2);
  context.save();
  context.translate(LINE - 2, box.top + box.height / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(map.rowTitle, 0, 0);
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {Box} box @param {HeatMap} map */
function drawChosen(context, box, map) {
  const { x, y } = edges(box, map);
  context.strokeStyle = colour("--focus");
  context.lineWidth = 1.5;
  const { row = -1, column = -1 } = map;
  if (row >= 0 && row < map.rows) context.strokeRect(box.left - 1, y(row) - 1, box.width + 2, y(row + 1) - y(row) + 2);
  if (column >= 0 && column < map.columns) context.strokeRect(x(column) - 1, box.top - 1, x(column + 1) - x(column) + 2, box.height + 2);
}

/** At the upper right, above the map. @param {CanvasRenderingContext2D} context @param {Box} box @param {Key} key */
function drawKey(context, box, key) {
  const [y, ramp] = [box.top - LINE - 5, 96];
  const right = box.left + box.width;
  context.font = NAMES;
  context.fillStyle = colour("--ink-2");
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.fillText(key.to, right, y + 5);
  const end = right - context.measureText(key.to).width - 6;
  for (let i = 0; i < STEPS; i++) {
    context.fillStyle = key.colour(i / (STEPS - 1));
    context.fillRect(end - ramp + (i * ramp) / STEPS, y, ramp / STEPS, 10);
  }
  context.strokeStyle = colour("--line-strong");
  context.lineWidth = 1;
  context.strokeRect(end - ramp - 0.5, y - 0.5, ramp + 1, 11);
  context.fillStyle = colour("--ink-2");
  context.fillText(`${key.name}  ${key.from}`, end - ramp - 6, y + 5);
}
