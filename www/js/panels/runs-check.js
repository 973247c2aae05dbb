// Whether what a file says of a training can be one: everything that the page counts, draws or sends to the engine is
// looked at before it is taken in. No DOM here.

import { DATA_SETS } from "../data.js";
import { SIZES } from "./train-presets.js";

/** @typedef {(value: any) => boolean} Check */

/** As many entries as no list of a training has. */
const MOST = 100_000;
const LONGEST_NAME = 200;

/** @type {Check} */ const isNumber = (v) => typeof v === "number" && Number.isFinite(v);
/** @type {Check} */ const isCount = (v) => Number.isSafeInteger(v) && v >= 0;
/** @type {Check} */ const isText = (v) => typeof v === "string";
/** @type {Check} */ const isName = (v) => isText(v) && v.trim() !== "" && v.length <= LONGEST_NAME;
/** @type {Check} */ const isObject = (v) => typeof v === "object" && v !== null && !Array.isArray(v);
/** @type {Check} */ const isSimple = (v) => v === null || isNumber(v) || isText(v) || typeof v === "boolean";
/** @type {(check: Check) => Check} */ const listOf = (check) => (v) => Array.isArray(v) && v.length <= MOST && v.every(check);
/** @type {(check: Check) => Check} */ const valuesAre = (check) => (v) => isObject(v) && Object.values(v).every(check);
/** @type {(check: Check) => Check} */ const orNull = (check) => (v) => v === null || v === undefined || check(v);
/** @type {(fields: Record<string, Check>) => Check} */
const record = (fields) => (v) => isObject(v) && Object.entries(fields).every(([name, check]) => check(v[name]));

const isHead = record({ frequency: isNumber, damping: isNumber, phase: isNumber, gain: isNumber });
const isLayers = listOf(listOf(isHead));
/** Settings may be added: those that this page knows must be right, the others simple. */
const isModel = record({ embedding_dim: isCount, num_layers: isCount, num_heads: isCount, max_seq_len: isCount, field_size: isCount });

const isPlace = record({ layer: isCount, head: isCount, number: isText });
/** @type {Record<string, Check>} */
const CHANGES = {
  rate: record({ from: isNumber, to: isNumber }), steps: record({ from: isCount, to: isCount }),
  wave: record({ place: isPlace, to: isNumber }), lock: record({ place: isPlace }),
};
const isControl = record({
  step: isCount, steps: isCount, schedule: (v) => ["cosine", "constant", "linear"].includes(v), warmup_steps: isCount, peak_lr: isNumber, min_lr: isNumber,
  locks: listOf(isPlace), changes: listOf((v) => record({ step: isCount })(v) && Object.hasOwn(CHANGES, v.kind) && CHANGES[v.kind](v)),
});

/** @type {Check} */
const isSeries = (v) => record({ width: isCount, sums: listOf(orNull(isNumber)), counts: listOf(orNull(isCount)), lastStep: isCount })(v)
  && v.width > 0 && v.sums.length === v.counts.length && (v.ends === undefined || (listOf(isCount)(v.ends) && v.ends.length === v.sums.length));

/** @type {Record<string, Check>} */
const PARTS = {
  name: isName,
  createdAt: isNumber,
  savedAt: isNumber,
  state: (v) => ["running", "paused", "done", "stopped", "failed", "interrupted", "starting"].includes(v),
  choices: record({
    data: (v) => DATA_SETS.some(({ id }) => id === v), size: (v) => SIZES.some(({ id }) => id === v),
    tokenizer: (v) => v === "character" || v === "bpe", pieces: isCount, settings: valuesAre(isSimple),
  }),
  plan: record({
    data_name: isName, tokenizer: record({ kind: isText }), model: (v) => isModel(v) && valuesAre(isSimple)(v),
    train: (v) => record({ steps: (steps) => isCount(steps) && steps > 0 })(v) && valuesAre(isSimple)(v),
  }),
  facts: record({
    step: isCount, parameters: isCount, vocabulary: isCount, tokensPerSecond: isNumber, learningRate: isNumber, secondsTrained: isNumber,
    evaluations: listOf(record({ step: isCount, loss: isNumber, perplexity: isNumber, accuracy: isNumber })),
    samples: listOf(record({ step: isCount, text: isText })), faults: listOf(record({ step: isCount, message: isText })),
    layers: isLayers, initialLayers: isLayers, control: orNull(isControl),
  }),
  history: isSeries,
  checkpoints: record({
    last: orNull(record({ step: isCount, file: isText })),
    best: orNull(record({ step: isCount, file: isText, loss: isNumber, evaluatedAt: isCount })),
  }),
};

/**
 * The first part that is missing or makes no sense; null when all do.
 * @param {any} run  what run.json holds @returns {string | null}
 */
export function partThatFails(run) {
  for (const [name, check] of Object.entries(PARTS)) if (!check(run[name])) return name;
  const { last } = run.checkpoints;
  // The curves go on from where the checkpoint does.
  return last && last.step !== run.facts.step ? "checkpoints" : null;
}

/** Whether it is the course of a training, which can be done without. @type {Check} */
export const isCourse = record({
  learningRate: isSeries, gradientNorm: isSeries, tokensPerSecond: isSeries,
  samples: record({ gap: isCount, items: listOf(record({ step: isCount, text: isText })) }),
  moments: record({ gap: isCount, items: listOf((v) => record({ step: isCount, heads: listOf(isCount), values: listOf(isNumber) })(v)
    && v.values.length === 3 * v.heads.reduce((/** @type {number} */ sum, /** @type {number} */ heads) => sum + heads, 0)) }),
});
