// The models that are kept in this browser, for the menu of models.

import { RunLibrary } from "../runs/library.js";
import { room } from "../train/words.js";
import { anythingBent } from "./bent.js";
import { BENDS } from "./models.js";
import { ModelShelf } from "./shelf.js";

/** @typedef {{name: string, about: string, isOpen: boolean, open: () => Promise<unknown>}} Choice */

/** Those that were trained here, the newest first, then those from files. @param {import("../page/app.js").App} app @returns {Promise<Choice[]>} */
export async function keptModels(app) {
  const { models, state, storage } = app;
  const { name: openName, trained: isTrained } = models.source;
  const library = new RunLibrary(storage);
  const shelf = new ModelShelf(app);
  const [trainings, others, bent] = await Promise.all([library.cards(), shelf.cards(), storage.keys(BENDS)]);
  const isBent = (/** @type {string} */ id) => (id === shelf.openId ? anythingBent(state) : bent.includes(BENDS + id));
  const trained = trainings.filter(({ last }) => last).map((card) => ({
    name: card.name,
    about: `trained here, step ${(card.last?.step ?? 0).toLocaleString("en-GB")}`,
    isOpen: isTrained === true && card.name === openName,
    open: async () => models.openBytes((await library.bytes(card, "last")).buffer, card.name, { trained: true }),
  }));
  return [...trained, ...others.map((card) => ({ name: card.name, about: `from a file, ${room(card.size)}${isBent(card.id) ? ", bent" : ""}`, isOpen: card.id === shelf.openId, open: () => shelf.open(card) }))];
}
