import assert from "node:assert/strict";
import { test } from "node:test";
import { readNumber, settleNumber, showNumber, stepNumber } from "../../www/js/page/numbers.js";
import { NUMBERS, readStops, soundSettings, writeStops } from "../../www/js/page/sampling.js";
import { INITIAL, State } from "../../www/js/page/state.js";

/** @param {string} text @param {boolean} [whole] */
const value = (text, whole) => readNumber(text, whole)?.value ?? null;

test("a number is read as it is typed, with a comma or a point, in any script", () => {
  for (const [text, expected] of /** @type {const} */ ([
    ["0,7", 0.7], ["0.7", 0.7], [",7", 0.7], [".7", 0.7], ["7,", 7], [" 7 ", 7], ["+7", 7], ["-1,5", -1.5], ["\u22121.5", -1.5], ["\u20131,5", -1.5],
    ["1,234.5", 1234.5], ["1.234,5", 1234.5], ["1 234,5", 1234.5], ["1\u202f234\u00a0567,25", 1234567.25], ["1'234.5", 1234.5], ["1\u2019234", 1234], ["1,234,567", 1234567], ["1.234.567", 1234567],
    ["1e-3", 0.001], ["1,5E-3", 0.0015], ["\u0660\u066b\u0667", 0.7], ["\u06f1\u06f2", 12], ["\u0967\u0968.\u096b", 12.5], ["\uff11\uff0e\uff15", 1.5], ["0,123", 0.123], ["1,000", 1], ["1e999", Infinity],
  ])) assert.equal(value(text), expected, text);
  for (const text of ["", " ", ",", "-", "abc", "0x10", "1.5.2", "1,2,3", "12,34,567", "--1", "5-", "0 7", "1 2", "1..2", "1,,2", "\u00b2", "\u00bd", "Infinity", "NaN", "1e", "1 e3", "7 %", "1.234,567.8"]) assert.equal(value(text), null, text);
});

test("in a field for whole numbers three digits after a mark are thousands, and that is said", () => {
  for (const text of ["200,000", "200.000", "200 000", "200'000", "200000", "200000,0"]) assert.equal(value(text, true), 200_000, text);
  assert.equal(value("1,5", true), 1.5);
  const steps = { min: 10, max: 200_000, whole: true };
  assert.deepEqual(settleNumber("1,500", steps, 100), { value: 1500, said: "“1,500” was read as 1500." });
  assert.deepEqual(settleNumber("1,500", { min: 0, max: 2 }, 1), { value: 1.5, said: "“1,500” was read as 1.5." });
  assert.deepEqual(settleNumber("0,500", { min: 0, max: 2 }, 1), { value: 0.5, said: "" });
});

test("what does not do is made to do, in words that quote it; what is no number changes nothing", () => {
  const limits = { min: 0.01, max: 2 };
  for (const [text, is, said] of /** @type {const} */ ([
    ["7", 2, "“7” is more than 2, the most: it became 2."], ["1e999", 2, "“1e999” is more than 2, the most: it became 2."], ["-1", 0.01, "“-1” is less than 0.01, the least: it became 0.01."],
    ["abc", 0.8, "“abc” is no number, so 0.8 stays."], ["  ", 0.8, "Nothing was typed, so 0.8 stays."], ["1.23456789", 1.23456789, ""], ["1.23456789012345", 1.23456789, "“1.23456789012345” was rounded to 1.23456789."],
  ])) assert.deepEqual(settleNumber(text, limits, 0.8), { value: is, said }, text);
  assert.deepEqual(settleNumber("1.5", { min: 0, max: 10, whole: true }, 3), { value: 2, said: "“1.5” is not a whole number: it became 2." });
  assert.deepEqual(settleNumber("65", { min: 4, max: 1024, whole: true, multiple: 4 }, 8), { value: 64, said: "“65” is not a multiple of 4: it became 64." });
  assert.ok(settleNumber("x".repeat(10_000), limits, 1).said.length < 80);
});

test("what is shown reads back as what is used", () => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < 2000; i++) {
    const used = settleNumber(String((random() - 0.5) * 10 ** Math.floor(random() * 12 - 5)), { min: -1e9, max: 1e9 }, 0).value;
    assert.equal(value(showNumber(used, 4)), used);
    const whole = Math.floor(random() * 4294967296);
    assert.equal(value(showNumber(whole, 0), true), whole);
  }
  // What was computed in 32 bits is shown to so many places.
  assert.equal(showNumber(Math.fround(0.3), 4), "0.3");
  assert.equal(showNumber(Math.fround(1.2345678), 4), "1.2346");
  assert.equal(showNumber(Math.fround(0.00001234), 4), "0.00001234");
  // In 16 bits, as the shipped model's waves are: written out it would be 1.21484375. Not where no number is computed.
  assert.equal(showNumber(1.21484375, 4), "1.2148");
  assert.equal(showNumber(0.0009765625), "0.0009765625");
  assert.equal(showNumber(0.25, 4), "0.25");
  assert.equal(showNumber(NaN), "");
});

test("arrow keys step by the field's step, or by a tenth of the number's size, and stop at the ends", () => {
  const rate = { min: 0.00001, max: 0.1 };
  assert.equal(stepNumber(0.003, 1, "any", rate), 0.0031);
  assert.equal(stepNumber(0.1, 1, "any", rate), 0.1);
  assert.equal(stepNumber(0.8, 1, 0.05, { min: 0, max: 2 }), 0.85);
  assert.equal(stepNumber(0.02, -1, 0.05, { min: 0, max: 2 }), 0);
});

test("settings that an older page let in are brought within their limits when they come back", () => {
  const kept = { ...INITIAL.settings, seed: 1.5, top_k: -3, temperature: 99, max_tokens: NaN, stop: ["a", "", 3], at_limit: "sideways", greedy: "yes", more: 1 };
  assert.deepEqual(soundSettings(/** @type {any} */ (kept), INITIAL.settings), { ...INITIAL.settings, seed: 2, top_k: 0, temperature: NUMBERS.temperature.max, stop: ["a"] });
  const state = new State();
  state.restore({ settings: { ...INITIAL.settings, seed: 1.5 } });
  assert.equal(state.get("settings").seed, 2);
});

test("stop texts show as what they are, whatever stands in them", () => {
  for (const texts of [["\n\n"], ["a,b", "c"], ["\\n"], ["\\", ","], [" ", "\t", "\r\n"], ["a\\,b\n"], []]) assert.deepEqual(readStops(writeStops(texts)), texts);
  assert.equal(writeStops(["\n\n", "END"]), "\\n\\n,END");
  assert.deepEqual(readStops("\\n,,x\\y\\"), ["\n", "x\\y\\"]);
});
