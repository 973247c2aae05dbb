// The model's size and the settings of the training, with what they will take in memory and time.

import { h, uniqueId } from "../dom.js";
import { duration, megabytes, shortCount } from "./train-words.js";
import { DEFAULTS, SETTINGS, SIZES, memoryEstimate, parameterCount, settingProblem, timeEstimate } from "./train-presets.js";
import { optionCard } from "./train-text.js";

/**
 * @typedef {import("./train-presets.js").SettingKey} SettingKey
 * @typedef {import("./train-presets.js").Settings} Settings
 * @typedef {import("./train-presets.js").SizeId} SizeId
 * @typedef {{ setting: import("./train-presets.js").Setting, input: HTMLInputElement, problem: HTMLElement }} Field
 */

export class TrainSettings {
  #onChange;
  /** @type {SizeId} */
  size = "small";
  /** What the person changed; the rest follows the presets. @type {Partial<Settings>} */
  #changed = {};
  /** @type {import("../data.js").DataId} */
  #data = "names";
  #vocabulary = 27;
  /** @type {number | null} */
  #machine = null;
  /** @type {Field[]} */
  #fields;
  /** @type {{ input: HTMLInputElement, about: HTMLElement }[]} */
  #sizes = [];

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
    const group = uniqueId("size");
    const cards = SIZES.map(({ id, label }) => {
      const input = h("input", { type: "radio", name: group, value: id, checked: id === this.size, onchange: () => this.#setSize(id) });
      const card = optionCard(input, label, "");
      this.#sizes.push({ input, about: /** @type {HTMLElement} */ (card.lastElementChild) });
      return card;
    });
    this.estimate = h("p", { class: "train-estimate" });
    this.sizeElement = h("fieldset", { class: "train-field" }, h("legend", null, "Size of the model"),
      h("div", { class: "train-options train-sizes" }, cards), this.estimate);

    this.#fields = SETTINGS.map((setting) => this.#field(setting));
    this.reset = h("button", { type: "button", class: "train-reset", disabled: true, onclick: () => this.#reset() }, "Back to the preset");
    this.settingsElement = h("details", { class: "train-details" }, h("summary", null, "Settings"),
      h("fieldset", { class: "train-field" }, h("legend", { class: "visually-hidden" }, "Settings of the training"),
        h("div", { class: "train-settings" }, this.#fields.map(({ setting, input, problem }) =>
          h("div", { class: "train-setting" },
            h("label", { for: input.id }, setting.label), input,
            h("p", { class: "train-hint", id: `${input.id}-hint` }, setting.hint), problem))),
        this.reset));
    this.#render();
  }

  /** @param {import("./train-presets.js").Setting} setting @returns {Field} */
  #field(setting) {
    const id = uniqueId(`setting-${setting.key}`);
    const problem = h("p", { class: "train-setting-problem", id: `${id}-problem`, role: "alert" });
    const input = h("input", {
      id, type: "number", class: "number", min: setting.min, max: setting.max, step: setting.step, inputmode: setting.whole ? "numeric" : "decimal",
      "aria-describedby": `${id}-hint ${id}-problem`,
      oninput: () => this.#edit(setting, input.value),
    });
    return { setting, input, problem };
  }

  /** @returns {Settings} as they stand; a field that makes no sense counts as NaN */
  get settings() {
    return { ...DEFAULTS[this.#data][this.size], ...this.#changed };
  }

  /** What was changed, to keep over a reload. */
  get changed() {
    return this.#changed;
  }

  get valid() {
    const { settings } = this;
    return SETTINGS.every((setting) => settingProblem(setting, settings[setting.key]) === null);
  }

  /** Brings the first field that makes no sense into view. */
  focusProblem() {
    const { settings } = this;
    this.settingsElement.open = true;
    this.#fields.find(({ setting }) => settingProblem(setting, settings[setting.key]) !== null)?.input.focus();
  }

  /** @param {import("../data.js").DataId} data @param {number} vocabulary */
  setData(data, vocabulary) {
    // Another text has other presets; what was changed for the last one no longer fits.
    if (data !== this.#data) this.#changed = {};
    this.#data = data;
    this.#vocabulary = vocabulary;
    this.#render();
  }

  /** @param {number | null} machine  how fast this machine is, as measured; null: nothing was trained here yet */
  setMachine(machine) {
    this.#machine = machine;
    this.#render();
  }

  /** @param {import("../data.js").DataId} data @param {SizeId} size @param {Partial<Settings>} changed */
  restore(data, size, changed) {
    this.#data = data;
    this.size = SIZES.some(({ id }) => id === size) ? size : "small";
    this.#changed = { ...changed };
    if (Object.keys(changed).length > 0) this.settingsElement.open = true;
    this.#render();
  }

  /** @param {SizeId} id */
  #setSize(id) {
    this.size = id;
    this.#render();
    this.#onChange();
  }

  /** @param {import("./train-presets.js").Setting} setting @param {string} text */
  #edit({ key }, text) {
    const value = text.trim() === "" ? NaN : Number(text);
    if (value === DEFAULTS[this.#data][this.size][key]) delete this.#changed[key];
    else this.#changed[key] = value;
    this.#render();
    this.#onChange();
  }

  #reset() {
    this.#changed = {};
    this.#render();
    this.#onChange();
  }

  #render() {
    const { settings } = this;
    for (const { setting, input, problem } of this.#fields) {
      const value = settings[setting.key];
      const words = settingProblem(setting, value);
      problem.textContent = words ?? "";
      input.setAttribute("aria-invalid", String(words !== null));
      // Never rewrite a field under the person's hands.
      if (document.activeElement !== input && Number.isFinite(value)) input.value = String(value);
    }
    this.reset.disabled = Object.keys(this.#changed).length === 0;
    this.#sizes.forEach(({ input, about }, i) => {
      const { id, num_layers, num_heads } = SIZES[i];
      input.checked = id === this.size;
      about.textContent = `${shortCount(parameterCount(id, this.#vocabulary))} parameters, ${num_layers} layers of ${num_heads} heads`;
    });
    this.#renderEstimate(settings);
  }

  /** @param {Settings} settings */
  #renderEstimate(settings) {
    if (!this.valid) {
      this.estimate.textContent = "One of the settings is out of its range.";
      return;
    }
    const seconds = timeEstimate(this.size, this.#vocabulary, settings, this.#machine ?? 1);
    const memory = megabytes(memoryEstimate(this.size, this.#vocabulary, settings));
    const source = this.#machine ? "at the speed measured here" : "a guess until something has been trained here";
    this.estimate.textContent = `About ${duration(seconds)} and ${memory} of memory (${source}).`;
  }
}
