// What the heads of any other model than the page's own are worth, measured while nothing else is to be done.

import { HeadMeasure } from "../lab/heads/measure.js";
import { anythingBent } from "../model/bent.js";

/** Windows after which the figures are worth showing. */
const FEWEST = 8;

/** @param {import("../page/app.js").App} app */
export function mountMeasured(app) {
  const { models, state } = app;
  const measure = new HeadMeasure({ app, source: "bent", text: "" }, show);

  function show() {
    const { changes } = measure;
    const model = state.get("model");
    if (!model || changes.length === 0) return;
    const found = changes.map((change) => change && { ...change, worth: /** @type {import("./worth.js").Worth} */ ([change.mean, change.low, change.high]) });
    if (!found.every((change) => change !== null && change.windows >= FEWEST)) return;
    const { num_layers: layers, num_heads: heads } = model.config;
    const worths = found.map((change) => /** @type {NonNullable<typeof change>} */ (change).worth);
    state.set("worths", {
      windows: Math.min(...found.map((change) => change?.windows ?? 0)), tokens: measure.length,
      layers: Array.from({ length: layers }, (_, layer) => worths.slice(layer * heads, (layer + 1) * heads)),
    });
  }

  function look() {
    const model = state.get("model");
    const idle = model && !models.isShipped && state.get("heads").length > 0 && state.get("engine") === "ready" && state.get("place") === "write"
      && !state.get("generating") && !state.get("training");
    // Of the model as it is in its file; the lab measures it as it is bent.
    if (idle && !anythingBent(state)) {
      if (measure.state === "stopped") measure.resume();
      else if (measure.state === "none" && measure.fault === "") {
        measure.context = model.config.max_seq_len;
        measure.start();
      }
    } else if (measure.state === "running" && state.get("place") !== "lab") measure.pause();
    // The engine measures one thing at a time, and the lab may begin anew.
    else if (state.get("place") === "lab" && (measure.state === "running" || measure.state === "stopped")) measure.forget();
  }

  state.on("model", () => {
    measure.forget();
    measure.fault = "";
    state.set("worths", null);
    look();
  });
  for (const key of /** @type {const} */ (["place", "generating", "training", "heads", "applied", "engine"])) state.on(key, look);
  look();
}
