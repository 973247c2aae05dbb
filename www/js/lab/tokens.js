// The text that is looked at, token by token: each can be pointed at, or walked to with the arrow keys, and
// carries the view's weight for it as a shade and a bar under it.

import { h, VERBATIM, writeQuoting } from "../page/dom.js";
import { visible } from "../page/signs.js";
import { spoken } from "../page/token-view.js";
import { tokenBeside } from "../page/token-walk.js";

/**
 * @typedef {object} Weights
 * @property {ArrayLike<number>} shares 0 to 1, a token each; below 0 for the opposite.
 * @property {(token: number) => string} say What one token's weight is, in words.
 */

export class TokenStrip {
  #lab;
  /** @type {HTMLElement[]} */ #spans = [];
  #text = "";
  /** @type {readonly string[]} */ #tokens = [];
  /** @type {Weights | null} */ #weights = null;
  #words = h("p", { class: "lab-token-words", role: "status" });
  #list = h("div", { ...VERBATIM, class: "lab-tokens", tabindex: "0", role: "group", "aria-label": "The text, token by token. Arrow keys go from token to token." });

  /** @param {Pick<import("./shared.js").Lab, "token" | "point">} lab  which token is chosen */
  constructor(lab) {
    this.#lab = lab;
    this.element = h("div", { class: "lab-strip" }, this.#list, this.#words);
    const at = (/** @type {EventTarget | null} */ target) => Number((target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest("[data-token]")) : null)?.dataset.token ?? -1);
    this.#list.addEventListener("pointerover", (event) => { if (at(event.target) >= 0) lab.point(at(event.target)); });
    this.#list.addEventListener("click", (event) => { if (at(event.target) >= 0) lab.point(at(event.target)); });
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** @param {readonly string[]} tokens @param {Weights | null} weights */
  show(tokens, weights) {
    const text = tokens.join("\u0000");
    if (text !== this.#text) {
      this.#text = text;
      this.#tokens = tokens;
      this.#spans = tokens.map((token, i) => h("span", { class: "lab-token", "data-token": i }, token === "\n" ? "⏎\n" : token));
      this.#list.replaceChildren(...this.#spans);
      // The newest is what the views show, as long as nobody has chosen another one.
      if (this.#lab.token < 0) this.#list.scrollTop = this.#list.scrollHeight;
    }
    this.#weights = weights;
    this.#spans.forEach((span, i) => {
      const share = Math.max(-1, Math.min(1, weights?.shares[i] ?? 0));
      span.style.setProperty("--share", Math.abs(share).toFixed(3));
      span.classList.toggle("lab-token-against", share < 0);
    });
    this.point();
  }

  /** Marks the chosen token. */
  point() {
    const { token } = this.#lab;
    this.#spans.forEach((span, i) => span.classList.toggle("lab-token-chosen", i === token));
    const chosen = this.#spans[token];
    writeQuoting(this.#words, chosen ? `Token ${token + 1}, ${spoken(this.#tokens[token])}${this.#weights ? `: ${this.#weights.say(token)}` : "."}` : "Point at a token, or walk through the text with the arrow keys.");
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const last = this.#spans.length - 1;
    const from = this.#lab.token;
    const beside = (/** @type {-1 | 1} */ side) => (from < 0 ? (side < 0 ? last : 0) : tokenBeside(this.#spans, this.#tokens, from, side));
    const to = { ArrowLeft: () => beside(-1), ArrowRight: () => beside(1), Home: () => 0, End: () => last, Escape: () => -1 }[event.key];
    if (to === undefined || last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#lab.point(event.key === "Escape" ? -1 : Math.max(0, Math.min(last, to())));
    this.#spans[this.#lab.token]?.scrollIntoView({ block: "nearest" });
  }
}

/** A token in a table or on an axis. @param {string} token */
export const shortToken = (token) => visible(token);
