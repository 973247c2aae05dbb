// The lab: the open model, or the one in training, while it reads a text. One view at a time, and nothing is
// computed for views that are not in sight.

import { ask } from "../page/ask.js";
import { segmented } from "../page/controls.js";
import { atMostEvery, h, write } from "../page/dom.js";
import { Lab } from "./shared.js";
import { observe } from "../engine/observations.js";
import { makeCausalityView } from "./causality/causality.js";
import { LabChoices } from "./choices.js";
import { makeCouplingView } from "./coupling/coupling.js";
import { makeEnergyView } from "./energy/energy.js";
import { makeFieldView } from "./field/field.js";
import { TokenStrip } from "./tokens.js";
import { makeHeadsView } from "./heads/heads.js";
import { makeInfluenceView } from "./influence/influence.js";
import { makeMemoryView } from "./memory/memory.js";
import { makeWhatIfView } from "./whatif/whatif.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("./shared.js").View} View
 */

/** Milliseconds between two looks at a text that is being written. */
const INTERVAL = 150;
/** Where the text of one's own and the chosen view are kept; where it has more characters, so many milliseconds apart. */
const KEY = "lab";
const LONG = 10_000;
const KEEP_EVERY = 300;

const STANDARD = "This is a standard Transformer: each token compares itself with every earlier one, so there are no waves to look at. Influence, Energy and No leak show it too.";

/** Every view, in the order of their names on the page. @type {((lab: Lab, strip: TokenStrip) => View)[]} */
const VIEWS = [
  makeFieldView,
  makeMemoryView,
  makeInfluenceView,
  makeHeadsView,
  makeCouplingView,
  makeEnergyView,
  makeCausalityView,
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
  #choices;
  #views;
  /** @type {View} */ #view;
  /** What was kept is known. */ #restored = false;
  #near = false;
  #busy = false;
  #wanted = false;
  #about = h("p", { class: "panel-hint lab-about" });
  #fault = h("p", { class: "inline-fault", role: "alert", hidden: true });
  #stage = h("div", { class: "lab-stage" });
  /** What is computed: while the head alone is to be seen, nothing is. */ #shown = h("div", { class: "lab-shown" });

  /** @param {HTMLElement} root @param {App} app */
  constructor(root, app) {
    this.#app = app;
    this.#lab = new Lab(app);
    this.#strip = new TokenStrip(this.#lab);
    this.#choices = new LabChoices(this.#lab);
    this.#views = VIEWS.map((make) => make(this.#lab, this.#strip));
    this.#view = this.#views[0];
    this.#build(root);
    this.#choose(this.#view.id);
    this.#restore().finally(() => {
      this.#restored = true;
      this.#listen();
      this.#look();
    });
  }

  /** @param {HTMLElement} root */
  #build(root) {
    const views = segmented({
      label: "Look at", value: this.#view.id, choices: this.#views.map(({ id, name }) => ({ value: id, text: name })),
      onInput: (id) => this.#choose(id),
    });
    this.#setView = views.set;
    views.element.classList.add("lab-views");
    root.replaceChildren(
      h("header", { class: "panel-head" }, h("h2", { id: "lab-title" }, "Lab"),
        h("p", { class: "panel-hint" }, "See what the model does with a text: its waves on the field, what each token heard, what each head is good for.")),
      views.element, this.#about, this.#choices.element, this.#shown);
    this.#shown.append(this.#strip.element, this.#fault, this.#stage);
  }

  /** @type {(id: string) => void} */ #setView = () => {};

  async #restore() {
    const kept = await this.#app.storage.get(KEY).catch(() => null);
    if (typeof kept?.own === "string") this.#choices.restore({ following: kept.following !== false, own: kept.own });
    if (this.#view === this.#views[0]) this.#choose(this.#app.state.get("labView") || String(kept?.view));
  }

  #listen() {
    const { state, engine } = this.#app;
    const look = atMostEvery(INTERVAL, () => this.#look());
    this.#lab.onChange(look);
    this.#lab.onChange(() => this.#keep());
    this.#lab.onPoint(() => { this.#strip.point(); this.#view.pointed?.(); });
    for (const key of /** @type {const} */ (["model", "applied", "engine"])) state.on(key, look);
    state.on("labView", (view) => this.#choose(view));
    state.set("labView", this.#view.id);
    state.on("layer", () => { this.#offerLayers(); this.#view.pointed?.(); look(); });
    // A text longer than what is read would slide away under the eye while it is written: it is taken up when it is whole.
    const still = () => {
      const { cut } = this.#lab;
      return state.get("generating") && cut !== null && cut.tokens.length + 1 >= cut.config.max_seq_len;
    };
    for (const key of /** @type {const} */ (["recent", "prompt", "generating"])) state.on(key, () => { if (this.#lab.following && !still()) look(); });
    engine.on("train_heads", () => { if (this.#lab.source === "training") look(); });
    document.addEventListener("visibilitychange", look);
    /** @type {Set<Element>} */
    const seen = new Set();
    const watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) seen.add(target);
        else seen.delete(target);
      }
      const was = this.#near;
      this.#near = seen.size > 0;
      if (this.#near && !was) look();
      if (!this.#near) this.#view.hide?.();
    }, { rootMargin: "80px" });
    watcher.observe(this.#shown);
    // Whoever types is told what is wrong with it, wherever the view is.
    watcher.observe(this.#choices.field);
    addEventListener("pagehide", () => this.#write());
  }

  #keepLater = atMostEvery(KEEP_EVERY, () => this.#write());

  /** At once, for the page may be left the moment after; a long text no more often than it need be. */
  #keep() {
    if (this.#lab.own.length > LONG) this.#keepLater();
    else this.#write();
  }

  #write() {
    if (!this.#restored) return;
    const { following, own } = this.#lab;
    this.#app.storage.set(KEY, { view: this.#view.id, following, own }).catch(() => {}); // The storage says itself what it cannot keep.
  }

  /** Whether someone may be looking. */
  get #inSight() {
    return this.#near && !document.hidden;
  }

  /** @param {string} id A view that there is not leaves the one that is there. */
  #choose(id) {
    const next = this.#views.find((view) => view.id === id);
    if (next && next !== this.#view) {
      this.#view.hide?.();
      this.#view = next;
      this.#fault.hidden = true;
    }
    this.#setView(this.#view.id);
    this.#sayAbout();
    if (this.#stage.firstElementChild !== this.#view.element) this.#stage.replaceChildren(this.#view.element);
    this.#offerLayers();
    if (!this.#restored) return;
    this.#app.state.set("labView", this.#view.id);
    this.#keep();
    this.#look();
  }

  #sayAbout() {
    const { id, about, terms } = this.#view;
    if (this.#about.dataset.view === id) return;
    this.#about.dataset.view = id;
    this.#about.replaceChildren(about, " ", ask(...terms));
  }

  #offerLayers() {
    this.#choices.layers(this.#view.layers ? this.#lab.cut?.config.num_layers ?? 0 : 0);
  }

  /** Has the view that is in sight look again; while it is looking, further wishes become one. */
  async #look() {
    const { engine, state } = this.#app;
    if (!this.#restored || !this.#inSight || state.get("engine") !== "ready" || !state.get("model")) return;
    if (this.#busy) {
      this.#wanted = true;
      return;
    }
    this.#busy = true;
    const view = this.#view;
    try {
      if (await this.#cut() && view === this.#view) await this.#refresh(view);
    } catch (error) {
      if (engine.alive && view === this.#view) this.#say(messageOf(error));
    } finally {
      this.#busy = false;
      // It went out of sight while it was looking.
      if (!this.#inSight || view !== this.#view) view.hide?.();
      if (this.#wanted || view !== this.#view) {
        this.#wanted = false;
        setTimeout(() => this.#look());
      }
    }
  }

  /** Has the text cut into tokens. @returns {Promise<boolean>} whether it can be */
  async #cut() {
    try {
      const cut = await observe(this.#app.engine, "text", this.#lab.takeUp());
      this.#lab.cut = cut;
      if (this.#lab.token >= cut.tokens.length) this.#lab.point(-1);
      this.#choices.fault("");
      this.#choices.show(cut);
      this.#offerLayers();
      return true;
    } catch (error) {
      if (!this.#app.engine.alive) return false;
      if (this.#view.anyText) {
        this.#lab.cut = null;
        this.#choices.fault("");
        return true;
      }
      this.#choices.fault(messageOf(error));
      this.#fault.hidden = true;
      this.#stage.hidden = this.#strip.element.hidden = true;
      return false;
    }
  }

  /** @param {View} view */
  async #refresh(view) {
    if (view.waves && this.#lab.cut?.positions.length === 0) throw new Error(STANDARD);
    this.#stage.hidden = false;
    this.#strip.element.hidden = this.#lab.cut === null;
    await view.refresh();
    this.#fault.hidden = true;
  }

  /** @param {string} message Why the view cannot show it. */
  #say(message) {
    write(this.#fault, message);
    this.#fault.hidden = false;
    this.#stage.hidden = true;
  }
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));
