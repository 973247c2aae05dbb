// The Scaling panel: how the time of each kind of attention grows with the length of the text, on this device.

import { pictureOf, ScalingChart } from "../charts/scaling.js";
import { segmented } from "../controls.js";
import { download, h } from "../dom.js";
import { count, csv, LENGTHS, LIMITS, MIXINGS, restored } from "../scaling.js";
import { ScalingRun } from "../scaling-run.js";
import { comparison, countsTable, findings, makeKey, numbersTable } from "./scaling-view.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../scaling.js").ScalingResult} ScalingResult
 * @typedef {"cpu" | "gpu"} Backend
 */

const KEY = "scaling";
const COPIED_MS = 2000;
const REFRESH_MS = 500;
const LAYERS = { wide: { width: 128, heads: 8 }, narrow: { width: 64, heads: 4 } };

const HOW = [
  "One layer of untrained numbers, forward only, one text at a time, in float32. Timed is the mixing of tokens alone: for waves from the deposits to what every token hears, for attention from queries, keys and values to the same. The rest of a layer is the same for both and grows with the length itself.",
  "A text of a length is run once to warm up. Then come five samples of at least 20 milliseconds, each the mean of as many runs as that takes, and the median of the samples counts. When runs take long there are fewer samples; a run of three seconds or more is measured once, without another before it.",
  "On a graphics card a sample lasts at least 60 milliseconds: its runs are sent at once, then the last token's values are read back, and the clock stops when they are there. That reading is part of the time; nothing is taken off. Before its times count, the card's results are compared with the processor's.",
  "The direct sums take in the whole text, as the transforms do, although a wave that dies down early could be cut short. Everything runs on one thread of the processor; threads or wider vectors, which a browser does not give, would change all times.",
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
  const settings = h("fieldset", { class: "scaling-settings" }, h("legend", { class: "visually-hidden" }, "What to measure"),
    device.element, shape.element, h("label", { class: "scaling-field" }, h("span", { class: "field-label" }, "Up to"), longest));
  const measure = h("button", { type: "button", class: "primary", onclick: () => (state.get("training") ? wait() : begin()) }, "Measure");
  const anyway = h("button", { type: "button", onclick: begin }, "Measure now all the same");
  const stop = h("button", { type: "button", onclick: halt }, "Stop");
  const bar = h("progress", { class: "scaling-bar", max: 1, value: 0, "aria-label": "Measured so far" });
  const status = h("p", { class: "scaling-status" });

  const key = makeKey();
  const canvas = h("canvas", { class: "scaling-canvas", role: "img", "aria-label": "Time against length" });
  const chart = new ScalingChart(canvas, (length) => key.show(shown(), length));
  const source = h("p", { class: "scaling-source" });
  const copy = h("button", { type: "button", onclick: copyCsv }, "Copy as CSV");
  const text = h("textarea", { class: "scaling-csv", readonly: true, hidden: true, rows: 8, "aria-label": "All numbers as CSV" });
  const save = h("button", { type: "button", onclick: savePicture }, "Save picture");
  const forget = h("button", { type: "button", class: "quiet", onclick: () => { results[backend] = null; keep(); show(); } }, "Forget these numbers");
  const said = h("ul", { class: "scaling-findings" });
  const numbers = h("div", { class: "scaling-scroll", tabindex: 0, role: "region", "aria-label": "All measured times" });
  const counts = h("div", { class: "scaling-scroll", tabindex: 0, role: "region", "aria-label": "Counted and measured ratios" });
  const compared = h("ul", { class: "scaling-findings" });
  const tools = h("div", { class: "scaling-tools" }, copy, save, forget);

  root.replaceChildren(
    h("header", { class: "panel-head" }, h("h2", { id: "scaling-title" }, "Scaling"),
      h("p", { class: "panel-hint" }, "How long one layer takes as the text gets longer: waves by Fourier transform, the same waves summed up directly, and attention, in which every token looks at all before it.")),
    h("div", { class: "scaling-box" }, h("div", { class: "scaling-bench" },
      h("div", { class: "scaling-setup" }, settings, h("div", { class: "scaling-buttons" }, measure, anyway, stop), bar, status,
        h("details", null, h("summary", null, "How it is measured"), HOW.map((words) => h("p", { class: "scaling-hint" }, words)))),
      h("div", { class: "scaling-results" }, key.element, h("div", { class: "scaling-chart" }, canvas), source, tools, text, said,
        h("h3", null, "All times"), numbers,
        h("h3", null, "Counted and measured"),
        h("p", { class: "scaling-hint" }, "The model's author counts operations: attention takes in the order of n²·d for n tokens of d channels, waves n·log n·d, which comes to 31 times fewer at 2,048 tokens, 107 at 8,192 and 367 at 32,768. Counts are not times; here are both."),
        counts, compared))));

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
    const order = { backend, layer: LAYERS[layer], longest: Number(longest.value), limit: LIMITS[backend] };
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

  const keep = () => storage.set(KEY, { cpu: results.cpu, gpu: results.gpu, backend }).catch(() => {});

  function statusWords() {
    if (run?.running) {
      const { at, done, of, left } = run.progress();
      const name = at ? MIXINGS.find(({ mixing }) => mixing === at.mixing)?.name : null;
      const time = left >= 90 ? `about ${Math.round(left / 60)} minutes left` : `about ${Math.max(1, Math.round(left))} s left`;
      return at ? `${name}, ${count(at.length)} tokens. ${done} of ${of} done, ${time}.` : "The engine is being loaded.";
    }
    if (waiting) return "Begins when the training ends or is paused.";
    if (fault) return `${fault} What was measured before is kept.`;
    if (refusal()) return refusal();
    if (state.get("training")) return "A training is running. It shares this device, so times would come out too long and uneven.";
    return "Takes a minute or two and keeps one processor core or the graphics card busy. The page goes on meanwhile.";
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
    showResult();
  }

  function showProgress() {
    status.textContent = statusWords();
    if (!run?.running) return;
    const { done, of } = run.progress();
    bar.value = done / of;
  }

  function showResult() {
    const result = shown();
    chart.show(result);
    key.show(result, null);
    const none = !result || result.measured.length === 0;
    for (const element of [tools, said, numbers, numbers.previousElementSibling, compared]) /** @type {HTMLElement} */ (element).hidden = none;
    text.hidden ||= none;
    source.textContent = sourceWords(result, result !== null && result === run?.result);
    counts.replaceChildren(countsTable(result));
    if (!result) return;
    canvas.setAttribute("aria-label", `Time against length, both logarithmic. ${findings(result).join(" ")}`);
    said.replaceChildren(...findings(result).map((words) => h("li", null, words)));
    numbers.replaceChildren(numbersTable(result));
    compared.replaceChildren(...comparison(result).map((words) => h("li", null, words)));
  }

  async function copyCsv() {
    const result = shown();
    if (!result) return;
    try {
      await navigator.clipboard.writeText(csv(result));
      text.hidden = true;
      copy.textContent = "Copied";
      app.announce("The numbers were copied.");
    } catch {
      // A browser may refuse the clipboard: then they can be marked and copied by hand.
      text.value = csv(result);
      text.hidden = false;
      text.select();
      copy.textContent = "Copy them from the field";
    }
    setTimeout(() => (copy.textContent = "Copy as CSV"), COPIED_MS);
  }

  async function savePicture() {
    const result = shown();
    if (!result) return;
    try {
      download(await pictureOf(result), `wave-field-scaling-${result.backend}.png`);
    } catch (error) {
      app.notify({ kind: "error", key: "scaling", title: "The picture could not be saved.", message: String(error) });
    }
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

/** Where the numbers come from. @param {ScalingResult | null} result @param {boolean} growing Whether more are to come. */
function sourceWords(result, growing) {
  if (!result) return "Nothing has been measured on this device yet.";
  const { layer, when, disturbed, ended } = result;
  return [
    `Measured on ${result.device}, ${new Date(when).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}; ${layer.width} channels, ${layer.heads} heads.`,
    disturbed ? "A training ran at the same time, so the times are too long and uneven." : "",
    growing || ended === "whole" ? "" : "Not all lengths were measured.",
  ].filter(Boolean).join(" ");
}
