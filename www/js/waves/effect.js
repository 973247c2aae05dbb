// What a bend does, said beside the waves while they are bent: at once to the forecasts for the text at hand, then to the
// loss, for which it reads the text that was held back, and where the text under the same seed becomes another one.

import { observe } from "../engine/observations.js";
import { LossWords } from "../lab/whatif/loss.js";
import { Twins } from "../lab/whatif/twins.js";
import { bendInWords } from "../lab/whatif/words.js";
import { visible } from "../page/signs.js";
import { anythingBent } from "../model/bent.js";

/** Windows after which it is known well enough to be said. */
const ENOUGH = 24;
/** Tokens of the text at hand that are read again. */
const AT_HAND = 64;
/** The places that say it. */
const SAID_AT = ["write", "story"];
const MEASURING = "Bent. What that does to the loss is being measured.";
/** Such as where the text that it was trained on is not here. */
const UNKNOWN = "Bent. What that does to the loss cannot be measured here.";

/** @param {import("../page/app.js").App} app */
export function mountEffect(app) {
  const { engine, state } = app;
  /** What is measured is of this bend; an older one is not said any more. */
  let turn = 0;
  /** How far the forecasts moved, in words; "" where there is no text yet. */
  let moved = "";
  /** What the loss did, in words. */
  let lost = "";
  const loss = new LossWords(app, (round) => {
    lost = bendInWords(round);
    state.set("effect", lost + moved);
    if (round.windows >= ENOUGH) loss.stop();
  });
  const twins = new Twins(app);

  async function look() {
    const mine = ++turn;
    loss.stop();
    const bent = anythingBent(state);
    if (!bent || !SAID_AT.includes(state.get("place")) || state.get("engine") !== "ready") {
      if (!bent) state.set("effect", "");
      return;
    }
    state.set("effect", MEASURING);
    moved = "";
    try {
      const { same, number } = await observe(engine, "whatif_take", { before: "file" });
      if (mine !== turn) return;
      if (same) return state.set("effect", "");
      const text = state.get("recent").slice(0, AT_HAND).map((token) => token.text).reverse().join("");
      const bits = text === "" ? new Float32Array() : (await observe(engine, "whatif", { before: "file", source: "bent", text })).bits;
      if (mine !== turn) return;
      if (bits.length > 0) {
        moved = ` Its forecasts for the text at hand move by ${(bits.reduce((sum, one) => sum + one, 0) / bits.length).toFixed(2)} bits a token.`;
        state.set("effect", MEASURING + moved);
      }
      loss.begin({ before: "file", words: "" });
      await loss.sample();
      if (mine === turn) await loss.refine();
      if (mine === turn && loss.failed) state.set("effect", UNKNOWN);
      if (mine !== turn || loss.failed || state.get("place") !== "write") return;
      await twins.refresh("file", `file ${number}`, () => mine === turn);
      if (mine === turn) state.set("effect", lost + moved + partingInWords(twins.parting));
    } catch {
      // An engine that died says so itself, and starts again.
      if (mine === turn) state.set("effect", UNKNOWN);
    }
  }

  state.on("model", (model) => {
    loss.forget(model);
    twins.forget();
    state.set("effect", "");
    look();
  });
  for (const key of /** @type {const} */ (["applied", "place"])) state.on(key, look);
  loss.forget(state.get("model"));
  look();
}

/** @param {{before: string, after: string} | null} parting */
function partingInWords(parting) {
  if (!parting) return " With the same seed it writes the same text.";
  const [before, after] = [parting.before, parting.after].map((word) => `“${visible(word)}”`);
  return ` With the same seed, ${before} becomes ${after}.`;
}
