// A training that goes on from a model: what that model was before, and what it has become. Both texts have the same prompt and
// the same seed, so that what differs is the model.

import { h, VERBATIM, write } from "../../page/dom.js";
import { dataSet } from "../../text/data-sets.js";
import { loss } from "../words.js";

/**
 * @typedef {import("../run.js").TrainRun} TrainRun
 * @typedef {import("./moment.js").Then} Then
 */

const step = (/** @type {number} */ value) => value.toLocaleString("en-GB");

/** @param {number | null | undefined} before @param {number | null | undefined} now */
export function changeInWords(before, now) {
  if (typeof before !== "number" || typeof now !== "number" || !Number.isFinite(before) || !Number.isFinite(now)) return "–";
  const change = now - before;
  if (Math.abs(change) < 0.0005) return "as before";
  return `${change < 0 ? "−" : "+"}${Math.abs(change).toFixed(3)}`;
}

export class BeforeAfter {
  #title = h("h3", null);
  #rows = { text: row(), old: row() };
  #texts = { before: aText("Before"), now: aText("Now") };
  #hint = h("p", { class: "train-hint" });

  constructor() {
    this.element = h("section", { class: "train-block train-before", "aria-label": "Before and after", hidden: true },
      this.#title,
      h("div", { class: "train-table-scroll", tabindex: 0, role: "region", "aria-label": "Losses before and after" },
        h("table", null,
          h("thead", null, h("tr", null, h("th", { scope: "col" }, "Loss, nats a token"), h("th", { scope: "col" }, "Before"), h("th", { scope: "col" }, "Now"), h("th", { scope: "col" }, "Change"))),
          h("tbody", null, this.#rows.text.element, this.#rows.old.element))),
      h("div", { class: "train-before-texts" }, this.#texts.before.element, this.#texts.now.element),
      this.#hint);
  }

  /** @param {TrainRun} run @param {Then} then  the moment that is looked at */
  show({ choices, facts, plan }, { evaluation, sample }) {
    const { base } = choices ?? {};
    this.element.hidden = !base || !plan;
    if (!base || !plan) return;
    const { before, old } = facts;
    write(this.#title, `${base.name}, before and after`);
    this.#rows.text.show("The new text, held back", before?.loss, evaluation);
    this.#rows.old.element.hidden = !old;
    if (base.old) this.#rows.old.show(`What it had learned: ${dataSet(base.old).label}`, old?.before, old);
    this.#texts.before.show("Before, step 0", before?.text);
    const later = sample && sample.step > 0 ? sample : null;
    this.#texts.now.show(later ? `Now, step ${step(later.step)}` : "Now", later?.text);
    const unknown = old || base.old === choices?.data ? "" : base.old ? " What it forgets is measured while it trains." : " What it forgets is not measured: the text that it had learned is not at hand.";
    write(this.#hint, `Both texts begin alike (${plan.sample_prompt === "\n" ? "with a new line" : `“${plan.sample_prompt}”`}) and have the same seed.${unknown}`);
  }
}

function row() {
  const cells = [h("th", { scope: "row" }), h("td", null), h("td", null), h("td", null)];
  return {
    element: h("tr", null, cells),
    /** @param {string} name @param {number | null | undefined} before @param {{ loss: number, step: number } | null | undefined} now */
    show(name, before, now) {
      const later = now && now.step > 0 ? now : null;
      const words = [name, loss(before), later ? `${loss(later.loss)} (step ${step(later.step)})` : "–", changeInWords(before, later?.loss)];
      words.forEach((text, i) => write(cells[i], text));
    },
  };
}

/** @param {string} name */
function aText(name) {
  const title = h("h4", null, name);
  const body = h("pre", { ...VERBATIM, class: "train-before-text", tabindex: 0, role: "group", "aria-label": name });
  return {
    element: h("div", null, title, body),
    /** @param {string} words @param {string | null | undefined} text */
    show(words, text) {
      write(title, words);
      write(body, text?.replace(/^\n+/, "") ?? "It is still to write.");
      body.setAttribute("aria-label", words);
    },
  };
}
