// The chart library and its style, loaded apart, so that a chart never stands in the way of the page's first text.

import { h } from "../page/dom.js";
import { ensureLanguage } from "../page/language.js";
import { whyNotLoaded } from "../page/why-not-loaded.js";

/** @import uPlot from "uplot" */
/** @typedef {typeof uPlot} Library */

/** @type {Promise<Library> | null} */
let library = null;

/** @returns {Promise<Library>} */
export function loadPlots() {
  if (library) return library;
  ensureLanguage();
  document.head.append(h("link", { rel: "stylesheet", href: new URL("../../vendor/uplot/uPlot.min.css", import.meta.url) }));
  library = import("../../vendor/uplot/uPlot.esm.js").then((module) => module.default);
  return library;
}

/** What stands in a chart's place where there is no library to draw it. */
export function withoutPlots() {
  const element = h("p", { class: "chart-missing", role: "status" }, "The curves cannot be drawn: a part of the page could not be loaded.");
  whyNotLoaded(import.meta.url).then((reason) => element.append(` ${reason ?? "Reload the page."}`));
  return element;
}
