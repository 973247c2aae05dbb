// The sampling controls.

import { numberField, segmented, sliderField } from "../page/controls.js";
import { h } from "../page/dom.js";
import { NUMBERS, readStops, writeStops } from "../page/sampling.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../page/sampling.js").NumberKey} NumberKey
 * @typedef {import("../page/state.js").SamplingSettings} SamplingSettings
 */

/** The largest seed that "new seed" draws: short enough to read out to someone. */
const LARGEST_DRAWN_SEED = 9999;

/**
 * @param {App} app
 * @returns {{always: HTMLElement, more: HTMLElement, drawSeed: () => void}}
 */
export function makeSettings(app) {
  const { state } = app;
  const change = (/** @type {Partial<SamplingSettings>} */ part) => state.set("settings", { ...state.get("settings"), ...part });
  /** @type {((settings: SamplingSettings) => void)[]} */ const followers = [];

  const number = (/** @type {NumberKey} */ key) => {
    const { slider, ...options } = NUMBERS[key];
    const control = (slider ? sliderField : numberField)({
      ...options, value: state.get("settings")[key], onInput: (value) => change({ [key]: value }),
    });
    followers.push((settings) => control.set(settings[key]));
    return control;
  };

  const temperature = number("temperature");
  const greedy = checkbox("Always take the likeliest token", (on) => change({ greedy: on }));
  followers.push((settings) => {
    greedy.input.checked = settings.greedy;
    temperature.element.classList.toggle("field-idle", settings.greedy);
  });
  const stop = stopField((texts) => change({ stop: texts }));
  followers.push((settings) => stop.set(settings.stop));
  const limit = segmented({
    label: "When the context is full",
    choices: [
      { value: "reread", text: "Read half again", title: "The state of the waves is let go and the last half of the text read anew: the model stays within the lengths it was trained on." },
      { value: "run_on", text: "Run on", title: "The state, as large after a long text as after a short one, goes on into lengths that the model was never trained on." },
    ],
    value: /** @type {string} */ (state.get("settings").at_limit),
    onInput: (value) => change({ at_limit: value === "run_on" ? "run_on" : "reread" }),
  });
  followers.push((settings) => limit.set(settings.at_limit));

  const always = h("div", { class: "settings settings-always" }, temperature.element, number("max_tokens").element, number("seed").element);
  const more = h("details", { class: "more" },
    h("summary", null, "More sampling settings"),
    h("div", { class: "settings settings-more" },
      number("top_p").element, number("repetition_penalty").element, number("top_k").element, stop.element, limit.element, greedy.element));

  const follow = (/** @type {SamplingSettings} */ settings) => followers.forEach((follower) => follower(settings));
  state.on("settings", follow);
  follow(state.get("settings"));
  return { always, more, drawSeed: () => change({ seed: 1 + Math.floor(Math.random() * LARGEST_DRAWN_SEED) }) };
}

/** @param {string} label @param {(on: boolean) => void} onInput */
function checkbox(label, onInput) {
  const input = h("input", { type: "checkbox", onchange: () => onInput(input.checked) });
  return { element: h("label", { class: "check" }, input, h("span", null, label)), input };
}

/** @param {(texts: string[]) => void} onInput */
function stopField(onInput) {
  const field = h("input", {
    type: "text", class: "text-input", autocomplete: "off", spellcheck: "false", placeholder: "\\n\\n",
    dir: "auto", oninput: () => onInput(readStops(field.value)),
  });
  const element = h("label", { class: "field field-wide" }, h("span", { class: "field-label" }, "Stop at"), field,
    h("span", { class: "field-hint" }, "texts, with commas between; \\n is a new line, \\, a comma"));
  return {
    element,
    set(/** @type {string[]} */ texts) {
      if (document.activeElement !== field) field.value = writeStops(texts);
    },
  };
}
