// One head of a training, to take hold of: its three numbers as training moves them, which can be dragged and held
// still. A wave that is dragged away and let go of comes back, if the text has a use for it.

import { colourAs } from "../charts/colours.js";
import { KernelStrip } from "../charts/kernel.js";
import { sliderField } from "../page/controls.js";
import { h, uniqueId } from "../page/dom.js";
import { NUMBERS } from "../waves/channel.js";

/**
 * @typedef {import("../waves/channel.js").NumberKey} NumberKey
 * @typedef {import("../engine/protocol.js").TrainControl} TrainControl
 * @typedef {{ control: import("../page/controls.js").Control, lock: HTMLButtonElement, row: HTMLElement }} Row
 */

const KEYS = /** @type {NumberKey[]} */ (Object.keys(NUMBERS));
/** A slider is left to the hand that moved it for so long before it shows again what training makes of it. */
const HANDS_OFF_MS = 700;
/** Most tokens back that the kernel shows. */
const MAX_LAGS = 48;

export class TrainHeadEditor {
  #app;
  #run;
  #layer = 0;
  #head = 0;
  #shape = "";
  /** @type {Record<NumberKey, Row>} */ #rows;
  /** When each number was last moved by hand. @type {Partial<Record<NumberKey, number>>} */ #touched = {};
  /** What is to be sent once the engine has taken what was sent before. @type {Map<NumberKey, number>} */ #wanted = new Map();
  #sending = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #saving;
  #canvas = h("canvas", { class: "train-editor-kernel", role: "img" });
  #strip = new KernelStrip(this.#canvas);

  #redraw;

  /** @param {import("../page/app.js").App} app @param {import("./run.js").TrainRun} run @param {() => void} redraw Has it rendered again. */
  constructor(app, run, redraw) {
    this.#redraw = redraw;
    this.#app = app;
    this.#run = run;
    const choose = () => {
      [this.#layer, this.#head] = [this.layer.selectedIndex, this.head.selectedIndex];
      this.#touched = {};
      this.#wanted.clear();
      this.#problem("");
      this.#redraw();
    };
    this.layer = h("select", { id: uniqueId("layer"), onchange: choose });
    this.head = h("select", { id: uniqueId("head"), onchange: choose });
    this.#rows = /** @type {Record<NumberKey, Row>} */ (Object.fromEntries(KEYS.map((key) => [key, this.#row(key)])));
    this.problem = h("p", { class: "train-problem", role: "alert" });
    this.element = h("fieldset", { class: "train-field train-editor" }, h("legend", null, "A head\u2019s wave"),
      h("p", { class: "train-hint" }, "Drag a wave away and watch training bring it back, or hold a number still and let the others learn."),
      h("div", { class: "train-editor-choice" },
        h("label", { for: this.layer.id }, "Layer"), this.layer, h("label", { for: this.head.id }, "Head"), this.head),
      this.#canvas, KEYS.map((key) => this.#rows[key].row), this.problem);
  }

  /** @param {NumberKey} key @returns {Row} */
  #row(key) {
    const options = NUMBERS[key];
    const name = `${options.short} ${options.label}`;
    const control = sliderField({ ...options, label: `Wave in training, ${options.label}`, short: name, value: 0, moving: true, decimals: options.digits, onInput: (value) => this.#drag(key, value) });
    const lock = h("button", { type: "button", class: "small", onclick: () => this.#toggle(key) });
    return { control, lock, row: h("div", { class: "train-editor-row" }, control.element, lock) };
  }

  /** @param {TrainControl} control @param {boolean} changeable */
  render(control, changeable) {
    const { facts, plan } = this.#run;
    const { layers, initialLayers } = facts;
    this.element.hidden = layers.length === 0;
    if (this.element.hidden || !plan) return;
    this.element.disabled = !changeable;
    this.#offer(layers);
    const head = layers[this.#layer][this.#head];
    const now = performance.now();
    for (const key of KEYS) {
      const { control: slider, lock } = this.#rows[key];
      if (now - (this.#touched[key] ?? -Infinity) > HANDS_OFF_MS) slider.set(head[key]);
      const held = this.#isHeld(control, key);
      lock.textContent = held ? "Let go" : "Hold still";
      lock.setAttribute("aria-label", held ? `Let the ${NUMBERS[key].label} go` : `Hold the ${NUMBERS[key].label} still`);
      this.#rows[key].row.classList.toggle("train-editor-held", held);
    }
    const config = { ...plan.model, vocab_size: facts.vocabulary };
    this.#canvas.setAttribute("aria-label", `Kernel of layer ${this.#layer + 1}, head ${this.#head + 1}: the past to the left, now at the right`);
    this.#strip.set({
      head, file: initialLayers[this.#layer]?.[this.#head] ?? null, config, index: this.#head,
      lags: Math.min(config.max_seq_len, MAX_LAGS), heard: true, weights: [],
    });
    colourAs(this.element, this.#head);
  }

  /** Layers and heads to choose from. @param {import("../engine/protocol.js").Head[][]} layers */
  #offer(layers) {
    const shape = layers.map(({ length }) => length).join(" ");
    if (shape === this.#shape) return;
    this.#shape = shape;
    this.#layer = this.#head = 0;
    const numbers = (/** @type {ArrayLike<unknown>} */ list) => Array.from(list, (_, i) => h("option", null, i + 1));
    this.layer.replaceChildren(...numbers(layers));
    this.head.replaceChildren(...numbers(layers[0]));
  }

  /** @param {TrainControl} control @param {NumberKey} key */
  #isHeld({ locks }, key) {
    return locks.some(({ layer, head, number }) => layer === this.#layer && head === this.#head && number === key);
  }

  /** @param {NumberKey} key @param {number} value */
  #drag(key, value) {
    this.#wanted.set(key, value);
    if (!this.#sending) this.#send();
  }

  /** One at a time, so that a slow step does not leave a queue of places where the slider once was. */
  async #send() {
    this.#sending = true;
    for (const [key, value] of this.#wanted) {
      this.#wanted.delete(key);
      const now = performance.now();
      const again = now - (this.#touched[key] ?? -Infinity) < HANDS_OFF_MS;
      this.#touched[key] = now;
      await this.#ask(() => this.#app.engine.request("train_set_head", { layer: this.#layer, head: this.#head, number: key, value, again }));
    }
    this.#sending = false;
    clearTimeout(this.#saving);
    // A paused training is saved with it; a running one is every few seconds.
    this.#saving = setTimeout(() => { if (this.#run.state === "paused") this.#run.save(); }, HANDS_OFF_MS);
  }

  /** @param {NumberKey} key */
  async #toggle(key) {
    const { control } = this.#run.facts;
    if (!control) return;
    const place = { layer: this.#layer, head: this.#head, number: key };
    await this.#ask(() => this.#app.engine.request("train_set_lock", { ...place, locked: !this.#isHeld(control, key) }));
    if (this.#run.state === "paused") await this.#run.save();
  }

  /** @param {() => Promise<unknown>} request */
  async #ask(request) {
    this.#problem("");
    try {
      await request();
    } catch (error) {
      this.#problem(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} words */
  #problem(words) {
    if (this.problem.textContent !== words) this.problem.textContent = words;
  }
}
