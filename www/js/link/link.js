// What can be set on the page as the fragment of its address, and back: every shared setting is declared once, in FIELDS,
// which both writes and reads. Only what differs from an untouched page is written, so a setting that a link does not
// have is as on an untouched page. What is too long for a link is named in it. No DOM.
//
// Chats and mail cut signs off the end of a link, and take others for the beginning of bold or slanted text. So a link is
// written without such signs, and its last sign is a letter.

import { fileName } from "../model/file-name.js";
import { RANGES } from "../model/heads.js";
import { SHIPPED } from "../model/models.js";
import { NUMBERS } from "../page/sampling.js";
import { INITIAL } from "../page/state.js";
import { DATA_SETS } from "../text/data-sets.js";
import { PIECES, SETTINGS, SIZES, settingProblem } from "../train/presets.js";
import { HEAD_KEYS } from "./model.js";

export { bendHeads, bentHeads, coupleHeads, editedRows } from "./model.js";

/**
 * @typedef {import("../engine/protocol.js").Head} Head
 * @typedef {import("../page/state.js").TrainChoices} TrainChoices
 * @typedef {import("../page/state.js").SamplingSettings} SamplingSettings
 * @typedef {import("./model.js").BentHead} BentHead
 * @typedef {import("./model.js").CoupledRow} CoupledRow
 *
 * @typedef {object} SharedPage  all that a link carries
 * @property {TrainChoices} choices
 * @property {string} prompt
 * @property {SamplingSettings} settings
 * @property {string} model  the open one's name
 * @property {string} [address]  where that can be fetched from
 * @property {BentHead[]} heads  of that model; only what differs from its file
 * @property {CoupledRow[]} rows  of that model's couplings; only what differs from its file
 * @property {string[]} [without]  what was too long for the link, by its keys; whoever opens it keeps their own
 * @property {string} [owner]  only while a link is read: whose heads and couplings these are
 *
 * @typedef {object} Field
 * @property {string} key
 * @property {(page: SharedPage) => unknown} get  undefined: as the preset says
 * @property {(page: SharedPage, value: any) => void} set
 * @property {string} [name]  in words, of what can be too long for a link
 * @property {(value: any) => string | null} write  null: cannot be written
 * @property {(text: string) => unknown} read  throws an Error that says what was expected
 */

/** Longer ones do not fit the places that links are sent through. */
const LONGEST = { fragment: 40_000, prompt: 8_000, name: 200, address: 1_000, stop: 200 };
const MOST_HEADS = 4096;
const MOST_WEIGHTS = 4096;
/** How far a row may be from adding up to 1, for rounding. */
const ROW_TOLERANCE = 1e-3;
const FAULTS_SHOWN = 5;
/** What stands in place of a model's name. */
const ADDRESS = /^(?:https?(?::|%3A)|\.{0,2})(?:\/|%2F)/i;
/** Stands at the end where a link would not end in a letter. */
const END = "end";
/** Says what was too long. */
const WITHOUT = "without";

/** @returns {SharedPage} */
export const untouched = () => ({
  choices: { data: "names", tokenizer: "character", pieces: PIECES.initial, size: "small", changed: {} },
  prompt: INITIAL.prompt,
  settings: structuredClone(INITIAL.settings),
  model: SHIPPED.name,
  heads: [],
  rows: [],
});

/** @param {{ min: number, max: number, whole: boolean }} range */
const number = ({ min, max, whole }) => ({
  write: (/** @type {number} */ value) => (Number.isFinite(value) ? String(value) : null),
  read: (/** @type {string} */ text) => {
    const value = readNumber(text);
    if (value === null || value < min || value > max || (whole && !Number.isInteger(value))) {
      throw new Error(`expected ${whole ? "a whole number" : "a number"} from ${min} to ${max}`);
    }
    return value;
  },
});

/** @param {Record<string, unknown>} values  by the words that stand for them */
const oneOf = (values) => ({
  write: (/** @type {unknown} */ value) => Object.keys(values).find((word) => values[word] === value) ?? null,
  read: (/** @type {string} */ text) => {
    if (!Object.hasOwn(values, text)) throw new Error(`expected one of ${Object.keys(values).join(", ")}`);
    return values[text];
  },
});

/** @param {number} longest */
const words = (longest) => ({
  write: (/** @type {string} */ value) => (value.length <= longest ? encode(value) : null),
  read: (/** @type {string} */ text) => {
    const value = decode(text);
    if (value.length > longest) throw new Error(`expected at most ${longest} characters`);
    return value;
  },
});

const same = (/** @type {readonly { id: string }[]} */ entries) => Object.fromEntries(entries.map(({ id }) => [id, id]));

/** @param {keyof SharedPage["choices"]} name @param {Pick<Field, "write" | "read">} kind @param {string} key @returns {Field} */
const choice = (name, kind, key) => ({ key, ...kind, get: ({ choices }) => choices[name], set: ({ choices }, value) => { /** @type {any} */ (choices)[name] = value; } });

/** @param {keyof SamplingSettings} name @param {Pick<Field, "write" | "read">} kind @param {string} key @returns {Field} */
const sampling = (name, kind, key) => ({ key, ...kind, get: ({ settings }) => settings[name], set: ({ settings }, value) => { /** @type {any} */ (settings)[name] = value; } });

/** @param {keyof typeof NUMBERS} name @param {string} key */
const samplingNumber = (name, key) => sampling(name, number(NUMBERS[name]), key);

/** @type {Field[]} */
const GENERATE = [
  { key: "prompt", name: "the prompt", ...words(LONGEST.prompt), get: ({ prompt }) => prompt, set: (page, value) => { page.prompt = value; } },
  samplingNumber("temperature", "temp"),
  samplingNumber("seed", "seed"),
  samplingNumber("max_tokens", "length"),
  samplingNumber("top_p", "top-p"),
  samplingNumber("top_k", "top-k"),
  samplingNumber("repetition_penalty", "repeat"),
  sampling("greedy", oneOf({ yes: true, no: false }), "likeliest"),
  sampling("at_limit", oneOf({ reread: "reread", "run-on": "run_on" }), "at-limit"),
  { name: "the stop texts", ...sampling("stop", {
    write: (/** @type {string[]} */ texts) => (texts.join("").length <= LONGEST.stop ? texts.map(encode).join(",") : null),
    read: (text) => {
      const texts = text.split(",").filter(Boolean).map((part) => words(LONGEST.stop).read(part));
      if (texts.join("").length > LONGEST.stop) throw new Error(`expected at most ${LONGEST.stop} characters in all`);
      return texts;
    },
  }, "stop") },
  {
    key: "model", get: ({ model, address }) => address ?? model,
    set: (page, value) => {
      page.model = value;
      if (ADDRESS.test(value)) page.address = value;
    },
    // An address is read by people, too.
    write: (value) => (ADDRESS.test(value) ? words(LONGEST.address).write(value)?.replace(/%(?:3A|2F|2E)/g, decodeURIComponent) ?? null : words(LONGEST.name).write(value)),
    read: (text) => words(ADDRESS.test(text) ? LONGEST.address : LONGEST.name).read(text),
  },
  { key: "heads", name: "the bent heads", get: ({ heads }) => heads, set: (page, { owner, bent }) => { claim(page, owner); page.heads = bent; }, write: writeHeads, read: readHeads },
  { key: "coupling", name: "the couplings", get: ({ rows }) => rows, set: (page, { owner, rows }) => { claim(page, owner); page.rows = rows; }, write: writeRows, read: readRows },
];

/** @type {Field[]} */
const TRAIN = [
  choice("data", oneOf(same(DATA_SETS)), "text"),
  choice("tokenizer", oneOf({ characters: "character", pieces: "bpe" }), "read-as"),
  choice("pieces", number({ ...PIECES, whole: true }), "vocabulary"),
  choice("size", oneOf(same(SIZES)), "size"),
  choice("base", words(LONGEST.name), "from"),
];

/** Whatever can be set for a training, under its own name; with "train-" before it where that is taken. */
const taken = new Set([...GENERATE, ...TRAIN].map(({ key }) => key));
for (const setting of SETTINGS) {
  const name = setting.key.replaceAll("_", "-");
  TRAIN.push({
    key: taken.has(name) ? `train-${name}` : name,
    get: ({ choices }) => choices.changed[setting.key],
    set: ({ choices }, value) => { choices.changed[setting.key] = value; },
    write: (/** @type {number | string} */ value) => (settingProblem(setting, value) === null ? String(value) : null),
    read: (text) => {
      const value = setting.options?.find((option) => String(option.value) === text)?.value ?? readNumber(text) ?? NaN;
      const problem = settingProblem(setting, value);
      if (problem) throw new Error(problem.replace(/\.$/, ""));
      return value;
    },
  });
}

/** @type {readonly Field[]} */
export const FIELDS = [...TRAIN, ...GENERATE];
const BY_KEY = new Map(FIELDS.map((field) => [field.key, field]));

/**
 * What is set, as the fragment of an address without its "#"; empty for an untouched page.
 * @param {SharedPage} page @returns {string}
 */
export const writeLink = (page) => partsOf(page).parts.join("&");

/**
 * The same as it is sent to others: it names what was too long for it, and ends in a letter.
 * @param {SharedPage} page @returns {string}
 */
export function sealedLink(page) {
  const { parts, without } = partsOf(page);
  if (without.length > 0) parts.push(`${WITHOUT}=${without.map(({ key }) => key).join("-")}`);
  const fragment = parts.join("&");
  return fragment === "" || /[a-z]$/i.test(fragment) ? fragment : `${fragment}&${END}`;
}

/** What of this page is too long for a link, in words. @param {SharedPage} page @returns {string[]} */
export const leftOut = (page) => partsOf(page).without.map(({ name, key }) => name ?? key);

/** @param {SharedPage} page @returns {{ parts: string[], without: Field[] }} */
function partsOf(page) {
  const plain = untouched();
  /** @type {{ field: Field, text: string }[]} */ const written = [];
  /** @type {Field[]} */ const without = [];
  for (const field of FIELDS) {
    const { key, get, write } = field;
    const value = get(page);
    // Heads and couplings name their model themselves.
    if (key === "model" && !page.address && page.heads.length + page.rows.length > 0) continue;
    if (value === undefined || JSON.stringify(value) === JSON.stringify(get(plain))) continue;
    const text = write(value);
    if (text !== null) written.push({ field, text: `${key}=${key === "heads" || key === "coupling" ? `${encode(page.model)}:` : ""}${text}` });
    // A number that makes no sense yet is no loss.
    else if (field.name) without.push(field);
  }
  // Together they may be too long, although each is not: the longest go first.
  const length = () => written.reduce((sum, { text }) => sum + text.length + 1, 0) + 100;
  for (const long of written.filter(({ field }) => field.name).sort((a, b) => b.text.length - a.text.length)) {
    if (length() <= LONGEST.fragment) break;
    written.splice(written.indexOf(long), 1);
    without.push(long.field);
  }
  // A link without the heads must still say whose they are.
  if (page.heads.length + page.rows.length > 0 && !page.address && page.model !== plain.model && !written.some(({ field }) => field.key === "heads" || field.key === "coupling")) {
    written.push({ field: /** @type {Field} */ (BY_KEY.get("model")), text: `model=${encode(page.model)}` });
  }
  return { parts: written.map(({ text }) => text), without };
}

/**
 * @param {string} fragment  with or without its "#"
 * @returns {{ page: SharedPage, faults: string[] } | null}  null where it is no link of this kind; faults: what was left
 *   out, in words
 */
export function readLink(fragment) {
  const text = fragment.replace(/^#/, "");
  if (!text.includes("=")) return null;
  const page = untouched();
  if (text.length > LONGEST.fragment) {
    return { page, faults: [`the whole link: it has ${text.length.toLocaleString("en-GB")} characters, and ${LONGEST.fragment.toLocaleString("en-GB")} are the most`] };
  }
  /** @type {string[]} */
  const faults = [];
  const seen = new Set();
  for (const whole of text.split("&")) {
    // Some chats write "&" as pages of the web have it in their source.
    const part = whole.replace(/^amp;/, "");
    if (part === "" || part === END) continue;
    const at = part.indexOf("=");
    const key = at < 0 ? part : part.slice(0, at);
    const field = BY_KEY.get(key);
    try {
      if (key === WITHOUT) {
        page.without = part.slice(at + 1).split("-").filter((name) => BY_KEY.get(name)?.name);
        continue;
      }
      if (!field) throw new Error("this page has no such setting");
      if (seen.has(key)) throw new Error("it stands there twice, and the first counts");
      seen.add(key);
      if (at < 0) throw new Error("it has no value");
      field.set(page, field.read(part.slice(at + 1)));
    } catch (error) {
      faults.push(`${short(part)}: ${/** @type {Error} */ (error).message}`);
    }
  }
  const { owner } = page;
  delete page.owner;
  if (owner !== undefined) {
    // A link that names the heads' model need not name it twice.
    if (!seen.has("model") || page.address) page.model = owner;
    else if (fileName(owner) !== fileName(page.model)) {
      page.heads = [];
      page.rows = [];
      faults.push(`${seen.has("heads") ? "heads" : "coupling"}: they belong to ${short(owner)}, and the link is for ${short(page.model)}`);
    }
  }
  return { page, faults };
}

/** What a link says was too long for it, in words. @param {readonly string[]} keys */
export const namesOf = (keys) => keys.map((key) => BY_KEY.get(key)?.name ?? key);

/** What was left out of a link, as one sentence. @param {string[]} faults */
export const faultsInWords = (faults) =>
  `${faults.slice(0, FAULTS_SHOWN).join("; ")}${faults.length > FAULTS_SHOWN ? `; and ${faults.length - FAULTS_SHOWN} more` : ""}. Everything else in it holds.`;


/** @param {SharedPage} page @param {string} owner */
function claim(page, owner) {
  if (page.owner !== undefined && fileName(page.owner) !== fileName(owner)) {
    throw new Error(`heads and couplings are of one model, and the link names ${short(page.owner)} and ${short(owner)}`);
  }
  page.owner = owner;
}

const LETTERS = /** @type {Record<string, typeof HEAD_KEYS[number]>} */ (Object.fromEntries(HEAD_KEYS.map((name) => [name[0], name])));
const VALUE = "-?\\d+(?:\\.\\d+)?(?:e[-+]?\\d+)?";
const ROW = new RegExp(`^(\\d{1,3})\\.(\\d{1,3})((?:_${VALUE}){1,999})$`);
const ENTRY = new RegExp(`^(\\d{1,3})\\.(\\d{1,3})((?:\\.[fdpg]${VALUE})+)$`);

/** `layer.head.f1.25.g0`, counted from 1 as on the page: frequency, damping, phase, gain. @param {BentHead[]} heads */
function writeHeads(heads) {
  if (heads.length > MOST_HEADS) return null;
  return heads.map(({ layer, head, change }) =>
    `${layer + 1}.${head + 1}${HEAD_KEYS.filter((name) => name in change).map((name) => `.${name[0]}${String(change[name])}`).join("")}`).join(",");
}

/** @param {string} text @returns {{ owner: string, bent: BentHead[] }} */
function readHeads(text) {
  const colon = text.indexOf(":");
  if (colon < 1) throw new Error("expected the model's name, a colon and its heads, such as Shakespeare:1.3.f1.25");
  const owner = /** @type {string} */ (words(LONGEST.name).read(text.slice(0, colon)));
  const parts = text.slice(colon + 1).split(",");
  if (parts.length > MOST_HEADS) throw new Error(`expected at most ${MOST_HEADS} heads`);
  return { owner, bent: parts.map(readHead) };
}

/** @param {string} text @returns {BentHead} */
function readHead(text) {
  const found = ENTRY.exec(text);
  if (!found) throw new Error(`expected heads such as 1.3.f1.25 (layer, head, and what is bent), found ${short(text)}`);
  const [, layer, head, changes] = found;
  if (Number(layer) < 1 || Number(head) < 1) throw new Error("layers and heads count from 1");
  /** @type {Partial<Head>} */
  const change = {};
  for (const [, letter, digits] of changes.matchAll(new RegExp(`\\.([fdpg])(${VALUE})`, "g"))) {
    const name = LETTERS[letter];
    const { min, max } = RANGES[name];
    const value = Number(digits);
    if (!(value >= min && value <= max)) throw new Error(`${name} of head ${head} in layer ${layer}: expected a number from ${min} to ${max}, found ${short(digits)}`);
    change[name] = value;
  }
  return { layer: Number(layer) - 1, head: Number(head) - 1, change };
}

/** `layer.head_0.5_0.25_0.25`, counted from 1 as on the page: what the head takes of each. @param {CoupledRow[]} rows */
function writeRows(rows) {
  if (rows.reduce((sum, { weights }) => sum + weights.length, 0) > MOST_WEIGHTS) return null;
  return rows.map(({ layer, head, weights }) => `${layer + 1}.${head + 1}_${weights.join("_")}`).join(",");
}

/** @param {string} text @returns {{ owner: string, rows: CoupledRow[] }} */
function readRows(text) {
  const colon = text.indexOf(":");
  if (colon < 1) throw new Error("expected the model's name, a colon and the weights of its heads, such as Shakespeare:1.3_0.5_0.25_0.25");
  const owner = /** @type {string} */ (words(LONGEST.name).read(text.slice(0, colon)));
  const rows = text.slice(colon + 1).split(",").map(readRow);
  if (new Set(rows.map(({ layer, head }) => `${layer}.${head}`)).size < rows.length) throw new Error("expected each head once");
  return { owner, rows };
}

/** @param {string} text @returns {CoupledRow} */
function readRow(text) {
  const found = ROW.exec(text);
  if (!found) throw new Error(`expected weights such as 1.3_0.5_0.25_0.25 (layer, head, and what it takes of each head), found ${short(text)}`);
  const [, layer, head, digits] = found;
  if (Number(layer) < 1 || Number(head) < 1) throw new Error("layers and heads count from 1");
  const weights = digits.slice(1).split("_").map(Number);
  const wrong = weights.find((weight) => !(weight >= 0 && weight <= 1));
  if (wrong !== undefined) throw new Error(`weights of head ${head} in layer ${layer}: expected numbers from 0 to 1, found ${wrong}`);
  const sum = weights.reduce((a, b) => a + b, 0);
  if (Math.abs(sum - 1) > ROW_TOLERANCE) throw new Error(`weights of head ${head} in layer ${layer}: expected them to add up to 1, found ${Number(sum.toFixed(4))}`);
  return { layer: Number(layer) - 1, head: Number(head) - 1, weights };
}

/** A number as it is written, and nothing that JavaScript takes for one besides. @param {string} text @returns {number | null} */
const readNumber = (text) => (new RegExp(`^${VALUE}$`).test(text) && Number.isFinite(Number(text)) ? Number(text) : null);

/** @param {string} text For a message. */
const short = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/**
 * Letters and digits as they are, a space as "+", everything else by percent signs: also what an address may have and a chat
 * cuts or takes for its own. Half characters cannot be written.
 * @param {string} text
 */
const encode = (text) => encodeURIComponent(text.replace(/\p{Cs}/gu, "\ufffd")).replaceAll("%20", "+")
  .replace(/[_.!~*'()]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new Error("its percent signs make no characters");
  }
}
