// What the browser does not keep, as a file: trainings, texts and models that are gone with this tab.

import { download } from "../files/out.js";
import { writeZip } from "../files/zip.js";
import { KEPT_MODELS } from "../model/models.js";
import { OWN_TEXT } from "../text/data-sets.js";
import { fileStem } from "../train/words.js";
import { ENDING, writeRun } from "./file.js";
import { RunLibrary } from "./library.js";

const RUN = "runs/";
const MODEL = "model";
/** What a training or this list brings along, or other tabs alone need. */
const PARTS = ["run-", "lease/", RUN, OWN_TEXT, MODEL];

/**
 * @param {import("../keep/storage.js").Storage} storage
 * @returns {Promise<{name: string, bytes: Blob} | null>} null where there is nothing that would be lost
 */
export async function unkeptFile(storage) {
  const library = new RunLibrary(storage);
  /** @type {Map<string, Blob>} */
  const files = new Map();
  const add = (/** @type {string} */ stem, /** @type {string} */ ending, /** @type {Blob} */ bytes) => {
    let name = `${stem}${ending}`;
    for (let number = 2; files.has(name); number++) name = `${stem}-${number}${ending}`;
    files.set(name, bytes);
  };
  for (const card of await library.cards()) {
    if (!library.isStored(card)) add(fileStem(card.name), ENDING, await writeRun(await library.whole(card)));
  }
  const keys = storage.unkept();
  if (keys.includes(OWN_TEXT)) {
    const own = await storage.get(OWN_TEXT);
    if (own?.text) add("your-own-text", ".txt", new Blob([own.text]));
  }
  for (const key of keys.filter((key) => key === MODEL || key.startsWith(KEPT_MODELS))) {
    const model = await storage.get(key);
    if (model?.bytes) add(fileStem(model.name), ".safetensors", new Blob([model.bytes]));
  }
  const others = keys.filter((key) => !PARTS.some((part) => key.startsWith(part)));
  if (files.size === 0) return null;
  if (others.length > 0) {
    const values = await Promise.all(others.map(async (key) => [key, await storage.get(key)]));
    add("settings", ".json", new Blob([JSON.stringify(Object.fromEntries(values), null, 1)]));
  }
  const [[name, bytes]] = files;
  return files.size === 1 ? { name, bytes } : { name: "wave-field-not-kept.zip", bytes: await writeZip(Object.fromEntries(files)) };
}

/**
 * Gives the person what would be lost with this page.
 * @param {import("../keep/storage.js").Storage} storage @param {import("../page/app.js").App["notify"]} notify
 */
export async function downloadUnkept(storage, notify) {
  const file = await unkeptFile(storage);
  if (file) download(file.bytes, file.name);
  else notify({ kind: "info", key: "storage", title: "There is nothing yet that would be lost.", message: storage.reason });
}
