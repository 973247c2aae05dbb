// The guided tour: a card that says one thing at a time and does it on the live page. It is in nobody's way: the page
// stays usable, every step has an address (#tour-1 to #tour-6), and the card never covers what it speaks of: it stands in
// the corner that leaves it free, and folds to a line or two where there is no such corner.

import { h } from "../page/dom.js";
import { focusFirst } from "../page/focus.js";
import { STEPS } from "./steps.js";

/** @typedef {import("../page/app.js").App} App */

/** @param {App} app */
export function mountTour(app) {
  const tour = new Tour(app);
  const follow = () => {
    const step = stepIn(location.hash);
    if (step !== null) tour.open(step);
    else tour.close();
  };
  addEventListener("hashchange", follow);
  follow();
}

/** Which step an address asks for, from 0; null where it asks for none. @param {string} hash */
export function stepIn(hash) {
  const found = /^#tour(?:-(\d+))?$/.exec(hash);
  return found ? Math.max(0, Math.min(STEPS.length - 1, Number(found[1] ?? 1) - 1)) : null;
}

/**
 * Where the card may stand, and how what is spoken of is brought into view for it, the likeliest first: with as little moved as
 * can be. Across a narrow screen left and right are the same, and the card stays at the bottom, within a thumb's reach.
 * @type {Record<"wide" | "narrow", readonly [corner: string, block: ScrollLogicalPosition][]>}
 */
const PLACES = {
  wide: [["bottom right", "nearest"], ["bottom left", "nearest"], ["top right", "nearest"], ["top left", "nearest"], ["bottom right", "start"], ["top right", "end"]],
  narrow: [["bottom right", "nearest"], ["bottom right", "start"], ["top right", "nearest"], ["top right", "end"]],
};
/** Pixels between what is spoken of and the card. */
const APART = 8;

class Tour {
  #app;
  #step = 0;
  /** What is under way ends when its step is left. */ #under = new AbortController();
  /** @type {Element | null} */ #ringed = null;
  /** @type {HTMLElement | null} */ #before = null;
  #title = h("h2", { id: "tour-title", tabindex: "-1" });
  #words = h("div", { class: "tour-words" });
  #said = h("p", { class: "tour-said", role: "status" });
  #act = h("button", { type: "button", onclick: () => this.#do() });
  /** The person wants to read, whatever the card lies over. */ #reading = false;
  #more = h("button", { type: "button", class: "quiet", onclick: () => {
    this.#reading = true;
    this.#fold(false);
    this.#title.focus({ preventScroll: true });
  } }, "Read the words");
  #back = h("button", { type: "button", onclick: () => this.open(this.#step - 1) }, "Back");
  #next = h("button", { type: "button", class: "primary", onclick: () => (this.#step + 1 < STEPS.length ? this.open(this.#step + 1) : this.close()) });
  #dots = STEPS.map(({ title }, i) => h("a", { href: `#tour-${i + 1}`, class: "tour-dot", title, "aria-label": `Step ${i + 1}: ${title}` }, i + 1));
  #card = h("section", { class: "tour", role: "dialog", "aria-labelledby": "tour-title", hidden: true },
    h("header", { class: "tour-head" }, h("nav", { class: "tour-dots", "aria-label": "Steps of the tour" }, this.#dots),
      h("button", { type: "button", class: "quiet small", onclick: () => this.close() }, "Leave the tour")),
    this.#title, this.#words, this.#said,
    h("footer", { class: "tour-foot" }, this.#back, this.#act, this.#more, this.#next));

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    document.body.append(this.#card);
    this.#card.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
  }

  /** @param {number} index */
  open(index) {
    this.#leaveStep();
    if (this.#card.hidden) this.#before = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    this.#step = index;
    const step = STEPS[index];
    this.#card.hidden = false;
    this.#title.textContent = step.title;
    this.#words.replaceChildren(...step.words.map((words) => h("p", null, emphasised(words))));
    this.#act.textContent = step.action;
    this.#act.disabled = false;
    this.#said.textContent = "";
    this.#back.hidden = index === 0;
    this.#next.textContent = index + 1 < STEPS.length ? "Next" : "Done";
    this.#next.title = STEPS[index + 1]?.title ?? "";
    this.#reading = false;
    this.#fold(false);
    this.#dots.forEach((dot, i) => (i === index ? dot.setAttribute("aria-current", "step") : dot.removeAttribute("aria-current")));
    history.replaceState(history.state, "", `#tour-${index + 1}`);
    step.go(this.#app);
    this.#ring(step.target, this.#under.signal);
    this.#title.focus({ preventScroll: true });
  }

  close() {
    if (this.#card.hidden) return;
    this.#leaveStep();
    this.#card.hidden = true;
    // Whoever went elsewhere has an address already.
    if (stepIn(location.hash) !== null) {
      history.replaceState(history.state, "", location.pathname + location.search);
      this.#app.address.takeBack();
    }
    // Where it began may be out of sight now.
    focusFirst(this.#before);
  }

  #leaveStep() {
    this.#under.abort();
    this.#under = new AbortController();
    this.#ringed?.classList.remove("tour-ringed");
    this.#ringed = null;
  }

  /**
   * Marks what a step is about and brings it into view, once it is there: a link may be here before the model is.
   * @param {string} target @param {AbortSignal} signal  the step is left
   */
  #ring(target, signal) {
    if (signal.aborted) return;
    const found = [...document.querySelectorAll(target)].find((element) => element.getClientRects().length > 0);
    if (!found) return requestAnimationFrame(() => this.#ring(target, signal));
    this.#ringed = found;
    found.classList.add("tour-ringed");
    this.#clear();
    // What is laid out meanwhile moves it away again, until the person moves the page.
    const layout = new ResizeObserver(() => this.#clear());
    for (const element of [document.body, found, this.#card]) layout.observe(element);
    const rest = () => layout.disconnect();
    signal.addEventListener("abort", rest);
    for (const moved of ["wheel", "touchmove", "pointerdown", "keydown"]) {
      addEventListener(moved, ({ target }) => { if (!(target instanceof Node && this.#card.contains(target))) rest(); }, { signal, passive: true });
    }
    // A keyboard on the screen, or a bar of the browser, changes the height alone, and moves nothing.
    let width = innerWidth;
    addEventListener("resize", () => {
      if (innerWidth !== width) this.#clear();
      width = innerWidth;
    }, { signal });
  }

  /** Has what the step is about in sight, and the card beside it. */
  #clear() {
    const ringed = this.#ringed;
    if (!ringed) return;
    const places = PLACES[this.#isAcross ? "narrow" : "wide"];
    for (const [corner, block] of places) {
      this.#card.dataset.corner = corner;
      ringed.scrollIntoView({ block, behavior: "instant" });
      if (this.#isFree(ringed)) return;
    }
    [[this.#card.dataset.corner]] = places;
    ringed.scrollIntoView({ block: "start", behavior: "instant" });
    if (this.#folded || this.#reading) return;
    this.#fold(true);
    this.#clear();
  }

  /** Whether all of it is in view, and nothing lies over it. @param {Element} ringed */
  #isFree(ringed) {
    const [card, ring] = [this.#card, ringed].map((element) => element.getBoundingClientRect());
    const bar = /** @type {HTMLElement} */ (document.querySelector(".places")).getBoundingClientRect();
    const bottom = bar.top > innerHeight / 2 ? bar.top : innerHeight;
    if (ring.top < 0 || ring.bottom > bottom) return false;
    return ring.top >= card.bottom + APART || ring.bottom <= card.top - APART || ring.left >= card.right + APART || ring.right <= card.left - APART;
  }

  /** Whether the card lies across the whole screen. */
  get #isAcross() {
    return this.#card.offsetWidth > 0.6 * innerWidth;
  }

  get #folded() {
    return this.#card.classList.contains("tour-folded");
  }

  /** Keeps of the card what can be pressed, and what was to be seen. @param {boolean} folded */
  #fold(folded) {
    this.#card.classList.toggle("tour-folded", folded);
    this.#more.hidden = !folded;
  }

  async #do() {
    const { signal } = this.#under;
    const step = STEPS[this.#step];
    const had = document.activeElement === this.#act;
    this.#act.disabled = true;
    this.#said.textContent = "";
    // Where it lies across the whole screen, what happens needs the room more than the words do.
    if (this.#isAcross) this.#fold(true);
    try {
      const said = await step.act(this.#app, signal);
      if (!signal.aborted) this.#said.textContent = said;
    } catch (error) {
      if (!signal.aborted) this.#said.textContent = error instanceof Error ? error.message : String(error);
    } finally {
      if (!signal.aborted) {
        this.#act.disabled = false;
        // A button that is switched off lets go of the focus.
        if (had && document.activeElement === document.body) this.#act.focus({ preventScroll: true });
      }
    }
  }
}

/** Words between asterisks are those that are explained. @param {string} words */
const emphasised = (words) => words.split("*").map((part, i) => (i % 2 ? h("strong", null, part) : part));
