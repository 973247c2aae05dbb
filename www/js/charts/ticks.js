// Round numbers along an axis: never more than asked for, whatever the values are. No DOM here.

/**
 * @param {number} low @param {number} high @param {number} most  about how many
 * @param {number} [least]  the smallest step
 * @returns {number[]} none where the ends are no numbers, or too close to each other to be told apart
 */
export function roundTicks(low, high, most, least = 0) {
  const rough = Math.max((high - low) / most, least);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough) ?? rough;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  // Where a number is much larger than the step, neighbouring ones are the same.
  if (!(count >= 0 && count <= most + 1) || first + 1 === first) return [];
  return Array.from({ length: count }, (_, i) => (first + i) * step);
}
