// One step of the training in six pictures: a batch is drawn, predicted, scored, blamed, the weights move, and the same
// batch is predicted again. The engine makes the step beside the training, which goes on as if nobody had looked.

import { observe } from "../../engine/observations.js";
import { ask } from "../../page/ask.js";
import { h, uniqueId, write } from "../../page/dom.js";
import { StepClock } from "./clock.js";
import { StepPictures } from "./pictures.js";
import { STEPS, TERMS, remarks, told } from "./words.js";

/**
 * @typedef {import("../../page/app.js").App} App
 * @typedef {import("../run.js").TrainRun} TrainRun
 * @typedef {import("./data.js").StepSeen} StepSeen
 */

const still = matchMedia("(prefers-reduced-motion: reduce)");
const LAST = STEPS.length - 1;
/** What arrow keys have a meaning of their own in. */
const OWN_ARROWS = "input, select, textarea, canvas, [role=region]";

/** Looks that were begun, in whichever view: the engine holds the newest. */
let looks = 0;

export class StepView {
  #app;
  #run;
  #onClose;
  #id;
  /** @type {StepSeen | null} */ #seen = null;
  #step = 0;
  /** Counts looks: an older one that is still under way ends. */ #turn = 0;
  #busy = true;
  #title;
  #count = h("span", { class: "step-count" });
  #remarks = h("p", { class: "train-hint step-remarks", role: "status" });
  #ways = STEPS.map((name, i) => h("button", { type: "button", class: "step-way", onclick: () => this.#go(i) }, h("span", { "aria-hidden": "true" }, `${i + 1} `), name));
  #heading = h("h4", null);
  #asks = TERMS.map((term) => ask(term));
  #words = [h("p", null), h("p", null)];
  #progress = h("progress", { class: "step-progress", max: 1, value: 0, "aria-label": "Making the step" });
  #fault = h("p", { class: "train-problem", role: "alert" });
  #back = h("button", { type: "button", onclick: () => this.#go(this.#step - 1) }, "Previous");
  #play = h("button", { type: "button", onclick: () => this.#toggle() }, "Play");
  #next = h("button", { type: "button", class: "primary", onclick: () => this.#go(this.#step + 1) }, "Next");
  #anew = h("button", { type: "button", onclick: () => this.#lookAnew() });
  #told;
  #pictures;
  #clock;

  /** @param {App} app @param {TrainRun} run @param {() => void} onClose */
  constructor(app, run, onClose) {
    this.#app = app;
    this.#run = run;
    this.#id = run.id;
    this.#onClose = onClose;
    this.#pictures = new StepPictures(app, (error) => this.#fail(error));
    this.#clock = new StepClock({
      step: () => this.#step,
      score: (step) => (still.matches || !this.#seen ? { moves: 0, pause: 0 } : this.#pictures.score(step)),
      move: (move) => this.#pictures.move(this.#step, move),
      next: () => this.#show(this.#step + 1),
      seen: () => this.element.clientWidth > 0 && document.visibilityState === "visible",
      told: (playing) => { write(this.#play, playing ? "Pause" : "Play"); },
    }, STEPS.length);
    const id = uniqueId("step");
    this.#title = h("h3", { id, tabindex: -1 }, "One step, slowly");
    this.#told = h("div", { class: "step-told", "aria-live": "polite" }, h("p", { class: "step-which" }, this.#count), h("div", { class: "step-heading" }, this.#heading, this.#asks), this.#words);
    this.element = h("section", { class: "step-view", "aria-labelledby": id },
      h("div", { class: "step-head" }, this.#title, h("button", { type: "button", class: "quiet", onclick: () => this.close() }, "Close")),
      this.#remarks,
      h("div", { class: "step-body" },
        h("div", { class: "step-ways", role: "group", "aria-label": "The six steps" }, this.#ways),
        this.#told, h("div", { class: "step-stage" }, this.#progress, this.#fault, this.#pictures.element),
        h("div", { class: "step-tools", role: "group", "aria-label": "Walk through the step" }, this.#back, this.#play, this.#next),
        h("div", { class: "step-anew" }, this.#anew)));
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    // Before the text's own: it takes Escape to let go of a token.
    this.element.addEventListener("keydown", (event) => this.#onEscape(event), true);
    this.#draw();
    this.#look();
  }

  /** Moves the person to its title. */
  attend() {
    this.#title.focus({ preventScroll: true });
    this.element.scrollIntoView({ block: "start" });
  }

  /** The training may have gone on, or be another one. */
  runChanged() {
    if (this.#run.id !== this.#id) this.close();
    else this.#drawTools();
  }

  close() {
    this.#turn++;
    this.#clock.stop();
    this.#pictures.stop();
    this.#end();
    this.#onClose();
  }

  /** Frees what the engine holds of it; one that is gone holds nothing. */
  #end() {
    observe(this.#app.engine, "step_end", {}).catch(() => {});
  }

  /** Has the engine make the step, in parts. */
  async #look() {
    const turn = ++this.#turn;
    this.#busy = true;
    this.#draw();
    try {
      const seen = await this.#made(turn);
      if (turn !== this.#turn || !seen) return;
      this.#busy = false;
      this.#seen = seen;
      this.#pictures.take(seen);
      this.#show(this.#step);
    } catch (error) {
      if (turn === this.#turn) this.#fail(error);
    }
  }

  /** @param {number} turn @returns {Promise<StepSeen | null>} */
  async #made(turn) {
    const { engine } = this.#app;
    const look = ++looks;
    const { step, parts } = await observe(engine, "step_begin", { source: "training" });
    // It was closed before it began: nothing else would free what was made ready.
    if (turn !== this.#turn && look === looks) this.#end();
    for (let part = 1; turn === this.#turn; part++) {
      this.#progress.value = part / (parts + 1);
      write(this.#remarks, `Step ${step.toLocaleString("en-GB")} is being made beside the training: part ${Math.min(part, parts)} of ${parts}.`);
      const seen = await observe(engine, "step_part", {});
      if (seen) return seen;
    }
    return null;
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#busy = false;
    this.#seen = null;
    this.#clock.stop();
    this.#draw();
    write(this.#fault, error instanceof Error ? error.message : String(error));
    write(this.#remarks, "");
  }

  /** Of a training that stands: has it make the step that was seen, and looks at the next one. */
  async #lookAnew() {
    if (this.#busy) return;
    this.#clock.stop();
    this.#busy = true;
    this.#drawTools();
    try {
      if (this.#isNext) {
        await this.#app.engine.request("train_step", {});
        if (this.#run.state === "paused") await this.#run.save();
      }
    } catch (error) {
      return this.#fail(error);
    }
    this.#step = 0;
    await this.#look();
  }

  /** Whether what was seen is what a paused training would do next. */
  get #isNext() {
    return this.#run.state === "paused" && this.#seen !== null && this.#seen.step === this.#run.facts.step + 1 && this.#seen.step <= this.#seen.steps;
  }

  /** @param {number} step */
  #go(step) {
    this.#clock.stop();
    this.#show(Math.max(0, Math.min(LAST, step)));
  }

  #toggle() {
    if (this.#clock.playing) return this.#clock.stop();
    if (this.#step === LAST) this.#show(0);
    this.#clock.play();
  }

  /** @param {number} step */
  #show(step) {
    this.#step = step;
    this.#draw();
    if (this.#seen && !this.#busy) this.#pictures.show(step);
  }

  #draw() {
    const seen = this.#seen;
    const ready = seen !== null && !this.#busy;
    this.element.dataset.step = String(this.#step + 1);
    this.element.setAttribute("aria-busy", String(this.#busy));
    this.#progress.hidden = !this.#busy;
    // What was seen stays until the next is there, so that nothing jumps.
    this.#pictures.element.hidden = this.#told.hidden = seen === null;
    if (this.#busy) write(this.#fault, "");
    this.#ways.forEach((way, i) => (i === this.#step ? way.setAttribute("aria-current", "step") : way.removeAttribute("aria-current")));
    if (seen && ready) {
      const { title, words } = told(seen, this.#step);
      write(this.#count, `${this.#step + 1} of ${STEPS.length}`);
      write(this.#heading, title);
      this.#asks.forEach((button, i) => { button.hidden = i !== this.#step; });
      words.forEach((sentence, i) => write(this.#words[i], sentence));
      write(this.#remarks, remarks(seen).join(" "));
    }
    this.#drawTools();
  }

  #drawTools() {
    const ready = this.#seen !== null && !this.#busy;
    this.#ways.forEach((way) => { way.disabled = !ready; });
    this.#play.disabled = !ready;
    // Whoever stands on one of them keeps the focus at either end.
    for (const [button, end] of /** @type {const} */ ([[this.#back, 0], [this.#next, LAST]])) {
      button.disabled = !ready;
      button.setAttribute("aria-disabled", String(ready && this.#step === end));
    }
    const { state, facts } = this.#run;
    const stale = this.#seen?.step !== facts.step + 1;
    this.#anew.disabled = this.#busy || !this.#run.live || (!this.#isNext && !stale && ready);
    write(this.#anew, state === "paused" && !stale ? "Make this step in the training" : "Look at the present step");
  }

  /** @param {KeyboardEvent} event */
  #onEscape(event) {
    if (event.key !== "Escape" || this.element.querySelector(":popover-open")) return;
    event.preventDefault();
    event.stopPropagation();
    this.close();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.target instanceof Element && event.target.closest(OWN_ARROWS)) return;
    event.preventDefault();
    if (this.#seen && !this.#busy) this.#go(this.#step + by);
  }
}

/** @param {App} app @param {TrainRun} run @param {() => void} onClose */
export const openStep = (app, run, onClose) => new StepView(app, run, onClose);
