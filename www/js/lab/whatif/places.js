// Where things lie in a chart along a text.

/** Room beside the bars, in CSS pixels. */
export const SIDES = { left: 52, right: 12 };

/** The token at a place across, or -1. @param {number} x @param {number} width @param {number} count */
export function tokenAt(x, width, count) {
  const share = (x - SIDES.left) / (width - SIDES.left - SIDES.right);
  return share >= 0 && share < 1 ? Math.floor(share * count) : -1;
}

/** 1, 2 or 5 times a power of ten, that much or a little more. @param {number} most */
export function roundUp(most) {
  if (!(most > 0) || !Number.isFinite(most)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= most * 0.999999) ?? most;
}
