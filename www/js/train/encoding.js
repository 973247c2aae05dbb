// The question in which encoding a file is, with the same piece of it in each.

import { h, uniqueId, VERBATIM } from "../page/dom.js";
import { optionCard } from "../page/option-card.js";

/** The others stand behind a click. */
const LIKELY = 5;

/**
 * @param {string} name
 * @param {{ encoding: string, label: string, sample: string }[]} choices  the likeliest first
 * @param {(encoding: string) => void} onAnswer @param {() => void} onCancel
 * @returns {HTMLElement}
 */
export function encodingQuestion(name, choices, onAnswer, onCancel) {
  const group = uniqueId("encoding");
  const card = (/** @type {typeof choices[number]} */ { encoding, label, sample }, /** @type {number} */ i) =>
    optionCard(h("input", { type: "radio", name: group, value: encoding, checked: i === 0 }), label, sample ? h("bdi", VERBATIM, sample) : "(nothing to see)");
  const cards = choices.map(card);
  const element = h("fieldset", { class: "train-encoding" },
    h("legend", null, `How is "${name}" to be read?`),
    h("p", { class: "train-hint" }, "It is not in UTF-8, and does not say which older encoding it is in. This is the same piece of it in each: choose the one that reads right. The likeliest is first."),
    h("div", { class: "train-options" }, cards.slice(0, LIKELY)),
    cards.length > LIKELY && h("details", null, h("summary", null, "Other encodings"), h("div", { class: "train-options" }, cards.slice(LIKELY))),
    h("div", { class: "train-own-tools" },
      h("button", { type: "button", onclick: () => onAnswer(element.querySelector("input:checked")?.getAttribute("value") ?? choices[0].encoding) }, "Read it so"),
      h("button", { type: "button", onclick: onCancel }, "Do not read it")));
  return element;
}
