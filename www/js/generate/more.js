// What the first view does without until there is time: the "?" at its terms, and prompts from files.

import { placeTerms } from "../page/terms.js";
import { number } from "../text/data-sets.js";
import { UnknownEncoding, takeFiles } from "../text/intake.js";

/** @typedef {import("../page/app.js").App} App */

/** Characters of a prompt that comes from a file: more than any context here holds, and a link still carries them. */
const LONGEST = 8000;

/** @param {App} app */
export function mountMore(app) {
  placeTerms();
  const row = document.querySelector("#generate .prompt-row");
  if (row) app.files.takeTexts(row, (files) => takePrompt(app, files), false);
}

/** Texts that were dropped on the prompt are the prompt. @param {App} app @param {File[]} files */
async function takePrompt({ state, notify }, files) {
  const key = "prompt-file";
  try {
    const { name, pieces, summary } = await takeFiles(files, new Map());
    const { text, whole } = endOf(pieces.join("").replace(/\n+$/, ""));
    const before = state.get("prompt");
    state.set("prompt", text);
    notify({
      kind: "info", key, title: `${name} is the prompt now.`,
      message: whole ? "Write goes on from it." : `Write goes on from its end: the last ${number(LONGEST)} of its ${number(summary.characters)} characters stand in the prompt.`,
      action: { label: "Put the other one back", run: () => state.set("prompt", before) },
    });
  } catch (error) {
    const message = error instanceof UnknownEncoding ? `It is not in UTF-8, and does not say which older encoding it is in. Save it as UTF-8, or open it under Train, which asks.` : error instanceof Error ? error.message : String(error);
    notify({ kind: "error", key, title: `${files.length === 1 ? files[0].name : "The files"} did not become the prompt.`, message });
  }
}

/** The last characters of a text, none of them cut in two. @param {string} text */
function endOf(text) {
  if (text.length <= LONGEST) return { text, whole: true };
  return { text: text.slice(-LONGEST).replace(/^[\udc00-\udfff]/, ""), whole: false };
}
