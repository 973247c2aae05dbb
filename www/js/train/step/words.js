// One step of training, told in six: what each is called, and two short sentences about it. No DOM.

import { BITS, cellsOf, compared, figure, mostOf, partName, relative, stageName } from "./data.js";

/**
 * @typedef {import("./data.js").StepSeen} StepSeen
 * @typedef {{name: string, title: string, words: [string, string]}} Told
 */

const count = (/** @type {number} */ value) => value.toLocaleString("en-GB");
/** @param {number} value @param {string} one @param {string} [many] */
const some = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** A loss in both units. @param {number} nats */
export const surprise = (nats) => `${nats.toFixed(3)} nats (${(nats * BITS).toFixed(3)} bits)`;

/** The names of the six, for a press each. */
export const STEPS = /** @type {const} */ (["Draw", "Predict", "Score", "Blame", "Move", "Again"]);

/** A term of the glossary for each. */
export const TERMS = /** @type {const} */ (["Batch", "Token", "Surprise", "Gradient", "AdamW", "Loss"]);

/** @type {((seen: StepSeen) => Omit<Told, "name">)[]} */
const TOLD = [
  ({ rows, length }) => ({
    title: "A batch is drawn",
    words: [
      `${some(rows, "piece")} of ${some(length, "token")} ${rows === 1 ? "is" : "are"} drawn by chance from the text, but not from its end, which is held back.`,
      `${rows === 1 ? "It is" : "They are"} lit up here; choose one to follow it.`,
    ],
  }),
  ({ rows, length }) => ({
    title: "Each place predicts",
    words: [
      "At each place the model has read its piece up to there, and gives every token a chance to be the next one.",
      `All ${count(rows * length)} places do so at once; press a token to see how it was predicted.`,
    ],
  }),
  ({ losses: [before] }) => ({
    title: "Each place is scored",
    words: [
      "Then the token that really comes is looked up: the smaller its chance, the greater the surprise.",
      `The mean over the batch is the loss, ${surprise(before)} a token.`,
    ],
  }),
  ({ gradient_norm, clip_norm, scale }) => ({
    title: "The blame flows back",
    words: [
      "From the surprises, back through every layer, it is worked out how the loss changes with each number of the model: the gradient.",
      scale < 1
        ? `Its size is ${figure(gradient_norm)}, but at most ${figure(clip_norm)} is let through, so all of it is multiplied by ${figure(scale)}.`
        : `Its size is ${figure(gradient_norm)}; up to ${figure(clip_norm)} is let through, so it stays as it is.`,
    ],
  }),
  (seen) => ({ title: "The weights move", words: [
    `Each number moves against its gradient, smoothed over the steps before (AdamW), at a learning rate of ${figure(seen.learning_rate)}.`,
    movedMost(seen),
  ] }),
  (seen) => ({ title: "The same batch again", words: [changed(seen), counted(seen)] }),
];

/** @param {StepSeen} seen */
function movedMost({ tensors, layers }) {
  const cells = cellsOf(tensors).filter((cell) => relative(cell) !== null);
  const cell = mostOf(cells, (cell) => relative(cell) ?? 0);
  const at = cell.stage > 0 && cell.stage <= layers ? ` of layer ${cell.stage}` : ` ${stageName(cell.stage, layers)}`;
  return `For its size, most moved: ${partName(cell.part)}${at}, by ${percentOf(relative(cell) ?? 0)}.`;
}

/** @param {StepSeen} seen */
function changed({ losses: [before, after] }) {
  const change = Math.abs(before - after);
  const how = after < before ? `${figure(change)} less than before` : after > before ? `${figure(change)} more than before: a step can miss` : "as before";
  return `Predicted anew, the very same batch has a loss of ${surprise(after)} a token, ${how}.`;
}

/** @param {StepSeen} seen */
function counted({ before, after }) {
  const { better, worse, same } = compared(before, after);
  return `Of ${some(before.length, "place")}, ${count(better)} got better and ${count(worse)} got worse${same > 0 ? `; ${count(same)} stayed as they were` : ""}.`;
}

/** @param {number} share @param {number} [digits] */
export const percentOf = (share, digits) => (share === 0 ? "0 %" : share < 1e-5 ? "< 0.001 %" : `${figure(100 * share, digits)} %`);

/** @param {StepSeen} seen @param {number} step  from 0 @returns {Told} */
export const told = (seen, step) => ({ name: STEPS[step], ...TOLD[step](seen) });

/** What else is so about the numbers that are shown. @param {StepSeen} seen @returns {string[]} */
export function remarks({ step, steps, dropout, rounded, tensors }) {
  const held = tensors.reduce((sum, tensor) => sum + tensor.held, 0);
  return [
    `This is step ${count(step)}, made beside the training, which is not touched.`,
    step > steps && `All ${count(steps)} steps of it were made: this is the one that would come next.`,
    dropout > 0 && `Dropout mutes ${figure(100 * dropout)} % of the signals at random while learning; here the same ones both times.`,
    rounded && "It was worked out on the processor: on the graphics card it differs by rounding.",
    held > 0 && `${some(held, "number")} of waves ${held === 1 ? "is" : "are"} held still: the gradient counts as zero there.`,
  ].filter((words) => words !== false);
}
