// The models that are kept in this browser, for the menu of models.

import { RunLibrary } from "../runs/library.js";
import { room } from "../train/words.js";
import { ModelShelf } from "./shelf.js";

/** @typedef {{name: string, about: string, isOpen: boolean, open: () => Promise<unknown>}} Choice */

/** Those that were trained here, the newest first, then those from files. @param {import("../page/app.js").App} app @returns {Promise<Choice[]>} */
export async function keptModels(app) {
  const { models, storage } = app;
  const { name: openName, trained: isTrained } = models.source;
  const library = new RunLibrary(storage);
  const shelf = new ModelShelf(app);
  const [trainings, others] = await Promise.all([library.cards(), shelf.cards()]);
  const trained = trainings.filter(({ last }) => last).map((card) => ({
    name: card.name,
    about: `trained here, step ${(card.last?.step ?? 0).toLocaleString("en-GB")}`,
    isOpen: isTrained === true && card.name === openName,
    open: async () => models.openBytes((await library.bytes(card, "last")).buffer, card.name, { trained: true }),
  }));
  return [...trained, ...others.map((card) => ({ name: card.name, about: `from a file, ${room(card.size)}`, isOpen: card.id === shelf.openId, open: () => shelf.open(card) }))];
}
