// Tables as text.

/** A line of a CSV file. @param {readonly (string | number)[]} values */
export const csvLine = (values) => `${values.map((value) => (/[",\n\r]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value))).join(",")}\n`;
