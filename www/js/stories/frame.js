// How a story is told: at most a few short sentences and something to press, beside the picture that they speak of; on a
// narrow screen the picture stands below. A story tells one step at a time.

import { h, write } from "../page/dom.js";
import { focusKeeper } from "../page/focus.js";

/**
 * @typedef {{label: string, run: () => unknown, primary?: boolean, disabled?: boolean}} Action
 * @typedef {object} Told
 * @property {string} title
 * @property {string[]} words  one or two short sentences each
 * @property {Action[]} actions  the same ones, in the same order, for as long as the step lasts
 * @property {string} [status]  how far what goes on is
 *
 * @typedef {object} Story
 * @property {HTMLElement} element
 * @property {() => void} show  it has come into sight
 * @property {() => void} hide
 */

export class StoryFrame {
  /** What goes on is drawn here. */
  stage = h("div", { class: "story-stage" });
  #steps;
  #step = -1;
  /** @type {Action[]} */ #actions = [];
  #count = h("p", { class: "story-count" });
  #title = h("h2", { id: "story-title", tabindex: "-1" });
  #words = h("div", { class: "story-words" });
  #buttons = h("div", { class: "story-actions" });
  #status = h("p", { class: "story-status" });
  /** A button that is switched off for a moment has the focus again after it; the next step is read from its title. */
  #keepFocus = this.#keeper();

  /** @param {string} name  of the story @param {number} steps */
  constructor(name, steps) {
    this.#steps = steps;
    this.element = h("article", { class: "story" },
      h("div", { class: "story-prose" },
        h("p", { class: "story-way" }, h("a", { href: "#story", "data-to": "story" }, "Stories"), " / ", name, this.#count),
        this.#title, this.#words, this.#buttons, this.#status),
      this.stage);
  }

  /** @param {number} step @param {Told} told */
  tell(step, told) {
    if (step === this.#step) return this.#keepFocus(() => this.#tell(step, told));
    this.#keepFocus = this.#keeper();
    this.#tell(step, told);
  }

  #keeper() {
    return focusKeeper(this.#buttons, () => [...this.#buttons.children], this.#title);
  }

  /** @param {number} step @param {Told} told */
  #tell(step, { title, words, actions, status = "" }) {
    // Whoever pressed a button reads on from the step's title; whoever is elsewhere stays there.
    const moved = step !== this.#step && this.#buttons.contains(document.activeElement);
    this.#actions = actions;
    if (step !== this.#step || actions.length !== this.#buttons.childElementCount) {
      this.#buttons.replaceChildren(...actions.map((_, i) => h("button", { type: "button", onclick: () => this.#actions[i].run() })));
    }
    this.#step = step;
    write(this.#count, `${step + 1} of ${this.#steps}`);
    write(this.#title, title);
    if (this.#words.childElementCount !== words.length) this.#words.replaceChildren(...words.map(() => h("p", null)));
    words.forEach((sentence, i) => write(this.#words.children[i], sentence));
    actions.forEach(({ label, primary = false, disabled = false }, i) => {
      const button = /** @type {HTMLButtonElement} */ (this.#buttons.children[i]);
      write(button, label);
      button.disabled = disabled;
      button.classList.toggle("primary", primary);
    });
    write(this.#status, status);
    if (moved) this.attend();
  }

  /** Moves the person to the step's title. */
  attend() {
    this.#title.focus({ preventScroll: true });
    if (this.#title.getBoundingClientRect().top < 0) this.element.scrollIntoView({ block: "start" });
  }
}
