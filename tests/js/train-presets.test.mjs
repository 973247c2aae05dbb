import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRequest } from "../../www/js/engine/protocol.js";
import { memoryEstimate, parameterCount } from "../../www/js/train/estimates.js";
import { DEFAULTS, GROUPS, SETTINGS, SIZES, knownChanges, problemsOf, settingProblem, settingsFor, settingsOf, startRequest } from "../../www/js/train/presets.js";
import { machineSpeed, timeEstimate } from "../../www/js/train/time.js";

/** @typedef {import("../../www/js/train/presets.js").Choices} Choices */

/** @returns {Choices[]} every text with every size */
function everyChoice() {
  return /** @type {Choices["data"][]} */ (Object.keys(DEFAULTS)).flatMap((data) =>
    SIZES.map(({ id }) => ({ data, size: id, tokenizer: "character", pieces: 512, settings: settingsFor(data, id) })));
}

test("every preset keeps its own ranges and makes a message that the engine's protocol takes", () => {
  for (const choices of everyChoice()) {
    assert.deepEqual(problemsOf(choices.settings, 65), {}, `${choices.data} ${choices.size}`);
    const request = startRequest(choices, "some\ntext", "Some text");
    makeRequest("train_start", 1, request); // Throws where a field is missing or of the wrong kind.
    const { field_size, max_seq_len } = request.model;
    assert.equal((field_size - 1) / (max_seq_len - 1), choices.size === "published" ? 8 : 1, "whole cells from token to token");
    assert.equal(request.model.embedding_dim % request.model.num_heads, 0);
    assert.ok(request.train.warmup_steps < request.train.steps);
    assert.ok(request.sample_every > 0 && request.evaluate_every > 0);
  }
});

test("a setting out of its range is refused in words", () => {
  const of = (/** @type {string} */ wanted) => {
    const setting = SETTINGS.find(({ key }) => key === wanted);
    assert.ok(setting);
    return setting;
  };
  assert.match(settingProblem(of("steps"), 5) ?? "", /Steps takes a whole number from 10 to 200,000/);
  assert.match(settingProblem(of("steps"), 10.5) ?? "", /whole number/);
  assert.match(settingProblem(of("steps"), NaN) ?? "", /whole number/);
  assert.match(settingProblem(of("embedding_dim"), 30) ?? "", /Width takes a multiple of 4 from 4 to 1024/);
  assert.match(settingProblem(of("stride"), 3) ?? "", /one of these: 1, 2, 4, 8/);
  assert.match(settingProblem(of("schedule"), "sine") ?? "", /one of these: Cosine, Straight line, Constant/);
});

test("settings that do not go together are refused in words, beside the one to change", () => {
  const found = (/** @type {any} */ changed) => problemsOf(settingsFor("names", "small", changed), 27);
  assert.match(found({ num_heads: 6 }).num_heads ?? "", /6 heads cannot share a width of 64 equally\. Take 4 or 8 heads/);
  assert.match(found({ steps: 50, warmup_steps: 60 }).warmup_steps ?? "", /fit into the 50 steps/);
  assert.match(found({ patience: 3, evaluate_every: 0 }).patience ?? "", /needs validations/);
  assert.match(found({ embedding_dim: 1024, num_layers: 24, ffn_dim: 4096 }).embedding_dim ?? "", /million parameters, and up to/);
  assert.match(found({ batch_size: 256, context: 1024, embedding_dim: 256 }).context ?? "", /about [\d,]+ MB of memory, and at most 512 MB may be taken/);
  assert.deepEqual(found({}), {});
});

test("every setting is in a group, says what it does in a line, and reaches the engine", () => {
  const { settings, ...choices } = everyChoice()[0];
  const message = JSON.stringify(startRequest({ ...choices, settings }, "text", "x"));
  for (const { key, group, hint, options, min } of SETTINGS) {
    assert.ok(GROUPS.some(({ id }) => id === group) && hint.length > 20 && hint.length < 120, key);
    const value = options ? options.find((option) => option.value !== settings[key])?.value : settings[key] === min ? min + 1 : min;
    const other = JSON.stringify(startRequest({ ...choices, settings: { ...settings, [key]: value } }, "text", "x"));
    assert.notEqual(other, message, `${key} changes nothing`);
  }
});

test("what follows from the steps follows a change of them, unless it was changed too", () => {
  assert.equal(settingsFor("names", "small", { steps: 40 }).warmup_steps, 4);
  assert.equal(settingsFor("names", "small", { steps: 40, warmup_steps: 7 }).warmup_steps, 7);
});

test("a training from before there were so many settings still has them all; what is unknown is left out", () => {
  const old = /** @type {any} */ ({ data: "names", size: "small", tokenizer: "character", pieces: 512, settings: DEFAULTS.names.small });
  assert.deepEqual(settingsOf(old), settingsFor("names", "small"));
  assert.deepEqual(knownChanges({ steps: 500, colour: 3, schedule: "sine", peak_lr: "fast", stride: 2 }), { steps: 500, stride: 2 });
});

test("a sample starts at a line's start, or at a character that the text has", () => {
  const [choices] = everyChoice();
  assert.equal(startRequest(choices, "one\ntwo", "x").sample_prompt, "\n");
  assert.equal(startRequest(choices, "😀 no line", "x").sample_prompt, "😀");
});

test("parameters are counted tensor by tensor", () => {
  // V 27, D 64, L 3, H 4, F 256, and one interference module (C = 16).
  const layer = 3 * 4 + 4 * 4 + (128 * 64 + 128) + 2 * (64 * 64 + 64) + (256 * 64 + 256) + (64 * 256 + 64) + 4 * 64;
  const module = 2 * (64 * 64 + 64) + (64 * 128 + 64) + (16 * 64 + 16) + (64 * 16 + 64) + 1;
  assert.equal(parameterCount(settingsFor("names", "small"), 27), 27 * 64 + 3 * layer + module + 2 * 64);
});

test("modern layers take as many parameters as published ones, and are told to the engine", () => {
  const published = settingsFor("shakespeare", "medium");
  const modern = settingsFor("shakespeare", "medium", { blocks: "modern" });
  assert.deepEqual([modern.ffn_dim, modern.interference_interval], [336, 5]);
  // V 65, D 128, L 4, H 8, F 336, without interference.
  const layer = 3 * 8 + 8 * 8 + (256 * 128 + 256) + 2 * (128 * 128 + 128) + 3 * 336 * 128 + 4 * 128 + 2 * 128;
  assert.equal(parameterCount(modern, 65), 65 * 128 + 4 * layer + 128);
  const without = parameterCount({ ...published, interference_interval: 5 }, 65);
  assert.ok(Math.abs(parameterCount(modern, 65) / without - 1) < 0.02, `${parameterCount(modern, 65)} for ${without}`);
  const choices = /** @type {Choices} */ ({ data: "shakespeare", size: "medium", tokenizer: "character", pieces: 512, settings: modern });
  const { model } = startRequest(choices, "text", "x");
  assert.deepEqual([model.norm, model.feed_forward, model.near_field, model.ffn_dim], ["rms", "swiglu", 4, 336]);
  assert.equal("norm" in startRequest({ ...choices, settings: published }, "text", "x").model, false);
  // What a person changes of it stays changed.
  assert.equal(settingsFor("shakespeare", "medium", { blocks: "modern", ffn_dim: 400, interference_interval: 2 }).interference_interval, 2);
});

test("a larger model takes more memory", () => {
  const [small, medium, large] = SIZES.map(({ id }) => memoryEstimate(settingsFor("shakespeare", id), 65).bytes);
  assert.ok(small < medium && medium < large, `${small} ${medium} ${large}`);
});

test("what would not fit with all layers side by side may fit with each computed twice, and is said to take as much", () => {
  const long = { ...settingsFor("shakespeare", "small"), batch_size: 1, context: 8192, num_layers: 12 };
  const { bytes, twice } = memoryEstimate(long, 65);
  assert.ok(twice && bytes < 512 * 2 ** 20, `${bytes}`);
  assert.deepEqual(problemsOf(long, 65), {});
  assert.equal(memoryEstimate({ ...long, num_layers: 2 }, 65).twice, false);
  assert.match(problemsOf({ ...long, context: 32_768, embedding_dim: 256 }, 65).context ?? "", /at most 512 MB may be taken/);
});

test("a time estimate comes true on the machine that was measured", () => {
  const settings = settingsFor("names", "small");
  const tokensPerSecond = 12_345;
  const machine = machineSpeed(settings, 27, tokensPerSecond);
  const expected = (settings.steps * settings.batch_size * settings.context) / tokensPerSecond;
  assert.ok(Math.abs(timeEstimate(settings, 27, machine) - expected) < 1e-6 * expected);
});

test("more layers and more steps take longer, a finer field does not", () => {
  const seconds = (/** @type {any} */ changed) => timeEstimate(settingsFor("names", "small", changed), 27, 1);
  for (const changed of [{ num_layers: 4 }, { ffn_dim: 512 }, { steps: 3200 }]) assert.ok(seconds(changed) > seconds({}), JSON.stringify(changed));
  assert.equal(seconds({ stride: 8 }), seconds({}));
});
