// What-if: the model as it is bent beside what it was before, in the loss on text that it has not seen, in its
// forecasts for the text at hand, and in what it writes.

import { observe } from "../../engine/observations.js";
import { segmented } from "../../page/controls.js";
import { h, write } from "../../page/dom.js";
import { Forecasts } from "./forecasts.js";
import { LossWords } from "./loss.js";
import { Twins } from "./twins.js";
import { differences } from "./words.js";

/**
 * @typedef {import("../shared.js").Lab} Lab
 * @typedef {import("../shared.js").View} View
 * @typedef {import("../../engine/observations.js").Before} Before
 * @typedef {import("../../engine/observations.js").Taken} Taken
 */

/** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip @returns {View} */
export const makeWhatIfView = (lab, strip) => new WhatIfView(lab, strip);

/** @implements {View} */
class WhatIfView {
  id = "whatif";
  terms = ["Bend", "Confidence interval"];
  name = "What-if";
  about = "What does a change under Waves do? Bend or mute a head there: here you see how far the forecasts for the next token move at every token of the text, what the same seed writes before and after, and whether the model predicts unseen text better or worse.";
  waves = true;
  #lab;
  /** @type {Before} */ #before = "file";
  #pinned = false;
  #pins = 0;
  /** Which comparison is shown: of which model, how bent, and with what. */ #key = "";
  /** @type {import("../../engine/protocol.js").ModelInfo | null} */ #model = null;
  #models = 0;
  #choice;
  #compared = "";
  #inSight = false;
  #words = h("p", { class: "whatif-words" });
  #loss;
  #forecasts;
  #twins;

  /** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip */
  constructor(lab, strip) {
    this.#lab = lab;
    this.#loss = new LossWords(lab.app);
    this.#forecasts = new Forecasts(lab, strip);
    this.#twins = new Twins(lab.app);
    this.#choice = segmented({
      label: "Compare with", value: /** @type {Before} */ ("file"),
      choices: [{ value: "file", text: "The file" }, { value: "pinned", text: "Pinned", title: "The waves as they were when you pinned them" }],
      onInput: (before) => {
        if (before === "pinned" && !this.#pinned) this.#pin();
        else this.#compareWith(before);
      },
    });
    this.element = h("div", { class: "whatif" },
      h("div", { class: "whatif-bar" }, this.#choice.element,
        h("button", { type: "button", onclick: () => this.#pin(), title: "Keeps the waves as they are bent now, to compare later ones with" }, "Pin as it is now"),
        this.#words),
      h("div", { class: "whatif-pair" }, this.#loss.element, this.#twins.element),
      this.#forecasts.element);
  }

  async refresh() {
    this.#inSight = true;
    if (this.#lab.source !== "bent") {
      this.#loss.stop();
      throw new Error("What-if compares the open model as it is bent now with what it was before. Choose “As it is bent” above.");
    }
    this.#follow();
    const { app } = this.#lab;
    const taken = await observe(app.engine, "whatif_take", { before: this.#before });
    const key = [this.#models, this.#before, this.#pins, taken.number].join(" ");
    if (key !== this.#key) {
      this.#key = key;
      this.#compared = this.#say(taken);
      write(this.#words, this.#compared);
      this.#loss.begin({ before: this.#before, words: this.#compared });
    }
    await this.#forecasts.refresh(this.#before, this.#compared);
    if (this.#inSight) await this.#loss.sample();
    if (this.#inSight) await this.#twins.refresh(this.#before, key);
    if (this.#inSight) this.#loss.refine();
  }

  pointed() {
    this.#forecasts.pointed();
  }

  hide() {
    this.#inSight = false;
    this.#loss.stop();
  }

  /** Another model, or another engine: what was pinned and measured was the last one's. */
  #follow() {
    const model = this.#lab.app.state.get("model");
    if (model === this.#model) return;
    this.#model = model;
    this.#models++;
    this.#pinned = false;
    this.#before = "file";
    this.#choice.set("file");
    this.#loss.forget(model);
    this.#twins.forget();
  }

  async #pin() {
    const { app } = this.#lab;
    // What is still being measured was against what was pinned before.
    this.#loss.stop();
    try {
      await observe(app.engine, "whatif_pin", {});
    } catch (error) {
      this.#choice.set(this.#before);
      if (app.engine.alive) app.notify({ kind: "error", key: "whatif", title: "The waves could not be pinned.", message: /** @type {Error} */ (error).message });
      return;
    }
    this.#pinned = true;
    this.#pins++;
    this.#loss.forgetPinned();
    this.#twins.forget();
    this.#choice.set("pinned");
    this.#compareWith("pinned");
  }

  /** @param {Before} before */
  #compareWith(before) {
    this.#before = before;
    this.#lab.changed();
  }

  /** What is compared, in words. @param {Taken} taken */
  #say(taken) {
    const file = this.#before === "file";
    if (taken.same) return `${file ? "Nothing is bent" : "Nothing was bent since it was pinned"}: before and after are the same model.`;
    return `Against ${file ? "the file" : "what was pinned"}: ${differences(taken)}.`;
  }
}
