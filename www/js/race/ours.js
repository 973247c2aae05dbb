// Races that we ran, so that there is something to see before a visitor has run any. `node tests/browser/races.mjs --anew`
// runs them again, in the page itself.

/** @typedef {import("./results.js").Result} Result */
/** @typedef {import("./results.js").Heat} Heat */

const FILE = new URL("../../data/races.json", import.meta.url);
/** Points that a curve of ours keeps. */
const POINTS = 100;

/** @returns {Promise<Result[]>} */
export async function ourRaces() {
  const response = await fetch(FILE).catch(() => { throw new Error("The races that we ran could not be fetched: there is no connection to the page's server."); });
  if (!response.ok) throw new Error(`The races that we ran could not be fetched: the server answered ${response.status}.`);
  return response.json();
}

/** A heat as it is sent with the page: its curve in fewer points, and to as many places as can be seen. @param {Heat} heat @returns {Heat} */
export function coarser(heat) {
  const { width, sums, counts, last } = heat.curve;
  const together = Math.max(1, Math.ceil(sums.length / POINTS));
  const groups = (/** @type {number[]} */ values) => Array.from({ length: Math.ceil(values.length / together) }, (_, i) =>
    values.slice(i * together, (i + 1) * together).reduce((sum, value) => sum + value, 0));
  return { ...heat, curve: { width: width * together, sums: groups(sums).map((sum) => Number(sum.toFixed(3))), counts: groups(counts), last } };
}
