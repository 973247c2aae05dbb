// The Scaling panel: how the time of each kind of attention grows with the length of the text, on this device.

import { ask } from "../page/ask.js";
import { segmented } from "../page/controls.js";
import { h } from "../page/dom.js";
import { count, LENGTHS, LIMITS, nameOf, restored } from "./growth.js";
import { ScalingRun } from "./run.js";
import { ScalingResults } from "./results.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("./growth.js").ScalingResult} ScalingResult
 * @typedef {"cpu" | "gpu"} Backend
 */

const KEY = "scaling";
const REFRESH_MS = 500;
const LAYERS = { wide: { width: 128, heads: 8 }, narrow: { width: 64, heads: 4 } };

const HOW = [
  "One layer of untrained numbers, forward only, one text at a time, in float32. Timed is the mixing of tokens alone: for waves from the deposits to what every token hears, for attention from queries, keys and values to the same. The rest of a layer is the same for both and grows with the length itself.",
  "A text of a length is run once to warm up. Then come five samples of at least 20 milliseconds, each the mean of as many runs as that takes, and the median of the samples counts. When runs take long there are fewer samples; a run of three seconds or more is measured once, without another before it.",
  "On a graphics card a sample lasts at least 60 milliseconds: its runs are sent at once, then the last token's values are read back, and the clock stops when they are there. That reading is part of the time; nothing is taken off. Before its times count, the card's results are compared with the processor's.",
  "A whole step of training is forward, loss, backward and update of two such layers with their feed-forward parts and a vocabulary of 64, on one thread, with untrained numbers and a text of no meaning. Short texts are taken several at once, until a step has a thousand tokens. Where all layers would not fit in memory side by side, each is computed a second time on the way back; up to 1 GB may be taken.",
  "The direct sums take in the whole text, as the other ways do, although a wave that dies down early could be cut short. Everything runs on one thread of the processor; threads or wider vectors, which a browser does not give, would change all times. A training, a race or a text that is written at full pace takes part of the device away while it is measured.",
];

/** What the browser tells of this device. */
function processor() {
  const { userAgent, hardwareConcurrency } = navigator;
  const browser = /(Firefox|Edg|OPR|Chrome|Version)\/(\d+)/.exec(userAgent);
  const names = { Edg: "Edge", OPR: "Opera", Version: "Safari" };
  const system = /\(([^);]+)(?:; ([^);]+))?/.exec(userAgent);
  const name = browser ? `${names[/** @type {keyof typeof names} */ (browser[1])] ?? browser[1]} ${browser[2]}` : "an unknown browser";
  const on = system ? ` on ${/^(X11|Windows NT|Macintosh)/.test(system[1]) ? system[2] ?? system[1] : system[1]}` : "";
  return `${name}${/Windows/.test(userAgent) ? " on Windows" : on}, ${hardwareConcurrency ? `${hardwareConcurrency} processor threads` : "a processor"}`;
}

/** @param {HTMLElement} root @param {App} app */
export function mountScaling(root, app) {
  const { state, storage } = app;
  /** @type {Record<Backend, ScalingResult | null>} */ const results = { cpu: null, gpu: null };
  /** @type {Backend} */ let backend = "cpu";
  /** @type {keyof typeof LAYERS} */ let layer = "wide";
  /** @type {ScalingRun | null} */ let run = null;
  let waiting = false;
  let fault = "";

  const device = segmented({
    label: "Measure on", value: /** @type {Backend} */ (backend),
    choices: [{ value: "cpu", text: "Processor" }, { value: "gpu", text: "Graphics card" }],
    onInput: (value) => { backend = value; fault = ""; keep(); show(); },
  });
  const shape = segmented({
    label: "Layer", value: /** @type {keyof typeof LAYERS} */ (layer),
    choices: [{ value: "wide", text: "128 channels, 8 heads" }, { value: "narrow", text: "64 channels, 4 heads" }],
    onInput: (value) => { layer = value; },
  });
  const longest = h("select", { class: "scaling-longest" }, LENGTHS.slice(2).map((length) => h("option", { value: length, selected: length === 32768 }, `${count(length)} tokens`)));
  const steps = h("input", { type: "checkbox", checked: true });
  const settings = h("fieldset", { class: "scaling-settings" }, h("legend", { class: "visually-hidden" }, "What to measure"),
    device.element, shape.element, h("label", { class: "scaling-field" }, h("span", { class: "field-label" }, "Up to"), longest),
    h("label", { class: "check" }, steps, "Whole steps of training too"));
  const measure = h("button", { type: "button", class: "primary", onclick: () => (state.get("training") ? wait() : begin()) }, "Measure");
  const anyway = h("button", { type: "button", onclick: begin }, "Measure now all the same");
  const stop = h("button", { type: "button", onclick: halt }, "Stop");
  const bar = h("progress", { class: "scaling-bar", max: 1, value: 0, "aria-label": "Measured so far" });
  const status = h("p", { class: "scaling-status" });

  const view = new ScalingResults(app, () => { results[backend] = null; keep(); show(); });
  root.replaceChildren(
    h("header", { class: "panel-head" }, h("h2", { id: "scaling-title" }, "Long texts"),
      h("p", { class: "panel-hint" }, "How long one layer takes as the text gets longer: waves step by step, the same by Fourier transform and summed up directly, and attention, in which every token looks at all before it. ", ask("Recurrence", "Fast Fourier transform", "Attention"))),
    h("div", { class: "scaling-box" }, h("div", { class: "scaling-bench" },
      h("div", { class: "scaling-setup" }, settings, h("div", { class: "scaling-buttons" }, measure, anyway, stop), bar, status,
        h("details", null, h("summary", null, "How it is measured"), HOW.map((words) => h("p", { class: "scaling-hint" }, words)))),
      view.element)));

  const shown = () => (run?.running && run.result.backend === backend ? run.result : results[backend]);
  /** Why the graphics card cannot be measured; empty where it can. */
  const refusal = () => {
    if (backend === "cpu") return "";
    const found = state.get("device");
    if (found && (found.phase === "ready" || found.phase === "racing")) return "";
    const why = found?.why ?? "It has not been looked for yet.";
    return `Only a graphics card that was found and compared with the processor is measured. ${why}${found?.phase === "refused" || found?.choice === "cpu" ? " It can be chosen under Train." : ""}`;
  };

  function begin() {
    if (refusal() || run?.running) return;
    waiting = false;
    fault = "";
    const order = { backend, layer: LAYERS[layer], longest: Number(longest.value), limit: LIMITS[backend], training: steps.checked };
    run = new ScalingRun(order, processor(), changed);
    if (state.get("training")) run.disturb();
    show();
    stop.focus();
  }

  function wait() {
    waiting = true;
    show();
    stop.focus();
  }

  function halt() {
    waiting = false;
    run?.stop();
    show();
    measure.focus();
  }

  /** Something was measured, or it is over. */
  function changed() {
    if (!run) return;
    const { result } = run;
    if (result.measured.length > 0) results[result.backend] = result;
    if (!run.running) {
      fault = run.fault;
      if (document.activeElement === stop) measure.focus();
      app.announce(result.ended === "whole" ? "All lengths are measured." : "The measurement has ended.");
      run = null;
    }
    if (result.measured.length > 0) keep();
    show();
  }

  const keep = () => storage.set(KEY, { cpu: results.cpu, gpu: results.gpu, backend }).catch(() => {}); // The storage says itself what it cannot keep.

  function statusWords() {
    if (run?.running) {
      const { at, done, of, left } = run.progress();
      const name = at ? nameOf(at.mixing) : null;
      const time = left >= 90 ? `about ${Math.round(left / 60)} minutes left` : `about ${Math.max(1, Math.round(left))} s left`;
      return at ? `${name}, ${count(at.length)} tokens. ${done} of ${of} done, ${time}.` : "The engine is being loaded.";
    }
    if (waiting) return "Begins when the training ends or is paused.";
    if (fault) return `${fault} What was measured before is kept.`;
    if (refusal()) return refusal();
    if (state.get("training")) return "A training is running. It shares this device, so times would come out too long and uneven.";
    return "Takes up to three minutes, less for shorter texts, and keeps one processor core or the graphics card busy. The page goes on meanwhile.";
  }

  function show() {
    const running = run?.running ?? false;
    const busy = running || waiting;
    settings.disabled = busy;
    measure.hidden = busy;
    measure.disabled = refusal() !== "";
    measure.textContent = state.get("training") ? "Measure when the training ends" : shown() ? "Measure again" : "Measure";
    anyway.hidden = busy || !state.get("training") || refusal() !== "";
    stop.hidden = !busy;
    stop.textContent = waiting ? "Stop waiting" : "Stop";
    bar.hidden = !running;
    status.classList.toggle("scaling-problem", fault !== "" && !busy);
    showProgress();
    const result = shown();
    view.show(result, result !== null && result === run?.result);
  }

  function showProgress() {
    status.textContent = statusWords();
    if (!run?.running) return;
    const { done, of } = run.progress();
    bar.value = done / of;
  }

  state.on("training", (training) => {
    if (training) run?.disturb();
    else if (waiting) return begin();
    show();
  });
  state.on("device", () => { if (!run?.running) show(); });
  // The time left runs down between two measurements.
  setInterval(() => { if (run?.running) showProgress(); }, REFRESH_MS);
  storage.get(KEY).then((kept) => {
    results.cpu ??= restored(kept?.cpu);
    results.gpu ??= restored(kept?.gpu);
    if (!run && kept?.backend === "gpu" && results.gpu) {
      backend = "gpu";
      device.set(backend);
    }
    show();
  }, () => {});
  show();
}
