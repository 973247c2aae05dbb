// A "?" beside a term: what it means, in the glossary's words, without leaving the place.

import { h } from "./dom.js";
import { TERMS } from "./glossary.js";

/** Pixels to its button, and to the window's edge. */
const GAP = 6;

/**
 * A link rather than a button: in a form that waits for a training it can still be pressed.
 * @param {...string} names  terms of the glossary that are met together: one "?" explains them all @returns {HTMLElement}
 */
export function ask(...names) {
  const terms = names.map((name) => {
    const term = TERMS.find((entry) => entry.name === name);
    if (!term) throw new Error(`The glossary has no "${name}".`);
    return term;
  });
  /** @type {HTMLElement | null} */ let card = null;
  const press = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (card) return card.hidePopover();
    card = show(mark, terms, () => {
      card = null;
      mark.setAttribute("aria-expanded", "false");
    });
    mark.setAttribute("aria-expanded", "true");
  };
  const words = names.map((name) => name.toLowerCase());
  const mark = h("a", {
    href: "#story/words", role: "button", class: "ask", "aria-expanded": "false", translate: "no",
    "aria-label": `What is meant by ${words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : words[0]}?`,
    onclick: press, onkeydown: (/** @type {KeyboardEvent} */ event) => { if (event.key === " ") press(event); },
  }, h("span", null, "?"));
  return mark;
}

/**
 * The browser closes it by itself: at Escape, and at a press elsewhere.
 * @param {HTMLElement} mark @param {readonly import("./glossary.js").Term[]} terms @param {() => void} closed
 */
function show(mark, terms, closed) {
  const all = h("a", { href: "#story/words", "data-to": "story", "data-view": "words", onclick: () => card.hidePopover() }, "All words");
  const card = h("div", { class: "ask-card", role: "note", popover: "auto" }, terms.map(({ name, words, link }, i) => [h("strong", null, name), h("p", null, words),
    h("p", null, h("a", { href: link, target: "_blank", rel: "noopener", "aria-label": `Read on about ${name.toLowerCase()}` }, "Read on"), i === terms.length - 1 && " · ", i === terms.length - 1 && all)]).flat());
  card.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === "open") return;
    card.remove();
    closed();
  });
  // After its mark for the keyboard, above everything for the eye.
  mark.after(card);
  card.showPopover();
  const [at, { width, height }] = [mark.getBoundingClientRect(), card.getBoundingClientRect()];
  const below = at.bottom + GAP + height <= innerHeight;
  card.style.left = `${Math.max(GAP, Math.min(at.left, document.documentElement.clientWidth - width - GAP))}px`;
  card.style.top = `${below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height)}px`;
  return card;
}
