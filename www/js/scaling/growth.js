// What the scaling lab's measurements say: growth, crossovers, what is left to measure, and the table as text.
// Pure functions, as `src/scaling/growth.rs` has them for the command line.

import { csvLine } from "../files/csv.js";

/**
 * @typedef {import("../../pkg/wavefield.js").Mixing} Mixing
 *
 * What is timed: a way of mixing tokens, or a whole step of training.
 * @typedef {Mixing | "train_wave" | "train_standard"} Way
 *
 * What was measured in one way at one length. Of steps of training also the tokens that a step reads, and whether its layers were
 * computed twice to fit.
 * @typedef {{mixing: Way, length: number, tokens?: number, recomputed?: boolean} & import("../../pkg/wavefield.js").Times} Measured
 * @typedef {{mixing: Way, length: number, expected: number | null, why: "slow" | "memory", message?: string}} LeftOut
 * @typedef {{width: number, heads: number}} Layer
 *
 * @typedef {object} ScalingResult
 * @property {"cpu" | "gpu"} backend
 * @property {string} device   What it was measured on, for a person.
 * @property {number} when     Milliseconds since 1970.
 * @property {Layer} layer
 * @property {number} longest  The longest length that was asked for.
 * @property {number} limit    Seconds that one run may be expected to take.
 * @property {Measured[]} measured
 * @property {LeftOut[]} leftOut
 * @property {"whole" | "stopped" | "failed"} ended
 * @property {boolean} disturbed  A training ran at the same time.
 * @property {boolean} [training]  Steps of training were asked for too.
 *
 * What the lab's worker is asked for, once, and what it says.
 * @typedef {{backend: "cpu" | "gpu", layer: Layer, longest: number, limit: number, training: boolean}} ScalingOrder
 *   `training`: steps of training too.
 *
 * @typedef {{type: "begins", adapter: string | null}
 *   | {type: "measures", mixing: Way, length: number}
 *   | {type: "measured", measured: Measured}
 *   | {type: "left_out", leftOut: LeftOut}
 *   | {type: "done"}
 *   | {type: "failed", message: string}} ScalingNews
 *
 * @typedef {readonly [length: number, seconds: number][]} Points  By length.
 * @typedef {{kind: "always"} | {kind: "from", length: number} | {kind: "not_up_to", length: number}} Crossover
 */

/**
 * What is timed. `growth`: between which powers of the length its time lies where lengths double.
 * @template {Way} W @typedef {{mixing: W, name: string, about: string, growth: readonly [least: number, most: number]}} Timed
 */

/** The ways of mixing tokens, in the order in which they are measured. @type {readonly Timed<Mixing>[]} */
export const MIXINGS = [
  { mixing: "recurrence", name: "Waves step by step", about: "each token turns the wave and adds to it; the model's own way", growth: [1, 1.5] },
  { mixing: "waves", name: "Waves by Fourier transform", about: "the same sums, as the model was published", growth: [1.1, 1.6] },
  { mixing: "direct_waves", name: "Waves directly", about: "the same sums, one by one", growth: [2, 2.5] },
  { mixing: "attention", name: "Attention", about: "every token looks at all before it", growth: [2, 2.5] },
];

/** Steps of training, of which each reads a thousand tokens at least. @type {readonly Timed<"train_wave" | "train_standard">[]} */
export const TRAININGS = [
  { mixing: "train_wave", name: "Training a wave model", about: "two layers; forward, backward and update", growth: [0, 1.5] },
  { mixing: "train_standard", name: "Training a Transformer", about: "the same size, with attention", growth: [0, 2.5] },
];

/** All that can be timed. @type {readonly Timed<Way>[]} */
const TIMED = [...MIXINGS, ...TRAININGS];

/** What an order asks for, at every length. @param {boolean} training  steps of training too */
export const waysOf = (training) => (training ? TIMED : MIXINGS).map(({ mixing }) => mixing);

/** Whether it is a step of training that is timed. @param {Way} way @returns {way is "train_wave" | "train_standard"} */
export const isTraining = (way) => TRAININGS.some(({ mixing }) => mixing === way);

/** The waves that a result speaks of: the fastest way that was measured. @param {readonly Measured[]} measured @returns {Mixing} */
export const ownWay = (measured) => (measured.some(({ mixing }) => mixing === "recurrence") ? "recurrence" : "waves");

/** @param {Way} way */
export const nameOf = (way) => TIMED.find(({ mixing }) => mixing === way)?.name ?? way;

export const LENGTHS = [128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768];

/** Operations of attention over those of waves, as the model's author counts them: O(n²·d) against O(n log n·d). */
export const PUBLISHED = [{ length: 2048, times: 31 }, { length: 8192, times: 107 }, { length: 32768, times: 367 }];

/** Seconds that one run may be expected to take. A driver takes a graphics card away that answers too late. */
export const LIMITS = { cpu: 20, gpu: 1.5 };

/** @param {readonly Measured[]} measured @param {Way} mixing @returns {[number, number][]} */
export const pointsOf = (measured, mixing) =>
  measured.filter((found) => found.mixing === mixing).map(({ length, seconds }) => /** @type {[number, number]} */ ([length, seconds])).sort((a, b) => a[0] - b[0]);

/**
 * The line through the larger half of the lengths, where fixed costs weigh least: seconds = factor · length^exponent,
 * by least squares over the logarithms. `from` is the shortest length that it rests on; `half` is half the 95 % interval of
 * the exponent, by how far the times lie from the line, and infinite for two lengths, which lie on any.
 * @param {Points} points @returns {{exponent: number, factor: number, from: number, half: number} | null} null for fewer than two
 */
export function fit(points) {
  const larger = points.slice(Math.floor(points.length / 2));
  const used = larger.length < 2 ? points : larger;
  if (used.length < 2) return null;
  const logs = used.map(([length, seconds]) => [Math.log(length), Math.log(seconds)]);
  const mean = (/** @type {number} */ i) => logs.reduce((sum, log) => sum + log[i], 0) / logs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  let covariance = 0;
  let variance = 0;
  for (const [x, y] of logs) {
    covariance += (x - meanX) * (y - meanY);
    variance += (x - meanX) ** 2;
  }
  const exponent = covariance / variance;
  const freedom = logs.length - 2;
  const rest = logs.reduce((sum, [x, y]) => sum + (y - meanY - exponent * (x - meanX)) ** 2, 0);
  const half = freedom < 1 ? Infinity : STUDENT[Math.min(freedom, STUDENT.length) - 1] * Math.sqrt(rest / freedom / variance);
  return { exponent, factor: Math.exp(meanY - exponent * meanX), from: used[0][0], half };
}

/** How far a mean may be off, in standard errors, at 95 % with 1, 2, … degrees of freedom: Student's t. */
const STUDENT = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31];
/** An exponent that is known no better says nothing. */
const VAGUE = 0.3;

/** How time grows, with its doubt; empty where the times do not tell. @param {ReturnType<typeof fit>} line */
export const wordsOfGrowth = (line) => (line && line.half <= VAGUE ? `length^${line.exponent.toFixed(2)} ± ${Math.max(line.half, 0.01).toFixed(2)}` : "");

/**
 * From which length on `a` is faster than `b`, by interpolation between the logarithms.
 * @param {Points} a @param {Points} b @returns {Crossover | null} null where no length was measured for both
 */
export function crossover(a, b) {
  const other = new Map(b);
  const ratios = a.flatMap(([length, seconds]) => {
    const against = other.get(length);
    return against === undefined ? [] : [{ length, log: Math.log(seconds / against) }];
  });
  const last = ratios.at(-1);
  if (!last) return null;
  if (last.log >= 0) return { kind: "not_up_to", length: last.length };
  const before = ratios.findLastIndex(({ log }) => log >= 0);
  if (before < 0) return { kind: "always" };
  const [low, high] = [ratios[before], ratios[before + 1]];
  const share = low.log / (low.log - high.log);
  return { kind: "from", length: low.length * (high.length / low.length) ** share };
}

/**
 * The seconds that a length will take by the two before it: at least what the number of operations says.
 * @param {Way} mixing @param {Points} points @param {number} length @returns {number | null} null before the first
 */
export function expected(mixing, points, length) {
  const last = points.at(-1);
  if (!last) return null;
  const [least, most] = TIMED.find((way) => way.mixing === mixing)?.growth ?? [2, 2.5];
  const before = points.at(-2);
  const seen = before ? Math.log(last[1] / before[1]) / Math.log(last[0] / before[0]) : least;
  // One slow measurement is no law.
  const exponent = Math.min(Math.max(seen, least), most);
  return last[1] * (length / last[0]) ** exponent;
}

/** Seconds that a measurement takes whose runs take so many: see `src/scaling/probe.rs`. @param {number} run */
const takes = (run) => (run >= 3 ? run : run + Math.max(0.15, Math.min(5 * run, Math.max(2, run))));

/**
 * Seconds that the rest will take, as far as it can be told.
 * @param {readonly Measured[]} measured @param {readonly {mixing: Way, length: number}[]} rest @param {number} limit
 */
export function timeLeft(measured, rest, limit) {
  /** @type {Map<Way, [number, number][]>} */
  const known = new Map(TIMED.map(({ mixing }) => [mixing, pointsOf(measured, mixing)]));
  let total = 0;
  for (const { mixing, length } of rest) {
    const points = known.get(mixing) ?? [];
    const seconds = expected(mixing, points, length);
    if (seconds !== null && seconds > limit) continue;
    total += takes(seconds ?? 0);
    if (seconds !== null) points.push([length, seconds]);
  }
  return total;
}

/** @param {number} value @param {number} digits Significant ones. */
const rounded = (value, digits) => Number(value.toPrecision(digits));
export const count = (/** @type {number} */ value) => Math.round(value).toLocaleString("en-GB");

/** A time in the unit that suits it. @param {number} seconds */
export function wordsOfTime(seconds) {
  if (seconds >= 1) return `${rounded(seconds, 3)} s`;
  if (seconds >= 1e-3) return `${rounded(seconds * 1e3, 3)} ms`;
  return `${rounded(seconds * 1e6, 3)} µs`;
}

/** How many times. @param {number} ratio */
export const wordsOfRatio = (ratio) => `${ratio >= 100 ? count(ratio) : rounded(ratio, 2)}×`;

/** @param {Crossover | null} found @param {string} waves What they are called. @param {string} other */
export function wordsOfCrossover(found, waves, other) {
  if (!found) return "";
  if (found.kind === "always") return `${waves} are faster than ${other} at every length that was measured.`;
  if (found.kind === "from") return `${waves} are faster than ${other} from about ${count(rounded(found.length, 2))} tokens on.`;
  return `${waves} are not faster than ${other} up to ${count(found.length)} tokens.`;
}

/**
 * The published counts beside what was measured at the same lengths.
 * @param {readonly Measured[]} measured
 * @returns {{length: number, times: number, attention: number | null, transforms: number | null}[]}
 */
export function besideCounts(measured) {
  const at = (/** @type {Mixing} */ mixing, /** @type {number} */ wanted) =>
    measured.find(({ mixing: found, length }) => found === mixing && length === wanted)?.seconds ?? null;
  return PUBLISHED.map(({ length, times }) => {
    const over = (/** @type {Mixing} */ waves) => {
      const [own, other] = [at(waves, length), at("attention", length)];
      return own !== null && other !== null ? other / own : null;
    };
    return { length, times, attention: over(ownWay(measured)), transforms: over("waves") };
  });
}

/**
 * Additions and multiplications of one run, as they are usually counted: two for each term of a sum, and 5·L·log₂L for
 * a transform of L points. Exponentials are not counted.
 * @param {Mixing} mixing @param {number} length @param {Layer} layer
 */
export function operations(mixing, length, { width, heads }) {
  const pairs = length * (length + 1);
  if (mixing === "direct_waves") return pairs * width;
  if (mixing === "attention") return 2 * pairs * width;
  // A complex product, a sum, and the real part of another complex product.
  if (mixing === "recurrence") return 12 * length * width;
  // Two channels share a line, which has room for the text twice and as many points as a power of two.
  const points = 2 ** Math.ceil(Math.log2(2 * length));
  const lines = heads * Math.ceil(width / heads / 2);
  return (2 * lines + heads) * 5 * points * Math.log2(points) + lines * 6 * points;
}

/**
 * Bytes that one run moves at least: every number that it takes in or gives out, once, in float32; of transforms also the lines
 * there and back, with the text twice over.
 * @param {Mixing} mixing @param {number} length @param {Layer} layer
 */
export function bytes(mixing, length, { width, heads }) {
  const token = 4 * length * width;
  if (mixing === "attention") return 4 * token;
  if (mixing === "recurrence") return 2 * token;
  const kernel = 4 * length * heads;
  if (mixing === "direct_waves") return 2 * token + kernel;
  const points = 2 ** Math.ceil(Math.log2(2 * length));
  // Complex numbers, written and read again; two channels share a line.
  return 2 * token + kernel + 2 * 8 * points * heads * Math.ceil(width / heads / 2);
}

/** Tokens a second that a step of training reads, by length. @param {readonly Measured[]} measured @param {Way} way @returns {[number, number][]} */
export const ratesOf = (measured, way) =>
  measured.flatMap(({ mixing, length, seconds, tokens }) => (mixing === way && tokens ? [/** @type {[number, number]} */ ([length, tokens / seconds])] : [])).sort((a, b) => a[0] - b[0]);

/**
 * Where attention would lie by the author's count of operations, by the times of the waves as they were published.
 * @param {readonly Measured[]} measured @returns {{length: number, times: number, seconds: number}[]}
 */
export function counted(measured) {
  const waves = new Map(pointsOf(measured, "waves"));
  return PUBLISHED.flatMap(({ length, times }) => {
    const own = waves.get(length);
    return own === undefined ? [] : [{ length, times, seconds: times * own }];
  });
}

/**
 * Why the ratio of times is not that of operations: how fast either does its own, at the longest length of both.
 * @param {ScalingResult} result
 * @returns {{length: number, times: number, more: number, faster: number, rates: {waves: number, attention: number}} | null}
 *   Attention takes `times` as long, with `more` times the operations, each done `faster` times as fast.
 */
export function whyTimesDiffer({ measured, layer }) {
  const way = ownWay(measured);
  const waves = new Map(pointsOf(measured, way));
  const longest = pointsOf(measured, "attention").findLast(([length]) => waves.has(length));
  if (!longest) return null;
  const [length, seconds] = longest;
  const own = /** @type {number} */ (waves.get(length));
  const rates = { waves: operations(way, length, layer) / own, attention: operations("attention", length, layer) / seconds };
  return {
    length, times: seconds / own, rates, faster: rates.attention / rates.waves,
    more: operations("attention", length, layer) / operations(way, length, layer),
  };
}

/** All numbers, a line each. @param {ScalingResult} result */
export function csv(result) {
  const { device, when, layer, measured, leftOut, disturbed } = result;
  /** @param {Way} way @param {number} length */
  const counts = (way, length) => (isTraining(way) ? ["", ""] : [operations(way, length, layer), bytes(way, length, layer)]);
  const common = [device, new Date(when).toISOString(), layer.width, layer.heads, disturbed ? "yes" : "no"];
  const lines = [
    ["way", "tokens", "seconds", "fastest", "slowest", "samples", "runs_per_sample", "step_tokens", "operations", "bytes", "left_out", "device", "measured_at", "width", "heads", "training_ran"],
    ...measured.map(({ mixing, length, seconds, fastest, slowest, samples, runs, tokens }) => [mixing, length, seconds, fastest, slowest, samples, runs, tokens ?? "", ...counts(mixing, length), "", ...common]),
    ...leftOut.map(({ mixing, length, why }) => [mixing, length, "", "", "", "", "", "", ...counts(mixing, length), why, ...common]),
  ];
  return lines.map(csvLine).join("");
}

/**
 * A result that was kept, perhaps by another version of the page.
 * @param {any} kept @returns {ScalingResult | null} null where it cannot be shown
 */
export function restored(kept) {
  const positive = (/** @type {unknown} */ value) => typeof value === "number" && Number.isFinite(value) && value > 0;
  const known = (/** @type {any} */ entry) => TIMED.some(({ mixing }) => mixing === entry?.mixing) && positive(entry.length) && (!isTraining(entry.mixing) || entry.why || positive(entry.tokens));
  if (kept?.backend !== "cpu" && kept?.backend !== "gpu") return null;
  if (!positive(kept.layer?.width) || !positive(kept.layer?.heads) || !positive(kept.when) || !positive(kept.limit) || !positive(kept.longest)) return null;
  if (typeof kept.device !== "string" || !Array.isArray(kept.measured) || !Array.isArray(kept.leftOut)) return null;
  const numbers = ["seconds", "fastest", "slowest", "samples", "runs"];
  if (!kept.measured.every((/** @type {any} */ entry) => known(entry) && numbers.every((name) => positive(entry[name])))) return null;
  if (!kept.leftOut.every((/** @type {any} */ entry) => known(entry) && (entry.why === "slow" || entry.why === "memory"))) return null;
  return { ...kept, ended: ["whole", "failed"].includes(kept.ended) ? kept.ended : "stopped", disturbed: kept.disturbed === true, training: kept.training === true };
}
