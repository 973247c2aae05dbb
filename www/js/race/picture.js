// A race as a picture: its name, the chart, the outcome and the table, drawn on a canvas in the page's present colours.

import { colour } from "../charts/colours.js";
import { asPng, wrapped } from "../charts/paper.js";
import { hasTransformer, nameOf, outcome, tableRows } from "./results.js";

/** @typedef {import("./results.js").Result} Result */

const WIDTH = 1200;
const EDGE = 40;
const LINE = 24;
const ROW = 44;
const SANS = "system-ui, sans-serif";
/** Where the table's columns begin, and how much room they have. */
const COLUMNS = { first: 300, measured: 250, published: 150 };

/** @param {Result} result @param {HTMLCanvasElement} chart @returns {Promise<Blob>} a PNG */
export function racePicture(result, chart) {
  const inside = WIDTH - 2 * EDGE;
  const chartHeight = Math.round((inside * chart.height) / chart.width);
  const rows = tableRows(result.plan, result.heats);
  const canvas = document.createElement("canvas");
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.font = `18px ${SANS}`;
  const sentence = wrapped(context, outcome(result.plan, result.heats), inside);
  // Twice as fine as it is large.
  canvas.width = 2 * WIDTH;
  canvas.height = 2 * (EDGE + 2 * LINE + chartHeight + LINE + sentence.length * LINE + LINE + (rows.length + 1) * ROW + EDGE);
  context.scale(2, 2);
  context.fillStyle = colour("--surface");
  context.fillRect(0, 0, WIDTH, canvas.height / 2);
  let y = EDGE + 10;
  write(context, `Race: ${nameOf(result)}`, EDGE, y, { font: `600 22px ${SANS}` });
  y += 1.5 * LINE;
  context.fillStyle = colour("--display");
  context.fillRect(EDGE, y - 10, inside, chartHeight);
  context.drawImage(chart, EDGE, y - 10, inside, chartHeight);
  y += chartHeight + 1.25 * LINE;
  for (const line of sentence) {
    write(context, line, EDGE, y, { font: `18px ${SANS}` });
    y += LINE;
  }
  drawTable(context, result, rows, y + LINE);
  return asPng(canvas);
}

/** @param {CanvasRenderingContext2D} context @param {Result} result @param {import("./results.js").Row[]} rows @param {number} top */
function drawTable(context, { plan }, rows, top) {
  const measured = (/** @type {number} */ i) => EDGE + COLUMNS.first + i * COLUMNS.measured;
  const published = (/** @type {number} */ i) => measured(plan.entrants.length) + i * COLUMNS.published;
  const claimed = hasTransformer(plan);
  plan.entrants.forEach(({ label }, i) => {
    write(context, label, measured(i), top, { font: `600 16px ${SANS}` });
    if (!claimed) return;
    write(context, label, published(i), top - 9, { font: `600 14px ${SANS}`, ink: "--ink-2" });
    write(context, "published", published(i), top + 7, { font: `12px ${SANS}`, ink: "--ink-2" });
  });
  rows.forEach(({ name, cells, published: claims }, i) => {
    const y = top + (i + 1) * ROW - 8;
    context.fillStyle = colour("--line");
    context.fillRect(EDGE, y - 24, WIDTH - 2 * EDGE, 1);
    write(context, name, EDGE, y, { font: `16px ${SANS}` });
    cells.forEach(({ main, spread }, j) => {
      write(context, main, measured(j), spread ? y - 7 : y, { font: `16px ${SANS}` });
      write(context, spread, measured(j), y + 10, { font: `11px ${SANS}`, ink: "--ink-2" });
    });
    claims.forEach((claim, j) => write(context, claim, published(j), y, { font: `14px ${SANS}`, ink: "--ink-2" }));
  });
}

/** @param {CanvasRenderingContext2D} context @param {string} text @param {number} x @param {number} y @param {{ font: string, ink?: string }} how */
function write(context, text, x, y, { font, ink = "--ink" }) {
  context.font = font;
  context.fillStyle = colour(ink);
  context.fillText(text, x, y);
}
