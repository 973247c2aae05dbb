// Form controls that several panels use. Each returns its element and a `set` that does not call back.

import { h, uniqueId } from "./dom.js";
import { NumberInput } from "./number-field.js";
import { showNumber } from "./numbers.js";

/**
 * How a value lies along a slider.
 * @typedef {{toSlider: (value: number) => number, fromSlider: (position: number) => number}} Scale
 */

/** @type {Scale} */
export const LINEAR = { toSlider: (value) => value, fromSlider: (position) => position };

/** A scale on which equal distances are equal ratios. @type {Scale} */
export const LOGARITHMIC = { toSlider: (value) => Math.log10(Math.max(value, 1e-12)), fromSlider: (position) => 10 ** position };

/**
 * @typedef {object} NumberOptions
 * @property {string} label Read out; shown unless `short` replaces it.
 * @property {string} [short] What is shown in the label's place.
 * @property {string} [hint] A short explanation, shown beside or under it.
 * @property {number} min
 * @property {number} max
 * @property {number} step
 * @property {boolean} [whole] Whole numbers only.
 * @property {number} value
 * @property {number} [digits] After the point, of numbers that were computed or come from the slider.
 * @property {number} [decimals] After the point, of what is typed.
 * @property {boolean} [moving] It changes by itself, as in a training.
 * @property {(value: number) => void} onInput Called with a number within the bounds, once it is used.
 *
 * @typedef {object} SliderOptions
 * @property {number} [sliderMin] In slider units; `min` where the scale is linear.
 * @property {number} [sliderMax]
 * @property {number} [sliderStep]
 * @property {Scale} [scale]
 * @property {(value: number) => string} [spoken] The slider's value in words.
 *
 * @typedef {{element: HTMLElement, field: HTMLInputElement, set: (value: number) => void}} Control
 */

/**
 * A labelled number field.
 * @param {NumberOptions} options
 * @returns {Control}
 */
export function numberField(options) {
  const hintId = options.hint ? uniqueId("hint") : undefined;
  const id = uniqueId("number");
  const number = new NumberInput({ ...options, id, describedBy: hintId });
  const element = h("div", { class: "field" },
    h("label", { class: "field-label", for: id }, options.short ?? options.label), number.field,
    options.hint && h("span", { class: "field-hint", id: hintId }, options.hint), number.note);
  return { element, field: number.field, set: (value) => number.set(value) };
}

/**
 * A slider with a number field beside it.
 * @param {NumberOptions & SliderOptions} options
 * @returns {Control & {slider: HTMLInputElement}}
 */
export function sliderField(options) {
  const { label, min, max, scale = LINEAR, spoken, onInput } = options;
  const slider = h("input", {
    type: "range",
    class: "slider",
    min: options.sliderMin ?? scale.toSlider(min),
    max: options.sliderMax ?? scale.toSlider(max),
    step: options.sliderStep ?? options.step,
    "aria-label": label,
  });
  const place = (/** @type {number} */ value) => {
    slider.value = String(scale.toSlider(value));
    const share = (slider.valueAsNumber - Number(slider.min)) / (Number(slider.max) - Number(slider.min));
    slider.style.setProperty("--filled", `${(share * 100).toFixed(1)}%`);
    slider.setAttribute("aria-valuetext", spoken ? spoken(value) : showNumber(value, options.digits));
  };
  const hintId = options.hint ? uniqueId("hint") : undefined;
  const number = new NumberInput({ ...options, describedBy: hintId, onInput: (value) => { place(value); onInput(value); } });
  slider.addEventListener("input", () => {
    const raw = Math.min(max, Math.max(min, scale.fromSlider(slider.valueAsNumber)));
    const value = Number(raw.toFixed(options.digits ?? 0));
    number.set(value);
    place(value);
    onInput(value);
  });
  place(options.value);
  if (hintId) slider.setAttribute("aria-describedby", hintId);
  const element = h("div", { class: "field slider-field", role: "group", "aria-label": label },
    h("span", { class: "field-label", "aria-hidden": "true" }, options.short ?? label), slider, number.field,
    options.hint && h("span", { class: "field-hint", id: hintId }, options.hint), number.note);
  return { element, field: number.field, slider, set: (value) => { number.set(value); place(value); } };
}

/**
 * A few choices side by side, of which one holds.
 * @template {string | number} T
 * @param {{label: string, choices: {value: T, text: string, title?: string}[], value: T, onInput: (value: T) => void}} options
 * @returns {{element: HTMLElement, set: (value: T) => void, allow: (value: T, allowed: boolean) => void}}
 *   `allow` says whether something can be chosen.
 */
export function segmented({ label, choices, value, onInput }) {
  const name = uniqueId("segmented");
  const inputs = choices.map((choice) => h("input", {
    type: "radio", name, value: choice.value, checked: choice.value === value,
    onchange: () => onInput(choice.value),
  }));
  const element = h("fieldset", { class: "segmented" },
    h("legend", null, label),
    h("div", { class: "segmented-row" },
      choices.map((choice, i) => h("label", { title: choice.title }, inputs[i], h("span", null, choice.text)))));
  return {
    element,
    set(next) {
      choices.forEach((choice, i) => { inputs[i].checked = choice.value === next; });
    },
    allow(value, allowed) {
      choices.forEach((choice, i) => { if (choice.value === value) inputs[i].disabled = !allowed; });
    },
  };
}
