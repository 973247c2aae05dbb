// The lab: the open model, or the one in training, while it reads a text. One view at a time, and nothing is
// computed for views that are not in sight.

import { segmented } from "../controls.js";
import { atMostEvery, h, write } from "../dom.js";
import { Lab } from "../lab.js";
import { observe } from "../observations.js";
import { makeFieldView } from "./lab-field.js";
import { TokenStrip } from "./lab-tokens.js";
import { makeHeadsView } from "./lab-heads.js";
import { makeWhatIfView } from "./lab-whatif.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../lab.js").View} View
 */

/** Milliseconds between two looks at a text that is being written. */
const INTERVAL = 150;

/** Every view, in the order of their names on the page. @type {((lab: Lab, strip: TokenStrip) => View)[]} */
const VIEWS = [
  makeFieldView,
  makeHeadsView,
  makeWhatIfView,
];

/** @param {HTMLElement} root @param {App} app */
export function mountLab(root, app) {
  new LabPanel(root, app);
}

class LabPanel {
  #app;
  #lab;
  #strip;
  #views;
  /** @type {View} */ #view;
  #inSight = false;
  #busy = false;
  #wanted = false;
  #about = h("p", { class: "panel-hint lab-about" });
  #fault = h("p", { class: "inline-fault", role: "alert", hidden: true });
  #own = h("textarea", { class: "prompt lab-own", rows: 3, "aria-label": "Text to look at", spellcheck: "false", hidden: true });
  #note = h("p", { class: "field-hint" });
  #stage = h("div", { class: "lab-stage" });

  /** @param {HTMLElement} root @param {App} app */
  constructor(root, app) {
    this.#app = app;
    this.#lab = new Lab(app);
    this.#strip = new TokenStrip(this.#lab);
    this.#views = VIEWS.map((make) => make(this.#lab, this.#strip));
    this.#view = this.#views[0];
    this.#build(root);
    this.#listen(root);
    this.#choose(this.#view.id);
  }

  /** @param {HTMLElement} root */
  #build(root) {
    const lab = this.#lab;
    const views = segmented({
      label: "Look at", value: this.#view.id, choices: this.#views.map(({ id, name }) => ({ value: id, text: name })),
      onInput: (id) => this.#choose(id),
    });
    this.#setView = views.set;
    const text = segmented({
      label: "Text", value: "written", choices: [{ value: "written", text: "Being written" }, { value: "own", text: "My own" }],
      onInput: (kind) => {
        if (kind === "own" && this.#own.value === "") this.#own.value = lab.text;
        this.#own.hidden = kind !== "own";
        lab.set({ following: kind === "written", own: this.#own.value });
      },
    });
    const source = segmented({
      label: "Model", value: lab.source,
      choices: [{ value: "bent", text: "As it is bent" }, { value: "original", text: "As in the file" }, { value: "training", text: "In training" }],
      onInput: (value) => lab.set({ source: value }),
    });
    this.#own.addEventListener("input", () => lab.set({ own: this.#own.value }));
    views.element.classList.add("lab-views");
    root.replaceChildren(
      h("header", { class: "panel-head" }, h("h2", { id: "lab-title" }, "Lab"),
        h("p", { class: "panel-hint" }, "See what the model does with a text: its waves on the field, what each token heard, what each head is good for.")),
      views.element, this.#about,
      h("div", { class: "lab-choices" }, text.element, source.element),
      this.#own, this.#note, this.#strip.element, this.#fault, this.#stage);
  }

  /** @type {(id: string) => void} */ #setView = () => {};

  /** @param {HTMLElement} root */
  #listen(root) {
    const { state, engine } = this.#app;
    const look = atMostEvery(INTERVAL, () => this.#look());
    this.#lab.onChange(look);
    this.#lab.onPoint(() => { this.#strip.point(); this.#view.pointed?.(); });
    for (const key of /** @type {const} */ (["model", "applied", "engine"])) state.on(key, look);
    state.on("layer", () => { this.#view.pointed?.(); look(); });
    for (const key of /** @type {const} */ (["recent", "prompt"])) state.on(key, () => { if (this.#lab.following) look(); });
    engine.on("train_heads", () => { if (this.#lab.source === "training") look(); });
    new IntersectionObserver((entries) => {
      this.#inSight = entries.some((entry) => entry.isIntersecting);
      if (this.#inSight) look();
      else this.#view.hide?.();
    }, { rootMargin: "80px" }).observe(root);
  }

  /** @param {string} id */
  #choose(id) {
    this.#view.hide?.();
    this.#view = this.#views.find((view) => view.id === id) ?? this.#views[0];
    this.#setView(this.#view.id);
    write(this.#about, this.#view.about);
    this.#stage.replaceChildren(this.#view.element);
    this.#look();
  }

  /** Has the view that is in sight look again; while it is looking, further wishes become one. */
  async #look() {
    const { engine, state } = this.#app;
    if (!this.#inSight || state.get("engine") !== "ready" || !state.get("model")) return;
    if (this.#busy) {
      this.#wanted = true;
      return;
    }
    this.#busy = true;
    const view = this.#view;
    try {
      const cut = await observe(engine, "text", this.#lab.takeUp()).catch((error) => {
        if (view.anyText) return null;
        throw error;
      });
      this.#lab.cut = cut;
      if (cut && this.#lab.token >= cut.tokens.length) this.#lab.point(-1);
      write(this.#note, cut && cut.dropped > 0 ? `The last ${cut.tokens.length} tokens of the text: the model reads no more than ${cut.config.max_seq_len} at once.` : "");
      if (view.waves && cut && cut.positions.length === 0) throw new Error("This is a standard Transformer: each token compares itself with every earlier one, so there are no waves to look at. Influence, Energy and No leak show it too.");
      this.#stage.hidden = false;
      await view.refresh();
      this.#fault.hidden = true;
    } catch (error) {
      if (!engine.alive) return;
      this.#fault.textContent = error instanceof Error ? error.message : String(error);
      this.#fault.hidden = false;
      this.#stage.hidden = true;
    } finally {
      this.#busy = false;
      if (this.#wanted || view !== this.#view) {
        this.#wanted = false;
        setTimeout(() => this.#look());
      }
    }
  }
}
