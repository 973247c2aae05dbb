// What the model wrote along the way, newest first, each with its step.

import { h, VERBATIM } from "../../page/dom.js";
import { dataSet, loadDataSet } from "../../text/data-sets.js";

/**
 * @typedef {import("../../text/data-sets.js").DataId} DataId
 * @typedef {import("../course.js").Sample} Sample
 */

export class TrainSamples {
  #list;
  /** What is on the list, by step. @type {Map<number, { sample: Sample, element: HTMLLIElement }>} */
  #shown = new Map();
  /** @type {HTMLLIElement | null} */
  #current = null;
  /** The data whose items count as known. @type {DataId | ""} */
  #data = "";
  /** Lines of the text trained on, where it is a list: an item that is not among them was invented. @type {Set<string> | null} */
  #known = null;
  #onKnown;

  /** @param {HTMLOListElement} list @param {() => void} onKnown  samples read differently now */
  constructor(list, onKnown) {
    this.#list = list;
    this.#onKnown = onKnown;
  }

  /** Whether the text trained on is a list, so that its items are told from invented ones. */
  get isList() {
    return this.#data !== "" && this.#data !== "own" && dataSet(this.#data).list;
  }

  /** @param {DataId | ""} data  what is trained on */
  setData(data) {
    if (data === this.#data) return;
    this.#data = data;
    this.#setKnown(null);
    if (!this.isList || data === "" || data === "own") return;
    loadDataSet(data).then((text) => {
      if (this.#data === data) this.#setKnown(text);
    }, () => {}); // Without the list the samples are shown as plain text.
  }

  /** @param {string | null} text  the list; null: unknown, or none */
  #setKnown(text) {
    this.#known = text === null ? null : new Set(text.split("\n"));
    this.#clear();
    this.#onKnown();
  }

  #clear() {
    this.#shown.clear();
    this.#current = null;
    this.#list.replaceChildren();
  }

  /**
   * @param {readonly Sample[]} samples  in order of their steps
   * @param {Sample | null} current      stands out, and is brought into view; null: none
   */
  show(samples, current) {
    const steps = new Set(samples.map(({ step }) => step));
    for (const [step, { element }] of this.#shown) {
      if (steps.has(step)) continue;
      element.remove(); // It made room.
      this.#shown.delete(step);
    }
    for (const sample of samples) {
      const shown = this.#shown.get(sample.step);
      if (shown?.sample.text === sample.text) continue;
      if (shown) return this.#another(samples, current);
      const element = this.#item(sample);
      this.#shown.set(sample.step, { sample, element });
      this.#list.prepend(element);
    }
    this.#mark(current);
  }

  /** Another run: begin again. @param {readonly Sample[]} samples @param {Sample | null} current */
  #another(samples, current) {
    this.#clear();
    this.show(samples, current);
  }

  /** @param {Sample | null} sample */
  #mark(sample) {
    const element = (sample && this.#shown.get(sample.step)?.element) ?? null;
    if (element === this.#current) return;
    this.#current?.removeAttribute("aria-current");
    this.#current = element;
    element?.setAttribute("aria-current", "true");
    // Only the list moves, never the page under the person's hands.
    this.#list.scrollTop = element ? element.offsetTop - this.#list.offsetTop : 0;
  }

  /** A sample as it is shown. @param {Sample} sample @returns {HTMLElement} */
  body({ text }) {
    return this.#known ? items(text, this.#known) : h("p", { ...VERBATIM, class: "train-sample-text" }, text.replace(/^\n+/, ""));
  }

  /** @param {Sample} sample */
  #item(sample) {
    return h("li", null, h("span", { class: "train-sample-step" }, `Step ${sample.step.toLocaleString("en-GB")}`), this.body(sample));
  }
}

/** @param {string} text @param {Set<string>} known */
function items(text, known) {
  const lines = text.split("\n");
  // A sample ends where it ran out of length, so its last line is usually cut.
  const whole = (text.endsWith("\n") ? lines : lines.slice(0, -1)).filter((line) => line !== "");
  return h("ul", { class: "train-names" }, (whole.length ? whole : lines.filter(Boolean)).map((line) =>
    known.has(line)
      ? h("li", { class: "train-name-known", title: "In the text it learns from" }, h("bdi", { translate: "no" }, line), h("span", { class: "visually-hidden" }, " (in the text)"))
      : h("li", { title: "Invented: not in the text" }, h("bdi", { translate: "no" }, line))));
}
