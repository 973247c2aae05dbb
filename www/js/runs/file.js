// A training as one file, to keep elsewhere or to go on with on another machine: a ZIP that anyone can look into.
// run.json holds all that the page needs besides the checkpoints; the tables are for other programs. No DOM here.

import { LossHistory } from "../charts/series.js";
import { csv } from "../files/csv.js";
import { tableFile } from "../files/out.js";
import { readZip, writeZip } from "../files/zip.js";
import { LONGEST } from "../keep/limits.js";
import { ownText } from "../train/onward.js";
import { MAX_FILE_BYTES } from "../text/data-sets.js";
import { course as courseCheck, factsOnly, wrongInRun } from "./check.js";
import { lowestOf } from "./library.js";

/**
 * @typedef {import("./library.js").RunCard} RunCard
 * @typedef {import("./library.js").Curves} Curves
 * @typedef {{ card: RunCard, curves: Curves, bytes: Partial<Record<"last" | "best", Blob>>, text: string | null }} Kept
 */

export const ENDING = ".wavefield-run";
const FORMAT = "wavefield-run";
const VERSION = 1;
const LARGEST = { file: 2 * 2 ** 30, json: 64 * 2 ** 20, checkpoint: 512 * 2 ** 20 };
const CHECKPOINTS = /** @type {const} */ (["last", "best"]);

/** @param {Kept} run @returns {Promise<Blob>} */
export async function writeRun({ card, curves, bytes, text }) {
  const { name, state, choices, plan, last, best } = card;
  const { facts, history, course } = curves;
  const same = last && best && last.step === best.step;
  const told = {
    format: FORMAT, version: VERSION, name, createdAt: card.createdAt, savedAt: card.savedAt, state, choices, plan,
    checkpoints: {
      last: last && { step: last.step, file: "last.safetensors" },
      best: best && { step: best.step, file: same ? "last.safetensors" : "best.safetensors", loss: best.loss, evaluatedAt: best.evaluatedAt },
    },
    facts, history, course,
  };
  /** @type {Record<string, Blob>} */
  const files = { "run.json": new Blob([JSON.stringify(told, plainLists, 1)]) };
  if (bytes.last) files["last.safetensors"] = bytes.last;
  if (bytes.best && !same) files["best.safetensors"] = bytes.best;
  if (text !== null) files["text.txt"] = new Blob([text]);
  const { steps, losses } = LossHistory.from(history).points();
  files["losses.csv"] = table(["step", "loss"], steps.map((step, i) => [step, losses[i]]));
  files["evaluations.csv"] = table(["step", "loss", "perplexity", "accuracy"], facts.evaluations.map((e) => [e.step, e.loss, e.perplexity, e.accuracy]));
  return writeZip(files);
}

/** JSON knows no lists of a number type. @param {string} _ @param {unknown} value */
const plainLists = (_, value) => (value instanceof Float32Array ? Array.from(value) : value);

/** @param {string[]} head @param {number[][]} rows */
const table = (head, rows) => tableFile(csv({ head, rows }));

/**
 * Reads a training from a file; it comes as a new one, under another name.
 * @param {Blob} file @param {string} id
 * @returns {Promise<Kept>}
 * @throws {Error} with a message for the person
 */
export async function readRun(file, id) {
  if (file.size > LARGEST.file) throw new Error(`It is larger than ${LARGEST.file / 2 ** 30} GB, which no training is that this page wrote.`);
  const zip = await readZip(file);
  if (!zip.names.includes("run.json")) throw new Error(`It holds no "run.json", so it is not a training that this page wrote.`);
  const run = await readJson(await zip.file("run.json"));
  if (run?.format !== FORMAT) throw new Error(`Its "run.json" does not describe a training of this page.`);
  if (!Number.isInteger(run.version) || run.version < 1) throw new Error(`It does not say which version of the format it is in. This page reads version ${VERSION}.`);
  if (run.version > VERSION) throw new Error(`A newer version of this page wrote it (format ${run.version}; this page reads ${VERSION}). Reload this page to have its newest version, then open the file again.`);
  const wrong = wrongInRun(run);
  if (wrong) throw new Error(`In its "run.json", ${wrong} Download the training again, if you still have it.`);
  /** @type {Kept["bytes"]} */
  const bytes = {};
  for (const which of CHECKPOINTS) {
    const checkpoint = run.checkpoints[which];
    if (checkpoint) bytes[which] = await checkpointOf(zip, checkpoint.file);
  }
  const text = ownText(run.choices) && zip.names.includes("text.txt") ? await readText(await zip.file("text.txt")) : null;
  return { card: cardOf(run, id, bytes, text), curves: curvesOf(run), bytes, text };
}

/** @param {Blob} blob */
async function readJson(blob) {
  if (blob.size > LARGEST.json) throw new Error(`Its "run.json" is larger than ${LARGEST.json / 2 ** 20} MB, which no training's is.`);
  try {
    return JSON.parse(await blob.text());
  } catch {
    throw new Error(`Its "run.json" is not JSON.`);
  }
}

/** @param {Awaited<ReturnType<typeof readZip>>} zip @param {string} name @returns {Promise<Blob>} */
async function checkpointOf(zip, name) {
  const blob = await zip.file(name);
  if (blob.size > LARGEST.checkpoint) throw new Error(`"${name}" in it is larger than ${LARGEST.checkpoint / 2 ** 20} MB, which no training's is on this page.`);
  const head = new DataView(await blob.slice(0, 9).arrayBuffer());
  // A safetensors file begins with the length of its header, which is JSON.
  if (head.byteLength < 9 || Number(head.getBigUint64(0, true)) > blob.size - 8 || head.getUint8(8) !== "{".charCodeAt(0)) {
    throw new Error(`"${name}" in it is no model (safetensors).`);
  }
  return blob;
}

/** @param {Blob} blob */
async function readText(blob) {
  if (blob.size > MAX_FILE_BYTES) throw new Error(`Its text is larger than ${MAX_FILE_BYTES / 2 ** 20} MB, which is the most that fits here.`);
  try {
    // What the text begins with belongs to it: one character more or less would be another text.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await blob.arrayBuffer());
  } catch {
    throw new Error(`"text.txt" in it is not text in UTF-8.`);
  }
}

/** @param {any} run @param {string} id @param {Kept["bytes"]} bytes @param {string | null} text @returns {RunCard} */
function cardOf({ name, createdAt, savedAt, state, choices, plan, checkpoints, facts }, id, bytes, text) {
  const { last, best } = checkpoints;
  return {
    id, name: nameFromFile(name), createdAt, savedAt,
    state: state === "done" || state === "stopped" ? state : "interrupted",
    step: facts.step, lowest: lowestOf(facts.evaluations, null), choices, plan,
    last: last ? { step: last.step, size: bytes.last?.size ?? 0 } : null,
    best: best ? { step: best.step, size: bytes.best?.size ?? 0, loss: best.loss, evaluatedAt: best.evaluatedAt } : null,
    textSize: text === null ? 0 : new Blob([text]).size,
  };
}

/** However often it goes to and fro, its name stays one that is taken. @param {string} name */
function nameFromFile(name) {
  const mark = " (from a file)";
  return name.endsWith(mark) ? name : `${name.slice(0, LONGEST.name - 2 * mark.length)}${mark}`;
}

/** What was no number when it was measured. @param {number | null} value @param {number} instead */
const measured = (value, instead) => value ?? instead;

/** @param {any} run @returns {Curves} */
function curvesOf({ facts: told, history, course }) {
  const facts = factsOnly(told);
  facts.evaluations = facts.evaluations.map(({ step, loss, perplexity, accuracy }) =>
    ({ step, loss: measured(loss, NaN), perplexity: measured(perplexity, Infinity), accuracy: measured(accuracy, NaN) }));
  if (courseCheck(course, "course")) return { facts, history };
  const items = course.moments.items.map((/** @type {any} */ moment) => ({ ...moment, values: Float32Array.from(moment.values) }));
  return { facts, history, course: { ...course, moments: { ...course.moments, items } } };
}
