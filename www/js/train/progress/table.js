// The curves as a table for other programs. No DOM here.

import { csv } from "../../files/csv.js";

/** @typedef {import("./moment.js").Told} Told */

const COLUMNS = ["step", "training_loss", "validation_loss", "perplexity", "accuracy", "learning_rate", "gradient_norm", "tokens_per_second"];

/**
 * Every curve, one line a step that anything is known of; where a curve has no value the field is empty.
 * @param {Told} told @returns {string} comma-separated values
 */
export function curvesTable({ facts, history, course }) {
  /** @type {Map<number, (number | undefined)[]>} */
  const rows = new Map();
  const put = (/** @type {number} */ step, /** @type {string} */ column, /** @type {number} */ value) => {
    const row = rows.get(step) ?? [step];
    row[COLUMNS.indexOf(column)] = value;
    rows.set(step, row);
  };
  for (const [column, series] of /** @type {const} */ ([
    ["training_loss", history], ["learning_rate", course.learningRate], ["gradient_norm", course.gradientNorm], ["tokens_per_second", course.tokensPerSecond],
  ])) {
    const { steps, values } = series.means();
    steps.forEach((step, i) => put(step, column, values[i]));
  }
  for (const { step, loss, perplexity, accuracy } of facts.evaluations) {
    put(step, "validation_loss", loss);
    put(step, "perplexity", perplexity);
    put(step, "accuracy", accuracy);
  }
  return csv({ head: COLUMNS, rows: [...rows.values()].sort(([a = 0], [b = 0]) => a - b).map((row) => Array.from(COLUMNS, (_, i) => row[i] ?? "")) });
}

/** What a file is called. @param {string} name @param {number} step @param {string} ending */
export function fileName(name, step, ending) {
  const plain = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  return `wave-field-${plain || "model"}-step-${step}.${ending}`;
}
