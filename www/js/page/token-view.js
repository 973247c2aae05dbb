// The written text: every token can be pointed at or walked to with the arrow keys, and its shade
// says how surprised the model was by it.

import { h, oncePerFrame, VERBATIM } from "./dom.js";
import { visible } from "./signs.js";
import { tokenBeside } from "./token-walk.js";

/**
 * @typedef {import("../engine/protocol.js").GeneratedToken} GeneratedToken
 * @typedef {(token: GeneratedToken | null, byKeyboard: boolean) => void} Inspect
 */

/** Tokens kept on the page; older ones stay as plain text. */
const MOST_TOKENS = 4000;

export class TokenView {
  /** @type {GeneratedToken[]} */ tokens = [];
  /** @type {HTMLSpanElement[]} */ #spans = [];
  /** Where the text begins. */ prompt = "";
  /** Whether it ended at a text that stops it. */ stopped = false;
  #current = -1;
  #inspect;
  #text = h("div", { ...VERBATIM, class: "token-text" });
  /** The token at which another text parts from this one. */ #fork = -1;
  /** Whether the last token was written under bent waves. @type {boolean | null} */ #bent = null;
  /** Whether the reader is at the end, and so wants to stay there. */ #atEnd = true;

  /**
   * @param {string} label
   * @param {Inspect} inspect
   */
  constructor(label, inspect) {
    this.#inspect = inspect;
    this.caption = h("p", { class: "display-caption" });
    this.scroller = h("div", {
      class: "display", tabindex: "0", role: "group", "aria-label": `${label}. Arrow keys go from token to token.`,
    }, this.#text);
    this.element = h("div", { class: "display-frame" }, this.caption, this.scroller);
    this.scroller.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.scroller;
      this.#atEnd = scrollHeight - scrollTop - clientHeight < 48;
    }, { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.#onKey(event));
    this.scroller.addEventListener("focusout", () => this.#select(-1, true));
    this.#text.addEventListener("pointerover", (event) => this.#point(event.target));
    this.#text.addEventListener("click", (event) => this.#point(event.target));
    this.scroller.addEventListener("pointerleave", () => this.#select(-1, false));
  }

  /** Everything that stands in the view. */
  get text() {
    return this.prompt + this.tokens.map((token) => token.text).join("");
  }

  /**
   * Shows a text of an earlier time until there is another; none of its tokens can be pointed at.
   * @param {string} prompt @param {string} text @param {string} words  what it is
   */
  showRecorded(prompt, text, words) {
    this.#text.replaceChildren(h("span", { class: "token-prompt" }, prompt), text, h("div", { class: "recorded", translate: "yes" }, words));
  }

  /** Empties the view. @param {string} prompt Shown first, set apart. */
  clear(prompt) {
    this.tokens = [];
    this.#spans = [];
    this.prompt = prompt;
    this.stopped = false;
    this.#current = -1;
    this.#fork = -1;
    this.#bent = null;
    this.#text.replaceChildren(h("span", { class: "token-prompt" }, prompt));
    this.#atEnd = true;
    this.scroller.scrollTop = 0;
  }

  /** @param {GeneratedToken[]} batch @param {boolean} [bent]  whether under bent waves: where that changes is marked */
  append(batch, bent = false) {
    const piece = document.createDocumentFragment();
    for (const token of batch) {
      const span = h("span", { class: "token", "data-token": this.tokens.length }, token.text);
      span.style.setProperty("--surprise", surprise(token).toFixed(2));
      if (bent === !this.#bent && this.#bent !== null) span.classList.add(bent ? "token-bent" : "token-back");
      this.#bent = bent;
      this.tokens.push(token);
      this.#spans.push(span);
      piece.append(span);
    }
    this.#text.append(piece);
    this.#shed();
    if (this.#atEnd) this.#toEnd();
  }

  #toEnd = oncePerFrame(() => {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  });

  /** Marks where this text begins to differ from another. @param {number} index -1 for nowhere. */
  markFork(index) {
    if (index === this.#fork) return;
    this.#spans[this.#fork]?.classList.remove("token-fork");
    this.#spans[index]?.classList.add("token-fork");
    this.#fork = index;
  }

  /** Old tokens give up their element, so that a long run does not slow the page down. */
  #shed() {
    const excess = this.#text.childElementCount - MOST_TOKENS;
    if (excess < 200) return;
    let plain = "";
    for (let i = 0; i < excess; i++) {
      plain += this.#text.firstElementChild?.textContent ?? "";
      this.#text.firstElementChild?.remove();
    }
    this.#text.prepend(h("span", { class: "token-shed" }, plain));
  }

  /** @param {EventTarget | null} target */
  #point(target) {
    // A page that is translated has elements of the browser's own in between.
    const token = target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest("[data-token]")) : null;
    this.#select(Number(token?.dataset.token ?? -1), false);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const last = this.tokens.length - 1;
    const from = this.#current < 0 ? last + 1 : this.#current;
    const beside = (/** @type {-1 | 1} */ side) => tokenBeside(this.#spans, this.tokens.map(({ text }) => text), from, side, this.prompt);
    const to = { ArrowLeft: () => beside(-1), ArrowRight: () => beside(1), Home: () => 0, End: () => last, ArrowUp: () => this.#lineAway(from, -1), ArrowDown: () => this.#lineAway(from, 1) }[event.key];
    if (event.key === "Escape") this.#select(-1, true);
    if (to === undefined || last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#select(Math.max(0, Math.min(last, to())), true);
    this.#spans[this.#current]?.scrollIntoView({ block: "nearest" });
  }

  /** The token above or below one. @param {number} index @param {1 | -1} direction */
  #lineAway(index, direction) {
    const start = this.#spans[Math.min(index, this.#spans.length - 1)]?.getBoundingClientRect();
    if (!start) return index;
    /** @type {number | null} */ let line = null;
    let best = index;
    let distance = Infinity;
    for (let i = index + direction; i >= 0 && i < this.#spans.length; i += direction) {
      const box = this.#spans[i].getBoundingClientRect();
      if (Math.abs(box.top - start.top) < 4) continue;
      if (line === null) line = box.top;
      if (Math.abs(box.top - line) > 4) break;
      if (Math.abs(box.left - start.left) < distance) {
        distance = Math.abs(box.left - start.left);
        best = i;
      }
    }
    return best;
  }

  /** @param {number} index @param {boolean} byKeyboard */
  #select(index, byKeyboard) {
    if (index === this.#current) return;
    this.#spans[this.#current]?.classList.remove("token-current");
    this.#spans[index]?.classList.add("token-current");
    this.#current = index;
    this.#inspect(this.tokens[index] ?? null, byKeyboard);
  }
}

/** 0 for a token that was certain, 1 for one that was all but ruled out. @param {GeneratedToken} token */
export const surprise = (token) => (1 - token.probability) ** 1.4;

/** A probability in words for a person. @param {number} probability */
export function percent(probability) {
  if (probability >= 0.9995) return "100 %";
  if (probability >= 0.1) return `${Math.round(probability * 100)} %`;
  if (probability >= 0.0005) return `${(probability * 100).toFixed(1)} %`;
  return "< 0.1 %";
}

/** A token by name, for speech: a space says "space". @param {string} text */
export function spoken(text) {
  const names = { " ": "space", "\n": "new line", "\t": "tab", "": "nothing" };
  return names[/** @type {keyof typeof names} */ (text)] ?? visible(text);
}
