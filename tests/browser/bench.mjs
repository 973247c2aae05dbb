// What the page reaches in Chromium: training and decoding speed of the engine in its worker, how long a
// visitor waits for the first text, the size of the wasm, and what looking at a training and keeping it costs. Build the page first; `make bench` does.
//
//     node tests/browser/bench.mjs [--json]

import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { gzipSync } from "node:zlib";
import { loadInWords, measureLoad } from "./bench-load.mjs";
import { measureSnapshots, snapshotsInWords } from "./bench-snapshots.mjs";
import { measureText, textInWords } from "./bench-text.mjs";
import { measureView, viewInWords } from "./bench-view.mjs";
import { launchChromium } from "./chromium.mjs";
import { serve } from "./server.mjs";

const SHAPES = [
  {
    name: "0.95 M",
    vocabulary: 96,
    model: { embedding_dim: 128, num_layers: 4, num_heads: 8, ffn_dim: 512, field_size: 257, max_seq_len: 129 },
    batch: 16,
    steps: 40,
  },
  {
    name: "5.8 M",
    vocabulary: 256,
    model: { embedding_dim: 256, num_layers: 6, num_heads: 8, ffn_dim: 1024, field_size: 1024, max_seq_len: 129 },
    batch: 8,
    steps: 12,
  },
];
const WINDOW = 128;
const DECODED = 2000;
/** Trainings with each number of workers, in turn, of which the fastest counts: whatever else a machine does only slows. */
const ROUNDS = 3;

/** A text with exactly `size` different characters. @param {number} size */
function textOf(size) {
  let text = "";
  // Steps of a whole text's length apart, so that neighbours differ and every character comes up.
  for (let i = 0; i < 40_000; i++) text += String.fromCodePoint(0x4e00 + ((i * i + i) % 7 + i * 31) % size);
  return text;
}

/**
 * Trains and decodes at one shape, in a page that holds nothing but the engine's client.
 * Runs in the browser.
 * @param {{text: string, model: any, batch: number, window: number, steps: number, decoded: number, workers: number}} what
 *   Without decoding where `decoded` is 0.
 */
async function measure({ text, model, batch, window, steps, decoded, workers }) {
  // A variable, because the path is the browser's and not this file's.
  const client = "/sources/js/engine/client.js";
  const { Engine } = await import(new URL(client, document.baseURI).href);
  const engine = new Engine();
  /** @type {[number, number][]} When which step was reported. */
  const marks = [];
  let sharing = workers === 1;
  engine.on("device", (/** @type {{workers: number}} */ status) => { sharing = status.workers === workers; });
  engine.on("train_progress", (/** @type {{step: number}} */ { step }) => { if (sharing) marks.push([step, performance.now()]); });
  const ended = new Promise((resolve, reject) => {
    engine.on("train_ended", resolve);
    engine.on("fatal", (/** @type {{message: string}} */ { message }) => reject(new Error(message)));
  });
  await engine.request("set_workers", { workers });
  const info = await engine.request("train_start", {
    text,
    data_name: "bench",
    tokenizer: { kind: "character", vocab_size: 0 },
    model: { ...model, interference_interval: 3, position_scale: 1 },
    train: {
      batch_size: batch, seq_len: window, steps, warmup_steps: 1, peak_lr: 1e-3, min_lr: 1e-4, weight_decay: 0.01,
      beta1: 0.9, beta2: 0.999, eps: 1e-8, clip_norm: 1, dropout: 0, seed: 1,
    },
    evaluate_every: 0,
    sample_every: 0,
    sample_prompt: text.slice(0, 8),
  });
  await ended;
  // The first quarter warms up the compiler and the caches.
  const warm = marks.filter(([step]) => step >= steps / 4).slice(1);
  if (warm.length < 2) throw new Error(`${steps} steps are too few: only ${marks.length} were reported`);
  const [[firstStep, firstTime], [lastStep, lastTime]] = [warm[0], warm[warm.length - 1]];
  const training = ((lastStep - firstStep) * batch * window * 1000) / (lastTime - firstTime);
  if (decoded === 0) return { parameters: info.parameters, training, decoding: 0 };

  await engine.request("train_adopt", {});
  const settings = {
    temperature: 1, greedy: false, top_k: 0, top_p: 1, repetition_penalty: 1, seed: 1, stop: [], at_limit: "run_on",
  };
  /** @param {number} max_tokens */
  const generate = (max_tokens) =>
    engine.request("generate", {
      run: `bench-${max_tokens}`, prompt: text.slice(0, 8), original: false, pace: 0,
      settings: { ...settings, max_tokens },
    });
  await generate(200);
  const { tokens, seconds } = await generate(decoded);
  return { parameters: info.parameters, training, decoding: tokens / seconds };
}

const server = await serve();
const browser = await launchChromium();

/** It takes a quarter of an hour: what is measured is told as it comes, beside the result at the end. @param {string} words */
const tell = (words) => console.error(words);

/** @param {typeof SHAPES[number]} shape @param {number} workers @param {number} decoded */
async function measureAlone({ vocabulary, model, batch, steps }, workers, decoded) {
  const page = await browser.newPage();
  await page.route("**/bench.html", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto(`${server.sources}bench.html`);
  const what = { text: textOf(vocabulary), model, batch, window: WINDOW, steps, decoded, workers };
  const found = await page.evaluate(measure, what);
  await page.close();
  return found;
}

const crews = [1, 2, 4].filter((workers) => workers <= cpus().length);
const shapes = [];
for (const shape of SHAPES) {
  const { parameters, decoding } = await measureAlone(shape, 1, DECODED);
  /** Every speed that was measured, by the number of workers. @type {Record<number, number[]>} */
  const rounds = Object.fromEntries(crews.map((workers) => [workers, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const workers of crews) rounds[workers].push((await measureAlone(shape, workers, 0)).training);
  }
  const training = Object.fromEntries(crews.map((workers) => [workers, Math.max(...rounds[workers])]));
  shapes.push({ name: shape.name, parameters, decoding, training, rounds });
  const speeds = crews.map((workers) => `${Math.round(training[workers])} tokens/s by ${workers}`).join(", ");
  tell(`${shape.name}: decoding ${Math.round(decoding)} tokens/s; training ${speeds}. Next: opening the page, the view, snapshots, a text of one's own.`);
}

const load = await measureLoad(browser);
tell(loadInWords(load));
const view = await measureView(browser, server.url);
tell(viewInWords(view));
const snapshots = await measureSnapshots(browser, server.url);
tell(snapshotsInWords(snapshots));
const ownText = await measureText(browser, server.url);

/** The engine's two builds, of which a browser loads one. @param {string} name */
function size(name) {
  const wasm = readFileSync(new URL(`../../pkg/${name}_bg.wasm`, import.meta.url));
  return { name, bytes: wasm.length, gzip_bytes: gzipSync(wasm, { level: 9 }).length };
}

const result = {
  machine: cpus()[0]?.model ?? "unknown",
  chromium: browser.version(),
  load,
  wasm: [size("wavefield"), size("wavefield_relaxed")],
  shapes,
  view,
  snapshots,
  own_text: ownText,
};
await browser.close();
server.close();

if (process.argv.includes("--json")) {
  console.log(JSON.stringify(result, null, 2));
} else {
  const count = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  console.log(`Chromium ${result.chromium} on ${result.machine}`);
  for (const { name, parameters, training, decoding, rounds } of shapes) {
    console.log(`${name} (${count.format(parameters)} parameters): training ${count.format(training[1])} tokens/s,` +
      ` decoding ${count.format(decoding)} tokens/s`);
    for (const workers of crews) {
      const times = workers === 1 ? "" : `, ${(training[workers] / training[1]).toFixed(2)} times as fast as with one`;
      const each = rounds[workers].map((speed) => count.format(speed)).join(", ");
      console.log(`  ${workers === 1 ? "1 worker" : `${workers} workers`}: ${count.format(training[workers])} tokens/s${times} (rounds: ${each})`);
    }
  }
  console.log(loadInWords(load));
  console.log(viewInWords(view));
  console.log(snapshotsInWords(snapshots));
  console.log(textInWords(ownText));
  for (const { name, bytes, gzip_bytes } of result.wasm) {
    console.log(`${name}_bg.wasm ${count.format(bytes)} bytes, ${count.format(gzip_bytes)} gzipped`);
  }
}
