// The right side of the Scaling panel: a result as a chart, in words, in tables, to copy and to save.

import { copyText, download } from "../files/out.js";
import { ask } from "../page/ask.js";
import { h } from "../page/dom.js";
import { pictureOf, ScalingChart, STEPS, TIMES } from "./chart.js";
import { csv, isTraining, MIXINGS, TRAININGS } from "./growth.js";
import { comparison, countsTable, findings, makeKey, numbersTable, trainingFindings, trainingTable } from "./view.js";

/** @typedef {import("./growth.js").ScalingResult} ScalingResult */

const COPIED_MS = 2000;

export class ScalingResults {
  /** @type {ScalingResult | null} */ #result = null;
  #app;
  #key = makeKey(TIMES, MIXINGS);
  #canvas = h("canvas", { class: "scaling-canvas", role: "img", "aria-label": "Time against length" });
  #chart = new ScalingChart(this.#canvas, TIMES, (length) => this.#key.show(this.#result, length));
  #stepsKey = makeKey(STEPS, TRAININGS);
  #stepsCanvas = h("canvas", { class: "scaling-canvas", role: "img", "aria-label": STEPS.title });
  #stepsChart = new ScalingChart(this.#stepsCanvas, STEPS, (length) => this.#stepsKey.show(this.#result, length));
  #stepsSaid = h("ul", { class: "scaling-findings" });
  #stepsNumbers = h("div", { class: "scaling-scroll", tabindex: 0, role: "region", "aria-label": "All measured steps of training" });
  #steps = h("section", { class: "scaling-steps", hidden: true }, h("h3", null, "Whole steps of training"), this.#stepsKey.element, h("div", { class: "scaling-chart" }, this.#stepsCanvas), this.#stepsSaid, this.#stepsNumbers);
  #source = h("p", { class: "scaling-source" });
  #copy = h("button", { type: "button", onclick: () => this.#copyCsv() }, "Copy as CSV");
  #text = h("textarea", { class: "scaling-csv", readonly: true, hidden: true, rows: 8, "aria-label": "All numbers as CSV" });
  #tools;
  #said = h("ul", { class: "scaling-findings" });
  #numbersTitle = h("div", null, h("h3", null, "All times"), h("p", { class: "scaling-hint" }, "Under each time: additions and multiplications, and the bytes that go in and out at least."));
  #numbers = h("div", { class: "scaling-scroll", tabindex: 0, role: "region", "aria-label": "All measured times" });
  #counts = h("div", { class: "scaling-scroll", tabindex: 0, role: "region", "aria-label": "Counted and measured ratios" });
  #compared = h("ul", { class: "scaling-findings" });
  element;

  /** @param {import("../page/app.js").App} app @param {() => void} forget The person wants these numbers gone. */
  constructor(app, forget) {
    this.#app = app;
    this.#tools = h("div", { class: "scaling-tools" }, this.#copy,
      h("button", { type: "button", onclick: () => this.#savePictures() }, "Download picture"),
      h("button", { type: "button", class: "quiet", onclick: forget }, "Forget these numbers"));
    this.element = h("div", { class: "scaling-results" },
      this.#key.element, h("div", { class: "scaling-chart" }, this.#canvas), this.#source, this.#tools, this.#text, this.#said,
      this.#numbersTitle, this.#numbers, this.#steps,
      h("div", { class: "asked" }, h("h3", null, "Counted and measured"), ask("Operation")),
      h("p", { class: "scaling-hint" }, "The model's author counts operations: attention takes in the order of n²·d for n tokens of d channels, waves n·log n·d, which comes to 31 times fewer at 2,048 tokens, 107 at 8,192 and 367 at 32,768. Counts are not times; here are both."),
      this.#counts, this.#compared,
      h("h3", null, "Where the log went"),
      h("p", { class: "scaling-hint" }, "The n·log n of the headline is the price of one way to do the sum: by a Fourier transform of the whole text, there and back. But a damped wave is a number that turns and shrinks by the same amount with every token. So what a token hears is what the token before heard, turned and shrunk once more, plus what has been added since: one short step a token, n steps for n tokens, and no log. It is the same sum, to rounding. It needs no room for the text twice over, and works as well at the thousandth token as at the first; that is also how this page writes, with a memory that does not grow."));
  }

  /** @param {ScalingResult | null} result @param {boolean} growing Whether more is to come. */
  show(result, growing) {
    this.#result = result;
    this.#chart.show(result);
    this.#key.show(result, null);
    this.#stepsChart.show(result);
    this.#stepsKey.show(result, null);
    this.#steps.hidden = !result?.measured.some(({ mixing }) => isTraining(mixing));
    const none = !result || result.measured.length === 0;
    for (const element of [this.#tools, this.#said, this.#numbersTitle, this.#numbers, this.#compared]) element.hidden = none;
    if (none) this.#text.hidden = true;
    this.#source.textContent = sourceWords(result, growing);
    this.#counts.replaceChildren(countsTable(result));
    if (!result) return;
    const words = findings(result);
    this.#canvas.setAttribute("aria-label", `Time against length, both logarithmic. ${words.join(" ")}`);
    this.#said.replaceChildren(...words.map((line) => h("li", null, line)));
    this.#numbers.replaceChildren(numbersTable(result));
    const stepsWords = trainingFindings(result);
    this.#stepsCanvas.setAttribute("aria-label", `${STEPS.title}, both logarithmic. ${stepsWords.join(" ")}`);
    this.#stepsSaid.replaceChildren(...stepsWords.map((line) => h("li", null, line)));
    this.#stepsNumbers.replaceChildren(trainingTable(result));
    this.#compared.replaceChildren(...comparison(result).map((line) => h("li", null, line)));
  }

  async #copyCsv() {
    if (!this.#result) return;
    const text = csv(this.#result);
    try {
      await copyText(text);
      this.#text.hidden = true;
      this.#copy.textContent = "Copied";
      this.#app.announce("The numbers were copied.");
    } catch {
      // A browser may refuse the clipboard: then they can be marked and copied by hand.
      this.#text.value = text;
      this.#text.hidden = false;
      this.#text.select();
      this.#copy.textContent = "Copy them from the field";
    }
    setTimeout(() => (this.#copy.textContent = "Copy as CSV"), COPIED_MS);
  }

  /** One for each chart that shows something. */
  async #savePictures() {
    const result = this.#result;
    if (!result) return;
    try {
      download(await pictureOf(TIMES, result), `wave-field-scaling-${result.backend}.png`);
      if (!this.#steps.hidden) download(await pictureOf(STEPS, result), `wave-field-training-steps-${result.backend}.png`);
    } catch (error) {
      this.#app.notify({ kind: "error", key: "scaling", title: "The picture could not be made.", message: String(error) });
    }
  }
}

/** Where the numbers come from. @param {ScalingResult | null} result @param {boolean} growing */
function sourceWords(result, growing) {
  if (!result) return "Nothing has been measured on this device yet.";
  const { layer, when, disturbed, ended } = result;
  return [
    `Measured on ${result.device}, ${new Date(when).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}; ${layer.width} channels, ${layer.heads} heads.`,
    disturbed ? "A training ran at the same time, so the times are too long and uneven." : "",
    growing || ended === "whole" ? "" : "Not all lengths were measured.",
  ].filter(Boolean).join(" ");
}
