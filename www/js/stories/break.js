// "Break Shakespeare": the wave whose bend is felt most is turned upside down, and the same seed writes another text; then all
// of its layer are, and nothing is left of it; then one is to be found that nobody misses.

import { colourAs } from "../charts/colours.js";
import { drawKernel, KernelStrip } from "../charts/kernel.js";
import { reach } from "../engine/physics.js";
import { observe } from "../engine/observations.js";
import { Twins } from "../lab/whatif/twins.js";
import { isHeadBent } from "../model/heads.js";
import { atMostEvery, h, oncePerFrame, VERBATIM, write } from "../page/dom.js";
import { recorded } from "../page/recorded.js";
import { bendByHand } from "../waves/hands.js";
import { feltMostOfAll, worthInShort, worthInWords } from "../waves/worth.js";
import { linkTo, shareCard } from "../charts/card.js";
import { StoryFrame } from "./frame.js";

/** @typedef {import("../page/app.js").App} App */
/** @typedef {{layer: number, head: number}} Place */
/** @typedef {Pick<import("../engine/protocol.js").HeadInfo, "frequency" | "damping" | "phase">} Wave */

/** Tokens back that the drawings show. */
const LAGS = 40;
/** Milliseconds between two comparisons while a wave is dragged. */
const EVERY_MS = 400;
/** Frames in which a wave is turned. */
const FRAMES = 30;
/** So many are shown to choose from. */
const CHOICES = 4;

/** The phase of a wave that is turned by half a turn, or a share of that. @param {number} phase @param {number} [share] */
const upsideDown = (phase, share = 1) => phase - share * Math.PI * Math.sign(phase || 1);

/** @param {App} app @returns {import("./frame.js").Story} */
export const makeBreak = (app) => new Break(app);

class Break {
  #app;
  #frame = new StoryFrame("Break Shakespeare", 4);
  #step = 0;
  #seen = false;
  #twins;
  #compared = 0;
  /** The person goes elsewhere with what is bent. */ #keeps = false;
  /** All waves of the layer are upside down. */ #turned = false;
  /** The one that was muted in the last step. @type {Place | null} */ #guess = null;
  /** How the heads that the story touched were before. @type {Map<string, {place: Place, wave: Wave, muted: boolean}>} */ #before = new Map();
  #wave = h("canvas", { class: "kernel-canvas", role: "img" });
  #strip = new KernelStrip(this.#wave);
  #name = h("h3", { class: "story-wave-name" });
  #effect = h("p", { class: "story-effect", role: "status" });
  #held;
  #choices = h("div", { class: "story-choices", role: "group", "aria-label": "Which wave is missed least?" });
  #texts;
  /** To be read; where they part letter by letter, the lab shows. */ #pair = h("div", { class: "story-pair" });

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    const { state } = app;
    this.#twins = new Twins(app);
    const { elements, place } = bendByHand(this.#wave, "The wave", () => this.#drawn, (change) => {
      const place = this.#strongest;
      if (!place) return;
      this.#touch(place);
      app.heads.bend(place.layer, place.head, change);
      if (this.#step === 0) this.#go(1);
    });
    this.#held = h("section", { class: "story-wave" }, this.#name, h("div", { class: "channel-kernel" }, this.#wave, elements));
    this.#place = place;
    this.#texts = h("div", { class: "story-twins" }, this.#twins.element, this.#pair);
    this.element = this.#frame.element;
    this.#frame.stage.append(this.#held, this.#choices, this.#effect, this.#texts);
    const compare = atMostEvery(EVERY_MS, () => this.#compare());
    for (const key of /** @type {const} */ (["heads", "worths", "effect", "engine"])) state.on(key, () => this.#show());
    state.on("applied", compare);
    state.on("model", () => {
      this.#twins.forget();
      this.#before.clear();
      this.#guess = null;
      this.#turned = false;
      this.#step = 0;
      this.#show();
      compare();
    });
  }

  show() {
    this.#seen = true;
    this.#show();
    this.#compare();
  }

  /** What the story bent is bent back, unless the person wants to go on with it. */
  hide() {
    this.#seen = false;
    if (!this.#keeps) this.#back();
    this.#keeps = false;
    this.#step = 0;
  }

  /** What the heads are worth; null where that is not measured yet, or there are none. */
  get #worths() {
    const { state, models } = this.#app;
    return models.isShipped ? recorded()?.worths ?? null : state.get("worths");
  }

  /** The one whose bend is felt most. @returns {Place | null} */
  get #strongest() {
    const worths = this.#worths;
    return worths && feltMostOfAll(worths);
  }

  /** That head as it is now. */
  get #head() {
    const place = this.#strongest;
    return (place && this.#app.state.get("heads")[place.layer]?.[place.head]) ?? null;
  }

  get #drawn() {
    const [head, config] = [this.#head, this.#app.state.get("model")?.config];
    return head && config ? { head, file: isHeadBent(head) ? head.initial : null, config, lags: LAGS } : null;
  }

  /** Has the handles follow the wave. */ #place;

  /** Four of the strongest's layer, or as many as there are, among them the one that is missed least. @returns {Place[]} */
  get #offered() {
    const worths = this.#worths;
    const place = this.#strongest;
    if (!worths || !place) return [];
    const of = worths.layers[place.layer];
    const others = of.map((_, head) => head).filter((head) => head !== place.head).sort((a, b) => Math.abs(of[a][0]) - Math.abs(of[b][0]));
    return [...others.slice(0, 1), ...others.slice(1).slice(-(CHOICES - 1))].sort((a, b) => a - b).map((head) => ({ layer: place.layer, head }));
  }

  /** The one of those whose loss leaves the model most as it is. */
  get #least() {
    const worths = this.#worths;
    const worth = (/** @type {Place} */ { layer, head }) => Math.abs(worths?.layers[layer][head][0] ?? Infinity);
    return this.#offered.reduce((best, place) => (worth(place) < worth(best) ? place : best));
  }

  /** Writes both texts, unless they are there or nobody looks. */
  async #compare() {
    const { engine, state } = this.#app;
    if (!this.#seen || this.#step === 0 && !this.#bent || state.get("engine") !== "ready" || !this.#strongest) return;
    const mine = ++this.#compared;
    try {
      const taken = await observe(engine, "whatif_take", { before: "file" });
      if (mine !== this.#compared) return;
      await this.#twins.refresh("file", `file ${taken.number}`, () => mine === this.#compared && this.#seen);
      const { before, after } = this.#twins.texts;
      this.#pair.replaceChildren(...[["Before", before], ["Bent", after]].map(([name, text]) => h("section", { class: "lesson-model" },
        h("h4", null, name), h("blockquote", { ...VERBATIM, class: "lesson-text" }, text.trim()))));
    } catch (error) {
      if (engine.alive && mine === this.#compared) write(this.#effect, `The two texts could not be written. ${error instanceof Error ? error.message : error}`);
    }
  }

  /** Whether any other head is bent. */
  get #othersBent() {
    const place = this.#strongest;
    return this.#app.state.get("heads").some((heads, layer) => heads.some((head, i) => isHeadBent(head) && !(layer === place?.layer && i === place.head)));
  }

  get #bent() {
    const head = this.#head;
    return head !== null && isHeadBent(head);
  }

  /** The wave is turned upside down before one's eyes. */
  async #turn() {
    const place = this.#strongest;
    const { heads, state } = this.#app;
    if (!place) return;
    this.#touch(place);
    if (heads.isMuted(place.layer, place.head)) heads.toggleMute(place.layer, place.head);
    const { phase } = state.get("heads")[place.layer][place.head];
    const frames = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : FRAMES;
    this.#go(1);
    state.set("sweeping", true);
    for (let i = 1; i <= frames && this.#seen && this.#step === 1; i++) {
      heads.bend(place.layer, place.head, { phase: upsideDown(phase, i / frames) });
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    state.set("sweeping", false);
  }

  /** What every wave of the layer added is taken away, and what it took away added. */
  #turnAll() {
    const place = this.#strongest;
    const { heads, state } = this.#app;
    if (!place) return;
    state.get("heads")[place.layer].forEach((_, head) => {
      const { phase } = this.#touch({ layer: place.layer, head });
      heads.bend(place.layer, head, { phase: upsideDown(phase) });
    });
    this.#turned = true;
    this.#go(1);
  }

  /** Notes how a head is, before the story changes it. @param {Place} place @returns {Wave} as it was */
  #touch(place) {
    const key = `${place.layer}/${place.head}`;
    const { frequency, damping, phase } = this.#app.state.get("heads")[place.layer][place.head];
    const known = this.#before.get(key) ?? { place, wave: { frequency, damping, phase }, muted: this.#app.heads.isMuted(place.layer, place.head) };
    this.#before.set(key, known);
    return known.wave;
  }

  /** Every head that the story touched is again as it was before. */
  #back() {
    const { heads } = this.#app;
    for (const { place: { layer, head }, wave, muted } of this.#before.values()) {
      heads.bend(layer, head, wave);
      if (heads.isMuted(layer, head) !== muted) heads.toggleMute(layer, head);
    }
    this.#before.clear();
    this.#guess = null;
    this.#turned = false;
  }

  /** @param {Place} place */
  #mute(place) {
    const { heads } = this.#app;
    this.#back();
    this.#touch(place);
    this.#guess = place;
    if (!heads.isMuted(place.layer, place.head)) heads.toggleMute(place.layer, place.head);
    this.#go(3);
    this.#frame.attend();
  }

  /** @param {number} step */
  #go(step) {
    this.#step = step;
    this.#show();
    this.#compare();
  }

  #show = oncePerFrame(() => {
    if (!this.#seen) return;
    const { state, models } = this.#app;
    const [place, worths, config] = [this.#strongest, this.#worths, state.get("model")?.config];
    this.#held.hidden = !place || this.#step > 1;
    this.#choices.hidden = !place || this.#step < 2;
    this.#texts.hidden = !place || this.#step === 2 || (this.#step === 0 && !this.#bent);
    // In the last step what the heads are worth is said already, measured on more text than this line.
    this.#effect.hidden = this.#step !== 1;
    write(this.#effect, place ? state.get("effect") : "");
    if (!place || !worths || !config) return this.#wait();
    const head = this.#head;
    if (!head) return;
    const name = `Head ${place.head + 1} of layer ${place.layer + 1}`;
    const count = worths.layers.flat().length;
    write(this.#name, `${name}, drag it`);
    colourAs(this.#held, place.head);
    this.#strip.set({ head, file: isHeadBent(head) ? head.initial : null, config, lags: LAGS, heard: head.gain > 0, weights: [], index: place.head });
    this.#place();
    this.#wave.setAttribute("aria-label", `The wave of ${name}: it reaches ${Math.round(reach(head, config))} tokens back.`);
    const writes = models.isShipped ? "This model writes like Shakespeare, letter by letter" : `${state.get("model")?.name} is open, and writes token by token`;
    if (this.#step === 0) {
      return this.#frame.tell(0, {
        title: "What holds the text together?",
        words: [`${writes}. It hears what it wrote before through ${count} waves, each a swing that dies away.`, `${worths.bent ? "This one feels a bend most" : "This one would be missed most"}. ${worthInWords(worths, place.layer, place.head)}`],
        actions: [{ label: "Turn it upside down", primary: true, run: () => this.#turn() }, { label: "I bend it myself", run: () => this.#go(1) }],
      });
    }
    if (this.#step === 1) {
      return this.#frame.tell(1, {
        title: this.#turned ? "Broken" : this.#bent ? "The same seed, another text" : "Drag the wave",
        words: this.#turned
          ? [`All ${state.get("heads")[place.layer].length} waves of layer ${place.layer + 1} are upside down: what each added is taken away, and what it took away is added. Nothing else changed.`, "Tokens still follow tokens; what belonged after what is lost."]
          : this.#bent
          ? [`Prompt and seed are the same. ${this.#othersBent ? "This wave is bent, with others that you bent before" : "Only this wave is bent"}; below you see where the texts part.`, "Drag it further: sideways to stretch it, up to let it carry, down to let it fade."]
          : ["Sideways stretches it, up lets it carry further, down lets it fade sooner. The handles take arrow keys, too.", "Both texts appear below as soon as it is bent."],
        actions: [
          { label: "Put it back and go on", primary: true, run: () => {
            this.#back();
            if (this.#offered.length > 1) this.#go(2);
            else this.#app.show("story", "names");
          } },
          { label: `Turn all ${state.get("heads")[place.layer].length} upside down`, disabled: this.#turned, run: () => this.#turnAll() },
          { label: "Picture to share", disabled: !this.#bent, run: () => this.#share() },
          { label: "Copy a link to this bend", disabled: !this.#bent, run: () => this.#link() },
        ],
      });
    }
    this.#showChoices();
    if (this.#step === 2) {
      return this.#frame.tell(2, {
        title: "Which wave is missed least?",
        words: [`One of these ${this.#offered.length} can be muted with the least harm. Guess which: the one that you choose is muted.`],
        actions: [],
      });
    }
    const least = this.#least;
    const guess = this.#guess ?? least;
    const [, low, high] = worths.layers[guess.layer][guess.head];
    const nobody = low <= 0 && high >= 0;
    const right = nobody || guess.head === least.head;
    this.#frame.tell(3, {
      title: nobody ? "Right: nobody misses it" : right ? "Right: it is missed least" : "That one is missed",
      words: [
        `Head ${guess.head + 1}: ${worthInWords(worths, guess.layer, guess.head)}`,
        right ? "A model need not use all that it has. Which waves it leans on, and which not, training decides." : `It would have been head ${least.head + 1}. ${worthInWords(worths, place.layer, least.head)}`,
      ],
      actions: [
        { label: "Put all back", primary: true, run: () => { this.#back(); this.#go(0); } },
        { label: "Bend any of them", run: () => {
          this.#keeps = true;
          this.#app.state.set("layer", place.layer);
          this.#app.show("write");
        } },
        { label: "Next: teach it names", run: () => { this.#back(); this.#app.show("story", "names"); } },
      ],
    });
  });

  /** There is no model, or none with waves, or nobody knows yet what they are worth. */
  #wait() {
    const { state, models } = this.#app;
    const model = state.get("model");
    const standard = model && state.get("heads").length === 0;
    this.#frame.tell(0, {
      title: "What holds the text together?",
      words: [
        standard ? "The open model is a standard Transformer: it has no waves to bend. Open Shakespeare for this story."
          : model ? "How much the open model would miss each of its waves is not measured yet. That is done under Write when nothing else is to do; Shakespeare's are known."
          : "The model is being opened.",
      ],
      actions: model ? [{ label: "Open Shakespeare", primary: true, run: () => models.openShipped().catch((error) => this.#app.files.refuse("Shakespeare", error)) }] : [],
    });
  }

  #showChoices() {
    const offered = this.#offered;
    const [worths, config] = [this.#worths, this.#app.state.get("model")?.config];
    if (!worths || !config) return;
    const key = offered.map(({ layer, head }) => `${layer}/${head}`).join(" ");
    if (this.#choices.dataset.of !== key) {
      this.#choices.dataset.of = key;
      this.#choices.replaceChildren(...offered.map((place) => {
        const button = h("button", { type: "button", class: "story-choice", onclick: () => this.#mute(place) },
          h("span", null, `Mute head ${place.head + 1}`), h("canvas", { class: "kernel-canvas", "aria-hidden": "true" }), h("span", { class: "story-worth" }));
        colourAs(button, place.head);
        return button;
      }));
      this.#strips = offered.map((_, i) => new KernelStrip(/** @type {HTMLCanvasElement} */ (this.#choices.children[i].querySelector("canvas"))));
    }
    offered.forEach(({ layer, head }, i) => {
      const info = this.#app.state.get("heads")[layer]?.[head];
      if (info) this.#strips[i].set({ head: info, file: null, config, lags: LAGS, heard: info.gain > 0, weights: [], index: head });
      const button = this.#choices.children[i];
      button.setAttribute("aria-pressed", String(this.#guess?.head === head));
      write(/** @type {Element} */ (button.querySelector(".story-worth")), this.#step === 3 ? `${worthInShort(worths.layers[layer][head])} nats a token without it` : "");
    });
  }

  /** @type {KernelStrip[]} */ #strips = [];

  /** As the button at the head of the page does it. */
  #link() {
    /** @type {HTMLButtonElement | null} */ (document.querySelector(".share-button"))?.click();
  }

  #share() {
    const { state } = this.#app;
    const [place, head, config] = [this.#strongest, this.#head, state.get("model")?.config];
    if (!place || !head || !config) return;
    const { before, after } = this.#twins.texts;
    return shareCard(this.#app, {
      name: "break-shakespeare", link: linkTo("story/break"), title: "I bent one of its waves. The same seed now writes:",
      lines: [state.get("effect")].filter((line) => line.includes("nats")), texts: [{ name: "Before", text: before }, { name: "Bent", text: after }],
      draw: (context, width, height) => drawKernel(context, width, height, { head, file: head.initial, config, lags: LAGS, heard: true, weights: [], index: place.head }),
    });
  }
}
