// What the model wrote along the way, newest first, each with its step.

import { h } from "../dom.js";

/** @typedef {import("./train-run.js").Sample} Sample */

export class TrainSamples {
  #list;
  #shown = 0;
  /** @type {Sample | undefined} */
  #first;
  /** Lines of the text trained on, where it is a list: an item that is not among them was invented. @type {Set<string> | null} */
  #known = null;

  /** @param {HTMLOListElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** @param {string | null} text  the list trained on; null: not a list */
  setKnown(text) {
    this.#known = text === null ? null : new Set(text.split("\n"));
    this.#shown = 0;
    this.#list.replaceChildren();
  }

  /** @param {readonly Sample[]} samples  in order of their steps */
  show(samples) {
    // Another run, or old ones were dropped from the front: begin again.
    if (samples[0] !== this.#first || samples.length < this.#shown) {
      this.#list.replaceChildren();
      this.#shown = 0;
    }
    this.#first = samples[0];
    for (const sample of samples.slice(this.#shown)) this.#list.prepend(this.#item(sample));
    this.#shown = samples.length;
  }

  /** @param {Sample} sample */
  #item({ step, text }) {
    const body = this.#known ? items(text, this.#known) : h("p", { class: "train-sample-text" }, text.replace(/^\n+/, ""));
    return h("li", null, h("span", { class: "train-sample-step" }, `Step ${step.toLocaleString("en-GB")}`), body);
  }
}

/** @param {string} text @param {Set<string>} known */
function items(text, known) {
  const lines = text.split("\n");
  // A sample ends where it ran out of length, so its last line is usually cut.
  const whole = (text.endsWith("\n") ? lines : lines.slice(0, -1)).filter((line) => line !== "");
  return h("ul", { class: "train-names" }, (whole.length ? whole : lines.filter(Boolean)).map((line) =>
    known.has(line)
      ? h("li", { class: "train-name-known", title: "In the text it learns from" }, line, h("span", { class: "visually-hidden" }, " (in the text)"))
      : h("li", { title: "Invented: not in the text" }, line)));
}
