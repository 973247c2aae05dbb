// What a bend does to the loss, said beside the waves while they are bent. It comes later than the waves: it reads the
// text that was held back.

import { observe } from "../engine/observations.js";
import { LossWords } from "../lab/whatif/loss.js";
import { bendInWords } from "../lab/whatif/words.js";
import { isRecoupled } from "../model/couplings.js";
import { isBent } from "../model/heads.js";

/** Windows after which it is known well enough to be said. */
const ENOUGH = 24;
/** The places that say it. */
const SAID_AT = ["write", "story"];
/** Such as where the text that it was trained on is not here. */
const UNKNOWN = "Bent. What that does to the loss cannot be measured here.";

/** @param {import("../page/app.js").App} app */
export function mountEffect(app) {
  const { engine, state } = app;
  /** What is measured is of this bend; an older one is not said any more. */
  let turn = 0;
  const loss = new LossWords(app, (round) => {
    state.set("effect", bendInWords(round));
    if (round.windows >= ENOUGH) loss.stop();
  });

  async function look() {
    const mine = ++turn;
    loss.stop();
    const bent = isBent(state.get("heads")) || isRecoupled(state.get("couplings"));
    if (!bent || !SAID_AT.includes(state.get("place")) || state.get("engine") !== "ready") {
      if (!bent) state.set("effect", "");
      return;
    }
    state.set("effect", "Bent. What that does to the loss is being measured.");
    try {
      const { same } = await observe(engine, "whatif_take", { before: "file" });
      if (mine !== turn) return;
      if (same) return state.set("effect", "");
      loss.begin({ before: "file", words: "" });
      await loss.sample();
      if (mine === turn) await loss.refine();
      if (mine === turn && loss.failed) state.set("effect", UNKNOWN);
    } catch {
      // An engine that died says so itself, and starts again.
      if (mine === turn) state.set("effect", UNKNOWN);
    }
  }

  state.on("model", (model) => {
    loss.forget(model);
    state.set("effect", "");
    look();
  });
  for (const key of /** @type {const} */ (["applied", "place"])) state.on(key, look);
  loss.forget(state.get("model"));
  look();
}
