// What stands in the page before the engine and the model are there; the build puts it into index.html (www/record.mjs).

/**
 * @typedef {object} Recorded
 * @property {import("../engine/protocol.js").ModelConfig} config The shipped model's.
 * @property {import("../engine/protocol.js").Head[]} heads Of its first layer.
 * @property {import("../waves/worth.js").Worths} worths What its heads are worth, as measured (models/heads.mjs).
 * @property {number} bytes Of the engine and the shipped model.
 * @property {string} text How the text goes on that it writes after an untouched page's prompt.
 */

/** @returns {Recorded | null} null where the page is not built */
export function recorded() {
  const text = document.getElementById("recorded")?.textContent;
  return text ? JSON.parse(text) : null;
}
