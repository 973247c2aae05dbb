// What the model had in mind: a token's probability and the likeliest others, or what would come next.
// It keeps its size whatever it shows.

import { h, writeQuoting } from "../page/dom.js";
import { visible } from "../page/signs.js";
import { percent, spoken } from "../page/token-view.js";

/**
 * @typedef {import("../engine/protocol.js").GeneratedToken} GeneratedToken
 * @typedef {import("../engine/protocol.js").Alternative} Alternative
 */

const ROWS = 5;

export class Inspector {
  #title = h("p", { class: "inspector-title" });
  #note = h("p", { class: "inspector-note" });
  #rows = Array.from({ length: ROWS }, () => {
    const name = h("bdi", { class: "bar-name", translate: "no" });
    const bar = h("span", { class: "bar-fill" });
    const before = h("span", { class: "bar-before" });
    const value = h("span", { class: "bar-value" });
    const element = h("li", { class: "bar" }, name, h("span", { class: "bar-track" }, bar, before), value);
    return { element, name, bar, before, value };
  });
  #speech = h("p", { class: "visually-hidden", "aria-live": "polite" });

  #names;

  /** @param {() => readonly string[]} names Every token of the open model, by id. */
  constructor(names) {
    this.#names = names;
    this.element = h("div", { class: "inspector", role: "group", "aria-label": "Probabilities" },
      h("div", { class: "inspector-words" }, this.#title, this.#note),
      h("ol", { class: "bars" }, this.#rows.map((row) => row.element)), this.#speech);
    this.empty();
  }

  /** @param {string} [why] Why there are none. */
  empty(why = "Point at a token, or walk the text with the arrow keys.") {
    this.#show("Probabilities", why, [], null, "");
  }

  /** @param {GeneratedToken} token @param {boolean} speak */
  showToken(token, speak) {
    const note = token.probability > 0.5 ? "The model was fairly sure of it."
      : token.probability > 0.1 ? "One of several that would do." : "A surprise: the dice chose it.";
    const name = this.#nameOf(token);
    this.#show(`${this.#titleOf(token)} had ${percent(token.probability)}`, note, token.alternatives, null, name);
    if (!speak) return;
    const others = token.alternatives.filter((other) => other.text !== name).slice(0, 3);
    this.#speech.textContent = `${spoken(name)}, ${percent(token.probability)}. Others: ${
      others.map((other) => `${spoken(other.text)} ${percent(other.probability)}`).join(", ")}.`;
  }

  /** The newest token while text is being written. @param {GeneratedToken} token */
  showLive(token) {
    this.#show(`${this.#titleOf(token)} had ${percent(token.probability)}`, "The token written last, and what else it could have been.",
      token.alternatives, null, this.#nameOf(token));
  }

  /** What a token is called: a part of a letter is no text yet, and such parts differ all the same. @param {GeneratedToken} token */
  #nameOf({ id, text }) {
    return this.#names()[id] ?? text;
  }

  /** @param {GeneratedToken} token */
  #titleOf(token) {
    const name = this.#nameOf(token);
    return `“${visible(name)}”${token.text !== "" && token.text !== name ? `, which made “${visible(token.text)}”,` : ""}`;
  }

  /**
   * What would come next, as the waves are now and as the file has them.
   * @param {Alternative[]} now
   * @param {Alternative[] | null} before Null where nothing is bent.
   */
  showNext(now, before) {
    const note = before ? "Bars: the model as it is bent. Marks: as in the file." : "What would come next, before temperature and the other settings.";
    this.#show("Next token", note, now, before, null);
  }

  /**
   * @param {string} title
   * @param {string} note
   * @param {Alternative[]} rows
   * @param {Alternative[] | null} before
   * @param {string | null} chosen
   */
  #show(title, note, rows, before, chosen) {
    writeQuoting(this.#title, title);
    this.#note.textContent = note;
    this.#rows.forEach(({ element, name, bar, before: mark, value }, i) => {
      const row = rows[i];
      element.classList.toggle("bar-empty", !row);
      element.classList.toggle("bar-chosen", row !== undefined && row.text === chosen);
      name.textContent = row ? visible(row.text) : "";
      value.textContent = row ? percent(row.probability) : "";
      bar.style.transform = `scaleX(${row?.probability.toFixed(4) ?? 0})`;
      const old = row && before?.find((other) => other.text === row.text);
      mark.hidden = !old;
      if (old) mark.style.left = `${(old.probability * 100).toFixed(2)}%`;
    });
  }
}
