// Two texts of tokens laid under each other: where they part, and from there with as few places as possible
// in which they differ (Levenshtein's distance, with its way).

/**
 * A place: the token of either text that stands there, or -1 for a gap.
 * @typedef {{before: number, after: number}} Place
 *
 * @typedef {object} Alignment
 * @property {number} common How many tokens both begin with.
 * @property {Place[]} places What follows.
 * @property {number} differing How many of those differ.
 */

/**
 * @param {readonly (string | number)[]} before @param {readonly (string | number)[]} after
 * @returns {Alignment}
 */
export function align(before, after) {
  let common = 0;
  while (common < before.length && common < after.length && before[common] === after[common]) common++;
  const places = way(before.slice(common), after.slice(common))
    .map(({ before, after }) => ({ before: before < 0 ? -1 : before + common, after: after < 0 ? -1 : after + common }));
  const same = places.filter((place) => place.before >= 0 && place.after >= 0 && before[place.before] === after[place.after]);
  return { common, places, differing: places.length - same.length };
}

/** @param {readonly (string | number)[]} a @param {readonly (string | number)[]} b @returns {Place[]} */
function way(a, b) {
  const width = b.length + 1;
  // What is left to change from place i of the one and j of the other on.
  const cost = new Uint32Array((a.length + 1) * width);
  for (let i = a.length; i >= 0; i--) {
    for (let j = b.length; j >= 0; j--) {
      if (i === a.length) cost[i * width + j] = b.length - j;
      else if (j === b.length) cost[i * width + j] = a.length - i;
      else {
        const both = cost[(i + 1) * width + j + 1] + Number(a[i] !== b[j]);
        cost[i * width + j] = Math.min(both, 1 + cost[(i + 1) * width + j], 1 + cost[i * width + j + 1]);
      }
    }
  }
  const places = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const left = cost[i * width + j];
    if (i < a.length && j < b.length && left === cost[(i + 1) * width + j + 1] + Number(a[i] !== b[j])) places.push({ before: i++, after: j++ });
    else if (i < a.length && left === 1 + cost[(i + 1) * width + j]) places.push({ before: i++, after: -1 });
    else places.push({ before: -1, after: j++ });
  }
  return places;
}

/** Longest piece of a text without a space that is taken for a word. */
const LONGEST_WORD = 24;

/**
 * The words at which two texts part; null where the texts are the same.
 * @param {string} before @param {string} after
 */
export function partingOf(before, after) {
  if (before === after) return null;
  const [a, b] = [[...before], [...after]];
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  let from = at;
  while (from > 0 && at - from < LONGEST_WORD && !/\s/.test(a[from - 1])) from--;
  /** @param {string[]} text @param {RegExp} words */
  const take = (text, words) => words.exec(text.slice(from, from + 2 * LONGEST_WORD).join(""))?.[0] ?? "";
  // Where the one goes on with a space, the word after it tells them apart.
  const words = [/^\s*\S*/, /^\s*\S*\s*\S*/].find((words) => take(a, words) !== take(b, words)) ?? /^.*/s;
  return { before: take(a, words), after: take(b, words) };
}
