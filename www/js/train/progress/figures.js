// A training in figures: as it is now, or as it was at the moment that is looked at.

import { ask } from "../../page/ask.js";
import { h, write } from "../../page/dom.js";
import { duration, loss } from "../words.js";

const FIGURES = /** @type {const} */ (["Step", "Loss", "Validation", "Perplexity", "Next token right", "Tokens a second", "Time left"]);
/** What the glossary calls them. @type {Partial<Record<typeof FIGURES[number], string>>} */
const TERMS = { Loss: "Loss", Validation: "Held back", Perplexity: "Perplexity", "Next token right": "Accuracy" };
const count = (/** @type {number} */ value) => Math.round(value).toLocaleString("en-GB");

export class TrainFigures {
  #values = /** @type {Record<typeof FIGURES[number], HTMLElement>} */ (Object.fromEntries(FIGURES.map((name) => [name, h("dd", null, "–")])));

  constructor() {
    this.element = h("dl", { class: "train-figures" }, FIGURES.map((name) => {
      const term = TERMS[name];
      return h("div", null, h("dt", null, name, term && " ", term && ask(term)), this.#values[name]);
    }));
  }

  /** @param {import("../run.js").TrainRun} run @param {import("./moment.js").Then} then */
  show({ facts, plan, state, secondsLeft }, { step, now, loss: training, evaluation, tokensPerSecond }) {
    const running = now && (state === "running" || state === "starting");
    this.element.classList.toggle("train-figures-past", !now);
    this.#set("Step", plan ? `${count(step)} of ${count(plan.train.steps)}` : "–");
    this.#set("Loss", loss(training));
    this.#set("Validation", loss(evaluation?.loss));
    this.#set("Perplexity", evaluation ? evaluation.perplexity.toFixed(2) : "–");
    this.#set("Next token right", evaluation ? `${(evaluation.accuracy * 100).toFixed(1)} %` : "–");
    this.#set("Tokens a second", tokensPerSecond ? count(tokensPerSecond) : "–");
    this.#set("Time left", running && secondsLeft !== null && facts.step > 0 ? duration(secondsLeft) : "–");
  }

  /** @param {typeof FIGURES[number]} name @param {string} text */
  #set(name, text) {
    write(this.#values[name], text);
  }
}
