// The page's two builds, with fused multiply-adds and without, beside each other in one page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openEmpty } from "./launch.mjs";

/** Trains with one of the builds; the losses of its steps. @param {string} build @returns {Promise<number[]>} */
async function train(build) {
  const engine = await import(new URL(`/sources/pkg/${build}.js`, document.baseURI).href);
  await engine.default();
  const session = new engine.Session();
  session.train_start({
    text: "The sea was calm, the sky was wide, and nobody had seen the boat.\n".repeat(60),
    data_name: "sea", tokenizer: { kind: "character", vocab_size: 0 },
    model: { embedding_dim: 32, num_layers: 2, num_heads: 4, ffn_dim: 64, field_size: 33, max_seq_len: 33, interference_interval: 2, position_scale: 0.03 },
    train: {
      batch_size: 4, seq_len: 32, steps: 40, warmup_steps: 5, peak_lr: 3e-3, min_lr: 1e-4, weight_decay: 0.01,
      beta1: 0.9, beta2: 0.999, eps: 1e-8, clip_norm: 1, dropout: 0.1, seed: 1,
    },
    evaluate_every: 0, sample_every: 0, sample_prompt: "The",
  });
  const losses = [];
  for (let step = 0; step < 40; step++) {
    session.train_advance();
    losses.push((await session.train_reports())[0].loss);
  }
  return losses;
}

test("the builds with fused multiply-adds and without come to the same, but for rounding", async (t) => {
  const page = await openEmpty(t);
  const plain = await page.evaluate(train, "wavefield");
  const fused = await page.evaluate(train, "wavefield_relaxed");
  assert.equal(plain.length, 40);
  assert.ok(plain[39] < plain[0] - 0.5, "it learns");
  plain.forEach((loss, step) => assert.ok(Math.abs(fused[step] - loss) < 1e-3 * loss, `step ${step + 1}: ${loss} and ${fused[step]}`));
});
