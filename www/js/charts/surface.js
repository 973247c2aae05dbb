// What every canvas needs: its size in real pixels, and one drawing a frame.

import { oncePerFrame } from "../page/dom.js";
import { onThemeChange } from "./colours.js";

export class Surface {
  /** @type {CanvasRenderingContext2D} */ #context;
  #canvas;
  #ratio = 0;
  width = 0;
  height = 0;
  /** Asks for a drawing in the next frame. @type {() => void} */ redraw;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(context: CanvasRenderingContext2D, width: number, height: number) => void} draw In CSS pixels.
   */
  constructor(canvas, draw) {
    this.#canvas = canvas;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.redraw = oncePerFrame(() => {
      if (this.width < 2 || this.height < 2) return;
      this.#fit();
      this.#context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
      this.#context.clearRect(0, 0, this.width, this.height);
      draw(this.#context, this.width, this.height);
    });
    new ResizeObserver(([entry]) => {
      this.width = entry.contentRect.width;
      this.height = entry.contentRect.height;
      this.redraw();
    }).observe(canvas);
    onThemeChange(this.redraw, canvas);
  }

  #fit() {
    const ratio = Math.min(window.devicePixelRatio || 1, 3);
    const [width, height] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#ratio = ratio;
  }
}
