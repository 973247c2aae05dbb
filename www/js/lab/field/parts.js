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

/** In few digits. @param {number} value */
export const rounded = (value) => String(Number(value.toPrecision(2)));

/** Which cells a token sits on, and how much of it on each. @param {number} position @returns {string} */
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

/**
 * The field at a time, or between two of them while the picture moves on.
 * @param {Float32Array} frames (N, G) @param {number} cells @param {number} time @returns {Float32Array}
 */
export function between(frames, cells, time) {
  const token = Math.floor(time);
  const here = frames.subarray(token * cells, (token + 1) * cells);
  const part = time - token;
  if (part === 0) return here;
  const next = frames.subarray((token + 1) * cells, (token + 2) * cells);
  return here.map((value, cell) => value + part * (next[cell] - value));
}

/** What lies on each cell once the tokens up to one are read. @param {number} cells @param {ArrayLike<number>} positions @param {ArrayLike<number>} deposits @param {number} token */
export function droppedOn(cells, positions, deposits, token) {
  const dropped = new Float64Array(cells);
  for (let i = 0; i <= token; i++) {
    const cell = Math.floor(positions[i]);
    const fraction = positions[i] - cell;
    dropped[cell] += deposits[i] * (1 - fraction);
    if (fraction > 0) dropped[cell + 1] += deposits[i] * fraction;
  }
  return dropped;
}

/**
 * What reaches the top of each lane. It grows with what is seen and shrinks only for another thing to see, so that
 * a head that is turned down looks smaller, and nothing jumps while a text is written.
 */
export class FieldScales {
  now = { dropped: 0, waves: 0, coupled: 0 };
  #kernel = 0;
  #key = "";

  /** @param {import("../../engine/observations.js").FieldView} view @param {string} key Other when another thing is seen. */
  take(view, key) {
    if (key !== this.#key) this.now = { dropped: 0, waves: 0, coupled: 0 };
    if (key !== this.#key) this.#kernel = 0;
    this.#key = key;
    this.now.dropped = Math.max(this.now.dropped, peakOf([view.deposits]));
    this.now.waves = Math.max(this.now.waves, peakOf([view.frames]));
    this.now.coupled = Math.max(this.now.coupled, peakOf([view.coupled, view.picked_up]));
    this.#kernel = Math.max(this.#kernel, peakOf([view.kernel]));
  }

  /** The largest that one token's own wave has been. */
  get own() {
    return this.now.dropped * this.#kernel;
  }
}
