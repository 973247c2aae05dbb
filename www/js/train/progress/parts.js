// The elements of the running training's half of the panel, and nothing of what they show.

import { h } from "../../page/dom.js";

/** Points looked back over by the smoothed curve. */
export const SMOOTHING = [
  { label: "none", span: 1 },
  { label: "some", span: 20 },
  { label: "strong", span: 100 },
];
export const SMOOTHING_AT_FIRST = 1;

/**
 * @param {Record<"pause" | "goOn" | "stop" | "adopt" | "save" | "share", () => void>} actions
 */
export function statusParts(actions) {
  const word = h("strong", { class: "train-state" });
  const title = h("span", { class: "train-run-title" });
  const note = h("p", { class: "train-note" });
  const bar = h("progress", { class: "train-bar", max: 1, value: 0, "aria-label": "Steps done" });
  const pause = h("button", { type: "button", onclick: actions.pause }, "Pause");
  const goOn = h("button", { type: "button", class: "primary", hidden: true, onclick: actions.goOn }, "Go on");
  const stop = h("button", { type: "button", onclick: actions.stop }, "Stop");
  const adopt = h("button", { type: "button", onclick: actions.adopt }, "Write with it");
  const save = h("button", { type: "button", class: "quiet", onclick: actions.save }, "Download");
  const share = h("button", { type: "button", class: "quiet", title: "What it writes, its curve and its waves, 1200 by 630 pixels large", onclick: actions.share }, "Picture");
  // In sight wherever the place is scrolled to, so short; the samples themselves are read out from their list.
  const newest = h("p", { class: "train-newest", translate: "no", dir: "auto", "aria-hidden": "true", hidden: true });
  const element = h("div", { class: "train-status", tabindex: -1, role: "group", "aria-label": "Training" },
    h("p", { class: "train-status-line" }, word, " ", title),
    h("div", { class: "train-controls", role: "group", "aria-label": "Control of the training" }, pause, goOn, stop, adopt, save, share),
    bar, newest);
  return { element, word, title, note, bar, newest, pause, goOn, stop, adopt, save, share };
}

const SVG = "http://www.w3.org/2000/svg";

/** How a line looks in its chart. @param {import("../../charts/curve-axis.js").Line} line */
export function legendKey({ colour, dash, rings, width }) {
  const make = (/** @type {string} */ tag, /** @type {Record<string, string | number>} */ attributes) => {
    const element = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    return element;
  };
  const key = make("svg", { class: "curve-key", width: 26, height: 10, "aria-hidden": "true" });
  key.style.stroke = `var(${colour})`;
  key.append(make("line", { x1: 0, y1: 5, x2: 26, y2: 5, "stroke-width": width, "stroke-dasharray": dash?.join(" ") ?? "" }));
  if (rings) key.append(make("circle", { cx: 13, cy: 5, r: 3.5, class: "curve-key-ring", "stroke-width": 2 }));
  return key;
}

/**
 * @param {HTMLElement[]} cards  one a quantity @param {HTMLElement[]} words  the same for those who cannot see it
 * @param {HTMLElement} scrub    stands under the chart
 * @param {{ view: (log: boolean, smoothing: number) => void, saveTable: () => void, savePicture: () => void }} actions
 */
export function curveParts(cards, words, scrub, { view, saveTable, savePicture }) {
  const title = h("h3", null);
  const legend = h("p", { class: "train-legend" });
  const host = h("div", { class: "train-chart", role: "img" });
  const apply = () => view(log.checked, SMOOTHING[smoothing.selectedIndex].span);
  const log = h("input", { type: "checkbox", onchange: apply });
  const smoothing = h("select", { onchange: apply }, SMOOTHING.map(({ label }, i) => h("option", { selected: i === SMOOTHING_AT_FIRST }, label)));
  const hint = h("p", { class: "train-hint" });
  const rows = h("tbody", null);
  const table = h("details", { class: "train-table" }, h("summary", null, "Held-back text in figures"),
    h("div", { class: "train-table-scroll", tabindex: 0, role: "region", "aria-label": "Held-back text in figures" },
      h("table", null,
        h("thead", null, h("tr", null, ["Step", "Loss", "Perplexity", "Next token right"].map((name) => h("th", { scope: "col" }, name)))),
        rows)));
  const element = h("section", { class: "train-curves", "aria-label": "Curves" },
    h("fieldset", { class: "curve-choice" }, h("legend", { class: "visually-hidden" }, "Drawn large"), cards, words),
    h("div", { class: "train-block curve-main" },
      h("div", { class: "train-chart-head" }, title, legend),
      host, scrub, hint,
      h("div", { class: "train-chart-tools" }, h("label", null, log, " Logarithmic"), h("label", null, "Smoothing ", smoothing),
        h("span", { class: "curve-saves" },
          h("button", { type: "button", class: "small", onclick: saveTable, title: "Every curve as a table of comma-separated values (CSV)" }, "Download table"),
          h("button", { type: "button", class: "small", onclick: savePicture, title: "The charts that are shown, as a PNG picture" }, "Download picture"))),
      table));
  return { element, title, legend, host, log, smoothing, hint, rows };
}

/** Shown in place of everything else before the first training. */
export function emptyParts() {
  const promise = (/** @type {string} */ title, /** @type {string} */ text) => h("li", null, h("strong", null, title), ` ${text}`);
  return h("div", { class: "train-welcome" },
    h("p", null, "On names, a small model makes up plausible ones within a minute or so. Here you see it happen."),
    h("ul", null,
      promise("Watch it learn.", "How surprised it is by each letter falls before your eyes."),
      promise("Read what it writes.", "At first it is noise, then syllables, then names that nobody has borne."),
      promise("See its waves move.", "Every head bends its frequency, damping and phase as it learns."),
      promise("Go back in time.", "A slider shows the whole training as it was at any step.")));
}

export function sampleParts() {
  const list = h("ol", { class: "train-samples", reversed: true, tabindex: 0, "aria-label": "Samples, newest first" });
  const empty = h("p", { class: "train-empty" }, "Every so often the model writes a sample here.");
  const legend = h("p", { class: "train-hint", hidden: true }, "Underlined: already in the text. The others were invented.");
  const element = h("section", { class: "train-block" }, h("h3", null, "Samples"), h("div", { class: "train-samples-box" }, empty, list), legend);
  return { element, list, empty, legend };
}

export function headParts() {
  const root = h("div", { class: "train-heads" });
  const hint = h("p", { class: "train-hint" }, "Each head's wave as it learns: now at the right, the past to the left. The dashed line behind it is where it began.");
  return { element: h("section", { class: "train-block" }, h("h3", null, "Kernels"), hint, root), root };
}
