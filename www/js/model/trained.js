// The models that were trained in this browser, for the menu of models.

import { RunLibrary } from "../runs/library.js";

/** @typedef {{name: string, about: string, open: () => Promise<unknown>}} Choice */

/** The newest first. @param {import("../page/app.js").App} app @returns {Promise<Choice[]>} */
export async function trainedModels({ models, storage }) {
  const library = new RunLibrary(storage);
  const cards = (await library.cards()).filter(({ last }) => last);
  return cards.map((card) => ({
    name: card.name,
    about: `trained here, step ${(card.last?.step ?? 0).toLocaleString("en-GB")}`,
    open: async () => models.openBytes((await library.bytes(card, "last")).buffer, card.name),
  }));
}
