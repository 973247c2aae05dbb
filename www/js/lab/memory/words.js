// What the dial and its numbers say, in words.

import { bySize } from "../numbers.js";
import { visible } from "../../page/signs.js";
import { along, numbersKept, size } from "./state.js";

/** @typedef {import("./seen.js").Now} Now */

const FULL = 360;

/** In few digits. @param {number} value */
export const figure = (value) => (value === 0 ? "0" : Math.abs(value) >= 1e-4 && Math.abs(value) < 1e5 ? String(Number(value.toPrecision(3))) : value.toExponential(1)).replace("-", "−");
/** With its sign. @param {number} value */
export const signed = (value) => `${value > 0 ? "+" : ""}${figure(value)}`;

/** @param {number} radians */
export const degrees = (radians) => (radians * FULL) / (2 * Math.PI);
/** @param {number} radians */
export const angleInWords = (radians) => `${Math.abs(degrees(radians)) < 10 ? degrees(radians).toFixed(1) : degrees(radians).toFixed(0)}°`.replace("-", "−");

/** @param {number} share */
export const percent = (share) => {
  const percents = 100 * share;
  if (percents > 0 && percents < 0.1) return "less than 0.1 %";
  return `${percents < 10 || (percents > 99 && percents < 100) ? percents.toFixed(1) : percents.toFixed(0)} %`;
};

/** @param {number} count */
export function tokensInWords(count) {
  if (!Number.isFinite(count)) return "no end of tokens";
  if (count > 9999) return "more than 9,999 tokens";
  const words = count < 0.1 ? count.toPrecision(1) : count < 10 ? count.toFixed(1) : count.toFixed(0);
  return `${words} token${words === "1.0" || words === "1" ? "" : "s"}`;
}

/** @param {number} count */
export const counted = (count) => count.toLocaleString("en-GB");

/** Where a direction points, counted anticlockwise from the right, in whole degrees. @param {{re: number, im: number}} direction */
const heading = ({ re, im }) => `${Math.round(degrees(Math.atan2(im, re)))}°`.replace("-", "−");

/** What the engine's field gives beside what is computed here. @param {number} engine @param {number} here */
function checkInWords(engine, here) {
  const apart = Math.abs(engine - here);
  return `The engine, which adds up the waves of all tokens on the field, comes to ${signed(engine)} as well${apart > 0 ? `; the two differ by ${bySize(apart)}` : ""}.`;
}

/** The dial as it is at a token. @param {Now & {place: string}} now */
export function dialInWords({ place, memory, time, tokens, halfLife, between, engine }) {
  const { states, kicks, heard, turn, listen, head, stride, loud } = memory;
  const state = states[time];
  const seats = between ? " The tokens of this model sit between two cells: each drops on both and reads both." : "";
  const hears = loud > 0
    ? ` The head hears its shadow on the line that points to ${heading(listen)}, made smaller: ${signed(heard[time])}.${engine ? ` ${checkInWords(engine[time], heard[time])}` : ""}`
    : " The head is muted: its state goes on, and nobody listens.";
  return `${place}. Token ${time + 1} of ${tokens.length}, "${visible(tokens[time] ?? "")}", kicked the arrow by ${signed(kicks[time].re)}; it is ${figure(size(state))} long now and points to ${heading(state)}. From token to token it turns by ${angleInWords(head.frequency * stride)} and shrinks to ${percent(size(turn))}: half is left after ${tokensInWords(halfLife)}.${hears}${seats}`;
}

/** What happens from token to token, in parts of which every other one is a number. @param {Now} now @returns {string[]} */
export function storyParts({ memory: { head, stride, turn, states, kicks, heard, listen, loud }, tokens, time }) {
  const way = kicks[time].re < 0 ? "to the left" : "to the right";
  const hears = loud > 0
    ? [`, ${way}. The head hears the arrow's shadow on the dashed line: `, `${signed(along(states[time], listen))} · ${figure(loud)} = ${signed(heard[time])}`, "."]
    : [`, ${way}. The head is `, "muted", ": its arrow goes on, and nobody listens."];
  return [
    "From token to token the arrow ", `turns by ${angleInWords(head.frequency * stride)}`, " and ", `shrinks to ${percent(size(turn))}`, `. Then “${visible(tokens[time] ?? "")}” `,
    `kicks it by ${signed(kicks[time].re)}`, ...hears,
  ];
}

/** Why a shadow is made smaller, and that the engine hears the same. @param {Now} now */
export function hearingInWords({ memory: { loud, heard }, engine, time }) {
  if (loud === 0) return "";
  return `${figure(loud)} is one over the sum of the wave's sizes, so that a long wave is no louder than a short one. ${engine ? checkInWords(engine[time], heard[time]) : ""}`;
}

/** What is left of the tokens. @param {Now & {parts: readonly import("./state.js").Complex[]}} now */
export function leftInWords({ parts, tokens, time, halfLife }) {
  const sizes = parts.map(size);
  const all = sizes.reduce((sum, one) => sum + one, 0);
  const most = sizes.indexOf(Math.max(...sizes));
  const newest = Math.min(5, sizes.length);
  const recent = sizes.slice(-newest).reduce((sum, one) => sum + one, 0);
  const loudest = all > 0
    ? ` Most is left of "${visible(tokens[most] ?? "")}", ${most === time ? "the newest" : `${counted(time - most)} back`}. ${newest > 1 ? `The newest ${newest} make` : "The newest makes"} up ${percent(recent / all)} of all that is left.`
    : " Nothing is left of any.";
  return `Each token's kick as it is by now, halved every ${tokensInWords(halfLife)}: upwards where it was to the right. The dark part is what of it is heard; its sign changes as the arrow turns.${loudest}`;
}

/** What is left of one token, in the strip under the text. @param {Now} now @param {readonly import("./state.js").Complex[]} parts @param {number} token @param {number} time */
export function leftOfInWords({ memory, deposits }, parts, token, time) {
  if (token < 0) return "too far back: it is not read here.";
  if (token > time) return "it is yet to be read.";
  const [kick, left] = [Math.abs(deposits[token]), size(parts[token])];
  const share = kick > 0 ? `, of which ${percent(left / kick)} is left` : "";
  return `it kicked the arrow by ${signed(deposits[token])}${token === time ? "" : share}; ${signed(memory.loud * along(parts[token], memory.listen))} of what is heard is its part.`;
}

/** @param {Now} now @returns {import("../../charts/figure.js").Table} */
export function tableOfDial({ memory: { states, kicks, heard }, tokens, deposits, engine }) {
  return {
    head: ["token", "text", "deposit", "kick_re", "kick_im", "state_re", "state_im", "state_size", "heard", "heard_by_the_field"],
    rows: tokens.map((text, i) => [i + 1, text, deposits[i], kicks[i].re, kicks[i].im, states[i].re, states[i].im, size(states[i]), heard[i], engine ? engine[i] : ""]),
  };
}

/** @param {Now} now @param {readonly import("./state.js").Complex[]} parts @returns {import("../../charts/figure.js").Table} */
export function tableOfLeft({ memory, tokens, deposits, time }, parts) {
  return {
    head: ["token", "text", "tokens_back", "deposit", "left_re", "left_im", "left_size", "heard_of_it"],
    rows: parts.map((part, i) => [i + 1, tokens[i], time - i, deposits[i], part.re, part.im, size(part), memory.loud * along(part, memory.listen)]),
  };
}

/** Why there is nothing to see. @param {import("./state.js").ModelConfig} config @param {number} tokens */
export function standardInWords(config, tokens) {
  const { perToken } = numbersKept(config);
  return `This is a standard Transformer: it has no state that turns and fades. It keeps every token and compares with all of them: ${counted(perToken)} numbers for each, ${counted(perToken * tokens)} for the ${counted(tokens)} of this text.`;
}

/** What is kept of the text. @param {ReturnType<typeof import("./state.js").numbersKept>} kept @param {{layers: number, channels: number, tokens: number}} of */
export function keptInWords({ waves, sums, near, all, perToken }, { layers, channels, tokens }) {
  const arrows = `two for each of ${counted(channels)} channels in ${layers} layer${layers === 1 ? "" : "s"}`;
  const others = [sums > 0 && `${counted(sums)} sums for the interference`, near > 0 && `${counted(near)} for the near fields, the last three tokens in each layer`].filter(Boolean);
  const beside = others.length > 0 ? `${counted(waves)} for the arrows, ${arrows}, and ${others.join(", and ")}` : arrows;
  return `Nothing else is kept: ${counted(all)} numbers for the whole text, whatever its length (${beside}). A Transformer of this shape keeps every token: ${counted(perToken)} numbers for each, ${counted(perToken * tokens)} by now.`;
}
