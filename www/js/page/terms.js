// The "?" of the first view, which comes without them: each stands at the first place where its term is met.

import { ask } from "./ask.js";
import { h } from "./dom.js";

/** Behind what it stands, by the words in it where there are several such; and the terms. @type {readonly [string, string, ...string[]][]} */
const PLACES = [
  ["#generate .prompt-row .field-label", "Prompt", "Prompt"],
  ["#generate .display-hint", "", "Token"],
  ["#generate .settings .field-label", "Temperature", "Temperature"],
  ["#generate .settings .field-label", "Seed", "Seed"],
  ["#generate .settings .field-label", "Top-p", "Top-k and top-p"],
  ["#waves-title", "", "Wave", "Frequency", "Damping", "Phase"],
  ["#waves .panel-hint", "", "Loss", "Nat"],
  [".model-title .badge", "", "Leak"],
];
/** What it stands in a row with, and what it is the last word of; it stands after all others. */
const ROW = ".field-label, .panel-hint";
const SENTENCE = ".display-hint";

export function placeTerms() {
  /** @type {HTMLElement | null} */ let narrow = null;
  for (const [selector, words, ...terms] of PLACES) {
    const element = [...document.querySelectorAll(selector)].find(({ textContent }) => words === "" || textContent === words);
    if (!element) continue;
    const mark = ask(...terms);
    if (element.matches(SENTENCE)) element.append(" ", mark);
    else if (element.matches(ROW)) {
      const row = h("span", { class: "asked" });
      element.replaceWith(row);
      row.append(element, mark);
    } else element.after(mark);
    // On a phone the waves have no title to stand beside: then it stands where they are explained.
    if (selector === "#waves-title") narrow = ask(...terms);
  }
  narrow?.classList.add("ask-narrow");
  document.querySelector("#waves .asked")?.append(narrow ?? "");
}
