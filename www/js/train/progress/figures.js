// A training in figures: as it is now, or as it was at the moment that is looked at.

import { ask } from "../../page/ask.js";
import { h, write } from "../../page/dom.js";
import { loss } from "../words.js";

/** What the figures are called: of what each is measured stands in its name. */
const FIGURES = /** @type {const} */ (["Step", "Loss, training text", "Loss, held back", "Perplexity, held back", "Next token right, held back", "Tokens a second", "Time left"]);
/** What the glossary calls them. @type {Partial<Record<typeof FIGURES[number], string>>} */
const TERMS = { "Loss, training text": "Loss", "Loss, held back": "Held back", "Perplexity, held back": "Perplexity", "Next token right, held back": "Accuracy" };
const count = (/** @type {number} */ value) => Math.round(value).toLocaleString("en-GB");

export class TrainFigures {
  #values = /** @type {Record<typeof FIGURES[number], HTMLElement>} */ (Object.fromEntries(FIGURES.map((name) => [name, h("dd", null, "–")])));
  /** At which step, or over which, each was measured. */
  #notes = /** @type {Record<typeof FIGURES[number], HTMLElement>} */ (Object.fromEntries(FIGURES.map((name) => [name, h("dd", { class: "train-figure-note" })])));

  constructor() {
    this.element = h("dl", { class: "train-figures" }, FIGURES.map((name) => {
      const term = TERMS[name];
      return h("div", null, h("dt", null, name, term && " ", term && ask(term)), this.#values[name], this.#notes[name]);
    }));
  }

  /** @param {import("../run.js").TrainRun} run @param {import("./moment.js").Then} then */
  show({ facts, history, plan, state, left }, { step, now, loss: training, evaluation, tokensPerSecond }) {
    const running = now && (state === "running" || state === "starting");
    this.element.classList.toggle("train-figures-past", !now);
    this.#set("Step", plan ? `${count(step)} of ${count(plan.train.steps)}` : "–");
    const { width } = history;
    this.#set("Loss, training text", loss(training), training === null ? "" : width > 1 ? `nats a token, mean of ${count(width)} steps` : "nats a token, one step");
    const measured = evaluation ? `at step ${count(evaluation.step)}` : "";
    this.#set("Loss, held back", loss(evaluation?.loss), measured && `nats a token, ${measured}`);
    this.#set("Perplexity, held back", evaluation ? evaluation.perplexity.toFixed(2) : "–", measured);
    this.#set("Next token right, held back", evaluation ? `${(evaluation.accuracy * 100).toFixed(1)} %` : "–", measured);
    this.#set("Tokens a second", tokensPerSecond ? count(tokensPerSecond) : "–");
    this.#set("Time left", running && facts.step > 0 ? left.words() : "–");
  }

  /** @param {typeof FIGURES[number]} name @param {string} text @param {string} [note] */
  #set(name, text, note = "") {
    write(this.#values[name], text);
    write(this.#notes[name], note);
  }
}
