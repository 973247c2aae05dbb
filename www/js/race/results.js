// What came of a race: curves, statistics over seeds, the table, the sentence, and files of all that. Pure.

import { csv } from "../files/csv.js";
import { number } from "../text/data-sets.js";
import { EQUAL_WITHIN, nextHeat, presetOf, sizeOf } from "./plan.js";

/**
 * @typedef {import("./plan.js").Plan} Plan
 * @typedef {import("./plan.js").HeatSpec} HeatSpec
 * @typedef {{ step: number, loss: number, perplexity: number, accuracy: number }} Evaluation
 * @typedef {{ width: number, sums: number[], counts: number[], last: number }} Curve  mean losses of `width` steps each
 * @typedef {{ constant: number, per_token: number }} StateBytes  what a model keeps while it writes
 *
 * @typedef {HeatSpec & Progress} Heat
 * @typedef {object} Progress
 * @property {number} step
 * @property {boolean} done
 * @property {string} failed         why it could not be finished; empty when nothing
 * @property {Curve} curve
 * @property {Evaluation[]} evaluations
 * @property {number} tokens         trained while the clock ran, in `seconds`
 * @property {number} seconds
 * @property {number} engineSpeed    tokens a second as the engine said last, for heats too short to time
 * @property {number} parameters
 * @property {number} vocabulary
 * @property {StateBytes | null} state
 * @property {string} sample
 *
 * @typedef {object} Result  a race that is kept
 * @property {1} version
 * @property {Plan} plan
 * @property {Heat[]} heats
 * @property {number} finishedAt
 * @property {boolean} disturbed     another training ran at the same time
 * @property {{ machine: string }} [ours]  run by us, there
 *
 * @typedef {{ n: number, mean: number, sd: number, min: number, max: number }} Spread
 *
 * @typedef {object} Summary  of one entrant
 * @property {string} label
 * @property {number} parameters
 * @property {number[]} rates        the learning rates it ran with
 * @property {Spread | null} loss
 * @property {Spread | null} perplexity
 * @property {Spread | null} accuracy
 * @property {Spread | null} speed   tokens a second in training
 * @property {StateBytes | null} state
 * @property {number} failed
 */

/** Seconds from which a speed is more than a rough one. */
const TIMED_WELL = 2;
/** Steps from which an outcome is more than a start. */
const LONG = 3000;
/** Points that a curve is kept in. */
const POINTS = 1000;

/** What the author of the model published: WikiText-2, characters, about six million parameters, 30 rounds. */
export const PUBLISHED = {
  wave: { parameters: "about 6 million", loss: "", perplexity: "6.2", accuracy: "50.5 %", cost: "O(n\u00a0log\u00a0n)" },
  standard: { parameters: "about 6 million", loss: "", perplexity: "5.9", accuracy: "51.0 %", cost: "O(n²)" },
};

/** @param {HeatSpec} spec @returns {Heat} */
export const newHeat = (spec) => ({
  ...spec, step: 0, done: false, failed: "", curve: { width: Math.max(1, Math.ceil(spec.steps / POINTS)), sums: [], counts: [], last: 0 },
  evaluations: [], tokens: 0, seconds: 0, engineSpeed: 0, parameters: 0, vocabulary: 0, state: null, sample: "",
});

/** Adds a step's loss; a step that comes again, after a return to a snapshot, counts once. @param {Curve} curve @param {number} step @param {number} loss */
export function addLoss(curve, step, loss) {
  if (step <= curve.last || !Number.isFinite(loss)) return;
  const bucket = Math.floor((step - 1) / curve.width);
  while (curve.sums.length <= bucket) {
    curve.sums.push(0);
    curve.counts.push(0);
  }
  curve.sums[bucket] += loss;
  curve.counts[bucket]++;
  curve.last = step;
}

/** Tokens a second of a heat in training; 0 when nothing was measured. @param {Heat} heat */
export const speedOf = ({ tokens, seconds, engineSpeed }) => (seconds >= 0.5 ? tokens / seconds : engineSpeed);

/** @param {readonly Heat[]} heats @param {number} entrant */
const raced = (heats, entrant) => heats.filter((heat) => heat.stage === "heat" && heat.entrant === entrant);

/** @param {readonly number[]} values @returns {Spread | null} null of nothing */
export function spreadOf(values) {
  const n = values.length;
  if (n === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const sd = n < 2 ? 0 : Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  return { n, mean, sd, min: Math.min(...values), max: Math.max(...values) };
}

/**
 * The learning rate of a heat: its own, the best of its entrant's trials, or what was set.
 * @param {Plan} plan @param {readonly Heat[]} heats @param {HeatSpec} heat @returns {number}
 */
export function rateOf({ entrants }, heats, { peak_lr, entrant }) {
  if (peak_lr !== null) return peak_lr;
  const trials = heats.filter((heat) => heat.stage === "trial" && heat.entrant === entrant && heat.done && !heat.failed && heat.evaluations.length > 0);
  if (trials.length === 0) return entrants[entrant].peak_lr;
  const end = (/** @type {Heat} */ { evaluations }) => evaluations[evaluations.length - 1].loss;
  return /** @type {number} */ (trials.reduce((best, trial) => (end(trial) < end(best) ? trial : best)).peak_lr);
}

/** @param {Plan} plan @param {readonly Heat[]} heats @returns {Summary[]} by entrant, of the heats that were finished */
export function summarise(plan, heats) {
  return plan.entrants.map(({ label }, entrant) => {
    const begun = raced(heats, entrant).filter(({ step }) => step > 0);
    const ends = begun.filter(({ done, failed }) => done && !failed).flatMap(({ evaluations }) => evaluations.slice(-1));
    return {
      label,
      parameters: begun[0]?.parameters ?? 0,
      rates: [...new Set(begun.map((heat) => rateOf(plan, heats, heat)))],
      loss: spreadOf(ends.map(({ loss }) => loss)),
      perplexity: spreadOf(ends.map(({ perplexity }) => perplexity)),
      accuracy: spreadOf(ends.map(({ accuracy }) => accuracy)),
      speed: spreadOf(begun.map(speedOf).filter((speed) => speed > 0)),
      state: begun[0]?.state ?? null,
      failed: begun.filter(({ failed }) => failed !== "").length,
    };
  });
}

/**
 * By how much the first entrant's perplexity lies above the second's, in per cent, seed by seed: the same seed draws the
 * same batches, so that a pair says more than two means.
 * @param {Plan} plan @param {readonly Heat[]} heats @returns {number[]}
 */
export function differences({ seeds }, heats) {
  return seeds.flatMap((seed) => {
    const [first, second] = [0, 1].map((entrant) => raced(heats, entrant).find((heat) => heat.seed === seed && heat.done && !heat.failed)?.evaluations.at(-1));
    return first && second ? [100 * (Math.exp(first.loss - second.loss) - 1)] : [];
  });
}

/** Per cent by which the larger of two perplexities lies above the smaller. @param {number} percent  signed, of the first */
const above = (percent) => (percent >= 0 ? percent : 100 * (1 / (1 + percent / 100) - 1));

/** @param {string} words */
const capital = (words) => words[0].toUpperCase() + words.slice(1);

/** The outcome in words; empty before a pair was finished. @param {Plan} plan @param {readonly Heat[]} heats @returns {string} */
export function outcome(plan, heats) {
  const found = spreadOf(differences(plan, heats));
  if (!found) return heats.some(({ failed, stage }) => failed && stage === "heat") ? "No pair of trainings could be finished, so there is nothing to compare." : "";
  const [first, second] = plan.entrants.map(({ said }) => said);
  const [behind, ahead] = found.mean >= 0 ? [first, second] : [second, first];
  const size = `${above(found.mean).toFixed(1)} %`;
  if (found.n === 1) {
    return `${capital(behind)} ended with a perplexity ${size} above that of ${ahead}. This is one seed, which does not say how much of that is chance.`;
  }
  const ends = [above(found.mean >= 0 ? found.min : found.max), above(found.mean >= 0 ? found.max : found.min)];
  if (found.min < 0 && found.max > 0) {
    const wins = differences(plan, heats).filter((percent) => (found.mean >= 0 ? percent > 0 : percent < 0)).length;
    return `The seeds disagree: ${ahead} had the lower perplexity with ${wins} of ${found.n}, and ${behind} lies ${size} above it on average. This race does not tell the two apart.`;
  }
  return `With every one of ${found.n} seeds ${behind} ended with the higher perplexity: ${size} above that of ${ahead} on average (from ${ends[0].toFixed(1)} % to ${ends[1].toFixed(1)} %, standard deviation ${found.sd.toFixed(1)}).`;
}

/**
 * Why one is ahead, as far as that is known; empty where it is not.
 * @param {Plan} plan @param {readonly Heat[]} heats @returns {string}
 */
export function whyAhead(plan, heats) {
  const found = spreadOf(differences(plan, heats));
  if (!found || (found.min < 0 && found.max > 0)) return "";
  const { settings, lineUp, size } = plan.choices;
  const preset = presetOf(size, lineUp);
  const rates = plan.entrants.map((_, entrant) => raced(heats, entrant).map((heat) => rateOf(plan, heats, heat)));
  // Something else differs, too: then it may be that.
  if (settings.cells !== preset.cells || settings.position_scale !== preset.position_scale || new Set(rates.flat()).size > 1) return "";
  const why = reason(plan, found.mean >= 0);
  return found.n === 1 ? `If that is more than chance, it may be this: ${why[0].toLowerCase()}${why.slice(1)}` : why;
}

/** @param {Plan} plan @param {boolean} firstBehind */
function reason(plan, firstBehind) {
  const few = plan.choices.settings.steps < LONG;
  switch (plan.choices.lineUp) {
    case "published":
      return firstBehind
        ? "As released, the Wave Field model adds positions to its tokens at full strength, which are then louder than the tokens themselves, and it has to learn to hear past them. The tuned model has them at 3 %: race that one to see how much of the distance this explains."
        : "The released Wave Field model is ahead in spite of positions that are louder than its tokens. Race the tuned one, which has them at 3 %.";
    case "tuned":
      return firstBehind
        ? "Attention chooses by content which earlier token it listens to; a wave hears by distance only. Where that choice pays, the Transformer is ahead."
        : `A wave hears what is near from the first step on, where attention has to learn to look there.${few ? " That helps most at first: in a longer race the distance may shrink." : ""}`;
    case "modern":
      return firstBehind
        ? "Both have the same norms and the same feed-forward part. Attention chooses by content which earlier token it listens to; a wave hears by distance only. Where that choice pays, the Transformer is ahead."
        : `Both have the same norms and the same feed-forward part. The waves have what stands just before a token from the first step on, by their near field, and attention has to learn to look there.${few ? " That helps most at first: in a longer race the distance may shrink." : ""}`;
    default:
      return "Both have the same waves. They differ in how loud positions are and in how many cells lie from token to token, so the distance is what those two do.";
  }
}

/** Which race leads on from this one. @param {Plan} plan @returns {{ lineUp: import("./plan.js").LineUpId, label: string }} */
export function nextRace({ choices: { lineUp } }) {
  if (lineUp === "published") return { lineUp: "tuned", label: "Next: race the tuned one" };
  if (lineUp === "tuned") return { lineUp: "modern", label: "Next: both with modern layers" };
  if (lineUp === "modern") return { lineUp: "waves", label: "Next: wave against wave" };
  return { lineUp: "tuned", label: "Next: the tuned one against a Transformer" };
}

/** What each wrote at the end of its last training. @param {Plan} plan @param {readonly Heat[]} heats @returns {{ label: string, text: string }[]} */
export const textsOf = ({ entrants }, heats) => entrants.flatMap(({ label }, entrant) => {
  const last = raced(heats, entrant).findLast(({ sample }) => sample !== "");
  return last ? [{ label, text: last.sample }] : [];
});

/**
 * @typedef {{ main: string, spread: string }} Cell
 * @typedef {{ name: string, hint: string, cells: Cell[], published: string[] }} Row
 */

/** @param {number} bytes */
const kilobytes = (bytes) => (bytes < 1000 ? `${bytes} bytes` : `${(bytes / 1000).toLocaleString("en-GB", { maximumFractionDigits: bytes < 10_000 ? 1 : 0 })} kB`);

/** @param {Spread | null} spread @param {(value: number) => string} words @returns {Cell} */
function spreadCell(spread, words) {
  if (!spread) return { main: "–", spread: "" };
  const { n, mean, sd, min, max } = spread;
  return { main: words(mean), spread: n < 2 ? "" : `${words(min)} to ${words(max)}, sd ${words(sd)}` };
}

/** @param {StateBytes | null} state @param {number} context @returns {Cell} */
function stateCell(state, context) {
  if (!state) return { main: "–", spread: "" };
  const { constant, per_token } = state;
  if (per_token === 0) return { main: kilobytes(constant), spread: "the same for every token" };
  return { main: kilobytes(constant + per_token * context), spread: `at ${number(context)} tokens; grows by ${kilobytes(per_token)} a token` };
}

/** A loss in nats a token, in bits a byte. @param {Spread | null} loss @param {number} bytes  of a token @returns {Cell} */
function bitsCell(loss, bytes) {
  const bits = (/** @type {number} */ nats) => nats / Math.LN2 / bytes;
  return spreadCell(loss && { ...loss, mean: bits(loss.mean), sd: bits(loss.sd), min: bits(loss.min), max: bits(loss.max) }, (value) => value.toFixed(3));
}

/** The published table with measured numbers in it. @param {Plan} plan @param {readonly Heat[]} heats @returns {Row[]} */
export function tableRows(plan, heats) {
  const summaries = summarise(plan, heats);
  const published = hasTransformer(plan) ? plan.entrants.map(({ architecture }) => PUBLISHED[architecture]) : [];
  /** @param {string} name @param {string} hint @param {(summary: Summary, i: number) => Cell} cell @param {keyof typeof PUBLISHED.wave} [key] @returns {Row} */
  const row = (name, hint, cell, key) => ({ name, hint, cells: summaries.map(cell), published: published.map((claim) => (key && claim[key]) || "–") });
  const plain = (/** @type {string} */ main) => ({ main, spread: "" });
  const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(1)} %`;
  return [
    row("Parameters", "numbers that it learns", ({ parameters }) => plain(parameters ? number(parameters) : "–"), "parameters"),
    row("Loss, held back", "surprise a token on held-back text, in nats; lower is better", ({ loss }) => spreadCell(loss, (value) => value.toFixed(4)), "loss"),
    row("Perplexity, held back", "as if it guessed among so many tokens; lower is better", ({ perplexity }) => spreadCell(perplexity, (value) => value.toFixed(2)), "perplexity"),
    ...(plan.bytes_per_token ? [row("Bits a byte", "the loss for each byte of the text: comparable between characters and word pieces", ({ loss }) => bitsCell(loss, plan.bytes_per_token ?? 1))] : []),
    row("Next token right, held back", "how often its likeliest token was the one that came", ({ accuracy }) => spreadCell(accuracy, percent), "accuracy"),
    row("Tokens a second", "in training, here, on one thread of the processor", ({ speed }) => spreadCell(speed, (value) => number(Math.round(value)))),
    row("Memory while writing", "what it keeps of the text so far", ({ state }) => stateCell(state, plan.entrants[0].model.max_seq_len)),
    row("Work for n tokens", "known from how it is built, not measured", (_, i) => plain(plan.entrants[i].architecture === "wave" ? "O(n), step by step" : PUBLISHED.standard.cost), "cost"),
    row("Learning rate", "at its highest", ({ rates }) => plain(rates.length ? rates.map(String).join(", ") : "–")),
  ];
}

/** @param {Plan} plan */
export const hasTransformer = ({ entrants }) => entrants.some(({ architecture }) => architecture === "standard");

/** What a reader of the table has to know. @param {Pick<Result, "plan" | "heats" | "disturbed" | "ours">} race @returns {string[]} */
export function notes({ plan, heats, disturbed, ours }) {
  const summaries = summarise(plan, heats);
  const found = [];
  if (ours) found.push(`We ran this race on another machine (${ours.machine}): the losses come out alike elsewhere, the speeds do not.`);
  const [a, b] = summaries.map(({ parameters }) => parameters);
  if (a && b) {
    const apart = Math.abs(a - b) / Math.max(a, b);
    found.push(apart > EQUAL_WITHIN ? `The sizes differ by ${(100 * apart).toFixed(1)} %, which is more than a fair race allows.` : `The sizes differ by ${(100 * apart).toFixed(2)} %.`);
  }
  if (plan.trials) {
    found.push(`Learning rates were chosen from three for each model, after ${number(plan.trials.steps)} steps with another seed (${plan.trials.seed}).`);
  }
  for (const { label, failed } of summaries) if (failed) found.push(`${label}: ${failed} ${failed === 1 ? "training" : "trainings"} could not be finished and ${failed === 1 ? "does" : "do"} not count.`);
  if (hasTransformer(plan)) found.push("The published numbers are of another text (WikiText-2, by characters) and larger models, so compare the distance between the two, not the numbers themselves: there the Wave Field model's perplexity lies 5 % above the Transformer's.");
  if (heats.some((heat) => heat.stage === "heat" && heat.done && heat.seconds < TIMED_WELL)) found.push("Some of these trainings were too short to time them well: take the speeds as rough.");
  if (plan.choices.settings.steps < LONG) found.push(`${number(plan.choices.settings.steps)} steps are few: ahead is who learns faster at first. Where the curves still fall, a longer race may end otherwise.`);
  if (disturbed) found.push("Another training ran in this page at the same time, so the speeds are too low and not fair.");
  return found;
}

/** The learning rates that were tried. @param {Plan} plan @param {readonly Heat[]} heats */
export function trialRows({ entrants }, heats) {
  return heats.filter(({ stage }) => stage === "trial").map(({ entrant, peak_lr, evaluations, failed, done }) => ({
    label: entrants[entrant].label, rate: Number(peak_lr), loss: done && !failed ? evaluations.at(-1)?.loss ?? null : null, failed: failed !== "",
  }));
}

/**
 * @typedef {{ step: number, mean: number, min: number, max: number }} Point
 * @typedef {{ label: string, train: { steps: number[], losses: number[] }, validation: Point[] }} Line
 */

/** The curves of each entrant, averaged over its seeds. @param {Plan} plan @param {readonly Heat[]} heats @returns {Line[]} */
export function linesOf({ entrants }, heats) {
  return entrants.map(({ label }, entrant) => {
    const own = raced(heats, entrant);
    /** @type {Map<number, number[]>} */ const losses = new Map();
    /** @type {Map<number, number[]>} */ const checks = new Map();
    const put = (/** @type {Map<number, number[]>} */ map, /** @type {number} */ step, /** @type {number} */ value) => {
      const list = map.get(step);
      if (list) list.push(value);
      else map.set(step, [value]);
    };
    for (const { curve, evaluations, steps } of own) {
      curve.sums.forEach((sum, i) => curve.counts[i] && put(losses, Math.min((i + 1) * curve.width, steps), sum / curve.counts[i]));
      for (const { step, loss } of evaluations) put(checks, step, loss);
    }
    const sorted = (/** @type {Map<number, number[]>} */ map) => [...map].sort(([a], [b]) => a - b);
    const train = sorted(losses).map(([step, values]) => ({ step, ...mean(values) }));
    return {
      label,
      train: { steps: train.map(({ step }) => step), losses: train.map(({ mean }) => mean) },
      validation: sorted(checks).map(([step, values]) => ({ step, ...mean(values) })),
    };
  });
}

/** @param {number[]} values */
const mean = (values) => ({ mean: values.reduce((sum, value) => sum + value, 0) / values.length, min: Math.min(...values), max: Math.max(...values) });

/** What the chart shows, in words. @param {Plan} plan @param {readonly Heat[]} heats @returns {string} */
export function chartWords(plan, heats) {
  const parts = linesOf(plan, heats).flatMap(({ label, validation }) => {
    const last = validation.at(-1);
    return last ? [`${label}: held-back loss ${last.mean.toFixed(3)} at step ${number(last.step)}`] : [];
  });
  return parts.length ? `Loss against steps. ${parts.join("; ")}.` : "Loss against steps.";
}

/** What is being done now, in words. @param {Plan} plan @param {readonly Heat[]} heats @returns {string} */
export function whereItIs(plan, heats) {
  const heat = nextHeat(plan, heats);
  if (!heat) return "";
  const { label } = plan.entrants[heat.entrant];
  const step = `step ${number(heat.step)} of ${number(heat.steps)}`;
  if (heat.stage === "trial") return `${label}, trying learning rate ${heat.peak_lr}, ${step}`;
  const nth = plan.seeds.indexOf(heat.seed) + 1;
  return `${label}, seed ${heat.seed}${plan.seeds.length > 1 ? ` (${nth} of ${plan.seeds.length})` : ""}, ${step}`;
}

/** What a race is called in a list. @param {Result} result */
export function nameOf({ plan: { choices, seeds }, finishedAt, ours }) {
  const when = new Date(finishedAt).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const line = { published: "as published", tuned: "tuned", modern: "modern", waves: "wave against wave" }[choices.lineUp];
  const { steps } = choices.settings;
  const length = steps === sizeOf(choices.size).steps ? "" : `, ${number(steps)} steps`;
  return `${choices.data_name}, ${choices.size}, ${line}${length}, ${seeds.length} ${seeds.length === 1 ? "seed" : "seeds"}${ours ? "" : ` (${when})`}`;
}

const COLUMNS = ["kind", "model", "architecture", "stage", "seed", "learning_rate", "step", "loss", "perplexity", "accuracy", "parameters", "tokens_per_second", "state_constant_bytes", "state_bytes_per_token"];

/**
 * Curves and results as one table: a row a point, a row a finished training. Training losses are means of as many steps
 * as lie between two rows.
 * @param {Pick<Result, "plan" | "heats">} race @returns {string}
 */
export function toCsv({ plan, heats }) {
  /** @type {import("../files/csv.js").Cell[][]} */
  const lines = [];
  for (const heat of heats) {
    const { label, architecture } = plan.entrants[heat.entrant];
    const head = { model: label, architecture, stage: heat.stage, seed: heat.seed, learning_rate: rateOf(plan, heats, heat) };
    /** @param {Record<string, unknown>} values */
    const add = (values) => {
      const row = /** @type {Record<string, import("../files/csv.js").Cell | undefined>} */ ({ ...head, ...values });
      lines.push(COLUMNS.map((name) => row[name] ?? ""));
    };
    const { curve } = heat;
    curve.sums.forEach((sum, i) => curve.counts[i] && add({ kind: "training", step: Math.min((i + 1) * curve.width, heat.steps), loss: sum / curve.counts[i] }));
    for (const evaluation of heat.evaluations) add({ kind: "validation", ...evaluation });
    const last = heat.evaluations.at(-1);
    if (heat.done && !heat.failed && last) {
      add({
        kind: "result", ...last, parameters: heat.parameters, tokens_per_second: speedOf(heat).toFixed(1),
        state_constant_bytes: heat.state?.constant, state_bytes_per_token: heat.state?.per_token,
      });
    }
  }
  return csv({ head: COLUMNS, rows: lines });
}

/** Everything, with the configuration. @param {Result} result @returns {string} */
export function toJson(result) {
  const { plan, heats } = result;
  return JSON.stringify({
    ...result,
    kind: "wave-field-race",
    finished: new Date(result.finishedAt).toISOString(),
    outcome: outcome(plan, heats),
    summaries: summarise(plan, heats),
    differences_percent: differences(plan, heats),
    published: hasTransformer(plan) ? PUBLISHED : undefined,
    notes: notes(result),
  }, null, 1);
}
