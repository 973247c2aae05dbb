// The badge beside the model's name: whether a logit depends on a later token, as measured on this very model. It
// measures by itself, once nothing else is in a hurry, and leads to the lab's view.

import { h, write } from "../page/dom.js";
import { causalityOf, PLACE_NAMES, PLACES, summary, whyNoGpu, wordsOfChange } from "./causality.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("./causality.js").Findings} Findings
 * @typedef {{kind: "good" | "bad" | "open", mark: string, text: string, words: string}} Face
 */

/** Milliseconds of quiet before it measures: a model that was just opened writes its first text, a wave is being bent. */
const QUIET = 2000;

const ABOUT = "No leak: no prediction may depend on a token that comes later in the text.";

/** The badge as it looks now. @param {Findings} found @returns {Face} */
export function faceOf({ phase, leaks, plan, fault }) {
  const all = summary([...leaks.cpu, ...leaks.gpu]);
  if (phase === "failed") return { kind: "open", mark: "?", text: "Not checked", words: `${ABOUT} It could not be measured: ${fault}` };
  // A leak stands, whatever is measured after it.
  if (all?.verdict === "leak" || all?.verdict === "not_numbers") {
    const broken = all.verdict === "not_numbers";
    return {
      kind: "bad", mark: "✗", text: broken ? "Not numbers" : `Leak · ${short(all.before)}`,
      words: broken ? "The model's predictions are not numbers, so nothing can be said of leaks." : `This model leaks: a prediction changed by ${wordsOfChange(all.before)} of the scale when a later token was exchanged.`,
    };
  }
  if (phase === "none") return { kind: "open", mark: "·", text: "Not checked", words: `${ABOUT} It has not been measured yet.` };
  if (phase === "measuring") return { kind: "open", mark: "…", text: "Checking", words: `${ABOUT} It is being measured.` };
  if (!all || !plan) return { kind: "open", mark: "·", text: "Not checked", words: `${ABOUT} It has not been measured.` };
  if (all.verdict === "saw_nothing") return { kind: "open", mark: "?", text: "Saw nothing", words: `Exchanging a token changed nothing that could be seen in ${all.unseen} of ${all.count} places, so nothing can be said of leaks.` };
  const where = PLACES.filter((place) => leaks[place].length > 0).map((place) => PLACE_NAMES[place].toLowerCase()).join(" and ");
  return {
    kind: "good", mark: "✓", text: `No leak · ${short(all.before)}`,
    words: `No leak, measured on the ${where}: exchanging a token changed earlier predictions by at most ${wordsOfChange(all.before)} of the scale, which is rounding (up to ${wordsOfChange(plan.threshold)} passes).`,
  };
}

/** One digit and the power of ten. @param {number} value */
const short = (value) => (value === 0 ? "0" : value.toExponential(0).replace("e+", "e"));

/** @param {HTMLElement} root @param {App} app */
export function mountBadge(root, app) {
  const { state } = app;
  const causality = causalityOf(app, "bent");
  const mark = h("span", { class: "badge-mark", "aria-hidden": "true" });
  const text = h("span", { class: "badge-text" });
  const badge = h("button", { type: "button", class: "badge", hidden: true, onclick: () => app.show("lab", "causality") }, mark, text);

  const show = () => {
    const { kind, mark: sign, text: words, words: said } = faceOf(causality.found);
    badge.hidden = !state.get("model");
    badge.dataset.kind = kind;
    write(mark, sign);
    write(text, words);
    badge.title = `${said} Click for the details.`;
    badge.setAttribute("aria-label", `${words}. ${said} Open the lab's view of it.`);
  };

  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
  const begin = () => {
    const hurry = state.get("generating") && state.get("pace") === 0;
    if (hurry || document.hidden || state.get("engine") !== "ready" || !state.get("model")) return;
    if (causality.found.phase === "none") causality.measure({ patient: true });
    else causality.measureGpu({ patient: true });
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(begin, QUIET);
  };
  let gpuReady = false;
  state.on("device", (status) => {
    const ready = !whyNoGpu(status);
    if (ready && !gpuReady) soon();
    gpuReady = ready;
  });
  for (const key of /** @type {const} */ (["model", "applied", "engine", "generating", "pace"])) state.on(key, soon);
  document.addEventListener("visibilitychange", soon);
  causality.onChange(() => {
    show();
    // The graphics card may have become ready in the meantime.
    if (causality.found.phase === "done") soon();
  });
  state.on("model", show);
  show();
  soon();
  root.append(badge);
}
