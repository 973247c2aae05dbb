// The model's size and the settings of the training, with what they will take in memory and time. The fields and their
// checks come from the table in presets.js.

import { ask } from "../page/ask.js";
import { h, uniqueId, write } from "../page/dom.js";
import { NumberInput } from "../page/number-field.js";
import { memoryEstimate, parameterCount } from "./estimates.js";
import { GROUPS, SETTINGS, SIZES, knownChanges, plain, problemsOf, settingsFor } from "./presets.js";
import { optionCard } from "./text.js";
import { timeEstimate } from "./time.js";
import { beforehand } from "./left.js";
import { megabytes, shortCount } from "./words.js";

/**
 * @typedef {import("./presets.js").Setting} Setting
 * @typedef {import("./presets.js").SettingKey} SettingKey
 * @typedef {import("./presets.js").Settings} Settings
 * @typedef {import("./presets.js").SizeId} SizeId
 * @typedef {{ setting: Setting, input: HTMLInputElement | HTMLSelectElement, set: (value: number | string) => void, preset: HTMLElement, problem: HTMLElement, element: HTMLElement }} Field
 */

/** What the glossary has of them. @type {Partial<Record<SettingKey, string>>} */
const TERMS = {
  peak_lr: "Learning rate", batch_size: "Batch", context: "Context", num_layers: "Layer", num_heads: "Head", embedding_dim: "Embedding", ffn_dim: "Feed-forward",
  stride: "Stride", interference_interval: "Interference", warmup_steps: "Warm-up", clip_norm: "Gradient limit", weight_decay: "Weight decay", dropout: "Dropout",
  seed: "Seed", validation_share: "Held back",
};

/** So many times as long a step takes whose layers are computed twice. */
const TWICE = 4 / 3;

export class TrainSettings {
  #onChange;
  /** The open model as a choice in place of a size. */
  #base;
  /** @type {SizeId} */
  size = "small";
  /** What the person changed; the rest follows the presets. @type {Partial<Settings>} */
  #changed = {};
  /** @type {import("../text/data-sets.js").DataId} */
  #data = "names";
  #vocabulary = 27;
  /** @type {number | null} */
  #machine = null;
  /** @type {Field[]} */
  #fields;
  /** @type {{ input: HTMLInputElement, about: HTMLElement }[]} */
  #sizes = [];

  /** @param {() => void} onChange @param {import("./base.js").OpenBase} base */
  constructor(onChange, base) {
    this.#onChange = onChange;
    this.#base = base;
    const group = uniqueId("size");
    const cards = SIZES.map(({ id, label }) => {
      const input = h("input", { type: "radio", name: group, value: id, checked: id === this.size, onchange: () => this.#setSize(id) });
      const card = optionCard(input, label, "");
      this.#sizes.push({ input, about: /** @type {HTMLElement} */ (card.lastElementChild) });
      return card;
    });
    this.estimate = h("p", { class: "train-estimate" });
    this.about = h("p", { class: "train-chosen", "aria-hidden": "true" });
    this.onward = h("input", { type: "radio", name: group, value: "open", onchange: () => this.#goOn() });
    const onward = optionCard(this.onward, "Go on from the open model", "Its shape and its letters, and what it has learned.");
    onward.classList.add("train-onward");
    this.baseProblem = h("p", { class: "train-problem" });
    this.instead = h("button", { type: "button", class: "small", onclick: () => this.#goOn() }, "Go on from the open model");
    this.sizeElement = h("fieldset", { class: "train-field" }, h("legend", null, "Size of the model"),
      h("div", { class: "train-options train-options-short train-sizes" }, cards, onward), this.about,
      h("div", { class: "train-base-problem", hidden: true }, this.baseProblem, this.instead));

    this.#fields = SETTINGS.map((setting) => this.#field(setting));
    /** Why the shape cannot be set. */
    this.fixed = h("p", { class: "train-hint", hidden: true });
    const [basic, ...more] = GROUPS.map(({ id, label }) =>
      h("fieldset", { class: `train-field train-group train-group-${id}` }, h("legend", null, label),
        id === "model" && this.fixed,
        h("div", { class: "train-settings" }, this.#fields.filter(({ setting }) => setting.group === id).map(({ element }) => element))));
    this.summary = h("summary", null, "More settings");
    this.details = h("details", { class: "train-details" }, this.summary, more);
    this.reset = h("button", { type: "button", class: "train-reset", hidden: true, onclick: () => this.#reset() }, "Back to the preset");
    /** What it is set to, while it is folded. */
    this.line = h("summary", null);
    this.settingsElement = h("details", { class: "train-details" }, this.line,
      h("div", { class: "train-fields" }, basic, this.details, h("fieldset", { class: "train-field" }, this.reset)));
    this.#render();
  }

  /** @param {Setting} setting @returns {Field} */
  #field(setting) {
    const id = uniqueId(`setting-${setting.key}`);
    const problem = h("p", { class: "train-setting-problem", id: `${id}-problem`, role: "alert" });
    const preset = h("span", { class: "train-setting-preset" });
    const describedBy = `${id}-hint ${id}-problem`;
    const { input, note = null, set } = setting.options ? this.#choice(setting, id, describedBy) : this.#number(setting, id, describedBy);
    const term = TERMS[setting.key];
    const element = h("div", { class: "train-setting" }, h("span", { class: "asked" }, h("label", { for: id }, setting.label), term && ask(term)), input,
      h("p", { class: "train-hint", id: `${id}-hint` }, setting.hint, preset), note, problem);
    return { setting, input, set, preset, problem, element };
  }

  /** @param {Setting} setting @param {string} id @param {string} describedBy */
  #choice(setting, id, describedBy) {
    const options = setting.options ?? [];
    const input = h("select", {
      id, "aria-describedby": describedBy,
      oninput: () => this.#edit(setting, options.find((option) => String(option.value) === input.value)?.value ?? NaN),
    }, options.map(({ value, label }) => h("option", { value }, label)));
    return { input, note: null, set: (/** @type {number | string} */ value) => { input.value = String(value); } };
  }

  /** @param {Setting} setting @param {string} id @param {string} describedBy */
  #number(setting, id, describedBy) {
    const { min, max, step, whole, multiple } = setting;
    const number = new NumberInput({ id, describedBy, min, max, step, whole, multiple, strict: true, onInput: (value) => this.#edit(setting, value) });
    return { input: number.field, note: number.note, set: (/** @type {number | string} */ value) => number.set(Number(value)) };
  }

  /** @returns {Settings} as they stand; a field that makes no sense counts as NaN */
  get settings() {
    return this.#with(this.#changed);
  }

  /** @param {Partial<Settings>} changed @returns {Settings} */
  #with(changed) {
    return settingsFor(this.#data, this.size, changed, this.#base.shape);
  }

  /** What was changed, to keep over a reload. */
  get changed() {
    return this.#changed;
  }

  get valid() {
    return this.#base.problem === "" && Object.keys(this.#problems()).length === 0;
  }

  #problems() {
    return problemsOf(this.settings, this.#vocabulary, this.#base.shape);
  }

  /** Brings the first field that makes no sense into view. */
  focusProblem() {
    if (this.#base.problem) return (this.#base.open ? this.instead : this.onward).focus();
    const problems = this.#problems();
    const field = this.#fields.find(({ setting }) => problems[setting.key]);
    this.settingsElement.open = true;
    if (field && field.setting.group !== "basic") this.details.open = true;
    field?.input.focus();
  }

  /** @param {import("../text/data-sets.js").DataId} data @param {number} vocabulary */
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

  /** @param {import("../text/data-sets.js").DataId} data @param {SizeId} size @param {Partial<Settings>} changed */
  restore(data, size, changed) {
    this.#data = data;
    this.size = SIZES.some(({ id }) => id === size) ? size : "small";
    this.#changed = knownChanges(changed);
    if (this.#fields.some(({ setting }) => setting.group !== "basic" && setting.key in this.#changed)) this.details.open = true;
    this.#render();
  }

  /** @param {SizeId} id */
  #setSize(id) {
    this.size = id;
    this.#reshape(false);
  }

  /** In place of a size: the open model. */
  #goOn() {
    this.#reshape(true);
    this.onward.focus();
  }

  /** @param {boolean} onward */
  #reshape(onward) {
    // What was changed in another model's shape does not go along, nor the rate of a new model for one that has learned.
    for (const { key, group } of SETTINGS) if (group === "model" || (onward !== this.#base.chosen && group === "basic")) delete this.#changed[key];
    if (onward || this.#base.chosen) this.#base.choose(onward);
    else this.#onChange();
    this.#render();
  }

  /** @param {Setting} setting @param {number | string} value */
  #edit({ key }, value) {
    const { [key]: _, ...others } = this.#changed;
    const unchanged = value === this.#with(others)[key];
    this.#changed = unchanged ? others : { ...others, [key]: value };
    this.#render();
    this.#onChange();
  }

  #reset() {
    this.#changed = {};
    this.#render();
    this.#onChange();
    this.#fields[0].input.focus();
  }

  #render() {
    const { settings } = this;
    const problems = this.#problems();
    const { shape } = this.#base;
    for (const { setting: { key, group, options }, input, set, preset, problem } of this.#fields) {
      const value = settings[key];
      input.disabled = shape !== null && group === "model";
      // A model from elsewhere may have what no new one can be given here.
      if (options && input instanceof HTMLSelectElement && ![...input.options].some((option) => option.value === String(value))) input.append(h("option", { value }, String(value)));
      problem.textContent = problems[key] ?? "";
      input.setAttribute("aria-invalid", String(key in problems));
      set(value);
      const { [key]: changed, ...others } = this.#changed;
      const usual = this.#with(others)[key];
      const words = options?.find((option) => option.value === usual)?.label ?? (typeof usual === "number" ? plain(usual) : "");
      preset.textContent = changed === undefined ? "" : ` Preset: ${words}.`;
    }
    const hidden = this.#fields.filter(({ setting }) => setting.group !== "basic" && setting.key in this.#changed).length;
    this.summary.textContent = hidden > 0 ? `More settings (${hidden} changed)` : "More settings";
    this.reset.hidden = Object.keys(this.#changed).length === 0;
    this.#sizes.forEach(({ input, about }, i) => {
      const { id, num_layers, num_heads, about: words } = SIZES[i];
      input.checked = !this.#base.chosen && id === this.size;
      const parameters = shortCount(parameterCount(settingsFor(this.#data, id), this.#vocabulary));
      about.textContent = words ? `${parameters} parameters: ${words}` : `${parameters} parameters, ${num_layers} layers of ${num_heads} heads`;
    });
    this.#renderBase();
    this.#renderLine(settings);
    this.#renderEstimate(settings, Object.keys(problems).length === 0);
  }

  #renderBase() {
    const { chosen, model, shape, problem, open, bent } = this.#base;
    this.onward.checked = chosen;
    const waves = bent ? ", its waves as they are bent now; a head that is muted is heard again" : "";
    const words = model && shape ? `${model.name}: ${shortCount(shape.parameters)} parameters, ${shape.num_layers} layers of ${shape.num_heads} heads${waves}.` : "";
    write(this.about, chosen ? words : this.#sizes[SIZES.findIndex(({ id }) => id === this.size)].about.textContent ?? "");
    write(this.baseProblem, problem);
    /** @type {HTMLElement} */ (this.baseProblem.parentElement).hidden = problem === "";
    this.instead.hidden = !open;
    write(this.instead, open ? `Go on from ${open.name}` : "");
    this.fixed.hidden = shape === null;
    write(this.fixed, model ? `These are ${model.name}'s, which goes on as it is: a model of another shape would be a new one.` : "");
  }

  /** @param {Settings} settings */
  #renderLine({ steps, peak_lr, batch_size, context }) {
    const changed = Object.keys(this.#changed).length;
    const numbers = [steps, peak_lr, batch_size, context].map((value) => (Number.isFinite(value) ? plain(value) : "?"));
    this.line.textContent = `Settings: ${numbers[0]} steps, learning rate ${numbers[1]}, batches of ${numbers[2]}, context ${numbers[3]}${changed > 0 ? ` (${changed} changed)` : ""}`;
  }

  /** @param {Settings} settings @param {boolean} valid */
  #renderEstimate(settings, valid) {
    if (!valid) {
      this.estimate.textContent = "One of the settings does not do: see below its field.";
      return;
    }
    const seconds = timeEstimate(settings, this.#vocabulary, this.#machine ?? 1);
    const { bytes, twice } = memoryEstimate(settings, this.#vocabulary);
    const parameters = shortCount(this.#base.shape?.parameters ?? parameterCount(settings, this.#vocabulary));
    const source = this.#machine ? "at the speed measured here" : "on most computers (measured once it starts)";
    // What the size says of it stands above.
    const size = Object.keys(this.#changed).length > 0 ? `${parameters} parameters. ` : "";
    const slower = twice ? " So many tokens at once fit because each layer is computed twice, which takes about a third longer." : "";
    this.estimate.textContent = `${size}It takes ${beforehand(twice ? TWICE * seconds : seconds, this.#machine !== null)} ${source}, and about ${megabytes(bytes)} of memory.${slower}`;
  }
}
