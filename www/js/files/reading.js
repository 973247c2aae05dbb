// Looks into files: what each is, what is in archives, and what was read of them.

import { intakeWorker } from "../text/intake-client.js";
import { readZip } from "./zip.js";

/** Files of an archive that are looked at. */
const MOST_IN_ARCHIVE = 100;
/** A checkpoint larger than this is not for a browser. */
export const LARGEST_MODEL = 512 * 2 ** 20;
/** A tokenizer or a configuration is never larger. */
export const LARGEST_JSON = 64 * 2 ** 20;

/** @param {File[]} files @returns {Promise<import("./plan.js").Known[]>} */
export const recognised = (files) => Promise.all(files.map(async (file) => ({ file, found: await intakeWorker.recognise(file) })));

/** With what is in archives in place of them, as far as they are not compressed: this page writes such ones. @param {File[]} files */
export async function unpacked(files) {
  const known = await recognised(files);
  const inside = await Promise.all(known.map(async ({ file, found }) => {
    if (found.kind !== "archive") return [file];
    try {
      const zip = await readZip(file);
      const names = zip.names.filter((name) => !name.endsWith("/"));
      if (names.length === 0 || names.length > MOST_IN_ARCHIVE) return [file];
      return await Promise.all(names.map(async (name) => new File([await zip.file(name)], name.split("/").pop() ?? name)));
    } catch {
      return [file]; // What is in it cannot be read here: it is refused as what it is.
    }
  }));
  return inside.flat();
}

/** @param {File} file */
export async function bytesOf(file) {
  try {
    return await file.arrayBuffer();
  } catch {
    throw new Error(`"${file.name}" could not be read: it has been moved, changed or closed since it was chosen. Choose it again.`);
  }
}

/** @param {File} file */
export async function textOf(file) {
  if (file.size > LARGEST_JSON) throw new Error(`"${file.name}" is ${Math.round(file.size / 2 ** 20)} MB, which no such file is; up to ${LARGEST_JSON / 2 ** 20} MB are read.`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await bytesOf(file));
  } catch (error) {
    if (error instanceof TypeError) throw new Error(`"${file.name}" is not in UTF-8. Save it again as UTF-8.`);
    throw error;
  }
}

/** @param {File} file */
export async function jsonOf(file) {
  try {
    return JSON.parse(await textOf(file));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error(`"${file.name}" is broken or cut short: it is no JSON (${error.message}).`);
    throw error;
  }
}
