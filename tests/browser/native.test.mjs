// The page against the native command line: one engine, one answer.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { downloaded, onePage } from "./launch.mjs";
import { channel, generatePanel, settle, write } from "./parts.mjs";
import { button, panel, reaches, start } from "./train-parts.mjs";
import { eventually } from "./wait.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
// The copy that the page opens.
const MODEL = "dist/models/shakespeare";

const shared = onePage();

/** Runs the command line, built as Rust's tests build it. @param {string[]} args @returns {any} */
function wavefield(...args) {
  const cargo = ["run", "--quiet", "--profile", "test", "--features", "cli", "--bin", "wavefield", "--"];
  return JSON.parse(execFileSync("cargo", [...cargo, ...args, "--json"], { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 26 }));
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
  const folder = mkdtempSync(join(tmpdir(), "wavefield-native-"));
  try {
    writeFileSync(join(folder, "text.txt"), bytes);
    writeFileSync(join(folder, "train.toml"), [
      'data = "text.txt"', "[tokenizer]", 'kind = "character"',
      "[model]", "embedding_dim = 8", "num_layers = 1", "num_heads = 2", "ffn_dim = 8", "field_size = 17", "max_seq_len = 17", "interference_interval = 2", "position_scale = 0.03",
      "[train]", "batch_size = 2", "seq_len = 16", "steps = 4", "warmup_steps = 0", "peak_lr = 1e-3",
    ].join("\n"));
    const native = wavefield("train", folder, "--restart");
    await panel(page).locator(".train-own input[type=file]").setInputFiles({ name: "text.txt", mimeType: "text/plain", buffer: bytes });
    const fact = (/** @type {string} */ name) => page.locator("#train .train-facts > div", { has: page.getByText(name, { exact: true }) }).locator("dd");
    const whole = bytes.toString().replaceAll("\r\n", "\n").replaceAll("\0", "").replace("\ufeff", "");
    await eventually(() => fact("Characters").innerText(), (text) => text === [...whole].length.toLocaleString("en-GB"), "the text was not taken as it should be");
    await start(page, { Steps: 4, Batch: 2, Context: 16 });
    await reaches(page, "done");
    await button(page, "Generate with it").click();
    await page.locator(".model-name", { hasText: "text, 4 steps" }).waitFor();
    const { bytes: model } = await downloaded(page, () => page.getByRole("button", { name: "Save", exact: true }).click());
    assert.equal(vocabularyOf(model), readFileSync(join(folder, "tokenizer.json"), "utf8"));
    // The held-back tenth is as long: the tokens are cut at the same place.
    assert.equal(native.tokens, [...whole].length - Math.round([...whole].length * (1 - 0.1)) - 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}));
