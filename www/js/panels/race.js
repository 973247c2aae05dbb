// The Race panel: the same training for a Wave Field model and a standard Transformer, and what came of it.

import { h } from "../dom.js";

/** @param {HTMLElement} root @param {import("../app.js").App} _app */
export function mountRace(root, _app) {
  root.replaceChildren(
    h("header", { class: "panel-head" }, h("h2", { id: "race-title" }, "Race"),
      h("p", { class: "panel-hint" }, "The same text, the same batches, the same size: a Wave Field model against a standard Transformer.")));
}
