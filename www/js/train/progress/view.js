// The training as it goes: state, controls, figures, curves, kernels and samples. Drawn at most once a frame, and only
// while it can be seen.

import { download, tableFile } from "../../files/out.js";
import { h, oncePerFrame, write } from "../../page/dom.js";
import { focusKeeper } from "../../page/focus.js";
import { TrainControls } from "../controls.js";
import { titleOf } from "../onward.js";
import { StepDoor } from "../step-door.js";
import { duration, loss } from "../words.js";
import { BeforeAfter } from "./before.js";
import { TrainCurves } from "./curves.js";
import { TrainFigures } from "./figures.js";
import { TrainHeads } from "./heads.js";
import { allSamples, momentAt } from "./moment.js";
import { emptyParts, headParts, sampleParts, statusParts } from "./parts.js";
import { savePicture } from "./picture.js";
import { TrainSamples } from "./samples.js";
import { TrainScrub } from "./scrub.js";
import { shareTraining } from "./share.js";
import { curvesTable, fileName } from "./table.js";
import { TrainTrajectories } from "./trajectories.js";

/**
 * @typedef {import("../../page/app.js").App} App
 * @typedef {import("../run.js").TrainRun} TrainRun
 * @typedef {import("../run.js").RunState} RunState
 * @typedef {import("./moment.js").Then} Then
 */

/** @type {Record<RunState, string>} */
export const STATE_WORDS = {
  idle: "Nothing is being trained",
  starting: "Getting ready",
  running: "Training",
  paused: "Paused",
  done: "Finished",
  stopped: "Stopped",
  failed: "Interrupted by a fault",
  interrupted: "Interrupted",
};
/** Characters of the newest sample that stay in sight. */
const NEWEST = 160;
/** Drawing takes time from the training on a small machine; a person who moves through the run waits for it. */
const DRAWING_MS = { training: 300, moving: 50 };

/** A sample in a line or two. @param {string} text */
const inShort = (text) => text.trim().replace(/\s*\n+\s*/g, " · ").slice(0, NEWEST);

export class TrainView {
  #app;
  #run;
  /** The step under the pointer. @type {number | null} */
  #hover = null;
  /** The run whose past was looked at. @type {TrainRun["plan"]} */
  #plan = null;
  /** @type {RunState} */
  #said = "idle";
  #busy = false;
  #problem = "";
  #drawnAt = 0;
  /** @type {RunState | null} */
  #drawnState = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #waiting;

  /** @param {App} app @param {TrainRun} run */
  constructor(app, run) {
    this.#app = app;
    this.#run = run;
    this.status = statusParts({
      pause: () => this.#do(() => run.pause()),
      goOn: () => this.#do(() => run.goOn()),
      stop: () => this.#do(() => run.stop()),
      adopt: () => this.#do(() => this.#adopt()),
      save: () => this.#do(() => this.#download()),
      share: () => this.#do(() => shareTraining(app, run, this.curves.chart)),
    });
    const { element, pause, goOn, stop, adopt } = this.status;
    this.keepFocus = focusKeeper(element, () => (run.state === "done" ? [adopt] : [goOn, pause, adopt, stop]), element);
    this.figures = new TrainFigures();
    this.empty = emptyParts();
    this.samples = sampleParts();
    this.heads = headParts();
    this.faults = h("ul", { class: "train-faults" });
    this.scrub = new TrainScrub(() => this.#move());
    const pointer = {
      onHover: (/** @type {number | null} */ step) => this.#point(step),
      onPick: (/** @type {number} */ step) => this.scrub.move(step),
    };
    this.curves = new TrainCurves({
      ...pointer,
      scrub: this.scrub.element,
      saveTable: () => this.#do(async () => download(tableFile(curvesTable(run)), this.#fileName("csv"))),
      savePicture: () => this.#do(() => savePicture(this.#heading(), [...this.curves.shown, ...this.trajectories.shown], this.#fileName("png"))),
    });
    this.trajectories = new TrainTrajectories(pointer);
    this.trajectories.onChoice = this.render;
    this.sampleList = new TrainSamples(this.samples.list, () => {
      this.scrub.refresh();
      this.render();
    });
    this.strips = new TrainHeads(this.heads.root);
    this.before = new BeforeAfter();
    this.sight = h("div", { class: "train-sight" }, this.before.element, this.samples.element, this.figures.element, this.curves.element,
      this.trajectories.element, this.heads.element, this.faults);
    const controls = new TrainControls(app, run).element;
    this.element = h("div", { class: "train-run" }, this.status.element, this.status.note, new StepDoor(app, run).element, controls, this.empty, this.sight);
    run.onChange(this.render);
    // A frame does not come in a hidden tab: what was missed is drawn on return.
    document.addEventListener("visibilitychange", this.render);
    new ResizeObserver(this.render).observe(this.element);
    // What it writes stays in sight while the curves below are looked at.
    new IntersectionObserver(([{ isIntersecting, boundingClientRect }]) => {
      this.status.newest.hidden = isIntersecting || boundingClientRect.top > 0;
    }).observe(this.samples.list);
  }

  /** Draws in the next frame; while nothing but the figures move, a few times a second are enough. */
  render = () => this.#renderEvery(DRAWING_MS.training);
  #move = () => this.#renderEvery(DRAWING_MS.moving);

  /** @param {number} interval  from one drawing to the next, in the same state */
  #renderEvery(interval) {
    const rest = this.#drawnState === this.#run.state ? interval - (performance.now() - this.#drawnAt) : 0;
    if (rest <= 0) return this.#draw();
    if (interval === DRAWING_MS.moving) clearTimeout(this.#waiting);
    else if (this.#waiting !== undefined) return;
    this.#waiting = setTimeout(this.#draw, rest);
  }

  #draw = oncePerFrame(() => {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    this.#drawnAt = performance.now();
    this.#drawnState = this.#run.state;
    this.#render();
  });

  /** Moves the person to the training that begins. */
  attend() {
    this.status.element.focus({ preventScroll: true });
    this.status.element.scrollIntoView({ block: "nearest" });
  }

  /** Runs what a button asks for; a failure is shown in words. @param {() => Promise<unknown>} action */
  async #do(action) {
    if (this.#busy) return;
    this.#busy = true;
    this.#problem = "";
    this.#draw();
    try {
      await action();
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      this.#app.announce(this.#problem);
    }
    this.#busy = false;
    this.#draw();
  }

  async #adopt() {
    await this.#run.adopt();
    this.#app.show("write");
    this.#app.announce("The trained model is open. Write with it.");
  }

  async #download() {
    const { bytes, filename } = await this.#run.file();
    download(bytes, filename);
  }

  #heading() {
    const { plan, choices, facts } = this.#run;
    return `${plan && titleOf(plan, choices)}, ${facts.step.toLocaleString("en-GB")} steps`;
  }

  /** @param {string} ending */
  #fileName(ending) {
    return fileName(this.#run.plan?.data_name ?? "", this.#run.facts.step, ending);
  }

  /** @param {number | null} step */
  #point(step) {
    if (step === this.#hover) return;
    this.#hover = step;
    this.#mark();
  }

  #mark() {
    for (const part of [this.curves, this.trajectories]) part.mark(this.scrub.step, this.#hover);
  }

  #render() {
    this.#announce();
    if (this.element.clientWidth === 0) return; // On a tab that is not shown; resizing asks again.
    const run = this.#run;
    this.keepFocus(() => this.#renderStatus());
    this.sight.hidden = run.plan === null;
    this.empty.hidden = run.plan !== null;
    if (run.plan !== this.#plan) {
      this.#plan = run.plan;
      this.scrub.now();
    }
    if (run.plan === null) return;
    const { sampleList } = this;
    sampleList.setData(run.choices?.data ?? "");
    this.samples.legend.hidden = !sampleList.isList;
    this.scrub.show(run.facts.step, momentAt(run, this.scrub.step).sample, (sample) => sampleList.body(sample));
    const then = momentAt(run, this.scrub.step);
    this.before.show(run, then);
    this.figures.show(run, then);
    this.curves.show(run, then);
    this.trajectories.show(run, then);
    this.#mark();
    this.samples.empty.hidden = run.facts.samples.length > 0;
    write(this.status.newest, inShort(run.facts.samples.at(-1)?.text ?? ""));
    sampleList.show(allSamples(run), then.now ? null : then.sample);
    this.#renderHeads(then);
    this.#renderFaults();
  }

  #renderStatus() {
    const run = this.#run;
    const ui = this.status;
    const { state, facts, plan } = run;
    this.element.dataset.state = state;
    write(ui.word, STATE_WORDS[state]);
    write(ui.title, plan ? titleOf(plan, run.choices) : "");
    ui.bar.max = plan?.train.steps ?? 1;
    ui.bar.value = facts.step;
    const canResume = run.savedStep !== null && (state === "interrupted" || state === "stopped" || state === "failed");
    const unfinished = facts.step < (plan?.train.steps ?? 0);
    // Buttons keep their places: they are switched off, not taken away, while there is a run.
    const mayGoOn = state === "paused" || (canResume && unfinished);
    ui.pause.hidden = mayGoOn;
    ui.goOn.hidden = !mayGoOn;
    ui.pause.disabled = state !== "running" || this.#busy;
    ui.goOn.disabled = this.#busy;
    ui.stop.disabled = this.#busy || !(state === "running" || state === "paused");
    ui.adopt.disabled = this.#busy || facts.step === 0 || !(run.live || run.savedStep !== null);
    ui.adopt.classList.toggle("primary", state === "done" || state === "stopped");
    ui.save.disabled = ui.adopt.disabled;
    ui.share.disabled = this.#busy || facts.samples.length === 0;
    write(ui.note, this.#problem || this.#words());
    ui.note.classList.toggle("train-problem", this.#problem !== "" || state === "failed");
  }

  #words() {
    const run = this.#run;
    const { storage } = this.#app;
    const { state, facts, savedStep } = run;
    const unsafe = !storage.persistent ? ` ${storage.reason}` : "";
    switch (state) {
      case "idle":
        return "Choose a text and a size, then start." + unsafe;
      case "starting":
        return "The text is being read and the model made.";
      case "running":
        return unsafe.trim() || (savedStep === null ? "You can leave this tab: training goes on." : `Kept at step ${savedStep.toLocaleString("en-GB")}. You can leave this tab: training goes on.`);
      case "paused":
        return (savedStep === facts.step ? `Kept at step ${savedStep.toLocaleString("en-GB")}. It will go on exactly from here.` : "It is being kept.") + unsafe;
      case "done":
        return `It took ${duration(facts.secondsTrained)}.` + unsafe;
      case "stopped":
        return (run.message && `${run.message} `) + (savedStep === null ? "" : `It can go on from step ${savedStep.toLocaleString("en-GB")}.`) + unsafe;
      case "interrupted":
        if (savedStep === null) return "It was interrupted before anything of it was kept. To train it again, use its settings, under Mine.";
        return `It was interrupted and kept at step ${facts.step.toLocaleString("en-GB")}, and goes on exactly from there.`;
      case "failed":
        if (facts.faults.at(-1)?.message === run.message) return `${run.message} ${facts.step === 0 ? "There is nothing yet that it has learned: s" : "You can use what it learned until then, or s"}et another rate under "Change this training" and go on.${unsafe}`;
        return `${run.message}${savedStep === null ? "" : ` It was kept at step ${savedStep.toLocaleString("en-GB")}: go on from there.`}`;
    }
  }

  /** @param {Then} then */
  #renderHeads({ layers }) {
    const { facts, plan } = this.#run;
    if (!plan || layers.length === 0) return;
    this.strips.show(layers, facts.initialLayers, { ...plan.model, vocab_size: facts.vocabulary });
  }

  #renderFaults() {
    const faults = this.#run.facts.faults.filter(({ message }) => message !== this.#run.message);
    if (this.faults.childElementCount === faults.length) return;
    this.faults.replaceChildren(...faults.map(({ message }) => h("li", null, message)));
  }

  /** Says the turning points to a screen reader, and nothing in between. */
  #announce() {
    const { state, facts } = this.#run;
    if (state === this.#said) return;
    this.#said = state;
    if (state === "idle" || state === "starting") return;
    const last = facts.evaluations.at(-1);
    const why = state === "failed" ? ` ${this.#run.message}` : "";
    this.#app.announce(`${STATE_WORDS[state]} at step ${facts.step}${last ? `, loss on held-back text ${loss(last.loss)}` : ""}.${why}`);
  }
}
