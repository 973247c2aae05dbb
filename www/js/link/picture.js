// A picture of what is written, to show to a friend: as it stands, or before and after what is bent, with the waves that do
// it and their figures.

import { drawKernels, shareCard } from "../charts/card.js";
import { observe } from "../engine/observations.js";
import { Twins } from "../lab/whatif/twins.js";
import { anythingBent } from "../model/bent.js";
import { isHeadBent } from "../model/heads.js";
import { RECENT_TOKENS } from "../page/state.js";
import { shortCount } from "../train/words.js";

/** @typedef {import("../page/app.js").App} App */

/** Tokens back that the drawings show. */
const LAGS = 40;
/** So many waves have room. */
const SHOWN = 4;
/** Characters of the text, from its beginning, as far as a picture has room for them. */
const MOST = 900;

/** Makes it and gives it away. @param {App} app */
export async function shareText(app) {
  const { models, notify, state } = app;
  const model = state.get("model");
  if (!model) return notify({ kind: "error", key: "card", title: "There is nothing to picture yet.", message: "No model is open: open one, and let it write." });
  const heads = state.get("heads");
  const bent = anythingBent(state);
  const texts = bent ? await bothTexts(app) : [{ name: `${model.name} wrote`, text: written(app) }];
  if (texts.every(({ text }) => text.trim() === "")) return notify({ kind: "error", key: "card", title: "There is nothing to picture yet.", message: "Nothing is written: press Write, then try again." });
  const same = texts.length > 1 && texts[0].text === texts[1].text;
  const kernels = kernelsOf(heads, state.get("layer"));
  const { temperature, greedy, seed } = state.get("settings");
  const effect = bent ? state.get("effect").split(". ").find((sentence) => sentence.includes("nats")) : "";
  return shareCard(app, {
    name: bent ? "wave-field-bent" : "wave-field-text", link: app.address.write(),
    title: !bent ? "A language model made of waves wrote this in my browser" : `${deed(heads.flat().filter(isHeadBent).length)}; the same seed ${same ? "still" : "now"} writes:`,
    lines: [
      effect ? `${effect.replace(/\.$/, "")}.` : "",
      `${models.isShipped ? "Shakespeare" : model.name}: ${shortCount(model.parameters)} parameters; ${greedy ? "always the likeliest token" : `temperature ${temperature}, seed ${seed}`}.`,
    ].filter(Boolean),
    texts,
    draw: kernels.length === 0 ? undefined : (context, width, height) => drawKernels(context, width, height, kernels, model.config, LAGS),
  });
}

/** @param {number} count  of bent waves */
const deed = (count) => (count === 0 ? "I mixed its heads otherwise" : count === 1 ? "I bent one wave" : `I bent ${count} waves`);

/** The text as it stands, from the prompt that it was written after; of a long one what is left of it. @param {App} app */
function written({ state }) {
  const recent = state.get("recent");
  const text = recent.map(({ text }) => text).reverse().join("");
  return (recent.length < RECENT_TOKENS ? state.get("begun") + text : `…${text}`).slice(0, MOST);
}

/** What the same seed writes as in the file, and as bent. @param {App} app */
async function bothTexts(app) {
  const twins = new Twins(app);
  const taken = await observe(app.engine, "whatif_take", { before: "file" });
  await twins.refresh("file", `file ${taken.number}`);
  const { before, after } = twins.texts;
  return [{ name: "As in the file", text: before }, { name: "Bent", text: after }];
}

/** Those that are bent, the layer that is shown first; where none is, those of that layer. @param {import("../engine/protocol.js").HeadInfo[][]} layers @param {number} shown */
function kernelsOf(layers, shown) {
  const all = layers.flatMap((heads, layer) => heads.map((head, index) => ({
    layer, head, index, heard: head.gain > 0, file: isHeadBent(head) ? head.initial : null,
    name: `Head ${index + 1} of layer ${layer + 1}${head.gain > 0 ? isHeadBent(head) ? ", bent" : "" : ", muted"}`,
  })));
  const bent = all.filter(({ file }) => file !== null);
  const wanted = bent.length > 0 ? bent : all.filter(({ layer }) => layer === shown);
  return wanted.sort((a, b) => Number(b.layer === shown) - Number(a.layer === shown)).slice(0, SHOWN).map(({ layer: _, ...kernel }) => kernel);
}
