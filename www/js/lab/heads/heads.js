// Heads: every head of every layer compared, how far training has moved each, and what each contributes.

import { Figure } from "../../charts/figure.js";
import { observe } from "../../engine/observations.js";
import { PERIOD_FLICKER, REACH_MEDIUM, REACH_NONE, REACH_SHORT, TURNS_SMOOTH, roleExplained } from "../../engine/physics.js";
import { atMostEvery, h, oncePerFrame, write } from "../../page/dom.js";
import { DATA_SETS } from "../../text/data-sets.js";
import { barsHeight, drawBars } from "./bars.js";
import { gridHeight, headAt } from "./cells.js";
import { LAGS, drawGrid } from "./grid.js";
import { HeadMeasure, ROUND } from "./measure.js";
import { drawMoves, movesHeight } from "./moves.js";
import { claimInWords, contributionInWords, contributionsInWords, movesInWords, named, plain, ranked } from "./words.js";

/**
 * @typedef {import("../shared.js").Lab} Lab
 * @typedef {import("../shared.js").View} View
 * @typedef {import("../../engine/observations.js").HeadReport} HeadReport
 * @typedef {import("./measure.js").TextId} TextId
 * @typedef {import("../../charts/figure.js").Table} Table
 */

const ABOUT = "Every head side by side: the wave it hears with, the rhythms it answers to, how far it reaches, where training has moved it, and how much worse the model gets without it.";

/** Between two drawings of what is being measured: drawing takes time from the measuring. */
const DRAWING_MS = 400;

/** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip @returns {View} */
export function makeHeadsView(lab, strip) {
  const view = new HeadsView(lab, strip);
  return {
    id: "heads", terms: ["Head", "Kernel"], name: "Heads", about: ABOUT, waves: true, anyText: true, element: view.element,
    refresh: () => view.refresh(), pointed: () => view.pointed(), hide: () => view.hide(),
  };
}

class HeadsView {
  #lab;
  #strip;
  #measure;
  /** @type {(HeadReport & {gain: number})[]} */ #heads = [];
  /** @type {HeadReport[]} */ #starts = [];
  /** @type {import("../../engine/protocol.js").ModelConfig | null} */ #config = null;
  element = h("div", { class: "heads" });
  /** The heads that are drawn. */ #seen = "";
  /** The step that a training was at when it was last seen. */ #step = 0;
  /** Counts trainings, so that results of one are not taken for another's. */ #trainings = 0;
  #headline = h("p", { class: "heads-headline" });
  #words = h("p", { class: "heads-words" });
  #status = h("p", { class: "heads-chosen", role: "status" });
  #origin = h("p", { class: "field-hint" });
  #rows = h("tbody", null);
  #bar = h("progress", { class: "heads-progress", max: 1, value: 0, "aria-label": "Measuring" });
  #progress = h("p", { class: "heads-words" });
  #fault = h("p", { class: "inline-fault", role: "alert", hidden: true });
  #go = h("button", { type: "button", class: "primary", onclick: () => this.#toggle() });
  #select = h("select", { onchange: () => this.#measure.choose(/** @type {TextId} */ (this.#select.value)) },
    DATA_SETS.map(({ id, label }) => h("option", { value: id }, `${label}, its last tenth`)), h("option", { value: "here" }, "The text above, all of it"));

  /** @param {Lab} lab @param {import("../tokens.js").TokenStrip} strip */
  constructor(lab, strip) {
    this.#lab = lab;
    this.#strip = strip;
    const soon = atMostEvery(DRAWING_MS, () => this.#showMeasured());
    this.#measure = new HeadMeasure(lab, () => (this.#measure.state === "running" ? soon() : this.#showMeasured()));
    this.#build();
    // The panel looks again where it can; what is then in sight goes on.
    lab.onChange(() => this.#measure.pause());
    lab.app.engine.on("train_heads", ({ step }) => {
      if (step < this.#step) this.#trainings++;
      this.#step = step;
    });
  }

  #grid = new Figure({
    name: "heads-of-every-layer", height: 400,
    title: () => "Heads: kernel, answer to rhythms, reach and contribution",
    draw: (context, width) => { if (this.#config) drawGrid(context, width, this.#gridData); },
    describe: () => this.#describeGrid(),
    table: () => this.#table(),
  });

  #moves = new Figure({
    name: "heads-moved-by-training", height: 300,
    title: () => "Where heads start, and where they are",
    draw: (context, width) => drawMoves(context, width, { heads: this.#heads, starts: this.#starts, layers: this.#config?.num_layers ?? 0 }),
    describe: () => (this.#heads.length ? `Each arrow leads from where a head starts (circle) to where it is now. ${movesInWords(this.#heads, this.#starts)}` : ""),
    table: () => this.#table(),
  });

  #bars = new Figure({
    name: "heads-contributions", height: 300,
    title: () => "What each head contributes",
    draw: (context, width) => { if (this.#config) drawBars(context, width, this.#gridData); },
    describe: () => `${contributionsInWords(this.#heads, this.#measure.changes, this.#measure.where)} Thin lines are 95 % intervals. A hollow bar is not told apart from 0; an orange hatched one to the left says that the text is easier without the head. Of ${this.#heads.length} such intervals about ${Math.max(1, Math.round(this.#heads.length / 20))} will miss by chance.`,
    table: () => this.#contributionTable(),
  });

  get #gridData() {
    const { changes } = this.#measure;
    const { head, layer } = this.#lab;
    const config = /** @type {import("../../engine/protocol.js").ModelConfig} */ (this.#config);
    return { heads: this.#heads, config, changes, order: ranked(changes), chosen: layer * config.num_heads + Math.min(head, config.num_heads - 1) };
  }

  #build() {
    const canvas = this.#grid.canvas;
    canvas.tabIndex = 0;
    canvas.setAttribute("aria-describedby", "heads-keys");
    canvas.addEventListener("pointerdown", (event) => this.#choose(headAt(event.offsetX, event.offsetY, this.#heads.length, this.#config?.num_heads ?? 1, canvas.clientWidth)));
    canvas.addEventListener("keydown", (event) => this.#onKey(event));
    new ResizeObserver(oncePerFrame(() => this.#fit())).observe(canvas);
    this.#bars.element.hidden = true;
    const section = (/** @type {string} */ title, /** @type {import("../../page/dom.js").Child[]} */ ...parts) => h("section", { class: "heads-part" }, h("h3", null, title), ...parts);
    this.element.append(
      section("Near, middle, far", this.#headline, this.#words, this.#grid.element,
        h("p", { class: "visually-hidden", id: "heads-keys" }, "Arrow keys go from head to head."), this.#status, roles()),
      section("Moved by training", this.#moves.element, this.#origin,
        h("details", { class: "heads-table" }, h("summary", null, "Every head in figures"),
          h("div", { class: "heads-scroll" }, h("table", null, h("thead", null, h("tr", null, TABLE_HEAD.map((name) => h("th", { scope: "col" }, name)))), this.#rows)))),
      section("What each head contributes",
        h("p", { class: "heads-words" }, "Mute one head, and see how much more the model is surprised by text that it was not trained on. The loss counts that surprise, in nats a token (1 nat is 1.44 bits). Each window of the text is read with the head and without it, so the difference does not depend on how hard the window is."),
        h("div", { class: "heads-bar" }, this.#go, h("label", { class: "heads-data" }, "Measured on", this.#select)),
        this.#bar, this.#progress, this.#fault, this.#bars.element));
  }

  async refresh() {
    const { source, app } = this.#lab;
    const { config, fingerprint, heads, starts, gains } = await observe(app.engine, "heads", { source });
    if (heads.length === 0) throw new Error("This is a standard Transformer: its heads have no waves to compare, and no gain to mute them by.");
    this.#strip.show(this.#lab.cut?.tokens ?? [], null);
    // The one in training moves on: what was measured stays that of the model as it was.
    this.#measure.keep(`${source} ${source === "training" ? this.#trainings : fingerprint}`);
    this.#measure.context = config.max_seq_len;
    this.#measure.resume();
    const seen = JSON.stringify([source, heads, gains, config, app.state.get("model")?.trained]);
    if (seen === this.#seen) return; // The text alone is another one.
    this.#seen = seen;
    this.#heads = heads.map((head, i) => ({ ...head, gain: gains[i] }));
    this.#starts = starts;
    this.#config = config;
    const claim = claimInWords(heads, starts, config.num_layers);
    write(this.#headline, claim.headline);
    write(this.#words, claim.words);
    write(this.#origin, this.#whereFrom());
    this.#fillTable();
    this.#fit();
    this.#moves.update();
    this.#showMeasured();
    this.pointed();
  }

  /** Out of sight nothing is measured. */
  hide() {
    this.#measure.pause();
  }

  pointed() {
    const { layer, head } = this.#lab;
    const heads = this.#config?.num_heads ?? 1;
    const place = layer * heads + Math.min(head, heads - 1);
    const report = this.#heads[place];
    if (report && this.#config) {
      const change = this.#measure.changes[place];
      write(this.#status, `${capital(named(report))}: ${report.role.toLowerCase()}. ${roleExplained(report, this.#config)} ω ${plain(report.frequency)}, α ${plain(report.damping)}, φ ${plain(report.phase)}.${change ? ` Without it: ${contributionInWords(change)}.` : ""}`);
    }
    this.#grid.redraw();
  }

  /** @param {number} place */
  #choose(place) {
    if (place < 0 || !this.#config) return;
    const heads = this.#config.num_heads;
    this.#lab.head = place % heads;
    this.#lab.app.state.set("layer", Math.floor(place / heads));
    this.pointed();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const heads = this.#config?.num_heads ?? 1;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -heads, ArrowDown: heads }[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = this.#lab.layer * heads + Math.min(this.#lab.head, heads - 1) + by;
    if (next >= 0 && next < this.#heads.length) this.#choose(next);
  }

  /** Makes room for as many rows as the width needs. */
  #fit() {
    const width = this.#grid.canvas.clientWidth;
    if (!this.#config || width === 0) return;
    const { num_layers, num_heads } = this.#config;
    this.#grid.setHeight(gridHeight(num_layers, num_heads, width));
    this.#moves.setHeight(movesHeight(num_layers, width));
  }

  #toggle() {
    if (this.#measure.state === "running") this.#measure.stop();
    else this.#measure.start();
  }

  #showMeasured() {
    const measure = this.#measure;
    const { state, changes } = measure;
    write(this.#go, { none: "Measure every head", running: "Stop", stopped: "Go on", rested: `Measure on ${ROUND} more windows`, done: "Measured on all of it" }[state]);
    this.#go.disabled = state === "done";
    this.#select.value = measure.choice;
    this.#bar.hidden = state === "none";
    this.#bar.value = measure.share;
    const left = Math.ceil(measure.secondsLeft);
    write(this.#progress, {
      none: `Nothing is measured yet. Every head is muted on ${ROUND} windows of text; that takes some ${this.#lab.source === "training" ? "minutes beside a training" : "seconds to a minute"}, can be stopped, and the first values come at once.`,
      running: measure.share === 0 ? "Reading the first window…" : `${measure.where}; about ${left < 100 ? `${left} s` : `${Math.round(left / 60)} minutes`} left. The intervals narrow with every window.`,
      stopped: `Stopped after ${measure.where}.`,
      rested: `Measured on ${measure.where}. More windows narrow the intervals.`,
      done: `Measured on all ${measure.where}.`,
    }[state]);
    this.#progress.dataset.state = state;
    this.#fault.hidden = measure.fault === "";
    write(this.#fault, measure.fault);
    const count = changes.filter((change) => change !== null).length;
    this.#bars.element.hidden = count === 0;
    if (count > 0) {
      this.#bars.setHeight(barsHeight(count));
      this.#bars.update();
    }
    if (this.#config) this.#grid.update();
  }

  #describeGrid() {
    const config = this.#config;
    if (!config) return "";
    const { changes } = this.#measure;
    const order = ranked(changes);
    return `Each cell is a head: its wave over the last ${Math.min(LAGS, config.max_seq_len)} tokens (now at the right), each drawn to its own height; under it how strongly it answers to slow patterns (left) up to such as change with every token (right)${order.length ? "; at the foot its rank and what muting it costs, in nats a token" : ""}. ${claimInWords(this.#heads, this.#starts, config.num_layers).headline}${order.length ? ` Measured on ${this.#measure.where}.` : ""}`;
  }

  /** What is known of where the model's heads started. */
  #whereFrom() {
    const { source, app } = this.#lab;
    const rule = "The release starts every layer alike, whatever the seed: ω evenly from 0.3 to 4, the raw damping (of which α is the softplus, ln(1 + eˣ)) evenly from −3 to 0.5, φ evenly from 0 to π.";
    if (source === "training") return `${rule} The training began there, unless a wave was set by hand.`;
    const trained = app.state.get("model")?.trained;
    return trained?.trained_on || trained?.step ? `${rule} This model was trained by this project's engine, which starts there too.`
      : `${rule} The file does not say where this model started; if it was elsewhere, the arrows begin at a wrong place.`;
  }

  #fillTable() {
    const rows = this.#table().rows;
    this.#rows.replaceChildren(...rows.map((row) => h("tr", null, row.slice(0, TABLE_HEAD.length).map((cell, i) => h(i < 2 ? "th" : "td", i < 2 ? { scope: "row" } : null, typeof cell === "number" && i >= 2 ? plain(cell) : cell)))));
  }

  /** @returns {Table} */
  #table() {
    const { changes } = this.#measure;
    const rows = this.#heads.map((head, i) => {
      const [start, change] = [this.#starts[i], changes[i]];
      return [head.layer + 1, head.head + 1, head.role, start.role, head.reach, start.reach, head.frequency, start.frequency, head.damping, start.damping, head.phase, start.phase,
        ...(changes.length ? [change?.mean ?? "", change?.low ?? "", change?.high ?? "", change?.windows ?? 0] : [])];
    });
    return { head: [...TABLE_HEAD, ...(changes.length ? ["change of the loss when muted", "low end of the 95 % interval", "high end", "windows"] : [])], rows };
  }

  /** @returns {Table} */
  #contributionTable() {
    const { changes } = this.#measure;
    return {
      head: ["rank", "layer", "head", "role", "change of the loss when muted, nats a token", "standard error", "low end of the 95 % interval", "high end", "loss as it is", "loss when muted", "windows"],
      rows: ranked(changes).map((place, rank) => {
        const [head, change] = [this.#heads[place], /** @type {import("../../engine/observations.js").Contribution} */ (changes[place])];
        return [rank + 1, head.layer + 1, head.head + 1, head.role, change.mean, change.standard_error, change.low, change.high, change.before, change.after, change.windows];
      }),
    };
  }
}

const TABLE_HEAD = ["layer", "head", "role", "role at the start", "reach in tokens", "reach at the start", "frequency ω", "ω at the start", "damping α", "α at the start", "phase φ", "φ at the start"];

/** @param {string} words */
const capital = (words) => words[0].toUpperCase() + words.slice(1);

function roles() {
  const rule = (/** @type {string} */ name, /** @type {string} */ words) => [h("dt", null, name), h("dd", null, words)];
  return h("details", { class: "heads-roles" }, h("summary", null, "How roles are told"),
    h("p", null, "Reach is the lag at which the wave's envelope has fallen to a tenth: ln 10 / (α·s) tokens, with the damping α a cell and s cells a token. The period is how many tokens one turn takes, as the tokens see it: a wave that turns by more than half a turn from token to token looks like a slower one. Roles are names for these two numbers and nothing more; what a head is used for they do not say."),
    h("dl", null,
      rule("This token only", `reach up to ${REACH_NONE} token`),
      rule("Near", `up to ${REACH_SHORT} tokens`),
      rule("Middle", `up to ${REACH_MEDIUM} tokens`),
      rule("Far", `beyond ${REACH_MEDIUM} tokens`),
      rule("smooth", `fewer than ${TURNS_SMOOTH} turns within the reach (or the context, where that is shorter)`),
      rule("flickering", `otherwise, a period below ${PERIOD_FLICKER} tokens: the sign changes from token to token`),
      rule("rhythmic", `otherwise, a period of ${PERIOD_FLICKER} tokens or more`)));
}
