// A picture worth keeping: drawn on a canvas, said in words under it, and saved as PNG or SVG, its numbers
// as CSV. One drawing function serves the page, the PNG and the SVG.

import { csv } from "../files/csv.js";
import { download, svgText, tableFile } from "../files/out.js";
import { h, writeQuoting } from "../page/dom.js";
import { isolated } from "../page/signs.js";
import { colour } from "./colours.js";
import { asPng, wrapped } from "./paper.js";
import { Surface } from "./surface.js";

/**
 * @typedef {(context: CanvasRenderingContext2D, width: number, height: number) => void} Draw In CSS pixels.
 * @typedef {{head: string[], rows: (string | number)[][]}} Table
 *
 * @typedef {object} FigureOptions
 * @property {string} name The stem of its files' names.
 * @property {() => string} title Stands over the saved picture.
 * @property {Draw} draw It may use paths, rectangles, arcs and text, but no pixels: it draws SVG as well.
 * @property {() => string} describe What it shows, in one or two sentences with numbers: the caption and the text alternative.
 * @property {() => Table} table Its numbers.
 * @property {number} height In CSS pixels.
 *
 * @typedef {{lines: string[], inner: {width: number, height: number}, width: number, height: number}} Sheet
 */

const SANS = "system-ui, sans-serif";
const EDGE = 20;
const TITLE = 28;
const LINE = 19;
const CAPTION = `13px ${SANS}`;

export class Figure {
  #options;
  #surface;
  #caption = h("figcaption", { class: "figure-caption" });
  #buttons;

  /** @param {FigureOptions} options */
  constructor(options) {
    this.#options = options;
    this.canvas = h("canvas", { class: "figure-canvas", role: "img", "aria-label": options.name.replaceAll("-", " ") });
    this.canvas.style.height = `${options.height}px`;
    this.#surface = new Surface(this.canvas, options.draw);
    this.#buttons = ["PNG", "SVG", "CSV"].map((kind) => h("button", {
      type: "button", class: "small", disabled: true, "aria-label": `Download as ${kind}: ${options.name.replaceAll("-", " ")}`, onclick: () => this.#save(kind),
    }, kind));
    this.element = h("figure", { class: "figure" }, this.canvas,
      h("div", { class: "figure-foot" }, this.#caption, h("div", { class: "figure-save" }, h("span", { "aria-hidden": "true" }, "Download as"), this.#buttons)));
  }

  /** @param {number} height In CSS pixels. */
  setHeight(height) {
    this.canvas.style.height = `${height}px`;
  }

  /** Draws it and says it anew, as the numbers are now. */
  update() {
    const words = this.#options.describe();
    writeQuoting(this.#caption, words);
    this.canvas.setAttribute("aria-label", isolated(words));
    for (const button of this.#buttons) button.disabled = false;
    this.redraw();
  }

  /** Its numbers are gone, as of a view that is out of sight: there is nothing to save until the next `update`. */
  clear() {
    for (const button of this.#buttons) button.disabled = true;
  }

  /** Draws it anew, as under a pointer. */
  redraw() {
    this.#surface.redraw();
  }

  /** @param {string} kind */
  async #save(kind) {
    const { name } = this.#options;
    if (kind === "CSV") return download(tableFile(csv(this.#options.table())), `${name}.csv`);
    const file = kind === "PNG" ? await this.png() : await this.svg();
    download(file, `${name}.${kind.toLowerCase()}`);
  }

  /** Twice as fine as it is on the page. @returns {Promise<Blob>} */
  async png() {
    const canvas = document.createElement("canvas");
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const sheet = this.#sheet();
    [canvas.width, canvas.height] = [2 * sheet.width, 2 * sheet.height];
    context.scale(2, 2);
    this.#compose(context, sheet);
    return asPng(canvas);
  }

  /** @returns {Promise<string>} */
  async svg() {
    const { Context } = await import("../../vendor/svgcanvas/svgcanvas.esm.js");
    const sheet = this.#sheet();
    const context = new Context({ width: sheet.width, height: sheet.height, document });
    this.#compose(/** @type {CanvasRenderingContext2D} */ (/** @type {unknown} */ (context)), sheet);
    return svgText(context.getSvg());
  }

  /** How title, picture and caption lie on paper. @returns {Sheet} */
  #sheet() {
    const { width, height } = this.#surface;
    const measure = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
    measure.font = CAPTION;
    const lines = wrapped(measure, isolated(this.#options.describe()), width);
    return { lines, inner: { width, height }, width: width + 2 * EDGE, height: EDGE + TITLE + height + EDGE / 2 + lines.length * LINE + EDGE };
  }

  /** @param {CanvasRenderingContext2D} context @param {Sheet} sheet */
  #compose(context, { lines, inner, width, height }) {
    context.fillStyle = colour("--display");
    context.fillRect(0, 0, width, height);
    context.textBaseline = "alphabetic";
    context.textAlign = "left";
    context.fillStyle = colour("--ink");
    context.font = `600 16px ${SANS}`;
    context.fillText(isolated(this.#options.title()), EDGE, EDGE + 12);
    context.font = CAPTION;
    context.fillStyle = colour("--ink-2");
    lines.forEach((line, i) => context.fillText(line, EDGE, EDGE + TITLE + inner.height + EDGE / 2 + (i + 0.7) * LINE));
    context.save();
    context.translate(EDGE, EDGE + TITLE);
    this.#options.draw(context, inner.width, inner.height);
    context.restore();
  }
}
