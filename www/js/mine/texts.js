// The person's own texts: the one in the form under Train, and those that trainings learn from.

import { download } from "../files/out.js";
import { OWN_TEXT } from "../text/data-sets.js";
import { fileStem } from "../train/words.js";
import { MinePart, date } from "./part.js";

/** @param {string | Blob} text */
const sizeOf = (text) => (typeof text === "string" ? new Blob([text]).size : text.size);

/** @param {import("../page/app.js").App} app @param {import("../train/train.js").TrainPlace} train @returns {MinePart} */
export function keptTexts({ show, storage }, train) {
  const { library } = train.run;
  const inForm = async () => {
    const kept = await storage.get(OWN_TEXT);
    if (!kept?.text) return [];
    const name = kept.name || "My text";
    return [{
      id: OWN_TEXT, name, size: sizeOf(kept.text), about: "in the form under Train", state: storage.isStored(OWN_TEXT) ? "" : "kept only until this tab is closed",
      actions: [
        { label: "Train on it", run: () => { show("train"); train.useOwnText(); } },
        { label: "Download", run: () => download(new Blob([kept.text]), `${fileStem(name.replace(/\.[^.]+$/, ""))}.txt`) },
        { label: "Delete", title: "It is taken out of the form, and can be put back", run: () => train.own.clear() },
      ],
    }];
  };
  const ofTrainings = async () => (await library.cards()).filter(({ textSize, choices }) => textSize > 0 && choices?.data === "own").map((card) => ({
    id: card.id, name: card.plan.data_name, size: card.textSize, about: `the training "${card.name}" learns from it · ${date(card.createdAt)}`,
    actions: [
      { label: "Train on it", title: "With the settings of that training", run: async () => { show("train"); train.useSettings(card, (await library.text(card.id)) ?? null); }, disabled: train.run.busy },
      { label: "Download", run: async () => download(new Blob([(await library.text(card.id)) ?? ""]), `${fileStem(card.plan.data_name)}.txt`) },
    ],
  }));
  const part = new MinePart("Texts", "Your own, pasted or opened. The text of a training goes with it.", async () => (await Promise.all([inForm(), ofTrainings()])).flat());
  train.own.onKept = () => part.render();
  // A snapshot changes no text, and reading one takes time from the training.
  let known = "";
  library.onChange(async () => {
    const now = JSON.stringify((await library.cards()).map(({ id, name, textSize }) => [id, name, textSize]));
    if (now === known) return;
    known = now;
    part.render();
  });
  return part;
}
