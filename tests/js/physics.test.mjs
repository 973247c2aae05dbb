// One head's wave on the page: the same formulas as the engine's, and the words made from them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelByLag, norm, periodInTokens, reach, response, role, roleExplained, stride } from "../../www/js/engine/physics.js";

/** @param {number} frequency @param {number} damping @param {number} [phase] */
const head = (frequency, damping, phase = 0) => ({ frequency, damping, phase, gain: 1 });

/** @param {number} tokens @param {number} cells @returns {import("../../www/js/engine/protocol.js").ModelConfig} */
const shape = (tokens, cells = tokens) => ({
  vocab_size: 10, embedding_dim: 16, num_layers: 1, num_heads: 4, ffn_dim: 16, interference_interval: 1, position_scale: 1,
  max_seq_len: tokens, field_size: cells,
});

/** @param {number} found @param {number} expected @param {string} what */
const near = (found, expected, what) =>
  assert.ok(Math.abs(found - expected) <= 1e-9 + 1e-9 * Math.abs(expected), `${what}: ${found}, expected ${expected}`);

test("the kernel is the damped cosine over the field, divided by the sum of its sizes", () => {
  const config = shape(17, 33);
  assert.equal(stride(config), 2);
  const wave = head(0.7, 0.2, 0.4);
  let sum = 0;
  for (let cell = 0; cell < 33; cell++) sum += Math.abs(Math.exp(-0.2 * cell) * Math.cos(0.7 * cell + 0.4));
  near(norm(wave, 33), sum, "norm");
  kernelByLag(wave, config, 17).forEach((value, lag) => {
    near(value, (Math.exp(-0.4 * lag) * Math.cos(1.4 * lag + 0.4)) / sum, `lag ${lag}`);
  });
});

test("a kernel that is nothing is divided by the engine's smallest norm, not by nothing", () => {
  assert.equal(norm(head(0, 80, Math.PI / 2), 64), 1e-8);
});

test("the frequency response is the size of the kernel's Fourier transform", () => {
  const config = shape(65);
  for (const wave of [head(0.3, 0.05, 1), head(2.9, 0.4, -2), head(0, 0.0001), head(Math.PI, 1e-9)]) {
    const kernel = kernelByLag(wave, config, 65);
    response(wave, config, 33).forEach((found, i) => {
      const omega = (Math.PI * i) / 32;
      let [re, im] = [0, 0];
      kernel.forEach((value, lag) => {
        re += value * Math.cos(omega * lag);
        im -= value * Math.sin(omega * lag);
      });
      assert.ok(Math.abs(found - Math.hypot(re, im)) < 1e-7, `${JSON.stringify(wave)} at ${omega}: ${found}, expected ${Math.hypot(re, im)}`);
    });
  }
});

test("reach is where the envelope has fallen to a tenth, in tokens", () => {
  near(Math.exp(-0.3 * 4 * reach(head(1, 0.3), shape(17, 65))), 0.1, "envelope");
  assert.equal(reach(head(1, 0), shape(17)), Infinity);
});

test("a wave that turns too fast for the tokens shows as the slower one that they see", () => {
  near(periodInTokens(head(Math.PI / 2, 0.1), shape(17)), 4, "quarter turn");
  near(periodInTokens(head(2 * Math.PI - Math.PI / 2, 0.1), shape(17)), 4, "three quarters");
  near(periodInTokens(head(Math.PI / 4, 0.1), shape(17, 33)), 4, "an eighth, two cells a token");
  assert.equal(periodInTokens(head(0, 0.1), shape(17)), Infinity);
});

test("roles in words", () => {
  const config = shape(257);
  for (const [wave, expected] of /** @type {const} */ ([
    [head(1, 3), "This token only"],
    [head(0.01, 0.5), "Near, smooth"],
    [head(2, 0.3), "Near, rhythmic"],
    [head(0.4, 0.1), "Middle, rhythmic"],
    [head(3, 0.1), "Middle, flickering"],
    [head(0.001, 0.02), "Far, smooth"],
    [head(0.5, 0.005), "Far, rhythmic"],
  ])) assert.equal(role(wave, config), expected, JSON.stringify(wave));
  assert.match(roleExplained(head(0.5, 0.001), config), /whole context.*rhythm of 13 tokens/);
});
