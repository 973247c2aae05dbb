// What can be set for a training: the table of settings, presets and their laws. No DOM here. Everything else derives
// from the table: the form and its checks, what a training will take (estimates.js) and the message that starts it.

import { memoryEstimate, MOST_BYTES, parameterCount } from "./estimates.js";
import { shortCount } from "./words.js";

/**
 * @typedef {import("../text/data-sets.js").DataId} DataId
 * @typedef {"small" | "medium" | "large" | "published"} SizeId
 * @typedef {import("../../pkg/wavefield.js").Course} Course
 *
 * @typedef {"steps" | "peak_lr" | "batch_size" | "context"
 *   | "blocks" | "num_layers" | "num_heads" | "embedding_dim" | "ffn_dim" | "stride" | "interference_interval" | "position_scale"
 *   | "schedule" | "warmup_steps" | "final_share" | "clip_norm" | "weight_decay" | "beta2" | "dropout" | "seed"
 *   | "validation_share" | "evaluate_every" | "patience" | "sample_every"} SettingKey
 * @typedef {"published" | "modern" | "mixed"} Blocks  what a layer is made of; mixed: what no new model can be given here
 * @typedef {Record<Exclude<SettingKey, "schedule" | "blocks">, number> & { schedule: Course, blocks: Blocks }} Settings
 * @typedef {Pick<Settings, "steps" | "peak_lr" | "batch_size" | "context" | "dropout" | "seed">} Start
 *
 * @typedef {object} Setting
 * @property {SettingKey} key
 * @property {string} label
 * @property {string} hint    one line, shown beside the field
 * @property {GroupId} group
 * @property {number} min
 * @property {number} max
 * @property {number | "any"} step
 * @property {boolean} whole  whole numbers only
 * @property {number} [multiple]  multiples of this only
 * @property {readonly { value: number | string, label: string }[]} [options]  these values only
 *
 * @typedef {object} Size
 * @property {SizeId} id
 * @property {string} label
 * @property {string} [about]  what sets it apart
 * @property {number} embedding_dim
 * @property {number} num_layers
 * @property {number} num_heads
 * @property {number} ffn_dim
 * @property {Partial<Settings>} [also]
 *
 * @typedef {string} BaseName  the model that a training goes on from: its name, a hyphen and a digest of its numbers
 * @typedef {{ data: DataId, size: SizeId, tokenizer: "character" | "bpe", pieces: number, settings: Settings, base?: { name: string, digest: string, old: DataId | null } }} Choices
 *   old: what the model had learned before, as far as that is known and at hand
 *
 * What a model that is gone on from brings along, in place of a size.
 * @typedef {Pick<Settings, "context" | ShapeKey> & { parameters: number }} Shape  context: the longest that it can read
 * @typedef {"blocks" | "num_layers" | "num_heads" | "embedding_dim" | "ffn_dim" | "stride" | "interference_interval" | "position_scale"} ShapeKey
 */

/** @type {readonly Size[]} */
export const SIZES = [
  { id: "small", label: "Small", embedding_dim: 64, num_layers: 3, num_heads: 4, ffn_dim: 256 },
  { id: "medium", label: "Medium", embedding_dim: 128, num_layers: 4, num_heads: 8, ffn_dim: 512 },
  { id: "large", label: "Large", embedding_dim: 192, num_layers: 6, num_heads: 8, ffn_dim: 768 },
  { id: "published", label: "As published", about: "medium, but with the public release’s field, positions and learning rate",
    embedding_dim: 128, num_layers: 4, num_heads: 8, ffn_dim: 512, also: { stride: 8, position_scale: 1, peak_lr: 0.001 } },
];

/** @typedef {"basic" | "model" | "learning" | "measuring"} GroupId */
/** In the order of the form. @type {readonly { id: GroupId, label: string }[]} */
export const GROUPS = [
  { id: "basic", label: "The training" },
  { id: "model", label: "The model" },
  { id: "learning", label: "How it learns" },
  { id: "measuring", label: "What is looked at" },
];

const many = { step: 1, whole: true };
const real = { step: "any", whole: false };

/** @type {readonly Setting[]} */
export const SETTINGS = /** @type {Setting[]} */ ([
  { key: "steps", group: "basic", label: "Steps", hint: "How many batches it learns from. More helps until the loss on held-back text stops falling.", min: 10, max: 200_000, ...many, step: 10 },
  { key: "peak_lr", group: "basic", label: "Learning rate", hint: "How far a step moves the weights. Too high and the loss jumps; too low and it seems unable to learn.", min: 0.00001, max: 0.1, ...real },
  { key: "batch_size", group: "basic", label: "Batch", hint: "Pieces of text a step learns from. More makes steps steadier and slower.", min: 1, max: 256, ...many },
  { key: "context", group: "basic", label: "Context", hint: "Tokens it reads at once: how far back a head can hear. Longer costs memory, and hardly time a token.", min: 8, max: 32_768, ...many },

  { key: "blocks", group: "model", label: "Layers made of", hint: "As published, or as today: RMS norms, a gated feed-forward part (SwiGLU), and a near field.", min: 0, max: 0, ...many,
    options: [{ value: "published", label: "Published" }, { value: "modern", label: "Modern" }] },
  { key: "num_layers", group: "model", label: "Layers", hint: "Rounds of listening and thinking, one after the other.", min: 1, max: 24, ...many },
  { key: "num_heads", group: "model", label: "Heads", hint: "Waves in each layer. They share the width equally.", min: 1, max: 32, ...many },
  { key: "embedding_dim", group: "model", label: "Width", hint: "Numbers that stand for a token: a multiple of 4 and of the heads.", min: 4, max: 1024, ...many, step: 4, multiple: 4 },
  { key: "ffn_dim", group: "model", label: "Feed-forward width", hint: "Numbers in the thinking part of a layer; four times the width is usual.", min: 4, max: 4096, ...many },
  { key: "stride", group: "model", label: "Cells a token", hint: "How finely a wave is drawn between two tokens (the field’s stride). More costs time.", min: 1, max: 8, ...many,
    options: [1, 2, 4, 8].map((value) => ({ value, label: String(value) })) },
  { key: "interference_interval", group: "model", label: "Interference every", hint: "So many layers, then one that weighs the mean of the text so far. More than the layers: none.", min: 1, max: 25, ...many },
  { key: "position_scale", group: "model", label: "Position scale", hint: "How loudly a token is told its place. At 1, as published, it can drown the token itself.", min: 0, max: 2, ...real },

  { key: "schedule", group: "learning", label: "Schedule", hint: "How the learning rate falls from the warm-up to the end.", min: 0, max: 0, ...many,
    options: [{ value: "cosine", label: "Cosine" }, { value: "linear", label: "Straight line" }, { value: "constant", label: "Constant" }] },
  { key: "warmup_steps", group: "learning", label: "Warm-up steps", hint: "Steps over which the learning rate rises from nothing.", min: 0, max: 10_000, ...many },
  { key: "final_share", group: "learning", label: "Final share", hint: "Share of the learning rate that is left at the end. A constant schedule ignores it.", min: 0, max: 1, ...real },
  { key: "clip_norm", group: "learning", label: "Gradient limit", hint: "A longer gradient is shortened to this, so that one odd batch does no harm.", min: 0.01, max: 1000, ...real },
  { key: "weight_decay", group: "learning", label: "Weight decay", hint: "How strongly all weights are drawn towards zero. Keeps a model from learning by heart.", min: 0, max: 1, ...real },
  { key: "beta2", group: "learning", label: "Beta 2", hint: "How long the optimiser remembers the size of gradients; nearer to 1 is longer.", min: 0.5, max: 0.9999, ...real },
  { key: "dropout", group: "learning", label: "Dropout", hint: "Share of signals muted at random while learning. Helps large models on little text.", min: 0, max: 0.9, ...real, step: 0.05 },
  { key: "seed", group: "learning", label: "Seed", hint: "Where chance starts. The same one gives the same model, to the bit; by another browser or a graphics card, nearly.", min: 0, max: 4_294_967_295, ...many },

  { key: "validation_share", group: "measuring", label: "Held back", hint: "Share of the text, from its end, that is only measured on and never learnt from.", min: 0.01, max: 0.5, ...real },
  { key: "evaluate_every", group: "measuring", label: "Validate every", hint: "Steps from one look at the held-back text to the next. 0 looks at the end only.", min: 0, max: 100_000, ...many },
  { key: "patience", group: "measuring", label: "Early stop", hint: "Ends after so many validations in a row without a lower loss. 0 never does.", min: 0, max: 1000, ...many },
  { key: "sample_every", group: "measuring", label: "Sample every", hint: "Steps from one sample of its writing to the next. 0 writes at the end only.", min: 0, max: 100_000, ...many },
]);

/** Vocabulary of word pieces: 256 bytes and the pieces learnt. */
export const PIECES = { min: 260, max: 4096, initial: 512 };

/** Where each text and size starts from. @type {Record<DataId, Record<Exclude<SizeId, "published">, Start>>} */
export const DEFAULTS = {
  names: {
    small: { steps: 1600, peak_lr: 0.008, batch_size: 16, context: 32, dropout: 0, seed: 1 },
    medium: { steps: 2000, peak_lr: 0.002, batch_size: 32, context: 32, dropout: 0, seed: 1 },
    large: { steps: 3000, peak_lr: 0.001, batch_size: 32, context: 32, dropout: 0.1, seed: 1 },
  },
  shakespeare: {
    small: { steps: 2000, peak_lr: 0.003, batch_size: 16, context: 64, dropout: 0, seed: 1 },
    medium: { steps: 3000, peak_lr: 0.002, batch_size: 16, context: 128, dropout: 0, seed: 1 },
    large: { steps: 5000, peak_lr: 0.001, batch_size: 16, context: 128, dropout: 0.1, seed: 1 },
  },
  stories: {
    small: { steps: 2000, peak_lr: 0.003, batch_size: 16, context: 64, dropout: 0, seed: 1 },
    medium: { steps: 3000, peak_lr: 0.002, batch_size: 16, context: 128, dropout: 0, seed: 1 },
    large: { steps: 5000, peak_lr: 0.001, batch_size: 16, context: 128, dropout: 0.1, seed: 1 },
  },
  own: {
    small: { steps: 2000, peak_lr: 0.003, batch_size: 16, context: 64, dropout: 0, seed: 1 },
    medium: { steps: 3000, peak_lr: 0.002, batch_size: 16, context: 128, dropout: 0.1, seed: 1 },
    large: { steps: 5000, peak_lr: 0.001, batch_size: 16, context: 128, dropout: 0.1, seed: 1 },
  },
};

/**
 * The same for every text and size. New models hear every token on a cell of its own, and position does not drown the
 * token.
 */
const COMMON = /** @type {const} */ ({
  blocks: "published", stride: 1, interference_interval: 3, position_scale: 0.03,
  schedule: "cosine", final_share: 0.1, clip_norm: 1, weight_decay: 0.01, beta2: 0.99,
  validation_share: 0.1, patience: 0,
});
/** What modern layers are in the engine's words. */
export const MODERN = /** @type {const} */ ({ norm: "rms", feed_forward: "swiglu", near_field: 4 });

/**
 * Where modern layers start from: three feed-forward matrices of two thirds of the width take as much as two of all of it,
 * and beside a near field the interference brings nothing.
 * @param {Pick<Settings, "ffn_dim" | "num_layers">} start
 */
export const modernFrom = ({ ffn_dim, num_layers }) => ({ ffn_dim: Math.max(8, Math.floor(ffn_dim / 12) * 8), interference_interval: num_layers + 1 });

/** What a model's layers are made of. @param {import("../engine/protocol.js").ModelConfig} config @returns {Blocks} */
function blocksOf({ norm = "layer", feed_forward = "gelu", near_field = 0, positions = "learned" }) {
  const on = [norm !== "layer", feed_forward !== "gelu", near_field > 0 || positions === "rotary"];
  return on.every(Boolean) ? "modern" : on.some(Boolean) ? "mixed" : "published";
}

/** What is not worth a setting. */
const FIXED = { beta1: 0.9, eps: 1e-8 };

/** A model that goes on from another one has less far to go, and must not lose what it can do: steps, and the share of the rate of a new one. */
const ONWARD = { steps: 500, rate: 1 / 4 };

/** What the engine takes at most: parameters, and bytes in one training. */
const MOST = { parameters: 2 ** 26, bytes: MOST_BYTES };

/** @param {SizeId} id @returns {Size} */
export function size(id) {
  const found = SIZES.find((entry) => entry.id === id);
  if (!found) throw new Error(`There is no size "${id}".`);
  return found;
}

/** @param {import("../engine/protocol.js").ModelInfo} info @returns {Shape} */
export function shapeOf({ config, parameters }) {
  const { max_seq_len: context, field_size, num_layers, num_heads, embedding_dim, ffn_dim, interference_interval, position_scale = 1 } = config;
  const stride = field_size > 0 ? (field_size - 1) / Math.max(1, context - 1) : 1;
  return { context, blocks: blocksOf(config), num_layers, num_heads, embedding_dim, ffn_dim, stride, interference_interval, position_scale, parameters };
}

/**
 * Where a training starts that goes on from a model: as a new one of about its width would, but for less long and slower.
 * @param {DataId} data @param {Shape} shape
 */
function onwardFrom(data, { parameters, context, ...shape }) {
  const nearest = shape.embedding_dim <= 64 ? "small" : shape.embedding_dim <= 128 ? "medium" : "large";
  const start = DEFAULTS[data][nearest];
  return { ...start, ...shape, steps: ONWARD.steps, peak_lr: start.peak_lr * ONWARD.rate, context: Math.min(start.context, context), dropout: 0 };
}

/**
 * The preset of a text and a size with what a person changed in it. What follows from the number of steps follows a
 * changed one too.
 * @param {DataId} data @param {SizeId} id @param {Partial<Settings>} [changed] @param {Shape | null} [shape]  of the model that is gone
 *   on from @returns {Settings}
 */
export function settingsFor(data, id, changed = {}, shape = null) {
  const { embedding_dim, num_layers, num_heads, ffn_dim, also } = size(id);
  const start = shape ? onwardFrom(data, shape) : { embedding_dim, num_layers, num_heads, ffn_dim, ...DEFAULTS[data][id === "published" ? "medium" : id], ...also };
  const modern = !shape && changed.blocks === "modern" && modernFrom({ ffn_dim: start.ffn_dim, num_layers: changed.num_layers ?? start.num_layers });
  const settings = { ...COMMON, ...start, ...modern, ...changed };
  const steps = Number.isFinite(settings.steps) ? settings.steps : start.steps;
  return {
    warmup_steps: Math.min(100, Math.ceil(steps / 10)),
    evaluate_every: between(10, Math.round(steps / 40), 250),
    sample_every: between(10, Math.round(steps / 20), 100),
    ...settings,
  };
}

/** All settings of a training, of one from before there were so many too. @param {Choices} choices */
export const settingsOf = ({ data, size, settings }) => settingsFor(data, size, settings);

/**
 * What in a training's settings is not the preset of its text and size.
 * @param {DataId} data @param {SizeId} id @param {Partial<Settings>} used @param {Shape | null} [shape]  of the model that is gone on
 *   from @returns {Partial<Settings>}
 */
export function changesIn(data, id, used, shape = null) {
  const { steps, blocks } = settingsFor(data, id, {}, shape);
  const asked = Object.fromEntries(Object.entries(used).filter(([key]) => key === "steps" || key === "blocks"));
  const usual = { ...settingsFor(data, id, asked, shape), steps, blocks };
  return Object.fromEntries(Object.entries(used).filter(([key, value]) => value !== usual[/** @type {SettingKey} */ (key)]));
}

/** What of a stored change still is a setting of the right kind. @param {Record<string, unknown>} stored @returns {Partial<Settings>} */
export const knownChanges = (stored) => Object.fromEntries(Object.entries(stored).filter(([key, value]) =>
  SETTINGS.some((setting) => setting.key === key && settingProblem(setting, /** @type {number} */ (value)) === null)));

/**
 * What is wrong with a setting, in words; null when nothing is.
 * @param {Setting} setting @param {number | string} value @returns {string | null}
 */
export function settingProblem({ label, min, max, whole, multiple = 1, options }, value) {
  if (options) {
    if (options.some((option) => option.value === value)) return null;
    return `${label} takes one of these: ${options.map((option) => option.label).join(", ")}.`;
  }
  if (typeof value !== "number" || !Number.isFinite(value) || value < min || value > max || (whole && !Number.isInteger(value)) || (whole && value % multiple !== 0)) {
    const kind = multiple > 1 ? `a multiple of ${multiple}` : whole ? "a whole number" : "a number";
    return `${label} takes ${kind} from ${plain(min)} to ${plain(max)}.`;
  }
  return null;
}

/**
 * All that is wrong with the settings, each alone and together, in words.
 * @param {Settings} settings @param {number} vocabulary @param {Shape | null} [shape]  of the model that is gone on from, which is
 *   as it is @returns {Partial<Record<SettingKey, string>>}
 */
export function problemsOf(settings, vocabulary, shape = null) {
  /** @type {Partial<Record<SettingKey, string>>} */
  const problems = {};
  for (const setting of SETTINGS) {
    if (shape && setting.group === "model") continue;
    const problem = settingProblem(setting, settings[setting.key]);
    if (problem) problems[setting.key] = problem;
  }
  if (Object.keys(problems).length > 0) return problems;
  const { num_heads, embedding_dim, warmup_steps, steps, patience, evaluate_every, context } = settings;
  if (shape && context > shape.context) problems.context = `This model reads ${plain(shape.context)} tokens at once at most. Take no more.`;
  if (!shape && embedding_dim % num_heads !== 0) {
    const divisors = Array.from({ length: 32 }, (_, i) => i + 1).filter((heads) => embedding_dim % heads === 0);
    const nearest = divisors.sort((a, b) => Math.abs(a - num_heads) - Math.abs(b - num_heads)).slice(0, 2).sort((a, b) => a - b);
    problems.num_heads = `${num_heads} heads cannot share a width of ${embedding_dim} equally. Take ${nearest.join(" or ")} heads, or another width.`;
    return problems;
  }
  if (warmup_steps > steps) problems.warmup_steps = `The warm-up has to fit into the ${plain(steps)} steps of the training. Take fewer.`;
  if (patience > 0 && evaluate_every === 0) problems.patience = "An early stop needs validations to go by: let it validate every so many steps, or set the early stop to 0.";
  const parameters = shape?.parameters ?? parameterCount(settings, vocabulary);
  if (parameters > MOST.parameters) {
    problems.embedding_dim = `The model would have ${shortCount(parameters)} parameters, and up to ${shortCount(MOST.parameters)} fit. Take a smaller width or fewer layers.`;
  } else if (memoryEstimate(settings, vocabulary).bytes > MOST.bytes) {
    const [needed, most] = [memoryEstimate(settings, vocabulary).bytes, MOST.bytes].map((bytes) => plain(Math.ceil(bytes / 2 ** 20)));
    // Where the texts are long, that is what takes the room.
    problems[context > 512 ? "context" : "batch_size"] = `The training would take about ${needed} MB of memory, and at most ${most} MB may be taken in a browser. Take a smaller batch, a shorter context or a smaller model.`;
  }
  return problems;
}

/** @param {number} value @returns {string} */
export function plain(value) {
  return value.toLocaleString("en-GB", { maximumSignificantDigits: 12, useGrouping: value >= 10_000 });
}

/**
 * The message that starts a training.
 * @param {Choices} choices @param {string} text @param {string} dataName
 * @param {Pick<import("./base.js").Onward, "config" | "kind"> | null} [from]  the model that it goes on from
 * @returns {import("../engine/protocol.js").TrainStart}
 */
export function startRequest(choices, text, dataName, from = null) {
  const { context, stride, final_share, validation_share, evaluate_every, patience, sample_every, ...settings } = settingsOf(choices);
  const { blocks, embedding_dim, num_layers, num_heads, ffn_dim, interference_interval, position_scale, ...train } = settings;
  return {
    text,
    data_name: dataName,
    tokenizer: from ? { kind: from.kind, vocab_size: from.config.vocab_size } : { kind: choices.tokenizer, vocab_size: choices.pieces },
    model: from ? withoutVocabulary(from.config) : {
      embedding_dim, num_layers, num_heads, ffn_dim,
      max_seq_len: context,
      field_size: stride * (context - 1) + 1,
      interference_interval, position_scale,
      ...(blocks === "modern" ? MODERN : {}),
    },
    train: { ...FIXED, ...train, seq_len: context, min_lr: train.peak_lr * final_share },
    validation_share, patience, evaluate_every, sample_every,
    sample_prompt: samplePrompt(text),
  };
}

/** A model's shape as a plan has it. @param {import("../engine/protocol.js").ModelConfig} config */
const withoutVocabulary = ({ vocab_size, position_scale = 1, ...model }) => ({ ...model, position_scale });

/** @param {number} least @param {number} value @param {number} most */
const between = (least, value, most) => Math.min(Math.max(value, least), most);

/** A sample starts where a line starts, if the text has lines. @param {string} text @returns {string} */
function samplePrompt(text) {
  return text.includes("\n") ? "\n" : [...text.slice(0, 2)][0] ?? "";
}
