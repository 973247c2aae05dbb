// What was forecast at a place: the likeliest next tokens as bars, and the one that came; after the step as well, where
// that is what is told.

import { h, writeQuoting } from "../../page/dom.js";
import { visible } from "../../page/signs.js";
import { percent, spoken } from "../../page/token-view.js";

/** @typedef {import("./data.js").StepChoice} StepChoice */

/** Bars that there is room for. */
const ROWS = 7;
/** Characters of what was read that are quoted. */
const TAIL = 18;

/**
 * The choices that are shown: the likeliest, and the one that came wherever it stands.
 * @param {readonly StepChoice[]} choices @param {boolean} both  after the step as well
 * @returns {StepChoice[]} the likeliest first
 */
export function shownChoices(choices, both) {
  const size = (/** @type {StepChoice} */ { before, after }) => (both ? Math.max(before, after) : before);
  const sorted = [...choices].sort((a, b) => size(b) - size(a));
  const came = sorted.findIndex((choice) => choice.came);
  return came < ROWS ? sorted.slice(0, ROWS) : [...sorted.slice(0, ROWS - 1), sorted[came]];
}

/** The parts of a bar. */
function bar() {
  const name = h("bdi", { class: "bar-name", translate: "no" });
  const fill = h("span", { class: "bar-fill" });
  const mark = h("span", { class: "bar-before", hidden: true });
  const value = h("span", { class: "bar-value" });
  return { name, fill, mark, value, element: h("li", { class: "bar" }, name, h("span", { class: "bar-track" }, fill, mark), value) };
}

export class ForecastBars {
  #title = h("h5", { class: "step-bars-title" });
  #note = h("p", { class: "train-hint" });
  #rows = Array.from({ length: ROWS }, bar);

  constructor() {
    this.element = h("div", { class: "step-forecast" }, this.#title, h("ol", { class: "bars" }, this.#rows.map(({ element }) => element)), this.#note);
  }

  /**
   * @param {readonly string[]} read  the tokens up to the place @param {readonly StepChoice[]} choices
   * @param {{both: boolean}} options
   */
  show(read, choices, { both }) {
    const signs = [...read.join("")];
    const end = signs.slice(-TAIL).map((sign) => (sign === " " ? sign : visible(sign)));
    writeQuoting(this.#title, `After “${end.length < signs.length ? "…" : ""}${end.join("")}”`);
    const shown = shownChoices(choices, both);
    this.#rows.forEach((row, i) => this.#fill(row, shown[i], both));
    const came = choices.find((choice) => choice.came);
    if (!came) return;
    const name = spoken(came.text) === came.text ? `“${came.text}”` : spoken(came.text);
    writeQuoting(this.#note, both
      ? `What comes is ${name}: ${percent(came.before)} before the step, ${percent(came.after)} after it. Bars: after; marks: before.`
      : `What comes is ${name}, which was given ${percent(came.before)}.`);
  }

  /** @param {ReturnType<typeof bar>} row @param {StepChoice | undefined} choice @param {boolean} both */
  #fill({ element, name, fill, mark, value }, choice, both) {
    element.classList.toggle("bar-empty", !choice);
    element.classList.toggle("bar-chosen", choice?.came ?? false);
    const chance = choice ? (both ? choice.after : choice.before) : 0;
    name.textContent = choice ? visible(choice.text) : "";
    fill.style.transform = `scaleX(${chance.toFixed(4)})`;
    mark.hidden = !both || !choice;
    if (choice) mark.style.left = `${(100 * choice.before).toFixed(2)}%`;
    value.textContent = choice ? `${percent(chance)}${choice.came ? " ✓" : ""}` : "";
  }
}
