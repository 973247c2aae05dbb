import assert from "node:assert/strict";
import { test } from "node:test";
import { NUMBERS } from "../../www/js/page/sampling.js";
import { INITIAL, State } from "../../www/js/page/state.js";

test("what was kept comes back, and what cannot be is the nearest that can, or as on an untouched page", () => {
  const first = new State();
  first.set("prompt", "JULIET:");
  first.set("settings", { ...INITIAL.settings, seed: 7, stop: ["\n\n"] });
  const again = new State();
  again.restore(structuredClone(first.kept()));
  assert.deepEqual(again.kept(), first.kept());
  const odd = new State();
  odd.restore({ layer: 1e9, tab: 5, prompt: "x".repeat(2_000_000), pace: NaN, deviceChoice: "toaster", workersChoice: -1,
    settings: { seed: 9, stop: "abc", max_tokens: 1e300, temperature: NaN, top_k: 2.5, more: Array(10) } });
  assert.deepEqual(odd.kept(), { ...new State().kept(), settings: { ...INITIAL.settings, seed: 9, max_tokens: NUMBERS.max_tokens.max, top_k: 3 } });
  for (const nonsense of [null, 5, "x", [], { settings: null }]) {
    const state = new State();
    state.restore(nonsense);
    assert.deepEqual(state.kept(), new State().kept());
  }
});

test("every number that the form lets through is kept", () => {
  for (const [key, { min, max }] of Object.entries(NUMBERS)) {
    for (const value of [min, max]) {
      const state = new State();
      state.restore({ settings: { [key]: value } });
      assert.equal(/** @type {any} */ (state.get("settings"))[key], value, key);
    }
  }
});
