// A head's state as an arrow on a dial: what turning and shrinking leave of it, the kick of the token just read, the way it
// came, and its shadow on the line that the head listens along.

import { colour } from "../../charts/colours.js";
import { visible } from "../../page/signs.js";
import { along, polar, size, stateAt, times, turned, TURNING } from "./state.js";
import { figure, signed, tokensInWords } from "./words.js";

/**
 * @typedef {import("./state.js").Complex} Complex
 * @typedef {import("./state.js").Memory} Memory
 *
 * @typedef {object} DialNow
 * @property {Memory} memory
 * @property {number} time The last token that was read; between two of them while it moves.
 * @property {readonly string[]} tokens
 * @property {number} scale The length that reaches the rim.
 * @property {number} halfLife In tokens.
 * @property {{part: Complex, token: number} | null} chosen What is left of the token that is pointed at.
 * @property {string} tint The custom property of the head's colour.
 *
 * @typedef {{x: (state: Complex) => number, y: (state: Complex) => number, radius: number, centre: [number, number]}} Place
 */

export const DIAL_HEIGHT = 340;
const SANS = "system-ui, sans-serif";
const MONO = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';
/** Room for the words at the ends of the line that is listened along. */
const [SIDE, ABOVE] = [50, 30];
/** Tokens whose way is drawn, and radians that it may turn in all: more windings could not be told apart. */
const [MOST_TRAIL, LEAST_TRAIL, MOST_TURNED] = [10, 2, 4.5 * Math.PI];
/** Radians from point to point of a curve. */
const FINE = 0.12;

/** @param {number} width @param {number} height @param {number} scale @returns {Place} */
function placeOn(width, height, scale) {
  const radius = Math.max(20, Math.min(width / 2 - SIDE, height / 2 - ABOVE));
  const [cx, cy] = [width / 2, height / 2];
  const unit = radius / (scale || 1);
  return { radius, centre: [cx, cy], x: ({ re }) => cx + re * unit, y: ({ im }) => cy - im * unit };
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {DialNow} data */
export function drawDial(context, width, height, data) {
  const { memory, time, scale, tint, tokens, chosen } = data;
  const place = placeOn(width, height, scale);
  const now = stateAt(memory, time);
  context.save();
  context.lineJoin = context.lineCap = "round";
  drawFace(context, place);
  drawListening(context, place, memory.listen);
  if (memory.loud > 0) drawShadow(context, place, now.state, memory.listen);
  drawTrail(context, place, data);
  if (Number.isInteger(time)) drawFate(context, place, data, now.state);
  if (chosen) drawPart(context, place, chosen.part, visible(tokens[chosen.token] ?? ""));
  if (now.kicked > 0) drawKick(context, place, now.from, now.state, visible(tokens[now.token] ?? ""));
  drawArrow(context, place, { re: 0, im: 0 }, now.state, { ink: tint, width: 3.5 });
  drawCorners(context, width, height, data, now);
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {Place} place */
function drawFace(context, { centre: [x, y], radius }) {
  context.lineWidth = 1;
  context.setLineDash([]);
  for (const [share, ink] of /** @type {const} */ ([[1, "--line-strong"], [0.5, "--line"]])) {
    context.strokeStyle = colour(ink);
    context.beginPath();
    context.arc(x, y, radius * share, 0, 2 * Math.PI);
    context.stroke();
  }
  context.strokeStyle = colour("--line");
  line(context, [[x - radius, y], [x + radius, y]]);
  context.fillStyle = colour("--ink-3");
  context.font = `11px ${SANS}`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.fillText("kick +", x + radius - 6, y + 9);
  context.textAlign = "left";
  context.fillText("− kick", x - radius + 6, y + 9);
}

/** The line that is listened along, with its ends named. @param {CanvasRenderingContext2D} context @param {Place} place @param {Complex} listen */
function drawListening(context, { centre: [x, y], radius }, { re, im }) {
  context.strokeStyle = colour("--ink-2");
  context.setLineDash([5, 4]);
  line(context, [[x - re * radius, y + im * radius], [x + re * radius, y - im * radius]]);
  context.setLineDash([]);
  context.fillStyle = colour("--ink-2");
  context.font = `600 11px ${SANS}`;
  for (const end of [1, -1]) {
    const across = end * re;
    context.textAlign = across > 0.62 ? "left" : across < -0.62 ? "right" : "center";
    context.fillText(end > 0 ? "heard +" : "heard −", x + across * (radius + 7), y - end * im * (radius + 12));
  }
}

/** What is heard: as far as the arrow reaches along the line. @param {CanvasRenderingContext2D} context @param {Place} place @param {Complex} state @param {Complex} listen */
function drawShadow(context, place, state, listen) {
  const reach = along(state, listen);
  const foot = { re: reach * listen.re, im: reach * listen.im };
  context.strokeStyle = colour("--ink-3");
  context.lineWidth = 1;
  context.setLineDash([1, 4]);
  line(context, [[place.x(state), place.y(state)], [place.x(foot), place.y(foot)]]);
  context.setLineDash([]);
  context.strokeStyle = colour("--ink");
  context.lineWidth = 7;
  line(context, [place.centre, [place.x(foot), place.y(foot)]]);
}

/** How the arrow's tip came: turned and shrunk along a curve, then kicked along a straight line. @param {CanvasRenderingContext2D} context @param {Place} place @param {DialNow} data */
function drawTrail(context, place, { memory, time, tint }) {
  const { head, stride, states } = memory;
  const angle = Math.abs(head.frequency * stride);
  const steps = Math.max(LEAST_TRAIL, Math.min(MOST_TRAIL, Math.round(MOST_TURNED / Math.max(angle, 1e-6))));
  const token = Math.floor(time);
  for (let i = Math.max(0, token - steps); i < Math.min(states.length, Math.ceil(time) + 1); i++) {
    // From token i to the next, as far as it has come.
    const done = Math.min(1, time - i);
    if (done <= 0) break;
    const end = stateAt(memory, i + done);
    const before = states[i];
    const until = done === 1 ? 1 : Math.min(1, done / TURNING);
    const age = Math.max(0, time - i - 1) / steps;
    context.globalAlpha = 0.75 * (1 - age) ** 1.6 + 0.03;
    context.strokeStyle = colour(tint);
    context.lineWidth = 1.75;
    const count = Math.max(3, Math.ceil((angle * until) / FINE));
    line(context, Array.from({ length: count + 1 }, (_, k) => {
      const state = times(before, turned(head, (stride * until * k) / count));
      return [place.x(state), place.y(state)];
    }));
    if (i < token || end.kicked > 0) {
      context.strokeStyle = colour("--ink-2");
      context.lineWidth = 1.25;
      const [from, to] = i < token ? [times(before, memory.turn), states[i + 1]] : [end.from, end.state];
      line(context, [[place.x(from), place.y(from)], [place.x(to), place.y(to)]]);
    }
  }
  context.globalAlpha = 1;
}

/** What would become of it if nothing more came: to the half of it, and on. @param {CanvasRenderingContext2D} context @param {Place} place @param {DialNow} data @param {Complex} state */
function drawFate(context, place, { memory: { head, stride }, halfLife, tint }, state) {
  if (!Number.isFinite(halfLife) || size(state) === 0) return;
  const turns = Math.abs(head.frequency) * stride * halfLife;
  // Of windings without end a part says enough.
  const share = Math.min(1, MOST_TURNED / Math.max(turns, 1e-6));
  const count = Math.max(8, Math.ceil((turns * share) / FINE));
  context.strokeStyle = context.fillStyle = colour(tint);
  context.globalAlpha = 0.6;
  context.lineWidth = 1.25;
  context.setLineDash([1, 4]);
  line(context, Array.from({ length: count + 1 }, (_, k) => {
    const later = times(state, turned(head, (stride * halfLife * share * k) / count));
    return [place.x(later), place.y(later)];
  }));
  context.setLineDash([]);
  if (share === 1) {
    const half = times(state, turned(head, stride * halfLife));
    context.beginPath();
    context.arc(place.x(half), place.y(half), 3, 0, 2 * Math.PI);
    context.fill();
    context.font = `11px ${SANS}`;
    context.textAlign = "left";
    context.fillText("½", place.x(half) + 6, place.y(half));
  }
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {Place} place @param {Complex} part @param {string} letter */
function drawPart(context, place, part, letter) {
  context.setLineDash([4, 3]);
  drawArrow(context, place, { re: 0, im: 0 }, part, { ink: "--ink-2", width: 1.75 });
  context.setLineDash([]);
  context.font = `700 13px ${MONO}`;
  context.textAlign = "center";
  context.fillStyle = colour("--ink");
  const long = size(part) || 1;
  context.fillText(letter, place.x(part) + (12 * part.re) / long, place.y(part) - (12 * part.im) / long);
}

/** @param {CanvasRenderingContext2D} context @param {Place} place @param {Complex} from @param {Complex} to @param {string} letter */
function drawKick(context, place, from, to, letter) {
  drawArrow(context, place, from, to, { ink: "--ink", width: 2 });
  context.font = `700 15px ${MONO}`;
  context.textAlign = "center";
  context.fillStyle = colour("--ink");
  context.fillText(letter, (place.x(from) + place.x(to)) / 2, (place.y(from) + place.y(to)) / 2 - 12);
}

/** @param {CanvasRenderingContext2D} context @param {Place} place @param {Complex} from @param {Complex} to @param {{ink: string, width: number}} look */
function drawArrow(context, { x, y }, from, to, { ink, width }) {
  const [fromX, fromY, toX, toY] = [x(from), y(from), x(to), y(to)];
  const long = Math.hypot(toX - fromX, toY - fromY);
  context.strokeStyle = context.fillStyle = colour(ink);
  context.lineWidth = width;
  if (long < 1) {
    context.beginPath();
    context.arc(toX, toY, width, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  const [alongX, alongY] = [(toX - fromX) / long, (toY - fromY) / long];
  const head = Math.min(4 * width, 6 + width, long);
  const [neckX, neckY] = [toX - head * alongX, toY - head * alongY];
  line(context, [[fromX, fromY], [neckX, neckY]]);
  context.beginPath();
  context.moveTo(toX, toY);
  context.lineTo(neckX - 0.5 * head * alongY, neckY + 0.5 * head * alongX);
  context.lineTo(neckX + 0.5 * head * alongY, neckY - 0.5 * head * alongX);
  context.closePath();
  context.fill();
}

/** The numbers, where the dial leaves room. @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {DialNow} data @param {ReturnType<typeof stateAt>} now */
function drawCorners(context, width, height, { memory, time, tokens, halfLife, tint }, now) {
  const token = Math.floor(time);
  const kick = memory.kicks[now.token] ?? { re: 0, im: 0 };
  const heard = Number.isInteger(time) ? memory.heard[token] : memory.loud * along(now.state, memory.listen);
  /** @type {[CanvasTextAlign, number, number, string, string, string][]} */
  const corners = [
    ["left", 12, 18, "length", figure(size(now.state)), tint],
    ["right", width - 12, 18, `kick of ${visible(tokens[now.token] ?? "")}`, signed(kick.re), "--ink"],
    ["left", 12, height - 34, "heard", memory.loud > 0 ? signed(heard) : "muted", "--ink"],
    ["right", width - 12, height - 34, "half-life", tokensInWords(halfLife), tint],
  ];
  for (const [align, x, y, words, value, ink] of corners) {
    context.textAlign = align;
    context.font = `11px ${SANS}`;
    context.fillStyle = colour("--ink-3");
    context.fillText(words, x, y);
    context.font = `600 14px ${SANS}`;
    context.fillStyle = colour(ink);
    context.fillText(value, x, y + 17);
  }
}

/** @param {CanvasRenderingContext2D} context @param {number[][]} points */
function line(context, points) {
  context.beginPath();
  points.forEach(([x, y], i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
  context.stroke();
}

/**
 * A small dial: the arrow, the line that is listened along, and the shadow there.
 * @param {CanvasRenderingContext2D} context @param {number} width @param {number} height
 * @param {{memory: Memory, time: number, scale: number, tint: string}} data
 */
export function drawSmallDial(context, width, height, { memory, time, scale, tint }) {
  const [x, y] = [width / 2, height / 2];
  const radius = Math.min(width, height) / 2 - 2;
  const unit = radius / (scale || 1);
  const place = { radius, centre: /** @type {[number, number]} */ ([x, y]), x: (/** @type {Complex} */ { re }) => x + re * unit, y: (/** @type {Complex} */ { im }) => y - im * unit };
  const { state } = stateAt(memory, Math.min(time, memory.states.length - 1));
  const { re, im } = memory.listen;
  context.lineCap = "round";
  context.lineWidth = 1;
  context.strokeStyle = colour("--line-strong");
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
  context.strokeStyle = colour("--line");
  line(context, [[x - re * radius, y + im * radius], [x + re * radius, y - im * radius]]);
  if (memory.loud > 0) {
    const reach = along(state, memory.listen) * unit;
    context.strokeStyle = colour("--ink");
    context.lineWidth = 3.5;
    context.globalAlpha = 0.75;
    line(context, [[x, y], [x + re * reach, y - im * reach]]);
    context.globalAlpha = 1;
  }
  drawArrow(context, place, { re: 0, im: 0 }, state, { ink: tint, width: 2 });
}

/**
 * What becomes of one kick, as a spiral: its turns and how soon it dies; turned by so much in all.
 * @param {CanvasRenderingContext2D} context @param {number} width @param {number} height
 * @param {{head: import("./state.js").Head, stride: number, angle: number, tint: string}} data
 */
export function drawSpiral(context, width, height, { head, stride, angle, tint }) {
  const [x, y] = [width / 2, height / 2];
  const radius = Math.min(width, height) / 2 - 1.5;
  context.strokeStyle = colour("--line-strong");
  context.lineWidth = 1;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
  context.lineCap = "round";
  context.strokeStyle = context.fillStyle = colour(tint);
  context.lineWidth = 1.5;
  // Until a twentieth is left, or the windings run together.
  const cells = Math.min(3 / Math.max(head.damping, 1e-6), MOST_TURNED / Math.max(Math.abs(head.frequency), 1e-6), 400 * stride);
  const count = Math.max(8, Math.ceil((Math.abs(head.frequency) * cells) / (2 * FINE)));
  line(context, Array.from({ length: count + 1 }, (_, k) => {
    const { re, im } = times(polar(radius - 2, angle), turned(head, (cells * k) / count));
    return [x + re, y - im];
  }));
  const { re, im } = polar(radius - 2, angle);
  context.beginPath();
  context.arc(x + re, y - im, 2, 0, 2 * Math.PI);
  context.fill();
}
