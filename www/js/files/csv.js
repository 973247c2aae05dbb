// Tables as text that spreadsheets read: no cell is taken for a formula, none breaks its line. As files they leave by
// out.js, which says that they are UTF-8. By hand (0.4 KB, gzipped) rather than with Papa Parse (7.4 KB), which makes
// texts of negative numbers, and leaves formulae that begin with a space or in full width.

import { xmlText } from "../page/signs.js";

/** What a spreadsheet begins a formula with, also in full width; space before it does not help. */
const FORMULA = /^[\s\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;
const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** @typedef {string | number} Cell */

/** @param {Cell} value */
function cell(value) {
  if (typeof value === "number") return String(value);
  const text = xmlText(value);
  // The apostrophe is what spreadsheets themselves put before a text that looks like a formula.
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\n\r\t;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A line of a CSV file. @param {readonly Cell[]} values */
export const csvLine = (values) => `${values.map(cell).join(",")}\n`;

/** A whole table. @param {{head: readonly string[], rows: readonly (readonly Cell[])[]}} table @returns {string} */
export const csv = ({ head, rows }) => [head, ...rows].map(csvLine).join("");
