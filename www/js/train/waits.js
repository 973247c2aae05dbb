// What a start waits for, said at its button: an answer that the person owes, with the way to the question, or a text that is
// still being read.

import { h, uniqueId, write } from "../page/dom.js";

export class Waits {
  #text;
  #words = h("span", null);
  #show = h("button", { type: "button", class: "small", onclick: () => this.#text.focusProblem() }, "Show the question");
  /** The start was pressed, and comes as soon as it can. */ #pressed = false;

  /** @param {import("./text.js").TrainText} text @param {HTMLButtonElement} start */
  constructor(text, start) {
    this.#text = text;
    const id = uniqueId("waits");
    this.element = h("p", { class: "train-waits", id, role: "status" }, this.#words, this.#show);
    start.setAttribute("aria-describedby", id);
    this.update();
  }

  /** Has a start wait for what it waits for, and says so meanwhile. @param {() => Promise<unknown>} ready */
  async while(ready) {
    this.#pressed = true;
    this.update();
    try {
      await ready();
    } finally {
      this.#pressed = false;
      this.update();
    }
  }

  update() {
    const { asks, waits } = this.#text;
    this.#show.hidden = !asks;
    write(this.#words, asks ? `It waits for your answer: ${waits}` : this.#pressed ? `It begins as soon as the text is there. ${waits}`.trim() : "");
  }
}
