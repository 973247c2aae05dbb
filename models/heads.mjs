// Measures what each head of a shipped model is good for: how much the loss on held-back text rises when it alone is
// muted, and when its wave alone is bent as a hand on its drawing does (twice and half as long, fading eight times sooner and
// later: the mean of the four); with their 95 % intervals. Writes heads.json beside the model; the page shows it from the
// first moment on.
//
//     node models/heads.mjs shakespeare www/data/tinyshakespeare.txt [WINDOWS] [WINDOWS BENT]

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { stride } from "../www/js/engine/physics.js";
import { WINDOW, heldBack, joined, windowsOf } from "../www/js/text/validation.js";
import { stretched } from "../www/js/waves/drag.js";

const [name = "shakespeare", file = "www/data/tinyshakespeare.txt", most = "256", mostBent = "32"] = process.argv.slice(2);
const root = new URL("../", import.meta.url);
const folder = new URL(`models/${name}/`, root);

const engine = await import(new URL("pkg/wavefield.js", root).href);
engine.initSync({ module: await readFile(new URL("pkg/wavefield_bg.wasm", root)) });
const session = new engine.Session();
const { config, layers: waves } = session.load_model(new Uint8Array(await readFile(new URL("model.safetensors", folder))), "");
const { ids } = session.observe_encoding({ source: "bent", text: heldBack(await readFile(new URL(file, root), "utf8")) });
const length = Math.min(WINDOW, config.max_seq_len);
const windows = windowsOf(ids, length).slice(0, Number(most));

const { readings } = session.observe_heads_begin({ source: "bent", length });
let changes;
for (const [i, window] of windows.entries()) {
  // A window is read as the model is, and with each head muted.
  let given = joined([window]);
  for (let done = false; !done; given = new Uint32Array(0)) ({ done, changes } = session.observe_heads_advance({ window: given, most: readings }));
  process.stderr.write(`\r${i + 1} of ${windows.length} windows`);
}
process.stderr.write("\n");

const few = windows.slice(0, Number(mostBent));
const losses = (/** @type {"before" | "after"} */ side) => {
  session.observe_whatif_take({ before: "file" });
  return few.flatMap((window) => [...session.observe_whatif_losses({ before: "file", side, ids: window, length }).losses]);
};
const before = losses("before");
/** @typedef {{frequency: number, damping: number, phase: number, gain: number}} Wave */
/** What a hand does. @type {((wave: Wave) => Partial<Wave>)[]} */
const BENDS = [
  (wave) => stretched(wave, stride(config), 1 / 2), (wave) => stretched(wave, stride(config), 2),
  ({ damping }) => ({ damping: damping / 8 }), ({ damping }) => ({ damping: damping * 8 }),
];
/** @param {number} layer @param {number} head */
function whenBent(layer, head) {
  const all = BENDS.map((bend) => {
    session.set_heads(layer, waves[layer].map((/** @type {Wave} */ { frequency, damping, phase, gain }, /** @type {number} */ i) => {
      const wave = { frequency, damping, phase, gain };
      return i === head ? { ...wave, ...bend(wave) } : wave;
    }));
    return losses("after");
  });
  session.reset_heads(layer);
  process.stderr.write(`\rbent: head ${head + 1} of layer ${layer + 1}   `);
  return session.observe_whatif_change({ before, after: before.map((_, window) => all.reduce((sum, after) => sum + after[window], 0) / all.length) });
}
const changesBent = waves.flatMap((/** @type {unknown[]} */ heads, /** @type {number} */ layer) => heads.map((_, head) => whenBent(layer, head)));
process.stderr.write("\n");
session.free();

/** By layer and head. @param {{mean: number, low: number, high: number}[]} changes */
function byLayer(changes) {
  const heads = changes.map(({ mean, low, high }) => [mean, low, high].map((value) => Number(value.toFixed(4))));
  return Array.from({ length: config.num_layers }, (_, layer) => heads.slice(layer * config.num_heads, (layer + 1) * config.num_heads));
}
const found = {
  what: "nats a token that the loss rises by without the head, and on average when its wave is bent in four ways; mean, low, high (95 %)",
  windows: windows.length, tokens: length, layers: byLayer(changes), bent: { windows: few.length, layers: byLayer(changesBent) },
};
await writeFile(new URL("heads.json", folder), `${JSON.stringify(found)}\n`);
console.log(`${fileURLToPath(new URL("heads.json", folder))}: ${windows.length} windows of ${length} tokens`);
