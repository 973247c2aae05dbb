// A "?" beside a term: what it means, in the glossary's words, without leaving the place.

import { h } from "./dom.js";
import { TERMS } from "./glossary.js";

/** Pixels to its button, and to the window's edge. */
const GAP = 6;

/** @param {string} name  a term of the glossary @returns {HTMLElement} */
export function ask(name) {
  const term = TERMS.find((entry) => entry.name === name);
  if (!term) throw new Error(`The glossary has no "${name}".`);
  /** @type {HTMLElement | null} */ let card = null;
  const button = h("button", { type: "button", class: "ask", "aria-label": `What is meant by ${name.toLowerCase()}?`, "aria-expanded": "false", onclick: () => {
    if (card) return card.hidePopover();
    card = show(button, term, () => {
      card = null;
      button.setAttribute("aria-expanded", "false");
    });
    button.setAttribute("aria-expanded", "true");
  } }, "?");
  return button;
}

/**
 * The browser closes it by itself: at Escape, and at a press elsewhere.
 * @param {HTMLElement} button @param {import("./glossary.js").Term} term @param {() => void} closed
 */
function show(button, { name, words, link }, closed) {
  const card = h("div", { class: "ask-card", role: "note", popover: "auto" }, h("strong", null, name), h("p", null, words),
    h("p", null, h("a", { href: link, target: "_blank", rel: "noopener" }, "Read on"), " · ",
      h("a", { href: "#story/words", "data-to": "story", "data-view": "words", onclick: () => card.hidePopover() }, "All words")));
  card.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === "open") return;
    card.remove();
    closed();
  });
  // After its button for the keyboard, above everything for the eye.
  button.after(card);
  card.showPopover();
  const [at, { width, height }] = [button.getBoundingClientRect(), card.getBoundingClientRect()];
  const below = at.bottom + GAP + height <= innerHeight;
  card.style.left = `${Math.max(GAP, Math.min(at.left, document.documentElement.clientWidth - width - GAP))}px`;
  card.style.top = `${below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height)}px`;
  return card;
}
