// Which of the engine's two builds a worker loads, and why it could not. Workers that share a step must have the same one.

import { arriving } from "../page/arriving.js";
import { whyNotLoaded } from "../page/why-not-loaded.js";
import { knowsRelaxedSimd, knowsSimd } from "./wasm-features.js";

/** @typedef {typeof import("../../pkg/wavefield.js")} EngineModule */

/**
 * Loads the engine: the build with fused multiply-adds where the browser knows them, because it trains faster.
 * @param {(bytes: number) => void} [tell]  how much of it has come
 * @returns {Promise<EngineModule>} ready to use
 * @throws {Error} with a sentence for the person: why it could not be loaded, and what helps
 */
export async function loadEngine(tell) {
  if (typeof WebAssembly === "undefined") throw new Error("WebAssembly is switched off in this browser (by a lockdown mode or a setting). Switch it on for this page.");
  if (!knowsSimd()) throw new Error("This browser does not know WebAssembly SIMD. Any browser from 2023 on does: update it, or use another one.");
  const plain = () => started(import("../../pkg/wavefield.js"), new URL("../../pkg/wavefield_bg.wasm", import.meta.url), tell);
  try {
    if (!knowsRelaxedSimd()) return await plain();
    return await started(import("../../pkg/wavefield_relaxed.js"), new URL("../../pkg/wavefield_relaxed_bg.wasm", import.meta.url), tell).catch(plain);
  } catch (error) {
    throw new Error(await whyNot(error));
  }
}

/**
 * The engine once it runs. Its two files come at the same time.
 * @param {Promise<EngineModule>} importing @param {URL} wasm @param {(bytes: number) => void} [tell]
 */
async function started(importing, wasm, tell) {
  const [engine, response] = await Promise.all([importing, fetch(wasm)]);
  if (tell) arriving(response.clone(), tell).catch(() => {}); // Whoever takes it says what is wrong with it.
  await engine.default({ module_or_path: response });
  return engine;
}

/** @param {unknown} error */
async function whyNot(error) {
  if (error instanceof RangeError) return "There is not enough memory for it. Close other tabs or programs, then reload the page.";
  const words = error instanceof Error ? error.message : String(error);
  const wrong = await whyNotLoaded(import.meta.url);
  if (wrong) return wrong;
  // The file is whole, and yet it may not be compiled.
  if (error instanceof WebAssembly.CompileError || /content.security.policy|unsafe-eval/i.test(words)) {
    return `The server's rules (Content-Security-Policy) forbid WebAssembly on this page. They must allow 'wasm-unsafe-eval' for scripts: that is set at the server. (${words.replace(/\.$/, "")}.)`;
  }
  return `${words.replace(/\.$/, "")}. Reload the page.`;
}
