// What the lab looks at: which text, which model, which layer. What a person types here is kept, with what is wrong
// with it said under it.

import { segmented } from "../page/controls.js";
import { h, uniqueId, write } from "../page/dom.js";

/**
 * @typedef {import("./shared.js").Lab} Lab
 * @typedef {import("../engine/observations.js").CutText} CutText
 * @typedef {import("../engine/observations.js").Source} Source
 */

const NO_TRAINING = "“In training” can be chosen once a training has begun under Train.";

/** @param {number} count @param {string} word */
const counted = (count, word) => `${count.toLocaleString("en-GB")} ${word}${count === 1 ? "" : "s"}`;

export class LabChoices {
  #lab;
  #text;
  #source;
  #layers = h("div", { class: "lab-layers" });
  /** @type {((layer: number) => void) | null} */ #setLayer = null;
  /** Whether the engine holds a training, and how many steps it is to have. */
  #training = false;
  #steps = 0;
  #fault = h("p", { class: "inline-fault", role: "alert", hidden: true, id: uniqueId("lab-fault") });
  #own = h("textarea", { dir: "auto", translate: "no", class: "prompt lab-own", rows: 3, "aria-label": "Text to look at", "aria-describedby": this.#fault.id, spellcheck: "false", hidden: true });
  #note = h("p", { class: "field-hint lab-note" });
  #trainingNote = h("p", { class: "field-hint lab-training-note" }, NO_TRAINING);

  /** @param {Lab} lab */
  constructor(lab) {
    this.#lab = lab;
    this.#text = segmented({
      label: "Text", value: "written", choices: [{ value: "written", text: "Being written" }, { value: "own", text: "My own" }],
      onInput: (kind) => this.#chooseText(kind === "own"),
    });
    this.#source = segmented({
      label: "Model", value: lab.source,
      choices: [
        { value: "bent", text: "As it is bent", title: "The open model with its waves as they are set under Waves" },
        { value: "original", text: "As in the file", title: "The open model as it was opened" },
        { value: "training", text: "In training", title: "The model that is being trained, as it is now" },
      ],
      onInput: (value) => this.#lab.set({ source: value }),
    });
    this.#source.allow("training", false);
    this.#own.addEventListener("input", () => lab.set({ own: this.#own.value }));
    this.element = h("div", { class: "lab-choices-box" },
      h("div", { class: "lab-choices" }, this.#text.element, this.#source.element, this.#layers),
      this.#trainingNote, this.#own, this.#fault, this.#note);
    this.#follow();
  }

  /** Where a person types. */
  get field() {
    return this.#own;
  }

  /** Whether the engine holds a training is known by what it says of it. */
  #follow() {
    const { engine, state } = this.#lab.app;
    engine.on("train_progress", ({ steps }) => {
      this.#steps = steps;
      this.#setTraining(true);
    });
    state.on("engine", () => this.#setTraining(false));
  }

  /** @param {boolean} training */
  #setTraining(training) {
    if (this.#training === training) return;
    this.#training = training;
    this.#source.allow("training", training);
    if (!training && this.#lab.source === "training") {
      this.#source.set("bent");
      this.#lab.set({ source: "bent" });
    }
    this.#sayTraining(null);
  }

  /** @param {number | null} step */
  #sayTraining(step) {
    const done = step === null ? "" : `The model in training, as it was after step ${step.toLocaleString("en-GB")} of ${this.#steps.toLocaleString("en-GB")}.`;
    write(this.#trainingNote, this.#training ? done : NO_TRAINING);
    this.#trainingNote.hidden = this.#training && done === "";
  }

  /** @param {boolean} own */
  #chooseText(own) {
    const lab = this.#lab;
    if (own && this.#own.value === "") this.#own.value = lab.whole;
    this.#own.hidden = !own;
    lab.set({ following: !own, own: this.#own.value });
  }

  /** As it was kept. @param {{following: boolean, own: string}} kept */
  restore({ following, own }) {
    this.#own.value = own;
    this.#own.hidden = following;
    this.#text.set(following ? "written" : "own");
    this.#lab.set({ following, own });
  }

  /** What was looked at. @param {CutText} cut */
  show(cut) {
    this.#sayTraining(cut.step ?? null);
    const whole = this.#lab.whole.length;
    const beyond = whole - this.#lab.text.length;
    const length = counted(cut.tokens.length, "token");
    const most = `the model reads no more than ${cut.config.max_seq_len} at once`;
    if (beyond > 0) write(this.#note, `The last ${length} of a text of ${counted(whole, "character")}: ${most}. The first ${counted(beyond, "character")} were not even cut into tokens.`);
    else write(this.#note, cut.dropped > 0 ? `The last ${length} of the text: ${most}.` : "");
  }

  /** Why the text cannot be looked at; empty where it can. @param {string} message */
  fault(message) {
    write(this.#fault, message);
    this.#fault.hidden = message === "";
    this.#own.setAttribute("aria-invalid", String(message !== ""));
    if (message !== "") write(this.#note, "");
  }

  /** Offers the layers, where they matter. @param {number} count 0: they do not */
  layers(count) {
    this.#layers.hidden = count < 2;
    // Rebuilding under the keyboard would drop its focus.
    if (count >= 2 && this.#layers.dataset.count !== String(count)) {
      this.#layers.dataset.count = String(count);
      const choice = segmented({
        label: "Layer", value: this.#lab.layer,
        choices: Array.from({ length: count }, (_, layer) => ({ value: layer, text: String(layer + 1) })),
        onInput: (layer) => this.#lab.app.state.set("layer", Number(layer)),
      });
      this.#layers.replaceChildren(choice.element);
      this.#setLayer = choice.set;
    }
    if (count >= 2) this.#setLayer?.(this.#lab.layer);
  }
}
