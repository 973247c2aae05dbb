// Measures what each head of a shipped model is good for: how much the loss on held-back text rises when it alone is
// muted, with its 95 % interval. Writes heads.json beside the model; the page shows it from the first moment on.
//
//     node models/heads.mjs shakespeare www/data/tinyshakespeare.txt [WINDOWS]

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { WINDOW, heldBack, joined, windowsOf } from "../www/js/text/validation.js";

const [name = "shakespeare", file = "www/data/tinyshakespeare.txt", most = "256"] = process.argv.slice(2);
const root = new URL("../", import.meta.url);
const folder = new URL(`models/${name}/`, root);

const engine = await import(new URL("pkg/wavefield.js", root).href);
engine.initSync({ module: await readFile(new URL("pkg/wavefield_bg.wasm", root)) });
const session = new engine.Session();
const { config } = session.load_model(new Uint8Array(await readFile(new URL("model.safetensors", folder))), "");
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
session.free();

const short = (/** @type {number} */ value) => Number(value.toFixed(4));
const heads = changes.map((/** @type {{mean: number, low: number, high: number}} */ { mean, low, high }) => [mean, low, high].map(short));
const layers = Array.from({ length: config.num_layers }, (_, layer) => heads.slice(layer * config.num_heads, (layer + 1) * config.num_heads));
const found = { what: "nats a token that the loss rises by without the head; mean, low, high (95 %)", windows: windows.length, tokens: length, layers };
await writeFile(new URL("heads.json", folder), `${JSON.stringify(found)}\n`);
console.log(`${fileURLToPath(new URL("heads.json", folder))}: ${windows.length} windows of ${length} tokens`);
