// What is peculiar to a training that goes on from a model: what it is called, and what is kept with it. No DOM here.

/** @typedef {import("./presets.js").Choices} Choices */

/** Of a model's name that a training's holds. */
const LONGEST = 60;

/** Whether its text is kept with it: the person's own, and one of which only what the model knows is read. @param {Pick<Choices, "data" | "base">} choices */
export const ownText = ({ data, base }) => data === "own" || Boolean(base);

/** What a training is called. @param {string} dataName @param {Pick<Choices, "base">} choices */
export function nameOf(dataName, { base }) {
  if (!base) return dataName;
  const { name } = base;
  return `${dataName}, on from ${name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name}`;
}

/** What it is called where its size is told, too. @param {{ data_name: string }} plan @param {Pick<Choices, "base" | "size"> | null} choices */
export const titleOf = ({ data_name }, choices) => (choices?.base ? data_name : `${data_name}, ${choices?.size} model`);
