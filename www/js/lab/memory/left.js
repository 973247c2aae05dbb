// What is left of each past token in the state, as bars above the text: now is at the right edge, the past runs to the left.

import { colour } from "../../charts/colours.js";
import { visible } from "../../page/signs.js";
import { along, size } from "./state.js";
import { tokensInWords } from "./words.js";

/**
 * @typedef {import("./state.js").Complex} Complex
 *
 * @typedef {object} LeftNow
 * @property {readonly Complex[]} parts Up to the token read last: each as it is by now.
 * @property {ArrayLike<number>} deposits Their kicks as they were.
 * @property {readonly string[]} tokens
 * @property {{token: number, part: Complex} | null} coming The next token while it comes, as far as it has kicked.
 * @property {number} gone How far it is on the way to the next token, 0 to 1: all move to the left by so much.
 * @property {Complex} listen
 * @property {boolean} heard Whether anybody listens.
 * @property {number} most The largest kick of the text.
 * @property {number} halfLife In tokens.
 * @property {number} chosen The token that is pointed at, or -1.
 * @property {string} tint
 */

export const LEFT_HEIGHT = 190;
const [EDGE, TOP, LETTERS] = [12, 24, 24];
/** Tokens that are shown where there is room, and the fewest pixels for one. */
const [MOST, ROOM] = [60, 15];
const SANS = "system-ui, sans-serif";
const MONO = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';

/** Pixels a token. @param {number} width */
const roomOf = (width) => Math.max(ROOM, (width - 2 * EDGE) / MOST);

/** Where a token is drawn that lies so many back. @param {number} lag @param {number} width */
const lagToX = (lag, width) => width - EDGE - (lag + 0.5) * roomOf(width);

/** The token under a place of the drawing, as so many back; -1 for none. @param {number} x @param {number} width */
export const lagAt = (x, width) => Math.max(-1, Math.floor((width - EDGE - x) / roomOf(width)));

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {LeftNow} data */
export function drawLeft(context, width, height, data) {
  const { parts, coming, gone, most, halfLife } = data;
  const floor = height - LETTERS;
  const middle = Math.round((TOP + floor) / 2) + 0.5;
  const unit = ((floor - TOP) / 2 - 3) / (most || 1);
  const lags = Math.ceil((width - 2 * EDGE) / roomOf(width));
  const last = parts.length - 1;
  context.save();
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  drawDecay(context, width, { middle, top: TOP, floor, high: most * unit, halfLife });
  context.textAlign = "center";
  context.textBaseline = "middle";
  const draw = (/** @type {number} */ token, /** @type {Complex} */ part, /** @type {number} */ lag) => drawToken(context, lagToX(lag, width), { middle, floor, unit, room: roomOf(width) }, data, token, part);
  for (let token = last; token >= Math.max(0, last - lags); token--) draw(token, parts[token], last - token + gone);
  if (coming) draw(coming.token, coming.part, gone - 1);
  context.restore();
  drawNames(context, width, data);
}

/**
 * @param {CanvasRenderingContext2D} context @param {number} x @param {{middle: number, floor: number, unit: number, room: number}} lane
 * @param {LeftNow} data @param {number} token @param {Complex} part
 */
function drawToken(context, x, { middle, floor, unit, room }, { parts, deposits, tokens, listen, heard, most, chosen, tint }, token, part) {
  const marked = token === chosen;
  context.globalAlpha = marked ? 0.5 : 0.28;
  bar(context, x, middle, Math.sign(deposits[token]) * size(part) * unit, room - 4, tint);
  context.globalAlpha = 1;
  if (heard) bar(context, x, middle, along(part, listen) * unit, room / 3, "--ink");
  context.globalAlpha = 0.3 + 0.7 * Math.sqrt(Math.min(1, size(part) / (most || 1)));
  context.fillStyle = colour("--ink");
  context.font = `${marked || token >= parts.length - 1 ? "700 " : ""}${Math.min(16, 0.85 * room)}px ${MONO}`;
  context.fillText([...visible(tokens[token] ?? "")][0] ?? "", x, floor + LETTERS / 2);
  context.globalAlpha = 1;
  if (!marked) return;
  context.strokeStyle = colour("--ink");
  context.lineWidth = 1;
  context.strokeRect(x - room / 2 + 1, floor + 3, room - 2, LETTERS - 6);
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} base @param {number} up @param {number} width @param {string} ink */
function bar(context, x, base, up, width, ink) {
  context.fillStyle = colour(ink);
  context.fillRect(x - width / 2, Math.min(base, base - up), width, Math.abs(up));
}

/** How a kick of the largest size dies away, and where half of it is left. @param {CanvasRenderingContext2D} context @param {number} width @param {{middle: number, top: number, floor: number, high: number, halfLife: number}} look */
function drawDecay(context, width, { middle, top, floor, high, halfLife }) {
  context.lineWidth = 1;
  context.strokeStyle = colour("--line");
  context.beginPath();
  context.moveTo(0, middle);
  context.lineTo(width, middle);
  context.stroke();
  context.strokeStyle = colour("--line-strong");
  context.setLineDash([2, 4]);
  for (const side of [1, -1]) {
    context.beginPath();
    for (let x = lagToX(0, width); x >= 0; x -= 3) {
      const lag = (width - EDGE - x) / roomOf(width) - 0.5;
      const y = middle - side * high * 2 ** (-lag / halfLife);
      if (x === lagToX(0, width)) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
    context.stroke();
  }
  context.setLineDash([]);
  const x = lagToX(halfLife, width);
  if (!(x > 70)) return;
  context.beginPath();
  context.moveTo(Math.round(x) + 0.5, top);
  context.lineTo(Math.round(x) + 0.5, floor);
  context.stroke();
  context.font = `11px ${SANS}`;
  context.fillStyle = colour("--ink-3");
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillText(`half is left: ${tokensInWords(halfLife)} back`, x - 5, floor - 8);
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {{tint: string, heard: boolean}} look */
function drawNames(context, width, { tint, heard }) {
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.font = `600 11px ${SANS}`;
  let x = EDGE;
  for (const [words, ink, alpha, wide] of /** @type {[string, string, number, number][]} */ ([["left of each token", tint, 0.35, 11], ...(heard ? [["heard of it now", "--ink", 1, 5]] : [])])) {
    context.globalAlpha = alpha;
    context.fillStyle = colour(ink);
    context.fillRect(x, 7, wide, 11);
    context.globalAlpha = 1;
    context.fillStyle = colour("--ink-2");
    context.fillText(words, x + wide + 6, 13);
    x += wide + 22 + context.measureText(words).width;
  }
  if (width - x < 60) return;
  context.fillStyle = colour("--ink-3");
  context.font = `11px ${SANS}`;
  context.textAlign = "right";
  context.fillText("now", width - EDGE, 13);
}
