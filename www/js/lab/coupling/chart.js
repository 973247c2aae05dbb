// The coupling of a layer, drawn twice: as ribbons from the fields to the heads that take them, each as thick as
// its weight, and as a matrix with its numbers.

import { amountColour, lightness } from "../../charts/ramp.js";
import { colour, headColour } from "../../charts/colours.js";

/**
 * @typedef {object} CouplingPicture
 * @property {ArrayLike<number>} weights (H, H)
 * @property {number} heads
 * @property {number} threshold Ribbons below it are left out.
 * @property {{row: number, column: number}} chosen
 * @property {ReadonlySet<number>} edited Rows that differ from the file.
 *
 * @typedef {{graph: {width: number, height: number}, matrix: {x: number, y: number, cell: number}, height: number}} Layout
 */

const SANS = "system-ui, sans-serif";
const SMALL = `12px ${SANS}`;
/** From here on the two stand side by side. */
const WIDE = 640;
const EDGE = { left: 58, right: 12, top: 46, bottom: 12 };
const GRAPH = { side: 74, top: 34, bottom: 12, gap: 5, bar: 10 };
const CELL = { least: 8, most: 46, numbers: 24, digits: 34 };

/** How the two lie in a width. @param {number} width @param {number} heads @returns {Layout} */
export function layout(width, heads) {
  const wide = width >= WIDE;
  const room = (wide ? width / 2 : width) - EDGE.left - EDGE.right;
  const cell = Math.max(CELL.least, Math.min(CELL.most, Math.floor(room / heads)));
  const graphWidth = wide ? Math.floor(width - EDGE.left - heads * cell - EDGE.right) : width;
  const matrixHeight = EDGE.top + heads * cell + EDGE.bottom;
  const graphHeight = wide ? Math.max(250, matrixHeight) : Math.max(250, 30 * heads + GRAPH.top);
  return {
    graph: { width: graphWidth, height: graphHeight },
    matrix: { x: (wide ? graphWidth : 0) + EDGE.left, y: (wide ? 0 : graphHeight) + EDGE.top, cell },
    height: wide ? graphHeight : graphHeight + matrixHeight,
  };
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {CouplingPicture} picture */
export function drawCoupling(context, width, picture) {
  const { graph, matrix } = layout(width, picture.heads);
  context.textBaseline = "middle";
  drawRibbons(context, graph, picture);
  drawMatrix(context, matrix, picture);
}

/** @param {CanvasRenderingContext2D} context @param {Layout["graph"]} box @param {CouplingPicture} picture */
function drawRibbons(context, { width, height }, picture) {
  const { heads, weights, threshold, chosen } = picture;
  const [from, to] = [GRAPH.side, width - GRAPH.side];
  const unit = (height - GRAPH.top - GRAPH.bottom - GRAPH.gap * (heads - 1)) / heads;
  const given = Array.from({ length: heads }, (_, h) => sum(heads, (i) => weights[i * heads + h]));
  // Where the next ribbon leaves a field and arrives at a head.
  let y = GRAPH.top;
  const leaves = given.map((total) => { const top = y; y += total * unit + GRAPH.gap; return top; });
  const arrives = given.map((_, i) => GRAPH.top + i * (unit + GRAPH.gap));
  const [leftTops, rightTops] = [[...leaves], [...arrives]];
  for (let i = 0; i < heads; i++) {
    for (let h = 0; h < heads; h++) {
      const weight = weights[i * heads + h];
      const thick = weight * unit;
      if (weight >= threshold && thick > 0) {
        const isChosen = i === chosen.row && h === chosen.column;
        context.globalAlpha = isChosen ? 0.95 : i === chosen.row ? 0.6 : 0.22;
        context.fillStyle = colour(headColour(h));
        ribbon(context, from + GRAPH.bar, leaves[h], to - GRAPH.bar, arrives[i], thick);
        context.globalAlpha = 1;
      }
      leaves[h] += thick;
      arrives[i] += thick;
    }
  }
  context.font = SMALL;
  context.fillStyle = colour("--ink-2");
  context.textAlign = "left";
  context.fillText("field of", 10, 14);
  context.textAlign = "right";
  context.fillText("taken by", width - 10, 14);
  for (let h = 0; h < heads; h++) {
    context.fillStyle = colour(headColour(h));
    context.fillRect(from, leftTops[h], GRAPH.bar, Math.max(1, given[h] * unit));
    context.fillRect(to - GRAPH.bar, rightTops[h], GRAPH.bar, unit);
    context.fillStyle = colour("--ink");
    context.textAlign = "right";
    context.fillText(`head ${h + 1}`, from - 8, leftTops[h] + (given[h] * unit) / 2);
    context.textAlign = "left";
    context.fillText(`head ${h + 1}${picture.edited.has(h) ? " *" : ""}`, to + 8, rightTops[h] + unit / 2);
  }
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} toX @param {number} toY @param {number} thick */
function ribbon(context, x, y, toX, toY, thick) {
  const half = (x + toX) / 2;
  // The last few pixels are an arrow's head.
  const tip = toX - 7;
  context.beginPath();
  context.moveTo(x, y);
  context.bezierCurveTo(half, y, half, toY, tip, toY);
  context.lineTo(toX, toY + thick / 2);
  context.lineTo(tip, toY + thick);
  context.bezierCurveTo(half, toY + thick, half, y + thick, x, y + thick);
  context.closePath();
  context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {Layout["matrix"]} box @param {CouplingPicture} picture */
function drawMatrix(context, { x, y, cell }, picture) {
  const { heads, weights, chosen, edited } = picture;
  const most = Math.max(1e-9, ...Array.from({ length: heads * heads }, (_, at) => weights[at]));
  const middle = (/** @type {number} */ at) => (at + 0.5) * cell;
  context.font = SMALL;
  context.fillStyle = colour("--ink-2");
  context.textAlign = "left";
  context.fillText("of the field of head", x, y - 32);
  context.save();
  context.translate(x - 46, y + heads * cell);
  context.rotate(-Math.PI / 2);
  context.fillText("head takes", 0, 0);
  context.restore();
  for (let i = 0; i < heads; i++) {
    context.fillStyle = colour(headColour(i));
    context.fillRect(x + i * cell + 1, y - 7, cell - 2, 4);
    context.fillRect(x - 7, y + i * cell + 1, 4, cell - 2);
    context.fillStyle = colour("--ink");
    context.font = SMALL;
    context.textAlign = "center";
    context.fillText(String(i + 1), x + middle(i), y - 16);
    context.textAlign = "right";
    context.fillText(`${i + 1}${edited.has(i) ? " *" : ""}`, x - 12, y + middle(i));
    for (let h = 0; h < heads; h++) drawCell(context, x + h * cell, y + i * cell, cell, weights[i * heads + h], most);
  }
  context.lineWidth = 2;
  context.strokeStyle = colour("--ink");
  context.strokeRect(x + chosen.column * cell, y + chosen.row * cell, cell, cell);
}

/**
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} cell
 * @param {number} weight @param {number} most
 */
function drawCell(context, x, y, cell, weight, most) {
  const fill = amountColour(weight / most);
  context.fillStyle = fill;
  context.fillRect(x + 0.5, y + 0.5, cell - 1, cell - 1);
  if (cell < CELL.numbers) return;
  context.fillStyle = legibleOn(fill);
  context.font = `${cell < CELL.digits ? 10 : 12}px ${SANS}`;
  context.textAlign = "center";
  context.fillText(short(weight), x + cell / 2, y + cell / 2 + 0.5);
}

/** A weight in two digits without its nought. @param {number} weight */
const short = (weight) => {
  const text = weight.toFixed(2);
  return text === "0.00" ? "0" : text === "1.00" ? "1" : text.slice(1);
};

/** Whichever of the ink and the ground is further from what is under it. @param {string} fill As the ramp gives it. */
function legibleOn(fill) {
  const light = (/** @type {string} */ rgb) => lightness((rgb.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number));
  const [ink, display] = [colour("--ink"), colour("--display")];
  const far = (/** @type {string} */ rgb) => Math.abs(light(rgb) - light(fill));
  return far(ink) >= far(display) ? ink : display;
}

/** @param {number} count @param {(at: number) => number} value */
const sum = (count, value) => Array.from({ length: count }, (_, at) => value(at)).reduce((a, b) => a + b, 0);
