// The lesson's chart: perplexity against steps, logarithmic. Told apart without colour: the sound model's line is
// solid, the broken one's dashed, each has its name at its end; dots are the text that is learned from.

import { colour } from "../../charts/colours.js";
import { axisNumber, logTicks } from "../../charts/curve-axis.js";

/**
 * @typedef {import("./lesson-run.js").LessonResult} LessonResult
 * @typedef {CanvasRenderingContext2D} Context
 */

export const KINDS = /** @type {const} */ ([
  { kind: "sound", name: "sound", colour: "--head-0", dash: [] },
  { kind: "broken", name: "broken", colour: "--head-1", dash: [7, 4] },
]);

/** What nanoGPT, 10.65 million numbers, is published to reach on this text: e^1.4697. */
export const REFERENCE = Math.exp(1.4697);

const FONT = "12px system-ui, sans-serif";
const MARGIN = { left: 40, right: 14, top: 12, bottom: 40 };

/**
 * @param {Context} context @param {number} width @param {number} height @param {LessonResult | null} result
 * @param {import("./lesson-run.js").Both<string> | null} [names]  of the two, where nobody is to know yet which is broken
 */
export function drawLesson(context, width, height, result, names = null) {
  const box = { left: MARGIN.left, top: MARGIN.top, width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  const points = result?.points ?? [];
  const values = points.flatMap(({ train, validation }) => KINDS.flatMap(({ kind }) => [Math.exp(train[kind]), validation[kind].perplexity]));
  const [low, high] = [0.93, Math.max(20, ...values) * 1.1];
  const steps = Math.max(1, result?.steps ?? 1);
  const x = (/** @type {number} */ step) => box.left + (step / steps) * box.width;
  const y = (/** @type {number} */ perplexity) => box.top + (1 - Math.log(perplexity / low) / Math.log(high / low)) * box.height;
  drawAxes(context, box, steps, { x, y, ticks: logTicks(low, high, 8) });
  if (!names) drawReference(context, box, y(REFERENCE));
  for (const { kind, name, colour: stroke, dash } of KINDS) {
    if (points.length === 0) continue;
    context.fillStyle = context.strokeStyle = colour(stroke);
    for (const { step, train } of points) {
      context.beginPath();
      context.arc(x(step), y(Math.exp(train[kind])), 1.6, 0, 2 * Math.PI);
      context.fill();
    }
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.setLineDash(dash);
    context.beginPath();
    points.forEach(({ step, validation }, i) => context[i === 0 ? "moveTo" : "lineTo"](x(step), y(validation[kind].perplexity)));
    context.stroke();
    context.setLineDash([]);
    drawName(context, box, { x, y }, points[points.length - 1], kind, names ? `Model ${names[kind]}` : name);
  }
}

/**
 * A model's name at the end of its line: above it, but where the lines are close the lower one's stands below.
 * @param {Context} context @param {{left: number}} box
 * @param {{x: (step: number) => number, y: (perplexity: number) => number}} scale
 * @param {import("./lesson-run.js").Point} last @param {"sound" | "broken"} kind @param {string} name
 */
function drawName(context, box, { x, y }, { step, validation }, kind, name) {
  const own = validation[kind].perplexity;
  const other = validation[kind === "sound" ? "broken" : "sound"].perplexity;
  const below = Math.abs(y(own) - y(other)) < 32 && (own < other || (own === other && kind === "broken"));
  const words = `${name} ${own.toFixed(own < 10 ? 2 : 1)}`;
  context.font = `600 ${FONT}`;
  context.textAlign = "right";
  context.textBaseline = "alphabetic";
  // Never off the left edge while the run is young.
  const at = Math.max(x(step), box.left + context.measureText(words).width + 6);
  context.fillText(words, at, y(own) + (below ? 20 : -9));
}

/** @param {Context} context @param {{left: number, top: number, width: number, height: number}} box @param {number} steps @param {{x: (step: number) => number, y: (perplexity: number) => number, ticks: number[]}} scale */
function drawAxes(context, box, steps, { x, y, ticks }) {
  context.font = FONT;
  context.lineWidth = 1;
  context.strokeStyle = colour("--grid");
  context.fillStyle = colour("--ink-2");
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.beginPath();
  for (const tick of ticks) {
    const at = Math.round(y(tick)) + 0.5;
    context.moveTo(box.left, at);
    context.lineTo(box.left + box.width, at);
    context.fillText(axisNumber(tick), box.left - 6, at);
  }
  context.stroke();
  context.textBaseline = "top";
  const size = 10 ** Math.floor(Math.log10(Math.max(steps, 1)));
  const every = [0.2, 0.5, 1, 2].map((part) => Math.max(1, part * size)).find((step) => steps / step <= 6) ?? size;
  for (let step = 0; step <= steps; step += every) {
    context.textAlign = step === 0 ? "left" : step + every > steps ? "right" : "center";
    context.fillText(step.toLocaleString("en-GB"), x(step), box.top + box.height + 6);
  }
  context.textAlign = "center";
  context.fillText("steps of training", box.left + box.width / 2, box.top + box.height + 22);
  context.strokeStyle = colour("--line-strong");
  context.strokeRect(box.left + 0.5, box.top + 0.5, box.width, box.height);
}

/** @param {Context} context @param {{left: number, width: number}} box @param {number} at */
function drawReference(context, box, at) {
  context.strokeStyle = context.fillStyle = colour("--ink-3");
  context.setLineDash([2, 3]);
  context.beginPath();
  context.moveTo(box.left, at);
  context.lineTo(box.left + box.width, at);
  context.stroke();
  context.setLineDash([]);
  context.font = FONT;
  // At the right the two lines are far apart.
  context.textAlign = "right";
  context.textBaseline = "top";
  context.fillText(box.width < 420 ? `${REFERENCE.toFixed(2)}: a model 85 times as large` : `${REFERENCE.toFixed(2)}: what a sound model 85 times as large reaches (nanoGPT, as published)`, box.left + box.width - 6, at + 4, box.width - 12);
}
