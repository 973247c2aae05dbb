// The view "Coupling": how the heads of a layer mix what they heard, which a person can set, and which tokens
// take on the mean of the text.

import { Figure } from "../../charts/figure.js";
import { isRowEdited, rowOf } from "../../model/couplings.js";
import { segmented } from "../../page/controls.js";
import { h, oncePerFrame } from "../../page/dom.js";
import { drawCoupling, layout } from "./chart.js";
import { CouplingEditor } from "./editor.js";
import { InterferencePart } from "./interference.js";

/**
 * @typedef {import("../shared.js").Lab} Lab
 * @typedef {import("../../engine/observations.js").CouplingView} Seen
 */

/** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip @returns {import("../shared.js").View} */
export function makeCouplingView(lab, strip) {
  const view = new CouplingPanel(lab, strip);
  return {
    id: "coupling",
    terms: ["Coupling", "Interference"],
    name: "Coupling",
    about: "Before the gate, each head mixes the fields of its layer's heads: it takes a weight of each, and its weights add up to 1. Set them, and the text goes on under the new mixture. "
      + "After every few layers interference has each token take on the mean of the text so far, the more the better it agrees with it.",
    waves: true,
    layers: true,
    element: view.element,
    refresh: () => view.refresh(),
    pointed: () => view.pointed(),
    hide: () => view.hide(),
  };
}

class CouplingPanel {
  #lab;
  #editor;
  #figure;
  #interference;
  /** @type {Seen | null} */ #seen = null;
  #inSight = false;
  #width = 0;
  #everyRibbon = false;

  /** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip */
  constructor(lab, strip) {
    this.#lab = lab;
    this.#editor = new CouplingEditor(lab.app, () => this.#draw());
    this.#interference = new InterferencePart(lab, strip);
    this.#figure = new Figure({
      name: "coupling",
      title: () => `Coupling of layer ${this.#layer + 1}`,
      draw: (context, width) => {
        if (!this.#seen) return;
        drawCoupling(context, width, {
          weights: this.#weights, heads: this.#heads, threshold: this.#threshold, chosen: this.#editor.chosen, edited: new Set(this.#edited),
        });
      },
      describe: () => this.#describe(),
      table: () => this.#table(),
      height: layout(640, 8).height,
    });
    this.#figure.element.classList.add("coupling-figure");
    this.#figure.canvas.after(this.#editor.grid);
    const ribbons = segmented({
      label: "Ribbons", value: "strong", choices: [{ value: "strong", text: "From an equal share" }, { value: "all", text: "All" }],
      onInput: (value) => { this.#everyRibbon = value === "all"; this.#draw(); },
    });
    this.element = h("div", { class: "coupling" },
      h("section", { class: "coupling-part", "aria-labelledby": "lab-coupling-title" },
        h("div", { class: "coupling-head" }, h("h3", { id: "lab-coupling-title" }, "Coupling"), ribbons.element),
        this.#figure.element, this.#editor.element),
      this.#interference.element);
    const fit = oncePerFrame(() => this.#fit());
    new ResizeObserver(([entry]) => {
      this.#width = entry.contentRect.width;
      fit();
    }).observe(this.#figure.canvas);
    // A weight under a hand is drawn before the engine has heard of it.
    lab.app.state.on("couplings", () => { if (this.#inSight && lab.source === "bent") this.#draw(); });
  }

  async refresh() {
    this.#inSight = true;
    const seen = await this.#lab.observe("coupling", {});
    if (!this.#inSight) return;
    this.#seen = seen;
    this.#draw();
    this.#interference.show(seen.modules, this.#lab.cut?.tokens ?? []);
  }

  pointed() {
    if (!this.#seen) return;
    this.#draw();
    this.#interference.pointed();
  }

  hide() {
    this.#inSight = false;
  }

  get #layer() {
    // While another model is being asked about, the layers of the last one are there.
    return Math.max(0, Math.min(this.#lab.layer, (this.#seen?.layers.length ?? 1) - 1));
  }

  /** The page's own where they can be set: they are ahead of the engine's. @returns {ArrayLike<number>} */
  get #weights() {
    const own = this.#lab.app.state.get("couplings")[this.#layer]?.weights;
    const seen = /** @type {Seen} */ (this.#seen).layers[this.#layer].weights;
    return this.#lab.source === "bent" && own?.length === seen.length ? own : seen;
  }

  get #heads() {
    return Math.round(Math.sqrt(this.#weights.length));
  }

  get #threshold() {
    // Equal shares are rounded, and as good as equal.
    return this.#everyRibbon ? 0 : 1 / this.#heads - 1e-3;
  }

  /** Heads that take otherwise than in the file. */
  get #edited() {
    const coupling = this.#lab.app.state.get("couplings")[this.#layer];
    if (this.#lab.source !== "bent" || !coupling) return [];
    return Array.from({ length: this.#heads }, (_, head) => head).filter((head) => isRowEdited(coupling, head));
  }

  #draw() {
    if (!this.#seen) return;
    this.#fit();
    this.#figure.update();
    const { source } = this.#lab;
    this.#editor.show({
      weights: this.#weights, heads: this.#heads, layer: this.#layer, editable: source === "bent",
      why: source === "original" ? "These are the file's own weights. To set some, look at the model as it is bent."
        : "The model in training learns these weights itself. To set some, look at the model as it is bent.",
    }, this.#aboutCell());
    this.#editor.place(this.#figure.canvas);
  }

  #fit() {
    if (!this.#seen || this.#width < 1) return;
    this.#figure.setHeight(layout(this.#width, this.#heads).height);
    this.#editor.place(this.#figure.canvas);
  }

  #aboutCell() {
    const { row, column } = this.#editor.chosen;
    const { taken } = /** @type {Seen} */ (this.#seen).layers[this.#layer];
    const at = row * this.#heads + column;
    const whose = row === column ? "its own field" : `the field of head ${column + 1}`;
    const file = this.#edited.includes(row) ? ` (${this.#lab.app.state.get("couplings")[this.#layer].initial[at].toFixed(3)} in the file)` : "";
    return `Head ${row + 1} takes ${this.#weights[at].toFixed(3)}${file} of ${whose}: as loud as the fields are in this text, that is ${Math.round(100 * taken[at])} % of what it takes.`;
  }

  #describe() {
    const [weights, heads] = [this.#weights, this.#heads];
    const { loudness } = /** @type {Seen} */ (this.#seen).layers[this.#layer];
    const own = Array.from({ length: heads }, (_, head) => weights[head * heads + head]);
    const others = Array.from({ length: heads * heads }, (_, at) => at).filter((at) => at % (heads + 1) !== 0);
    const strongest = others.reduce((best, at) => (weights[at] > weights[best] ? at : best), others[0]);
    const left = Array.from({ length: heads * heads }, (_, at) => weights[at]).filter((w) => w < this.#threshold).length;
    const loudest = loudness.indexOf(Math.max(...loudness));
    const most = heads > 1 ? ` The most that one takes of another: head ${Math.floor(strongest / heads) + 1} takes ${weights[strongest].toFixed(3)} of head ${strongest % heads + 1}.` : "";
    const edited = this.#edited;
    return `Layer ${this.#layer + 1}: each of the ${heads} heads takes between ${Math.min(...own).toFixed(3)} and ${Math.max(...own).toFixed(3)} of its own field; an equal share would be ${(1 / heads).toFixed(3)}.${most} `
      + `The loudest field in this text is that of head ${loudest + 1}.${left > 0 ? ` Ribbons thinner than an equal share are left out: ${left} of ${heads * heads}.` : ""}`
      + `${edited.length > 0 ? ` Set otherwise than in the file: ${edited.length === 1 ? "head" : "heads"} ${edited.map((head) => head + 1).join(", ")}.` : ""}`;
  }

  /** @returns {import("../../charts/figure.js").Table} */
  #table() {
    const [weights, heads] = [this.#weights, this.#heads];
    const { loudness, taken } = /** @type {Seen} */ (this.#seen).layers[this.#layer];
    const rows = Array.from({ length: heads }, (_, i) => rowOf(weights, i).map((weight, j) =>
      [this.#layer + 1, i + 1, j + 1, weight, loudness[j], taken[i * heads + j]]));
    return { head: ["layer", "head", "takes_of_head", "weight", "loudness_of_field", "part_of_what_is_taken"], rows: rows.flat() };
  }
}
