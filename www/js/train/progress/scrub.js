// A slider over the run: wherever it stands, the page shows what held at that step. At its end it follows the training.

import { h, write } from "../../page/dom.js";
import { stepByKey } from "./moment.js";

/** @typedef {import("../course.js").Sample} Sample */

/** How long the whole run takes to play. */
const PLAYING_MS = 10_000;
const count = (/** @type {number} */ step) => step.toLocaleString("en-GB");

export class TrainScrub {
  #onMove;
  /** Steps reached so far. */
  #steps = 0;
  /** Where it stands; null: at the end, wherever that is. @type {number | null} */
  #step = null;
  /** When the run would have begun to play from its first step; null: it does not play. @type {number | null} */
  #began = null;
  /** What stands under the slider. */
  #shown = "";

  /** @param {() => void} onMove  it stands elsewhere, or began or ended to play */
  constructor(onMove) {
    this.#onMove = onMove;
    this.slider = h("input", {
      type: "range", class: "slider", min: 0, max: 0, step: 1, "aria-label": "Moment of the training",
      oninput: () => this.move(this.slider.valueAsNumber),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    });
    this.playButton = h("button", { type: "button", class: "train-play", onclick: () => this.#toggle() }, "Play");
    this.nowButton = h("button", { type: "button", onclick: () => this.now() }, "Now");
    this.label = h("span", { class: "train-scrub-step" });
    this.sample = h("div", { class: "train-then" });
    this.element = h("div", { class: "train-scrub", role: "group", "aria-label": "Moments of the training" },
      this.playButton, this.slider, this.nowButton, this.label, this.sample);
  }

  /** The step to show; null: the newest. */
  get step() {
    return this.#step;
  }

  get playing() {
    return this.#began !== null;
  }

  /** @param {number} step */
  move(step) {
    this.#began = null;
    this.#stand(step);
  }

  now() {
    this.move(this.#steps);
  }

  /** @param {number} steps  reached so far @param {Sample | null} sample @param {(sample: Sample) => HTMLElement} body */
  show(steps, sample, body) {
    this.#steps = steps;
    if (this.#step !== null && this.#step >= steps) this.#step = null;
    const step = this.#step ?? steps;
    const { slider } = this;
    if (slider.max !== String(steps)) slider.max = String(steps);
    slider.value = String(step);
    slider.style.setProperty("--filled", `${steps > 0 ? (100 * step) / steps : 100}%`);
    const words = this.#step === null ? `Now: step ${count(steps)}` : `Step ${count(step)} of ${count(steps)}`;
    write(this.label, words);
    slider.setAttribute("aria-valuetext", words);
    const label = this.playing ? "Pause the playing" : "Play the training";
    if (this.playButton.getAttribute("aria-label") !== label) {
      this.playButton.setAttribute("aria-label", label);
      this.playButton.textContent = this.playing ? "❚❚" : "▶";
      this.playButton.title = label;
    }
    this.playButton.disabled = slider.disabled = steps === 0;
    this.nowButton.disabled = this.#step === null;
    const shown = sample ? `${sample.step} ${sample.text}` : "";
    if (shown === this.#shown && this.sample.childElementCount > 0) return;
    this.#shown = shown;
    this.sample.replaceChildren(...(sample
      ? [h("span", { class: "train-sample-step" }, `Written at step ${count(sample.step)}`), body(sample)]
      : [h("p", { class: "train-empty" }, "What the model writes stands here, as it was at the moment that you choose.")]));
  }

  /** What stands under the slider is made anew, as it may read differently now. */
  refresh() {
    this.sample.replaceChildren();
  }

  /** @param {number} step */
  #stand(step) {
    this.#step = step >= this.#steps ? null : Math.max(0, step);
    if (this.#step === null) this.#began = null;
    this.#onMove();
  }

  #toggle() {
    if (this.#began !== null) {
      this.#began = null;
      return this.#onMove();
    }
    // From the beginning when there is nothing ahead.
    const share = this.#step === null ? 0 : this.#step / this.#steps;
    this.#began = performance.now() - share * PLAYING_MS;
    this.#play();
  }

  #play = () => {
    if (this.#began === null) return;
    this.#stand(Math.round(((performance.now() - this.#began) / PLAYING_MS) * this.#steps));
    requestAnimationFrame(this.#play);
  };

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = stepByKey(event.key, this.#step ?? this.#steps, this.#steps);
    if (step === null) return;
    event.preventDefault();
    this.move(step);
  }
}
