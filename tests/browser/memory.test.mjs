// The engine's memory: models that are opened one after the other leave nothing behind.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openEmpty } from "./launch.mjs";
import { engines } from "./wait.mjs";

const MODELS = 50;
/** After so many, everything that is kept for good is there. */
const SETTLED = 5;

test("50 models are opened, written with and dropped, and memory does not grow", async (t) => {
  const page = await openEmpty(t);
  await page.evaluate(async () => {
    const client = "/sources/js/engine/client.js";
    const { Engine } = await import(new URL(client, document.baseURI).href);
    const checkpoint = await (await fetch("/sources/models/shakespeare/model.safetensors")).arrayBuffer();
    const engine = new Engine();
    Object.assign(globalThis, { engine, checkpoint });
    // It answers once it is loaded.
    await engine.request("stop_generation", { run: null });
  });

  /** The size of the engine's memory, which WebAssembly never gives back: whatever was left behind shows. */
  const memory = () => engines(page)[0].evaluate(async () => {
    // The worker has one of the two builds; asked again, it gives the instance that is there.
    const names = performance.getEntriesByType("resource").map(({ name }) => name);
    const build = names.find((name) => /\/wavefield(_relaxed)?\.js$/.test(name));
    if (!build) throw new Error(`no engine among ${names}`);
    const { default: load } = await import(build);
    return (await load()).memory.buffer.byteLength;
  });

  // It answers when the text has been written.
  const open = (/** @type {string} */ run) => page.evaluate(async (run) => {
    const { engine, checkpoint } = /** @type {any} */ (globalThis);
    const bytes = checkpoint.slice(0);
    await engine.request("load_model", { bytes, name: run }, [bytes]);
    await engine.request("generate", {
      run, prompt: "the", original: false, pace: 0,
      settings: { temperature: 0.8, top_k: 0, top_p: 1, repetition_penalty: 1, seed: 1, max_tokens: 4, stop: [], at_limit: "reread" },
    });
  }, run);

  const empty = await memory();
  const sizes = [];
  for (let i = 1; i <= MODELS; i++) {
    await open(`model-${i}`);
    sizes.push(await memory());
  }
  const mebibytes = sizes.map((size) => (size / 2 ** 20).toFixed(1)).join(" ");
  t.diagnostic(`MiB: ${(empty / 2 ** 20).toFixed(1)}, then ${mebibytes}`);
  assert.ok(sizes[0] > empty, `a model takes memory: ${mebibytes}`);
  assert.equal(sizes.at(-1), sizes[SETTLED - 1], `MiB after each model: ${mebibytes}`);
});
