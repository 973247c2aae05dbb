// Of which files a text is made, where it is made of several.

import { h, VERBATIM } from "../page/dom.js";
import { number } from "../text/data-sets.js";

/** @typedef {import("../text/intake.js").TextPart} TextPart */

/** @param {readonly TextPart[]} parts  in the order of the text @returns {HTMLElement[]} */
export const joinedList = (parts) => [
  h("p", { class: "train-hint" }, `${parts.length} files are one text, in the order of their names:`),
  h("ol", { class: "train-joined-list", tabindex: 0, role: "list", "aria-label": "The files of this text" },
    parts.map(({ name, characters }) => h("li", null, h("bdi", VERBATIM, name), h("span", null, `${number(characters)} characters`)))),
];

/** What was kept of it, if that makes sense. @param {unknown} parts @returns {TextPart[] | undefined} */
export function knownParts(parts) {
  if (!Array.isArray(parts) || parts.length < 2) return undefined;
  const known = parts.filter((part) => typeof part?.name === "string" && Number.isInteger(part.characters));
  return known.length === parts.length ? known.map(({ name, characters }) => ({ name, characters })) : undefined;
}
