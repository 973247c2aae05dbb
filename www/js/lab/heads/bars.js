// What the heads contribute, the most useful first: a bar a head, with its 95 % interval.

import { colour } from "../../charts/colours.js";
import { roundTicks } from "../../charts/ticks.js";
import { drawBar, scaleOf } from "./grid.js";
import { amountInWords, plain, verdictOn } from "./words.js";

/** @typedef {import("./grid.js").GridData} GridData */

const SANS = "system-ui, sans-serif";
const VERDICTS = { helps: "", hurts: ", muting helps", open: ", not told from 0" };
const ROW = 19;
const FOOT = 34;

/** @param {number} rows */
export const barsHeight = (rows) => 12 + rows * ROW + FOOT;

/** @param {CanvasRenderingContext2D} context @param {number} width @param {GridData} data */
export function drawBars(context, width, { heads, changes, order }) {
  const scale = scaleOf(changes);
  const roomy = width >= 620;
  const labels = roomy ? 220 : 92;
  const numbers = roomy ? 250 : 0;
  const bars = { x: labels, width: width - labels - numbers - 16 };
  const ticks = roundTicks(scale.low, scale.high, 4);
  const at = (/** @type {number} */ value) => bars.x + ((value - scale.low) / (scale.high - scale.low)) * bars.width;
  const foot = 12 + order.length * ROW;
  context.font = `12px ${SANS}`;
  context.textBaseline = "middle";
  context.lineWidth = 1;
  context.textAlign = "center";
  for (const tick of ticks) {
    context.strokeStyle = colour("--grid");
    context.beginPath();
    context.moveTo(at(tick), 6);
    context.lineTo(at(tick), foot);
    context.stroke();
    context.fillStyle = colour("--ink-2");
    context.fillText(plain(tick), at(tick), foot + 10);
  }
  context.fillText(roomy ? "nats a token that the loss rises by when the head is muted" : "nats more when muted", bars.x + bars.width / 2, foot + 25);
  order.forEach((place, row) => {
    const head = heads[place];
    const change = /** @type {import("../../engine/observations.js").Contribution} */ (changes[place]);
    const y = 12 + row * ROW;
    context.textAlign = "left";
    context.fillStyle = colour("--ink");
    context.fillText(`#${row + 1}  L${head.layer + 1} H${head.head + 1}`, 12, y + 7);
    context.fillStyle = colour("--ink-2");
    if (roomy) context.fillText(head.role, 92, y + 7);
    drawBar(context, { x: bars.x, y: y + 2, width: bars.width, height: 10 }, change, scale);
    context.textBaseline = "middle";
    context.fillStyle = colour("--ink-2");
    context.textAlign = "left";
    if (roomy) context.fillText(`${amountInWords(change)}${VERDICTS[verdictOn(change)]}`, bars.x + bars.width + 16, y + 7);
  });
}
