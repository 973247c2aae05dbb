// A "?" beside a term: what it means, in the glossary's words, without leaving the place.

import { h } from "./dom.js";
import { TERMS } from "./glossary.js";

/** @type {HTMLElement | null} */ let open = null;

/** @param {string} name  a term of the glossary @returns {HTMLElement} */
export function ask(name) {
  const term = TERMS.find((entry) => entry.name === name);
  if (!term) throw new Error(`The glossary has no "${name}".`);
  const button = h("button", { type: "button", class: "ask", "aria-label": `What is meant by ${name.toLowerCase()}?`, "aria-expanded": "false", onclick: () => {
    const mine = button.getAttribute("aria-expanded") === "true";
    close();
    if (!mine) show(button, term);
  } }, "?");
  return button;
}

function close() {
  open?.dispatchEvent(new Event("close"));
}

/** @param {HTMLElement} button @param {import("./glossary.js").Term} term */
function show(button, { name, words, link }) {
  const over = new AbortController();
  const { signal } = over;
  const card = h("div", { class: "ask-card", role: "note" }, h("strong", null, name), h("p", null, words),
    h("p", null, h("a", { href: link, target: "_blank", rel: "noopener" }, "Read on"), " · ", h("a", { href: "#story/words", "data-to": "story", "data-view": "words", onclick: close }, "All words")));
  button.setAttribute("aria-expanded", "true");
  button.after(card);
  open = card;
  // Beside its button, and never out of sight.
  const { left, width } = card.getBoundingClientRect();
  card.style.setProperty("--shift", `${Math.min(0, document.documentElement.clientWidth - 8 - left - width)}px`);
  card.addEventListener("close", () => {
    over.abort();
    card.remove();
    open = null;
    button.setAttribute("aria-expanded", "false");
  }, { once: true });
  addEventListener("pointerdown", ({ target }) => { if (!(target instanceof Node && (card.contains(target) || button.contains(target)))) close(); }, { signal });
  addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    close();
    button.focus();
  }, { signal });
}
