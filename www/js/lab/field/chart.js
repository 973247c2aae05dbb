// A head's field as it is now, in lanes over one line of cells: what was dropped, the waves, and what the
// coupling makes of them with what the tokens pick up.

import { colour } from "../../charts/colours.js";
import { visible } from "../../page/signs.js";

/**
 * @typedef {object} FieldNow N tokens, G cells.
 * @property {number} cells G.
 * @property {number} time The last token that has been read; between two of them while the picture moves on.
 * @property {boolean} near Whether only the surroundings of that token are drawn.
 * @property {boolean} signed Whether values below zero occur.
 * @property {readonly string[]} tokens
 * @property {ArrayLike<number>} positions In cells.
 * @property {ArrayLike<number>} deposits (N)
 * @property {ArrayLike<number>} frame (G)
 * @property {ArrayLike<number>} coupled (G)
 * @property {ArrayLike<number>} pickedUp (N)
 * @property {ArrayLike<number> | null} own (G): the chosen token's own wave.
 * @property {number} chosen The chosen token, or -1.
 * @property {{dropped: number, waves: number, coupled: number}} scales What reaches the top of each lane.
 * @property {string} tint The custom property of the head's colour.
 *
 * @typedef {{from: number, to: number, x: (cell: number) => number, perCell: number}} Span The cells that are drawn.
 * @typedef {{top: number, height: number, base: number, y: (value: number) => number}} Lane
 */

export const FIELD_HEIGHT = 416;
export const EDGE = 12;
const HEADER = 18;
const LANES = { dropped: 62, waves: 166, coupled: 84 };
const SEATS = 14;
const SANS = "system-ui, sans-serif";
const MONO = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';
/** Pixels that a token and a cell need to be told apart. */
const TOKEN_ROOM = 16;
const CELL_ROOM = 5;

/**
 * The whole field, or the token just read with what lies behind it and some way ahead: as many tokens as the
 * width has room for.
 * @param {number} width @param {Pick<FieldNow, "cells" | "time" | "near" | "positions">} data @returns {Span}
 */
export function spanOf(width, { cells, time, near, positions }) {
  const inner = width - 2 * EDGE;
  const stride = positions.length > 1 ? positions[1] - positions[0] : 1;
  const room = near ? Math.min(cells - 1, Math.max(4, Math.min((inner / TOKEN_ROOM) * stride, inner / CELL_ROOM))) : cells - 1;
  const from = Math.max(0, Math.min(cells - 1 - room, placeAt(positions, time) - 0.72 * room));
  const perCell = inner / Math.max(1, room);
  return { from, to: from + room, x: (cell) => EDGE + (cell - from) * perCell, perCell };
}

/** Where the field is being read, between two tokens while it moves on. @param {ArrayLike<number>} positions @param {number} time */
export function placeAt(positions, time) {
  const token = Math.floor(time);
  const [here, next] = [positions[token] ?? 0, positions[token + 1] ?? positions[token] ?? 0];
  return here + (time - token) * (next - here);
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {FieldNow} data */
export function drawField(context, width, height, data) {
  const { time, signed, scales, tint, positions } = data;
  const span = spanOf(width, data);
  const now = span.x(placeAt(positions, time));
  let top = 0;
  const lane = (/** @type {keyof typeof LANES} */ name) => {
    const made = laneAt(top + HEADER, LANES[name], scales[name], signed);
    top = made.top + made.height;
    return made;
  };
  const [dropped, waves, coupled] = [lane("dropped"), lane("waves"), lane("coupled")];

  context.save();
  context.lineJoin = "round";
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  drawFuture(context, now, width, top);
  for (const each of [dropped, waves, coupled]) drawBase(context, span, each);
  drawDropped(context, span, dropped, data);
  drawWave(context, span, waves, { values: data.frame, now, ink: tint, width: 2.25, faint: data.own !== null });
  if (data.own) drawOwn(context, span, waves, { own: data.own, place: positions[data.chosen], least: scales.waves / 250, tint });
  drawWave(context, span, coupled, { values: data.coupled, now, ink: "--ink-2", width: 1.5, faint: false });
  drawPickedUp(context, span, coupled, data);
  rule(context, now, 0, top);
  drawTokens(context, span, data, top);
  context.restore();
  const own = data.own ? ` · in front: what "${shown(data.tokens[data.chosen])}" alone spreads` : "";
  header(context, width, dropped, "dropped on the cells", scales.dropped, signed);
  header(context, width, waves, `the head's waves${own}`, scales.waves, signed);
  header(context, width, coupled, width < 500 ? "mixed with other heads · dots: picked up" : "mixed with the other heads' waves · dots: what each token picks up", scales.coupled, signed);
}

/** @param {number} top @param {number} height @param {number} scale @param {boolean} signed @returns {Lane} */
function laneAt(top, height, scale, signed) {
  const base = Math.round(top + (signed ? height / 2 : height - 3)) + 0.5;
  const room = (signed ? height / 2 : height - 3) - 3;
  return { top, height, base, y: (value) => base - (value / (scale || 1)) * room };
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {Lane} lane @param {string} words @param {number} scale @param {boolean} signed */
function header(context, width, lane, words, scale, signed) {
  context.font = `600 11px ${SANS}`;
  context.textBaseline = "middle";
  context.fillStyle = colour("--ink-2");
  context.textAlign = "left";
  context.fillText(words, EDGE, lane.top - HEADER / 2 + 1);
  const most = scale > 0 ? `${signed ? "±" : "up to "}${Number(scale.toPrecision(2))}` : "";
  if (context.measureText(words + most).width > width - 2 * EDGE - 16) return;
  context.font = `11px ${SANS}`;
  context.fillStyle = colour("--ink-3");
  context.textAlign = "right";
  context.fillText(most, width - EDGE, lane.top - HEADER / 2 + 1);
}

/** What no token has been read from yet. @param {CanvasRenderingContext2D} context @param {number} now @param {number} width @param {number} floor */
function drawFuture(context, now, width, floor) {
  context.fillStyle = colour("--grid");
  context.globalAlpha = 0.6;
  context.fillRect(now, 0, width - now, floor);
  context.globalAlpha = 1;
  if (width - EDGE - now < 84) return;
  context.fillStyle = colour("--ink-3");
  context.font = `11px ${SANS}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText("yet to be read", now + 8, HEADER + 10);
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} top @param {number} floor */
function rule(context, x, top, floor) {
  context.strokeStyle = colour("--line-strong");
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x, floor);
  context.stroke();
}

/** The line of cells, with a tick each as long as they can be told apart. @param {CanvasRenderingContext2D} context @param {Span} span @param {Lane} lane */
function drawBase(context, { from, to, x, perCell }, { base }) {
  context.strokeStyle = colour("--line");
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x(from) - EDGE, base);
  context.lineTo(x(to) + EDGE, base);
  if (perCell >= 4) {
    for (let cell = Math.ceil(from); cell <= to; cell++) {
      context.moveTo(x(cell), base - 2);
      context.lineTo(x(cell), base + 2);
    }
  }
  context.stroke();
}

/**
 * A stem on each of the cells that a token sits on, as high as what lies there.
 * @param {CanvasRenderingContext2D} context @param {Span} span @param {Lane} lane
 * @param {Pick<FieldNow, "deposits" | "positions" | "time" | "chosen" | "tint">} data
 */
function drawDropped(context, { from, to, x, perCell }, { base, y }, { deposits, positions, time, chosen, tint }) {
  const size = Math.max(1.5, Math.min(4, perCell / 2));
  for (let i = 0; i <= Math.min(deposits.length - 1, Math.ceil(time)); i++) {
    if (positions[i] < from - 1 || positions[i] > to + 1) continue;
    const marked = i === Math.floor(time) || i === chosen;
    context.strokeStyle = context.fillStyle = colour(i === chosen ? tint : marked ? "--ink" : "--ink-3");
    context.lineWidth = marked ? 2 : 1;
    const fallen = Math.max(0, Math.min(1, time - i + 1));
    for (const [cell, weight] of seats(positions[i])) {
      const top = y(deposits[i] * weight * fallen);
      context.beginPath();
      context.moveTo(x(cell), base);
      context.lineTo(x(cell), top);
      context.stroke();
      context.fillRect(x(cell) - size / 2, top - size / 2, size, size);
    }
  }
}

/** The cells that a token sits on, and how much of it lies on each. @param {number} position @returns {[number, number][]} */
export function seats(position) {
  const cell = Math.floor(position);
  const fraction = position - cell;
  return fraction < 1e-6 ? [[cell, 1]] : [[cell, 1 - fraction], [cell + 1, fraction]];
}

/** @param {CanvasRenderingContext2D} context @param {ArrayLike<number>} values @param {Span} span @param {Lane} lane @param {boolean} closed Down to the line of cells. */
function trace(context, values, { from, to, x, perCell }, { base, y }, closed) {
  const beyond = Math.ceil(EDGE / perCell);
  const [first, last] = [Math.max(0, Math.floor(from) - beyond), Math.min(values.length - 1, Math.ceil(to) + beyond)];
  context.beginPath();
  if (closed) context.moveTo(x(first), base);
  for (let cell = first; cell <= last; cell++) {
    if (cell === first && !closed) context.moveTo(x(cell), y(values[cell]));
    else context.lineTo(x(cell), y(values[cell]));
  }
  if (closed) context.lineTo(x(last), base);
}

/**
 * A field: filled down to the cells, and lighter where it is still to be read.
 * @param {CanvasRenderingContext2D} context @param {Span} span @param {Lane} lane
 * @param {{values: ArrayLike<number>, now: number, ink: string, width: number, faint: boolean}} look
 */
function drawWave(context, span, lane, { values, now, ink, width, faint }) {
  const right = span.x(span.to) + EDGE;
  for (const [from, to, weight] of [[0, now, 1], [now, right, 0.55]]) {
    if (to <= from) continue;
    context.save();
    context.beginPath();
    context.rect(from, lane.top - 4, to - from, lane.height + 8);
    context.clip();
    context.fillStyle = context.strokeStyle = colour(ink);
    context.globalAlpha = (faint ? 0.08 : 0.16) * weight;
    trace(context, values, span, lane, true);
    context.fill();
    context.globalAlpha = (faint ? 0.55 : 1) * (0.4 + 0.6 * weight);
    context.lineWidth = faint ? Math.min(1.25, width) : width;
    trace(context, values, span, lane, false);
    context.stroke();
    context.restore();
  }
}

/**
 * From the token's place as far as its wave can be told from none.
 * @param {CanvasRenderingContext2D} context @param {Span} span @param {Lane} lane
 * @param {{own: ArrayLike<number>, place: number, least: number, tint: string}} wave
 */
function drawOwn(context, span, lane, { own, place, least, tint }) {
  let end = own.length - 1;
  while (end > place + 1 && Math.abs(own[end]) < least) end--;
  context.save();
  context.beginPath();
  context.rect(span.x(Math.floor(place)) - 1.5, lane.top - 4, (end + 1 - Math.floor(place)) * span.perCell + 3, lane.height + 8);
  context.clip();
  context.fillStyle = context.strokeStyle = colour(tint);
  context.globalAlpha = 0.42;
  trace(context, own, span, lane, true);
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 2;
  trace(context, own, span, lane, false);
  context.stroke();
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {Span} span @param {Lane} lane @param {FieldNow} data */
function drawPickedUp(context, { from, to, x }, { y }, { pickedUp, positions, time, chosen }) {
  context.fillStyle = colour("--ink-2");
  for (let i = 0; i <= time; i++) {
    if (positions[i] < from - 1 || positions[i] > to + 1) continue;
    const marked = i === Math.floor(time) || i === chosen;
    context.beginPath();
    context.arc(x(positions[i]), y(pickedUp[i]), marked ? 4 : 1.75, 0, 2 * Math.PI);
    context.fill();
  }
}

/** A token in one sign, as far as that can be. @param {string | undefined} token */
const sign = (token) => (token ? ([...visible(token)][0] === "<" && token !== "<" ? "▪" : [...visible(token)][0]) : "");
/** @param {string | undefined} token */
const shown = (token = "") => (token === "" ? "" : visible(token));

/** The tokens where they sit, how they lie on their cells, and the cells' numbers. @param {CanvasRenderingContext2D} context @param {Span} span @param {FieldNow} data @param {number} top */
function drawTokens(context, span, { tokens, positions, time, chosen }, top) {
  const { from, to, x, perCell } = span;
  const now = Math.floor(time);
  const room = tokens.length > 1 ? x(positions[1]) - x(positions[0]) : 20;
  const split = positions.length > 1 && positions[1] % 1 !== 0;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let i = 0; i < tokens.length; i++) {
    if (room < 10 && i !== now && Math.abs(i - now) * room < 8) continue;
    if (positions[i] < from - 1 || positions[i] > to + 1) continue;
    const marked = i === now || i === chosen;
    // Every other letter would be no text: it is all of them or the one at hand alone.
    if (!marked && room < 4.6) continue;
    context.fillStyle = colour(marked ? "--ink" : i < now ? "--ink-2" : "--line-strong");
    // Where every token sits on one cell alone, a mark for the one at hand is enough.
    if (marked || (split && perCell >= 4)) drawSeats(context, x, positions[i], top + SEATS);
    context.font = `${marked ? "700 " : ""}${marked ? Math.max(11, Math.min(14, 1.6 * room)) : Math.max(7.5, Math.min(14, 1.6 * room))}px ${MONO}`;
    context.fillText(sign(tokens[i]), x(positions[i]), top + SEATS + 10);
  }
  context.font = `11px ${SANS}`;
  context.fillStyle = colour("--ink-3");
  const y = top + SEATS + 28;
  context.textAlign = "left";
  context.fillText("cell", EDGE, y);
  context.textAlign = "center";
  for (const cell of ticks(from, to, x(to) - x(from))) if (x(cell) > EDGE + 36 && x(cell) < x(to) - 10) context.fillText(String(cell), x(cell), y);
}

/** A bar on each cell that a token sits on, as high as its share. @param {CanvasRenderingContext2D} context @param {(cell: number) => number} x @param {number} position @param {number} floor */
function drawSeats(context, x, position, floor) {
  for (const [cell, weight] of seats(position)) context.fillRect(x(cell) - 1, floor - 1 - weight * (SEATS - 6), 2, weight * (SEATS - 6) + 1);
}

/** Cells that are numbered. @param {number} from @param {number} to @param {number} width */
export function ticks(from, to, width) {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000].find((size) => ((to - from) / size) * 60 <= width) ?? 5000;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) => (first + i) * step);
}
