// Energy: how large the tokens' states are on their way through the layers, what becomes of a layer's deposits, and
// what of it is conserved.

import { heatBox, heatCell } from "../../charts/heat.js";
import { Figure } from "../../charts/figure.js";
import { h } from "../../page/dom.js";
import { checksOf, checksTable } from "./checks.js";
import { describeGate, describeHeads, describeStream, drawGate, drawHeads, drawStream, placeName, streamHeight } from "./pictures.js";
import { shortToken } from "../tokens.js";

/**
 * @typedef {import("../shared.js").Lab} Lab
 * @typedef {import("../shared.js").View} View
 * @typedef {import("../../engine/observations.js").Energy} Energy
 *
 * What the pictures are drawn from.
 * @typedef {{energy: Energy, tokens: readonly string[], chosen: number}} Shown
 */

/** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip @returns {View} */
export const makeEnergyView = (lab, strip) => new EnergyView(lab, strip);

/** @implements {View} */
class EnergyView {
  id = "energy";
  terms = ["Energy"];
  name = "Energy";
  about = "How large is what the model carries, and what is conserved on the way? Energy is the sum of squares. A token's state is the list of numbers that the layers hand on and add to; its size is the root of its energy.";
  layers = true;
  #lab;
  #strip;
  /** @type {Shown | null} */ #shown = null;
  #stream;
  #heads;
  #gate;
  #checks = h("div", { class: "energy-checks" });
  #waves = h("div", { class: "energy-waves" });
  #missing = h("p", { class: "panel-hint energy-missing", hidden: true },
    "This is a standard Transformer. It has no deposits, no field and no gate, so what becomes of a layer's deposits cannot be shown for it; the sizes of the states and the checks that do not need a field are.");

  /** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip */
  constructor(lab, strip) {
    this.#lab = lab;
    this.#strip = strip;
    const with_ = (/** @type {(shown: Shown) => any} */ use) => () => this.#shown && use(this.#shown);
    const draw = (/** @type {(context: CanvasRenderingContext2D, width: number, height: number, shown: Shown) => void} */ picture) =>
      (/** @type {CanvasRenderingContext2D} */ context, /** @type {number} */ width, /** @type {number} */ height) => {
        if (this.#shown) picture(context, width, height, this.#shown);
      };
    const layer = () => (this.#shown?.energy.layer ?? 0) + 1;
    this.#stream = new Figure({
      name: "energy-states", title: () => "How large each token's state is, from place to place", height: 260,
      draw: draw(drawStream), describe: with_(describeStream), table: with_(streamTable),
    });
    this.#heads = new Figure({
      name: "energy-heads", title: () => `What becomes of the deposits in layer ${layer()}`, height: 300,
      draw: draw(drawHeads), describe: with_(describeHeads), table: with_(headsTable),
    });
    this.#gate = new Figure({
      name: "energy-gate", title: () => `How far the gate is open in layer ${layer()}`, height: 220,
      draw: draw(drawGate), describe: with_(describeGate), table: with_(gateTable),
    });
    this.#point(this.#stream.canvas, ({ energy, tokens }) => ({ rows: energy.places.length, columns: tokens.length, nameWidth: 92 }));
    this.#point(this.#gate.canvas, ({ energy, tokens }) => ({ rows: energy.waves?.heads.length ?? 0, columns: tokens.length, nameWidth: 30 }));
    const part = (/** @type {string} */ title, /** @type {(Node | string)[]} */ ...children) => h("section", { class: "energy-part" }, h("h3", null, title), children);
    this.#waves.append(part("A layer's deposits, head by head", this.#heads.element), part("The gate", this.#gate.element));
    this.element = h("div", { class: "energy" },
      part("The states of the tokens", this.#stream.element), this.#missing, this.#waves, part("What is conserved, and what is not", this.#checks));
  }

  /** A token under the pointer is the chosen one. @param {HTMLCanvasElement} canvas @param {(shown: Shown) => {rows: number, columns: number, nameWidth: number}} shape */
  #point(canvas, shape) {
    canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
      if (!this.#shown) return;
      const map = shape(this.#shown);
      const cell = heatCell(heatBox(canvas.clientWidth, canvas.clientHeight, { key: true, nameWidth: map.nameWidth }), map, offsetX, offsetY);
      if (cell) this.#lab.point(cell.column);
    });
  }

  async refresh() {
    const energy = await this.#lab.observe("energy", { layer: this.#lab.layer });
    const tokens = this.#lab.cut?.tokens ?? [];
    this.#shown = { energy, tokens, chosen: this.#lab.token };
    const { waves, norms, places } = energy;
    this.#missing.hidden = waves !== null;
    this.#waves.hidden = waves === null;
    this.#stream.setHeight(streamHeight(places.length));
    this.#stream.update();
    if (waves) {
      this.#gate.setHeight(60 + 30 * waves.heads.length);
      this.#heads.update();
      this.#gate.update();
    }
    this.#checks.replaceChildren(checksTable(checksOf(energy)));
    const last = norms.subarray(norms.length - tokens.length);
    const most = last.reduce((a, b) => Math.max(a, b), 0) || 1;
    this.#strip.show(tokens, {
      shares: last.map((norm) => norm / most),
      say: (token) => `a size of ${norms[token].toPrecision(3)} at the start and ${last[token].toPrecision(3)} after the last layer.`,
    });
  }

  pointed() {
    if (!this.#shown) return;
    this.#shown.chosen = this.#lab.token;
    this.#stream.redraw();
    if (this.#shown.energy.waves) this.#gate.redraw();
  }

  hide() {
    this.#shown = null;
    for (const figure of [this.#stream, this.#heads, this.#gate]) figure.clear();
  }
}

/** @param {Shown} shown */
function streamTable({ energy: { places, norms, added, along }, tokens }) {
  const rows = places.flatMap((place, p) => tokens.map((token, t) => {
    const at = p * tokens.length + t;
    return [p, placeName(place), t + 1, shortToken(token), norms[at], added[at], along[at]];
  }));
  return { head: ["place", "after", "token", "text", "size", "size_of_what_was_added", "cosine_with_the_state_before"], rows };
}

/** @param {Shown} shown */
function headsTable({ energy: { waves, layer } }) {
  const keys = /** @type {const} */ (["deposited", "scattered", "reached", "propagated", "gathered", "coupled", "gated", "openness", "kernel_sum", "kernel_absolute", "bound", "scatter_difference", "wave_difference", "beyond"]);
  const words = ["deposited", "on_cells", "spread_to_last_token", "spread_over_field", "gathered", "coupled", "gated", "gate_mean", "kernel_sum", "kernel_absolute_sum", "most_gain", "scatter_sum_difference", "wave_sum_difference", "beyond_the_field"];
  return { head: ["layer", "head", ...words], rows: (waves?.heads ?? []).map((head, i) => [layer + 1, i + 1, ...keys.map((key) => head[key])]) };
}

/** @param {Shown} shown */
function gateTable({ energy: { waves, layer }, tokens }) {
  const rows = (waves?.heads ?? []).flatMap((_, head) => tokens.map((token, t) => [layer + 1, head + 1, t + 1, shortToken(token), waves?.openness[head * tokens.length + t] ?? 0]));
  return { head: ["layer", "head", "token", "text", "gate_mean"], rows };
}

