// Where a batch was drawn from: the whole text as lines, with its pieces lit up, and the chosen piece among its neighbours.

import { colour } from "../../charts/colours.js";
import { Figure } from "../../charts/figure.js";
import { h, VERBATIM } from "../../page/dom.js";
import { LINES, lineOf, nearest } from "./lines.js";

/** @typedef {import("./data.js").StepSeen} StepSeen */

const HEIGHT = 190;
const MARGIN = { side: 8, top: 8, bottom: 26 };
const FONT = "12px system-ui, sans-serif";
/** A piece is at least so wide, or nobody sees it in a long text. */
const LEAST = 3;
/** Pixels of text above the piece. */
const LINE = 36;

const count = (/** @type {number} */ value) => value.toLocaleString("en-GB");

export class DrawnPieces {
  /** @type {StepSeen | null} */ #seen = null;
  #row = 0;
  #figure;
  /** How many of them are lit. */ #lit = Infinity;
  #before = h("span", { class: "step-around" });
  #piece = h("mark", { class: "step-piece" });
  #after = h("span", { class: "step-around" });
  #passage = h("p", { ...VERBATIM, class: "step-passage", role: "group", tabindex: 0, "aria-label": "The chosen piece, with the text before it and after it" }, this.#before, this.#piece, this.#after);

  /** @param {(row: number) => void} choose */
  constructor(choose) {
    this.#figure = new Figure({
      name: "batch-drawn", height: HEIGHT,
      title: () => "Where a batch is drawn from",
      draw: (context, width, height) => this.#draw(context, width, height),
      describe: () => this.#describe(),
      table: () => ({ head: ["piece", "first token", "last token"], rows: this.#starts.map((start, i) => [i + 1, start + 1, start + this.#length + 1]) }),
    });
    this.#figure.canvas.addEventListener("click", ({ offsetX, offsetY }) => {
      const seen = this.#seen;
      if (!seen) return;
      const { clientWidth, clientHeight } = this.#figure.canvas;
      const box = this.#box(clientWidth, clientHeight);
      const found = nearest(seen.starts, seen.length, seen.learned + seen.held_back, (offsetX - box.left) / box.width, (offsetY - box.top) / box.height);
      if (found >= 0) choose(found);
    });
    this.element = h("div", { class: "step-picture" }, this.#figure.element, this.#passage);
  }

  /** @param {StepSeen} seen @param {number} row */
  show(seen, row) {
    this.#seen = seen;
    this.#row = row;
    this.#lit = Infinity;
    const { length } = seen;
    this.#before.textContent = seen.around[row][0];
    this.#piece.textContent = seen.tokens.slice(row * (length + 1), (row + 1) * (length + 1)).join("");
    this.#after.textContent = seen.around[row][1];
    this.#figure.update();
    this.#toPiece();
  }

  /** Has the piece in sight, with a line of what comes before it. */
  #toPiece() {
    const [piece, passage] = [this.#piece, this.#passage].map((part) => part.getBoundingClientRect());
    this.#passage.scrollTop += piece.top - passage.top - LINE;
  }

  /** Lights so many of them. @param {number} pieces */
  light(pieces) {
    this.#lit = pieces;
    this.#figure.redraw();
  }

  get #starts() {
    return this.#seen?.starts ?? [];
  }

  get #length() {
    return this.#seen?.length ?? 0;
  }

  #describe() {
    if (!this.#seen) return "";
    const { starts, length, learned, held_back, rows } = this.#seen;
    return `The text from its beginning to its end, ${count(learned + held_back)} tokens in ${LINES} lines. `
      + `Lit up: ${rows === 1 ? "the piece" : `the ${count(rows)} pieces`} of this step; piece ${this.#row + 1} is tokens ${count(starts[this.#row] + 1)} to ${count(starts[this.#row] + length + 1)}. `
      + `Striped: the last ${count(held_back)} tokens, which are never learned from.`;
  }

  /** @param {number} width @param {number} height */
  #box(width, height) {
    return { left: MARGIN.side, top: MARGIN.top, width: width - 2 * MARGIN.side, height: height - MARGIN.top - MARGIN.bottom };
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  #draw(context, width, height) {
    const seen = this.#seen;
    if (!seen) return;
    const box = this.#box(width, height);
    const total = seen.learned + seen.held_back;
    const tall = box.height / LINES;
    const bar = (/** @type {{line: number, from: number, to: number}} */ { line, from, to }, /** @type {number} */ least) => {
      const across = Math.max((to - from) * box.width, least);
      context.fillRect(Math.min(box.left + from * box.width, box.left + box.width - across), box.top + line * tall + 2, across, tall - 4);
    };
    context.fillStyle = colour("--grid");
    for (const part of lineOf(0, total, total)) bar(part, 0);
    this.#drawHeldBack(context, box, tall, lineOf(seen.learned, total, total));
    seen.starts.slice(0, this.#lit).forEach((start, row) => {
      if (row === this.#row) return;
      context.fillStyle = colour("--head-0");
      for (const part of lineOf(start, start + seen.length + 1, total)) bar(part, LEAST);
    });
    if (this.#row < this.#lit) {
      context.fillStyle = colour("--head-1");
      for (const part of lineOf(seen.starts[this.#row], seen.starts[this.#row] + seen.length + 1, total)) {
        bar(part, 2 * LEAST);
        context.fillRect(box.left + part.from * box.width - 4, box.top + (part.line + 1) * tall - 2, 8 + (part.to - part.from) * box.width, 2);
      }
    }
    this.#drawNames(context, width, height);
  }

  /** @param {CanvasRenderingContext2D} context @param {{left: number, top: number, width: number}} box @param {number} tall @param {{line: number, from: number, to: number}[]} parts */
  #drawHeldBack(context, box, tall, parts) {
    context.strokeStyle = colour("--line-strong");
    context.lineWidth = 1;
    for (const { line, from, to } of parts) {
      const [left, right] = [from, to].map((share) => box.left + share * box.width);
      const [top, bottom] = [box.top + line * tall + 2, box.top + (line + 1) * tall - 2];
      context.beginPath();
      for (let x = left; x + (bottom - top) <= right; x += 6) {
        context.moveTo(x, bottom);
        context.lineTo(x + (bottom - top), top);
      }
      context.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  #drawNames(context, width, height) {
    context.font = FONT;
    context.fillStyle = colour("--ink-2");
    context.textBaseline = "alphabetic";
    context.textAlign = "left";
    context.fillText("from its first token", MARGIN.side, height - 9);
    context.textAlign = "right";
    context.fillText("to its last: held back", width - MARGIN.side, height - 9);
  }
}
