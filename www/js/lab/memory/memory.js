// How it remembers: the state of one head, for one of its channels, as an arrow that turns, shrinks and is kicked from token
// to token; what is left in it of each token; and all the layer's heads beside it.

import { colourAs, headColour } from "../../charts/colours.js";
import { Figure } from "../../charts/figure.js";
import { stride } from "../../engine/physics.js";
import { pick } from "../../model/heads.js";
import { segmented } from "../../page/controls.js";
import { h, write } from "../../page/dom.js";
import { visible } from "../../page/signs.js";
import { FieldClock } from "../field/clock.js";
import { largestAt } from "../field/parts.js";
import { MemoryBend, PhaseHandle } from "./bend.js";
import { DialBoard } from "./board.js";
import { DIAL_HEIGHT, drawDial } from "./dial.js";
import { KeptNumbers } from "./kept.js";
import { drawLeft, lagAt, LEFT_HEIGHT } from "./left.js";
import { MemoryReader } from "./reading.js";
import { largestAround, MemorySeen } from "./seen.js";
import { halfLife, movedOn, size, stateAt } from "./state.js";
import { wantedHead } from "./wanted.js";
import { dialInWords, hearingInWords, leftInWords, leftOfInWords, signed, standardInWords, storyParts, tableOfDial, tableOfLeft } from "./words.js";

/**
 * @typedef {import("../shared.js").Lab} Lab
 * @typedef {import("../shared.js").View} View
 * @typedef {import("./seen.js").Now} Now
 */

/** Tokens a second. */
const PACES = { slow: 1.6, quick: 12 };
const KEYS = "The dial. Arrow keys go from token to token, Home and End to the first and the last, Space plays.";

/** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip @returns {View} */
export function makeMemoryView(lab, strip) {
  const panel = new MemoryPanel(lab, strip);
  return {
    id: "memory",
    terms: ["State", "Recurrence"],
    name: "How it remembers",
    about: "All that a head remembers of the text, for one of its channels, is this arrow. From token to token it turns and shrinks; then the token kicks it.",
    layers: true,
    element: panel.element,
    refresh: () => panel.refresh(),
    pointed: () => panel.draw(),
    hide: () => panel.hide(),
  };
}

class MemoryPanel {
  #lab;
  #strip;
  #reader;
  #seen = new MemorySeen();
  /** null: each head's strongest. @type {number | null} */ #channel = null;
  /** @type {keyof typeof PACES} */ #pace = "slow";
  #clock = new FieldClock(() => this.#onMove(), (playing) => write(this.#play, playing ? "Pause" : "Play"), () => PACES[this.#pace]);
  /** The token that everything but the moving pictures shows. */ #said = -1;
  #begun = false;

  #board = new DialBoard((head) => this.#lab.set({ head }));
  #bend;
  #phase;
  #kept = new KeptNumbers();
  #play = h("button", { type: "button", class: "memory-play", onclick: () => this.#toggle() }, "Play");
  #back = h("button", { type: "button", "aria-label": "One token back", onclick: () => this.#clock.goTo(this.#clock.token - 1) }, "◀");
  #on = h("button", { type: "button", "aria-label": "One token on", onclick: () => this.#clock.goTo(this.#clock.token + 1) }, "▶");
  #slider = h("input", { type: "range", class: "slider memory-time", min: 0, max: 0, value: 0, step: 1, "aria-label": "Token that was read last", oninput: () => this.#clock.goTo(this.#slider.valueAsNumber) });
  #when = h("span", { class: "reading memory-when" });
  #channels = h("select", { class: "memory-channel", "aria-label": "Channel", onchange: () => {
    this.#channel = this.#channels.value === "" ? null : Number(this.#channels.value);
    this.#lab.changed();
  } });
  #story = h("p", { class: "memory-story" });
  /** How the shadow is heard, and that the engine hears the same. */ #check = h("p", { class: "field-hint memory-check" });
  #dial;
  #left;

  /** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip */
  constructor(lab, strip) {
    this.#lab = lab;
    this.#strip = strip;
    this.#reader = new MemoryReader(lab);
    this.#bend = new MemoryBend(lab);
    this.#phase = new PhaseHandle(lab);
    this.#dial = new Figure({
      name: "memory-dial", height: DIAL_HEIGHT, title: () => `${this.#place}: its memory after "${visible(this.#seen.reading?.tokens[this.#clock.token] ?? "")}"`,
      draw: (context, width, height) => this.#with((now) => drawDial(context, width, height, { ...now, tint: headColour(lab.head), chosen: this.#chosenPart(now) })),
      describe: () => this.#say((now) => dialInWords({ ...now, place: `${this.#place}, channel ${now.channel + 1}` })),
      table: () => this.#tableOf(tableOfDial),
    });
    this.#left = new Figure({
      name: "memory-left", height: LEFT_HEIGHT, title: () => `${this.#place}: what is left of each token`,
      draw: (context, width, height) => this.#with((now) => this.#drawLeft(context, width, height, now)),
      describe: () => this.#say((now) => leftInWords({ ...now, parts: this.#seen.parts(now, now.time) })),
      table: () => this.#tableOf((now) => tableOfLeft(now, this.#seen.parts(now, now.time))),
    });
    this.element = this.#build();
    this.#listen();
  }

  #build() {
    const pace = segmented({
      label: "Pace", value: this.#pace, choices: [{ value: "slow", text: "Slow" }, { value: "quick", text: "Quick" }],
      onInput: (value) => {
        this.#pace = value;
        if (this.#clock.playing) this.#clock.play();
      },
    });
    const stage = h("div", { class: "memory-stage", tabindex: "0", role: "group", "aria-label": KEYS, onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event) });
    this.#dial.canvas.replaceWith(stage);
    stage.append(this.#dial.canvas, this.#phase.element);
    stage.after(h("div", { class: "memory-transport" }, this.#play, this.#back, this.#on, this.#slider, this.#when));
    this.#dial.element.classList.add("memory-dial");
    this.#left.element.classList.add("memory-left");
    return h("div", { class: "memory-view" },
      this.#board.element, this.#dial.element,
      h("div", { class: "memory-words" }, this.#story, this.#check, h("div", { class: "lab-choices" }, pace.element, this.#channels)),
      this.#left.element, this.#bend.element, this.#kept.element);
  }

  #listen() {
    this.#slider.addEventListener("keydown", (event) => { if (event.key === " ") this.#onKey(event); });
    // The wave changes under the hand; the engine follows, and is asked again.
    this.#lab.app.state.on("heads", (heads) => {
      const layer = this.#seen.reading?.layer;
      if (layer === undefined || this.#lab.source !== "bent" || !heads[layer]) return;
      this.#seen.bend(heads[layer].map(pick));
      this.draw();
    });
    this.#lab.app.state.on("generating", (generating) => { if (!generating && this.#seen.reading && this.#lab.following) this.#lab.changed(); });
    const { canvas } = this.#left;
    canvas.classList.add("memory-left-canvas");
    const under = (/** @type {MouseEvent} */ event) => {
      const { left, width } = canvas.getBoundingClientRect();
      const lag = lagAt(event.clientX - left, width);
      const token = this.#clock.token - lag;
      return this.#seen.reading && lag >= 0 && token >= 0 ? token + this.#seen.reading.before : -1;
    };
    canvas.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") this.#lab.point(under(event)); });
    canvas.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") this.#lab.point(-1); });
    canvas.addEventListener("click", (event) => this.#lab.point(under(event)));
  }

  get #place() {
    return `Layer ${this.#lab.layer + 1}, head ${this.#lab.head + 1}`;
  }

  async refresh() {
    const lab = this.#lab;
    const { config, positions, tokens } = /** @type {import("../../engine/observations.js").CutText} */ (lab.cut);
    if (positions.length === 0) throw new Error(standardInWords(config, tokens.length));
    const wanted = wantedHead();
    if (wanted >= 0) lab.head = wanted;
    if (lab.head >= config.num_heads) lab.head = 0;
    const { head, layer } = lab;
    const reading = await this.#reader.read(this.#channel);
    this.#seen.take(reading);
    this.#clock.grow(reading.tokens.length);
    // The first look shows it turning, unless the person wants things to keep still.
    if (!this.#begun && reading.tokens.length > 1 && !FieldClock.still) this.#clock.play();
    this.#begun = true;
    this.draw();
    // What moves on all the time is asked for again and again; the chosen head comes first, and the engine has a text to write.
    const moving = lab.source === "training" || (lab.following && lab.app.state.get("generating"));
    await this.#reader.others(reading, this.#channel, moving ? 1 : Infinity, () => lab.head === head && lab.layer === layer, () => this.#showBoard());
  }

  hide() {
    this.#clock.stop();
    this.#seen.forget();
    this.#reader.forget();
  }

  /** @returns {Now | null} */
  #now() {
    return this.#seen.now(this.#lab.head, this.#clock.time);
  }

  /** @param {(now: Now) => void} use */
  #with(use) {
    const now = this.#now();
    if (now) use(now);
  }

  /** At the token read last, also while it moves on. @param {(now: Now) => string} say */
  #say(say) {
    const now = this.#now();
    return now ? say({ ...now, time: Math.floor(now.time) }) : "";
  }

  /** @param {(now: Now) => import("../../charts/figure.js").Table} table */
  #tableOf(table) {
    const now = /** @type {Now} */ (this.#now());
    return table({ ...now, time: Math.floor(now.time) });
  }

  #toggle() {
    if (this.#clock.playing) this.#clock.goTo(this.#clock.token);
    else this.#clock.play();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { token } = this.#clock;
    const end = (this.#seen.reading?.tokens.length ?? 1) - 1;
    const act = {
      ArrowLeft: () => this.#clock.goTo(token - 1), ArrowRight: () => this.#clock.goTo(token + 1),
      ArrowDown: () => this.#clock.goTo(token - 1), ArrowUp: () => this.#clock.goTo(token + 1),
      Home: () => this.#clock.goTo(0), End: () => this.#clock.goTo(end), " ": () => this.#toggle(),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }

  #onMove() {
    if (this.#clock.token !== this.#said) return this.draw();
    this.#dial.redraw();
    this.#left.redraw();
    this.#board.show(this.#clock.time);
  }

  draw() {
    const now = this.#now();
    if (!now) return;
    const time = this.#said = this.#clock.token;
    const count = now.tokens.length;
    colourAs(this.element, this.#lab.head);
    this.#slider.max = String(count - 1);
    this.#slider.value = String(time);
    this.#slider.setAttribute("aria-valuetext", `${time + 1} of ${count} tokens, “${visible(now.tokens[time])}”, heard ${signed(now.memory.heard[time])}`);
    this.#slider.style.setProperty("--filled", `${(100 * time) / Math.max(1, count - 1)}%`);
    write(this.#when, `${time + 1} of ${count}`);
    this.#back.disabled = time === 0;
    this.#on.disabled = time === count - 1;
    this.#story.replaceChildren(...storyParts({ ...now, time }).map((part, i) => (i % 2 ? h("strong", null, part) : part)));
    write(this.#check, hearingInWords({ ...now, time }));
    this.#showText(now, time);
    this.#showChannels(now);
    this.#showBoard();
    this.#bend.show();
    this.#phase.show();
    this.#kept.show(now.config, time + 1, count);
    this.#dial.update();
    this.#left.update();
  }

  #showBoard() {
    const { reading } = this.#seen;
    if (!reading) return;
    this.#board.set(reading.heads.map((head, i) => ({ memory: this.#seen.memory(i), halfLife: halfLife(head, reading.config), turn: head.frequency * stride(reading.config) })),
      this.#lab.head, (memory, time) => this.#seen.scale(memory, time));
    this.#board.show(this.#clock.time);
  }

  /** How much of each token is in the state, on the text itself. @param {Now} now @param {number} time */
  #showText(now, time) {
    const { all, before } = /** @type {import("./reading.js").Reading} */ (this.#seen.reading);
    const parts = this.#seen.parts(now, time);
    const left = new Float64Array(all.length);
    parts.forEach((part, token) => { left[before + token] = Math.sign(now.deposits[token]) * size(part); });
    const most = Math.abs(left[largestAt(left)]) || 1;
    this.#strip.show(all, {
      shares: left.map((value) => value / most),
      say: (token) => leftOfInWords(now, parts, token - before, time),
    });
  }

  /** The token that is pointed at, of those that are read; -1 for none. */
  get #chosen() {
    const chosen = this.#lab.token - (this.#seen.reading?.before ?? 0);
    return chosen >= 0 && chosen <= this.#clock.token ? chosen : -1;
  }

  /** @param {Now} now */
  #chosenPart(now) {
    const token = this.#chosen;
    return token < 0 ? null : { part: movedOn(now.memory, this.#seen.parts(now, Math.floor(now.time))[token], now.time % 1), token };
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {Now} now */
  #drawLeft(context, width, height, now) {
    const [token, gone] = [Math.floor(now.time), now.time % 1];
    const coming = stateAt(now.memory, now.time);
    const parts = this.#seen.parts(now, token).map((part) => movedOn(now.memory, part, gone));
    const most = largestAround(now.tokens.length, (i) => Math.abs(now.deposits[i]), now.time);
    drawLeft(context, width, height, {
      ...now, parts, gone, most, chosen: this.#chosen, listen: now.memory.listen, heard: now.memory.loud > 0, tint: headColour(this.#lab.head),
      coming: gone > 0 && token + 1 < now.tokens.length ? { token: token + 1, part: { re: coming.kicked * now.memory.kicks[token + 1].re, im: coming.kicked * now.memory.kicks[token + 1].im } } : null,
    });
  }

  /** @param {Now} now */
  #showChannels({ shares, channel }) {
    if (this.#channels.options.length !== shares.length + 1) {
      this.#channels.replaceChildren(h("option", { value: "" }), ...shares.map((_, i) => h("option", { value: i })));
    }
    write(this.#channels.options[0], `Strongest channel (${largestAt(shares) + 1})`);
    shares.forEach((share, i) => write(this.#channels.options[i + 1], `Channel ${i + 1}: ${(100 * share).toFixed(0)} % of the energy`));
    this.#channels.value = this.#channel === null ? "" : String(channel);
  }
}
