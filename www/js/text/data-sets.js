// The texts a model can be trained on: those that the page ships, and the person's own.

/**
 * @typedef {"names" | "shakespeare" | "stories" | "own"} DataId
 * @typedef {import("./intake.js").TextSummary} TextSummary
 * @typedef {object} DataSet
 * @property {DataId} id
 * @property {string} label
 * @property {string} about      one sentence, shown beside the choice
 * @property {URL | null} file  where the text is; null: the person brings it
 * @property {boolean} list      one item a line, each on its own (names): samples are shown as items
 * @property {string} origin     where a shipped text is from, and its licence; empty for the person's own
 */

/** @type {readonly DataSet[]} */
export const DATA_SETS = [
  { id: "names", label: "Names", about: "32,033 given names. A tiny model invents new ones within a minute.", file: new URL("../../data/names.txt", import.meta.url), list: true,
    origin: "From the US Social Security Administration's list, as collected in the makemore project: public-domain data, collection under the MIT licence." },
  { id: "shakespeare", label: "Shakespeare", about: "40,000 lines of the plays. Words and speeches take shape within minutes.", file: new URL("../../data/tinyshakespeare.txt", import.meta.url), list: false,
    origin: "Shakespeare's plays, as collected in the char-rnn project: public domain." },
  { id: "stories", label: "Stories", about: "Short stories in words that small children know. Whole sentences take shape within minutes.", file: new URL("../../data/tinystories-sample.txt", import.meta.url), list: false,
    origin: "A sample of TinyStories (Eldan and Li, 2023, arXiv 2305.07759): CDLA-Sharing-1.0." },
  { id: "own", label: "Your own text", about: "Paste it, drop files, or choose them: plain text, Word (.docx), electronic books (.epub). It stays in this browser.", file: null, list: false, origin: "" },
];

/** What the person's own text is kept under. */
export const OWN_TEXT = "train-own-text";
/** The engine and the browser hold several copies of a text, so there is a limit. */
export const MAX_FILE_BYTES = 50 * 1024 * 1024;

/** Validation takes the last tenth of the text, if nothing else is chosen. */
export const VALIDATION_SHARE = 0.1;
/** Tokens that must be held back: one is read, the next one is foretold. */
const FEWEST_HELD_BACK = 2;
/** Below this many characters a model learns the text by heart rather than its patterns. */
const LITTLE_TEXT = 20_000;
/** With more different characters than this, most are too rare to learn one by one. */
const MANY_CHARACTERS = 1_000;

/** @param {DataId} id @returns {DataSet} */
export function dataSet(id) {
  const found = DATA_SETS.find((entry) => entry.id === id);
  if (!found) throw new Error(`There is no data set "${id}".`);
  return found;
}

/** @type {Map<DataId, Promise<string>>} */
const loading = new Map();

/**
 * The text of a data set that the page ships; fetched once.
 * @param {DataId} id @returns {Promise<string>}
 */
export function loadDataSet(id) {
  const { file, label, list } = dataSet(id);
  if (file === null) throw new Error(`"${label}" has no file.`);
  let text = loading.get(id);
  if (!text) {
    text = fetchText(file, label).then((whole) => (list ? shuffleLines(whole) : whole));
    text.catch(() => loading.delete(id)); // A failed download may be tried again.
    loading.set(id, text);
  }
  return text;
}

/** @param {URL} file @param {string} label @returns {Promise<string>} */
async function fetchText(file, label) {
  let response;
  try {
    response = await fetch(file);
  } catch {
    throw new Error(`"${label}" could not be fetched: there is no connection to the page's server. Try again when there is one.`);
  }
  if (!response.ok) {
    throw new Error(`"${label}" could not be fetched: the server answered ${response.status}. Try again, or use a text of your own.`);
  }
  return response.text();
}

/**
 * The lines in another order, always the same one. Lists come sorted, and validation takes the end of the text.
 * @param {string} text @returns {string}
 */
export function shuffleLines(text) {
  const lines = text.split("\n").filter((line) => line !== "");
  let state = 0x9e3779b9;
  for (let i = lines.length - 1; i > 0; i--) {
    // xorshift32: small, the same everywhere, and good enough to shuffle.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const j = (state >>> 0) % (i + 1);
    [lines[i], lines[j]] = [lines[j], lines[i]];
  }
  return `${lines.join("\n")}\n`;
}

/**
 * What stands in the way of training on a text, in words; null when nothing does.
 * @param {TextSummary} summary
 * @param {number} context  tokens read at once
 * @param {"character" | "bpe"} tokenizer
 * @param {number} [share]  of the text that is held back
 * @returns {string | null}
 */
export function problemWith({ characters, distinct }, context, tokenizer, share = VALIDATION_SHARE) {
  if (characters === 0) return "There is no text yet. Paste some, drop files here, or choose them.";
  if (characters > MAX_FILE_BYTES) {
    return `This text has ${number(characters)} characters; up to ${number(MAX_FILE_BYTES)} fit here. Use a part of it.`;
  }
  if (distinct.length < 2) return "This text has only one kind of character, so there is nothing to learn. Use a text with more in it.";
  // For word pieces the engine checks, in tokens.
  const needed = fewestCharacters(tokenizer === "character" ? context : 1, share);
  if (characters < needed) {
    return `This text is too short: it has ${number(characters)} characters, and a context of ${context} needs at least ${number(needed)}. Add more text, or choose a smaller context.`;
  }
  return null;
}

/**
 * The shortest text that the engine trains on: what is learned from fills one window and has the token after it, and what
 * is held back can be measured on. The same sum as the engine's (Dataset in src/train), so that nothing is refused here
 * that the command line takes.
 * @param {number} context @param {number} share
 */
export function fewestCharacters(context, share) {
  const held = (/** @type {number} */ characters) => characters - learnedFrom(characters, share);
  let characters = Math.max(context + 1, Math.floor((context + 0.5) / (1 - share)) - 1);
  while (characters < MAX_FILE_BYTES && (learnedFrom(characters, share) < context + 1 || held(characters) < FEWEST_HELD_BACK)) characters++;
  return characters;
}

/**
 * What is worth knowing about a text that can be trained on; empty when there is nothing to say.
 * @param {TextSummary} summary @param {"character" | "bpe"} tokenizer @returns {string}
 */
export function adviceFor({ characters, distinct }, tokenizer) {
  if (tokenizer === "character" && distinct.length > MANY_CHARACTERS) {
    return `${number(distinct.length)} different characters are many to learn one by one. Word pieces suit this text better.`;
  }
  if (characters < LITTLE_TEXT) {
    return "This is little text: the model will soon know it by heart. When the loss on held-back text turns upwards, stop.";
  }
  return "";
}

/**
 * How many of a text's characters are learned from, as the engine cuts it.
 * @param {number} characters @param {number} share  that is held back
 */
export const learnedFrom = (characters, share) => Math.round(characters * (1 - share));

/** @param {number} value @returns {string} */
export function number(value) {
  return value.toLocaleString("en-GB");
}
