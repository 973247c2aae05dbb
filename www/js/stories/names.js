// "Teach it names": a new model learns from a list of names, and within a minute invents some that nobody on the list has.
// It is the tab's own training, as under Train.

import { drawKernel } from "../charts/kernel.js";
import { settingsFor } from "../train/presets.js";
import { duration } from "../train/words.js";
import { h, oncePerFrame, write } from "../page/dom.js";
import { dataSet, loadDataSet } from "../text/data-sets.js";
import { linkTo, shareCard } from "../charts/card.js";
import { StoryFrame } from "./frame.js";

/** @typedef {import("../page/app.js").App} App */
/** @typedef {import("../train/run.js").TrainRun} TrainRun */

const DATA = "names";
const LENGTH = { steps: 1000, sample_every: 40 };
/** So many names are shown and put on the picture. */
const SHOWN = 10;
/** Characters of a name, so that a first, senseless one does not run off. */
const LONGEST = 24;

/** @param {App} app @param {Partial<import("../train/presets.js").Settings>} [length] shorter for tests @returns {import("./frame.js").Story} */
export const makeNames = (app, length = {}) => new Names(app, { ...LENGTH, ...length });

class Names {
  #app;
  #length;
  #frame = new StoryFrame("Teach it names", 3);
  /** @type {TrainRun | undefined} */ #run;
  /** The names that it learns from. @type {Set<string> | null} */ #known = null;
  #fault = "";
  #starting = false;
  #seen = false;
  /** Those that the person likes best. @type {Set<string>} */ #liked = new Set();
  /** Those that are shown, and of which samples they are. */ #names = { of: "", shown: /** @type {string[]} */ ([]) };
  #bar = h("progress", { class: "story-progress", max: 1, value: 0, "aria-label": "Trained so far" });
  #early = h("p", { class: "story-early", translate: "no" });
  #list = h("div", { class: "story-names", role: "group", "aria-label": "Invented names" });
  #empty = h("p", { class: "story-empty" }, "Here the names will stand that it invents.");

  /** @param {App} app @param {Partial<import("../train/presets.js").Settings>} length */
  constructor(app, length) {
    this.#app = app;
    this.#length = length;
    this.element = this.#frame.element;
    this.#frame.stage.append(this.#bar, this.#empty, this.#list, this.#early);
    this.#prepare();
  }

  show() {
    this.#seen = true;
    this.#show();
  }

  /** The training goes on, as any does. */
  hide() {
    this.#seen = false;
  }

  async #prepare() {
    this.#fault = "";
    this.#show();
    try {
      const [run, text] = await Promise.all([this.#app.training(), loadDataSet(DATA)]);
      if (!run) throw new Error("The part of the page that trains could not be loaded. Try again when there is a connection to the page's server.");
      this.#known = new Set(text.split("\n"));
      if (this.#run !== run) run.onChange(() => this.#show());
      this.#run = run;
    } catch (error) {
      this.#fault = error instanceof Error ? error.message : String(error);
    }
    this.#show();
  }

  /** Whether the tab's training is one of names. */
  get #mine() {
    return this.#run?.choices?.data === DATA;
  }

  async #start() {
    const run = this.#run;
    if (!run || run.busy || this.#starting) return;
    this.#starting = true;
    this.#fault = "";
    this.#liked.clear();
    this.#show();
    try {
      const text = await loadDataSet(DATA);
      await run.start({ data: DATA, size: "small", tokenizer: "character", pieces: 0, settings: settingsFor(DATA, "small", this.#length) }, text, dataSet(DATA).label);
    } catch (error) {
      this.#fault = error instanceof Error ? error.message : String(error);
    }
    this.#starting = false;
    this.#show();
  }

  /** @param {string} text  of a sample: names, one a line, the last one cut off */
  #of(text) {
    return text.split("\n").slice(0, -1).map((name) => name.trim()).filter((name) => name !== "" && name.length <= LONGEST);
  }

  /** Those that nobody on the list has, the newest first; those that are liked stay where they are. */
  get #invented() {
    const run = this.#run;
    const samples = this.#mine ? run?.facts.samples ?? [] : [];
    const of = `${run?.id} ${samples.length} ${samples.at(-1)?.step} ${this.#known !== null}`;
    if (of === this.#names.of) return this.#names.shown;
    const found = [...new Set([...samples].reverse().flatMap(({ text }) => this.#of(text)).filter((name) => !this.#known?.has(name)))];
    const fresh = found.filter((name) => !this.#liked.has(name));
    const before = this.#names.shown;
    const shown = Array.from({ length: SHOWN }, (_, i) => (this.#liked.has(before[i]) ? before[i] : fresh.shift() ?? "")).filter((name) => name !== "");
    this.#names = { of, shown };
    return shown;
  }

  #show = oncePerFrame(() => {
    if (!this.#seen) return;
    const run = this.#run;
    const { state = "idle", facts, plan } = run ?? {};
    const ended = state === "done" || state === "stopped";
    // Nothing of it is here to go on with.
    const lost = (state === "failed" || state === "interrupted") && run?.savedStep === null && !run.live;
    const other = run?.busy && !this.#mine;
    this.#draw();
    if (this.#fault) {
      return this.#frame.tell(0, { title: "Teach it names", words: [this.#fault], actions: [{ label: "Try again", primary: true, run: () => (this.#run ? this.#start() : this.#prepare()) }] });
    }
    if (other) {
      return this.#frame.tell(0, {
        title: "Another training is under way", words: [`This tab is training on ${plan?.data_name}. When it is over or stopped, this story can begin.`],
        actions: [{ label: "Go to that training", primary: true, run: () => this.#app.show("train") }],
      });
    }
    if (!this.#mine || state === "idle") {
      return this.#frame.tell(0, {
        title: "Can it learn to invent names?",
        words: ["A new model knows nothing, not even one letter. It reads 32,033 names, guesses each next letter, and is corrected a thousand times.", "That takes about a minute, on this device."],
        actions: [{ label: "Start", primary: true, disabled: !run || !this.#known || this.#starting, run: () => this.#start() }],
      });
    }
    const step = facts?.step ?? 0;
    const steps = plan?.train.steps ?? 1;
    if (!ended) {
      const going = state === "running" || state === "starting";
      return this.#frame.tell(1, {
        title: "It learns",
        words: [`Each step it reads ${plan?.train.batch_size} pieces of the list and moves its ${(facts?.parameters ?? 0).toLocaleString("en-GB")} numbers a little, so that it would have guessed better.`, step < steps / 5 ? "First come the right letters, then the right lengths, then names." : "The names that stand here are its own: nobody on the list has them."],
        status: state === "failed" ? run?.message ?? "" : going ? `Step ${step.toLocaleString("en-GB")} of ${steps.toLocaleString("en-GB")}${run && step > 0 ? `. ${run.left.sentence()}` : "."}` : `Held at step ${step.toLocaleString("en-GB")}.`,
        actions: [
          lost ? { label: "Teach it again", primary: true, run: () => this.#start() } : going ? { label: "Pause", disabled: state !== "running", run: () => this.#do(run?.pause()) } : { label: "Go on", primary: true, run: () => this.#do(run?.goOn()) },
          { label: "All of its figures", run: () => this.#app.show("train") },
        ],
      });
    }
    this.#frame.tell(2, {
      title: "Names that nobody on its list has",
      words: [`After ${step.toLocaleString("en-GB")} steps it invents these; none of them stands on the list. Press the ones that you like best: they come first on the picture.`],
      actions: [
        { label: "Picture to share", primary: true, disabled: this.#invented.length === 0, run: () => this.#share() },
        { label: "Write with it, bend its waves", run: () => this.#do(this.#adopt()) },
        { label: "Teach it again", run: () => this.#start() },
        { label: "Next: spot the cheat", run: () => this.#app.show("story", "cheat") },
      ],
    });
  });

  #draw() {
    const run = this.#run;
    const samples = this.#mine ? run?.facts.samples ?? [] : [];
    const names = this.#invented;
    this.#bar.hidden = !this.#mine;
    this.#bar.max = run?.plan?.train.steps ?? 1;
    this.#bar.value = run?.facts.step ?? 0;
    this.#empty.hidden = names.length > 0;
    const shown = [...this.#list.children].map((button) => button.textContent);
    // One by one: a name that stays keeps its button, and with it the focus.
    if (names.join("\n") !== shown.join("\n")) {
      const old = new Map([...this.#list.children].map((button) => [button.textContent, button]));
      const buttons = names.map((name) => old.get(name) ?? h("button", { type: "button", class: "story-name", translate: "no", onclick: () => this.#like(name) }, h("bdi", null, name)));
      for (const button of [...this.#list.children]) if (!buttons.includes(button)) button.remove();
      buttons.forEach((button, i) => { if (this.#list.children[i] !== button) this.#list.insertBefore(button, this.#list.children[i] ?? null); });
    }
    names.forEach((name, i) => this.#list.children[i].setAttribute("aria-pressed", String(this.#liked.has(name))));
    const first = samples.length > 1 ? samples[0] : null;
    write(this.#early, first ? `At step ${first.step} it wrote: ${this.#of(first.text).slice(0, 4).join(", ") || first.text.replaceAll("\n", " ").slice(0, 60)}` : "");
  }

  /** @param {string} name */
  #like(name) {
    if (!this.#liked.delete(name)) this.#liked.add(name);
    this.#show();
  }

  /** @param {Promise<unknown> | undefined} action */
  async #do(action) {
    try {
      await action;
    } catch (error) {
      this.#app.notify({ kind: "error", key: "story", title: "That could not be done.", message: error instanceof Error ? error.message : String(error) });
    }
  }

  async #adopt() {
    await this.#run?.adopt();
    this.#app.show("write");
  }

  #share() {
    const run = this.#run;
    const { facts, plan } = run ?? {};
    if (!facts || !plan) return;
    const names = [...this.#invented].sort((a, b) => Number(this.#liked.has(b)) - Number(this.#liked.has(a)));
    const heads = facts.layers[0] ?? [];
    const last = facts.evaluations.at(-1);
    const config = { ...plan.model, vocab_size: facts.vocabulary };
    return shareCard(this.#app, {
      name: "names-that-nobody-has", link: linkTo("story/names"), title: names.map((name) => name[0].toUpperCase() + name.slice(1)).join(", "),
      lines: [
        "Names that nobody on the list has, invented by a model that learned in my browser.",
        `${facts.parameters.toLocaleString("en-GB")} numbers, ${facts.step.toLocaleString("en-GB")} steps in ${duration(facts.secondsTrained)}${last ? `, perplexity ${last.perplexity.toFixed(2)} on names held back` : ""}. Its waves in layer 1:`,
      ],
      draw: (context, width, height) => heads.slice(0, 4).forEach((head, i, shown) => {
        const each = height / shown.length;
        context.save();
        context.translate(0, i * each);
        drawKernel(context, width, each, { head: { ...head, gain: 1 }, file: null, config: /** @type {import("../engine/protocol.js").ModelConfig} */ (config), lags: config.max_seq_len, heard: true, weights: [], index: i });
        context.restore();
      }),
    });
  }
}
