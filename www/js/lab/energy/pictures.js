// The pictures of the lab's Energy view, and what is said of them.

import { raised } from "../numbers.js";
import { colour, headColour } from "../../charts/colours.js";
import { drawHeat, heatBox } from "../../charts/heat.js";
import { amountColour } from "../../charts/ramp.js";
import { spoken } from "../../page/token-view.js";
import { shortToken } from "../tokens.js";

/**
 * @typedef {import("./energy.js").Shown} Shown
 * @typedef {import("../../engine/observations.js").Place} Place
 * @typedef {import("../../engine/observations.js").HeadEnergy} HeadEnergy
 */

const SANS = "system-ui, sans-serif";
const PARTS = { start: "start", attention: "attention", feed_forward: "feed-forward", interference: "interference" };

/** On the way of the deposits. @type {readonly {key: keyof HeadEnergy, name: string}[]} */
export const STAGES = [
  { key: "deposited", name: "deposited" },
  { key: "scattered", name: "on cells" },
  { key: "reached", name: "spread" },
  { key: "gathered", name: "gathered" },
  { key: "coupled", name: "coupled" },
  { key: "gated", name: "gated" },
];

/** Three digits, and a power of ten for what is very small or large. @param {number} value */
export function figure(value) {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-3 && size < 1e7)) return value.toLocaleString("en-GB", { maximumSignificantDigits: 3 });
  const power = Math.floor(Math.log10(size));
  return `${(value / 10 ** power).toFixed(1)}·10${raised(power)}`;
}

/** @param {number} share */
export const percent = (share) => (share > 0 && share < 1e-6 ? "under 0.0001 %" : `${figure(share * 100)} %`);

/** @param {ArrayLike<number>} values */
export const mean = (values) => Array.from(values).reduce((a, b) => a + b, 0) / Math.max(1, values.length);

/** @param {Place} place */
export const placeName = ({ layer, part }) => (part === "start" ? "start" : `${layer + 1} ${PARTS[part]}`);

/** A token in a sentence. @param {string} token */
const quoted = (token) => (spoken(token) === token ? `“${token}”` : spoken(token));

/** The sizes of all tokens at one place. @param {Shown} shown @param {number} place */
export const sizesAt = ({ energy, tokens }, place) => energy.norms.subarray(place * tokens.length, (place + 1) * tokens.length);

/** @param {number} places */
export const streamHeight = (places) => 62 + 20 * places;

/** @param {Shown} shown @returns {(column: number, every: number) => string} */
const tokenNames = ({ tokens }) => (column, every) => (every === 1 ? shortToken(tokens[column]) : String(column + 1));

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {Shown} shown */
export function drawStream(context, width, height, shown) {
  const { energy, tokens, chosen } = shown;
  const [least, most] = [energy.norms.reduce((a, b) => Math.min(a, b), Infinity), energy.norms.reduce((a, b) => Math.max(a, b), 0)];
  // Sizes span two powers of ten and more. Where all are alike they are all as dark as can be.
  const share = (/** @type {number} */ size) => (most > least && least > 0 ? Math.log(size / least) / Math.log(most / least) : 1);
  drawHeat(context, heatBox(width, height, { key: true, nameWidth: 92 }), {
    rows: energy.places.length, columns: tokens.length,
    colour: (row, column) => sizeColour(share(energy.norms[row * tokens.length + column])),
    rowName: (row) => placeName(energy.places[row]), columnName: tokenNames(shown),
    rowTitle: "after", columnTitle: "token", column: chosen,
    key: { name: "size, in equal ratios", colour: sizeColour, from: figure(least), to: figure(most) },
  });
}

/** The least is not nothing, so that it stands out from the ground. @param {number} share */
const sizeColour = (share) => amountColour(0.06 + 0.94 * share);

/** @param {Shown} shown */
export function describeStream(shown) {
  const { energy: { places }, tokens } = shown;
  const means = places.map((_, place) => mean(sizesAt(shown, place)));
  const last = sizesAt(shown, places.length - 1);
  const largest = last.indexOf(Math.max(...last));
  const steps = means.slice(1).map((size, i) => size / means[i]);
  const steepest = steps.indexOf(Math.max(...steps));
  const grown = means[means.length - 1] / means[0];
  return `From left to right the tokens, from top to bottom the places on their way; the stronger the colour, the larger the state. On average a state has a size of ${figure(means[0])} at the start and ${figure(means[means.length - 1])} after the last layer, ${figure(grown)} times as much. It grows most in ${placeName(places[steepest + 1])} (times ${figure(steps[steepest])}). The largest at the end is token ${largest + 1}, ${quoted(tokens[largest])}, with ${figure(last[largest])}.`;
}

/** Heads that are heard. @param {Shown} shown */
const heardHeads = ({ energy }) => (energy.waves?.heads ?? []).map((head, i) => ({ head, i })).filter(({ head }) => head.kernel_absolute > 0);

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {Shown} shown */
export function drawHeads(context, width, height, shown) {
  const heads = shown.energy.waves?.heads ?? [];
  const values = heads.flatMap((head) => STAGES.map(({ key }) => head[key])).filter((value) => value > 0 && Number.isFinite(value));
  if (values.length === 0) return;
  const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  const box = { left: 62, right: width - 40, top: 26, bottom: height - 36 };
  const x = (/** @type {number} */ stage) => box.left + (stage / (STAGES.length - 1)) * (box.right - box.left - 20) + 10;
  const y = (/** @type {number} */ value) => box.bottom - ((Math.log10(value) - low) / Math.max(1, high - low)) * (box.bottom - box.top);
  drawScale(context, box, { low, high, x, y });
  const ends = heads.map((head) => y(Math.max(head.gated, 10 ** low)));
  const labels = apart(ends, 13, box.top, box.bottom);
  heads.forEach((head, i) => {
    context.strokeStyle = context.fillStyle = colour(headColour(i));
    context.lineWidth = 1.75;
    context.setLineDash(DASHES[i % DASHES.length]);
    context.beginPath();
    let begun = false;
    STAGES.forEach(({ key }, stage) => {
      if (!(head[key] > 0)) { begun = false; return; }
      if (begun) context.lineTo(x(stage), y(head[key]));
      else context.moveTo(x(stage), y(head[key]));
      begun = true;
    });
    context.stroke();
    context.setLineDash([]);
    STAGES.forEach(({ key }, stage) => {
      if (!(head[key] > 0)) return;
      context.beginPath();
      context.arc(x(stage), y(head[key]), 2.5, 0, 2 * Math.PI);
      context.fill();
    });
    context.font = `600 11px ${SANS}`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(String(i + 1), box.right - 4, labels[i]);
  });
  context.font = `11px ${SANS}`;
  context.fillStyle = colour("--ink-3");
  context.textAlign = "right";
  context.textBaseline = "alphabetic";
  context.fillText("head", width - 6, box.top - 12);
}

/** The second cue beside colour. */
const DASHES = [[], [7, 3], [2, 2], [9, 3, 2, 3], [4, 2], [1, 3], [12, 3], [5, 2, 1, 2]];

/**
 * @param {CanvasRenderingContext2D} context @param {{left: number, right: number, top: number, bottom: number}} box
 * @param {{low: number, high: number, x: (stage: number) => number, y: (value: number) => number}} scale
 */
function drawScale(context, box, { low, high, x, y }) {
  context.font = `11px ${SANS}`;
  context.lineWidth = 1;
  const every = Math.max(1, Math.ceil((high - low) / 8));
  for (let power = low; power <= high; power += every) {
    context.strokeStyle = colour("--grid");
    context.beginPath();
    context.moveTo(box.left, y(10 ** power));
    context.lineTo(box.right - 10, y(10 ** power));
    context.stroke();
    context.fillStyle = colour("--ink-2");
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillText(figure(Number(`1e${power}`)), box.left - 5, y(10 ** power));
  }
  context.fillStyle = colour("--ink-3");
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  context.fillText("energy", 4, box.top - 12);
  context.fillStyle = colour("--ink-2");
  context.textAlign = "center";
  // Two lines where one has no room for all.
  const lower = x(1) - x(0) < 62 ? 14 : 0;
  STAGES.forEach(({ name }, stage) => context.fillText(name, x(stage), box.bottom + 16 + (stage % 2) * lower));
}

/** Places of names that shall not lie on each other. @param {number[]} wanted @param {number} gap @param {number} top @param {number} bottom */
function apart(wanted, gap, top, bottom) {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const placed = [...wanted];
  let free = top;
  for (const i of order) {
    placed[i] = Math.max(free, placed[i]);
    free = placed[i] + gap;
  }
  let limit = bottom;
  for (const i of order.reverse()) {
    placed[i] = Math.min(limit, placed[i]);
    limit = placed[i] - gap;
  }
  return placed;
}

/** @param {Shown} shown */
export function describeHeads(shown) {
  const heads = shown.energy.waves?.heads ?? [];
  const total = (/** @type {keyof HeadEnergy} */ key) => heads.reduce((sum, head) => sum + head[key], 0);
  const heard = heardHeads(shown);
  if (heard.length === 0) return "Every head of this layer is muted: nothing spreads, and nothing is gathered.";
  const ratios = heard.map(({ head }) => head.reached / head.scattered);
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  const loudest = heads.indexOf(heads.reduce((a, b) => (b.gated > a.gated ? b : a)));
  const muted = heads.length - heard.length;
  return `Energy of all ${heads.length} heads together, in layer ${shown.energy.layer + 1}: ${figure(total("deposited"))} deposited, ${figure(total("scattered"))} on the cells, ${figure(total("reached"))} once the waves have spread it up to the last token's cell (${figure(total("propagated"))} over the whole field), ${figure(total("gathered"))} gathered by the tokens, ${figure(total("coupled"))} after the heads are mixed, ${figure(total("gated"))} after the gate. Spreading leaves from ${percent(least)} to ${percent(most)} of a head's energy; head ${loudest + 1} passes on most in the end.${muted > 0 ? ` ${muted === 1 ? "One muted head spreads" : `${muted} muted heads spread`} nothing.` : ""}`;
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {Shown} shown */
export function drawGate(context, width, height, shown) {
  const { energy: { waves }, tokens, chosen } = shown;
  if (!waves) return;
  drawHeat(context, heatBox(width, height, { key: true, nameWidth: 30 }), {
    rows: waves.heads.length, columns: tokens.length,
    colour: (row, column) => amountColour(waves.openness[row * tokens.length + column]),
    rowName: (row) => String(row + 1), columnName: tokenNames(shown),
    rowTitle: "head", columnTitle: "token", column: chosen,
    key: { name: "gate", colour: amountColour, from: "shut", to: "open" },
  });
}

/** @param {Shown} shown */
export function describeGate({ energy: { waves, layer } }) {
  const open = (waves?.heads ?? []).map((head) => head.openness);
  const [least, most] = [Math.min(...open), Math.max(...open)];
  return `The gate is a factor between 0 (shut) and 1 (open) that each token sets for each channel from its own state; here is its mean over a head's channels. In layer ${layer + 1} it is ${figure(mean(open))} on average, least in head ${open.indexOf(least) + 1} (${figure(least)}) and most in head ${open.indexOf(most) + 1} (${figure(most)}).`;
}
