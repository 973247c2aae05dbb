// The lab's memory: the recurrence of one complex number is the convolution with the head's wave, for tokens on whole cells and
// between two; and it is the engine's.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { norm, stride, wave } from "../../www/js/engine/physics.js";
import { heardAt } from "../../www/js/lab/field/parts.js";
import { readFromField } from "../../www/js/lab/memory/reading.js";
import { largestAround, MemorySeen } from "../../www/js/lab/memory/seen.js";
import { along, halfLife, numbersKept, partsAt, phaseNear, placeOf, plus, remember, size, stateAt, times, TURNING } from "../../www/js/lab/memory/state.js";
import { dialInWords, keptInWords, leftInWords, standardInWords, storyParts, tokensInWords } from "../../www/js/lab/memory/words.js";
import { engine } from "./engine.mjs";

/** @typedef {import("../../www/js/engine/protocol.js").Head} Head */

/** Numbers between -1 and 1, the same ones each time. @param {number} seed */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state * 16807) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  };
}

/** @param {number} tokens @param {number} cells @returns {import("../../www/js/engine/protocol.js").ModelConfig} */
const shape = (tokens, cells) => ({
  vocab_size: 10, embedding_dim: 16, num_layers: 3, num_heads: 4, ffn_dim: 16, interference_interval: 2, position_scale: 1, max_seq_len: tokens, field_size: cells,
});

/** A cell for each token, four, 3.9375, and what is just above two. */
const SHAPES = [shape(33, 33), shape(17, 65), shape(17, 64), shape(33, 66)];
const HEADS = [{ frequency: 0.25, damping: 0.13, phase: -0.4, gain: 1 }, { frequency: 4.03, damping: 0.475, phase: 2.66, gain: 1 }, { frequency: -1.1, damping: 0.002, phase: 0.7, gain: 0.5 }];

/** A head's kernel on the cells. @param {Head} head @param {number} cells */
function kernelOf(head, cells) {
  const scale = head.gain / norm(head, cells);
  return Float64Array.from({ length: cells + 1 }, (_, cell) => scale * wave(head, cell));
}

/** @param {number} found @param {number} expected @param {number} within @param {string} what */
const near = (found, expected, within, what) => assert.ok(Math.abs(found - expected) <= within, `${what}: ${found}, expected ${expected}`);

test("what is heard of the state is the sum of all tokens' waves, for random deposits", () => {
  for (const config of SHAPES) {
    const positions = Array.from({ length: config.max_seq_len }, (_, token) => {
      const { cell, fraction } = placeOf(config, token);
      return cell + fraction;
    });
    positions.forEach((position, token) => near(position, token * stride(config), 1e-9, `place of token ${token}`));
    for (const [i, head] of HEADS.entries()) {
      const next = numbers(i + 7);
      const deposits = Float64Array.from({ length: config.max_seq_len }, next);
      const kernel = kernelOf(head, config.field_size);
      const memory = remember(head, config, deposits);
      for (let t = 0; t < deposits.length; t++) {
        let sum = 0;
        for (let j = 0; j <= t; j++) sum += heardAt(kernel, positions[j], deposits[j], positions[t]);
        near(memory.heard[t], sum, 1e-10, `stride ${stride(config)}, head ${i}, token ${t}`);
      }
    }
  }
});

test("it is as the engine's own field has it, for a model on whole cells and for one between them", () => {
  const data = readFileSync(new URL("../../www/data/names.txt", import.meta.url), "utf8").slice(0, 4000);
  for (const field_size of [17, 65, 60]) {
    const session = new engine.Session();
    session.train_start(/** @type {any} */ ({
      text: data, data_name: "Names", tokenizer: { kind: "character", vocab_size: 0 }, evaluate_every: 0, sample_every: 0, sample_prompt: "\n",
      model: { architecture: "wave", embedding_dim: 16, num_layers: 2, num_heads: 4, ffn_dim: 32, max_seq_len: 17, field_size, interference_interval: 2, position_scale: 1 },
      train: { batch_size: 2, seq_len: 16, steps: 2, warmup_steps: 1, peak_lr: 0.003, min_lr: 0.0003, weight_decay: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8, clip_norm: 1, dropout: 0, seed: 3 },
    }));
    const passage = /** @type {const} */ ({ source: "training", text: "emma\nolivia\nann" });
    const { config, heads, gains } = session.observe_heads({ source: "training" });
    for (const { layer, head, ...wave } of heads) {
      const view = session.observe_field(/** @type {any} */ ({ ...passage, layer, head, strength: false, channel: null }));
      const memory = remember({ ...wave, gain: gains[layer * config.num_heads + head] }, config, view.deposits);
      const field = readFromField(view, config);
      const most = Math.max(...field.map(Math.abs));
      assert.ok(most > 0 && field.length === passage.text.length);
      field.forEach((expected, token) => near(memory.heard[token], expected, 1e-5 * most, `${field_size} cells, layer ${layer}, head ${head}, token ${token}`));
    }
    session.free();
  }
});

test("the numbers that are kept are as many as the engine keeps", () => {
  const session = new engine.Session();
  const info = session.load_model(readFileSync(new URL("../../models/shakespeare/model.safetensors", import.meta.url)), "Shakespeare");
  const { all, waves, sums, perToken } = numbersKept(info.config);
  assert.deepEqual([waves, sums, perToken], [1280, 40, 1280]);
  // Each of them in 64 bits.
  assert.equal(all, info.state_bytes.constant / 8);
  session.free();
});

test("what is left of the tokens adds up to the state that is read", () => {
  for (const config of SHAPES) {
    for (const head of HEADS) {
      const deposits = Float64Array.from({ length: config.max_seq_len }, numbers(5));
      const { states } = remember(head, config, deposits);
      for (const time of [0, 1, 9, config.max_seq_len - 1]) {
        const sum = partsAt(head, config, deposits, time).reduce((all, part) => plus(all, part), { re: 0, im: 0 });
        near(sum.re, states[time].re, 1e-10, "along");
        near(sum.im, states[time].im, 1e-10, "across");
      }
    }
  }
});

test("on whole cells a kick is the deposit, to the right or to the left; between two it turns aside a little", () => {
  const deposits = Float64Array.from({ length: 12 }, numbers(11));
  const whole = remember(HEADS[0], SHAPES[1], deposits);
  whole.kicks.forEach(({ re, im }, token) => {
    near(re, deposits[token], 1e-12, "kick");
    near(im, 0, 1e-12, "aside");
  });
  const between = remember(HEADS[0], SHAPES[2], deposits);
  assert.ok(between.kicks.some(({ im }) => Math.abs(im) > 1e-3));
  // Whatever it is: turned, shrunk and kicked, a state is the next one.
  for (const { states, kicks, turn } of [whole, between]) {
    for (let token = 1; token < states.length; token++) near(size(plus(plus(times(states[token - 1], turn), kicks[token]), states[token], -1)), 0, 1e-12, `token ${token}`);
  }
});

test("on its way to the next token the state turns, then it is kicked, without a jump", () => {
  const memory = remember(HEADS[0], SHAPES[0], Float64Array.of(0.5, -0.25, 0.75));
  assert.deepEqual(stateAt(memory, 1).state, memory.states[1]);
  assert.deepEqual(stateAt(memory, 2).state, memory.states[2]);
  const turned = stateAt(memory, 1 + TURNING);
  near(size(plus(turned.state, times(memory.states[1], memory.turn), -1)), 0, 1e-12, "turned");
  assert.equal(turned.kicked, 0);
  near(size(stateAt(memory, 1 + TURNING / 2).state), size(memory.states[1]) * Math.sqrt(size(memory.turn)), 1e-12, "half-way it has shrunk by half as much");
  for (const time of [0, 1]) near(size(plus(stateAt(memory, time + 1 - 1e-9).state, memory.states[time + 1], -1)), 0, 1e-6, "at the end it is there");
  assert.equal(stateAt(memory, 1.9).token, 2);
});

test("after its half-life half is left; without damping it never dies", () => {
  for (const config of SHAPES) near(Math.exp(-HEADS[1].damping * stride(config) * halfLife(HEADS[1], config)), 0.5, 1e-12, "half");
  assert.equal(halfLife({ ...HEADS[0], damping: 0 }, SHAPES[0]), Infinity);
  assert.equal(tokensInWords(Infinity), "no end of tokens");
  assert.equal(tokensInWords(1.02), "1.0 token");
  assert.equal(tokensInWords(5.21), "5.2 tokens");
});

/** What is to be seen of a head. @param {Partial<Head>} [change] @param {import("../../www/js/engine/protocol.js").ModelConfig} [config] */
function seen(change = {}, config = SHAPES[0]) {
  const heads = [{ ...HEADS[0], ...change }];
  const values = Float32Array.of(0.5, -0.25, 0.75);
  const made = new MemorySeen();
  const heard = remember(heads[0], config, values).heard;
  const kernel = Float32Array.from(kernelOf(heads[0], config.field_size));
  made.take({ config, all: ["a", "\n", "b"], tokens: ["a", "\n", "b"], before: 0, layer: 0, heads, deposits: new Map([[0, { values, channel: 0, shares: [1] }]]), field: { head: 0, heard, kernel } });
  return made;
}

test("the words have the numbers, and say where the engine agrees", () => {
  const made = seen();
  const now = /** @type {import("../../www/js/lab/memory/seen.js").Now} */ (made.now(0, 2));
  const words = dialInWords({ ...now, place: "Layer 1, head 1" });
  assert.match(words, /Token 3 of 3, "b", kicked the arrow by \+0\.75/);
  assert.match(words, /turns by 14° and shrinks to 88 %: half is left after 5\.3 tokens/);
  assert.match(words, /The engine, which adds up the waves of all tokens on the field, comes to .* as well/);
  assert.doesNotMatch(words, /between two cells/);
  assert.match(storyParts({ ...now, time: 1 }).join(""), /Then “⏎” kicks it by −0\.25, to the left\. The head hears the arrow's shadow on the dashed line: [+−][\d.]+ · 0\.\d+ = [+−][\d.]+\.$/);
  assert.match(leftInWords({ ...now, parts: made.parts(now, 2) }), /Most is left of "b", the newest/);
  // Bent here, and not yet there.
  made.bend([{ ...HEADS[0], frequency: 0.5 }]);
  const bent = /** @type {import("../../www/js/lab/memory/seen.js").Now} */ (made.now(0, 2));
  assert.equal(bent.engine, null);
  assert.doesNotMatch(dialInWords({ ...bent, place: "" }), /engine/);
  assert.notEqual(bent.memory.heard[2], now.memory.heard[2]);
});

test("a muted head's state goes on, and nothing is heard; between two cells that is said", () => {
  const made = seen({ gain: 0 }, SHAPES[2]);
  const now = /** @type {import("../../www/js/lab/memory/seen.js").Now} */ (made.now(0, 2));
  assert.ok(size(now.memory.states[2]) > 0.5);
  assert.equal(Math.abs(now.memory.heard[2]), 0);
  const words = dialInWords({ ...now, place: "" });
  assert.match(words, /muted: its state goes on, and nobody listens/);
  assert.match(words, /sit between two cells/);
});

test("the rim follows the longest arrow around, without a jump", () => {
  const values = [10, ...Array.from({ length: 60 }, (_, i) => (i === 40 ? 5 : 1))];
  const rim = (/** @type {number} */ time) => largestAround(values.length, (token) => values[token], time);
  assert.equal(rim(0), 10);
  assert.equal(rim(30), 1);
  assert.equal(rim(41), 5);
  for (let time = 0; time <= 60; time += 0.01) {
    assert.ok(rim(time) >= values[Math.floor(time)] - 1e-9, `at ${time} the arrow is out of the dial`);
    assert.ok(Math.abs(rim(time + 0.01) - rim(time)) < 0.15, `it jumps at ${time}`);
  }
});

test("a line that is drawn round takes the phase nearest to the one it had, within what a phase may be", () => {
  assert.equal(phaseNear(-3, 3.1), 3.2832);
  assert.equal(phaseNear(0.5, 0.6), 0.5);
  assert.equal(phaseNear(0.5, -13), -12.0664);
  assert.equal(phaseNear(1.3, 20), 13.8664, "a turn less where it would be too much");
});

test("a Transformer's keeping grows with the text, and is said where there is no state to see", () => {
  const config = SHAPES[0];
  const kept = numbersKept(config);
  assert.match(keptInWords(kept, { layers: 3, channels: 16, tokens: 10 }), /100 numbers for the whole text.*\(96 for the arrows, two for each of 16 channels in 3 layers, and 4 sums.*960 by now/);
  assert.match(standardInWords(config, 10), /standard Transformer.*96 numbers for each, 960 for the 10/);
  const modern = numbersKept({ ...config, near_field: 4, interference_interval: 9 });
  assert.match(keptInWords(modern, { layers: 3, channels: 16, tokens: 10 }), /240 numbers for the whole text.*\(96 for the arrows, .* 3 layers, and 144 for the near fields, the last three tokens in each layer\)/);
  // What is heard is what of the arrow lies along the line.
  const memory = remember(HEADS[1], config, Float64Array.of(1, 2));
  near(memory.heard[1], memory.loud * along(memory.states[1], memory.listen), 0, "shadow");
});
