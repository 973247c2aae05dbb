// What stands in the page before the engine and the model are there; the build puts it into index.html (www/record.mjs).

/**
 * @typedef {object} Recorded
 * @property {import("../engine/protocol.js").ModelConfig} config The shipped model's.
 * @property {import("../engine/protocol.js").Head[]} heads Of its first layer.
 * @property {import("../waves/worth.js").Worths} worths What its heads are worth, as measured (models/heads.mjs).
 * @property {number} bytes Of the engine and the shipped model.
 * @property {string} text How the text goes on that it writes after an untouched page's prompt.
 */

/** @type {Recorded | null | undefined} */ let read;

/** @returns {Recorded | null} null where the page is not built */
export function recorded() {
  if (read === undefined) read = JSON.parse(document.getElementById("recorded")?.textContent || "null");
  return /** @type {Recorded | null} */ (read);
}
