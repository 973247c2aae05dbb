// A long text as lines of equal length: where a piece of it lies. No DOM.

export const LINES = 6;

/**
 * The parts of lines that a piece takes.
 * @param {number} start @param {number} end  in tokens @param {number} total  of the text
 * @returns {{line: number, from: number, to: number}[]} shares of a line
 */
export function lineOf(start, end, total) {
  const each = Math.max(total, 1) / LINES;
  const parts = [];
  for (let line = Math.min(Math.floor(start / each), LINES - 1); line < LINES && line * each < end; line++) {
    parts.push({ line, from: Math.max(start / each - line, 0), to: Math.min(end / each - line, 1) });
  }
  return parts;
}

/**
 * The piece nearest to a point, or -1 where there is none on its line.
 * @param {readonly number[]} starts @param {number} length @param {number} total @param {number} across  share of a line @param {number} down  share of all lines
 */
export function nearest(starts, length, total, across, down) {
  const line = Math.floor(down * LINES);
  let best = { row: -1, far: Infinity };
  starts.forEach((start, row) => {
    for (const part of lineOf(start, start + length + 1, total)) {
      if (part.line !== line) continue;
      const far = across < part.from ? part.from - across : across > part.to ? across - part.to : 0;
      if (far < best.far) best = { row, far };
    }
  });
  return best.row;
}
