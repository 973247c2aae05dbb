// What a race is: who runs, at which size, with which seeds and in which order. Pure: no page, no engine.
//
// A heat is one training of one entrant with one seed. The heats of a seed are run in turn, a slice of steps each, so
// that whatever else this machine does meanwhile meets all entrants alike.

import { MODERN, modernFrom } from "../train/presets.js";

/**
 * @typedef {import("../text/data-sets.js").DataId} DataId
 * @typedef {import("../../pkg/wavefield.js").Architecture} Architecture
 * @typedef {"quick" | "full"} SizeId
 * @typedef {"published" | "tuned" | "modern" | "waves"} LineUpId
 *
 * @typedef {object} Size
 * @property {SizeId} id
 * @property {string} label
 * @property {number} embedding_dim
 * @property {number} num_layers
 * @property {number} num_heads
 * @property {number} ffn_dim  of the wave model; the Transformer's follows from the equal size
 * @property {number} steps
 * @property {number} context
 * @property {number} batch_size
 * @property {number} seeds
 * @property {number} speed  multiplications and additions a second of training it, on one core of an ordinary computer
 *
 * @typedef {{ cells: number, position_scale: number }} Geometry  cells of the field a token, and how loud position is
 *
 * @typedef {object} LineUp
 * @property {LineUpId} id
 * @property {string} label
 * @property {string} about
 * @property {{ id: string, label: string, said: string, architecture: Architecture, geometry: Geometry | null }[]} entrants
 *   `said` is what it is called in a sentence
 * @property {number} peak_lr  of all of them
 * @property {boolean} [modern]  whether their layers are made as today's are
 *
 * @typedef {"steps" | "seeds" | "seed" | "first_lr" | "second_lr" | "context" | "batch_size" | "cells" | "position_scale"} SettingKey
 * @typedef {Record<SettingKey, number>} Settings
 * @typedef {{ key: SettingKey, label: string, hint: string, min: number, max: number, step: number | "any", whole: boolean }} Setting
 *
 * @typedef {object} Choices
 * @property {DataId} data
 * @property {string} data_name
 * @property {"character" | "bpe"} tokenizer
 * @property {number} pieces
 * @property {SizeId} size
 * @property {LineUpId} lineUp
 * @property {Settings} settings
 * @property {boolean} trials  try three learning rates for each entrant first
 *
 * @typedef {import("../engine/protocol.js").TrainStart["model"]} Shape
 *
 * @typedef {object} Entrant
 * @property {string} id
 * @property {string} label
 * @property {string} said
 * @property {Architecture} architecture
 * @property {Shape} model
 * @property {number} peak_lr
 *
 * @typedef {object} Plan  all that decides a race, but for the text itself
 * @property {string} id
 * @property {Choices} choices
 * @property {Entrant[]} entrants
 * @property {number[]} seeds
 * @property {{ steps: number, seed: number } | null} trials
 * @property {number} slice           steps that an entrant has in turn
 * @property {number} evaluate_every
 * @property {number | null} [bytes_per_token]  of the text in UTF-8, so that races with tokens of other kinds can be compared
 *
 * @typedef {object} HeatSpec
 * @property {string} id
 * @property {"trial" | "heat"} stage
 * @property {string} group           heats of one group take turns
 * @property {number} entrant         index in the plan
 * @property {number} seed
 * @property {number | null} peak_lr  null: the entrant's, or what its trials showed
 * @property {number} steps
 */

/** @type {readonly Size[]} */
export const SIZES = [
  { id: "quick", label: "Quick", embedding_dim: 64, num_layers: 3, num_heads: 4, ffn_dim: 256, steps: 2000, context: 64, batch_size: 16, seeds: 1, speed: 1.6e10 },
  { id: "full", label: "Full", embedding_dim: 128, num_layers: 4, num_heads: 8, ffn_dim: 512, steps: 3000, context: 128, batch_size: 16, seeds: 1, speed: 3.6e10 },
];

/** As released: two cells a token, positions as loud as they come. */
const PUBLISHED = { cells: 2, position_scale: 1 };
/** A cell a token, positions that do not drown the tokens. */
const TUNED = { cells: 1, position_scale: 0.03 };
const TRANSFORMER = /** @type {const} */ ({ id: "standard", label: "Transformer", said: "the Transformer", architecture: "standard", geometry: null });

/** @type {readonly LineUp[]} */
export const LINE_UPS = [
  {
    id: "published", label: "As published", peak_lr: 1e-3,
    about: "The Wave Field model as it was released: two cells a token, positions at full strength. Learning rate 0.001 for both.",
    entrants: [{ id: "wave", label: "Wave Field", said: "the Wave Field model", architecture: "wave", geometry: PUBLISHED }, TRANSFORMER],
  },
  {
    id: "tuned", label: "Tuned", peak_lr: 2e-3,
    about: "One cell a token, and positions at 3 % of their strength, so that they do not drown the tokens. Learning rate 0.002 for both.",
    entrants: [{ id: "wave", label: "Wave Field", said: "the Wave Field model", architecture: "wave", geometry: TUNED }, TRANSFORMER],
  },
  {
    id: "modern", label: "Modern", peak_lr: 4e-3, modern: true,
    about: "The tuned waves and the Transformer, both with layers as today: RMS norms and a gated feed-forward part (SwiGLU); the waves with a near field and without interference, the Transformer with rotary positions. Learning rate 0.004 for both.",
    entrants: [{ id: "wave", label: "Modern Wave Field", said: "the modern Wave Field model", architecture: "wave", geometry: TUNED }, { ...TRANSFORMER, label: "Modern Transformer", said: "the modern Transformer" }],
  },
  {
    id: "waves", label: "Wave against wave", peak_lr: 1e-3,
    about: "The released Wave Field model against the tuned one, without a Transformer: what those two changes alone do.",
    entrants: [
      { id: "wave", label: "Wave Field as published", said: "the Wave Field model as published", architecture: "wave", geometry: PUBLISHED },
      { id: "tuned", label: "Wave Field tuned", said: "the tuned Wave Field model", architecture: "wave", geometry: TUNED },
    ],
  },
];

/** @type {readonly Setting[]} */
export const SETTINGS = [
  { key: "steps", label: "Steps", hint: "Batches that each model learns from.", min: 10, max: 100_000, step: 10, whole: true },
  { key: "seeds", label: "Seeds", hint: "So many times all is repeated, each time from other chance. One tells little.", min: 1, max: 5, step: 1, whole: true },
  { key: "seed", label: "First seed", hint: "Where chance starts; the others follow it.", min: 0, max: 4_294_967_000, step: 1, whole: true },
  { key: "first_lr", label: "Learning rate of the first", hint: "How far a step moves its weights, at most.", min: 0.00001, max: 0.03, step: "any", whole: false },
  { key: "second_lr", label: "Learning rate of the second", hint: "Each may have what suits it; what is right for one need not be for the other.", min: 0.00001, max: 0.03, step: "any", whole: false },
  { key: "context", label: "Context", hint: "Tokens that both read at once. A Transformer’s time grows with their square.", min: 8, max: 32_768, step: 1, whole: true },
  { key: "batch_size", label: "Batch", hint: "Pieces of text that a step learns from.", min: 1, max: 128, step: 1, whole: true },
  { key: "cells", label: "Cells a token", hint: "How fine the wave model's field is: 2 as published, 1 tuned.", min: 1, max: 8, step: 1, whole: true },
  { key: "position_scale", label: "Position scale", hint: "How loud positions are in the wave model: 1 as published, 0.03 tuned.", min: 0, max: 2, step: "any", whole: false },
];

const INTERFERENCE_INTERVAL = 3;
/** The learning rates that are tried, as shares of the one that was set. */
export const TRIAL_FACTORS = [1 / 3, 1, 3];
/** Equal size means within this share; the feed-forward width comes much nearer. */
export const EQUAL_WITHIN = 0.02;
const EVALUATIONS = 20;
const SLICE = { share: 6, least: 20, most: 250 };

/** @param {SizeId} id @returns {Size} */
export const sizeOf = (id) => SIZES.find((size) => size.id === id) ?? SIZES[0];
/** @param {LineUpId} id @returns {LineUp} */
export const lineUpOf = (id) => LINE_UPS.find((lineUp) => lineUp.id === id) ?? LINE_UPS[0];

/** The starting point of a size and a line-up. @param {SizeId} size @param {LineUpId} lineUp @returns {Settings} */
export function presetOf(size, lineUp) {
  const { steps, context, batch_size, seeds } = sizeOf(size);
  const { peak_lr, entrants } = lineUpOf(lineUp);
  return { steps, seeds, seed: 1, first_lr: peak_lr, second_lr: peak_lr, context, batch_size, .../** @type {Geometry} */ (entrants[0].geometry) };
}

/**
 * What is wrong with a setting, in words; null when nothing is.
 * @param {Setting} setting @param {number} value @returns {string | null}
 */
export function settingProblem({ label, min, max, whole }, value) {
  if (Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isInteger(value))) return null;
  const plain = (/** @type {number} */ bound) => bound.toLocaleString("en-GB", { maximumSignificantDigits: 12 });
  return `${label} takes ${whole ? "a whole number" : "a number"} from ${plain(min)} to ${plain(max)}.`;
}

/**
 * How many numbers a model learns. The engine's own count is the reference; a test holds them equal.
 * @param {Shape} model @param {number} vocabulary @returns {number}
 */
export function parametersOf({ architecture, embedding_dim: d, num_layers: layers, num_heads: h, ffn_dim: f, max_seq_len: m, interference_interval, ...options }, vocabulary) {
  const norm = options.norm === "rms" ? d : 2 * d;
  const ends = vocabulary * d + norm;
  const feed = options.feed_forward === "swiglu" ? 3 * d * f : 2 * d * f + f + d;
  // Four projections with their biases, two norms and the feed-forward part.
  const common = 4 * d * d + 4 * d + 2 * norm + feed;
  if (architecture === "standard") return ends + (options.positions === "rotary" ? 0 : m * d) + layers * common;
  const c = d / 4;
  const layer = common + h * h + 3 * h + (options.near_field ?? 0) * d;
  const module = 4 * d * d + 2 * d * c + 4 * d + c + 1;
  return ends + layers * layer + Math.floor(layers / interference_interval) * module;
}

/**
 * A standard Transformer as wide, as deep and with as many heads as a wave model, whose feed-forward width makes it as
 * large. The vocabulary costs both the same.
 * @param {Shape} wave @returns {Shape}
 */
export function matchedTransformer(wave) {
  const { near_field = 0, ...others } = wave;
  /** @type {Shape} */
  const narrow = { ...others, architecture: "standard", field_size: 0, ffn_dim: 0, .../** @type {Partial<Shape>} */ (near_field > 0 ? { positions: "rotary" } : {}) };
  const missing = parametersOf(wave, 0) - parametersOf(narrow, 0);
  const perWidth = parametersOf({ ...narrow, ffn_dim: 1 }, 0) - parametersOf(narrow, 0);
  return { ...narrow, ffn_dim: Math.max(1, Math.round(missing / perWidth)) };
}

/** @param {Choices} choices @param {string} id @returns {Plan} */
export function makePlan(choices, id) {
  const { settings, lineUp } = choices;
  const { embedding_dim, num_layers, num_heads, ffn_dim } = sizeOf(choices.size);
  const { steps, seeds, seed, context } = settings;
  // A batch has one token more than the context, as in the release: its last one is only a target.
  const { modern = false } = lineUpOf(lineUp);
  const shape = {
    embedding_dim, num_layers, num_heads, ffn_dim, max_seq_len: context + 1, interference_interval: INTERFERENCE_INTERVAL,
    ...(modern ? { ...MODERN, ...modernFrom({ ffn_dim, num_layers }) } : {}),
  };
  /** @param {Geometry} geometry @returns {Shape} */
  const wave = ({ cells, position_scale }) => ({ ...shape, field_size: cells * context + 1, position_scale });
  const first = wave({ cells: settings.cells, position_scale: settings.position_scale });
  const entrants = lineUpOf(lineUp).entrants.map(({ id, label, said, architecture, geometry }, i) => ({
    id, label, said, architecture,
    model: i === 0 ? first : geometry ? wave(geometry) : matchedTransformer(first),
    peak_lr: i === 0 ? settings.first_lr : settings.second_lr,
  }));
  return {
    id, choices, entrants,
    seeds: Array.from({ length: seeds }, (_, i) => seed + i),
    // On a seed that does not race: a rate is not chosen by the luck that it is judged by.
    trials: choices.trials ? { steps: Math.max(10, Math.round(steps / 10)), seed: seed + seeds } : null,
    slice: Math.min(Math.max(Math.ceil(steps / SLICE.share), SLICE.least), SLICE.most),
    evaluate_every: Math.max(5, Math.round(steps / EVALUATIONS)),
  };
}

/** Every training of a race. @param {Plan} plan @returns {HeatSpec[]} */
export function heatsOf({ entrants, seeds, trials, choices }) {
  const all = entrants.map((_, i) => i);
  const tried = trials ? TRIAL_FACTORS.flatMap((factor, i) => all.map((entrant) => ({
    id: `trial-${i}-${entrants[entrant].id}`, stage: /** @type {const} */ ("trial"), group: `trial-${i}`, entrant,
    seed: trials.seed, peak_lr: rounded(entrants[entrant].peak_lr * factor), steps: trials.steps,
  }))) : [];
  // Each seed begins with another entrant, so that nobody always has the first slice.
  const raced = seeds.flatMap((seed, i) => all.map((entrant) => (entrant + i) % all.length).map((entrant) => ({
    id: `seed-${seed}-${entrants[entrant].id}`, stage: /** @type {const} */ ("heat"), group: `seed-${seed}`, entrant,
    seed, peak_lr: null, steps: choices.settings.steps,
  })));
  return [...tried, ...raced];
}

/** @param {number} rate */
const rounded = (rate) => Number(rate.toPrecision(2));

/**
 * Whose turn it is: in the first group that is not done, who has had the fewest slices.
 * @template {HeatSpec & { step: number, done: boolean }} H
 * @param {Plan} plan @param {readonly H[]} heats @returns {H | null}
 */
export function nextHeat({ slice }, heats) {
  const open = heats.find(({ done }) => !done);
  if (!open) return null;
  const slices = (/** @type {H} */ { step }) => Math.floor(step / slice);
  return heats.filter(({ group, done }) => group === open.group && !done)
    .reduce((least, heat) => (slices(heat) < slices(least) ? heat : least));
}

/** The step at which a heat's next slice ends. @param {Plan} plan @param {HeatSpec & { step: number }} heat */
export const sliceEnd = ({ slice }, { step, steps }) => Math.min((Math.floor(step / slice) + 1) * slice, steps);

/**
 * The message that starts a heat. Everything but the model and the learning rate is the same for all entrants.
 * @param {Plan} plan @param {HeatSpec} heat @param {number} peak_lr @param {string} text
 * @returns {import("../engine/protocol.js").TrainStart}
 */
export function startRequest({ choices, entrants, evaluate_every }, { entrant, seed, steps }, peak_lr, text) {
  const { batch_size, context } = choices.settings;
  const { model, label } = entrants[entrant];
  return {
    text,
    data_name: `${choices.data_name}, ${label}`,
    tokenizer: { kind: choices.tokenizer, vocab_size: choices.pieces },
    model,
    train: {
      batch_size, seq_len: context, steps, seed, peak_lr,
      warmup_steps: Math.min(100, Math.ceil(steps / 10)),
      min_lr: peak_lr / 100,
      weight_decay: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, clip_norm: 1, dropout: 0,
    },
    evaluate_every,
    sample_every: 0,
    sample_prompt: text.includes("\n") ? "\n" : [...text.slice(0, 2)][0] ?? "",
  };
}

/**
 * Tokens a second that an entrant should train at, before anything was measured.
 * @param {Plan} plan @param {number} entrant @param {number} vocabulary
 */
export const guessedSpeed = ({ choices, entrants }, entrant, vocabulary) =>
  sizeOf(choices.size).speed / (6 * parametersOf(entrants[entrant].model, vocabulary));

/**
 * Seconds that what is left of a race takes.
 * @param {Plan} plan @param {readonly (HeatSpec & { step?: number, done?: boolean })[]} heats
 * @param {readonly number[]} speeds  tokens a second, by entrant
 */
export function secondsLeft({ choices }, heats, speeds) {
  const { batch_size, context } = choices.settings;
  return heats.reduce((sum, { entrant, steps, step = 0, done = false }) => sum + (done ? 0 : ((steps - step) * batch_size * context) / speeds[entrant]), 0);
}
