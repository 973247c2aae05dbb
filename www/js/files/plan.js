// What to do with files, whatever they are called and wherever they were dropped or picked: from what they are to what
// happens with each. None is passed over in silence. No DOM.

/**
 * @typedef {import("../text/reading.js").Recognised} Recognised
 * @typedef {{ file: File, found: Recognised }} Known
 *
 * Where files were dropped or picked: on a place that takes texts, or anywhere else.
 * @typedef {"text" | "page"} Place
 *
 * A model: one safetensors file or the parts of one, and what lies beside it.
 * @typedef {{ name: string, tensors: File[], config: File | null, tokenizer: File | null }} ModelParts
 *
 * @typedef {object} Plan
 * @property {ModelParts | null} model
 * @property {File[]} trainings
 * @property {File[]} texts
 * @property {File[]} settings
 * @property {{ file: File, why: string }[]} refused  each with a sentence
 */

/** How the parts of a model are numbered: the only thing that is told by a name. */
const PART = /^(.*)-(\d{5})-of-(\d{5})\.[^.]*$/;
const WEB_PAGE = /\.x?html?$/i;

/**
 * @param {Known[]} files
 * @param {Place} place
 * @param {boolean} [folder] They were a folder's: then what describes a model in words is no text to train on.
 * @returns {Plan}
 */
export function planFor(files, place, folder = false) {
  const of = (/** @type {Recognised["kind"][]} */ ...kinds) => files.filter(({ found }) => kinds.includes(found.kind));
  /** @type {Plan} */
  const plan = { model: null, trainings: of("training").map(({ file }) => file), texts: [], settings: of("settings").map(({ file }) => file), refused: [] };
  const refuse = (/** @type {Known} */ { file, found }, /** @type {string} */ why) => plan.refused.push({ file, why: `It is ${found.what}${why}` });
  modelIn(of("model"), of("tokenizer"), of("config", "model_index"), plan, refuse);
  for (const known of of("text", "document", "data", "recipe")) {
    if (folder && plan.model) continue;
    if (isText(known, place)) plan.texts.push(known.file);
    else if (known.found.kind === "recipe") refuse(known, ": put it into a model's folder, and run wavefield train on that. Its settings can be set under Train, too.");
    else refuse(known, `: ${known.found.advice}. To train on it as it stands, drop it on the texts under Train.`);
  }
  for (const known of of("archive", "other", "empty")) {
    // Who chose one file as a text is told by the text's own place.
    if (place === "text" && files.length === 1) plan.texts.push(known.file);
    else refuse(known, known.found.advice ? `: ${known.found.advice}.` : ". A model (.safetensors), a training of this page, a tokenizer.json or a text does.");
  }
  return plan;
}

/** @param {Known} known @param {Place} place */
function isText({ file, found }, place) {
  if (found.kind === "text" || found.kind === "document") return true;
  if (place !== "text" || found.kind !== "data") return false;
  // Who has chosen a page of the web as a text knows what it is; under another name it is there by mistake.
  return !found.what.includes("in the file's place") || WEB_PAGE.test(file.name);
}

/**
 * @param {Known[]} models @param {Known[]} tokenizers @param {Known[]} besides  configurations and lists of parts
 * @param {Plan} plan @param {(known: Known, why: string) => void} refuse
 */
function modelIn(models, tokenizers, besides, plan, refuse) {
  const [first, ...others] = models;
  const [tokenizer = null, ...moreTokenizers] = tokenizers;
  const config = besides.find(({ found }) => found.kind === "config") ?? null;
  if (!first && tokenizer) {
    // The vocabulary of a model that came before it, or comes after it.
    plan.model = { name: "", tensors: [], config: config?.file ?? null, tokenizer: tokenizer.file };
    for (const known of besides) if (known !== config) refuse(known, `: ${known.found.advice}.`);
  } else if (!first) {
    for (const known of besides) refuse(known, `: ${known.found.advice}.`);
  } else {
    const part = PART.exec(first.file.name);
    const isPart = (/** @type {Known} */ { file }) => part !== null && PART.exec(file.name)?.[1] === part[1];
    const tensors = [first, ...others.filter(isPart)].map(({ file }) => file).sort((a, b) => (a.name < b.name ? -1 : 1));
    const name = part ? part[1] : first.file.name.replace(/\.[^.]*$/, "") || first.file.name;
    plan.model = { name, tensors, config: config?.file ?? null, tokenizer: tokenizer?.file ?? null };
    for (const known of others) if (!isPart(known)) refuse(known, `, and one model is open at a time: "${first.file.name}" was taken. Open this one by itself.`);
    for (const known of besides) if (known.found.kind === "config" && known !== config) refuse(known, ", and there is another one beside it.");
  }
  for (const known of moreTokenizers) refuse(known, `, and a model has one: "${tokenizer?.file.name}" was taken. Open this one together with its own model.`);
}

/** The files that could not be used, in one message. @param {Plan["refused"]} refused @returns {{ title: string, message: string }} */
export function refusal(refused) {
  if (refused.length === 1) return { title: `${refused[0].file.name} could not be opened.`, message: refused[0].why };
  return { title: `${refused.length} files could not be opened.`, message: refused.map(({ file, why }) => `"${file.name}": ${why}`).join(" ") };
}
