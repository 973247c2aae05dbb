// What is peculiar to a training that goes on from a model: what it is called, and what is kept with it. No DOM here.

/** @typedef {import("./presets.js").Choices} Choices */

/** Of a model's name that a training's holds, and of its text's: longer ones are kept by nothing (keep/limits.js). */
const LONGEST = 60;
const LONGEST_TEXT = 120;
const ONWARD = ", on from ";
/** @param {string} name @param {number} longest */
const cut = (name, longest) => (name.length > longest ? `${name.slice(0, longest)}…` : name);

/** What a text is called whose training is called so. @param {string} dataName */
export const textName = (dataName) => dataName.split(ONWARD)[0];

/** Whether its text is kept with it: the person's own, and one of which only what the model knows is read. @param {Pick<Choices, "data" | "base">} choices */
export const ownText = ({ data, base }) => data === "own" || Boolean(base);

/** What a training is called. @param {string} dataName @param {Pick<Choices, "base">} choices */
export function nameOf(dataName, { base }) {
  const text = cut(dataName, LONGEST_TEXT);
  return base ? `${text}${ONWARD}${cut(base.name, LONGEST)}` : text;
}

/** What it is called where its size is told, too. @param {{ data_name: string }} plan @param {Pick<Choices, "base" | "size"> | null} choices */
export const titleOf = ({ data_name }, choices) => (choices?.base ? data_name : `${data_name}, ${choices?.size} model`);
