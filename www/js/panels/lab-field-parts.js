// What the field's picture is made of. Pure functions.

/**
 * What one token's own wave is on a cell: what it dropped, spread by the kernel from the two cells it sits on.
 * @param {ArrayLike<number>} kernel By cell. @param {number} position In cells. @param {number} deposit @param {number} cell
 */
export function ownWaveAt(kernel, position, deposit, cell) {
  const first = Math.floor(position);
  const fraction = position - first;
  if (cell < first) return 0;
  return deposit * ((1 - fraction) * (kernel[cell - first] ?? 0) + (fraction > 0 && cell > first ? fraction * (kernel[cell - first - 1] ?? 0) : 0));
}

/**
 * What a token at one place hears of one that sits at another.
 * @param {ArrayLike<number>} kernel @param {number} from @param {number} deposit @param {number} to
 */
export function heardAt(kernel, from, deposit, to) {
  const cell = Math.floor(to);
  const fraction = to - cell;
  return (1 - fraction) * ownWaveAt(kernel, from, deposit, cell) + (fraction > 0 ? fraction * ownWaveAt(kernel, from, deposit, cell + 1) : 0);
}

/** The largest distance from zero. @param {readonly ArrayLike<number>[]} lists */
export function peakOf(lists) {
  let peak = 0;
  for (const list of lists) for (let i = 0; i < list.length; i++) peak = Math.max(peak, Math.abs(list[i]));
  return peak;
}

/** Which cells a token sits on. @param {number} position @returns {string} */
export function placeInWords(position) {
  const cell = Math.floor(position);
  const fraction = position - cell;
  if (fraction < 1e-6) return `it sits on cell ${cell}.`;
  return `it sits at ${position.toFixed(2)}: ${(100 * (1 - fraction)).toFixed(0)} % on cell ${cell} and ${(100 * fraction).toFixed(0)} % on cell ${cell + 1}.`;
}

/** Where a list is farthest from zero. @param {ArrayLike<number>} values */
export function largestAt(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (Math.abs(values[i]) > Math.abs(values[best])) best = i;
  return best;
}
