// What a training of a sound model beside a broken one came to, in words and as a table.

import { axisNumber } from "../../charts/curve-axis.js";
import { KINDS, REFERENCE } from "./lesson-chart.js";

/**
 * @typedef {import("./lesson-run.js").LessonResult} LessonResult
 * @typedef {import("./lesson-run.js").FoundLeak} FoundLeak
 */

/** @param {number} value */
export const perplexity = (value) => value.toFixed(value < 10 ? 2 : 1);

/** @param {number} share */
export const percent = (share) => `${(100 * share).toFixed(0)} %`;

/** How large a leak is, of the largest number. @param {FoundLeak} leak @returns {string} */
export const sizeOf = ({ before }) => (before < 1e-3 ? axisNumber(Number(before.toPrecision(2))) : `${Number((100 * before).toPrecision(2))} %`);

/** @type {Record<FoundLeak["verdict"], string>} */
export const VERDICTS = { no_leak: "No leak", leak: "Leak", saw_nothing: "Not seen", not_numbers: "No numbers" };

/**
 * What the curves show.
 * @param {LessonResult | null} result
 * @param {import("./lesson-run.js").Both<string> | null} [names]  of the two, where nobody is to know yet which is broken
 */
export function describeLesson(result, names = null) {
  const last = result?.points.at(-1);
  if (!result || !last) return "Nothing has been trained yet. Perplexity: among how many equally likely characters a model wavers, on average, before the next one. 1 is certainty.";
  const [sound, broken] = KINDS.map(({ kind }) => `${perplexity(last.validation[kind].perplexity)} on text that was held back (line) and ${perplexity(Math.exp(last.train[kind]))} on text it learns from (dots)`);
  const lines = [[names ? `Model ${names.sound}` : "Sound model", "solid", sound], [names ? `Model ${names.broken}` : "Broken model", "dashed", broken]];
  const told = (names ? lines.sort(([a], [b]) => (a < b ? -1 : 1)) : lines).map(([name, line, value]) => `${name} (${line}): ${value}.`);
  return `Perplexity after ${last.step} steps. ${told.join(" ")} ${names ? "1 is certainty." : `Perplexity is among how many equally likely characters a model wavers before the next one; 1 is certainty. For comparison, ${REFERENCE.toFixed(2)} is published for a sound model 85 times as large.`}`;
}

/** @param {LessonResult | null} result @returns {import("../../charts/figure.js").Table} */
export const tableOfLesson = (result) => ({
  head: ["step", "sound_training_perplexity", "sound_held_back_perplexity", "broken_training_perplexity", "broken_held_back_perplexity"],
  rows: (result?.points ?? []).map(({ step, train, validation }) => [step, ...KINDS.flatMap(({ kind }) => [Math.exp(train[kind]), validation[kind].perplexity].map((value) => Number(value.toPrecision(6))))]),
});
