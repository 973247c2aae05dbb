// Curves against steps. A chart owns one canvas and knows nothing of the engine. What it shows is made only when it is
// drawn, and it is drawn only while it can be seen. Lines are told apart without colour: by dash, width and rings.

import { align, lastAt } from "./series.js";
import { h, oncePerFrame } from "../page/dom.js";
import { colour, onThemeChange } from "./colours.js";
import { axisNumber, logTicks, spread } from "./curve-axis.js";
import { loadPlots, withoutPlots } from "./plot-library.js";

/** @import uPlot from "uplot" */
/**
 * @typedef {import("./curve-axis.js").Line} Line
 *
 * @typedef {object} CurveData
 * @property {Line[]} lines
 * @property {number} reached  the newest step: charts of the same run open their axis alike
 * @property {number} steps    where the step axis ends
 * @property {{ value: number, label: string }[]} [guides]  levels to measure by
 *
 * @typedef {object} CurveOptions
 * @property {boolean} [small]  no step axis and few ticks, for one of several charts above each other
 * @property {(step: number | null) => void} [onHover]  what the pointer is on
 * @property {(step: number) => void} [onPick]  pressed, or drawn along
 * @property {() => void} [onDraw]  other lines are drawn now
 */

/** @param {number} size */
const font = (size) => `${size}px system-ui, sans-serif`;

/** Shares of all steps that the step axis shows. */
const OPENINGS = [0.1, 0.25, 0.5, 1];

export class CurveChart {
  #host;
  #options;
  /** @type {() => CurveData} */
  #make = () => ({ lines: [], reached: 0, steps: 1 });
  /** What is drawn. @type {CurveData} */
  #data = this.#make();
  #log = false;
  /** @type {uPlot | null} */
  #plot = null;
  /** The number and look of the lines that the plot was made for. */
  #shape = "";
  /** @type {typeof uPlot | null} */
  #library = null;
  #stale = true;
  #visible = false;
  /** The step that is shown everywhere, and the one under the pointer. @type {Record<"past" | "hover", number | null>} */
  #marks = { past: null, hover: null };
  #markers = { past: h("i", { class: "curve-mark curve-past" }), hover: h("i", { class: "curve-mark curve-hover" }) };
  #draw = oncePerFrame(() => this.#commit());

  /** @param {HTMLElement} host  its size decides the chart's @param {CurveOptions} [options] */
  constructor(host, options = {}) {
    this.#host = host;
    this.#options = options;
    new ResizeObserver(() => this.#draw()).observe(host);
    new IntersectionObserver((entries) => {
      this.#visible = entries[entries.length - 1].isIntersecting;
      if (this.#visible) this.#draw();
    }, { rootMargin: "100px" }).observe(host);
    onThemeChange(() => this.#plot?.redraw(false), host);
    loadPlots().then((found) => {
      this.#library = found;
      this.#draw();
    }, () => host.append(withoutPlots()));
  }

  /** @param {() => CurveData} make  asked when the chart is drawn */
  show(make) {
    this.#make = make;
    this.#stale = true;
    this.#draw();
  }

  /** @param {boolean} log */
  setLog(log) {
    if (log === this.#log) return;
    this.#log = log;
    this.#stale = true;
    this.#draw();
  }

  /** @param {number | null} past @param {number | null} hover */
  mark(past, hover) {
    this.#marks = { past, hover };
    this.#placeMarks();
  }

  /** The lines that are drawn now. */
  get lines() {
    return this.#data.lines;
  }

  /** Draws what was not seen so far, for a picture of it. */
  prepare() {
    this.#commit(true);
  }

  /** The canvas and where its marked step lies on it, in its own pixels; null before it was drawn. */
  get picture() {
    if (!this.#plot || this.#host.clientWidth === 0) return null;
    const { past } = this.#marks;
    const { ctx, bbox } = this.#plot;
    return { canvas: ctx.canvas, top: bbox.top, height: bbox.height, mark: past === null ? null : this.#plot.valToPos(past, "x", true) };
  }

  /** What the lines that are read are worth at a step, or at the last before it. @param {number} step */
  readAt(step) {
    return this.#data.lines.filter(({ faint }) => !faint).map((line) => ({ line, value: line.values[lastAt(line.steps, step)] ?? null }));
  }

  #commit(seen = this.#visible) {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (!this.#library || !seen || width === 0 || height === 0) return; // Seeing or resizing it asks again.
    const made = this.#stale;
    if (made) this.#data = this.#make();
    this.#stale = false;
    const shape = [this.#log, ...this.#data.lines.map(({ name, colour: ink, dash }) => `${name} ${ink} ${dash}`)].join("|");
    if (!this.#plot || shape !== this.#shape) {
      this.#plot?.destroy();
      this.#shape = shape;
      this.#plot = new this.#library(this.#plan(width, height), this.#columns(), this.#host);
      this.#plot.over.append(this.#markers.past, this.#markers.hover);
      this.#listen(this.#plot.over);
    } else {
      if (this.#plot.width !== width || this.#plot.height !== height) this.#plot.setSize({ width, height });
      if (made) this.#plot.setData(this.#columns());
    }
    this.#placeMarks();
    if (made) this.#options.onDraw?.();
  }

  #columns() {
    const lines = this.#log ? this.#data.lines.map(positive) : this.#data.lines;
    return /** @type {import("uplot").AlignedData} */ (align(lines));
  }

  #placeMarks() {
    for (const name of /** @type {const} */ (["past", "hover"])) {
      const step = this.#marks[name];
      const at = step === null || !this.#plot ? NaN : this.#plot.valToPos(step, "x");
      const { style } = this.#markers[name];
      style.display = Number.isFinite(at) ? "block" : "none";
      if (Number.isFinite(at)) style.transform = `translateX(${Math.round(at)}px)`;
    }
  }

  /** @param {number} width @param {number} height @returns {uPlot.Options} */
  #plan(width, height) {
    const { small = false } = this.#options;
    const size = small ? 10 : 12;
    const grid = { stroke: () => colour("--grid"), width: 1 };
    const axis = { stroke: () => colour("--ink-2"), font: font(size), grid, ticks: { show: false } };
    return {
      width,
      height,
      legend: { show: false },
      padding: small ? [6, 10, 4, 0] : [10, 26, 0, 0],
      cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { show: !small, size: 7 } },
      scales: {
        x: { time: false, range: () => [0, this.#end()] },
        y: { distr: this.#log ? 3 : 1, range: (_, low, high) => spread(low, high, this.#log) },
      },
      axes: [
        { ...axis, show: !small, size: 30, gap: 6, space: 64, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en-GB")) },
        {
          ...axis,
          size: small ? 36 : 46,
          gap: small ? 4 : 6,
          space: small ? 15 : 30,
          ...(this.#log && { splits: (_, __, low, high) => logTicks(low, high, small ? 3 : 8), filter: (_, ticks) => ticks }),
          values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : axisNumber(tick))),
        },
      ],
      series: [{}, ...this.#data.lines.map((line) => seriesOf(line, small))],
      hooks: {
        // A new plot knows only now where a step lies.
        draw: [(plot) => { for (const guide of this.#data.guides ?? []) this.#drawGuide(plot, guide); }, () => this.#placeMarks()],
        setCursor: [(plot) => this.#read(plot)],
      },
    };
  }

  /**
   * Where the step axis ends: it opens in a few leaps, so that a long training's beginning can be seen and the curve
   * does not shift all the time.
   */
  #end() {
    const { steps, reached, lines } = this.#data;
    const last = lines.reduce((most, line) => Math.max(most, line.steps.at(-1) ?? 0), reached);
    const share = OPENINGS.find((opening) => last <= opening * steps);
    return Math.max(share ? steps * share : last, 1);
  }

  /** @param {uPlot} plot @param {{ value: number, label: string }} guide */
  #drawGuide(plot, guide) {
    const { min, max } = plot.scales.y;
    if (min === undefined || max === undefined || guide.value < min || guide.value > max) return;
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const y = plot.valToPos(guide.value, "y", true);
    ctx.save();
    ctx.strokeStyle = colour("--ink-2");
    ctx.fillStyle = colour("--ink-2");
    ctx.lineWidth = ratio;
    ctx.setLineDash([ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    if (!this.#options.small) {
      ctx.font = font(12 * ratio);
      ctx.textAlign = "right";
      ctx.textBaseline = y - bbox.top > 18 * ratio ? "bottom" : "top";
      ctx.fillText(guide.label, bbox.left + bbox.width - 4 * ratio, y);
    }
    ctx.restore();
  }

  /** @param {uPlot} plot */
  #read(plot) {
    const left = plot.cursor.left ?? -1;
    this.#options.onHover?.(left < 0 ? null : this.#stepAt(left));
  }

  /** @param {number} left  CSS pixels from where the axis begins @returns {number} */
  #stepAt(left) {
    return Math.min(Math.max(Math.round(this.#plot?.posToVal(left, "x") ?? 0), 0), this.#data.reached);
  }

  /** @param {HTMLElement} over */
  #listen(over) {
    const { onPick } = this.#options;
    if (!onPick) return;
    over.classList.add("curve-pickable");
    const pick = (/** @type {PointerEvent} */ event) => {
      if (event.buttons & 1) onPick(this.#stepAt(event.clientX - over.getBoundingClientRect().left));
    };
    over.addEventListener("pointerdown", (event) => {
      over.setPointerCapture(event.pointerId);
      pick(event);
    });
    over.addEventListener("pointermove", pick);
  }
}

/** A logarithm has no place for the others. @param {Line} line @returns {Line} */
const positive = (line) => (line.values.every((value) => value > 0) ? line : {
  ...line,
  steps: line.steps.filter((_, i) => line.values[i] > 0),
  values: line.values.filter((value) => value > 0),
});

/** @param {Line} line @param {boolean} small @returns {uPlot.Series} */
function seriesOf({ colour: ink, width, dash, rings }, small) {
  return {
    stroke: () => colour(ink),
    width: small ? Math.min(width, 1.5) : width,
    dash,
    spanGaps: true,
    // A single value makes no line, so even a small chart rings it.
    points: rings ? { show: true, size: small ? 4 : 7, width: small ? 1 : 2, fill: () => colour("--display"), filter: (plot, index) => ringed(plot, index, small ? 60 : 16) } : { show: false },
  };
}

/**
 * The values that get a ring: as many as there is room for, and the newest always.
 * @param {uPlot} plot @param {number} index @param {number} room  CSS pixels for each
 */
function ringed(plot, index, room) {
  const column = plot.data[index];
  const values = Array.from(column.keys()).filter((i) => column[i] !== null && column[i] !== undefined);
  const every = Math.ceil((values.length * room) / Math.max(plot.bbox.width / devicePixelRatio, room));
  return values.filter((_, i) => (values.length - 1 - i) % every === 0);
}
