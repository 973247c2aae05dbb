// What is dropped on the page, anywhere: files and folders, links and words from elsewhere. One place handles all of
// them, so that nothing is taken for something else and nothing leads away from the page.

import { h } from "../page/dom.js";
import { orWhy } from "../page/why-not-loaded.js";

/** @typedef {import("../page/app.js").App} App */

/** Where a person writes: words that are dropped there are the browser's to insert. */
const FIELDS = "textarea, input:not([type]), input[type=text], input[type=search], input[type=url], input[type=number], [contenteditable]:not([contenteditable=false])";

/** @param {App} app */
export function acceptDrops(app) {
  const words = h("p", null);
  const veil = h("div", { class: "drop-veil", hidden: true, "aria-hidden": "true" }, words);
  document.body.append(veil);
  /** Whether what is being dragged comes from this page. */
  let own = false;
  /** The place for texts that would take it. @type {Element | null} */
  let place = null;
  const point = (/** @type {Element | null} */ to) => {
    if (to === place) return;
    place?.classList.remove("train-drop");
    place = to;
    place?.classList.add("train-drop");
  };
  document.addEventListener("dragstart", () => { own = true; });
  document.addEventListener("dragend", () => { own = false; });
  document.addEventListener("dragover", (event) => {
    const carries = kindOf(event);
    if (!isOurs(event, carries, own)) return;
    event.preventDefault();
    if (event.dataTransfer && carries === "files") event.dataTransfer.dropEffect = "copy";
    const near = carries === "files" && event.target instanceof Element ? event.target.closest("[data-takes-files]") : null;
    point(near);
    veil.hidden = near !== null;
    words.textContent = carries === "files" ? "Drop a model, a training or a text to open it" : "Drop it to see what can be done with it";
  });
  const clear = () => {
    veil.hidden = true;
    point(null);
  };
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) clear(); });
  document.addEventListener("drop", (event) => {
    clear();
    const carries = kindOf(event);
    const fromHere = own;
    own = false;
    if (!isOurs(event, carries, fromHere) || !event.dataTransfer) return;
    event.preventDefault();
    const target = event.target instanceof Element ? event.target : null;
    const { items, files } = event.dataTransfer;
    // What a drop carries can be asked for only now; afterwards it is gone.
    const dropped = {
      files: [...files],
      entries: [...items].map((item) => (item.kind === "file" ? item.webkitGetAsEntry?.() ?? null : null)).filter((entry) => entry !== null),
      links: event.dataTransfer.getData("text/uri-list"),
      words: event.dataTransfer.getData("text/plain"),
    };
    orWhy(import("./dropped.js"), import.meta.url)
      .then(({ takeFiles, takeWords }) => (carries === "files" ? takeFiles : takeWords)(app, dropped, target))
      .catch(({ message }) => app.notify({ kind: "error", key: "files", title: "What was dropped could not be opened.", message }));
  });
  // A file that was copied elsewhere, or a picture of the screen; words are the field's that they are pasted into.
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0 || event.clipboardData?.types.includes("text/plain") || event.defaultPrevented) return;
    event.preventDefault();
    app.files.take(files, event.target instanceof Element ? event.target : null);
  });
}

/** @param {DragEvent} event @returns {"files" | "words" | null} */
function kindOf({ dataTransfer }) {
  const types = dataTransfer?.types ?? [];
  if (types.includes("Files")) return "files";
  return types.includes("text/uri-list") || types.includes("text/plain") ? "words" : null;
}

/** Whether the page takes it, rather than the browser. @param {DragEvent} event @param {"files" | "words" | null} carries @param {boolean} own */
function isOurs({ target }, carries, own) {
  if (carries !== "words") return carries === "files";
  if (own || !(target instanceof Element)) return false;
  const field = target.closest(FIELDS);
  return !field || field.matches(":disabled, [readonly]");
}
