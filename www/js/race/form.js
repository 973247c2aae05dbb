// What a person decides before a race: the text, the size, who runs, and the settings; with what it will take.

import { VALIDATION_SHARE } from "../text/data-sets.js";
import { ask } from "../page/ask.js";
import { h, uniqueId } from "../page/dom.js";
import { NumberInput } from "../page/number-field.js";
import { LINE_UPS, SETTINGS, SIZES, guessedSpeed, heatsOf, lineUpOf, makePlan, parametersOf, presetOf, secondsLeft, settingProblem } from "./plan.js";
import { PIECES } from "../train/presets.js";
import { optionCard } from "../page/option-card.js";
import { beforehand } from "../train/left.js";
import { TrainText } from "../train/text.js";
import { Waits } from "../train/waits.js";
import { shortCount } from "../train/words.js";

/**
 * @typedef {import("./plan.js").Choices} Choices
 * @typedef {import("./plan.js").Plan} Plan
 * @typedef {import("./plan.js").SettingKey} SettingKey
 * @typedef {import("./plan.js").Settings} Settings
 * @typedef {{ text: import("../train/text.js").TextChoice, size: Choices["size"], lineUp: Choices["lineUp"], changed: Partial<Settings>, trials: boolean }} Kept
 *
 * Tokens a second that were measured for an entrant of a plan; null: nothing was yet.
 * @typedef {(plan: Plan, entrant: number) => number | null} Measured
 */

/** What the glossary has of the settings. @type {Partial<Record<SettingKey, string>>} */
const TERMS = { seeds: "Seed", first_lr: "Learning rate", context: "Context", batch_size: "Batch", cells: "Stride" };

export class RaceForm {
  #measured;
  /** @type {Choices["size"]} */ #size = "quick";
  /** @type {Choices["lineUp"]} */ #lineUp = "published";
  /** What was changed; the rest follows the presets. @type {Partial<Settings>} */ #changed = {};
  /** Whether the text is being read. */ #begun = false;

  /**
   * @param {import("../page/app.js").App} app @param {Measured} measured
   * @param {() => void} onChange @param {() => void} onStart
   */
  constructor(app, measured, onChange, onStart) {
    this.#measured = measured;
    this.changed = () => {
      this.#render();
      onChange();
    };
    this.text = new TrainText(app, () => this.changed());
    this.sizes = radios("Size", SIZES, (id) => this.#choose({ size: id }));
    this.lineUps = radios("Who runs", LINE_UPS, (id) => this.#choose({ lineUp: id }));
    this.fields = SETTINGS.map((setting) => settingField(setting, (value) => this.#edit(setting.key, value)));
    this.rates = this.fields.filter((_, i) => isRate(SETTINGS[i].key));
    this.trials = h("input", { type: "checkbox", onchange: () => this.changed() });
    this.reset = h("button", { type: "button", class: "small", onclick: () => { this.#changed = {}; this.changed(); } }, "Back to the preset");
    this.estimate = h("p", { class: "race-estimate", "aria-live": "polite" });
    this.start = h("button", { type: "submit", class: "primary race-start" }, "Start the race");
    this.waits = new Waits(this.text, this.start);
    this.problem = h("p", { class: "race-problem", role: "alert" });
    this.details = h("details", { class: "race-details" }, h("summary", null, "Settings of the race"),
      h("fieldset", { class: "race-field" }, h("legend", { class: "visually-hidden" }, "Settings of the race"),
        h("div", { class: "race-settings" }, this.fields.filter((field) => !this.rates.includes(field)).map(({ element }) => element)), this.reset));
    const tune = h("fieldset", { class: "race-field" }, h("legend", null, "Learning rates"),
      h("div", { class: "race-settings" }, this.rates.map(({ element }) => element)),
      h("label", { class: "check" }, this.trials, "Tune for both first: try three learning rates each for a tenth of the steps, and race with the best"));
    this.element = h("form", { class: "race-form", novalidate: true, onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); onStart(); } },
      this.lineUps.element, this.sizes.element, this.text.element, this.start, this.waits.element, this.problem, this.estimate, tune, this.text.reading, this.details);
  }

  /** @returns {Settings} as they stand; a field that makes no sense counts as NaN */
  get settings() {
    return { ...presetOf(this.#size, this.#lineUp), ...this.#changed };
  }

  /** @returns {Choices} */
  get choices() {
    const { data, tokenizer, pieces } = this.text.choice;
    return { data, tokenizer, pieces, data_name: this.text.name, size: this.#size, lineUp: this.#lineUp, settings: this.settings, trials: this.trials.checked };
  }

  /** What stands in the way of a race, in words; empty when nothing does. */
  get fault() {
    const { settings } = this;
    const problem = SETTINGS.map((setting) => settingProblem(setting, settings[setting.key])).find((words) => words !== null);
    return problem ?? this.text.problem;
  }

  /** Reads the text if that has not happened yet; resolves once it is known whether it will do. */
  async begin() {
    this.#begun = true;
    await this.text.begin();
  }

  /** Brings what stands in the way into view. */
  focusProblem() {
    const wrong = this.fields.find(({ input }) => input.getAttribute("aria-invalid") === "true");
    if (!wrong) return this.text.focusProblem();
    if (!this.rates.includes(wrong)) this.details.open = true;
    wrong.input.focus();
  }

  /** Says anew what it will take: more may be known of this machine. */
  refresh() {
    this.#render();
  }

  /** Other chance, the rest as it was. @param {number} seed */
  setSeed(seed) {
    this.#changed.seed = seed;
    this.changed();
  }

  /** @param {boolean} busy */
  lock(busy) {
    for (const fieldset of this.element.querySelectorAll("fieldset")) fieldset.disabled = busy;
    this.start.disabled = busy;
  }

  /** @returns {Kept} */
  get kept() {
    return { text: this.text.choice, size: this.#size, lineUp: this.#lineUp, changed: this.#changed, trials: this.trials.checked };
  }

  /** @param {Partial<Kept> | null | undefined} kept  of an earlier visit */
  async restore(kept) {
    this.#size = SIZES.some(({ id }) => id === kept?.size) ? /** @type {Choices["size"]} */ (kept?.size) : "quick";
    this.#lineUp = LINE_UPS.some(({ id }) => id === kept?.lineUp) ? /** @type {Choices["lineUp"]} */ (kept?.lineUp) : "published";
    const preset = presetOf(this.#size, this.#lineUp);
    this.#changed = Object.fromEntries(SETTINGS.flatMap((setting) => {
      const value = kept?.changed?.[setting.key];
      return value === undefined || value === preset[setting.key] || settingProblem(setting, value) !== null ? [] : [[setting.key, value]];
    }));
    this.trials.checked = kept?.trials ?? false;
    await this.text.restore(kept?.text ?? { data: "shakespeare", tokenizer: "character", pieces: PIECES.initial });
    this.#render();
  }

  /** @param {{ size?: Choices["size"], lineUp?: Choices["lineUp"] }} choice */
  #choose({ size = this.#size, lineUp = this.#lineUp }) {
    // What a line-up stands for is not mixed with another one's numbers.
    if (lineUp !== this.#lineUp) for (const key of /** @type {const} */ (["first_lr", "second_lr", "cells", "position_scale"])) delete this.#changed[key];
    this.#size = size;
    this.#lineUp = lineUp;
    this.changed();
  }

  /** @param {SettingKey} key @param {number} value */
  #edit(key, value) {
    if (value === presetOf(this.#size, this.#lineUp)[key]) delete this.#changed[key];
    else this.#changed[key] = value;
    this.changed();
  }

  #render() {
    const { settings } = this;
    this.waits.update();
    this.sizes.set(this.#size);
    this.lineUps.set(this.#lineUp);
    SETTINGS.forEach((setting, i) => this.fields[i].set(settings[setting.key], settingProblem(setting, settings[setting.key])));
    this.rates.forEach((field, i) => field.name(lineUpOf(this.#lineUp).entrants[i].label));
    this.reset.disabled = Object.keys(this.#changed).length === 0;
    if (this.#begun && Number.isFinite(settings.context)) this.text.setSplit(settings.context, VALIDATION_SHARE);
    const { vocabulary } = this.text;
    SIZES.forEach(({ id, steps, seeds, num_layers, num_heads }, i) => {
      const plan = makePlan({ ...this.choices, size: id, settings: presetOf(id, this.#lineUp) }, "");
      this.sizes.about[i].textContent = `${shortCount(parametersOf(plan.entrants[0].model, vocabulary))} parameters each, ${num_layers} layers of ${num_heads} heads; ${steps.toLocaleString("en-GB")} steps, ${seeds} ${seeds === 1 ? "seed" : "seeds"}`;
    });
    this.#renderEstimate(vocabulary);
  }

  /** @param {number} vocabulary */
  #renderEstimate(vocabulary) {
    const { settings } = this;
    if (SETTINGS.some((setting) => settingProblem(setting, settings[setting.key]) !== null)) {
      this.estimate.textContent = "One of the settings is out of its range.";
      return;
    }
    const plan = makePlan(this.choices, "");
    const measured = plan.entrants.map((_, entrant) => this.#measured(plan, entrant));
    const known = measured.find((speed) => speed !== null) ?? null;
    const seconds = secondsLeft(plan, heatsOf(plan), measured.map((speed, i) => speed ?? known ?? guessedSpeed(plan, i, vocabulary)));
    const sizes = plan.entrants.map(({ label, model }) => `${label} ${parametersOf(model, vocabulary).toLocaleString("en-GB")} (feed-forward ${model.ffn_dim} wide)`);
    this.estimate.textContent = `It takes ${beforehand(seconds, known !== null)} ${known === null ? "on most computers (measured once both have begun)" : "at the speed measured here"}. Parameters: ${sizes.join(", ")}.`;
  }
}

/** @param {SettingKey} key */
const isRate = (key) => key === "first_lr" || key === "second_lr";

/**
 * @template {string} T
 * @param {string} legend @param {readonly { id: T, label: string, about?: string }[]} entries @param {(id: T) => void} choose
 */
function radios(legend, entries, choose) {
  const name = uniqueId("race");
  /** @type {HTMLElement[]} */ const about = [];
  const inputs = entries.map(({ id }) => h("input", { type: "radio", name, value: id, onchange: () => choose(id) }));
  const element = h("fieldset", { class: "race-field" }, h("legend", null, legend),
    h("div", { class: "train-options" }, entries.map((entry, i) => {
      const card = optionCard(inputs[i], entry.label, entry.about ?? "");
      about.push(/** @type {HTMLElement} */ (card.lastElementChild));
      return card;
    })));
  return {
    element,
    about,
    /** @param {T} chosen */
    set(chosen) {
      for (const input of inputs) input.checked = input.value === chosen;
    },
  };
}

/** @param {import("./plan.js").Setting} setting @param {(value: number) => void} edit */
function settingField({ key, label, hint, min, max, step, whole }, edit) {
  const id = uniqueId("race-setting");
  const problem = h("p", { class: "race-setting-problem", id: `${id}-problem`, role: "alert" });
  const number = new NumberInput({ id, describedBy: `${id}-hint ${id}-problem`, min, max, step, whole, strict: true, onInput: edit });
  const input = number.field;
  const caption = h("label", { for: id }, label);
  const term = TERMS[key];
  const element = h("div", { class: "race-setting" }, h("span", { class: "asked" }, caption, term && ask(term)), input, h("p", { class: "race-hint", id: `${id}-hint` }, hint), number.note, problem);
  return {
    element,
    input,
    /** @param {string} name */
    name(name) {
      caption.textContent = name;
    },
    /** @param {number} value @param {string | null} words */
    set(value, words) {
      problem.textContent = words ?? "";
      input.setAttribute("aria-invalid", String(words !== null));
      number.set(value);
    },
  };
}
