// The models that came from elsewhere and are kept here.

import { download } from "../files/out.js";
import { fileName } from "../model/file-name.js";
import { ModelShelf } from "../model/shelf.js";
import { shortCount } from "../train/words.js";
import { MinePart, date } from "./part.js";

/** @param {import("../page/app.js").App} app @returns {MinePart} */
export function keptModels(app) {
  const { announce, show } = app;
  const shelf = new ModelShelf(app);

  /** @param {import("../model/shelf.js").ModelCard} card */
  const item = (card) => {
    const { id, name, size, openedAt, about } = card;
    const isOpen = id === shelf.openId;
    const kind = about && `${about.architecture === "standard" ? "standard Transformer, " : ""}${shortCount(about.parameters)} parameters, ${about.layers} × ${about.heads} heads`;
    return {
      id, name, size, about: [kind, date(openedAt)].filter(Boolean).join(" · "),
      state: [isOpen && "Open now", !shelf.isStored(id) && "kept only until this tab is closed"].filter(Boolean).join(", "),
      actions: [
        { label: isOpen ? "Write with it" : "Open", run: async () => {
          if (!isOpen) await shelf.open(card);
          show("write");
        } },
        { label: "Download", title: "The file as it was opened, without bends", run: async () => download((await shelf.source(card)).bytes, fileName(name)) },
        { label: "Delete", run: async () => {
          const wasOpen = await shelf.remove(card);
          announce(`${name} was deleted. It can be taken back for ten seconds.`);
          await part.offerBack(name, () => shelf.takeBack(card, wasOpen));
        } },
      ],
    };
  };
  const part = new MinePart("Models", "Opened from files. They stay until you delete them; what you bend in one is kept beside it, and leaves its file as it was.", async () => (await shelf.cards()).map(item));
  shelf.onChange(() => part.render());
  shelf.begin();
  return part;
}
