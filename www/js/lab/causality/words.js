// What the view "No leak" says of its measurements.

import { PLACE_NAMES, PLACES, summary, whyNoGpu, wordsOfChange } from "../../model/causality.js";

/**
 * @typedef {import("../../model/causality.js").Findings} Findings
 * @typedef {import("../../model/causality.js").Place} Place
 * @typedef {{mark: string, kind: "good" | "bad" | "open", words: string}} Line
 */

/** What was found in one place. @param {Findings} found @param {Place} place @param {import("../../engine/protocol.js").DeviceStatus | null} status @returns {Line} */
export function lineOf({ leaks, plan, phase, gpuFault }, place, status) {
  const name = PLACE_NAMES[place];
  const all = summary(leaks[place]);
  if (place === "gpu" && gpuFault) return { mark: "?", kind: "open", words: `${name}: it failed while it was measured. ${gpuFault}` };
  if (!all || !plan) {
    const why = place === "gpu" ? whyNoGpu(status) : "";
    const words = why ? `not measured. ${why}` : phase === "measuring" ? "to be measured." : "not measured yet.";
    return { mark: "·", kind: "open", words: `${name}: ${words}` };
  }
  const places = `${all.count} exchanged ${all.count === 1 ? "token" : "tokens"}`;
  switch (all.verdict) {
    case "no_leak":
      return { mark: "✓", kind: "good", words: `${name}: no leak. Over ${places}, ${all.before === 0 ? "no earlier prediction changed at all" : `no earlier prediction changed by more than ${wordsOfChange(all.before)}`}; from the token on, something always changed by ${wordsOfChange(all.after)} or more.` };
    case "leak":
      return { mark: "✗", kind: "bad", words: `${name}: a leak. An earlier prediction changed by ${wordsOfChange(all.before)} when a later token was exchanged, where ${wordsOfChange(plan.threshold)} passes as rounding.` };
    case "saw_nothing":
      return { mark: "?", kind: "open", words: `${name}: saw nothing. For ${all.unseen} of ${places} the exchange changed less than ${wordsOfChange(plan.seen)} anywhere, too little to tell a leak from rounding.` };
    default:
      return { mark: "✗", kind: "bad", words: `${name}: the predictions are not numbers, so nothing can be compared. Reset the waves, or open another model.` };
  }
}

/** The caption. @param {Findings} found */
export function describe({ leaks, plan, phase, done, total }) {
  if (!plan) return "Nothing has been measured yet.";
  const lengths = new Set([...leaks.cpu, ...leaks.gpu].map(({ length }) => length));
  const parts = PLACES.flatMap((place) => {
    const all = summary(leaks[place]);
    return all ? [`${PLACE_NAMES[place]}: before the exchanged token at most ${wordsOfChange(all.before)}, from it on at least ${wordsOfChange(all.after)}, over ${all.count} exchanges.`] : [];
  });
  const whole = plan.config.max_seq_len;
  const longest = Math.max(0, ...lengths);
  const context = longest === whole ? `up to the model's whole context of ${whole} tokens` : `up to ${longest} of the ${whole} tokens that the model reads at most`;
  const stopped = phase === "stopped" ? ` Stopped after ${done} of ${total} probes.` : "";
  return `The largest change of a prediction, where 1 is the largest score of all. ${parts.join(" ")} Texts of ${lengths.size} ${lengths.size === 1 ? "length" : "lengths"}, ${context}. Up to ${wordsOfChange(plan.threshold)} passes as rounding.${stopped}`;
}

/** Every measurement, for the file. @param {Findings} found @returns {import("../../charts/figure.js").Table} */
export const tableOf = ({ leaks }) => ({
  head: ["device", "tokens of the text", "exchanged token", "largest change before it", "largest change from it on", "largest score", "verdict"],
  rows: PLACES.flatMap((place) => leaks[place].map((leak) =>
    [PLACE_NAMES[place], leak.length, leak.position + 1, leak.before, leak.after, leak.scale, leak.verdict.replaceAll("_", " ")])),
});

/**
 * A row for each length of text: how many tokens were exchanged, and the worst on each device.
 * @param {Findings} found @returns {{length: number, count: number, before: Record<Place, number | null>, after: number}[]}
 */
export function byLength({ leaks }) {
  const all = [...leaks.cpu, ...leaks.gpu];
  const lengths = [...new Set(all.map(({ length }) => length))].sort((a, b) => a - b);
  return lengths.map((length) => {
    const of = (/** @type {Place} */ place) => leaks[place].filter((leak) => leak.length === length);
    const worst = (/** @type {Place} */ place) => summary(of(place))?.before ?? null;
    return {
      length,
      count: Math.max(of("cpu").length, of("gpu").length),
      before: { cpu: worst("cpu"), gpu: worst("gpu") },
      after: Math.min(...all.filter((leak) => leak.length === length).map(({ after }) => after)),
    };
  });
}
