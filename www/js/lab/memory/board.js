// A dial for each head of the layer, each turning at its own speed; one of them is chosen, and shown large beside.

import { colourAs, headColour } from "../../charts/colours.js";
import { Surface } from "../../charts/surface.js";
import { h, uniqueId, write } from "../../page/dom.js";
import { drawSmallDial } from "./dial.js";
import { angleInWords, tokensInWords } from "./words.js";

/**
 * @typedef {object} Dial What one head's dial shows.
 * @property {import("./state.js").Memory | null} memory Not yet known where null.
 * @property {number} halfLife
 * @property {number} turn Radians from token to token.
 */

/** In short, for under a dial. @param {number} count */
const short = (count) => (!Number.isFinite(count) || count > 9999 ? "∞" : count < 10 ? count.toFixed(1) : count.toFixed(0));

export class DialBoard {
  #row = h("div", { class: "memory-board-row" });
  element = h("fieldset", { class: "memory-board" }, h("legend", null, "Head, with its half-life in tokens"), this.#row);
  #name = uniqueId("memory-head");
  #choose;
  /** @type {{input: HTMLInputElement, surface: Surface, under: HTMLElement, dial: Dial | null}[]} */ #dials = [];
  #time = 0;
  /** What reaches a dial's rim. @type {(memory: import("./state.js").Memory, time: number) => number} */ #scale = () => 1;

  /** @param {(head: number) => void} choose */
  constructor(choose) {
    this.#choose = choose;
  }

  /** @param {readonly Dial[]} dials @param {number} chosen @param {(memory: import("./state.js").Memory, time: number) => number} scale */
  set(dials, chosen, scale) {
    this.#scale = scale;
    if (dials.length !== this.#dials.length) this.#make(dials.length);
    dials.forEach((dial, head) => {
      const { input, surface, under } = this.#dials[head];
      this.#dials[head].dial = dial;
      input.checked = head === chosen;
      input.setAttribute("aria-label", `Head ${head + 1}: turns by ${angleInWords(dial.turn)} a token, half is left after ${tokensInWords(dial.halfLife)}`);
      write(under, short(dial.halfLife));
      surface.redraw();
    });
  }

  /** @param {number} time */
  show(time) {
    this.#time = time;
    for (const { surface } of this.#dials) surface.redraw();
  }

  /** @param {number} count */
  #make(count) {
    this.#dials = [];
    this.#row.replaceChildren(...Array.from({ length: count }, (_, head) => {
      const canvas = h("canvas", { class: "memory-small", "aria-hidden": "true" });
      const surface = new Surface(canvas, (context, width, height) => {
        const { dial } = this.#dials[head];
        if (dial?.memory) drawSmallDial(context, width, height, { memory: dial.memory, scale: this.#scale(dial.memory, this.#time), time: this.#time, tint: headColour(head) });
      });
      const input = h("input", { type: "radio", name: this.#name, value: head, onchange: () => this.#choose(head) });
      const under = h("span", { class: "memory-half" });
      this.#dials.push({ input, surface, under, dial: null });
      const label = h("label", null, input, h("span", { class: "memory-one" }, canvas, h("span", { class: "memory-number", "aria-hidden": "true" }, head + 1), under));
      colourAs(label, head);
      return label;
    }));
  }
}
