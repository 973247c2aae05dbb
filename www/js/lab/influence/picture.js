// The picture of who hears whom: the chosen token's row as bars, and under it the map of all rows.

import { colour } from "../../charts/colours.js";
import { Figure } from "../../charts/figure.js";
import { drawHeat, edges, heatBox, heatCell } from "../../charts/heat.js";
import { amountColour, signedColour } from "../../charts/ramp.js";
import { shortToken } from "../tokens.js";
import { largest, rowOf, sentence } from "./words.js";

/**
 * @typedef {import("./words.js").Heard} Heard
 * @typedef {import("./words.js").Measure} Measure
 */

/** Height of the bars, and what stands over and under them. */
const BARS = 76;
const GAP = 8;
const LABEL = 16;
/** Characters of a token's name. */
const LONGEST = 9;
/** Tokens on the map where it shows a part of the text alone. */
const NEAR = 64;

export const MEASURES = /** @type {const} */ ({ loud: "Loudness", signed: "For or against", weights: "Attention weight" });

export class InfluencePicture {
  /** @type {Heard | null} */ heard = null;
  /** @type {Measure} */ measure = "loud";
  row = -1;
  column = -1;
  /** Whether a part of the text alone is shown, the one with the chosen row. */ near = true;
  /** Its first token. */ #from = 0;

  /** Which tokens the map shows. It stays where it is as long as the chosen row is on it. */
  get #part() {
    const n = this.heard?.tokens.length ?? 0;
    const count = this.near ? Math.min(n, NEAR) : n;
    if (this.row < this.#from || this.row >= this.#from + count) this.#from = this.row - Math.round(0.9 * count);
    this.#from = Math.max(0, Math.min(n - count, this.#from));
    return { from: this.#from, count };
  }

  constructor() {
    this.figure = new Figure({
      name: "influence",
      title: () => `Which tokens a ${this.heard?.by === "gradient" ? "prediction felt, over all layers" : `token heard: ${this.heard?.place ?? ""}`}`,
      draw: (context, width, height) => this.#draw(context, width, height),
      describe: () => (this.heard ? this.#describe(this.heard) : ""),
      table: () => this.#table(),
      height: 520,
    });
  }

  /** @param {Heard} heard */
  #describe(heard) {
    const what = heard.by === "layer"
      ? `Each row is a token that hears, in ${heard.place}; each column a token that is heard.`
      : "Each row is a prediction, each column a token that it may change with.";
    const known = heard.known.reduce((sum, value) => sum + value, 0);
    const { from, count } = this.#part;
    const part = count < heard.tokens.length ? ` The map shows tokens ${from + 1} to ${from + count} of ${heard.tokens.length}.` : "";
    const missing = known < heard.tokens.length ? ` ${known} of ${heard.tokens.length} rows are computed.` : "";
    return `${sentence(heard, this.measure, this.row)} ${what} Nothing is heard of later tokens.${part}${missing}`;
  }

  /** @param {number} width @param {number} height */
  #box(width, height) {
    const longest = this.heard?.tokens.reduce((most, token) => Math.max(most, Math.min(LONGEST, shortToken(token).length)), 2) ?? 2;
    const room = this.#part.count * 13 < height - 150 ? 8 * longest : 24;
    return heatBox(width, height, { key: true, nameWidth: room, top: LABEL + BARS + GAP });
  }

  /** The cell under a point of the canvas. @param {number} x @param {number} y */
  cell(x, y) {
    const { from, count } = this.#part;
    const { clientWidth, clientHeight } = this.figure.canvas;
    const cell = count ? heatCell(this.#box(clientWidth, clientHeight), { rows: count, columns: count }, x, y) : null;
    return cell && { row: cell.row + from, column: cell.column + from };
  }

  /** @param {number} share */
  #colour(share) {
    return this.measure === "signed" ? signedColour(share) : amountColour(share);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  #draw(context, width, height) {
    const { heard, measure } = this;
    if (!heard) return;
    const box = this.#box(width, height);
    const { from, count } = this.#part;
    const rows = Array.from({ length: count }, (_, i) => rowOf(heard, measure, from + i));
    const most = rows.map((row) => largest(row) || 1);
    const name = (/** @type {number} */ i, /** @type {number} */ every) => (every === 1 ? shortToken(heard.tokens[from + i]).slice(0, LONGEST) : String(from + i + 1));
    this.#drawBars(context, box, rows[this.row - from] ?? new Float32Array(0));
    context.strokeStyle = colour("--line-strong");
    context.lineWidth = 1;
    context.strokeRect(Math.round(box.left) - 0.5, Math.round(box.top) - 0.5, Math.round(box.width) + 1, Math.round(box.height) + 1);
    const signed = measure === "signed";
    drawHeat(context, box, {
      rows: count, columns: count,
      colour: (i, j) => (from + j < rows[i].length ? this.#colour(rows[i][from + j] / most[i]) : null),
      rowName: name, columnName: name,
      rowTitle: heard.by === "layer" ? "token that hears" : "prediction after token",
      columnTitle: heard.by === "layer" ? "token that is heard" : "token it changes with",
      key: signed
        ? { name: "In its row", from: "against", to: "for", colour: (share) => signedColour(2 * share - 1) }
        : { name: "In its row", from: "nothing", to: "loudest", colour: amountColour },
      row: this.row - from, column: this.column < from ? -1 : this.column - from,
    });
  }

  /** @param {CanvasRenderingContext2D} context @param {import("../../charts/heat.js").Box} box @param {Float32Array} row */
  #drawBars(context, box, row) {
    const { from, count } = this.#part;
    const { x } = edges(box, { rows: count, columns: count });
    const signed = this.measure === "signed";
    const ground = LABEL + (signed ? BARS / 2 : BARS);
    const tall = signed ? BARS / 2 : BARS;
    const most = largest(row) || 1;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.fillStyle = colour("--ink-2");
    context.fillText(`Row of token ${this.row + 1}`, box.left, 11);
    row.subarray(from, from + count).forEach((value, j) => {
      const size = (Math.abs(value) / most) * tall;
      context.fillStyle = colour(value < 0 ? "--head-1" : "--head-0");
      const gap = x(j + 1) - x(j) > 3 ? 1 : 0;
      context.fillRect(x(j), value < 0 ? ground : ground - size, x(j + 1) - x(j) - gap, size);
    });
    context.fillStyle = colour("--line-strong");
    context.fillRect(box.left, ground, box.width, 1);
  }

  #table() {
    const { heard } = this;
    const names = heard?.by === "gradient" ? ["Gradient length", "Support (nats)"] : ["Loudness", "Share of what is taken in"];
    const head = ["Token", "Its text", "Hears token", "Whose text", ...names, ...(heard?.weights ? ["Attention weight"] : [])];
    /** @type {(string | number)[][]} */ const rows = [];
    const n = heard?.tokens.length ?? 0;
    for (let i = 0; heard && i < n; i++) {
      if (!heard.known[i]) continue;
      for (let j = 0; j <= i; j++) {
        const at = i * n + j;
        rows.push([i + 1, heard.tokens[i], j + 1, heard.tokens[j], heard.loud[at], heard.signed[at], ...(heard.weights ? [heard.weights[at]] : [])]);
      }
    }
    return { head, rows };
  }
}
