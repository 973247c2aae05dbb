// What-if in words: what was bent, and what became of the loss.

/**
 * @typedef {import("../../engine/protocol.js").Head} Head
 * @typedef {import("../../engine/observations.js").Taken} Taken
 * @typedef {import("../../engine/observations.js").LossChange} LossChange
 */

/** Most changes that are named. */
const NAMED = 3;

/**
 * What was bent: "layer 1, head 2 is muted; …".
 * @param {Pick<Taken, "heads" | "couplings">} taken
 */
export function differences({ heads, couplings }) {
  const found = heads.map(({ layer, head, before, after }) => `layer ${layer + 1}, head ${head + 1} ${difference(before, after)}`)
    .concat(couplings.map((layer) => `the heads of layer ${layer + 1} mix otherwise`));
  const more = found.length - NAMED;
  return found.slice(0, NAMED).join("; ") + (more > 0 ? `; and ${more} more ${more === 1 ? "change" : "changes"}` : "");
}

/** @param {Head} before @param {Head} after */
function difference(before, after) {
  if (before.gain !== after.gain && after.gain === 0) return "is muted";
  const parts = [];
  if (before.gain !== after.gain) parts.push(before.gain === 0 ? "is heard again" : `gain ${short(before.gain)} → ${short(after.gain)}`);
  for (const name of /** @type {const} */ (["frequency", "damping", "phase"])) {
    if (before[name] !== after[name]) parts.push(`${name} ${short(before[name])} → ${short(after[name])}`);
  }
  return parts.join(", ");
}

/** @param {number} value */
const short = (value) => String(Number(value.toPrecision(3))).replace("-", "−");

/**
 * What became of the loss.
 * @param {LossChange} change @param {number} read Windows so far. @param {number} all
 */
export function lossInWords({ mean, low, high, before, after }, read, all) {
  const on = `on ${read === all ? "all" : `${read} of`} ${all} windows`;
  const half = (high - low) / 2;
  const perplexities = `perplexity ${perplexity(before)} → ${perplexity(after)}`;
  if (mean === 0 && half === 0) return `No change: exactly 0 nats (perplexity ${perplexity(before)}) ${on}.`;
  const amount = `${nats(Math.abs(mean), half)} ± ${nats(half, half)} nats (${perplexities})`;
  if (low <= 0 && high >= 0) {
    return `No difference can be told${read === all ? "" : " yet"}: ${mean < 0 ? "−" : "+"}${amount} ${on}; the interval includes 0.`;
  }
  return `${mean > 0 ? "Worse" : "Better"} by ${amount} ${on}.`;
}

/**
 * The same in a sentence, as it is said beside the waves.
 * @param {import("../../engine/observations.js").LossChange & {windows: number}} round
 */
export function bendInWords({ mean, low, high, before, after, windows }) {
  const half = (high - low) / 2;
  const on = `on ${windows} windows of held-back text`;
  if (low <= 0 && high >= 0) return `Bent so, the loss stays as it is, as far as can be told ${on} (${mean < 0 ? "−" : "+"}${nats(Math.abs(mean), half)} ± ${nats(half, half)} nats a token).`;
  return `Bent so, the loss ${mean > 0 ? "rises" : "falls"} by ${nats(Math.abs(mean), half)} ± ${nats(half, half)} nats a token (perplexity ${perplexity(before)} → ${perplexity(after)}, ${on}).`;
}

/** As many digits as the interval makes sense of. @param {number} value @param {number} half */
function nats(value, half) {
  const digits = half > 0 ? Math.min(6, Math.max(3, 1 - Math.floor(Math.log10(half)))) : 4;
  return value.toFixed(digits);
}

/** @param {number} loss */
function perplexity(loss) {
  const value = Math.exp(loss);
  return value < 1e5 ? value.toFixed(value < 10 ? 3 : 1) : value.toExponential(1);
}

/**
 * Where two texts part.
 * @param {number} length Tokens of the text before. @param {import("./align.js").Alignment} alignment
 */
export function textsInWords(length, { common, places, differing }) {
  const count = (/** @type {number} */ tokens) => `${tokens} ${tokens === 1 ? "token" : "tokens"}`;
  if (places.length === 0) return `Both texts are the same, all ${count(length)}.`;
  const from = common === 0 ? "They part at the first token" : common === 1 ? "The first token is the same, then they part" : `The first ${common} tokens are the same, then they part`;
  return `${from}: laid under each other from there, they differ at ${differing} of ${places.length} places.`;
}

/**
 * How the interval narrowed, round by round.
 * @param {readonly (LossChange & {windows: number})[]} rounds
 */
export function roundsInWords(rounds) {
  const [first, last] = [rounds[0], rounds.at(-1)];
  if (!first || !last) return "Nothing was measured yet.";
  const signed = (/** @type {number} */ value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(4)}`;
  const round = (/** @type {LossChange & {windows: number}} */ { windows, mean, low, high }) => `${signed(mean)} nats on ${windows} windows (95 % interval ${signed(low)} to ${signed(high)})`;
  return `The change of the loss: ${first === last ? "" : `${round(first)} at first, then `}${round(last)}.`;
}
