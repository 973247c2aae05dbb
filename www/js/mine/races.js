// The last races, as they are kept, and one that was not finished.

import { download } from "../files/out.js";
import { weightOf } from "../keep/plain.js";
import { nameOf, outcome, toJson } from "../race/results.js";
import { MinePart } from "./part.js";

/** @param {import("../page/app.js").App} app @param {import("../race/race.js").RacePlace} race @returns {MinePart} */
export function keptRaces({ announce, show }, { run, open }) {
  /** @param {import("../race/results.js").Result} result @returns {import("./part.js").Item} */
  const item = (result) => {
    const { plan, heats } = result;
    const name = nameOf(result);
    return {
      id: plan.id, name, size: weightOf(result), about: "", state: outcome(plan, heats),
      actions: [
        { label: "Open", title: run.busy ? "A race is under way" : "Its curves, its table and both texts, under Race", disabled: run.busy || run.unfinished, run: () => {
          show("race");
          open(plan.id);
        } },
        { label: "Download", title: "All of its numbers (JSON)", run: () => download(toJson(result), `wave-field-race-${plan.choices.lineUp}-${plan.id}.json`) },
        { label: "Delete", run: async () => {
          await run.forgetResult(plan.id);
          announce(`${name} was deleted. It can be taken back for ten seconds.`);
          await part.offerBack(name, () => run.putBack(result));
        } },
      ],
    };
  };
  /** @returns {import("./part.js").Item[]} */
  const unfinished = () => {
    const { choices } = run.plan ?? {};
    return choices && run.unfinished ? [{ id: "unfinished", name: `${choices.data_name}, ${choices.size}`, about: "not finished: it goes on where it was stopped", actions: [{ label: "Open", run: () => show("race") }] }] : [];
  };
  const part = new MinePart("Races", "The last five that were finished. Older ones make room for newer ones.", async () => [...unfinished(), ...run.results.map(item)]);
  // What only reports a step changes nothing here.
  let known = "";
  run.onChange(() => {
    const now = `${run.state} ${run.results.map(({ plan }) => plan.id)}`;
    if (now === known) return;
    known = now;
    part.render();
  });
  return part;
}
