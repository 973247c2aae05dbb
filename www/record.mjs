// What a visitor sees before the engine and the model are there: the shipped model's first layer of heads, and how the text
// begins that it writes with the settings of an untouched page. Made by the engine itself when the page is built.

import { readFile, stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { INITIAL } from "./js/page/state.js";

/** Tokens of the text. */
const TOKENS = 240;

/**
 * @param {string} pkg  the folder of the engine @param {string} model  the checkpoint's file
 * @returns {Promise<import("./js/page/recorded.js").Recorded>}
 */
export async function record(pkg, model) {
  // Both builds of the engine are of nearly one size; most browsers take this one.
  const sizes = await Promise.all([`${pkg}/wavefield_relaxed_bg.wasm`, model].map(async (file) => (await stat(file)).size));
  const bytes = sizes.reduce((sum, size) => sum + size);
  const engine = await import(`${pkg}/wavefield.js`);
  engine.initSync({ module: await readFile(`${pkg}/wavefield_bg.wasm`) });
  const session = new engine.Session();
  const { config, layers } = session.load_model(new Uint8Array(await readFile(model)), "");
  const { prompt, settings } = INITIAL;
  session.run_start("recorded", { prompt, settings: { ...settings, max_tokens: TOKENS }, original: true });
  let text = "";
  for (let over = false; !over;) {
    const { tokens, reason } = session.run_step("recorded", TOKENS);
    text += tokens.map((/** @type {{text: string}} */ token) => token.text).join("");
    over = Boolean(reason);
  }
  session.free();
  // As many digits as a picture shows.
  const short = (/** @type {number} */ value) => Number(value.toPrecision(5));
  const heads = layers[INITIAL.layer].map((/** @type {import("./js/engine/protocol.js").Head} */ { frequency, damping, phase, gain }) => ({ frequency: short(frequency), damping: short(damping), phase: short(phase), gain }));
  const worths = JSON.parse(await readFile(new URL("heads.json", pathToFileURL(model)), "utf8"));
  delete worths.what;
  return { config, heads, text, bytes, worths };
}
