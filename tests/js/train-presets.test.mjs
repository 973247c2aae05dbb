import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRequest } from "../../www/js/protocol.js";
import { DEFAULTS, SETTINGS, SIZES, machineSpeed, memoryEstimate, parameterCount, settingProblem, startRequest, timeEstimate } from "../../www/js/panels/train-presets.js";

/** @typedef {import("../../www/js/panels/train-presets.js").Choices} Choices */

/** @returns {Choices[]} every text with every size */
function everyChoice() {
  return /** @type {Choices["data"][]} */ (Object.keys(DEFAULTS)).flatMap((data) =>
    SIZES.map(({ id }) => ({ data, size: id, tokenizer: "character", pieces: 512, settings: DEFAULTS[data][id] })));
}

test("every preset keeps its own ranges and makes a message that the engine's protocol takes", () => {
  for (const choices of everyChoice()) {
    for (const setting of SETTINGS) assert.equal(settingProblem(setting, choices.settings[setting.key]), null, `${choices.data} ${choices.size} ${setting.key}`);
    const request = startRequest(choices, "some\ntext", "Some text");
    makeRequest("train_start", 1, request); // Throws where a field is missing or of the wrong kind.
    assert.equal(request.model.field_size, request.model.max_seq_len, "stride 1");
    assert.equal(request.model.embedding_dim % request.model.num_heads, 0);
    assert.ok(request.train.warmup_steps < request.train.steps);
    assert.ok(request.sample_every > 0 && request.evaluate_every > 0);
  }
});

test("a setting out of its range is refused in words", () => {
  const steps = SETTINGS.find(({ key }) => key === "steps");
  assert.ok(steps);
  assert.match(settingProblem(steps, 5) ?? "", /Steps takes a whole number from 10 to 200,000/);
  assert.match(settingProblem(steps, 10.5) ?? "", /whole number/);
  assert.match(settingProblem(steps, NaN) ?? "", /whole number/);
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
  assert.equal(parameterCount("small", 27), 27 * 64 + 3 * layer + module + 2 * 64);
});

test("a larger model takes more memory", () => {
  const [small, medium, large] = SIZES.map(({ id }) => memoryEstimate(id, 65, DEFAULTS.shakespeare[id]));
  assert.ok(small < medium && medium < large, `${small} ${medium} ${large}`);
});

test("a time estimate comes true on the machine that was measured", () => {
  const settings = DEFAULTS.names.small;
  const tokensPerSecond = 12_345;
  const machine = machineSpeed("small", parameterCount("small", 27), tokensPerSecond);
  const expected = (settings.steps * settings.batch_size * settings.context) / tokensPerSecond;
  assert.ok(Math.abs(timeEstimate("small", 27, settings, machine) - expected) < 1e-6 * expected);
});
