// The training as it goes: state, controls, figures, curves, kernels and samples. Drawn at most once a frame, and only
// while it can be seen.

import { loadDataSet, dataSet } from "../data.js";
import { LossChart } from "../charts/loss.js";
import { download, h, oncePerFrame } from "../dom.js";
import { TrainControls } from "./train-controls.js";
import { TrainHeads } from "./train-heads.js";
import { curveParts, figureParts, headParts, sampleParts, statusParts } from "./train-parts.js";
import { TrainSamples } from "./train-samples.js";
import { duration, loss } from "./train-words.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("./train-run.js").TrainRun} TrainRun
 * @typedef {import("./train-run.js").RunState} RunState
 * @typedef {import("../charts/loss.js").Reading} Reading
 */

/** @type {Record<RunState, string>} */
const STATE_WORDS = {
  idle: "Nothing is being trained",
  starting: "Getting ready",
  running: "Training",
  paused: "Paused",
  done: "Finished",
  stopped: "Stopped",
  failed: "Interrupted by a fault",
  interrupted: "Interrupted",
};
/** Drawing takes time from the training on a small machine. */
const DRAWING_MS = 200;

export class TrainView {
  #app;
  #run;
  /** @type {Reading | null} */
  #reading = null;
  /** @type {RunState} */
  #said = "idle";
  #busy = false;
  #problem = "";
  /** The data whose items count as known in the samples. */
  #knownFor = "";
  #shownEvaluations = -1;
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
    });
    this.figures = figureParts();
    this.curves = curveParts((log, smoothing) => this.chart.setView({ log, smoothing }));
    this.samples = sampleParts();
    this.heads = headParts();
    this.faults = h("ul", { class: "train-faults" });
    this.chart = new LossChart(this.curves.host, (reading) => {
      this.#reading = reading;
      this.#draw();
    });
    this.sampleList = new TrainSamples(this.samples.list);
    this.strips = new TrainHeads(this.heads.root);
    this.element = h("div", { class: "train-run" }, this.status.element, new TrainControls(app, run).element, this.figures.element, this.curves.element,
      this.samples.element, this.heads.element, this.faults);
    run.onChange(this.render);
    // A frame does not come in a hidden tab: what was missed is drawn on return.
    document.addEventListener("visibilitychange", this.render);
    new ResizeObserver(this.render).observe(this.element);
  }

  /** Draws in the next frame; while nothing but the figures move, a few times a second are enough. */
  render = () => {
    const rest = this.#drawnState === this.#run.state ? DRAWING_MS - (performance.now() - this.#drawnAt) : 0;
    if (rest <= 0) return this.#draw();
    this.#waiting ??= setTimeout(this.#draw, rest);
  };

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
    this.#app.show("generate");
    this.#app.announce("The trained model is open. Generate with it.");
  }

  async #download() {
    const file = await this.#run.file();
    if (file) download(file.bytes, file.filename);
  }

  #render() {
    this.#announce();
    if (this.element.clientWidth === 0) return; // On a tab that is not shown; resizing asks again.
    this.#renderStatus();
    this.#renderFigures();
    this.#renderCurves();
    this.#renderSamples();
    this.#renderHeads();
    this.#renderFaults();
  }

  #renderStatus() {
    const run = this.#run;
    const ui = this.status;
    const { state, facts, plan } = run;
    this.element.dataset.state = state;
    ui.word.textContent = STATE_WORDS[state];
    ui.title.textContent = plan ? `${plan.data_name}, ${run.choices?.size} model` : "";
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
    ui.note.textContent = this.#problem || this.#words();
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
        return unsafe.trim() || (savedStep === null ? "You can leave this tab: training goes on." : `Saved at step ${savedStep.toLocaleString("en-GB")}. You can leave this tab: training goes on.`);
      case "paused":
        return (savedStep === facts.step ? `Saved at step ${savedStep.toLocaleString("en-GB")}. It will go on exactly from here.` : "Being saved.") + unsafe;
      case "done":
        return `It took ${duration(facts.secondsTrained)}.` + unsafe;
      case "stopped":
        return (run.message && `${run.message} `) + (savedStep === null ? "" : `It can go on from step ${savedStep.toLocaleString("en-GB")}.`) + unsafe;
      case "interrupted":
        return `The page was closed or reloaded. The training was kept at step ${facts.step.toLocaleString("en-GB")} and goes on exactly from there.`;
      case "failed":
        return `${run.message}${savedStep === null ? "" : ` It was kept at step ${savedStep.toLocaleString("en-GB")}: go on from there.`}`;
    }
  }

  #renderFigures() {
    const { facts, history, plan, state, secondsLeft } = this.#run;
    const last = facts.evaluations.at(-1);
    const running = state === "running" || state === "starting";
    /** @type {Record<string, string>} */
    const values = {
      Step: plan ? `${facts.step.toLocaleString("en-GB")} of ${plan.train.steps.toLocaleString("en-GB")}` : "–",
      Loss: loss(history.latest()),
      Validation: loss(last?.loss),
      Perplexity: last ? last.perplexity.toFixed(2) : "–",
      "Next token right": last ? `${(last.accuracy * 100).toFixed(1)} %` : "–",
      "Tokens a second": facts.tokensPerSecond ? Math.round(facts.tokensPerSecond).toLocaleString("en-GB") : "–",
      "Time left": running && secondsLeft !== null && facts.step > 0 ? duration(secondsLeft) : "–",
    };
    for (const [name, value] of Object.entries(values)) {
      const cell = this.figures.values[/** @type {import("./train-parts.js").FigureName} */ (name)];
      if (cell.textContent !== value) cell.textContent = value;
    }
  }

  #renderCurves() {
    const { facts, history, plan } = this.#run;
    const { evaluations } = facts;
    const ui = this.curves;
    this.chart.show({
      train: history.points(),
      evaluations,
      steps: plan?.train.steps ?? 1000,
      guessing: facts.vocabulary > 1 ? Math.log(facts.vocabulary) : null,
    });
    ui.train.textContent = loss(this.#reading ? this.#reading.train : history.latest());
    ui.validation.textContent = loss(this.#reading ? this.#reading.validation : evaluations.at(-1)?.loss);
    ui.step.textContent = this.#reading ? `at step ${this.#reading.step.toLocaleString("en-GB")}` : "";
    if (evaluations.length === this.#shownEvaluations) return;
    this.#shownEvaluations = evaluations.length;
    const best = evaluations.reduce((/** @type {typeof evaluations[0] | null} */ low, next) => (low && low.loss <= next.loss ? low : next), null);
    ui.host.setAttribute("aria-label", best
      ? `Loss against steps. Training ${loss(history.latest())}, validation ${loss(evaluations.at(-1)?.loss)}; lowest validation ${loss(best.loss)} at step ${best.step}.`
      : "Loss against steps");
    ui.rows.replaceChildren(...evaluations.map(({ step, loss: value, perplexity, accuracy }) =>
      h("tr", null, h("td", null, step.toLocaleString("en-GB")), h("td", null, loss(value)), h("td", null, perplexity.toFixed(2)), h("td", null, `${(accuracy * 100).toFixed(1)} %`))).reverse());
  }

  #renderSamples() {
    const { facts, choices } = this.#run;
    const data = choices?.data ?? "";
    if (data !== this.#knownFor) {
      this.#knownFor = data;
      const list = data !== "" && data !== "own" && dataSet(data).list;
      this.sampleList.setKnown(null);
      if (list) {
        loadDataSet(data).then((text) => {
          if (this.#knownFor !== data) return;
          this.sampleList.setKnown(text);
          this.render();
        }, () => {}); // Without the list the samples are shown as plain text.
      }
      this.samples.legend.hidden = !list;
    }
    this.samples.empty.hidden = facts.samples.length > 0;
    this.sampleList.show(facts.samples);
  }

  #renderHeads() {
    const { facts, plan } = this.#run;
    if (!plan || facts.layers.length === 0) return;
    this.strips.show(facts.layers, facts.initialLayers, { ...plan.model, vocab_size: facts.vocabulary });
  }

  #renderFaults() {
    const { faults } = this.#run.facts;
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
    this.#app.announce(`${STATE_WORDS[state]} at step ${facts.step}${last ? `, validation loss ${loss(last.loss)}` : ""}.${why}`);
  }
}
