// Form controls that several panels use. Each returns its element and a `set` that does not call back.

import { h, uniqueId } from "./dom.js";

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
 * @property {number} value
 * @property {number} [digits] After the point in the number field.
 * @property {(value: number) => void} onInput Called with a number within the bounds.
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
 * A number field that accepts what can be read as a number within bounds, and tidies up on leaving.
 * @param {NumberOptions} options
 * @returns {{field: HTMLInputElement, set: (value: number) => void}}
 */
function numberInput({ label, min, max, step, value, digits = 0, onInput }) {
  const field = h("input", {
    type: "number", inputmode: "decimal", min, max, step, class: "number", "aria-label": label, autocomplete: "off",
  });
  let current = value;
  const show = () => { field.value = format(current, digits); };
  field.addEventListener("input", () => {
    const typed = field.valueAsNumber;
    const valid = Number.isFinite(typed) && typed >= min && typed <= max;
    field.setAttribute("aria-invalid", String(!valid));
    if (!valid) return;
    current = typed;
    onInput(typed);
  });
  field.addEventListener("change", () => {
    const typed = field.valueAsNumber;
    if (Number.isFinite(typed) && (typed < min || typed > max)) {
      current = Math.min(max, Math.max(min, typed));
      onInput(current);
    }
    field.setAttribute("aria-invalid", "false");
    show();
  });
  show();
  return {
    field,
    set(next) {
      current = next;
      // Rewriting what a person is typing would move their cursor.
      if (document.activeElement !== field || field.valueAsNumber !== next) show();
    },
  };
}

/** @param {number} value @param {number} digits */
const format = (value, digits) => String(Number(value.toFixed(digits)));

/**
 * A labelled number field.
 * @param {NumberOptions} options
 * @returns {Control}
 */
export function numberField(options) {
  const { field, set } = numberInput(options);
  const hintId = options.hint ? uniqueId("hint") : null;
  if (hintId) field.setAttribute("aria-describedby", hintId);
  const element = h("label", { class: "field" },
    h("span", { class: "field-label" }, options.short ?? options.label), field,
    options.hint && h("span", { class: "field-hint", id: hintId }, options.hint));
  return { element, field, set };
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
    slider.setAttribute("aria-valuetext", spoken ? spoken(value) : format(value, options.digits ?? 0));
  };
  const number = numberInput({ ...options, onInput: (value) => { place(value); onInput(value); } });
  slider.addEventListener("input", () => {
    const raw = Math.min(max, Math.max(min, scale.fromSlider(slider.valueAsNumber)));
    const value = Number(raw.toFixed(options.digits ?? 0));
    number.set(value);
    place(value);
    onInput(value);
  });
  place(options.value);
  const hintId = options.hint ? uniqueId("hint") : null;
  if (hintId) {
    slider.setAttribute("aria-describedby", hintId);
    number.field.setAttribute("aria-describedby", hintId);
  }
  const element = h("div", { class: "field slider-field", role: "group", "aria-label": label },
    h("span", { class: "field-label", "aria-hidden": "true" }, options.short ?? label), slider, number.field,
    options.hint && h("span", { class: "field-hint", id: hintId }, options.hint));
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
