// The three numbers of the chosen head's wave, to be bent beside its dial.

import { isHeadBent } from "../../model/heads.js";
import { sliderField } from "../../page/controls.js";
import { h } from "../../page/dom.js";
import { NUMBERS } from "../../waves/channel.js";
import { follow } from "../../waves/drag.js";
import { phaseNear, polar } from "./state.js";

/** @typedef {keyof typeof NUMBERS} NumberKey */

const KEYS = /** @type {NumberKey[]} */ (Object.keys(NUMBERS));
/** Radians of an arrow key. */
const KEY_TURN = 0.05;
/** What each does to the arrow. @type {Record<NumberKey, string>} */
const DOES = { frequency: "how far it turns", damping: "how fast it shrinks", phase: "which way is heard" };

export class MemoryBend {
  #lab;
  /** @type {Record<string, import("../../page/controls.js").Control>} */ #controls = {};
  #reset = h("button", { type: "button", class: "small", disabled: true }, "Reset");
  #note = h("p", { class: "field-hint" }, "Only the open model as it is bent can be bent: choose “As it is bent” above.");
  element;

  /** @param {import("../shared.js").Lab} lab */
  constructor(lab) {
    this.#lab = lab;
    for (const key of KEYS) {
      this.#controls[key] = sliderField({
        ...NUMBERS[key], label: NUMBERS[key].label, short: `${NUMBERS[key].short}: ${DOES[key]}`, value: NUMBERS[key].min < 0 ? 0 : 1,
        onInput: (value) => lab.app.heads.bend(lab.layer, lab.head, { [key]: value }),
      });
    }
    this.#reset.addEventListener("click", () => lab.app.heads.resetHead(lab.layer, lab.head));
    this.element = h("div", { class: "memory-bend" },
      h("div", { class: "memory-bend-head" }, h("h3", null, "Bend it"), this.#reset), KEYS.map((key) => this.#controls[key].element), this.#note);
  }

  show() {
    const { source, layer, head, app } = this.#lab;
    const info = app.state.get("heads")[layer]?.[head];
    const can = source === "bent" && info !== undefined;
    this.#note.hidden = can;
    for (const key of KEYS) this.#controls[key].element.hidden = !can;
    this.#reset.hidden = !can;
    if (!can) return;
    for (const key of KEYS) this.#controls[key].set(info[key]);
    this.#reset.disabled = !isHeadBent(info);
    this.#reset.setAttribute("aria-label", `Reset head ${head + 1}`);
  }
}

/** The end of the line that is listened along, on the dial, as a handle: drawing it round bends the phase. */
export class PhaseHandle {
  #lab;
  /** @param {import("../shared.js").Lab} lab */
  constructor(lab) {
    this.#lab = lab;
    const { heads } = lab.app;
    const bend = (/** @type {number} */ phase) => {
      const own = this.#phase;
      if (own !== undefined) heads.bend(lab.layer, lab.head, { phase: phaseNear(phase, own) });
    };
    this.element = h("button", {
      type: "button", class: "wave-handle phase-handle memory-phase", title: "Drag it round to bend the phase",
      "aria-label": "The line that is heard along: arrow keys turn it, which bends the phase.",
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        const way = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
        if (event.key !== "Tab" && event.key !== "Escape") event.stopPropagation();
        if (way === undefined || this.#phase === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        bend(this.#phase + way * KEY_TURN);
      },
    }, h("span", null, "φ"));
    follow(this.element, () => ({ clientX, clientY }) => {
      const { left, top, width, height } = /** @type {HTMLElement} */ (this.element.parentElement).getBoundingClientRect();
      bend(Math.atan2(clientY - top - height / 2, clientX - left - width / 2));
    });
  }

  /** Of the wave that can be bent. */
  get #phase() {
    const { source, layer, head, app } = this.#lab;
    return source === "bent" ? app.state.get("heads")[layer]?.[head]?.phase : undefined;
  }

  show() {
    const phase = this.#phase;
    this.element.hidden = phase === undefined;
    if (phase === undefined) return;
    const { re, im } = polar(1, -phase);
    this.element.style.setProperty("--re", re.toFixed(4));
    this.element.style.setProperty("--im", im.toFixed(4));
  }
}
