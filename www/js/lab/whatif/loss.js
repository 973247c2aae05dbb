// What the change does to the loss on text that the model has not seen: at once on a few windows, then in rounds on
// more, until the interval is narrow or there is no more text. The losses before are kept, those after are of one
// change each.

import { Figure } from "../../charts/figure.js";
import { observe } from "../../engine/observations.js";
import { h, write } from "../../page/dom.js";
import { DATA_SETS } from "../../text/data-sets.js";
import { joined, trainedOn, validation, windowsAtOnce } from "../../text/validation.js";
import { drawFunnel } from "./funnel.js";
import { lossInWords, roundsInWords } from "./words.js";

/**
 * @typedef {import("../../page/app.js").App} App
 * @typedef {import("../../text/data-sets.js").DataId} DataId
 * @typedef {import("../../engine/observations.js").Before} Before
 * @typedef {import("../../engine/observations.js").LossChange} LossChange
 * @typedef {import("../../text/validation.js").Validation} Validation
 * @typedef {{before: Before, words: string}} Comparison `words` says what is compared.
 * @typedef {LossChange & {windows: number}} Round
 */

/** Windows that are read at once. */
const SAMPLE = 4;
/** Nats within which the interval is narrow whatever the change, and the share of the change within which it is. */
const NARROW = 0.0005;
const NARROW_SHARE = 0.05;
/** Windows below which an interval is not trusted to be narrow. */
const FEWEST = 16;
const HEIGHT = 150;

export class LossWords {
  #app;
  /** @type {DataId} */ #data = "shakespeare";
  /** The person's choice rather than what the model was trained on. */ #chosen = false;
  /** Windows by data set. @type {Map<DataId, Promise<Validation>>} */ #texts = new Map();
  /** Losses before, by what is compared and the data set. @type {Map<string, number[]>} */ #before = new Map();
  /** @type {Comparison} */ #comparison = { before: "file", words: "" };
  /** Losses after, of this comparison. @type {number[]} */ #after = [];
  /** What was said after each round. @type {Round[]} */ #rounds = [];
  #all = 0;
  /** Whoever reads windows stops once this is another one. */ #turn = 0;
  #refining = false;
  /** It could not be measured, and is not tried again until something changes. */ #failed = false;
  #verdict = h("p", { class: "whatif-verdict" });
  #progress = h("progress", { class: "whatif-progress", max: 1, value: 0, "aria-label": "Windows read" });
  #hint = h("p", { class: "field-hint" });
  #fault = h("p", { class: "inline-fault", role: "alert", hidden: true });
  #select = h("select", { onchange: () => this.#choose(/** @type {DataId} */ (this.#select.value)) },
    DATA_SETS.map(({ id, label }) => h("option", { value: id }, label)));

  #figure = new Figure({
    name: "what-if-loss", height: HEIGHT,
    title: () => "What if: the change of the loss on unseen text",
    draw: (context, width, height) => drawFunnel(context, width, height, this.#rounds, this.#all),
    describe: () => `${this.#comparison.words} ${roundsInWords(this.#rounds)}`,
    table: () => ({
      head: ["windows", "mean change in nats a token", "low end of the 95 % interval", "high end", "loss before", "loss after"],
      rows: this.#rounds.map(({ windows, mean, low, high, before, after }) => [windows, mean, low, high, before, after]),
    }),
  });

  #onRound;

  /** @param {App} app @param {(round: Round) => void} [onRound]  hears what the windows so far come to */
  constructor(app, onRound = () => {}) {
    this.#app = app;
    this.#onRound = onRound;
    app.state.on("model", () => this.stop());
    this.element = h("section", { class: "whatif-part", "aria-labelledby": "whatif-loss" },
      h("h3", { id: "whatif-loss" }, "Better or worse at text it has not seen?"),
      this.#verdict, this.#progress, this.#fault,
      h("label", { class: "whatif-data" }, "Measured on the last tenth of", this.#select), this.#figure.element, this.#hint);
    this.#figure.element.hidden = true;
  }

  /** Whether it could not be measured. */
  get failed() {
    return this.#failed;
  }

  /** Another model is open. @param {import("../../engine/protocol.js").ModelInfo | null} model */
  forget(model) {
    this.stop();
    this.#texts.clear();
    this.#before.clear();
    if (!this.#chosen) this.#data = trainedOn(model);
    this.#select.value = this.#data;
  }

  /** Something else is pinned. */
  forgetPinned() {
    for (const key of this.#before.keys()) if (key.startsWith("pinned")) this.#before.delete(key);
  }

  /** Another comparison; what was measured of the last one does not count. @param {Comparison} comparison */
  begin(comparison) {
    this.stop();
    this.#comparison = comparison;
    this.#after = [];
    this.#rounds = [];
    this.#failed = false;
  }

  /** Nothing more is read, until it is asked for again. */
  stop() {
    this.#turn++;
    this.#refining = false;
  }

  /** Reads the first few windows, unless they are read. */
  async sample() {
    if (this.#after.length >= SAMPLE || this.#refining || this.#failed) return;
    const turn = ++this.#turn;
    await this.#reporting(turn, async () => {
      const text = await this.#text();
      while (turn === this.#turn && this.#after.length < Math.min(SAMPLE, text.windows.length)) await this.#read(text, turn);
      if (turn === this.#turn) await this.#judge(text, turn);
    });
  }

  /** Reads on while nothing changes, beside everything else. */
  async refine() {
    if (this.#refining || this.#failed || this.#after.length < SAMPLE) return;
    const turn = ++this.#turn;
    this.#refining = true;
    await this.#reporting(turn, async () => {
      const text = await this.#text();
      while (turn === this.#turn && !this.#isDone(text)) {
        const enough = Math.min(text.windows.length, this.#after.length + SAMPLE);
        while (turn === this.#turn && this.#after.length < enough) await this.#read(text, turn);
        if (turn === this.#turn) await this.#judge(text, turn);
      }
    });
    if (turn === this.#turn) this.#refining = false;
  }

  /** A data set that cannot be measured on leaves the other parts of the view as they are. @param {number} turn @param {() => Promise<void>} work */
  async #reporting(turn, work) {
    try {
      await work();
      if (turn === this.#turn) this.#fault.hidden = true;
    } catch (error) {
      if (turn !== this.#turn || !this.#app.engine.alive) return;
      this.#failed = true;
      this.#fault.textContent = /** @type {Error} */ (error).message;
      this.#fault.hidden = false;
      write(this.#verdict, "The loss was not measured.");
      this.#progress.hidden = this.#figure.element.hidden = true;
    }
  }

  /** @param {DataId} data */
  #choose(data) {
    this.#data = data;
    this.#chosen = true;
    this.begin(this.#comparison);
    write(this.#verdict, "Measuring…");
    this.sample().then(() => this.refine());
  }

  /** The windows of the chosen text; tried again where they could not be had. */
  #text() {
    const data = this.#data;
    let text = this.#texts.get(data);
    if (!text) {
      const context = this.#app.state.get("model")?.config.max_seq_len ?? 0;
      text = validation(this.#app, "bent", data, context);
      text.catch(() => this.#texts.delete(data));
      this.#texts.set(data, text);
    }
    return text;
  }

  /** Reads a window or a few, under both models. @param {Validation} text @param {number} turn */
  async #read({ data, length, windows }, turn) {
    const { before } = this.#comparison;
    const parameters = this.#app.state.get("model")?.parameters ?? 1;
    const from = this.#after.length;
    const count = Math.min(SAMPLE, windowsAtOnce(parameters, length), windows.length - from);
    const key = `${before} ${data}`;
    const known = this.#before.get(key) ?? [];
    this.#before.set(key, known);
    const ids = joined(windows.slice(from, from + count));
    if (known.length < from + count) {
      const { losses } = await observe(this.#app.engine, "whatif_losses", { before, side: "before", ids, length });
      if (turn !== this.#turn) return;
      known.splice(from, known.length, ...losses);
    }
    const { losses } = await observe(this.#app.engine, "whatif_losses", { before, side: "after", ids, length });
    if (turn === this.#turn) this.#after.push(...losses);
  }

  /** Says what the windows so far come to. @param {Validation} text @param {number} turn */
  async #judge({ data, label, length, windows }, turn) {
    const after = Float64Array.from(this.#after);
    const before = Float64Array.from(this.#before.get(`${this.#comparison.before} ${data}`) ?? []).slice(0, after.length);
    const result = await observe(this.#app.engine, "whatif_change", { before, after });
    if (turn !== this.#turn) return;
    this.#rounds.push({ ...result, windows: after.length });
    this.#onRound({ ...result, windows: after.length });
    this.#all = windows.length;
    write(this.#verdict, lossInWords(result, after.length, windows.length));
    this.#figure.element.hidden = false;
    this.#figure.update();
    this.#verdict.dataset.windows = String(after.length);
    this.#progress.hidden = false;
    this.#progress.max = windows.length;
    this.#progress.value = after.length;
    write(this.#hint, `${this.#isDone({ windows }) ? (after.length === windows.length ? "All of it is read." : "The interval is narrow enough; the rest is not read.") : "Reading on; the interval narrows."} `
      + `The loss is how much the next token surprises the model, in nats (1 nat is 1.44 bits); perplexity is among how many equally likely tokens it seems to choose. ± is the 95 % interval of the mean difference, window by window, ${length} tokens each, over ${label}, spread evenly.`);
  }

  /** @param {Pick<Validation, "windows">} text */
  #isDone({ windows }) {
    const read = this.#after.length;
    if (read >= windows.length) return true;
    const last = this.#rounds.at(-1);
    if (!last || last.windows < FEWEST) return false;
    const { mean, low, high } = last;
    return (high - low) / 2 <= Math.max(NARROW, Math.abs(mean) * NARROW_SHARE);
  }
}
