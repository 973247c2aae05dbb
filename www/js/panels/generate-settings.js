// The sampling controls. Each setting is declared once, here.

import { numberField, segmented, sliderField } from "../controls.js";
import { h } from "../dom.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../state.js").SamplingSettings} SamplingSettings
 * @typedef {"temperature" | "top_k" | "top_p" | "repetition_penalty" | "max_tokens" | "seed"} NumberKey
 */

/** @type {Record<NumberKey, {label: string, min: number, max: number, step: number, digits: number, hint: string, slider: boolean}>} */
export const NUMBERS = {
  temperature: { label: "Temperature", min: 0, max: 2, step: 0.05, digits: 2, slider: true, hint: "Low keeps to the likely, high takes risks." },
  max_tokens: { label: "Length", min: 1, max: 20000, step: 1, digits: 0, slider: false, hint: "tokens" },
  seed: { label: "Seed", min: 0, max: 4294967295, step: 1, digits: 0, slider: false, hint: "same seed, same text" },
  top_p: { label: "Top-p", min: 0.01, max: 1, step: 0.01, digits: 2, slider: true, hint: "Only the likeliest tokens that make up this share; 1 is off." },
  top_k: { label: "Top-k", min: 0, max: 1000, step: 1, digits: 0, slider: false, hint: "only the k likeliest; 0 is off" },
  repetition_penalty: { label: "Repetition penalty", min: 1, max: 2, step: 0.05, digits: 2, slider: true, hint: "Above 1, what was used becomes less likely." },
};

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
      { value: "reread", text: "Read half again", title: "The last half of the context is read afresh: the model stays within what it was trained on." },
      { value: "run_on", text: "Run on", title: "The waves run on past the length the model was trained on." },
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

/** Stop strings, with \n written for a new line. @param {(texts: string[]) => void} onInput */
function stopField(onInput) {
  const read = () => field.value.split(",").map((text) => text.replaceAll("\\n", "\n")).filter((text) => text !== "");
  const field = h("input", {
    type: "text", class: "text-input", autocomplete: "off", spellcheck: "false", placeholder: "\\n\\n",
    oninput: () => onInput(read()),
  });
  const element = h("label", { class: "field field-wide" }, h("span", { class: "field-label" }, "Stop at"), field,
    h("span", { class: "field-hint" }, "texts, with commas between; \\n is a new line"));
  return {
    element,
    set(/** @type {string[]} */ texts) {
      if (document.activeElement !== field) field.value = texts.map((text) => text.replaceAll("\n", "\\n")).join(",");
    },
  };
}
