// The Scaling panel: how the time of each kind of attention grows with the length of the text, on this device.

import { h } from "../dom.js";

/** @param {HTMLElement} root @param {import("../app.js").App} _app */
export function mountScaling(root, _app) {
  root.replaceChildren(
    h("header", { class: "panel-head" }, h("h2", { id: "scaling-title" }, "Scaling"),
      h("p", { class: "panel-hint" }, "How long one layer takes as the text gets longer: waves by Fourier transform, waves directly, and attention.")));
}
