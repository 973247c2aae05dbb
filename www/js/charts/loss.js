// The loss chart: training and validation loss against steps. It owns one canvas and knows nothing of the engine.
// Told apart without colour: training is a solid line over its faint raw values, validation is dashed with rings.

import { align, smooth } from "../panels/train-series.js";
import { h, oncePerFrame } from "../dom.js";
import { colour, onThemeChange } from "./colours.js";

/** @import uPlot from "uplot" */
/**
 * @typedef {object} LossData
 * @property {{ steps: number[], losses: number[] }} train
 * @property {readonly { step: number, loss: number }[]} evaluations
 * @property {number} steps     where the step axis ends
 * @property {number | null} guessing  loss of a model that knows nothing, ln(vocabulary); null: unknown
 *
 * @typedef {{ log: boolean, smoothing: number }} LossView  smoothing: points looked back over; 1 is none
 * @typedef {{ step: number, train: number | null, validation: number | null }} Reading
 */

const FONT = "12px system-ui, sans-serif";
/** Values of the loss axis in its logarithmic form: uPlot's own decades are too far apart for a loss. */
const LOG_TICKS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3.2, 3.6, 4, 5, 6, 8, 10, 15, 20];

/** Shares of all steps that the step axis shows. */
const OPENINGS = [0.1, 0.25, 0.5, 1];

export class LossChart {
  #host;
  #onRead;
  /** @type {LossData} */
  #data = { train: { steps: [], losses: [] }, evaluations: [], steps: 1, guessing: null };
  /** @type {LossView} */
  #view = { log: false, smoothing: 20 };
  /** @type {uPlot | null} */
  #plot = null;
  /** @type {typeof uPlot | null} */
  #library = null;
  #stale = true;
  #draw = oncePerFrame(() => this.#commit());

  /**
   * @param {HTMLElement} host  its size decides the chart's
   * @param {(reading: Reading | null) => void} onRead  what the pointer is on
   */
  constructor(host, onRead) {
    this.#host = host;
    this.#onRead = onRead;
    new ResizeObserver(() => this.#draw()).observe(host);
    onThemeChange(() => this.#plot?.redraw(false));
    // Loaded apart, so that the chart never stands in the way of the page's first text.
    const style = h("link", { rel: "stylesheet", href: new URL("../../vendor/uplot/uPlot.min.css", import.meta.url) });
    document.head.append(style);
    import("../../vendor/uplot/uPlot.esm.js").then((module) => {
      this.#library = module.default;
      this.#draw();
    }, (error) => console.error("The chart's library did not load:", error));
  }

  /** @param {LossData} data */
  show(data) {
    this.#data = data;
    this.#stale = true;
    this.#draw();
  }

  /** @param {LossView} view */
  setView(view) {
    const rebuild = view.log !== this.#view.log;
    this.#view = view;
    if (rebuild) {
      this.#plot?.destroy();
      this.#plot = null;
    }
    this.#stale = true;
    this.#draw();
  }

  #commit() {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (!this.#library || width === 0 || height === 0) return; // Hidden: resizing will ask again.
    if (!this.#plot) {
      this.#plot = new this.#library(this.#options(width, height), this.#columns(), this.#host);
    } else {
      if (this.#plot.width !== width || this.#plot.height !== height) this.#plot.setSize({ width, height });
      if (this.#stale) this.#plot.setData(this.#columns());
    }
    this.#stale = false;
  }

  #columns() {
    const { train, evaluations } = this.#data;
    return align(train, evaluations, smooth(train.losses, this.#view.smoothing));
  }

  /** @param {number} width @param {number} height @returns {uPlot.Options} */
  #options(width, height) {
    const axis = { stroke: () => colour("--ink-2"), font: FONT, grid: { stroke: () => colour("--grid"), width: 1 }, ticks: { show: false } };
    return {
      width,
      height,
      legend: { show: false },
      padding: [10, 26, 0, 0],
      cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: false, range: (_, __, last) => [0, this.#end(last)] },
        y: { distr: this.#view.log ? 3 : 1, range: (_, low, high) => this.#range(low, high) },
      },
      axes: [
        { ...axis, size: 30, gap: 6, space: 64, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en-GB")) },
        {
          ...axis,
          size: 44,
          gap: 6,
          ...(this.#view.log && { splits: (_, __, low, high) => logTicks(low, high), filter: (_, ticks) => ticks }),
          values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : String(Number(tick.toFixed(2))))),
        },
      ],
      series: [
        {},
        { stroke: () => colour("--line-strong"), width: 1, points: { show: false }, spanGaps: true },
        { stroke: () => colour("--ink-2"), width: 2, points: { show: false }, spanGaps: true },
        {
          stroke: () => colour("--focus"),
          width: 2,
          dash: [6, 4],
          spanGaps: true,
          points: { show: true, size: 7, width: 2, fill: () => colour("--grid") },
        },
      ],
      hooks: {
        draw: [(plot) => this.#drawGuessing(plot)],
        setCursor: [(plot) => this.#read(plot)],
      },
    };
  }

  /**
   * Where the step axis ends: it opens in a few leaps, so that a long training's beginning can be seen and the curve
   * does not shift all the time.
   * @param {number | null} last
   */
  #end(last) {
    const { steps } = this.#data;
    return Math.max(steps * (OPENINGS.find((share) => (last ?? steps) <= share * steps) ?? 1), 1);
  }

  /** @param {number | null} low @param {number | null} high @returns {[number, number]} */
  #range(low, high) {
    if (low === null || high === null || !Number.isFinite(low)) return this.#view.log ? [1, 4] : [0, 4];
    if (this.#view.log) return [Math.max(low * 0.93, 1e-4), high * 1.05];
    const margin = Math.max((high - low) * 0.08, 0.05);
    return [Math.max(0, low - margin), high + margin];
  }

  /** The loss of guessing blindly: where every training starts. @param {uPlot} plot */
  #drawGuessing(plot) {
    const { guessing } = this.#data;
    const { min, max } = plot.scales.y;
    if (guessing === null || min === undefined || max === undefined || guessing < min || guessing > max) return;
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const y = plot.valToPos(guessing, "y", true);
    ctx.save();
    ctx.strokeStyle = colour("--ink-2");
    ctx.fillStyle = colour("--ink-2");
    ctx.lineWidth = ratio;
    ctx.setLineDash([ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = FONT.replace("12px", `${12 * ratio}px`);
    ctx.textAlign = "right";
    ctx.textBaseline = y - bbox.top > 18 * ratio ? "bottom" : "top";
    ctx.fillText("guessing blindly", bbox.left + bbox.width - 4 * ratio, y);
    ctx.restore();
  }

  /** @param {uPlot} plot */
  #read(plot) {
    const index = plot.cursor.idx;
    if (index === null || index === undefined || (plot.cursor.left ?? -1) < 0) return this.#onRead(null);
    const near = (/** @type {number} */ series) => nearest(/** @type {(number | null)[]} */ (plot.data[series]), index);
    this.#onRead({ step: plot.data[0][index], train: near(2), validation: near(3) });
  }
}

/** @param {number} low @param {number} high @returns {number[]} */
function logTicks(low, high) {
  const inside = LOG_TICKS.filter((tick) => tick >= low && tick <= high);
  return inside.length > 8 ? inside.filter((_, i) => i % 2 === 0) : inside;
}

/** The value at an index, or the last one before it. @param {readonly (number | null)[]} values @param {number} index */
function nearest(values, index) {
  for (let i = index; i >= 0; i--) if (values[i] !== null && values[i] !== undefined) return values[i];
  return null;
}
