// Stories: the front door. Three that take a minute each, every one live; a walk through the page; and experiments.

import { h } from "../page/dom.js";
import { placeIn } from "../page/places.js";
import { makeBreak } from "./break.js";
import { makeCheat } from "./cheat.js";
import { EXPERIMENTS } from "./experiments.js";
import { makeNames } from "./names.js";
import { makeWords } from "./words.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("./frame.js").Story} Story
 */

/** By their names in an address. @type {Readonly<Record<string, {title: string, about: string, make: (app: App) => Story}>>} */
export const STORIES = {
  cheat: { title: "Spot the cheat", about: "Two models learn Shakespeare side by side. One has the better figures, and cannot write a word. Which?", make: makeCheat },
  break: { title: "Break Shakespeare", about: "Bend the one wave that holds the text together, and read where the same seed goes another way.", make: makeBreak },
  names: { title: "Teach it names", about: "A model that knows nothing learns for a minute, and invents names of its own.", make: makeNames },
};

/** What else has an address here. @type {Readonly<Record<string, (app: App) => Story>>} */
const MAKERS = { ...Object.fromEntries(Object.entries(STORIES).map(([name, { make }]) => [name, make])), words: makeWords };

/** @param {HTMLElement} root @param {App} app */
export function mountStories(root, app) {
  const { state } = app;
  /** @type {Map<string, Story>} */ const made = new Map();
  const front = frontDoor();
  /** @type {Story | null} */ let shown = null;

  function show() {
    const name = state.get("place") === "story" ? state.get("story") : "";
    const story = Object.hasOwn(MAKERS, name) ? made.get(name) ?? MAKERS[name](app) : null;
    if (story) made.set(name, story);
    if (shown !== story) shown?.hide();
    // Behind another place nothing is laid out anew.
    if (state.get("place") === "story") {
      const element = story?.element ?? front;
      if (root.firstElementChild !== element) {
        const moved = root.contains(document.activeElement);
        root.replaceChildren(element);
        // From one story to the next, as from page to page.
        if (moved) {
          scrollTo({ top: 0, behavior: "instant" });
          queueMicrotask(() => element.querySelector("h2")?.focus({ preventScroll: true }));
        }
      }
    }
    shown = story;
    story?.show();
  }
  for (const key of /** @type {const} */ (["place", "story"])) state.on(key, show);
  show();
}

function frontDoor() {
  return h("div", { class: "stories" },
    h("header", { class: "panel-head" }, h("h2", { id: "story-title", tabindex: "-1" }, "Stories"), h("p", { class: "panel-hint" }, "A minute each. Everything in them is computed here, while you watch.")),
    h("ul", { class: "story-cards" }, Object.entries(STORIES).map(([name, { title, about }]) => h("li", null,
      h("a", { class: `story-card story-card-${name}`, href: `#story/${name}`, "data-to": "story", "data-view": name }, h("strong", null, title), h("span", null, about))))),
    h("p", { class: "story-tour" }, h("a", { href: "#tour" }, "How does it work?"), " A walk through the page in six steps. ", h("a", { href: "#story/words", "data-to": "story", "data-view": "words" }, "What do the words mean?"), " A glossary."),
    h("h3", null, "Ten experiments"),
    h("p", { class: "panel-hint" }, "Each is a question and a link to the place that answers it; where something has to be set for it, that opens in a new tab. Copy the links for a class, if you like."),
    h("ol", { class: "experiments" }, EXPERIMENTS.map(({ question, about, href }) => h("li", null, experiment(href, question), h("p", null, about)))));
}

/** A link with settings opens in a page of its own: what is set in this one stays. One to a place only leads there. @param {string} href @param {string} question */
function experiment(href, question) {
  const { place, view, settings } = placeIn(href);
  return h("a", settings || !place ? { href, target: "_blank", rel: "noopener" } : { href, "data-to": place, "data-view": view || null }, question);
}
