// Whether what a file or the storage says of a training can be one: everything that the page counts, draws or sends to
// the engine is looked at before it is taken in, and every list, number and text has a limit. No DOM here.

import { FLOAT, count, either, list, number, numbers, oneOf, only, orNull, record, simple, text } from "../keep/check.js";
import { LONGEST, MOST, MOST_STEPS } from "../keep/limits.js";
import { DATA_SETS } from "../text/data-sets.js";
import { SIZES } from "../train/presets.js";

/** @typedef {import("../keep/check.js").Check} Check */
/** @typedef {import("../keep/check.js").Fields} Fields */

/** A clock may be wrong, and yet a date has to be one that can be shown. */
const date = number(0, Date.UTC(2200, 0));
const bytes = count(2 ** 40);
const step = count(MOST_STEPS);
const name = text(LONGEST.name, 1);
const word = text(LONGEST.word);
const float = number(-FLOAT, FLOAT);
const seconds = number(0, 1e10);
/** Of a model whose numbers ran away it is no number, which JSON writes as null. */
const measured = orNull(either(number(0, 1e300), oneOf([Infinity, NaN])));
/** Of many measurements. */
const sum = number(-1e300, 1e300);

const head = record({ frequency: float, damping: number(0, FLOAT), phase: float, gain: number(0, FLOAT) });
const layers = list(list(head, MOST.heads), MOST.layers);

const place = record({ layer: count(MOST.layers), head: count(MOST.heads), number: word });
/** @type {{ [kind: string]: Check }} */
const CHANGES = {
  rate: record({ from: float, to: float }), steps: record({ from: step, to: step }),
  wave: record({ place, to: float }), lock: record({ place }),
};
/** @type {Check} */
const change = (v, at) => record({ step, kind: oneOf(Object.keys(CHANGES)) })(v, at) || CHANGES[v.kind](v, at);
const control = record({
  step, steps: step, schedule: oneOf(["cosine", "constant", "linear"]), warmup_steps: step, peak_lr: float, min_lr: float,
  locks: list(place, 3 * MOST.layers * MOST.heads), changes: list(change, MOST.changes),
});

/** @param {number} most  buckets @returns {Check} */
const series = (most) => (v, at) => {
  const words = record({
    width: count(MOST_STEPS, 1), lastStep: step, sums: list(orNull(sum), most), counts: list(orNull(step), most), ends: orNull(list(step, most)),
  })(v, at);
  if (words) return words;
  const lengths = [v.sums, v.counts, v.ends ?? v.sums].map(({ length }) => length);
  return lengths.every((length) => length === lengths[0]) ? "" : `The lists of "${at}" are of ${lengths.join(", ")} entries; expected were as many in each.`;
};

const sample = record({ step, text: text(LONGEST.sample) });
/** Those that a file brings, and those that the page keeps. @type {Check} */
const checkpoint = orNull(record({ step, size: bytes }));

const choices = {
  data: oneOf(DATA_SETS.map(({ id }) => id)), size: oneOf(SIZES.map(({ id }) => id)), tokenizer: oneOf(["character", "bpe"]), pieces: count(2 ** 20),
  settings: record({}, { rest: simple }),
};
/** Settings may be added: those that this page knows must be right, the others simple. */
const model = record({
  embedding_dim: count(2 ** 24, 1), num_layers: count(MOST.layers, 1), num_heads: count(MOST.heads, 1),
  max_seq_len: count(2 ** 20, 2), field_size: count(2 ** 22),
}, { rest: simple });
const plan = record({
  data_name: name, tokenizer: record({ kind: word, vocab_size: orNull(count(2 ** 20)) }), model,
  train: record({ steps: count(MOST_STEPS, 1) }, { rest: simple }),
  sample_prompt: orNull(text(LONGEST.prompt)), validation_share: orNull(number(0, 1)), evaluate_every: orNull(step), sample_every: orNull(step), patience: orNull(step),
}, { rest: simple });

/** @type {Fields} */
const FACTS = {
  step, parameters: count(2 ** 40), vocabulary: count(2 ** 20), tokensPerSecond: number(0, 1e15), learningRate: number(0, 1e6), secondsTrained: seconds,
  evaluations: list(record({ step, loss: measured, perplexity: measured, accuracy: measured }), MOST.evaluations, { bySteps: true }),
  before: orNull(record({ loss: measured, text: orNull(text(LONGEST.sample)) })), old: orNull(record({ before: measured, loss: measured, step })),
  samples: list(sample, MOST.samples, { bySteps: true }),
  faults: list(record({ step, message: text(LONGEST.message) }), MOST.faults),
  layers, initialLayers: layers, control: orNull(control), baselines: orNull(record({ letters: number(1, 1e6), pairs: number(1, 1e6) })),
};
/** @type {Fields} */
const BOTH = { name, createdAt: date, savedAt: date, state: oneOf(["running", "paused", "done", "stopped", "failed", "interrupted", "starting"]), choices: record({ ...choices, base: orNull(record({ name, digest: word, old: orNull(choices.data) })) }), plan };

const run = record({
  ...BOTH, facts: record(FACTS), history: series(MOST.losses),
  checkpoints: record({
    last: orNull(record({ step, file: word })),
    best: orNull(record({ step, file: word, loss: measured, evaluatedAt: step })),
  }),
});

const card = record({
  id: text(LONGEST.word, 1), ...BOTH, step, textSize: bytes, deletedAt: orNull(date),
  lowest: orNull(record({ step, loss: measured })), last: checkpoint,
  best: (v, at) => checkpoint(v, at) || orNull(record({ loss: measured, evaluatedAt: step }))(v, at),
});

/** What is wrong with what run.json holds; empty where nothing is. @param {any} told @returns {string} */
export function wrongInRun(told) {
  const words = run(told, "");
  if (words) return words;
  const { last } = told.checkpoints;
  // The curves go on from where the checkpoint does.
  return last && last.step !== told.facts.step ? `"checkpoints.last.step" is ${last.step}; expected was ${told.facts.step}, the step of its curves.` : "";
}

/** What is wrong with the choices for the next training; empty where nothing is. @param {unknown} kept */
export const wrongInChoices = (kept) => record({
  data: choices.data, size: choices.size, tokenizer: choices.tokenizer, pieces: choices.pieces, changed: orNull(record({}, { rest: simple })), base: orNull(name),
})(kept, "");

/** What is wrong with a card of the storage; empty where nothing is. @param {unknown} kept @returns {string} */
export const wrongInCard = (kept) => card(kept, "");

/** What is wrong with curves of the storage; empty where nothing is. @param {any} kept @returns {string} */
export const wrongInCurves = (kept) => record({ facts: record(FACTS), history: series(MOST.losses), course: orNull(course) })(kept, "");

/** The facts of a training, and nothing else that a file calls so. @param {any} facts @returns {import("../train/run.js").Facts} */
export const factsOnly = (facts) => only(facts, Object.keys(FACTS));

/** Whether it is the course of a training, which can be done without. @type {Check} */
export const course = record({
  learningRate: series(MOST.reports), gradientNorm: series(MOST.reports), tokensPerSecond: series(MOST.reports),
  samples: record({ gap: count(2 ** 50, 1), items: list(sample, MOST.thinnedSamples, { bySteps: true }) }),
  moments: record({ gap: count(2 ** 50, 1), items: moments }),
});

/** Of one shape, for each is drawn from the one before. @type {Check} */
function moments(v, at) {
  const most = MOST.layers * MOST.heads * 3;
  const words = list(record({ step, heads: list(count(MOST.heads), MOST.layers), values: numbers(float, most) }), MOST.moments, { bySteps: true })(v, at);
  if (words || v.length === 0) return words;
  const shape = String(v[0].heads);
  const size = 3 * v[0].heads.reduce((/** @type {number} */ sum, /** @type {number} */ heads) => sum + heads, 0);
  const odd = v.findIndex((/** @type {any} */ moment) => String(moment.heads) !== shape || moment.values.length !== size);
  return odd < 0 ? "" : `"${at}[${odd}]" has ${v[odd].values.length} values for heads ${v[odd].heads.join(", ")}; expected were ${size} for heads ${v[0].heads.join(", ")}.`;
}
