// The field, moving: what the tokens drop on it, how the waves spread, what the other heads lend, and what each
// token picks up.

import { drawField, FIELD_HEIGHT, spanOf } from "./chart.js";
import { colourAs, headColour } from "../../charts/colours.js";
import { Figure } from "../../charts/figure.js";
import { drawSpacetime, gridOf, shadesOf, SPACETIME_HEIGHT, tokenAt } from "./spacetime.js";
import { ask } from "../../page/ask.js";
import { segmented } from "../../page/controls.js";
import { h, write } from "../../page/dom.js";
import { visible } from "../../page/signs.js";
import { FieldClock } from "./clock.js";
import { between, droppedOn, FieldScales, heardAt, largestAt, ownWaveAt, peakOf } from "./parts.js";
import { heardInWords, methodInWords, nowInWords, spacetimeInWords } from "./words.js";

/**
 * @typedef {import("../shared.js").Lab} Lab
 * @typedef {import("../shared.js").View} View
 * @typedef {import("../../engine/observations.js").FieldView} FieldView
 *
 * What was seen in one look; the token indices are those of the field, which may begin later than the text.
 * @typedef {object} Look
 * @property {FieldView} view
 * @property {string[]} all Every token of the text.
 * @property {string[]} tokens Those on the field.
 * @property {Float32Array} positions
 * @property {number} before How many tokens of the text come before them.
 * @property {boolean} strength
 */

/** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip @returns {View} */
export function makeFieldView(lab, strip) {
  const panel = new FieldPanel(lab, strip);
  return {
    id: "field",
    terms: ["Field", "Cell"],
    name: "Field",
    about: "The tokens sit in a row on a line of cells, the field. Each drops what it has to say on its cells when it is read; from there its wave spreads to the right, and the tokens to come pick up what reaches them. Waves, beside the text, draws the same wave from the other end: how a token hears those before it. One head at a time: every head has a field of its own.",
    waves: true,
    layers: true,
    element: panel.element,
    refresh: () => panel.refresh(),
    pointed: () => panel.draw(),
    hide: () => panel.hide(),
  };
}

class FieldPanel {
  #lab;
  #strip;
  /** @type {Look | null} */ #look = null;
  /** What is asked for: one channel, none of its own for the strongest one, or the strength of all. */
  #strength = false;
  /** @type {number | null} */ #channel = null;
  #near = true;
  /** Waves by Fourier transforms instead of step by step. */ #transforms = false;
  /** What a row of the lower picture is. @type {"own" | "field"} */ #rows = "own";
  #scales = new FieldScales();
  #clock = new FieldClock(() => this.#onMove(), (playing) => write(this.#play, playing ? "Pause" : "Play"));
  /** The token that everything but the moving picture shows. */ #said = -1;
  #begun = false;
  /** Whether the chosen token is only pointed at, and whether it was clicked and stays. */ #hovering = false;
  #pinned = false;
  /** @type {{key: string, shades: import("./spacetime.js").Shades}} */ #shades = { key: "", shades: { columns: 1, rows: [] } };
  #looks = 0;

  #heads = h("div");
  #shownHeads = 0;
  /** @type {(head: number) => void} */ #setHead = () => {};
  #channels = h("select", { class: "field-channel", "aria-label": "Channel", onchange: () => this.#choose({ channel: this.#channels.value === "" ? null : Number(this.#channels.value) }) });
  #explained = h("p", { class: "field-hint field-explained" });
  #method = h("p", { class: "field-hint field-method" });
  #play = h("button", { type: "button", class: "field-play", onclick: () => (this.#clock.playing ? this.#clock.goTo(this.#clock.token) : this.#clock.play()) }, "Play");
  #back = h("button", { type: "button", "aria-label": "One token back", onclick: () => this.#clock.goTo(this.#clock.token - 1) }, "◀");
  #on = h("button", { type: "button", "aria-label": "One token on", onclick: () => this.#clock.goTo(this.#clock.token + 1) }, "▶");
  #slider = h("input", { type: "range", class: "slider field-time", min: 0, max: 0, value: 0, step: 1, "aria-label": "Token that was read last", oninput: () => this.#clock.goTo(this.#slider.valueAsNumber) });
  #when = h("span", { class: "reading field-when" });
  #now;
  #spacetime;

  /** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip */
  constructor(lab, strip) {
    this.#lab = lab;
    this.#strip = strip;
    this.#now = new Figure({
      name: "field-now", height: FIELD_HEIGHT, title: () => `${this.#place}: the field after "${visible(this.#look?.tokens[this.#clock.token] ?? "")}"`,
      draw: (context, width, height) => { if (this.#look) drawField(context, width, height, this.#fieldNow(this.#look)); },
      describe: () => (this.#look ? nowInWords({ ...this.#look, place: this.#place, time: this.#clock.token, chosen: this.#chosen(this.#look), frame: this.#row(this.#look.view.frames) }) : ""),
      table: () => this.#tableOfNow(),
    });
    this.#spacetime = new Figure({
      name: "field-spacetime", height: SPACETIME_HEIGHT, title: () => `${this.#place}: ${this.#rows === "own" ? "every token's own wave" : "the field after every token"}`,
      draw: (context, width, height) => { if (this.#look) this.#drawSpacetime(context, width, height, this.#look); },
      describe: () => (this.#look ? spacetimeInWords({ ...this.#look, rows: this.#rows, time: this.#clock.token }) : ""),
      table: () => this.#tableOfSpacetime(),
    });
    this.#listen();
    this.element = this.#build();
  }

  #build() {
    const along = segmented({
      label: "Seen", value: "channel", choices: [{ value: "channel", text: "One channel" }, { value: "strength", text: "Strength" }],
      onInput: (value) => this.#choose({ strength: value === "strength" }),
    });
    const span = segmented({
      label: "Show", value: "near", choices: [{ value: "near", text: "Near the token" }, { value: "all", text: "Whole field" }],
      onInput: (value) => { this.#near = value === "near"; this.draw(); },
    });
    const rows = segmented({
      label: "Rows", value: this.#rows, choices: [{ value: "own", text: "Each token's wave" }, { value: "field", text: "Field over time" }],
      onInput: (value) => { this.#rows = value; this.draw(); },
    });
    const method = segmented({
      label: "Computed", value: "steps", choices: [{ value: "steps", text: "Step by step" }, { value: "transforms", text: "By Fourier transform" }],
      onInput: (value) => { this.#transforms = value === "transforms"; this.#lab.changed(); },
    });
    return h("div", { class: "field-view" },
      h("div", { class: "lab-choices" }, this.#heads, along.element, this.#channels, span.element),
      this.#explained,
      h("div", { class: "field-transport" }, this.#play, this.#back, this.#on, this.#slider, this.#when),
      this.#now.element,
      h("div", { class: "lab-choices field-rows" }, rows.element), this.#spacetime.element,
      h("div", { class: "lab-choices field-methods" }, method.element, ask("Recurrence", "Fast Fourier transform")), this.#method);
  }

  #listen() {
    const { canvas } = this.#now;
    canvas.classList.add("field-canvas");
    canvas.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" && !this.#pinned) this.#point(this.#under(event), false); });
    canvas.addEventListener("pointerleave", () => { if (this.#hovering && !this.#pinned) this.#point(-1, false); });
    canvas.addEventListener("click", (event) => {
      const token = this.#under(event);
      const again = this.#pinned && token === this.#lab.token;
      this.#point(again ? -1 : token, !again);
    });
    const rows = this.#spacetime.canvas;
    rows.classList.add("field-spacetime-canvas");
    const pick = (/** @type {MouseEvent} */ event) => {
      if (this.#look) this.#clock.goTo(tokenAt(event.clientY - rows.getBoundingClientRect().top, this.#look.view.times));
    };
    rows.addEventListener("click", pick);
    rows.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" && event.buttons & 1) pick(event); });
  }

  get #place() {
    return `Layer ${this.#lab.layer + 1}, head ${this.#lab.head + 1}`;
  }

  async refresh() {
    const lab = this.#lab;
    const cut = /** @type {import("../../engine/observations.js").CutText} */ (lab.cut);
    this.#showHeads(cut.config.num_heads);
    if (lab.head >= cut.config.num_heads) lab.head = 0;
    const { layer, head } = lab;
    const strength = this.#strength;
    const view = await lab.observe("field", { layer, head, strength, channel: this.#channel, transforms: this.#transforms });
    this.#look = { view, strength, all: cut.tokens, tokens: cut.tokens.slice(-view.times), before: cut.tokens.length - view.times, positions: cut.positions };
    this.#looks++;
    this.#scales.take(view, [cut.config.max_seq_len, cut.config.field_size, lab.source, layer, head, strength, view.channel].join());
    this.#showChannels(view, cut.config.embedding_dim / cut.config.num_heads);
    colourAs(this.element, head);
    write(this.#method, methodInWords(view, this.#transforms));
    this.#clock.grow(view.times);
    // The first look sets the field in motion, unless the person wants things to keep still.
    if (!this.#begun && view.times > 1 && !FieldClock.still) this.#clock.play();
    this.#begun = true;
    this.draw();
  }

  hide() {
    this.#clock.stop();
    this.#look = null;
  }

  #onMove() {
    if (this.#clock.token !== this.#said) this.draw();
    else this.#now.redraw();
  }

  draw() {
    const look = this.#look;
    if (!look) return;
    if (this.#lab.token < 0) this.#pinned = false;
    const { times } = look.view;
    const time = this.#said = this.#clock.token;
    this.#slider.max = String(times - 1);
    this.#slider.value = String(time);
    this.#slider.setAttribute("aria-valuetext", `${time + 1} of ${times} tokens`);
    this.#slider.style.setProperty("--filled", `${(100 * time) / Math.max(1, times - 1)}%`);
    write(this.#when, `${time + 1} of ${times}`);
    this.#back.disabled = time === 0;
    this.#on.disabled = time === times - 1;
    this.#showText(look);
    this.#now.update();
    this.#spacetime.update();
  }

  /** Which tokens the one just read hears through this head, and how loudly. @param {Look} look */
  #showText(look) {
    const time = this.#clock.token;
    const { view: { kernel, deposits }, positions, before } = look;
    const heard = new Float64Array(look.all.length);
    for (let i = 0; i <= time; i++) {
      const value = heardAt(kernel, positions[i], deposits[i], positions[time]);
      heard[before + i] = look.strength ? Math.abs(value) : value;
    }
    const most = peakOf([heard]);
    this.#strip.show(look.all, {
      shares: most > 0 ? heard.map((value) => value / most) : heard,
      say: (token) => heardInWords(look, token - before, time, most > 0 ? Math.abs(heard[token]) / most : 0),
    });
  }

  /** The chosen token on the field; -1 for none, or one that is yet to be read. @param {Look} look */
  #chosen({ before }) {
    const chosen = this.#lab.token - before;
    return chosen >= 0 && chosen <= this.#clock.token ? chosen : -1;
  }

  /** @param {Float32Array} frames */
  #row(frames) {
    const { cells } = /** @type {Look} */ (this.#look).view;
    return between(frames, cells, this.#clock.time);
  }

  /** @param {Look} look @returns {import("./chart.js").FieldNow} */
  #fieldNow(look) {
    const { view, tokens, positions } = look;
    const chosen = this.#chosen(look);
    return {
      cells: view.cells, time: this.#clock.time, near: this.#near, signed: !look.strength, tokens, positions, deposits: view.deposits,
      frame: this.#row(view.frames), coupled: this.#row(view.coupled), pickedUp: view.picked_up, chosen, scales: this.#scales.now, tint: headColour(this.#lab.head),
      own: chosen < 0 ? null : Float64Array.from({ length: view.cells }, (_, cell) => this.#waveAt(look, chosen, cell)),
    };
  }

  /** @param {Look} look @param {number} token @param {number} cell */
  #waveAt({ view: { kernel, deposits }, positions, strength }, token, cell) {
    const value = ownWaveAt(kernel, positions[token], deposits[token], cell);
    return strength ? Math.abs(value) : value;
  }

  /** What a row of the lower picture has on a cell. @param {Look} look @returns {(token: number, cell: number) => number} */
  #inRows(look) {
    if (this.#rows === "own") return (token, cell) => this.#waveAt(look, token, cell);
    const { frames, cells } = look.view;
    return (token, cell) => frames[token * cells + cell];
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {Look} look */
  #drawSpacetime(context, width, height, look) {
    const { times, cells } = look.view;
    const grid = gridOf(width, times, cells);
    const key = [this.#looks, this.#rows, grid.rows, grid.columns].join();
    if (this.#shades.key !== key) {
      const peak = this.#rows === "own" ? this.#scales.own : this.#scales.now.waves;
      this.#shades = { key, shades: shadesOf({ times, cells, value: this.#inRows(look), peak }, grid) };
    }
    const { from, to } = spanOf(width, { cells, time: this.#clock.token, near: this.#near, positions: look.positions });
    drawSpacetime(context, width, height, {
      times, cells, shades: this.#shades.shades, signed: !look.strength, token: this.#clock.token, chosen: this.#chosen(look),
      near: to - from < cells - 1 ? { from, to } : null,
    });
  }

  /** @returns {import("../../charts/figure.js").Table} */
  #tableOfNow() {
    const { view, positions, tokens } = /** @type {Look} */ (this.#look);
    const { frame, coupled, own } = this.#fieldNow(/** @type {Look} */ (this.#look));
    const dropped = droppedOn(view.cells, positions, view.deposits, this.#clock.token);
    const on = new Map(tokens.map((text, i) => [Math.floor(positions[i]), { text, i }]));
    return {
      head: ["cell", "dropped", "waves", "coupled", "own_wave_of_chosen", "token", "position", "picked_up"],
      rows: Array.from({ length: view.cells }, (_, cell) => {
        const token = on.get(cell);
        const read = token && token.i <= this.#clock.token;
        return [cell, dropped[cell], frame[cell], coupled[cell], own ? own[cell] : "", token?.text ?? "", token ? positions[token.i] : "", read ? view.picked_up[token.i] : ""];
      }),
    };
  }

  /** @returns {import("../../charts/figure.js").Table} */
  #tableOfSpacetime() {
    const look = /** @type {Look} */ (this.#look);
    const value = this.#inRows(look);
    const cells = Array.from({ length: look.view.cells }, (_, cell) => cell);
    return {
      head: ["token", "text", "position", "dropped", ...cells.map((cell) => `cell_${cell}`)],
      rows: look.tokens.map((text, t) => [t + 1, text, look.positions[t], look.view.deposits[t], ...cells.map((cell) => value(t, cell))]),
    };
  }

  /** @param {{strength?: boolean, channel?: number | null}} choice */
  #choose({ strength = this.#strength, channel = this.#channel }) {
    this.#strength = strength;
    this.#channel = channel;
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

  /** @param {FieldView} view @param {number} width Channels of a head. */
  #showChannels({ shares, channel }, width) {
    this.#channels.hidden = this.#strength;
    write(this.#explained, this.#strength
      ? `Strength: the size of a head's ${width} channels together (the root of the sum of their squares). It is never below zero, so it does not show where waves cancel out.`
      : `A head passes on ${width} numbers at once, its channels. One channel is seen with its sign, so that you see waves add up and cancel out.`);
    if (this.#channels.options.length !== shares.length + 1) {
      this.#channels.replaceChildren(h("option", { value: "" }), ...shares.map((_, i) => h("option", { value: i })));
    }
    write(this.#channels.options[0], `Strongest channel (${largestAt(shares) + 1})`);
    shares.forEach((share, i) => write(this.#channels.options[i + 1], `Channel ${i + 1}: ${(100 * share).toFixed(0)} % of the energy`));
    this.#channels.value = this.#channel === null ? "" : String(channel);
  }

  /** The token that is read already and nearest to a pointer, in the text. @param {MouseEvent} event */
  #under(event) {
    const look = this.#look;
    if (!look) return -1;
    const { left, width } = this.#now.canvas.getBoundingClientRect();
    const { x } = spanOf(width, { cells: look.view.cells, time: this.#clock.time, near: this.#near, positions: look.positions });
    const distance = (/** @type {number} */ token) => Math.abs(x(look.positions[token]) - (event.clientX - left));
    let nearest = 0;
    for (let i = 0; i <= this.#clock.token; i++) if (distance(i) < distance(nearest)) nearest = i;
    return nearest + look.before;
  }

  /** @param {number} token @param {boolean} pinned */
  #point(token, pinned) {
    this.#hovering = token >= 0;
    this.#pinned = pinned;
    this.#lab.point(token);
  }
}
