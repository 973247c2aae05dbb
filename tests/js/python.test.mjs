// The program in Python that the page gives.

import assert from "node:assert/strict";
import { test } from "node:test";
import { asPython } from "../../www/js/link/python.js";

const settings = { temperature: 0.8, greedy: false, top_k: 40, top_p: 0.9, repetition_penalty: 1.1, seed: 7, max_tokens: 50, stop: ["\n\n", 'a"b'], at_limit: /** @type {const} */ ("run_on") };

test("every setting is in the program, and texts are quoted", () => {
  const program = asPython({ prompt: 'He said "no"\\\n', settings, file: "my model.safetensors", bent: true });
  for (const line of [
    'model = WaveField.from_pretrained("my model.safetensors")', '    "He said \\"no\\"\\\\\\n",', "    max_tokens=50,", "    temperature=0.8,", "    top_k=40,", "    top_p=0.9,",
    "    repetition_penalty=1.1,", "    seed=7,", '    stop=["\\n\\n", "a\\"b"],', '    at_limit="run_on",',
  ]) assert.ok(program.split("\n").includes(line), line);
  assert.match(program, /its waves as they are bent now/);
});

test("always the likeliest token is a temperature of 0, and a model as in its file is not called bent", () => {
  const program = asPython({ prompt: "", settings: { ...settings, greedy: true, stop: [] }, file: "m.safetensors", bent: false });
  assert.match(program, /\n    temperature=0,\n/);
  assert.match(program, /\n    stop=\[\],\n/);
  assert.doesNotMatch(program, /bent/);
});
