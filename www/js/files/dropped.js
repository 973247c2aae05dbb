// What comes of a drop: files and folders are opened, words and links are asked about.

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {FileSystemEntry & { createReader: () => { readEntries: (done: (entries: FileSystemEntry[]) => void, fail: (error: unknown) => void) => void } }} Folder
 *
 * @typedef {object} Dropped  what a drop carries, which can be asked for only while it happens
 * @property {File[]} files
 * @property {FileSystemEntry[]} entries
 * @property {string} links
 * @property {string} words
 */

/** Files of a folder that are looked at. */
const MOST_FILES = 100;
const DEEPEST = 2;

/** @param {App} app @param {Dropped} dropped @param {Element | null} target */
export async function takeFiles(app, { files, entries }, target) {
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

/** A link or words from elsewhere. @param {App} app @param {Dropped} dropped @param {Element | null} target */
export function takeWords(app, { links, words }, target) {
  const link = links.split(/[\r\n]+/).find((line) => line !== "" && !line.startsWith("#"));
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
