// The race's chart: training and validation loss of each entrant against steps. It owns one canvas and knows nothing of
// the engine. Told apart without colour: each entrant's name stands at the end of its lines; training is solid, and
// validation is dashed, with rings for the first entrant and full dots for the second. Bars span the seeds.

import { smooth } from "../charts/series.js";
import { oncePerFrame } from "../page/dom.js";
import { colour, onThemeChange } from "../charts/colours.js";
import { loadPlots, withoutPlots } from "../charts/plot-library.js";

/** @import uPlot from "uplot" */
/** @typedef {import("./results.js").Line} Line */

const FONT = "12px system-ui, sans-serif";
const COLOURS = ["--head-0", "--head-1"];
const SMOOTHING = 20;
/** Room at the right for the names. */
const MARGIN = { wide: 168, narrow: 20, from: 560 };

export class RaceChart {
  #host;
  /** @type {{ lines: readonly Line[], steps: number }} */ #data = { lines: [], steps: 1 };
  /** @type {uPlot | null} */ #plot = null;
  /** @type {typeof uPlot | null} */ #library = null;
  #loading = false;
  #stale = true;
  #draw = oncePerFrame(() => this.#commit());

  /** @param {HTMLElement} host  its size decides the chart's */
  constructor(host) {
    this.#host = host;
    new ResizeObserver(() => this.#draw()).observe(host);
    onThemeChange(() => this.#plot?.redraw(false), host);
  }

  /** The library is loaded once there is something to draw. */
  #load() {
    if (this.#loading) return;
    this.#loading = true;
    loadPlots().then((found) => {
      this.#library = found;
      this.#draw();
    }, () => this.#host.append(withoutPlots()));
  }

  /** @param {readonly Line[]} lines @param {number} steps  where the step axis ends */
  show(lines, steps) {
    this.#load();
    this.#data = { lines, steps };
    this.#stale = true;
    this.#draw();
  }

  /** The chart as a picture; null while there is none. @returns {HTMLCanvasElement | null} */
  get canvas() {
    return this.#plot?.ctx.canvas ?? null;
  }

  #commit() {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (!this.#library || width === 0 || height === 0) return; // Hidden: resizing will ask again.
    if (!this.#plot) this.#plot = new this.#library(this.#options(width, height), this.#columns(), this.#host);
    else {
      if (this.#plot.width !== width || this.#plot.height !== height) this.#plot.setSize({ width, height });
      if (this.#stale) this.#plot.setData(this.#columns());
    }
    this.#stale = false;
  }

  /** @returns {uPlot.AlignedData} steps, then training and validation of each entrant */
  #columns() {
    const { lines } = this.#data;
    const series = [0, 1].flatMap((i) => {
      const { train, validation } = lines[i] ?? { train: { steps: [], losses: [] }, validation: [] };
      const smoothed = smooth(train.losses, SMOOTHING);
      return [new Map(train.steps.map((step, j) => [step, smoothed[j]])), new Map(validation.map(({ step, mean }) => [step, mean]))];
    });
    const steps = [...new Set(series.flatMap((map) => [...map.keys()]))].sort((a, b) => a - b);
    return /** @type {uPlot.AlignedData} */ ([steps, ...series.map((map) => steps.map((step) => map.get(step) ?? null))]);
  }

  /** @param {number} width @param {number} height @returns {uPlot.Options} */
  #options(width, height) {
    const axis = { stroke: () => colour("--ink-2"), font: FONT, grid: { stroke: () => colour("--grid"), width: 1 }, ticks: { show: false } };
    const series = COLOURS.flatMap((name, i) => /** @type {uPlot.Series[]} */ ([
      { stroke: () => colour(name), width: 1.25, points: { show: false }, spanGaps: true },
      {
        stroke: () => colour(name), width: 2, dash: i === 0 ? [7, 4] : [2, 4], spanGaps: true,
        points: { show: true, size: 7, width: 2, stroke: () => colour(name), fill: () => colour(i === 0 ? "--display" : name) },
      },
    ]));
    return {
      width,
      height,
      legend: { show: false },
      cursor: { show: false },
      padding: [12, (_self, _side, _sides, _cycle) => (this.#host.clientWidth < MARGIN.from ? MARGIN.narrow : MARGIN.wide), 0, 0],
      scales: { x: { time: false, range: () => [0, Math.max(1, this.#data.steps)] }, y: { range: (_, low, high) => range(low, high) } },
      axes: [
        { ...axis, size: 30, gap: 6, space: 64, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en-GB")) },
        { ...axis, size: 44, gap: 6, values: (_, ticks) => ticks.map((tick) => String(Number(tick.toFixed(2)))) },
      ],
      series: [{}, ...series],
      hooks: { draw: [(plot) => this.#drawSpread(plot), (plot) => this.#drawNames(plot)] },
    };
  }

  /** From the best seed to the worst. @param {uPlot} plot */
  #drawSpread(plot) {
    const { ctx } = plot;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.lineWidth = ratio;
    this.#data.lines.forEach(({ validation }, i) => {
      ctx.strokeStyle = colour(COLOURS[i]);
      ctx.beginPath();
      for (const { step, min, max } of validation) {
        if (min === max) continue;
        // The entrants' bars stand side by side.
        const x = plot.valToPos(step, "x", true) + (2 * i - 1) * 2 * ratio;
        ctx.moveTo(x, plot.valToPos(min, "y", true));
        ctx.lineTo(x, plot.valToPos(max, "y", true));
      }
      ctx.stroke();
    });
    ctx.restore();
  }

  /** Each entrant's name at the end of its line, clear of the other's. @param {uPlot} plot */
  #drawNames(plot) {
    const ratio = devicePixelRatio;
    const { ctx, bbox } = plot;
    const wide = this.#host.clientWidth >= MARGIN.from;
    const names = this.#data.lines.flatMap(({ label, train, validation }, i) => {
      const end = validation.at(-1);
      const step = end?.step ?? train.steps.at(-1);
      const loss = end?.mean ?? train.losses.at(-1);
      if (step === undefined || loss === undefined) return [];
      return [{ label, i, x: plot.valToPos(step, "x", true), y: plot.valToPos(loss, "y", true) }];
    }).sort((a, b) => a.y - b.y);
    const gap = 16 * ratio;
    if (names.length === 2 && names[1].y - names[0].y < gap) {
      const middle = (names[0].y + names[1].y) / 2;
      names[0].y = middle - gap / 2;
      names[1].y = middle + gap / 2;
    }
    ctx.save();
    ctx.font = `600 ${12 * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = "middle";
    for (const { label, i, x, y } of names) {
      ctx.fillStyle = colour(COLOURS[i]);
      ctx.textAlign = "left";
      const width = ctx.measureText(label).width;
      const right = bbox.left + bbox.width + (wide ? MARGIN.wide : MARGIN.narrow) * ratio;
      // Where there is no room beside the line, above it for the upper and below it for the lower.
      const beside = x + 10 * ratio + width <= right;
      const shift = beside ? 0 : (names[0].i === i ? -1 : 1) * 14 * ratio;
      ctx.fillText(label, beside ? x + 10 * ratio : right - width - 4 * ratio, Math.min(Math.max(y + shift, bbox.top + 8 * ratio), bbox.top + bbox.height - 8 * ratio));
    }
    ctx.restore();
  }
}

/** @param {number | null} low @param {number | null} high @returns {[number, number]} */
function range(low, high) {
  if (low === null || high === null || !Number.isFinite(low)) return [0, 4];
  const margin = Math.max((high - low) * 0.06, 0.05);
  return [Math.max(0, low - 2 * margin), high + margin]; // With room for a name under the lower line.
}
