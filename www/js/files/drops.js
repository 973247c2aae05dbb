// What is dropped on the page, anywhere: files and folders, links and words from elsewhere. One place handles all of
// them, so that nothing is taken for something else and nothing leads away from the page.

import { h } from "../page/dom.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {FileSystemEntry & { createReader: () => { readEntries: (done: (entries: FileSystemEntry[]) => void, fail: (error: unknown) => void) => void } }} Folder
 */

/** Files of a folder that are looked at. */
const MOST_FILES = 100;
const DEEPEST = 2;
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
    if (carries === "files") takeFiles(app, event.dataTransfer, target);
    else takeWords(app, event.dataTransfer, target);
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

/** @param {App} app @param {DataTransfer} transfer @param {Element | null} target */
async function takeFiles(app, transfer, target) {
  // What a drop carries can be asked for only now; afterwards it is gone.
  const entries = [...transfer.items].map((item) => (item.kind === "file" ? item.webkitGetAsEntry?.() ?? null : null)).filter((entry) => entry !== null);
  const files = [...transfer.files];
  const folders = entries.filter(({ isDirectory }) => isDirectory);
  if (folders.length === 0) return app.files.take(files, target);
  const names = new Set(folders.map(({ name }) => name));
  try {
    const inside = (await Promise.all(folders.map((folder) => filesIn(/** @type {Folder} */ (folder), DEEPEST)))).flat();
    if (inside.length > MOST_FILES) throw new Error(`There are more than ${MOST_FILES} files in it. Drop the files themselves.`);
    await app.files.take([...files.filter(({ name }) => !names.has(name)), ...inside], target, true);
  } catch (error) {
    app.notify({ kind: "error", key: "files", title: `The folder ${folders[0].name} could not be opened.`, message: error instanceof Error ? error.message : "The browser does not let it be read. Drop the files in it themselves." });
  }
}

/** @param {Folder} folder @param {number} depth @returns {Promise<File[]>} */
async function filesIn(folder, depth) {
  const reader = folder.createReader();
  /** @type {File[]} */
  const files = [];
  // A reader gives a part at a time, and nothing at the end.
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0 || files.length > MOST_FILES) return files;
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      if (entry.isFile) files.push(await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject)));
      else if (depth > 1) files.push(...await filesIn(/** @type {Folder} */ (entry), depth - 1));
    }
  }
}

/** A link or words from elsewhere. @param {App} app @param {DataTransfer} transfer @param {Element | null} target */
function takeWords(app, transfer, target) {
  const link = transfer.getData("text/uri-list").split(/[\r\n]+/).find((line) => line !== "" && !line.startsWith("#"));
  const words = transfer.getData("text/plain");
  if (link) return takeLink(app, link);
  if (words.trim() === "") return app.notify({ kind: "error", key: "files", title: "There is nothing in what was dropped.", message: "Drop a file, or words." });
  const file = new File([words], "Dropped words", { type: "text/plain" });
  const near = target?.closest("[data-takes-files]") ?? null;
  if (near) return app.files.take([file], near);
  app.notify({
    kind: "info", key: "files", title: "Words were dropped.", message: "To have them continued, drop them into the prompt. They can also be the text that a model is trained on.",
    action: { label: "Train on them", run: () => app.files.take([file]) },
  });
}

/** @param {App} app @param {string} link */
function takeLink(app, link) {
  let url = null;
  try {
    url = new URL(link);
  } catch { /* It is said below that it is no link that can be opened. */ }
  if (url && url.origin === location.origin && url.pathname === location.pathname && url.hash !== "") {
    location.hash = url.hash;
    return;
  }
  app.notify({
    kind: "info", key: "files", title: "A link was dropped, and this page opens files.",
    message: `It fetches nothing from elsewhere by itself${url ? ` (the link leads to ${url.host || url.protocol})` : ""}. Open the link in another tab, download the file there, and drop the file here.`,
  });
}
