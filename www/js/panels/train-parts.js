// The elements of the running training's half of the panel, and nothing of what they show.

import { h } from "../dom.js";

/** Points looked back over by the smoothed curve. */
export const SMOOTHING = [
  { label: "none", span: 1 },
  { label: "some", span: 20 },
  { label: "strong", span: 100 },
];
export const SMOOTHING_AT_FIRST = 1;

const FIGURES = /** @type {const} */ (["Step", "Loss", "Validation", "Perplexity", "Next token right", "Tokens a second", "Time left"]);
/** @typedef {typeof FIGURES[number]} FigureName */

/**
 * @param {Record<"pause" | "goOn" | "stop" | "adopt" | "save", () => void>} actions
 */
export function statusParts(actions) {
  const word = h("strong", { class: "train-state" });
  const title = h("span", { class: "train-run-title" });
  const note = h("p", { class: "train-note" });
  const bar = h("progress", { class: "train-bar", max: 1, value: 0, "aria-label": "Steps done" });
  const pause = h("button", { type: "button", onclick: actions.pause }, "Pause");
  const goOn = h("button", { type: "button", class: "primary", hidden: true, onclick: actions.goOn }, "Go on");
  const stop = h("button", { type: "button", onclick: actions.stop }, "Stop");
  const adopt = h("button", { type: "button", onclick: actions.adopt }, "Generate with it");
  const save = h("button", { type: "button", class: "quiet", onclick: actions.save }, "Download");
  const element = h("div", { class: "train-status", tabindex: -1, role: "group", "aria-label": "Training" },
    h("p", { class: "train-status-line" }, word, " ", title),
    h("div", { class: "train-controls", role: "group", "aria-label": "Control of the training" }, pause, goOn, stop, adopt, save),
    bar, note);
  return { element, word, title, note, bar, pause, goOn, stop, adopt, save };
}

export function figureParts() {
  const values = /** @type {Record<FigureName, HTMLElement>} */ (Object.fromEntries(FIGURES.map((name) => [name, h("dd", null, "–")])));
  const element = h("dl", { class: "train-figures" }, FIGURES.map((name) => h("div", null, h("dt", null, name), values[name])));
  return { element, values };
}

/** @param {(log: boolean, smoothing: number) => void} onView */
export function curveParts(onView) {
  const train = h("span", { class: "train-legend-value" }, "–");
  const validation = h("span", { class: "train-legend-value" }, "–");
  const step = h("span", { class: "train-legend-step" });
  const host = h("div", { class: "train-chart", role: "img", "aria-label": "Loss against steps" });
  const apply = () => onView(log.checked, SMOOTHING[smoothing.selectedIndex].span);
  const log = h("input", { type: "checkbox", onchange: apply });
  const smoothing = h("select", { onchange: apply }, SMOOTHING.map(({ label }, i) => h("option", { selected: i === SMOOTHING_AT_FIRST }, label)));
  const rows = h("tbody", null);
  const element = h("section", { class: "train-block" },
    h("div", { class: "train-chart-head" }, h("h3", null, "Loss"),
      h("p", { class: "train-legend" },
        h("span", null, h("i", { class: "train-key train-key-line", "aria-hidden": "true" }), "training ", train),
        h("span", null, h("i", { class: "train-key train-key-rings", "aria-hidden": "true" }), "validation ", validation),
        step)),
    host,
    h("div", { class: "train-chart-tools" }, h("label", null, log, " Logarithmic"), h("label", null, "Smoothing ", smoothing)),
    h("p", { class: "train-hint" }, "Surprise per token: lower is better. When validation turns upwards, the text is being learnt by heart."),
    h("details", { class: "train-table" }, h("summary", null, "Validation in figures"),
      h("div", { class: "train-table-scroll", tabindex: 0, role: "region", "aria-label": "Validation in figures" },
        h("table", null,
          h("thead", null, h("tr", null, ["Step", "Loss", "Perplexity", "Next token right"].map((name) => h("th", { scope: "col" }, name)))),
          rows))));
  return { element, train, validation, step, host, rows };
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
