// What a person can set before training: sizes, settings and their ranges, each declared once here. The form, the
// checks, the estimates and the message to the engine all derive from these tables.

/**
 * @typedef {import("../data.js").DataId} DataId
 * @typedef {"small" | "medium" | "large"} SizeId
 * @typedef {object} Size
 * @property {SizeId} id
 * @property {string} label
 * @property {number} embedding_dim
 * @property {number} num_layers
 * @property {number} num_heads
 * @property {number} ffn_dim
 * @property {number} speed  multiplications and additions a second of training it, on one core of an ordinary computer:
 *   the larger the matrices, the better a core is used
 *
 * @typedef {"steps" | "peak_lr" | "batch_size" | "context" | "dropout" | "seed"} SettingKey
 * @typedef {object} Setting
 * @property {SettingKey} key
 * @property {string} label
 * @property {string} hint    one line, shown beside the field
 * @property {number} min
 * @property {number} max
 * @property {number | "any"} step
 * @property {boolean} whole  whole numbers only
 *
 * @typedef {Record<SettingKey, number>} Settings
 * @typedef {{ data: DataId, size: SizeId, tokenizer: "character" | "bpe", pieces: number, settings: Settings }} Choices
 */

/** @type {readonly Size[]} */
export const SIZES = [
  { id: "small", label: "Small", embedding_dim: 64, num_layers: 3, num_heads: 4, ffn_dim: 256, speed: 1.8e10 },
  { id: "medium", label: "Medium", embedding_dim: 128, num_layers: 4, num_heads: 8, ffn_dim: 512, speed: 4e10 },
  { id: "large", label: "Large", embedding_dim: 192, num_layers: 6, num_heads: 8, ffn_dim: 768, speed: 4.5e10 },
];

/** @type {readonly Setting[]} */
export const SETTINGS = [
  { key: "steps", label: "Steps", hint: "How many batches it learns from. More helps until validation stops falling.", min: 10, max: 200_000, step: 10, whole: true },
  { key: "peak_lr", label: "Learning rate", hint: "How far a step moves the weights. Too high and the loss jumps; too low and it seems unable to learn.", min: 0.00001, max: 0.03, step: "any", whole: false },
  { key: "batch_size", label: "Batch", hint: "Pieces of text a step learns from. More makes steps steadier and slower.", min: 1, max: 256, step: 1, whole: true },
  { key: "context", label: "Context", hint: "Tokens it reads at once: the farthest back that a head can hear.", min: 8, max: 1024, step: 1, whole: true },
  { key: "dropout", label: "Dropout", hint: "Share of signals muted at random while learning. Helps large models on little text.", min: 0, max: 0.5, step: 0.05, whole: false },
  { key: "seed", label: "Seed", hint: "Where chance starts. The same seed and settings give the same model.", min: 0, max: 4_294_967_295, step: 1, whole: true },
];

/** Vocabulary of word pieces: 256 bytes and the pieces learnt. */
export const PIECES = { min: 260, max: 4096, initial: 512 };

/** The starting point of every choice of text and size. @type {Record<DataId, Record<SizeId, Settings>>} */
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

/** New models hear every token on a cell of its own, and position does not drown the token. */
const POSITION_SCALE = 0.03;
const INTERFERENCE_INTERVAL = 3;

/** @param {SizeId} id @returns {Size} */
export function size(id) {
  const found = SIZES.find((entry) => entry.id === id);
  if (!found) throw new Error(`There is no size "${id}".`);
  return found;
}

/**
 * What is wrong with a setting, in words; null when nothing is.
 * @param {Setting} setting @param {number} value @returns {string | null}
 */
export function settingProblem(setting, value) {
  if (!Number.isFinite(value) || value < setting.min || value > setting.max || (setting.whole && !Number.isInteger(value))) {
    const kind = setting.whole ? "a whole number" : "a number";
    return `${setting.label} takes ${kind} from ${plain(setting.min)} to ${plain(setting.max)}.`;
  }
  return null;
}

/** @param {number} value @returns {string} */
function plain(value) {
  return value.toLocaleString("en-GB", { maximumSignificantDigits: 12, useGrouping: value >= 10_000 });
}

/**
 * How many numbers a model learns; the engine's own count (ModelConfig::parameter_count) is the reference.
 * @param {SizeId} id @param {number} vocabulary @returns {number}
 */
export function parameterCount(id, vocabulary) {
  const { embedding_dim: d, num_layers: layers, num_heads: h, ffn_dim: f } = size(id);
  const c = d / 4;
  const layer = 4 * d * d + 2 * d * f + h * h + 3 * h + 9 * d + f;
  const module = 4 * d * d + 2 * d * c + 4 * d + c + 1;
  return vocabulary * d + 2 * d + layers * layer + Math.floor(layers / INTERFERENCE_INTERVAL) * module;
}

/**
 * Bytes that training takes, roughly: weights, gradients and two moments, and what each token leaves for the way back.
 * @param {SizeId} id @param {number} vocabulary @param {Settings} settings @returns {number}
 */
export function memoryEstimate(id, vocabulary, { batch_size, context }) {
  const { embedding_dim: d, num_layers: layers, ffn_dim: f } = size(id);
  const perToken = layers * (14 * d + 3 * f) + 3 * d + 3 * vocabulary;
  return 4 * (4 * parameterCount(id, vocabulary) + batch_size * context * perToken);
}

/**
 * Multiplications and additions of one training step, roughly: six a weight and token.
 * @param {SizeId} id @param {number} vocabulary @param {Settings} settings @returns {number}
 */
function workOfStep(id, vocabulary, { batch_size, context }) {
  return 6 * parameterCount(id, vocabulary) * batch_size * context;
}

/**
 * Seconds that training takes, roughly.
 * @param {SizeId} id @param {number} vocabulary @param {Settings} settings
 * @param {number} machine  how fast this machine is, against an ordinary one
 */
export function timeEstimate(id, vocabulary, settings, machine) {
  return (workOfStep(id, vocabulary, settings) * settings.steps) / (size(id).speed * machine);
}

/**
 * How fast this machine is, against an ordinary one.
 * @param {SizeId} id @param {number} parameters @param {number} tokensPerSecond  as measured
 */
export function machineSpeed(id, parameters, tokensPerSecond) {
  return (6 * parameters * tokensPerSecond) / size(id).speed;
}

/**
 * The message that starts a training.
 * @param {Choices} choices @param {string} text @param {string} dataName
 * @returns {import("../protocol.js").TrainStart}
 */
export function startRequest(choices, text, dataName) {
  const { settings } = choices;
  const { embedding_dim, num_layers, num_heads, ffn_dim } = size(choices.size);
  const { context, steps, peak_lr, batch_size, dropout, seed } = settings;
  return {
    text,
    data_name: dataName,
    tokenizer: { kind: choices.tokenizer, vocab_size: choices.pieces },
    model: {
      embedding_dim, num_layers, num_heads, ffn_dim,
      max_seq_len: context,
      field_size: context, // Stride 1: each token has a cell of its own.
      interference_interval: INTERFERENCE_INTERVAL,
      position_scale: POSITION_SCALE,
    },
    train: {
      batch_size, seq_len: context, steps, dropout, seed, peak_lr,
      warmup_steps: Math.min(100, Math.ceil(steps / 10)),
      min_lr: peak_lr / 10,
      weight_decay: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8, clip_norm: 1,
    },
    evaluate_every: between(10, Math.round(steps / 40), 250),
    sample_every: between(10, Math.round(steps / 20), 100),
    sample_prompt: samplePrompt(text),
  };
}

/** @param {number} least @param {number} value @param {number} most */
const between = (least, value, most) => Math.min(Math.max(value, least), most);

/** A sample starts where a line starts, if the text has lines. @param {string} text @returns {string} */
function samplePrompt(text) {
  return text.includes("\n") ? "\n" : [...text.slice(0, 2)][0] ?? "";
}
