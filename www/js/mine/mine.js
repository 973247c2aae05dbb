// Mine: what the person made or brought, as this browser keeps it: trainings, models, texts, races, and how much room they
// take. This file only wires.

import { h } from "../page/dom.js";
import { RunsView } from "../runs/runs.js";
import { keptModels } from "./models.js";
import { keptRaces } from "./races.js";
import { MineRoom } from "./room.js";
import { keptTexts } from "./texts.js";

/**
 * @param {HTMLElement} root @param {import("../page/app.js").App} app
 * @param {import("../train/train.js").TrainPlace | undefined} train  undefined where it could not be loaded
 * @param {import("../race/race.js").RacePlace | undefined} race
 */
export function mountMine(root, app, train, race) {
  if (!train || !race) throw new Error("It needs the parts of the page that train and race, which have not come. Try again when there is a connection to the page's server.");
  const trainings = new RunsView(app, train);
  const lists = [keptModels(app), keptTexts(app, train), keptRaces(app, race)];
  const room = new MineRoom(app.storage);
  const empty = emptyState();
  const open = h("button", { type: "button", title: "A model (.safetensors), a training of this page or a text; dropping one on the page does the same", onclick: () => trainings.picker.click() }, "Open a file");
  const next = h("p", { class: "mine-next" }, "Next: ", h("a", { href: "#train", "data-to": "train" }, "train another"), ", or ", h("a", { href: "#race", "data-to": "race" }, "race it against a Transformer"), ".");
  const rest = h("div", { class: "mine-rest" }, lists.map(({ element }) => element));
  root.replaceChildren(
    h("header", { class: "panel-head" }, h("h2", { id: "mine-title" }, "Mine"),
      h("p", { class: "panel-hint" }, "What you made or brought. It is kept in this browser and nowhere else, until you delete it.")),
    h("div", { class: "mine-box train-box" }, h("div", { class: "mine-top" }, room.element, open), empty, trainings.element, rest, next));

  const NAMES = [["training", "trainings"], ["model", "models"], ["text", "texts"], ["race", "races"]];
  const amounts = NAMES.map(() => ({ count: 0, bytes: 0 }));
  /** Whether each has said how much there is: before, nothing is known to be empty. @type {Set<number>} */ const told = new Set();
  const showRoom = () => {
    if (root.classList.contains("behind")) return; // Coming into sight asks again.
    room.show(amounts.map(({ count, bytes }, i) => ({ bytes, what: count === 0 ? "" : `${count} ${NAMES[i][count === 1 ? 0 : 1]}` })));
  };
  [trainings, ...lists].forEach((part, i) => {
    part.onAmount = (count, bytes) => {
      amounts[i] = { count, bytes };
      told.add(i);
      const nothing = [trainings.element, ...lists.map(({ element }) => element)].every((element) => element.hidden);
      empty.hidden = told.size < NAMES.length || !nothing;
      next.hidden = nothing;
      showRoom();
    };
  });
  const look = () => {
    if (app.state.get("place") !== "mine") return;
    trainings.refresh();
    for (const list of lists) list.render();
  };
  app.state.on("place", () => queueMicrotask(look));
  app.storage.onChange(look);
  for (const list of lists) list.render();
}

/** Shown while there is nothing yet. */
function emptyState() {
  return h("div", { class: "mine-empty", hidden: true },
    h("p", null, "Nothing is here yet. What you train, the models and texts that you open and the races that you run will stand here, to open, compare, download and delete."),
    h("p", null, h("a", { href: "#story/names", "data-to": "story", "data-view": "names" }, "Teach a model names"), " (a minute), ",
      h("a", { href: "#train", "data-to": "train" }, "train one on a text of your own"), ", or open a file."));
}
