// Changing a training while it goes on: single steps, the learning rate, more steps, and the heads' waves. Closed at
// first: who only wants to train sees one line of it.

import { h, oncePerFrame, uniqueId } from "../page/dom.js";
import { focusKeeper } from "../page/focus.js";
import { NumberInput } from "../page/number-field.js";
import { changeWords, controlOf, learningRate, lengthenWords, rateWords } from "./control.js";
import { TrainHeadEditor } from "./head-editor.js";
import { SETTINGS, settingProblem } from "./presets.js";
import { loss } from "./words.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("./run.js").TrainRun} TrainRun
 * @typedef {import("../engine/protocol.js").TrainControl} TrainControl
 */

const RATE = /** @type {import("./presets.js").Setting} */ (SETTINGS.find(({ key }) => key === "peak_lr"));
const STEPS = /** @type {import("./presets.js").Setting} */ (SETTINGS.find(({ key }) => key === "steps"));
/** @type {Record<import("./presets.js").Course, string>} */
const COURSES = { cosine: "falling along a cosine", linear: "falling along a straight line", constant: "and then the same" };

export class TrainControls {
  #app;
  #run;
  #busy = false;
  /** Whether the person has typed a number of steps, which is then left alone. */
  #typed = false;
  /** How the last single step went. */ #stepped = "";

  /** @param {App} app @param {TrainRun} run */
  constructor(app, run) {
    this.#app = app;
    this.#run = run;
    const ids = { rate: uniqueId("rate"), more: uniqueId("more") };
    this.step = h("button", { type: "button", disabled: true, onclick: () => this.#do(() => this.#step()) }, "One step");
    this.stepNote = h("p", { class: "train-hint", role: "status" });
    this.rate = new NumberInput({ id: ids.rate, min: RATE.min, max: RATE.max, step: RATE.step, strict: true });
    const set = () => this.#do(() => this.#setRate(this.rate.typed));
    const times = (/** @type {number} */ factor) => this.#do(() => this.#setRate(Number((this.#control().peak_lr * factor).toPrecision(6))));
    this.rateButtons = [
      h("button", { type: "button", onclick: set }, "Set"),
      h("button", { type: "button", onclick: () => times(0.5) }, "Halve"),
      h("button", { type: "button", onclick: () => times(2) }, "Double"),
    ];
    this.rateNote = h("p", { class: "train-hint" });
    this.more = new NumberInput({
      id: ids.more, min: 1, max: STEPS.max, step: STEPS.step, whole: true, strict: true,
      onTyping: () => { this.#typed = true; this.#draw(); },
    });
    this.lengthen = h("button", { type: "button", onclick: () => this.#do(() => this.#lengthen()) }, "Add steps");
    this.moreNote = h("p", { class: "train-hint" });
    this.problem = h("p", { class: "train-problem", role: "alert" });
    this.changes = h("ol", { class: "train-changes", "aria-label": "What was changed" });
    this.heads = new TrainHeadEditor(app, run, () => this.#draw());
    /** @type {(label: string, id: string, input: import("../page/number-field.js").NumberInput, buttons: HTMLElement[], note: HTMLElement) => HTMLElement} */
    const row = (label, id, input, buttons, note) => h("div", { class: "train-change-row" },
      h("label", { for: id }, label), h("div", { class: "train-change-tools" }, input.field, buttons), input.note, note);
    this.details = h("details", { class: "train-change", ontoggle: () => this.#draw() },
      h("summary", null, "Change this training"),
      h("div", { class: "train-change-body" },
        h("div", { class: "train-change-row" }, h("div", { class: "train-change-tools" }, this.step), this.stepNote),
        row("Learning rate from now on", ids.rate, this.rate, this.rateButtons, this.rateNote),
        row("More steps", ids.more, this.more, [this.lengthen], this.moreNote),
        this.problem, this.heads.element));
    // What was changed is part of what the run is: it is seen without opening anything.
    this.element = h("section", { class: "train-block", hidden: true, "aria-label": "Changes to the training" }, this.details, this.changes);
    this.keepFocus = focusKeeper(this.details, () => [], /** @type {HTMLElement} */ (this.details.firstElementChild));
    for (const [{ field }, act] of /** @type {const} */ ([[this.rate, set], [this.more, () => this.lengthen.click()]])) {
      field.addEventListener("keydown", (event) => { if (event.key === "Enter") act(); });
    }
    run.onChange(this.#draw);
  }

  #draw = oncePerFrame(() => this.keepFocus(() => this.#render()));

  /** @returns {TrainControl} */
  #control() {
    const control = controlOf(this.#run);
    if (!control) throw new Error("There is no training to change.");
    return control;
  }

  /** @param {() => Promise<unknown>} action */
  async #do(action) {
    if (this.#busy) return;
    this.#busy = true;
    this.problem.textContent = "";
    this.#draw();
    try {
      await action();
      if (this.#run.state === "paused") await this.#run.save();
    } catch (error) {
      this.problem.textContent = error instanceof Error ? error.message : String(error);
    }
    this.#busy = false;
    this.#draw();
  }

  async #step() {
    const done = await this.#app.engine.request("train_step", {});
    this.#stepped = `Step ${done.step.toLocaleString("en-GB")}: loss ${loss(done.loss)}.`;
  }

  /** @param {number} rate */
  async #setRate(rate) {
    const problem = settingProblem(RATE, rate);
    if (problem) throw new Error(problem);
    const set = () => this.#app.engine.request("train_set_rate", { peak_lr: rate });
    // One that came to no number goes on with the rate that may mend it.
    if (this.#run.state === "failed") await this.#run.goOn(set);
    else await set();
    this.rate.clear();
  }

  async #lengthen() {
    const run = this.#run;
    const control = this.#control();
    const more = this.more.typed;
    const most = STEPS.max - control.steps;
    if (!Number.isInteger(more) || more < 1 || more > most) {
      throw new Error(`More steps takes a whole number from 1 to ${most.toLocaleString("en-GB")}, as a training has ${STEPS.max.toLocaleString("en-GB")} at most.`);
    }
    this.#typed = false;
    const add = () => this.#app.engine.request("train_set_steps", { steps: control.steps + more });
    if (run.live && run.busy) await add();
    else await run.goOn(add);
  }

  #render() {
    const run = this.#run;
    const { plan, facts, live, state, savedStep } = run;
    this.element.hidden = plan === null || state === "starting" && facts.step === 0;
    const control = controlOf(run);
    if (!control || this.element.hidden) return;
    this.#renderChanges(control);
    if (!this.details.open) return;
    const changeable = live && run.busy && !this.#busy;
    this.step.disabled = !changeable || state !== "paused";
    if (state !== "paused") this.#stepped = "";
    this.stepNote.textContent = state === "paused" ? this.#stepped || "Each press does exactly one step." : "Pause first: then each press does exactly one step.";
    const mendable = !this.#busy && state === "failed" && (live || savedStep !== null);
    for (const input of [this.rate.field, ...this.rateButtons]) input.disabled = !changeable && !mendable;
    this.rate.field.placeholder = rateWords(control.peak_lr);
    const next = rateWords(learningRate(control, facts.step + 1));
    const warm = control.warmup_steps > 0 ? ` after ${control.warmup_steps.toLocaleString("en-GB")} warm-up steps` : "";
    this.rateNote.textContent = changeable
      ? `The next step moves with ${next}: ${rateWords(control.peak_lr)}${warm}, ${COURSES[control.schedule]}. A new one counts from the next step on.`
      : mendable ? `It was ${rateWords(control.peak_lr)}. With another one, training goes on from step ${facts.step.toLocaleString("en-GB")}.`
      : "It can be changed while the training runs or is paused.";
    const extendable = !this.#busy && state !== "starting" && (live || savedStep !== null);
    this.lengthen.disabled = this.more.field.disabled = !extendable;
    this.lengthen.textContent = run.busy ? "Add steps" : "Add steps and train on";
    if (!this.#typed) this.more.set(Math.max(10, Math.round(control.steps / 20) * 10));
    const more = this.more.typed;
    this.moreNote.textContent = more >= 1 ? lengthenWords(control, facts.step, more) : "How many steps it goes on for.";
    this.heads.render(control, changeable);
  }

  /** @param {TrainControl} control */
  #renderChanges({ changes }) {
    const words = changes.map(changeWords).reverse();
    const shown = [...this.changes.children].map((item) => item.textContent);
    this.changes.hidden = words.length === 0;
    if (words.length === shown.length && words.every((line, i) => line === shown[i])) return;
    this.changes.replaceChildren(...words.map((line) => h("li", null, line)));
  }
}
