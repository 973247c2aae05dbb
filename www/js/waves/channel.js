// One head: its name and role, its kernel, its frequency response and its controls.

import { colourAs } from "../charts/colours.js";
import { KernelStrip, dashOf } from "../charts/kernel.js";
import { ResponseChart, strongestPeriod } from "../charts/response.js";
import { reach, role, roleExplained } from "../engine/physics.js";
import { RANGES, isHeadBent } from "../model/heads.js";
import { LOGARITHMIC, sliderField } from "../page/controls.js";
import { h } from "../page/dom.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../engine/protocol.js").HeadInfo} HeadInfo
 * @typedef {object} ChannelData
 * @property {HeadInfo} head
 * @property {import("../engine/protocol.js").ModelConfig} config
 * @property {number} lags
 * @property {number[]} weights
 * @property {number} layer
 * @property {boolean} chosen
 *
 * @typedef {{short: string, words: string, share: number, most: boolean}} ChannelWorth  What the head is good for; `share` is
 *   that of the best of all heads.
 */

const TURN = 2 * Math.PI;
/** Phases differ by whole turns without a difference; the slider shows -π to π. @param {number} phase */
const wrapped = (phase) => phase - TURN * Math.round(phase / TURN);

/** The three numbers of a wave. */
export const NUMBERS = /** @type {const} */ ({
  frequency: { label: "frequency", short: "ω", ...RANGES.frequency, step: 0.01, digits: 4, sliderMin: 0, sliderMax: 6.28, sliderStep: 0.01 },
  damping: { label: "damping", short: "α", ...RANGES.damping, step: 0.01, digits: 5, sliderMin: -3, sliderMax: 0.6, sliderStep: 0.01, scale: LOGARITHMIC },
  phase: { label: "phase", short: "φ", ...RANGES.phase, step: 0.01, digits: 4, sliderMin: -3.14, sliderMax: 3.14, sliderStep: 0.01,
    scale: { toSlider: wrapped, fromSlider: (/** @type {number} */ position) => position } },
});
/** @typedef {keyof typeof NUMBERS} NumberKey */
const KEYS = /** @type {NumberKey[]} */ (Object.keys(NUMBERS));

export class WaveChannel {
  #index;
  #layer = 0;
  #kernelCanvas = h("canvas", { class: "kernel-canvas", role: "img" });
  #responseCanvas = h("canvas", { class: "response-canvas", role: "img" });
  #kernel = new KernelStrip(this.#kernelCanvas);
  #response = new ResponseChart(this.#responseCanvas);
  #role = h("span", { class: "channel-role" });
  #reach = h("span", { class: "channel-reach" });
  #worth = h("span", { class: "channel-worth" });
  #meter = meter();
  #mute = h("button", { type: "button", class: "small" }, "Mute");
  #solo = h("button", { type: "button", class: "small" }, "Solo");
  #reset = h("button", { type: "button", class: "small" }, "Reset");
  /** @type {Record<string, import("../page/controls.js").Control>} */ #controls = {};
  /** @type {HeadInfo | null} */ #shown = null;
  /** What is drawn. @type {import("../charts/kernel.js").KernelData | null} */ #drawn = null;
  /** Has the handles follow the wave, once there are some. */ #place = () => {};
  #strip;
  #app;

  /**
   * @param {App} app
   * @param {number} index
   * @param {() => void} choose Called when the person turns to this head.
   */
  constructor(app, index, choose) {
    this.#app = app;
    this.#index = index;
    const name = `Head ${index + 1}`;
    for (const key of KEYS) {
      const options = NUMBERS[key];
      this.#controls[key] = sliderField({
        ...options, label: `${name}, ${options.label}`, value: 0,
        onInput: (value) => app.heads.bend(this.#layer, index, { [key]: value }),
      });
      this.#controls[key].element.title = options.label;
    }
    this.#mute.addEventListener("click", () => app.heads.toggleMute(this.#layer, index));
    this.#solo.addEventListener("click", () => app.heads.toggleSolo(this.#layer, index));
    this.#reset.addEventListener("click", () => app.heads.resetHead(this.#layer, index));
    for (const [button, verb] of /** @type {const} */ ([[this.#mute, "Mute"], [this.#solo, "Solo"], [this.#reset, "Reset"]])) {
      button.setAttribute("aria-label", `${verb} head ${index + 1}`);
    }
    this.#strip = h("div", { class: "channel-kernel" }, this.#kernelCanvas);
    this.element = h("article", { class: "channel", "aria-label": name },
      h("div", { class: "channel-id" },
        h("div", { class: "channel-name" }, swatch(index), h("h3", null, name), this.#worth), this.#meter.element,
        this.#role, this.#reach,
        h("div", { class: "channel-buttons" }, this.#mute, this.#solo, this.#reset)),
      this.#strip,
      h("div", { class: "channel-response" }, this.#responseCanvas),
      h("div", { class: "channel-controls" }, KEYS.map((key) => this.#controls[key].element)));
    colourAs(this.element, index);
    this.element.addEventListener("pointerenter", choose);
    this.element.addEventListener("focusin", choose);
  }

  /** Gives the wave its handles. @param {typeof import("./hands.js").bendByHand} bendByHand */
  byHand(bendByHand) {
    const { elements, place } = bendByHand(this.#kernelCanvas, `Head ${this.#index + 1}`, () => this.#drawn, (change) => this.#app.heads.bend(this.#layer, this.#index, change));
    this.#strip.append(...elements);
    this.#place = place;
  }

  /** @param {ChannelWorth | null} worth  null where it was not measured */
  setWorth(worth) {
    this.#worth.textContent = worth?.short ?? "";
    this.#worth.title = worth?.words ?? "";
    this.#worth.classList.toggle("channel-most", Boolean(worth?.most));
    this.#meter.set(worth?.share ?? 0);
  }

  /** @param {ChannelData} data */
  show({ head, config, lags, weights, layer, chosen }) {
    this.#layer = layer;
    const bent = isHeadBent(head);
    const heard = head.gain > 0;
    const file = bent ? head.initial : null;
    this.#drawn = { head, file, config, lags, heard, weights, index: this.#index };
    this.#kernel.set(this.#drawn);
    this.#place();
    this.element.classList.toggle("channel-chosen", chosen);
    if (head === this.#shown) return;
    this.#shown = head;
    this.#response.set({ head, file, config, heard, index: this.#index });
    for (const key of KEYS) this.#controls[key].set(head[key]);
    const words = heard ? role(head, config) : "Muted";
    const far = reach(head, config);
    this.#role.textContent = words;
    this.#role.title = roleExplained(head, config);
    this.#reach.textContent = `reach ${shortCount(far)}`;
    this.#reach.title = "Tokens until the wave has faded to a tenth";
    this.#kernelCanvas.setAttribute("aria-label", `Kernel of head ${this.#index + 1}. ${heard ? roleExplained(head, config) : "Muted."}`);
    this.#responseCanvas.setAttribute("aria-label", responseInWords(head, config));
    this.#responseCanvas.title = `Frequency response. ${responseInWords(head, config)}`;
    this.#mute.setAttribute("aria-pressed", String(this.#app.heads.isMuted(layer, this.#index)));
    this.#solo.setAttribute("aria-pressed", String(this.#app.heads.isSolo(layer, this.#index)));
    this.#reset.disabled = !bent;
    this.element.classList.toggle("channel-muted", !heard);
  }
}

/** A bar of 0 to 1. */
function meter() {
  const make = (/** @type {string} */ tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
  const [element, bar] = [make("svg"), make("rect")];
  element.setAttribute("class", "worth-meter");
  element.setAttribute("viewBox", "0 0 100 3");
  element.setAttribute("preserveAspectRatio", "none");
  element.setAttribute("aria-hidden", "true");
  bar.setAttribute("height", "3");
  element.append(bar);
  return { element, set: (/** @type {number} */ share) => bar.setAttribute("width", String(Math.round(100 * share))) };
}

/** A short piece of the head's line: its colour and its dash. @param {number} index */
function swatch(index) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("viewBox", "0 0 24 6");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", "M0 3H24");
  line.setAttribute("stroke-dasharray", dashOf(index).join(" "));
  svg.append(line);
  return svg;
}

/** @param {number} count */
function shortCount(count) {
  if (!Number.isFinite(count) || count > 9999) return "endless";
  return count < 10 ? count.toFixed(1) : String(Math.round(count));
}

/** @param {HeadInfo} head @param {import("../engine/protocol.js").ModelConfig} config */
function responseInWords(head, config) {
  const period = strongestPeriod(head, config);
  if (period > config.max_seq_len) return "Answers most to what stays the same.";
  return `Answers most to patterns of ${period < 10 ? period.toFixed(1) : Math.round(period)} tokens.`;
}
