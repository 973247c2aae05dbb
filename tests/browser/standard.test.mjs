// A standard Transformer in the page: it learns, opens, writes, and has no waves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openEmpty, openPage } from "./launch.mjs";
import { finished, settle, textOf, write } from "./parts.mjs";

const ORDER = {
  data_name: "Names",
  tokenizer: { kind: "character", vocab_size: 0 },
  model: {
    architecture: "standard", embedding_dim: 32, num_layers: 2, num_heads: 4, ffn_dim: 64, max_seq_len: 16,
    field_size: 0, interference_interval: 1, position_scale: 1,
  },
  train: {
    batch_size: 8, seq_len: 16, steps: 60, warmup_steps: 5, peak_lr: 0.003, min_lr: 0.0003,
    weight_decay: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8, clip_norm: 1, dropout: 0.1, seed: 3,
  },
  evaluate_every: 30, sample_every: 0, sample_prompt: "\n",
};

/** Trains one and gives its checkpoint, and what the engine said of it. @param {import("node:test").TestContext} t */
async function trained(t) {
  const page = await openEmpty(t);
  const { info, losses, bytes } = await page.evaluate(async (order) => {
    const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
    const { Engine } = await load("/sources/js/engine/client.js");
    const { loadDataSet } = await load("/sources/js/text/data-sets.js");
    const engine = new Engine();
    /** @type {number[]} */
    const losses = [];
    engine.on("train_evaluation", (/** @type {{loss: number}} */ { loss }) => losses.push(loss));
    const ended = new Promise((done) => engine.on("train_ended", done));
    const info = await engine.request("train_start", { ...order, text: await loadDataSet("names") });
    await ended;
    await engine.request("train_adopt", {});
    const { bytes } = await engine.request("export_model", {});
    return { info, losses, bytes: Array.from(bytes) };
  }, ORDER);
  return { info, losses, bytes: Buffer.from(bytes) };
}

test("a standard Transformer is trained, opened and written with; its cache grows, and there is nothing to bend", async (t) => {
  const { info, losses, bytes } = await trained(t);
  assert.equal(info.config.architecture, "standard");
  assert.deepEqual(info.layers, []);
  assert.deepEqual(info.state_bytes, { constant: 0, per_token: 4 * 2 * 2 * 32 });
  assert.ok(losses.length === 2 && losses[1] < losses[0] && losses[1] < Math.log(27) - 0.4, `validation losses: ${losses}`);

  const page = await openPage(t);
  await settle(page, { length: 12, prompt: "\n" });
  const kept = (/** @type {string} */ how) => page.locator("#generate .readings", { hasText: `kB kept, ${how}` }).waitFor();
  await kept("always");
  await page.locator("input[type=file][aria-label='File to open']").setInputFiles({ name: "standard.safetensors", mimeType: "application/octet-stream", buffer: bytes });
  await page.locator(".model-size", { hasText: "standard Transformer" }).waitFor();
  await page.getByText("there are no waves to bend").waitFor();
  const text = await write(page);
  assert.equal([...text].length, 12);
  await kept("growing");

  // Back at a wave model, everything is there again.
  await page.getByRole("button", { name: "Back to Shakespeare" }).click();
  await page.getByRole("article", { name: "Head 1", exact: true }).waitFor();
  await finished(page);
  assert.ok((await textOf(page)).length > 0);
});
