// Waves: one channel a head, all along the same stretch of text, each with its kernel, its frequency
// response and the three numbers that shape it.

import { ContextAxis } from "./context.js";
import { segmented } from "../page/controls.js";
import { atMostEvery, h, oncePerFrame, write } from "../page/dom.js";
import { isBent } from "../model/heads.js";
import { kernelByLag, roleExplained } from "../engine/physics.js";
import { recorded } from "../page/recorded.js";
import { surprise } from "../page/token-view.js";
import { colourAs, headColour } from "../charts/colours.js";
import { WaveChannel } from "./channel.js";
import { feltMost, strongestOfAll, worthInShort, worthInWords } from "./worth.js";

/** @typedef {import("../page/app.js").App} App */

/** How far back the strips can show; 0 is the whole context. */
const RANGES = [
  { value: 40, text: "40" },
  { value: 128, text: "128" },
  { value: 0, text: "All" },
];

const HINT = "Each head hears the past through a damped wave. Dots are tokens, large if they surprised: what is above the line is added, what is below is taken away. Drag a wave by its handles.";
const USUAL_HEADS = 8;
/** More dots than these no screen shows beside each other; a context may have a million. */
const MOST_LAGS = 4096;
/** Milliseconds between two steps of the text along the kernels. A slider does not wait for them. */
const TEXT_INTERVAL = 80;

/** @param {HTMLElement} root @param {App} app */
export const mountWaves = (root, app) => new WavesPanel(root, app);

class WavesPanel {
  #app;
  /** @type {WaveChannel[]} */ #channels = [];
  #list = h("div", { class: "channels" });
  #layers = h("div", { class: "layer-choice" });
  #axisCanvas = h("canvas", { class: "context-canvas", "aria-hidden": "true" });
  #axis = new ContextAxis(this.#axisCanvas);
  #resetLayer = h("button", { type: "button", disabled: true }, "Reset layer");
  #resetAll = h("button", { type: "button", disabled: true }, "Reset all");
  /** A narrow screen shows half as much: a wave that dies soon would be hidden under its handles. The build has no screen. */ #range = globalThis.innerWidth < 600 ? 20 : 40;
  /** The head whose hearing tints the text. */ #chosen = 0;
  /** One head at a time is shown where there is room for one only. */ #chips = h("div", { class: "head-chips", role: "group", "aria-label": "Head" });
  #words = h("p", { class: "chosen-words" });
  /** What is seen here, and what it does while something is bent. */ #hint = h("p", { class: "panel-hint", "aria-live": "polite" }, HINT);
  #context = h("div", { class: "context-row context-empty" });
  #record = recorded();
  /** What is shown until there is a model. */ #recorded = withInitial(this.#record);
  /** The layer and the model of which a head was brought forward. */ #broughtFor = "";

  /** @param {HTMLElement} root @param {App} app */
  constructor(root, app) {
    this.#app = app;
    const range = segmented({
      label: "Tokens back", choices: RANGES, value: this.#range,
      onInput: (value) => { this.#range = Number(value); this.#draw(); },
    });
    this.#context.append(
      h("span", { class: "context-label" }, "tokens back"), this.#axisCanvas,
      h("span", { class: "context-label context-ends", title: "Frequency response: how strongly a head answers to slow and to fast patterns in the text" },
        h("span", { class: "context-over" }, "response"), h("span", null, "slow"), h("span", null, "fast")),
      h("span", { class: "context-label context-names" },
        ...["ω frequency", "α damping", "φ phase"].map((text) => h("span", null, text))));
    root.append(
      h("div", { class: "waves-bar" },
        h("h2", { id: "waves-title" }, "Waves"), this.#layers, range.element,
        h("div", { class: "waves-resets" }, this.#resetLayer, this.#resetAll,
          h("div", { class: "undo" }, [["Undo", "↶"], ["Redo", "↷"]].map(([name, sign]) => h("button", { type: "button", "aria-label": name, disabled: true }, sign))))),
      this.#hint,
      this.#chips,
      this.#words,
      this.#context,
      this.#list);
    this.#list.append(h("p", { class: "channels-empty" }, "The heads of the open model stand here."));
    // Made while the engine is still loading, so that the first text need not wait for them.
    this.#makeChannels(USUAL_HEADS);
    this.#resetLayer.addEventListener("click", () => app.heads.reset(app.state.get("layer")));
    this.#resetAll.addEventListener("click", () => app.heads.reset(null));
    app.state.on("model", () => this.#rebuild());
    this.#rebuild();
    for (const key of /** @type {const} */ (["layer", "worths"])) app.state.on(key, () => this.#rebuild());
    app.state.on("heads", () => this.#draw());
    app.state.on("effect", (effect) => {
      write(this.#hint, effect || HINT);
      this.#hint.classList.toggle("effect", effect !== "");
    });
    app.state.on("recent", atMostEvery(TEXT_INTERVAL, () => this.#draw()));
  }

  /** Gives the waves their handles, once they have come. @param {typeof import("./hands.js").bendByHand} [bendByHand] */
  byHand(bendByHand = this.#bendByHand) {
    this.#bendByHand = bendByHand;
    if (bendByHand) this.#channels.forEach((channel) => channel.byHand(bendByHand));
  }

  /** @type {typeof import("./hands.js").bendByHand | undefined} */ #bendByHand;

  /** @param {number} count */
  #makeChannels(count) {
    if (this.#channels.length === count) return;
    this.#channels = Array.from({ length: count }, (_, head) => new WaveChannel(this.#app, head, () => this.#choose(head)));
    this.byHand();
    this.#chips.replaceChildren(...this.#channels.map((_, head) => {
      const chip = h("button", { type: "button", "aria-label": `Head ${head + 1}`, onclick: () => this.#choose(head) }, head + 1);
      colourAs(chip, head);
      return chip;
    }));
  }

  /** The open model's heads; before there is one those of the model that comes with the page, to be looked at only. */
  get #shown() {
    const { state } = this.#app;
    const model = state.get("model");
    if (model) return { config: model.config, layers: state.get("heads"), layer: state.get("layer"), count: state.get("heads").length };
    return this.#recorded;
  }

  #rebuild() {
    const shown = this.#shown;
    if (!shown) return;
    const { layers, count } = shown;
    if (layers.length === 0) return this.#sayNoWaves();
    const layer = Math.min(shown.layer, layers.length - 1);
    this.#list.inert = this.#layers.inert = !this.#app.state.get("model");
    this.#showLayers(count, layer);
    this.#context.classList.remove("context-empty");
    this.#makeChannels(layers[layer].length);
    if (this.#list.firstElementChild !== this.#channels[0].element) {
      this.#list.replaceChildren(...this.#channels.map((channel) => channel.element));
    }
    const name = `${this.#app.state.get("model")?.name} ${layer} ${this.#worths !== null}`;
    if (name !== this.#broughtFor || this.#chosen >= layers[layer].length) this.#chosen = Math.max(0, feltMost(this.#worths, layer));
    this.#broughtFor = name;
    this.#showWorths(layer);
    // Before anything is drawn: on a phone the others have no room.
    this.#channels.forEach(({ element }, i) => element.classList.toggle("channel-chosen", i === this.#chosen));
    this.#draw();
  }

  /** What each head of the layer is worth: this does not change while a text is written. @param {number} layer */
  #showWorths(layer) {
    const worths = this.#worths;
    const best = worths && strongestOfAll(worths);
    const most = best ? worths.layers[best.layer][best.head][0] : 1;
    this.#channels.forEach((channel, i) => {
      const of = worths?.layers[layer]?.[i];
      channel.setWorth(of ? { short: worthInShort(of), words: worthInWords(worths, layer, i), share: Math.max(0, of[0] / most), most: best?.layer === layer && best.head === i } : null);
    });
  }

  /** What the heads are worth, which comes with the model that comes with the page; null where it is not measured yet. */
  get #worths() {
    const { state, models } = this.#app;
    return !state.get("model") || models.isShipped ? this.#record?.worths ?? null : state.get("worths");
  }

  /** A standard Transformer is open. */
  #sayNoWaves() {
    this.#layers.replaceChildren();
    delete this.#layers.dataset.count;
    this.#context.classList.add("context-empty");
    this.#words.textContent = "";
    this.#resetLayer.disabled = this.#resetAll.disabled = true;
    this.#list.replaceChildren(h("p", { class: "channels-empty" },
      "The open model is a standard Transformer: each token compares itself with every earlier one, so there are no waves to bend. Open a Wave Field model to see some."));
  }

  /** @param {number} count @param {number} chosen */
  #showLayers(count, chosen) {
    const choice = segmented({
      label: "Layer", value: chosen,
      choices: Array.from({ length: count }, (_, layer) => ({ value: layer, text: String(layer + 1) })),
      onInput: (layer) => this.#app.state.set("layer", Number(layer)),
    });
    // Rebuilding under the keyboard would drop its focus, so only a different count does.
    if (this.#layers.dataset.count === String(count)) this.#setLayer?.(chosen);
    else {
      this.#layers.dataset.count = String(count);
      this.#layers.replaceChildren(choice.element);
      this.#setLayer = choice.set;
    }
  }

  /** @type {((layer: number) => void) | null} */ #setLayer = null;

  /** @param {number} head */
  #choose(head) {
    if (this.#chosen === head) return;
    this.#chosen = head;
    this.#draw();
  }

  /** @param {import("../engine/protocol.js").HeadInfo} head @param {import("../engine/protocol.js").ModelConfig} config */
  #showWords(head, config) {
    const worths = this.#worths;
    const worth = worths ? ` ${worthInWords(worths, this.#shown?.layer ?? 0, this.#chosen)}` : "";
    const words = `Head ${this.#chosen + 1}: ${head.gain > 0 ? roleExplained(head, config) : "muted."}${worth}`;
    if (this.#words.textContent === words) return;
    this.#words.title = worths ? `The loss is that of ${worths.windows} windows of held-back text, of ${worths.tokens} tokens each, read with the head and without it${worths.bent ? `; and of ${worths.bent.windows} of them with its wave bent, the mean of four ways: twice and half as long, fading eight times sooner and later` : ""}; ± is the 95 % interval.` : "";
    this.#words.textContent = words;
    colourAs(this.#words, this.#chosen);
  }

  #draw = oncePerFrame(() => {
    const { state } = this.#app;
    const shown = this.#shown;
    if (!shown) return;
    const { config, layers, layer } = shown;
    const heads = layers[layer];
    if (!heads || heads.length !== this.#channels.length) return;
    const lags = Math.max(2, Math.min(this.#range || MOST_LAGS, MOST_LAGS, config.max_seq_len));
    const recent = state.get("recent");
    const weights = recent.slice(0, lags).map(surprise);
    this.#channels.forEach((channel, i) => {
      channel.show({ head: heads[i], config, lags, weights, layer, chosen: i === this.#chosen });
    });
    [...this.#chips.children].forEach((chip, i) => chip.setAttribute("aria-pressed", String(i === this.#chosen)));
    const chosen = heads[this.#chosen];
    const kernel = kernelByLag(chosen, config, lags).map(Math.abs);
    const peak = Math.max(1e-9, ...kernel);
    this.#axis.set({
      recent: recent.slice(0, lags).map((token) => token.text),
      lags,
      weights: chosen.gain > 0 ? kernel.map((value) => value / peak) : null,
      tint: headColour(this.#chosen),
    });
    this.#showWords(chosen, config);
    this.#layers.querySelectorAll("label").forEach((label, i) => label.classList.toggle("bent", isBent(layers.slice(i, i + 1))));
    this.#resetAll.disabled = !isBent(layers);
    this.#resetLayer.disabled = !isBent([heads]);
  });
}

/** Recorded heads as an open model's, of which only the first layer is there. @param {import("../page/recorded.js").Recorded | null} recorded */
function withInitial(recorded) {
  if (!recorded) return null;
  const { config, heads } = recorded;
  return { config, layers: [heads.map((head) => ({ ...head, initial: head }))], layer: 0, count: config.num_layers };
}
