// A link as a QR code: dark on light whatever the page's theme, with the quiet zone of four modules that readers need. No DOM.

/** @typedef {{ size: number, data: boolean[][] }} Code  modules, the quiet zone included; true is dark */

/** What is still read from a screen by a phone's camera: 97 modules a side, and so many signs. */
const VERSION = 20;
export const LONGEST = 850;
const QUIET = 4;

/**
 * @param {string} link  at most {@link LONGEST} signs of ASCII, as an address has
 * @param {typeof import("uqr").encode} encode @returns {Code}
 */
export function codeOf(link, encode) {
  const { size, data } = encode(link, { ecc: "L", boostEcc: true, maxVersion: VERSION, border: QUIET });
  return { size, data };
}

/** The dark modules as one path, in modules. @param {Code} code */
export function pathOf({ data }) {
  let path = "";
  data.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const from = x;
      while (row[x + 1]) x++;
      path += `M${from} ${y}h${x + 1 - from}v1H${from}z`;
    }
  });
  return path;
}

/** As a file. @param {Code} code */
export const svgOf = (code) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${code.size} ${code.size}" width="${8 * code.size}" height="${8 * code.size}" shape-rendering="crispEdges">`
  + `<path fill="#fff" d="M0 0h${code.size}v${code.size}H0z"/><path d="${pathOf(code)}"/></svg>\n`;

/** Why there is no code of a link, in words; empty where there is one. @param {string} link @param {readonly string[]} long  what makes it long */
export function tooLongInWords(link, long) {
  if (link.length <= LONGEST) return "";
  const number = (/** @type {number} */ count) => count.toLocaleString("en-GB");
  const why = long.length > 0 ? ` What makes it long: ${long.join(", ")}.` : "";
  return `This link has ${number(link.length)} signs, and a code that a phone's camera reads from a screen holds up to ${number(LONGEST)}.${why} Send the link itself.`;
}
