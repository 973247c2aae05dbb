// "Break it on purpose": a sound model and one that was made to hear later tokens are trained side by side, and
// what each scores, writes and leaks is set side by side. A piece of the lab's view of the leak.

import { segmented } from "../../page/controls.js";
import { Figure } from "../../charts/figure.js";
import { drawLesson, KINDS } from "./lesson-chart.js";
import { describeLesson, percent, perplexity, sizeOf, tableOfLesson, VERDICTS } from "./lesson-words.js";
import { loadDataSet } from "../../text/data-sets.js";
import { h, VERBATIM, write } from "../../page/dom.js";
import { LeakRun, restored } from "./lesson-run.js";

/**
 * @typedef {import("./lesson-run.js").LeakWay} LeakWay
 * @typedef {import("./lesson-run.js").LessonResult} LessonResult
 * @typedef {{app: Pick<import("../../page/app.js").App, "storage" | "announce">}} Home What it needs of the lab.
 * @typedef {{steps?: number, seconds?: number}} Length How long a training is at most.
 */

const KEY = "leak-lesson";
const LENGTH = { steps: 1500, seconds: 60 };

/** @type {Record<LeakWay, {name: string, how: string}>} */
export const WAYS = {
  shared_cells: {
    name: "Two tokens share a cell",
    how: "In the broken model tokens sit 0.74 cells apart instead of one. What a token says is spread over the two cells nearest to it, so neighbours share a cell, and the earlier one picks up what the later one dropped there.",
  },
  circular_field: {
    name: "Waves come round again",
    how: "In the broken model the field is closed to a ring: a wave that runs off its end comes in again at the beginning (the convolution is circular instead of padded with zeros). So an early token hears late ones. On this ring of 32 cells the next token is one cell ahead, and also 31 cells behind.",
  },
};

class Lesson {
  #home;
  #length;
  /** @type {LeakWay} */ #leak = "shared_cells";
  /** @type {LessonResult | null} */ #result = null;
  /** @type {LeakRun | null} */ #run = null;
  #starting = false;
  #visible = false;
  #asked = false;
  #fault = h("p", { class: "inline-fault", role: "alert", hidden: true });
  #how = h("p", { class: "lesson-how" });
  #status = h("p", { class: "lesson-status" });
  #bar = h("progress", { class: "lesson-bar", max: 1, value: 0, "aria-label": "Trained so far" });
  #start = h("button", { type: "button", class: "primary", onclick: () => this.#begin() }, "Train both");
  #stop = h("button", { type: "button", onclick: () => this.#halt() }, "Stop");
  #forget = h("button", { type: "button", onclick: () => this.#drop() }, "Forget this result");
  #columns = { sound: new Column("Sound model", "sound"), broken: new Column("Broken model", "broken") };
  #outcome = h("div", { class: "lesson-outcome", hidden: true });
  #why = h("div", { class: "lesson-why" });

  /** @param {Home} home @param {Length} length */
  constructor(home, length) {
    this.#home = home;
    this.#length = { ...LENGTH, ...length };
    this.#ways = segmented({
      label: "What is broken", value: this.#leak,
      choices: /** @type {LeakWay[]} */ (Object.keys(WAYS)).map((value) => ({ value, text: WAYS[value].name })),
      onInput: (value) => { this.#leak = value; this.#show(); },
    });
    this.#figure = new Figure({
      name: "break-it-on-purpose", title: () => `A sound model and a broken one (${WAYS[this.#result?.leak ?? this.#leak].name.toLowerCase()})`, height: 300,
      draw: (context, width, height) => drawLesson(context, width, height, this.#result), describe: () => describeLesson(this.#result), table: () => tableOfLesson(this.#result),
    });
    this.#outcome.append(this.#figure.element, h("div", { class: "lesson-pair" }, this.#columns.sound.element, this.#columns.broken.element), this.#why);
    this.element = h("section", { class: "lesson", "aria-labelledby": "lesson-title" },
      h("h3", { id: "lesson-title" }, "Break it on purpose"),
      h("p", { class: "lesson-how" }, "Two small models learn the same lines of Shakespeare for about a minute, side by side: the same size, the same first numbers, the same order. One is sound. In the other, a token hears the one that comes after it, as a fault in early versions of this model had it. Watch its figures, and then what it writes."),
      this.#ways.element, this.#how,
      h("div", { class: "lesson-buttons" }, this.#start, this.#stop, this.#forget),
      this.#bar, this.#status, this.#fault, this.#outcome);
    this.#show();
  }

  #ways;
  #figure;

  /** It has come into sight. */
  show() {
    this.#visible = true;
    if (!this.#asked) this.#restore();
    this.#show();
  }

  /** A training that was begun goes on; nothing is drawn. */
  hide() {
    this.#visible = false;
  }

  async #restore() {
    this.#asked = true;
    const kept = restored(await this.#home.app.storage.get(KEY).catch(() => null));
    if (!kept || this.#result || this.#run) return;
    this.#result = kept;
    this.#leak = kept.leak;
    this.#ways.set(kept.leak);
    this.#show();
  }

  async #begin() {
    if (this.#run || this.#starting) return;
    this.#starting = true;
    this.#asked = true;
    this.#say("");
    this.#show();
    try {
      const text = await loadDataSet("shakespeare");
      if (!this.#starting) return;
      this.#result = null;
      this.#run = new LeakRun({ text, leak: this.#leak, ...this.#length, seed: 1 }, () => this.#changed());
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
    }
    this.#starting = false;
    this.#show();
    if (this.#run) this.#stop.focus({ preventScroll: true });
  }

  #halt() {
    this.#starting = false;
    this.#run?.stop();
    this.#show();
    this.#start.focus({ preventScroll: true });
  }

  #drop() {
    this.#result = null;
    this.#say("");
    this.#home.app.storage.delete(KEY).catch(() => {}); // The storage says itself what it cannot keep.
    this.#show();
    this.#start.focus({ preventScroll: true });
  }

  /** Something was found, or it is over. */
  #changed() {
    const run = this.#run;
    if (!run) return;
    if (run.result.points.length > 0) this.#result = run.result;
    if (!run.running) {
      this.#run = null;
      this.#say(run.fault);
      if (this.#result) this.#home.app.storage.set(KEY, this.#result).catch(() => {}); // The storage says itself what it cannot keep.
      if (document.activeElement === this.#stop) this.#start.focus({ preventScroll: true });
      if (!run.fault) this.#home.app.announce(run.result.ended === "whole" ? "Both models are trained." : "The training was stopped.");
    }
    this.#show();
  }

  /** @param {string} fault */
  #say(fault) {
    write(this.#fault, fault);
    this.#fault.hidden = fault === "";
  }

  #statusWords() {
    if (this.#starting || (this.#run && this.#run.result.points.length === 0)) return "The engine and the text are being fetched.";
    const { points, steps, ended } = this.#result ?? { points: [], steps: 0, ended: "whole" };
    const step = points.at(-1)?.step ?? 0;
    if (this.#run && points.length < 3) return `Step ${step}: how many steps there is time for is being measured.`;
    if (this.#run) return `Step ${step} of ${steps}, about ${Math.max(1, Math.round(this.#run.left ?? 0))} s left. The rest of the page can be used meanwhile.`;
    if (!this.#result) return "Both are trained on this device's processor, in about a minute.";
    const fault = `What was broken: ${WAYS[this.#result.leak].name.toLowerCase()}.`;
    return ended === "whole" ? `Both were trained for ${steps} steps. ${fault}` : `Ended after ${step} of ${steps} steps; what was found until then is kept. ${fault}`;
  }

  #show() {
    if (!this.#visible) return;
    const busy = this.#run !== null || this.#starting;
    this.#ways.element.toggleAttribute("disabled", busy);
    write(this.#how, WAYS[this.#leak].how);
    write(this.#start, this.#result ? "Train both again" : "Train both");
    this.#start.hidden = busy;
    this.#stop.hidden = !busy;
    this.#forget.hidden = busy || this.#result === null;
    this.#bar.hidden = !busy;
    this.#bar.value = (this.#result?.points.at(-1)?.step ?? 0) / (this.#result?.steps ?? 1);
    write(this.#status, this.#statusWords());
    const result = this.#result;
    this.#outcome.hidden = result === null;
    if (!result) return;
    this.#figure.update();
    for (const { kind } of KINDS) this.#columns[kind].show(result);
    this.#explain(result);
  }

  /** @param {LessonResult} result */
  #explain(result) {
    const last = result.points[result.points.length - 1].validation;
    const { first } = result;
    const [sound, broken] = [last.sound.perplexity, last.broken.perplexity];
    const far = broken < 0.8 * sound;
    const words = [
      far
        ? `The broken model is at ${perplexity(broken)}, where the sound one is at ${perplexity(sound)}. It has not learned the language better: in a text that is read whole, the next character lies before it, and it reads it off. Text that was held back does not catch it, for there, too, the answer stands in the text.`
        : `The two are close so far (${perplexity(broken)} and ${perplexity(sound)}): the broken model has yet to find out that it can read the next character off.`,
      "Writing is where it shows. A model writes one character after another, each from those before it, and the character to come does not exist yet. The future that the broken model learned to peek at is not there, and little is left of what it knows.",
      first && `The leak itself needs no training to be found. One character of a text is exchanged, and nothing that the model says before it may change. Before the first step the largest change was ${sizeOf(first.broken)} of the largest number in the broken model, and ${sizeOf(first.sound)} in the sound one, which is rounding. The view's badge is this measurement.`,
    ];
    const paragraphs = words.flatMap((text) => (text ? [text] : []));
    if (this.#why.childElementCount !== paragraphs.length) this.#why.replaceChildren(...paragraphs.map(() => h("p", null)));
    paragraphs.forEach((text, i) => write(this.#why.children[i], text));
  }
}

/** What one of the two models scores, leaks and writes. */
class Column {
  #kind;
  #score = h("dd", { class: "reading" });
  #hits = h("dd", { class: "reading" });
  #leak = h("dd", { class: "reading" });
  #about = h("p", { class: "field-hint" });
  #text = h("blockquote", { ...VERBATIM, class: "lesson-text" });

  /** @param {string} name @param {"sound" | "broken"} kind */
  constructor(name, kind) {
    this.#kind = kind;
    this.element = h("article", { class: `lesson-model lesson-${kind}` },
      h("h4", null, name),
      h("dl", { class: "lesson-readings" },
        h("div", null, h("dt", null, "Perplexity, text held back"), this.#score),
        h("div", null, h("dt", null, "Next character guessed right"), this.#hits),
        h("div", null, h("dt", null, "Leak, measured"), this.#leak)),
      this.#about, this.#text);
  }

  /** @param {LessonResult} result */
  show({ points, written, leaks }) {
    const kind = this.#kind;
    const last = points[points.length - 1].validation[kind];
    write(this.#score, perplexity(last.perplexity));
    write(this.#hits, percent(last.accuracy));
    const leak = leaks?.[kind];
    write(this.#leak, leak ? `${VERDICTS[leak.verdict]}: ${sizeOf(leak)}` : "—");
    this.#leak.dataset.verdict = leak?.verdict ?? "";
    write(this.#about, written ? `It writes, after ${written.step} steps:` : "Its first text comes in a few seconds.");
    write(this.#text, written ? written.texts[kind].trim() : "");
    this.#text.hidden = !written;
  }
}

/**
 * The lesson, to be put into a view. `show` when it comes into sight, `hide` when it goes.
 * @param {Home} lab @param {Length} [length] Shorter for tests.
 * @returns {{element: HTMLElement, show: () => void, hide: () => void}}
 */
export const makeLesson = (lab, length = {}) => new Lesson(lab, length);
