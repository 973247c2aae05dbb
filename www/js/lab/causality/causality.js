// The view "No leak": exchange one token, and see that nothing before it moves. What was measured as a picture, in words
// and as a table.

import { causalityOf, PLACE_NAMES, PLACES, wordsOfChange } from "../../model/causality.js";
import { Figure } from "../../charts/figure.js";
import { drawLeaks, LEAKS_HEIGHT } from "./chart.js";
import { h, oncePerFrame, write } from "../../page/dom.js";
import { makeLesson } from "./lesson.js";
import { byLength, describe, lineOf, tableOf } from "./words.js";

/**
 * @typedef {import("../shared.js").Lab} Lab
 * @typedef {import("../shared.js").View} View
 */

/** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip @returns {View} */
export function makeCausalityView(lab, strip) {
  return new CausalityView(lab, strip);
}

/** @implements {View} */
class CausalityView {
  id = "causality";
  terms = ["Leak", "Causal"];
  name = "No leak";
  about = "A prediction may depend on earlier tokens, never on later ones: otherwise a model sees in training what it is to guess. Here one token of a text is exchanged for another. Every prediction before it must stay as it was; those from it on must change.";
  #lab;
  #lesson;
  #strip;
  #seen = false;
  /** @type {Set<import("../../model/causality.js").Causality>} */ #listened = new Set();
  #lines = h("ul", { class: "causality-lines" }, PLACES.map(() => h("li", null, h("span", { class: "causality-mark", "aria-hidden": "true" }), h("span"))));
  #fault = h("p", { class: "inline-fault", role: "alert", hidden: true });
  #again = h("button", { type: "button", class: "causality-measure", onclick: () => this.#causality.measure({ thorough: true }) }, "Measure again, thoroughly");
  #stop = h("button", { type: "button", hidden: true, onclick: () => this.#causality.stop() }, "Stop");
  #bar = h("progress", { class: "causality-progress", max: 1, value: 0, "aria-label": "Probes measured" });
  #progress = h("p", { class: "causality-state", role: "status" });
  #table = h("table", { class: "causality-table" });
  #rows = "";
  #figure = new Figure({
    name: "no-leak", height: LEAKS_HEIGHT, title: () => "How much a later token changes earlier predictions",
    draw: (context, width, height) => drawLeaks(context, width, height, this.#causality.found),
    describe: () => describe(this.#causality.found),
    table: () => tableOf(this.#causality.found),
  });

  /** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip */
  constructor(lab, strip) {
    this.#lab = lab;
    this.#lesson = makeLesson(lab);
    this.#strip = strip;
    lab.app.state.on("device", () => this.#changed());
    this.element = h("div", { class: "causality" },
      this.#fault, this.#lines,
      h("div", { class: "causality-run" }, this.#again, this.#stop, this.#bar, this.#progress),
      this.#figure.element,
      h("details", { class: "causality-numbers" }, h("summary", null, "The numbers, by length of the text"), h("div", { class: "causality-scroll" }, this.#table)),
      h("details", { class: "causality-how" }, h("summary", null, "How it is measured"), EXPLANATION.map((words) => h("p", null, words))),
      this.#lesson.element);
  }

  get #causality() {
    const causality = causalityOf(this.#lab.app, this.#lab.source);
    if (!this.#listened.has(causality)) {
      this.#listened.add(causality);
      causality.onChange(() => { if (causality === this.#causality) this.#changed(); });
    }
    return causality;
  }

  async refresh() {
    this.#seen = true;
    this.#lesson.show();
    this.#strip.show(this.#lab.cut?.tokens ?? [], null);
    // What was bent a moment ago may be bent further; the badge measures it once it stands still.
    if (this.#causality.found.phase === "none" && (this.#lab.source !== "bent" || !this.#measured)) this.#causality.measure();
    this.#measured = true;
    this.#changed();
  }

  #measured = false;

  hide() {
    this.#seen = false;
    this.#lesson.hide();
    // What was asked for here; a short measurement goes on for the badge.
    if (this.#causality.found.thorough) this.#causality.stop();
  }

  #changed = oncePerFrame(() => { if (this.#seen) this.#show(); });

  #show() {
    const { found } = this.#causality;
    const status = this.#lab.app.state.get("device");
    PLACES.forEach((place, i) => {
      const { mark, kind, words } = lineOf(found, place, status);
      const line = /** @type {HTMLElement} */ (this.#lines.children[i]);
      line.dataset.kind = kind;
      write(line.children[0], mark);
      write(line.children[1], words);
    });
    this.#fault.hidden = found.phase !== "failed";
    write(this.#fault, found.fault);
    const measuring = found.phase === "measuring";
    this.#again.disabled = measuring;
    this.#stop.hidden = this.#bar.hidden = !measuring;
    this.#bar.value = found.total ? found.done / found.total : 0;
    const training = this.#lab.source === "training";
    const states = {
      none: "It is measured by itself as soon as nothing is in a hurry; the button measures at once.",
      done: `Measured ${found.thorough ? "thoroughly" : "in brief"}${training ? ", on the model as it was then" : ""}.`,
      measuring: found.total ? `${found.done} of ${found.total} probes` : "Begins.", stopped: `Stopped after ${found.done} of ${found.total} probes.`, failed: "",
    };
    write(this.#progress, states[found.phase]);
    this.#fillTable(found);
    this.#figure.update();
  }

  /** @param {import("../../model/causality.js").Findings} found */
  #fillTable(found) {
    const rows = byLength(found);
    const text = JSON.stringify(rows);
    if (text === this.#rows) return;
    this.#rows = text;
    const cell = (/** @type {number | null} */ value) => h("td", null, value === null ? "not measured" : wordsOfChange(value));
    this.#table.replaceChildren(
      h("thead", null, h("tr", null, ["Tokens of the text", "Exchanged", ...PLACES.map((place) => `${PLACE_NAMES[place]}: most before`), "Least from it on"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, rows.map(({ length, count, before, after }) =>
        h("tr", null, h("th", { scope: "row" }, length), h("td", null, count), PLACES.map((place) => cell(before[place])), cell(after)))));
  }
}

const EXPLANATION = [
  "The model reads a text of random tokens, and a copy in which one token is another one. It gives a score to each possible next token at each place; the copies' scores are compared with the text's, number by number. The largest difference is divided by the largest score.",
  "Before the exchanged token nothing should differ: the waves are computed token by token, and what comes later has no part in what came before. (Where waves are computed for all tokens at once, by a Fourier transform, rounding moves the seventh digit or so.) What moves by more than one in a hundred thousand counts as a leak. A field whose tokens sit too close together, which would leak, is refused from the start, and the project's own tests measure with fifteen digits.",
  "From the exchanged token on, scores must change visibly. Where they do not, the model did not notice, and the measurement says nothing.",
  "The texts are short, odd, middling and as long as the model reads at once; the exchanged token is the second, one in the middle, the last but one or the last, and in the thorough measurement others between. Before the first token there is no prediction, so it is left out. Bending a wave cannot make it leak: it changes what is heard of the past. It is measured anew all the same.",
];
