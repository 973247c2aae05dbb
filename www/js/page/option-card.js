// A choice of one among several, with a line about each.

import { h, uniqueId } from "./dom.js";

/**
 * A radio button as a card: its name and one line about it.
 * @param {HTMLInputElement} input @param {string} label @param {string | Node} about
 */
export function optionCard(input, label, about) {
  const id = uniqueId("about");
  input.setAttribute("aria-describedby", id);
  return h("label", { class: "train-option" }, input, h("span", { class: "train-option-name" }, label), h("span", { class: "train-option-about", id }, about));
}
