// The glossary as a list, with a field that narrows it.

import { h } from "../page/dom.js";
import { TERMS } from "../page/glossary.js";

/** @returns {import("./frame.js").Story} */
export function makeWords() {
  const entries = TERMS.map(({ name, words, link }) => ({
    text: `${name} ${words}`.toLowerCase(),
    element: h("div", null, h("dt", null, name), h("dd", null, `${words} `, h("a", { href: link, target: "_blank", rel: "noopener", "aria-label": `Read on about: ${name}` }, "Read on"))),
  }));
  const none = h("p", { class: "panel-hint", role: "status" });
  const field = h("input", { id: "word-search", type: "search", class: "text-input", oninput: () => {
    const wanted = field.value.trim().toLowerCase();
    for (const { text, element } of entries) element.hidden = !text.includes(wanted);
    none.textContent = entries.every(({ element }) => element.hidden) ? `No term has “${field.value.trim()}” in it.` : "";
  } });
  const element = h("div", { class: "stories" },
    h("p", { class: "story-way" }, h("a", { href: "#story", "data-to": "story" }, "Stories"), " / Words"),
    h("header", { class: "panel-head" }, h("h2", { id: "story-title", tabindex: "-1" }, "Words"), h("p", { class: "panel-hint" }, `${TERMS.length} terms of this page, in plain words.`)),
    h("div", { class: "word-search" }, h("label", { for: "word-search" }, "Find"), field), none,
    h("dl", { class: "glossary" }, entries.map(({ element }) => element)));
  return { element, show() {}, hide() {} };
}
