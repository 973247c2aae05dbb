// Building pieces of the page without a framework.

import { quotedParts } from "./signs.js";

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, unknown>} Attributes
 */

/**
 * Makes an element. An attribute that starts with "on" is an event listener; `true` sets a bare
 * attribute, `false`, `null` and `undefined` leave it out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes | null} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on") && typeof value === "function") {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of children.flat()) {
    if (child === false || child === null || child === undefined) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** Sets a text that is not there already: even the same text again would have the page laid out anew. @param {Element} element @param {string} text */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The same for a sentence that quotes tokens: those are no words of the page, which a browser may translate. @param {Element} element @param {string} sentence */
export function writeQuoting(element, sentence) {
  if (element.textContent === sentence) return;
  element.replaceChildren(...quotedParts(sentence).map((part, i) => (i % 2 === 1 ? h("bdi", { translate: "no" }, part) : part)).filter((part) => part !== ""));
}

/** For what a model or a person wrote: it runs its own way, and no translation changes it. */
export const VERBATIM = { dir: "auto", translate: "no" };

let lastId = 0;
/** @param {string} stem @returns {string} An id that nothing else on the page has. */
export const uniqueId = (stem) => `${stem}-${++lastId}`;

/** What the next frame has to draw. @type {Set<() => void>} */ const frame = new Set();

function drawFrame() {
  // A drawing that asks for another one, such as a panel for its charts, has it in the same frame.
  for (const draw of frame) {
    frame.delete(draw);
    try {
      draw();
    } catch (error) {
      reportError(error);
    }
  }
}

/**
 * Runs `draw` once in the next frame, however often it is asked for before then.
 * @param {() => void} draw
 * @returns {() => void}
 */
export function oncePerFrame(draw) {
  return () => {
    if (frame.size === 0) requestAnimationFrame(drawFrame);
    frame.add(draw);
  };
}

/**
 * Runs `work` at most once in so many milliseconds, the last time after the last wish.
 * @param {number} interval @param {() => void} work
 * @returns {() => void}
 */
export function atMostEvery(interval, work) {
  let last = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
  const run = () => {
    timer = undefined;
    last = performance.now();
    work();
  };
  return () => {
    if (timer === undefined) timer = setTimeout(run, Math.max(0, last + interval - performance.now()));
  };
}

/**
 * Calls once, as soon as an element is looked at.
 * @param {HTMLElement} element @param {() => void} then
 */
export function whenSeen(element, then) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    then();
  });
  observer.observe(element);
}
