// What can be drawn of a training against its steps, each quantity declared once: its words, its lines, how it is
// written. The chooser, the charts, their text alternatives and the table for download all derive from this list.

import { smooth, thin } from "../../charts/series.js";

/**
 * @typedef {import("../../charts/curve-axis.js").Line} Line
 * @typedef {import("../../charts/series.js").Curve} Curve
 * @typedef {import("./moment.js").Told} Told
 * @typedef {import("./moment.js").Then} Then
 *
 * Another run, drawn beside this one.
 * @typedef {object} Overlay
 * @property {string} name
 * @property {number[]} steps   of its training losses
 * @property {number[]} losses
 * @property {readonly { step: number, loss: number, accuracy?: number }[]} evaluations
 * @property {number[]} dash    tells it apart without its colour
 * @property {string} colour    a custom property such as "--head-1"
 *
 * @typedef {object} Way  how lines are wanted
 * @property {number} smoothing  points looked back over; 1 is none
 * @property {number} most       points of a line
 * @property {readonly Overlay[]} overlays
 *
 * @typedef {{ value: number | null | undefined, of: string }} Figure  of: of which text, where there are two
 *
 * @typedef {object} Quantity
 * @property {string} id
 * @property {string} title
 * @property {string} hint
 * @property {boolean} smooths   smoothing makes sense
 * @property {boolean | null} log  logarithmic at first; null: never
 * @property {(value: number) => string} format
 * @property {(then: Then) => Figure} figure  at a moment
 * @property {(told: Told, way: Way) => Line[]} lines
 * @property {(perplexity: number) => number} [guess]  where something of this perplexity lies, such as a model that knows nothing
 */

const VALIDATION = { name: "held-back text", colour: "--focus", width: 2, dash: [6, 4], rings: true };
const same = (/** @type {number} */ value) => value;

/** Of what a figure is, where there are two to confuse. */
const OF = { held: "held back", training: "training text" };
/** Of the text that was held back, once that was measured. @param {Then} then @param {(loss: number) => number} from @returns {Figure} */
const heldOr = ({ evaluation, loss }, from) =>
  (evaluation ? { value: from(evaluation.loss), of: OF.held } : { value: loss === null ? null : from(loss), of: OF.training });

/**
 * Raw values faintly, smoothed ones over them.
 * @param {string} name @param {Curve} curve @param {Way} way @returns {Line[]}
 */
function measured(name, curve, { smoothing, most }) {
  const smoothed = { steps: curve.steps, values: smooth(curve.values, smoothing) };
  const line = { name, colour: "--ink-2", width: 2, ...thin(smoothed, most) };
  if (smoothing === 1) return [line];
  return [{ name, colour: "--line-strong", width: 1, faint: true, ...thin(curve, most) }, line];
}

/**
 * @param {readonly import("../run.js").Evaluation[]} evaluations
 * @param {(evaluation: import("../run.js").Evaluation) => number} value
 * @returns {Line}
 */
const validated = (evaluations, value) => ({ ...VALIDATION, steps: evaluations.map(({ step }) => step), values: evaluations.map(value) });

/**
 * Loss or what is made from it: of training and validation, and of other runs.
 * @param {Told} told @param {Way} way @param {(loss: number) => number} from
 * @returns {Line[]}
 */
function losses({ facts, history }, way, from) {
  const made = (/** @type {Curve} */ curve) => ({ steps: curve.steps, values: curve.values.map(from) });
  const lines = measured(way.smoothing > 1 ? "training text, smoothed" : "training text", history.means(), way).map((line) => ({ ...line, ...made(line) }));
  const evaluations = validated(facts.evaluations, ({ loss }) => from(loss));
  return [...way.overlays.flatMap((overlay) => beside(overlay, way, made)), ...lines, evaluations];
}

/**
 * Another run: its validation is read, its training is behind it.
 * @param {Overlay} overlay @param {Way} way @param {(curve: Curve) => Curve} made @returns {Line[]}
 */
export function beside({ name, steps, losses: values, evaluations, dash, colour }, { smoothing, most }, made) {
  const training = made(thin({ steps, values: smooth(values, smoothing) }, most));
  const validation = made({ steps: evaluations.map(({ step }) => step), values: evaluations.map(({ loss }) => loss) });
  const read = validation.steps.length > 0;
  const look = { name, colour, dash };
  return [{ ...look, width: 1, faint: read, ...training }, ...(read ? [{ ...look, width: 2, rings: true, ...validation }] : [])];
}

/** Numbers of any size in few figures. @param {number} value */
export const plain = (value) => Math.abs(value) >= 10_000
  ? Math.round(value).toLocaleString("en-GB")
  : value.toLocaleString("en-GB", { maximumSignificantDigits: 3 });

/** @type {readonly Quantity[]} */
export const QUANTITIES = [
  {
    id: "loss", title: "Loss", smooths: true, log: false,
    hint: "Surprise in nats a token: lower is better. When that of the held-back text turns upwards, the text is being learnt by heart.",
    format: (value) => value.toFixed(3),
    figure: (then) => heldOr(then, same),
    lines: (told, way) => losses(told, way, same),
    guess: Math.log,
  },
  {
    id: "perplexity", title: "Perplexity", smooths: true, log: true,
    hint: "Among how many tokens it is torn at each place, as if all were equally likely: lower is better.",
    format: (value) => value.toFixed(2),
    figure: (then) => heldOr(then, Math.exp),
    lines: (told, way) => losses(told, way, Math.exp),
    guess: same,
  },
  {
    id: "accuracy", title: "Next token right", smooths: false, log: null,
    hint: "How often its first guess is the token that follows, in text that it does not learn from.",
    format: (value) => `${value.toFixed(1)} %`,
    figure: ({ evaluation }) => ({ value: evaluation && evaluation.accuracy * 100, of: evaluation ? OF.held : "" }),
    lines: ({ facts }, { overlays }) => [
      ...overlays.map(({ name, evaluations, dash, colour }) => {
        const known = evaluations.filter(({ accuracy }) => accuracy !== undefined);
        return { name, colour, dash, width: 2, rings: true, steps: known.map(({ step }) => step), values: known.map(({ accuracy = 0 }) => accuracy * 100) };
      }),
      validated(facts.evaluations, ({ accuracy }) => accuracy * 100),
    ],
  },
  {
    id: "rate", title: "Learning rate", smooths: false, log: false,
    hint: "How far a step may move the weights: it rises while the training warms up and falls towards the end.",
    format: plain,
    figure: ({ learningRate }) => ({ value: learningRate, of: "" }),
    lines: ({ course }, { most }) => [{ name: "learning rate", colour: "--ink-2", width: 2, ...thin(course.learningRate.means(), most) }],
  },
  {
    id: "gradient", title: "Gradient norm", smooths: true, log: false,
    hint: "How strongly a step's batch pulls at all weights together. Peaks that do not come down again are a sign of too high a learning rate.",
    format: plain,
    figure: ({ gradientNorm }) => ({ value: gradientNorm, of: "" }),
    lines: ({ course }, way) => measured("gradient norm", course.gradientNorm.means(), way),
  },
  {
    id: "speed", title: "Tokens a second", smooths: true, log: null,
    hint: "How fast it learns on this device, as averaged over a few seconds.",
    format: (value) => Math.round(value).toLocaleString("en-GB"),
    figure: ({ tokensPerSecond }) => ({ value: tokensPerSecond, of: "" }),
    lines: ({ course }, way) => measured("tokens a second", course.tokensPerSecond.means(), way),
  },
];

/**
 * A chart in words, with its numbers.
 * @param {Quantity} quantity @param {readonly Line[]} lines @returns {string}
 */
export function inWords({ title, format }, lines) {
  const told = lines.filter(({ faint, values }) => !faint && values.length > 0).map(({ name, steps, values }) => {
    const low = values.reduce((lowest, value, i) => (value < values[lowest] ? i : lowest), 0);
    const high = values.reduce((highest, value, i) => (value > values[highest] ? i : highest), 0);
    const at = (/** @type {number} */ i) => `${format(values[i])} at step ${steps[i].toLocaleString("en-GB")}`;
    return `${name} from ${at(0)} to ${at(values.length - 1)}, lowest ${at(low)}, highest ${at(high)}`;
  });
  return told.length > 0 ? `${title} against steps: ${told.join("; ")}.` : `${title} against steps: nothing yet.`;
}
