// Models with modern layers, as the page has them: learned, looked at by every observer, bent, written to a file and back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { engine } from "./engine.mjs";
import { numbersKept } from "../../www/js/lab/memory/state.js";
import { parametersOf } from "../../www/js/race/plan.js";

const TEXT = "karla\nmorten\nsiri\nleo\nida\n".repeat(200);
const SHAPE = { embedding_dim: 16, num_layers: 2, num_heads: 4, ffn_dim: 24, max_seq_len: 20, interference_interval: 3, position_scale: 0.03, norm: "rms", feed_forward: "swiglu" };
const MODELS = /** @type {const} */ ([
  { ...SHAPE, architecture: "wave", field_size: 39, near_field: 4 },
  { ...SHAPE, architecture: "wave", field_size: 45, near_field: 4 },
  { ...SHAPE, architecture: "standard", field_size: 0, positions: "rotary" },
]);
const READ = "karla\nsiri";
const N = READ.length;
const passage = /** @type {const} */ ({ source: "original", text: READ });

/** A model that has learned for a while, as the open one, with its training. @param {(typeof MODELS)[number]} model */
async function learned(model) {
  const session = new engine.Session();
  const train = { batch_size: 8, seq_len: 16, steps: 150, warmup_steps: 10, peak_lr: 0.01, min_lr: 0.001, weight_decay: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8, clip_norm: 1, dropout: 0, seed: 3 };
  session.train_start(/** @type {any} */ ({ data_name: "Names", evaluate_every: 0, sample_every: 0, sample_prompt: "\n", validation_share: 0.1, patience: 0, text: TEXT, tokenizer: { kind: "character", vocab_size: 0 }, model, train }));
  const before = (await session.train_evaluate()).loss;
  for (let i = 0; i < 149; i++) session.train_advance();
  await session.train_reports();
  session.train_keep(await session.train_pull());
  session.train_adopt();
  return { session, before, after: (await session.train_evaluate()).loss };
}

for (const model of MODELS) {
  const name = `${model.architecture} of ${model.field_size} cells`;

  test(`${name}: it learns, is counted, and comes back from its file as it was`, async () => {
    const { session, before, after } = await learned(model);
    assert.ok(before > 2.4 && after < 0.3, `${before} to ${after}`);
    const info = session.model_info();
    assert.equal(info.parameters, parametersOf({ position_scale: 1, ...info.config }, info.config.vocab_size));
    if (model.architecture === "wave") {
      // The waves in 64 bits, the last tokens in 32.
      const { waves, near } = numbersKept(info.config);
      assert.deepEqual([info.state_bytes.constant, info.state_bytes.per_token], [8 * waves + 4 * near, 0]);
    }
    const file = session.export_model("f32");
    const again = new engine.Session();
    const opened = again.load_model(file, "Names");
    assert.deepEqual(opened.config, info.config);
    const losses = (/** @type {typeof session} */ of) => {
      const { ids } = of.observe_encoding({ source: "original", text: TEXT.slice(0, 17) });
      return of.observe_whatif_losses({ before: "file", side: "before", ids, length: 16 }).losses;
    };
    assert.deepEqual(losses(again), losses(session));
    again.free();
    session.free();
  });

  test(`${name}: nothing leaks, and what is heard adds up`, async () => {
    const { session } = await learned(model);
    const { probes } = session.observe_causality_plan({ source: "original", thorough: false });
    for (const probe of probes) {
      let judged = session.observe_causality({ ...probe, source: "original" });
      while (judged === null) judged = session.observe_causality({ ...probe, source: "original", again: true });
      assert.ok(judged.length > 0 && judged.every(({ verdict }) => verdict === "no_leak"), JSON.stringify(judged));
    }
    for (const layer of [0, 1]) {
      const { share, loudness } = session.observe_influence({ ...passage, layer, head: null, first: 0, count: N });
      for (let i = 0; i < N; i++) {
        const row = [...share.subarray(i * N, (i + 1) * N)];
        assert.ok(Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-4, `layer ${layer}, token ${i}: ${row}`);
        assert.ok(loudness.subarray(i * N + i + 1, (i + 1) * N).every((x) => x === 0));
      }
    }
    const { strength } = session.observe_influence_gradient({ ...passage, first: 0, count: N });
    for (let i = 0; i < N; i++) for (let j = 0; j < N; j++) assert.equal(strength[i * N + j] > 0, j <= i, `${i} hears ${j}`);
    const energy = session.observe_energy({ ...passage, layer: 1 });
    // A row's root mean square is 1 after the norm, but for its learned weight.
    assert.ok(energy.scale.after.every((length) => length > 1 && length < 12), JSON.stringify(energy.scale));
    assert.equal(energy.waves !== null, model.architecture === "wave");
    session.free();
  });

  test(`${name}: a step that is looked at slowly names every tensor`, async () => {
    const { session } = await learned(model);
    session.observe_step_begin({ source: "training" });
    let seen = null;
    while (seen === null) seen = session.observe_step_part({});
    const found = new Map(seen.tensors.map((/** @type {any} */ tensor) => [tensor.name, tensor]));
    const [layer, ffn] = model.architecture === "wave" ? ["layers.0", "layers.0.ffn"] : ["transformer.layers.0", "transformer.layers.0.ffn"];
    for (const part of ["gate", "up", "down"]) assert.equal(found.get(`${ffn}.${part}.weight`)?.part, "feed_forward");
    assert.equal(found.get(`${layer}.norm1.weight`)?.part, "norms");
    assert.equal(found.has(`${layer}.norm1.bias`), false);
    assert.equal(found.get("layers.0.attention.near_field")?.part, model.architecture === "wave" ? "deposit" : undefined);
    assert.ok([...found.values()].every(({ moved, gradient }) => moved > 0 && gradient > 0), "something stands still");
    session.observe_step_end({});
    session.free();
  });
}

test("every head of a modern model can be muted, and what that does is measured", async () => {
  const { session } = await learned(MODELS[0]);
  const { ids } = session.observe_encoding({ source: "original", text: TEXT.slice(0, 17) });
  const { readings } = session.observe_heads_begin({ source: "original", length: 16 });
  assert.equal(readings, 1 + 2 * 4);
  let all = session.observe_heads_advance({ window: ids, most: 1 });
  while (!all.done) all = session.observe_heads_advance({ window: ids, most: 4 });
  assert.ok(all.changes.every((change) => change !== null) && all.changes.some((change) => change && change.mean !== 0), JSON.stringify(all));
  session.observe_heads_end({});
  session.free();
});
