// A training that goes on from a model: what is left of a text, how it begins, what it is called and what it starts from.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { engine } from "./engine.mjs";
import { digestOf } from "../../www/js/train/base.js";
import { fitted, lacking, lostInWords, tooMuchLost } from "../../www/js/train/fit.js";
import { nameOf, ownText, titleOf } from "../../www/js/train/onward.js";
import { DEFAULTS, problemsOf, settingsFor, shapeOf, startRequest } from "../../www/js/train/presets.js";
import { changeInWords } from "../../www/js/train/progress/before.js";
import { summarise } from "../../www/js/text/intake.js";
import { firstSnapshot, shardsOf } from "../../www/js/train/beginning.js";

const config = { architecture: "wave", vocab_size: 4, embedding_dim: 96, num_layers: 2, num_heads: 3, ffn_dim: 128, max_seq_len: 50, field_size: 99, interference_interval: 2, position_scale: 0.5 };
const model = /** @type {any} */ ({ name: "Small", config, parameters: 4321, vocabulary_kind: "character", tokens: ["\n", "a", "b", "c"], trained: {} });

test("what a model lacks of a text is left out, counted and named; nothing else is touched", () => {
  const text = "a-b]c\\^\n😀a-";
  const missing = lacking(summarise(text), model);
  assert.deepEqual(missing, ["-", "\\", "]", "^", "😀"]);
  assert.deepEqual(fitted(text, missing), { text: "abc\na", missing, lost: 6 });
  assert.deepEqual(fitted(text, []), { text, missing: [], lost: 0 });
  assert.equal(lostInWords(missing.slice(0, 1), 2, 400, "Small"), "Small lacks one letter of this text: “-”. It is left out: 2 of 400 characters (0.5 %).");
  assert.match(lostInWords(missing, 6, 100_000, "Small"), /lacks 5 letters of this text: “-”, .* They are left out: 6 of 100,000 characters \(less than 0\.1 %\)\./);
  assert.equal(lostInWords([], 0, 10, "Small"), "");
  assert.deepEqual(lacking(summarise(text), { ...model, vocabulary_kind: "bpe" }), [], "word pieces read any text");
});

test("a text of which too much would be lost is refused in a sentence that says what to do", () => {
  assert.equal(tooMuchLost(10, 100, "Small"), "");
  assert.match(tooMuchLost(11, 100, "Small"), /Small lacks letters that make up 11 % of it, and up to 10 % may be left out\. Choose another text, open a model/);
});

test("it has the model's shape, a lower rate than a new one, and reads no more than the model can", () => {
  const shape = shapeOf(model);
  assert.deepEqual(shape, { context: 50, blocks: "published", num_layers: 2, num_heads: 3, embedding_dim: 96, ffn_dim: 128, stride: 2, interference_interval: 2, position_scale: 0.5, parameters: 4321 });
  const of = (/** @type {object} */ options) => shapeOf({ ...model, config: { ...config, ...options } }).blocks;
  assert.equal(of({ norm: "rms", feed_forward: "swiglu", near_field: 4 }), "modern");
  assert.equal(of({ architecture: "standard", norm: "rms", feed_forward: "swiglu", positions: "rotary" }), "modern");
  assert.equal(of({ norm: "rms" }), "mixed");
  const settings = settingsFor("shakespeare", "small", {}, shape);
  assert.equal(settings.peak_lr, DEFAULTS.shakespeare.medium.peak_lr / 4);
  assert.deepEqual([settings.context, settings.embedding_dim, settings.stride, settings.dropout], [50, 96, 2, 0]);
  assert.deepEqual(problemsOf(settings, 4, shape), {});
  assert.match(problemsOf({ ...settings, context: 51 }, 4, shape).context ?? "", /reads 50 tokens at once at most/);
  // What no new model can have is no fault of one that has it.
  assert.deepEqual(problemsOf({ ...settings, embedding_dim: 97, num_heads: 7, stride: 3 }, 4, shape), {});
  const request = startRequest({ data: "shakespeare", size: "small", tokenizer: "bpe", pieces: 512, settings }, "a\nb", "x", { config: /** @type {any} */ (config), kind: "character" });
  const { vocab_size, ...rest } = config;
  assert.deepEqual([request.model, request.tokenizer], [rest, { kind: "character", vocab_size }]);
  assert.equal(request.train.seq_len, 50);
});

test("its name says what it goes on from, and its text is kept with it", () => {
  const base = { name: "x".repeat(100), digest: "0a1b2c3d", old: null };
  assert.equal(nameOf("Names", {}), "Names");
  assert.equal(nameOf("Names", { base }), `Names, on from ${"x".repeat(60)}…`);
  assert.equal(titleOf({ data_name: "Names" }, { size: "small" }), "Names, small model");
  assert.equal(titleOf({ data_name: "Names, on from Small" }, { size: "small", base }), "Names, on from Small");
  assert.deepEqual([ownText({ data: "names" }), ownText({ data: "own" }), ownText({ data: "names", base })], [false, true, true]);
});

/** A file of these tensors, each number of which is 1. @param {Record<string, number[]>} shapes @param {number} [value] */
function fileOf(shapes, value = 1) {
  let end = 0;
  const tensors = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => {
    const size = 4 * shape.reduce((a, b) => a * b, 1);
    return [name, { dtype: "F32", shape, data_offsets: [end, (end += size)] }];
  }));
  const header = Buffer.from(JSON.stringify({ __metadata__: { model: "wave", training_plan: "an older one" }, ...tensors }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Uint8Array.from(Buffer.concat([length, header, Buffer.from(new Float32Array(end / 4).fill(value).buffer)]));
}

const order = /** @type {any} */ ({ data_name: "Names", train: { batch_size: 16, seq_len: 32, steps: 10 }, validation_share: 0.1, patience: 0, evaluate_every: 5, sample_every: 5, sample_prompt: "\n" });

test("its first snapshot is the model's file with moments of zero, without what no training moves", () => {
  const bytes = firstSnapshot(fileOf({ "layers.0.attention.qkv_proj.weight": [6, 2], "interference_modules.0.norm.weight": [2], temperature: [] }), order);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assert.equal(length % 8, 0, "the numbers begin at a multiple of 8 bytes");
  const { __metadata__: told, ...tensors } = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString());
  assert.deepEqual(JSON.parse(told["trainer.config"]), { ...order.train, shards: 4 });
  const { train, ...plan } = order;
  assert.deepEqual([told["trainer.step"], JSON.parse(told.training_plan), told.model], ["0", plan, "wave"]);
  assert.deepEqual(Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape])), {
    "layers.0.attention.qkv_proj.weight": [6, 2], "interference_modules.0.norm.weight": [2], temperature: [],
    "optimizer.first_moment.layers.0.attention.qkv_proj.weight": [4, 2], "optimizer.first_moment.temperature": [],
    "optimizer.second_moment.layers.0.attention.qkv_proj.weight": [4, 2], "optimizer.second_moment.temperature": [],
  });
  const values = new Float32Array(bytes.slice(8 + length).buffer);
  assert.deepEqual([...values], [...Array(15).fill(1), ...Array(18).fill(0)]);
});

const mean = (/** @type {Float64Array} */ losses) => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;

const MODERN = { norm: "rms", feed_forward: "swiglu" };
for (const [architecture, options] of /** @type {const} */ ([["wave", {}], ["standard", {}], ["wave", { ...MODERN, near_field: 4 }], ["standard", { ...MODERN, positions: "rotary" }]])) {
  test(`the engine goes on from that snapshot with the very model, and from a later one of its own to the same model: ${architecture} ${Object.keys(options)}`, async () => {
    // Its last tenth is 20 windows of 16 letters: all of it is measured.
    const text = "karla\nmorten\nsiri\nleo\nida\n".repeat(200).slice(0, 3210);
    const train = { batch_size: 2, seq_len: 16, steps: 6, warmup_steps: 1, peak_lr: 0.01, min_lr: 0.001, weight_decay: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8, clip_norm: 1, dropout: 0, seed: 3 };
    const model = { architecture, embedding_dim: 16, num_layers: 2, num_heads: 4, ffn_dim: 32, max_seq_len: 20, field_size: architecture === "wave" ? 39 : 0, interference_interval: 1, position_scale: 0.5, ...options };
    const plan = { data_name: "Names", evaluate_every: 0, sample_every: 0, sample_prompt: "\n", validation_share: 0.1, patience: 0 };
    const session = new engine.Session();
    session.train_start(/** @type {any} */ ({ ...plan, text, tokenizer: { kind: "character", vocab_size: 0 }, model, train }));
    session.train_advance();
    await session.train_reports();
    session.train_keep(await session.train_pull());
    session.train_adopt();
    const file = /** @type {Uint8Array<ArrayBuffer>} */ (session.export_model("f32"));

    const other = `${text.slice(0, 2889)}${"anne\n".repeat(65).slice(0, 321)}`;
    const begin = () => session.train_resume(firstSnapshot(file, /** @type {any} */ ({ ...plan, data_name: "Others", train })), other);
    const info = begin();
    assert.deepEqual([info.config, session.train_plan().step, session.train_plan().steps], [session.model_info().config, 0, 6]);
    const { loss } = await session.train_evaluate();
    const { ids } = session.observe_encoding({ source: "original", text: other.slice(2889) });
    const windows = Uint32Array.from(Array.from({ length: 20 }, (_, i) => [...ids.slice(16 * i, 16 * i + 17)]).flat());
    const { losses } = session.observe_whatif_losses({ before: "file", side: "before", ids: windows, length: 16 });
    assert.ok(Math.abs(loss - mean(losses)) < 1e-5, `${loss} before the first step, and ${mean(losses)} of the open model`);
    assert.ok(session.train_sample(), "it writes");

    const steps = async (/** @type {number} */ count) => {
      for (let i = 0; i < count; i++) session.train_advance();
      await session.train_reports();
      session.train_keep(await session.train_pull());
      return session.train_snapshot();
    };
    const whole = await steps(6);
    assert.notEqual((await session.train_evaluate()).loss, loss, "it has learned nothing");
    begin();
    session.train_resume(await steps(3), other);
    assert.deepEqual(await steps(3), whole);
    session.free();
  });
}

test("a model that the page ships is gone on from, whatever its file has besides", () => {
  const session = new engine.Session();
  session.load_model(readFileSync(new URL("../../models/shakespeare/model.safetensors", import.meta.url)), "Shakespeare");
  const file = /** @type {Uint8Array<ArrayBuffer>} */ (session.export_model("f32"));
  const info = session.train_resume(firstSnapshot(file, order), "To be, or not to be, that is the question:\n".repeat(40));
  assert.deepEqual(info.config, session.model_info().config);
  assert.equal(info.name, "Names, 0 steps");
  // Its numbers are those of the file.
  session.train_adopt();
  assert.equal(digestOf(/** @type {Uint8Array<ArrayBuffer>} */ (session.export_model("f32"))), digestOf(file));
  session.free();
});

test("a batch is cut as the engine cuts it", () => {
  // TrainConfig::divide: a power of two, of 128 tokens a piece at least, 8 at most, and no more than there are sequences.
  for (const [batch_size, seq_len, shards] of [[1, 16, 1], [2, 16, 1], [16, 32, 4], [16, 64, 8], [3, 1024, 2], [256, 1024, 8], [5, 64, 2]]) assert.equal(shardsOf({ batch_size, seq_len }), shards);
});

test("a digest tells a model's numbers from any others, and not how its file is told", () => {
  const shapes = { a: [3, 2], b: [] };
  assert.match(digestOf(fileOf(shapes)), /^[0-9a-f]{8}$/);
  assert.notEqual(digestOf(fileOf(shapes)), digestOf(fileOf(shapes, 2)));
  assert.equal(digestOf(fileOf(shapes)), digestOf(fileOf({ other: [3, 2], names: [] })));
});

test("a change is said with its sign, and none where there is none", () => {
  assert.deepEqual([changeInWords(3, 2.5), changeInWords(2.5, 3), changeInWords(3, 3.0001), changeInWords(undefined, 3), changeInWords(3, NaN)], ["−0.500", "+0.500", "as before", "–", "–"]);
});
