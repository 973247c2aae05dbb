// Tables as text.

/** A line of a CSV file. @param {readonly (string | number)[]} values */
export const csvLine = (values) => `${values.map((value) => (/[",\n\r]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value))).join(",")}\n`;

/** A whole table. @param {{head: string[], rows: (string | number)[][]}} table @returns {string} */
export const csv = ({ head, rows }) => [head, ...rows].map(csvLine).join("");
