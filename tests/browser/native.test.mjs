// The page against the native command line: one engine, one answer.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { onePage, openPage } from "./launch.mjs";
import { arrives, channel, generatePanel, saveModel, settle, write } from "./parts.mjs";
import { button, panel, reaches, start } from "./train-parts.mjs";
import { eventually } from "./wait.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
// The one that the page opens.
const MODEL = "models/shakespeare";

const shared = onePage();

/** The command line as Rust's tests build it, so that it is compiled once. @type {string | null} */
let program = null;
function built() {
  execFileSync("cargo", ["test", "--quiet", "--features", "cli", "--test", "engine", "--no-run"], { cwd: ROOT, stdio: "inherit" });
  return join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug", "wavefield");
}

/** Runs the command line. @param {string[]} args @returns {any} */
function wavefield(...args) {
  program ??= built();
  return JSON.parse(execFileSync(program, [...args, "--json"], { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 26 }));
}

test("the same seed and settings write the same text in the page and natively", shared(async (page) => {
  // Longer than the context, so that reading half of it again is part of what is compared.
  const settings = { length: 400, seed: 11, prompt: "First Citizen:\n" };
  await settle(page, settings);
  await page.getByText("More sampling settings").click();
  for (const [name, value] of [["Temperature", "0.8"], ["Top-p", "0.9"], ["Top-k", "20"], ["Repetition penalty", "1.1"]]) {
    await generatePanel(page).getByRole("spinbutton", { name, exact: true }).fill(value);
  }
  const found = await write(page);
  const native = wavefield("generate", MODEL, "--prompt", settings.prompt, "--max-tokens", `${settings.length}`,
    "--seed", `${settings.seed}`, "--temperature", "0.8", "--top-p", "0.9", "--top-k", "20", "--repetition-penalty", "1.1");
  assert.equal([...native.text].length, settings.length);
  assert.equal(found, native.text);
}));

test("the page says of each head what the engine says", shared(async (page) => {
  await settle(page);
  const { heads, config } = wavefield("inspect", MODEL);
  for (const layer of [0, config.num_layers - 1]) {
    await page.locator("#waves").getByRole("radio", { name: `${layer + 1}`, exact: true }).check();
    for (const head of heads.filter((/** @type {any} */ each) => each.layer === layer)) {
      const card = channel(page, head.head + 1);
      // The cards of another layer are drawn in the next frame.
      await eventually(async () => ({
        words: await card.innerText(),
        reach: Number((await card.locator(".channel-reach").innerText()).replace(/[^\d.]/g, "")),
      }), ({ words, reach }) => words.includes(head.role) && Math.abs(reach / head.reach - 1) < 0.05,
      `layer ${layer + 1}, head ${head.head + 1}: the engine says "${head.role}", reach ${head.reach}`);
    }
  }
}));

/** The vocabulary in a checkpoint's metadata. @param {Buffer} bytes @returns {string} */
function vocabularyOf(bytes) {
  const length = Number(bytes.readBigUInt64LE(0));
  return JSON.parse(bytes.subarray(8, 8 + length).toString()).__metadata__.tokenizer;
}

test("the same file gives the same vocabulary in the page and natively, whatever is odd about it", shared(async (page) => {
  // A mark, line ends of another system, a NUL, a byte that is no UTF-8.
  const bytes = Buffer.concat([Buffer.from("\ufeffÜber die Brücke:\r\ndie Flut\0 kommt, "), Buffer.from([0xff]), Buffer.from(" und die Möwen schreien.\r\n".repeat(30))]);
  const folder = await mkdtemp(join(tmpdir(), "wavefield-native-"));
  try {
    await writeFile(join(folder, "text.txt"), bytes);
    await writeFile(join(folder, "train.toml"), [
      'data = "text.txt"', "[tokenizer]", 'kind = "character"',
      "[model]", "embedding_dim = 8", "num_layers = 1", "num_heads = 2", "ffn_dim = 8", "field_size = 17", "max_seq_len = 17", "interference_interval = 2", "position_scale = 0.03",
      "[train]", "batch_size = 2", "seq_len = 16", "steps = 10", "warmup_steps = 0", "peak_lr = 1e-3",
    ].join("\n"));
    const native = wavefield("train", folder, "--restart");
    await panel(page).locator(".train-own input[type=file]").setInputFiles({ name: "text.txt", mimeType: "text/plain", buffer: bytes });
    const fact = (/** @type {string} */ name) => page.locator("#train .train-facts > div", { has: page.getByText(name, { exact: true }) }).locator("dd");
    const whole = bytes.toString().replaceAll("\r\n", "\n").replaceAll("\0", "").replace("\ufeff", "");
    await eventually(() => fact("Characters").innerText(), (text) => text === [...whole].length.toLocaleString("en-GB"), "the text was not taken as it should be");
    await start(page, { Steps: 10, Batch: 2, Context: 16 });
    await reaches(page, "done");
    await button(page, "Write with it").click();
    await page.locator(".model-name", { hasText: "text, 10 steps" }).waitFor();
    await arrives(page, "Write");
    const { bytes: model } = await saveModel(page);
    assert.equal(vocabularyOf(model), await readFile(join(folder, "tokenizer.json"), "utf8"));
    // The held-back tenth is as long: the tokens are cut at the same place.
    assert.equal(native.tokens, [...whole].length - Math.round([...whole].length * (1 - 0.1)) - 1);
  } finally {
    await rm(folder, { recursive: true });
  }
}));

test("a training comes to the same in the page and natively, but for rounding", async (t) => {
  const text = "The sea was calm, the sky was wide, and nobody had seen the boat.\n".repeat(30);
  const model = { embedding_dim: 16, num_layers: 2, num_heads: 2, ffn_dim: 32, field_size: 33, max_seq_len: 33, interference_interval: 2, position_scale: 0.03 };
  const train = { batch_size: 16, seq_len: 32, steps: 30, warmup_steps: 5, peak_lr: 5e-3, min_lr: 1e-4, dropout: 0.1, seed: 7 };
  const page = await openPage(t, { empty: true });
  const found = await page.evaluate(async ([text, model, train]) => {
    const { Engine } = await import(/** @type {string} */ (new URL("/sources/js/engine/client.js", document.baseURI).href));
    const engine = new Engine();
    /** @type {[number, number][]} */
    const losses = [];
    engine.on("train_evaluation", (/** @type {any} */ { step, loss }) => losses.push([step, loss]));
    const over = new Promise((resolve) => engine.on("train_ended", resolve));
    const rest = { weight_decay: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, clip_norm: 1 };
    await engine.request("train_start", { text, data_name: "sea", tokenizer: { kind: "character", vocab_size: 0 }, model,
      train: { .../** @type {any} */ (train), ...rest }, evaluate_every: 10, sample_every: 0, sample_prompt: "The" });
    await over;
    return losses;
  }, /** @type {const} */ ([text, model, train]));
  const folder = await mkdtemp(join(tmpdir(), "wavefield-native-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "text.txt"), text);
  const table = (/** @type {Record<string, number>} */ values) => Object.entries(values).map(([key, value]) => `${key} = ${value}`).join("\n");
  // Batches are cut as the page cuts them: into four of 128 tokens.
  await writeFile(join(folder, "train.toml"), `data = "text.txt"\nvalidation_share = 0.1\nevaluate_every = 10\ninitial_seed = 7\n[tokenizer]\nkind = "character"\n[model]\n${table(model)}\n[train]\n${table({ ...train, shards: 4 })}\n`);
  wavefield("train", folder);
  const rows = (await readFile(join(folder, "validation.csv"), "utf8")).trim().split("\n").slice(1).map((row) => row.split(",").map(Number));
  const native = rows.map(([step, , loss]) => [step, loss]);
  assert.deepEqual(found.map(([step]) => step), [10, 20, 30]);
  assert.ok(found[2][1] < found[0][1] - 0.1, "it learns");
  found.forEach(([step, loss], i) => {
    assert.equal(step, native[i][0]);
    assert.ok(Math.abs(loss - native[i][1]) < 1e-3 * loss, `step ${step}: ${loss} in the page, ${native[i][1]} natively`);
  });
});
