// Lines of curves, and their axes: ends, ticks and numbers. No DOM here.

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {number[]} steps
 * @property {number[]} values
 * @property {string} colour   a custom property such as "--ink"
 * @property {number} width
 * @property {number[]} [dash]
 * @property {boolean} [rings]   around each value
 * @property {boolean} [faint]   stands behind another, such as raw values behind smoothed ones: it is not read
 */

/** Ticks of a logarithmic axis within a decade, from few to many: decades alone are too far apart for a loss. */
const STEPS = [[1], [1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3.2, 3.6, 4, 5, 6, 7, 8, 9]];

/**
 * @param {number} low @param {number} high @param {number} most  about how many
 * @returns {number[]}
 */
export function logTicks(low, high, most) {
  /** @type {number[]} */
  let ticks = [];
  if (!(low > 0) || !Number.isFinite(high)) return ticks;
  for (const steps of STEPS) {
    ticks = [];
    for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade++) {
      // Rounded, because 3 · 10⁻¹ is not 0.3.
      ticks.push(...steps.map((step) => Number((step * 10 ** decade).toPrecision(3))).filter((tick) => tick >= low && tick <= high));
    }
    if (ticks.length >= Math.min(4, most)) break;
  }
  const every = Math.ceil(ticks.length / most);
  return ticks.filter((_, i) => i % every === 0);
}

/**
 * The ends of a value axis: a little more than the values take. What cannot be negative does not get negative room.
 * @param {number | null} low @param {number | null} high @param {boolean} log
 * @returns {[number, number]}
 */
export function spread(low, high, log) {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return log ? [1, 4] : [0, 4];
  const most = Number.MAX_VALUE;
  // A logarithm knows nothing below 0: what is there is left out.
  if (log) return low > 0 ? [low * 0.93, Math.min(high * 1.05, most)] : high > 0 ? [high / 1000, Math.min(high * 1.05, most)] : [1, 4];
  const size = Math.max(Math.abs(low), Math.abs(high));
  const margin = Math.max((high - low) * 0.08, size * 0.02, size === 0 ? 1 : 0);
  return [low >= 0 ? Math.max(0, low - margin) : Math.max(low - margin, -most), Math.min(high + margin, most)];
}

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Short enough for an axis. @param {number} value @returns {string} */
export function axisNumber(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))} k`;
  if (size < 1e-3) {
    const [digits, power] = Number(value.toPrecision(3)).toExponential().split("e");
    return `${digits.replace("-", "−")}·10⁻${[...power.slice(1)].map((digit) => SUPERSCRIPT[Number(digit)]).join("")}`;
  }
  return String(Number(value.toPrecision(3))).replace("-", "−");
}
