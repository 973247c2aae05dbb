// The field, moving: what the tokens drop on it, how the waves spread, what the other heads lend, and what each
// token picks up.

import { drawField, drawWaves, FIELD_HEIGHT, WAVES_HEIGHT } from "../charts/field.js";
import { headColour } from "../charts/colours.js";
import { Figure } from "../charts/figure.js";
import { segmented } from "../controls.js";
import { h, visible, write } from "../dom.js";
import { heardAt, largestAt, ownWaveAt, peakOf, placeInWords } from "./lab-field-parts.js";

/**
 * @typedef {import("../lab.js").Lab} Lab
 * @typedef {import("../lab.js").View} View
 * @typedef {import("../observations.js").FieldView} FieldView
 * @typedef {import("../observations.js").CutText} CutText
 */

/** Tokens a second when it plays. */
const PACE = 12;
/** Tokens that fit beside each other where the newest part of the field is drawn alone. */
const NEAR = 64;

/** @param {Lab} lab @param {import("./lab-tokens.js").TokenStrip} strip @returns {View} */
export function makeFieldView(lab, strip) {
  const panel = new FieldPanel(lab, strip);
  return {
    id: "field",
    name: "Field",
    about: "The tokens sit in a row on a line of cells, the field. Each drops what it has to say on its cells when it is read; from there its wave spreads to the right, and the tokens to come pick up what reaches them. One head at a time: every head has a field of its own.",
    waves: true,
    element: panel.element,
    refresh: () => panel.refresh(),
    pointed: () => panel.draw(),
    hide: () => panel.hide(),
  };
}

class FieldPanel {
  #lab;
  #strip;
  /** @type {FieldView | null} */ #view = null;
  /** The text of the view. @type {CutText} */ #cut = { tokens: [], ids: [], dropped: 0, config: /** @type {any} */ ({}), positions: new Float32Array() };
  #peak = 1;
  /** @type {string[]} */ #tokens = [];
  #time = 0;
  /** Whether the newest token is shown, whatever comes. */ #atEnd = true;
  #strength = false;
  #near = true;
  /** @type {number | null} */ #channel = null;
  #playing = 0;
  #heads = h("div");
  #shownHeads = 0;
  /** @type {(head: number) => void} */ #setHead = () => {};
  #channels = h("select", { class: "field-channel", "aria-label": "Channel", onchange: () => this.#choose({ channel: this.#channels.value === "" ? null : Number(this.#channels.value) }) });
  #slider = h("input", { type: "range", class: "slider field-time", min: 0, max: 0, value: 0, step: 1, "aria-label": "Token that was read last", oninput: () => this.#goTo(this.#slider.valueAsNumber) });
  #play = h("button", { type: "button", class: "field-play", onclick: () => this.#toggle() }, "Play");
  #back = h("button", { type: "button", "aria-label": "One token back", onclick: () => this.#goTo(this.#time - 1) }, "◀");
  #on = h("button", { type: "button", "aria-label": "One token on", onclick: () => this.#goTo(this.#time + 1) }, "▶");
  #when = h("span", { class: "reading field-when" });
  #now;
  #waves;

  /** @param {Lab} lab @param {import("./lab-tokens.js").TokenStrip} strip */
  constructor(lab, strip) {
    this.#lab = lab;
    this.#strip = strip;
    this.#now = new Figure({
      name: "field-now", height: FIELD_HEIGHT, title: () => `${this.#place}: the field after "${visible(this.#tokens[this.#time] ?? "")}"`,
      draw: (context, width, height) => { if (this.#view) drawField(context, width, height, this.#fieldNow(this.#view)); },
      describe: () => this.#describe(), table: () => this.#table(),
    });
    this.#waves = new Figure({
      name: "field-waves", height: WAVES_HEIGHT, title: () => `${this.#place}: every token's own wave`,
      draw: (context, width, height) => { if (this.#view) this.#drawWaves(context, width, height, this.#view); },
      describe: () => this.#describeWaves(), table: () => this.#tableOfWaves(),
    });
    this.#waves.canvas.classList.add("field-waves-canvas");
    this.#waves.canvas.addEventListener("pointerdown", (event) => this.#pick(event));
    this.#waves.canvas.addEventListener("pointermove", (event) => { if (event.buttons) this.#pick(event); });
    const along = segmented({
      label: "Seen", value: "channel",
      choices: [{ value: "channel", text: "One channel", title: "One of the numbers that the head passes on, with its sign" }, { value: "strength", text: "Strength", title: "How large all channels are together, whatever their signs" }],
      onInput: (value) => this.#choose({ strength: value === "strength" }),
    });
    const span = segmented({
      label: "Show", value: "near", choices: [{ value: "near", text: "Near the token" }, { value: "all", text: "Whole field" }],
      onInput: (value) => { this.#near = value === "near"; this.#now.update(); },
    });
    this.element = h("div", { class: "field-view" },
      h("div", { class: "lab-choices" }, this.#heads, along.element, this.#channels, span.element),
      h("div", { class: "field-transport" }, this.#play, this.#back, this.#on, this.#slider, this.#when),
      h("ul", { class: "field-key" },
        h("li", null, h("span", { class: "field-mark field-mark-deposit" }), "dropped by a token"),
        h("li", null, h("span", { class: "field-mark field-mark-wave" }), "the head's waves"),
        h("li", null, h("span", { class: "field-mark field-mark-coupled" }), "with what other heads lend"),
        h("li", null, h("span", { class: "field-mark field-mark-gathered" }), "picked up by a token"),
        h("li", null, h("span", { class: "field-mark field-mark-own" }), "the chosen token's own wave")),
      this.#now.element, this.#waves.element);
  }

  get #place() {
    return `Layer ${this.#lab.layer + 1}, head ${this.#lab.head + 1}`;
  }

  async refresh() {
    const lab = this.#lab;
    const cut = /** @type {CutText} */ (lab.cut);
    this.#showHeads(cut.config.num_heads);
    if (lab.head >= cut.config.num_heads) lab.head = 0;
    const view = await lab.observe("field", { layer: lab.layer, head: lab.head, strength: this.#strength, channel: this.#channel });
    this.#view = view;
    this.#cut = cut;
    this.#peak = peakOf([view.frames, view.coupled]);
    this.#tokens = cut.tokens.slice(-view.times);
    if (this.#atEnd && !this.#playing) this.#time = view.times - 1;
    this.#time = Math.min(this.#time, view.times - 1);
    this.#showChannels(view);
    this.element.style.setProperty("--head", `var(${headColour(lab.head)})`);
    this.draw();
  }

  hide() {
    this.#pause();
    this.#view = null;
  }

  draw() {
    const view = this.#view;
    if (!view) return;
    this.#slider.max = String(view.times - 1);
    this.#slider.value = String(this.#time);
    this.#slider.setAttribute("aria-valuetext", `${this.#time + 1} of ${view.times} tokens`);
    this.#slider.style.setProperty("--filled", `${(100 * this.#time) / Math.max(1, view.times - 1)}%`);
    write(this.#when, `${this.#time + 1} of ${view.times}`);
    this.#back.disabled = this.#time === 0;
    this.#on.disabled = this.#time === view.times - 1;
    this.#showText(view);
    this.#now.update();
    this.#waves.update();
  }

  /** Which tokens the one just read hears through this head, and how loudly. @param {FieldView} view */
  #showText(view) {
    const cut = this.#cut;
    const before = cut.tokens.length - view.times;
    const heard = new Float64Array(cut.tokens.length);
    for (let i = 0; i <= this.#time; i++) heard[before + i] = this.#heardFrom(view, i);
    const most = peakOf([heard]) || 1;
    const name = visible(this.#tokens[this.#time] ?? "");
    this.#strip.show(cut.tokens, {
      shares: heard.map((value) => value / most),
      say: (token) => `${placeInWords(cut.positions[Math.max(0, token - before)] ?? 0)} ${token - before > this.#time ? "It is yet to be read." : `"${name}" hears ${(100 * Math.abs(heard[token] / most)).toFixed(0)} % as much from it as from the loudest.`}`,
    });
  }

  /** What the present token hears of one. @param {FieldView} view @param {number} token */
  #heardFrom({ kernel, deposits }, token) {
    const heard = heardAt(kernel, this.#cut.positions[token], deposits[token], this.#cut.positions[this.#time]);
    return this.#strength ? Math.abs(heard) : heard;
  }

  /** The chosen token in what is seen here; -1 for none, or one that is yet to be read. @param {FieldView} view */
  #chosen(view) {
    const before = this.#cut.tokens.length - view.times;
    const chosen = this.#lab.token - before;
    return chosen >= 0 && chosen <= this.#time ? chosen : -1;
  }

  /** @param {FieldView} view @returns {import("../charts/field.js").FieldNow} */
  #fieldNow(view) {
    const row = (/** @type {Float32Array} */ frames) => frames.subarray(this.#time * view.cells, (this.#time + 1) * view.cells);
    const chosen = this.#chosen(view);
    const own = chosen < 0 ? null : Float64Array.from({ length: view.cells }, (_, cell) => this.#waveAt(view, chosen, cell));
    return {
      ...view, ...this.#span(view), time: this.#time, signed: !this.#strength, tokens: this.#tokens, positions: this.#cut.positions, frame: row(view.frames), coupled: row(view.coupled),
      own, chosen, peak: this.#peak, tint: headColour(this.#lab.head),
    };
  }

  /** @param {FieldView} view @param {number} token @param {number} cell */
  #waveAt({ kernel, deposits }, token, cell) {
    const value = ownWaveAt(kernel, this.#cut.positions[token], deposits[token], cell);
    return this.#strength ? Math.abs(value) : value;
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {FieldView} view */
  #drawWaves(context, width, height, view) {
    drawWaves(context, width, height, {
      ...view, wave: (token, cell) => this.#waveAt(view, token, cell), peak: peakOf([view.deposits]) * peakOf([view.kernel]),
      signed: !this.#strength, time: this.#time, chosen: this.#chosen(view),
    });
  }

  /** The cells that are drawn: the present token with what lies behind it, and some way ahead. @param {FieldView} view */
  #span({ cells, times }) {
    const stride = times > 1 ? this.#cut.positions[1] - this.#cut.positions[0] : 1;
    const room = Math.min(cells - 1, NEAR * stride);
    if (!this.#near || room >= cells - 1) return { from: 0, to: cells - 1 };
    const from = Math.max(0, Math.min(cells - 1 - room, this.#cut.positions[this.#time] - 0.75 * room));
    return { from, to: from + room };
  }

  #describe() {
    const view = this.#view;
    if (!view) return "";
    const { frame } = this.#fieldNow(view);
    const highest = largestAt(frame);
    const place = this.#cut.positions[this.#time];
    let [all, ahead] = [0, 0];
    for (let cell = 0; cell < frame.length; cell++) {
      all += Math.abs(frame[cell]);
      if (cell > place) ahead += Math.abs(frame[cell]);
    }
    const seen = this.#strength ? "All channels together" : `Channel ${view.channel + 1}, which carries ${(100 * view.shares[view.channel]).toFixed(0)} % of the energy of what is dropped`;
    const chosen = this.#chosen(view);
    return `${this.#place}. ${seen}. ${this.#time + 1} of ${view.times} tokens are read; the last one sits at cell ${place.toFixed(2).replace(/\.?0+$/, "")}. ${all > 0 ? `The waves are largest at cell ${highest}, and ${((100 * ahead) / all).toFixed(0)} % of them lie ahead, where tokens are yet to be read.` : "There are no waves: the head is muted."}${chosen >= 0 ? ` Token ${chosen + 1}: ${placeInWords(this.#cut.positions[chosen])}` : ""} What is dropped is drawn to a scale of its own.`;
  }

  #describeWaves() {
    const view = this.#view;
    if (!view) return "";
    const loudest = largestAt(view.deposits.subarray(0, this.#time + 1));
    return `Every token's own wave, a row each, the first token at the top; cells run to the right as above, and what stands in a column adds up to the field there. ${this.#strength ? "The farther from the ground's shade, the stronger." : "Blue is above zero, orange below; the farther from the ground's shade, the larger."} Shades grow with the square root, so that faint ones are seen. Token ${loudest + 1}, "${visible(this.#tokens[loudest] ?? "")}", drops most. The line marks the token read last; drag it to move through the text.`;
  }

  /** @returns {import("../charts/figure.js").Table} */
  #table() {
    const view = /** @type {FieldView} */ (this.#view);
    const { frame, coupled, own } = this.#fieldNow(view);
    const dropped = new Float64Array(view.cells);
    for (let i = 0; i <= this.#time; i++) {
      const cell = Math.floor(this.#cut.positions[i]);
      const fraction = this.#cut.positions[i] - cell;
      dropped[cell] += view.deposits[i] * (1 - fraction);
      if (fraction > 0) dropped[cell + 1] += view.deposits[i] * fraction;
    }
    return {
      head: ["cell", "dropped", "waves", "coupled", "own_wave_of_chosen"],
      rows: Array.from({ length: view.cells }, (_, cell) => [cell, dropped[cell], frame[cell], coupled[cell], own ? own[cell] : ""]),
    };
  }

  /** @returns {import("../charts/figure.js").Table} */
  #tableOfWaves() {
    const view = /** @type {FieldView} */ (this.#view);
    const cells = Array.from({ length: view.cells }, (_, cell) => cell);
    return {
      head: ["token", "text", "position", "dropped", ...cells.map((cell) => `cell_${cell}`)],
      rows: this.#tokens.map((text, t) => [t + 1, text, this.#cut.positions[t], view.deposits[t], ...cells.map((cell) => this.#waveAt(view, t, cell))]),
    };
  }

  /** @param {{strength?: boolean, channel?: number | null}} choice */
  #choose({ strength = this.#strength, channel = this.#channel }) {
    this.#strength = strength;
    this.#channel = channel;
    this.#channels.hidden = strength;
    this.#lab.changed();
  }

  /** @param {number} count */
  #showHeads(count) {
    if (count === this.#shownHeads) return this.#setHead(this.#lab.head);
    this.#shownHeads = count;
    const choice = segmented({
      label: "Head", value: this.#lab.head, choices: Array.from({ length: count }, (_, head) => ({ value: head, text: String(head + 1) })),
      onInput: (head) => this.#lab.set({ head: Number(head) }),
    });
    this.#setHead = choice.set;
    this.#heads.replaceChildren(choice.element);
  }

  /** @param {FieldView} view */
  #showChannels({ shares, channel }) {
    const strongest = shares.indexOf(Math.max(...shares));
    if (this.#channels.options.length !== shares.length + 1) {
      this.#channels.replaceChildren(h("option", { value: "" }), ...shares.map((_, i) => h("option", { value: i })));
    }
    write(this.#channels.options[0], `Strongest channel (${strongest + 1})`);
    shares.forEach((share, i) => write(this.#channels.options[i + 1], `Channel ${i + 1}: ${(100 * share).toFixed(0)} %`));
    this.#channels.value = this.#channel === null ? "" : String(channel);
  }

  /** @param {PointerEvent} event */
  #pick(event) {
    if (!this.#view) return;
    const { top, height } = this.#waves.canvas.getBoundingClientRect();
    this.#goTo(Math.floor(((event.clientY - top) / height) * this.#view.times));
  }

  /** @param {number} time */
  #goTo(time) {
    if (!this.#view) return;
    this.#pause();
    this.#show(time);
  }

  /** @param {number} time */
  #show(time) {
    const last = (this.#view?.times ?? 1) - 1;
    this.#time = Math.max(0, Math.min(last, time));
    this.#atEnd = this.#time === last;
    this.draw();
  }

  #toggle() {
    if (this.#playing) return this.#pause();
    if (!this.#view) return;
    if (this.#time >= this.#view.times - 1) this.#show(0);
    write(this.#play, "Pause");
    let [began, from] = [performance.now(), this.#time];
    const turn = (/** @type {number} */ at) => {
      const to = from + Math.floor(((at - began) * PACE) / 1000);
      if (to !== this.#time) this.#show(to);
      if (!this.#view || this.#time >= this.#view.times - 1) return this.#pause();
      this.#playing = requestAnimationFrame(turn);
    };
    this.#playing = requestAnimationFrame(turn);
  }

  #pause() {
    if (this.#playing) cancelAnimationFrame(this.#playing);
    this.#playing = 0;
    write(this.#play, "Play");
  }
}
