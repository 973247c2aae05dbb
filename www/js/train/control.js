// What a person changes in a training while it goes on: kept with what is known of the run, and put into words. No DOM
// here.

import { plain } from "./presets.js";

/**
 * @typedef {import("../engine/protocol.js").TrainControl} TrainControl
 * @typedef {import("../engine/protocol.js").TrainChange} TrainChange
 * @typedef {import("../engine/protocol.js").WavePlace} WavePlace
 * @typedef {Pick<TrainControl, "steps" | "schedule" | "warmup_steps" | "peak_lr" | "min_lr">} Rates
 */

/**
 * The engine says how a training goes on: what is known of the run follows.
 * @param {Pick<import("./run.js").TrainRun, "plan" | "facts">} run @param {TrainControl} control
 */
export function takeControl(run, control) {
  const { steps, peak_lr, min_lr } = control;
  run.facts.control = control;
  if (run.plan) run.plan = { ...run.plan, train: { ...run.plan.train, steps, peak_lr, min_lr } };
}

/**
 * How the run goes on by what is known of it, of one from before this was told as well.
 * @param {Pick<import("./run.js").TrainRun, "plan" | "facts">} run @returns {TrainControl | null}
 */
export function controlOf({ plan, facts }) {
  if (facts.control) return facts.control;
  if (!plan) return null;
  const { steps, schedule = "cosine", warmup_steps, peak_lr, min_lr } = plan.train;
  return { step: facts.step, steps, schedule, warmup_steps, peak_lr, min_lr, locks: [], changes: [] };
}

/** The learning rate of a step, from 1, as the engine's schedule.rs has it. @param {Rates} rates @param {number} step */
export function learningRate({ steps, schedule, warmup_steps, peak_lr, min_lr }, step) {
  if (step <= warmup_steps) return (peak_lr * step) / warmup_steps;
  const along = Math.min((step - warmup_steps) / Math.max(steps - warmup_steps, 1), 1);
  const left = { cosine: (1 + Math.cos(Math.PI * along)) / 2, constant: 1, linear: 1 - along }[schedule];
  return min_lr + (peak_lr - min_lr) * left;
}

/** A learning rate as a person reads it. @param {number} value */
export const rateWords = (value) => plain(Number(value.toPrecision(3)));

/** What more steps would do, in one line. @param {TrainControl} control @param {number} step The last one. @param {number} more */
export function lengthenWords(control, step, more) {
  const steps = control.steps + more;
  const [before, after] = [control, { ...control, steps }].map((rates) => learningRate(rates, step + 1));
  const end = `It would end at step ${plain(steps)}.`;
  if (control.schedule === "constant") return `${end} The learning rate stays ${rateWords(after)}.`;
  if (step < control.warmup_steps) return `${end} The learning rate falls more slowly after the warm-up.`;
  return `${end} The schedule is stretched to there: the learning rate goes from ${rateWords(before)} to ${rateWords(after)} at once, and falls again.`;
}

/** @param {WavePlace} place */
const placeWords = ({ layer, head, number }) => `${number} of layer ${layer + 1}, head ${head + 1}`;

/** A change in one line. @param {TrainChange} change */
export function changeWords(change) {
  const at = `step ${change.step.toLocaleString("en-GB")}`;
  switch (change.kind) {
    case "rate":
      return `${at}: learning rate ${rateWords(change.from)} → ${rateWords(change.to)}`;
    case "steps":
      return `${at}: steps ${change.from.toLocaleString("en-GB")} → ${change.to.toLocaleString("en-GB")}`;
    case "wave":
      return `${at}: ${placeWords(change.place)} set to ${plain(Number(change.to.toPrecision(4)))}`;
    case "lock":
      return `${at}: ${placeWords(change.place)} ${change.locked ? "held still" : "let go"}`;
  }
}
