// "Spot the cheat": two models learn the same lines, one of them hears later letters. Its curve is far below the other's,
// and it cannot write.

import { Figure } from "../charts/figure.js";
import { describeLesson, percent, perplexity, sizeOf, tableOfLesson } from "../lab/causality/lesson-words.js";
import { drawLesson } from "../lab/causality/lesson-chart.js";
import { LeakRun } from "../lab/causality/lesson-run.js";
import { h, VERBATIM } from "../page/dom.js";
import { loadDataSet } from "../text/data-sets.js";
import { StoryFrame } from "./frame.js";
import { linkTo, shareCard } from "../charts/card.js";

/** @typedef {import("../page/app.js").App} App */
/** @typedef {import("../lab/causality/lesson-run.js").LessonResult} LessonResult */

/** As many steps as fit into so many seconds. */
const LENGTH = { steps: 500, seconds: 20 };
/** The curves lie so far apart that a person sees it. */
const APART = 0.75;
/** Under which names the two are voted on; which is which is drawn anew at every visit. */
const NAMES = ["A", "B"];

/** @param {App} app @param {{steps?: number, seconds?: number}} [length] shorter for tests @returns {import("./frame.js").Story} */
export const makeCheat = (app, length = {}) => new Cheat(app, { ...LENGTH, ...length });

class Cheat {
  #app;
  #length;
  #frame = new StoryFrame("Spot the cheat", 4);
  /** @type {LeakRun | null} */ #run = null;
  /** @type {LessonResult | null} */ #result = null;
  #fault = "";
  #step = 0;
  #chosen = "";
  /** How many there are in the text. */ #letters = Infinity;
  #swapped = Math.random() < 0.5;
  #figure = new Figure({
    name: "spot-the-cheat", title: () => "Two models learn Shakespeare. One of them cheats.", height: 320,
    draw: (context, width, height) => drawLesson(context, width, height, this.#result, this.#names),
    describe: () => describeLesson(this.#result, this.#names), table: () => tableOfLesson(this.#result),
  });
  #texts = h("div", { class: "story-pair" });
  #bars = h("div", { class: "story-bars" });

  /** @param {App} app @param {{steps: number, seconds: number}} length */
  constructor(app, length) {
    this.#app = app;
    this.#length = length;
    this.element = this.#frame.element;
    this.#frame.stage.append(this.#figure.element, this.#texts, this.#bars);
    this.#show();
  }

  get #names() {
    const [sound, broken] = this.#swapped ? [...NAMES].reverse() : NAMES;
    return { sound, broken };
  }

  show() {
    if (!this.#run && !this.#result) this.#begin();
  }

  /** It goes on: it is over in some seconds. */
  hide() {}

  async #begin() {
    this.#fault = "";
    try {
      const text = await loadDataSet("shakespeare");
      if (this.#run) return;
      this.#letters = new Set(text).size;
      this.#result = null;
      this.#run = new LeakRun({ text, leak: "shared_cells", seed: 1, mend: true, ...this.#length }, () => this.#changed());
    } catch (error) {
      this.#fault = error instanceof Error ? error.message : String(error);
    }
    this.#show();
  }

  #again() {
    this.#swapped = Math.random() < 0.5;
    this.#result = null;
    this.#chosen = "";
    this.#step = 0;
    this.#begin();
  }

  #changed() {
    const run = this.#run;
    if (!run) return;
    if (run.result.points.length > 0) this.#result = run.result;
    if (!run.running) {
      this.#run = null;
      this.#fault = run.fault;
    }
    this.#show();
  }

  /** @param {string} name */
  #vote(name) {
    this.#chosen = name;
    this.#go(1);
  }

  /** @param {number} step */
  #go(step) {
    this.#step = step;
    this.#show();
  }

  #status() {
    if (this.#fault) return this.#fault;
    const step = this.#result?.points.at(-1)?.step ?? 0;
    if (!this.#run) return step > 0 ? `Both were trained for ${step} steps, on this device.` : "";
    if (step === 0) return "The two models are being made.";
    if ((this.#result?.points.length ?? 0) < 4) return `Step ${step}: how many steps there is time for is being measured.`;
    const left = this.#run.left;
    return `Step ${step} of ${this.#result?.steps}${left === null ? "" : `, about ${Math.max(1, Math.round(left))} s left`}.`;
  }

  #show() {
    const result = this.#result;
    const last = result?.points.at(-1)?.validation;
    const { sound, broken } = this.#names;
    const status = this.#status();
    const again = [{ label: "Try again", primary: true, run: () => this.#again() }];
    if (this.#step === 0) {
      const ready = Boolean(last && (!this.#run || last.broken.perplexity < APART * last.sound.perplexity));
      this.#frame.tell(0, {
        title: "Which model is better?", status,
        words: [
          "Two small models learn Shakespeare on this device, right now. Each curve says between how many letters a model wavers before the next one, on text that was held back: its perplexity. Lower is better.",
          ready ? "Which of the two would you have write for you?" : "Wait until the curves part.",
        ],
        actions: this.#fault ? again : NAMES.map((name) => ({ label: `Model ${name}`, disabled: !ready, run: () => this.#vote(name) })),
      });
    } else if (this.#step === 1) {
      this.#frame.tell(1, {
        title: this.#chosen === broken ? `You chose ${broken}. Now both write.` : `You chose ${sound}, against its figures. Now both write.`, status,
        words: [
          last ? `Of the letters held back, ${broken} foretells ${percent(last.broken.accuracy)}, ${sound} only ${percent(last.sound.accuracy)}.` : "",
          result?.written ? `Read what ${broken} makes of it when the text is not there yet.` : "Their first texts come in a few seconds.",
        ],
        actions: this.#fault && !result?.written ? again : [{ label: "Why?", primary: true, disabled: !result?.written, run: () => this.#go(2) }],
      });
    } else if (this.#step === 2) {
      const leaks = result?.leaks;
      this.#frame.tell(2, {
        title: `${broken} hears the answers`, status,
        words: [
          `In ${broken} two neighbours share a place on the field, so each letter hears the next one, the very letter that it is to guess. In a text that lies before it that makes guessing easy. When it writes, there is no next letter yet.`,
          leaks ? `It can be measured: exchange one letter, and the guesses before it must not move. In ${sound} they ${leaks.sound.before === 0 ? "do not move at all" : `move by ${sizeOf(leaks.sound)} of the largest score, which is rounding`}; in ${broken} by up to ${sizeOf(leaks.broken)} of the largest score.` : "",
        ],
        actions: this.#fault && !result?.mended ? again : [{ label: `Mend ${broken}`, primary: true, disabled: !result?.mended, run: () => this.#go(3) }],
      });
    } else {
      const mended = result?.mended;
      this.#frame.tell(3, {
        title: "Mended, little is left", status,
        words: [
          mended && last ? `With the very same numbers, but every letter on a place of its own, the perplexity of ${broken} goes from ${perplexity(last.broken.perplexity)} to ${perplexity(mended.validation.perplexity)}${mended.validation.perplexity > this.#letters ? `, far worse than guessing blindly among all ${this.#letters} letters` : ""}. It learned where to look, not how the language goes.` : "",
          "An early version of this model had such a fault. That is why a badge at the head of this page measures every model that is opened.",
        ],
        actions: [
          { label: "Measure the open model", primary: true, run: () => this.#app.show("lab", "causality") },
          { label: "Next: break Shakespeare", run: () => this.#app.show("story", "break") },
          { label: "Picture to share", run: () => this.#share() },
          { label: "Tell it again", run: () => this.#again() },
        ],
      });
    }
    this.#draw();
  }

  #draw() {
    const result = this.#result;
    this.#figure.element.hidden = this.#step === 1 || this.#step === 3;
    this.#texts.hidden = this.#step === 0 || this.#step === 2 || !result?.written;
    this.#bars.hidden = this.#step !== 3;
    if (result) this.#figure.update();
    else this.#figure.redraw();
    const { sound, broken } = this.#names;
    const written = result?.written;
    if (written && !this.#texts.hidden) {
      const mended = this.#step === 3 ? result?.mended : null;
      const pair = [
        { name: `Model ${sound} writes`, kind: "sound", text: written.texts.sound },
        mended ? { name: `Model ${broken}, mended, writes`, kind: "broken", text: mended.text } : { name: `Model ${broken} writes`, kind: "broken", text: written.texts.broken },
      ];
      const key = JSON.stringify(pair);
      if (this.#texts.dataset.of !== key) {
        this.#texts.dataset.of = key;
        this.#texts.replaceChildren(...pair.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, kind, text }) => h("section", { class: `lesson-model lesson-${kind}` },
          h("h3", null, name), h("blockquote", { ...VERBATIM, class: "lesson-text" }, text.trim()))));
      }
    }
    if (!this.#bars.hidden) this.#drawBars();
  }

  #drawBars() {
    const result = this.#result;
    const last = result?.points.at(-1)?.validation;
    if (!last || !result?.mended) return;
    const { sound, broken } = this.#names;
    const rows = /** @type {[string, number, string][]} */ ([
      [`${broken}, cheating`, last.broken.perplexity, "broken"], [sound, last.sound.perplexity, "sound"], [`${broken}, mended`, result.mended.validation.perplexity, "broken"],
    ]);
    const most = Math.max(...rows.map(([, value]) => value));
    this.#bars.replaceChildren(h("h3", null, "Perplexity on text that was held back"), h("dl", null, rows.map(([name, value, kind]) => {
      const bar = h("span", { class: `story-bar lesson-${kind}` });
      bar.style.setProperty("--share", String(value / most));
      return h("div", null, h("dt", null, name), h("dd", null, bar, perplexity(value)));
    })));
  }

  #share() {
    const last = this.#result?.points.at(-1)?.validation;
    return shareCard(this.#app, {
      name: "spot-the-cheat", link: linkTo("story/cheat"), title: "One of these two models cheats. Which?",
      lines: last ? ["Both learned the same lines of Shakespeare. One of them cannot write a word of it."] : [],
      draw: (context, width, height) => drawLesson(context, width, height, this.#result, this.#names),
    });
  }
}
