// The GPU against the CPU (tests/gpu) once more in Chromium, whose compiler for shaders is another one
// than wgpu's own. Over SwiftShader where there is no graphics card.

import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SWIFTSHADER } from "./chromium.mjs";
import { emptyPage, startBrowser } from "./launch.mjs";
import { serve } from "./server.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILT = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "gpu-tests");
// More than ten seconds: forty tests, whose shaders are compiled and run on the processor.
test("the GPU's twins in Chromium", async (t) => {
  const server = await serve({ folder: BUILT, prefix: "/gpu/" });
  const { browser } = await startBrowser(SWIFTSHADER);
  t.after(() => server.close());
  const page = await emptyPage(t, browser, server.url);
  /** @type {string[]} */
  const warnings = [];
  page.on("console", (message) => warnings.push(message.text()));
  page.on("pageerror", (error) => warnings.push(String(error)));
  const found = await page.evaluate(async () => {
    const module = "./gpu.js";
    const gpu = await import(new URL(module, document.baseURI).href);
    await gpu.default();
    const names = gpu.names();
    try {
      const opened = await gpu.open();
      Object.assign(globalThis, { opened });
      return { names, adapter: opened.describe(), missing: null };
    } catch (error) {
      return { names, adapter: "", missing: String(error) };
    }
  });
  if (found.missing) return t.skip(`no adapter: ${found.missing}`);
  t.diagnostic(found.adapter);
  for (const name of found.names) {
    await t.test(name, async () => {
      warnings.length = 0;
      const fault = await page.evaluate((name) => /** @type {any} */ (globalThis).opened.run(name), name);
      if (fault) throw new Error([fault, ...warnings].join("\n"));
    });
  }
});
