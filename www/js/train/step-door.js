// The way to one step, slowly: a button near the progress, and where the view opens. The view itself is loaded only when it
// is wanted.

import { h, write } from "../page/dom.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("./run.js").TrainRun} TrainRun
 */

const WHAT = "Walk through the next step of this training: text, forecasts, surprise, blame, weights, and the same text again.";

/** What has to be done first; empty where a step can be looked at. @param {Pick<TrainRun, "state" | "live" | "plan">} run @returns {string} */
export function first({ state, live, plan }) {
  if (!plan) return "Start a training first: then one step of it can be walked through, from the text to the moved weights.";
  if (live) return "";
  if (state === "starting") return "A step can be walked through as soon as the training has begun.";
  if (state === "done") return "This training is kept but not at work. Add steps under \"Change this training\" first: then one of them can be walked through.";
  return "This training is kept but not at work. Press Go on first: then a step can be walked through, also while it is paused.";
}

export class StepDoor {
  #app;
  #run;
  /** @type {import("./step/step.js").StepView | null} */ #view = null;
  #opening = false;
  #fault = "";
  #words = h("span", { class: "train-hint" });
  #button = h("button", { type: "button", "aria-expanded": "false", onclick: () => this.#press() }, "One step, slowly");

  /** @param {App} app @param {TrainRun} run */
  constructor(app, run) {
    this.#app = app;
    this.#run = run;
    this.element = h("div", { class: "step-door" }, h("p", { class: "step-offer" }, this.#button, this.#words));
    run.onChange(() => {
      this.#view?.runChanged();
      this.#draw();
    });
    this.#draw();
  }

  async #press() {
    if (this.#view) return this.#view.attend();
    if (this.#opening) return;
    this.#opening = true;
    this.#fault = "";
    this.#draw();
    try {
      this.#view = await this.#app.openStep(this.#run, () => this.#closed());
      this.element.append(this.#view.element);
      this.#view.attend();
    } catch (error) {
      this.#fault = error instanceof Error ? error.message : String(error);
    }
    this.#opening = false;
    this.#draw();
  }

  #closed() {
    const { element } = /** @type {import("./step/step.js").StepView} */ (this.#view);
    const inside = element.contains(document.activeElement);
    element.remove();
    this.#view = null;
    this.#draw();
    if (inside) this.#button.focus();
  }

  #draw() {
    const why = first(this.#run);
    this.#button.disabled = why !== "" && !this.#view;
    this.#button.setAttribute("aria-expanded", String(this.#view !== null));
    write(this.#words, this.#fault || (this.#opening ? "It is being loaded." : why || WHAT));
    this.#words.classList.toggle("train-problem", this.#fault !== "");
  }
}
