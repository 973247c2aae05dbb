// Interference: after every few layers a token takes on the mean of the text so far, as far as it agrees with it.
// Which tokens do, along the text and in words.

import { drawInterference, HEIGHT, tokenAt } from "./interference-chart.js";
import { Figure } from "../../charts/figure.js";
import { segmented } from "../../page/controls.js";
import { h, write, writeQuoting } from "../../page/dom.js";
import { shortToken } from "../tokens.js";

/** @typedef {import("../../engine/observations.js").InterferenceModule} InterferenceModule */

const NAMED = 3;

export class InterferencePart {
  #strip;
  /** @type {InterferenceModule[]} */ #modules = [];
  /** @type {string[]} */ #tokens = [];
  #at = 0;
  #choice = h("div");
  /** @type {(at: number) => void} */ #setChoice = () => {};
  #words = h("p", { class: "coupling-words" });
  #figure;

  /** @param {import("../shared.js").Lab} lab @param {import("../tokens.js").TokenStrip} strip */
  constructor(lab, strip) {
    this.#strip = strip;
    this.#figure = new Figure({
      name: "interference",
      title: () => `Interference after layer ${this.#module.layer + 1}`,
      draw: (context, width) => { if (this.#modules.length > 0) drawInterference(context, width, { ...this.#module, tokens: this.#tokens, token: lab.token }); },
      describe: () => describe(this.#module, this.#tokens),
      table: () => ({
        head: ["token", "text", "alignment", "strength", "gate", "added_share_of_stream"],
        rows: this.#tokens.map((text, i) => [i + 1, text, ...[this.#module.alignment, this.#module.strength, this.#module.gate, this.#module.added].map((values) => values[i])]),
      }),
      height: HEIGHT,
    });
    const { canvas } = this.#figure;
    canvas.addEventListener("pointermove", ({ offsetX }) => {
      const token = tokenAt(offsetX, canvas.clientWidth, this.#tokens.length);
      if (token >= 0) lab.point(token);
    });
    this.element = h("section", { class: "coupling-part", "aria-labelledby": "lab-interference-title" },
      h("div", { class: "coupling-head" }, h("h3", { id: "lab-interference-title" }, "Interference"), this.#choice),
      this.#words, this.#figure.element);
  }

  get #module() {
    return this.#modules[this.#at];
  }

  /** @param {InterferenceModule[]} modules @param {string[]} tokens */
  show(modules, tokens) {
    if (modules.length !== this.#modules.length) this.#offer(modules);
    this.#modules = modules;
    this.#tokens = tokens;
    this.#at = Math.max(0, Math.min(this.#at, modules.length - 1));
    this.#figure.element.hidden = modules.length === 0;
    this.#draw();
  }

  /** The chosen token is another one. */
  pointed() {
    if (this.#modules.length > 0) this.#figure.redraw();
  }

  #draw() {
    if (this.#modules.length === 0) {
      write(this.#words, "No interference module follows any of this model's layers.");
      this.#strip.show(this.#tokens, null);
      return;
    }
    const module = this.#module;
    writeQuoting(this.#words, inWords(module, this.#tokens));
    this.#figure.update();
    this.#strip.show(this.#tokens, {
      // Half is neither: what does not care for the mean takes half of it.
      shares: module.strength.map((u) => 2 * u - 1),
      say: (i) => `after layer ${module.layer + 1} it agrees with the mean of the text by ${signed(module.alignment[i])} and takes it on with strength ${module.strength[i].toFixed(2)}; `
        + `what is added is ${percent(module.added[i])} as large as its own stream.`,
    });
  }

  /** @param {InterferenceModule[]} modules */
  #offer(modules) {
    const choice = segmented({
      label: "After layer", value: this.#at, choices: modules.map(({ layer }, at) => ({ value: at, text: String(layer + 1) })),
      onInput: (at) => { this.#at = Number(at); this.#draw(); },
    });
    this.#setChoice = choice.set;
    this.#setChoice(this.#at);
    this.#choice.replaceChildren(...(modules.length > 0 ? [choice.element] : []));
  }
}

/** @param {InterferenceModule} module @param {readonly string[]} tokens */
function inWords({ layer, temperature, alignment, strength }, tokens) {
  const order = tokens.map((_, i) => i).sort((a, b) => strength[b] - strength[a]);
  const named = (/** @type {number} */ i) => `“${shortToken(tokens[i])}” (token ${i + 1}, m ${signed(alignment[i])}, u ${strength[i].toFixed(2)})`;
  const few = Math.min(NAMED, Math.ceil(tokens.length / 2));
  return `After layer ${layer + 1} each token is compared with the mean of the text so far. It takes on most: ${order.slice(0, few).map(named).join(", ")}; `
    + `least: ${order.slice(-few).reverse().map(named).join(", ")}. The temperature is ${temperature.toFixed(2)}: the lower, the more sharply agreement decides.`;
}

/** @param {InterferenceModule} module @param {readonly string[]} tokens */
function describe({ layer, strength, added, gate }, tokens) {
  const amplified = strength.filter((u) => u > 0.5).length;
  const mean = (/** @type {Float32Array} */ values) => values.reduce((a, b) => a + b, 0) / values.length;
  const most = added.indexOf(Math.max(...added));
  return `Interference after layer ${layer + 1} along ${tokens.length} tokens: ${amplified} agree with the mean of the text and are amplified (strength above a half), `
    + `${tokens.length - amplified} are suppressed; strengths from ${Math.min(...strength).toFixed(2)} to ${Math.max(...strength).toFixed(2)}. The gate lets ${percent(mean(gate))} through on average. `
    + `What is added is on average ${percent(mean(added))} as large as the stream it is added to, at most ${percent(added[most])}, at “${shortToken(tokens[most])}”, token ${most + 1}.`;
}

/** @param {number} value */
const signed = (value) => value.toFixed(2).replace("-", "−");

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
