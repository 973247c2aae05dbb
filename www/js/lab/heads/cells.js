// Where the heads' cells lie in their grid: layer under layer, in as many rows as the width needs.

const LEAST = 132;
export const GAP = 8;
/** Above the first row of a layer. */
const TOP = 26;
const CELL = 152;

/** Heads side by side, in rows of equal length. @param {number} heads @param {number} width */
export function columns(heads, width) {
  const most = Math.max(1, Math.min(heads, Math.floor((width - GAP) / (LEAST + GAP))));
  return Math.ceil(heads / Math.ceil(heads / most));
}

/** @param {number} layers @param {number} heads @param {number} width */
export const gridHeight = (layers, heads, width) => layers * (TOP + Math.ceil(heads / columns(heads, width)) * (CELL + GAP)) + GAP;

/** Where a head's cell lies. @param {number} place @param {number} heads In a layer. @param {number} width */
export function cellOf(place, heads, width) {
  const across = columns(heads, width);
  const [layer, head] = [Math.floor(place / heads), place % heads];
  const block = TOP + Math.ceil(heads / across) * (CELL + GAP);
  const cell = (width - GAP) / across - GAP;
  return { x: GAP + (head % across) * (cell + GAP), y: layer * block + TOP + Math.floor(head / across) * (CELL + GAP), width: cell, height: CELL };
}

/** The head at a point, or -1. @param {number} x @param {number} y @param {number} count @param {number} heads @param {number} width */
export function headAt(x, y, count, heads, width) {
  for (let place = 0; place < count; place++) {
    const cell = cellOf(place, heads, width);
    if (x >= cell.x && x < cell.x + cell.width && y >= cell.y && y < cell.y + cell.height) return place;
  }
  return -1;
}
