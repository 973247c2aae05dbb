// The page against the native command line: one engine, one answer.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { onePage } from "./launch.mjs";
import { channel, generatePanel, settle, write } from "./parts.mjs";
import { eventually } from "./wait.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
// The copy that the page opens.
const MODEL = "dist/models/shakespeare";

const shared = onePage();

/** Runs the command line, built as Rust's tests build it. @param {string[]} args @returns {any} */
function wavefield(...args) {
  const cargo = ["run", "--quiet", "--profile", "test", "--features", "cli", "--bin", "wavefield", "--"];
  return JSON.parse(execFileSync("cargo", [...cargo, ...args, "--json"], { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 26 }));
}

test("the same seed and settings write the same text in the page and natively", shared(async (page) => {
  // Longer than the context, so that reading half of it again is part of what is compared.
  const settings = { length: 400, seed: 11, prompt: "First Citizen:\n" };
  await settle(page, settings);
  await page.getByText("More sampling settings").click();
  for (const [name, value] of [["Temperature", "0.8"], ["Top-p", "0.9"], ["Top-k", "20"], ["Repetition penalty", "1.1"]]) {
    await generatePanel(page).getByRole("spinbutton", { name, exact: true }).fill(value);
  }
  const found = await write(page);
  const native = wavefield("generate", MODEL, "--prompt", settings.prompt, "--max-tokens", `${settings.length}`,
    "--seed", `${settings.seed}`, "--temperature", "0.8", "--top-p", "0.9", "--top-k", "20", "--repetition-penalty", "1.1");
  assert.equal([...native.text].length, settings.length);
  assert.equal(found, native.text);
}));

test("the page says of each head what the engine says", shared(async (page) => {
  await settle(page);
  const { heads, config } = wavefield("inspect", MODEL);
  for (const layer of [0, config.num_layers - 1]) {
    await page.locator("#waves").getByRole("radio", { name: `${layer + 1}`, exact: true }).check();
    for (const head of heads.filter((/** @type {any} */ each) => each.layer === layer)) {
      const card = channel(page, head.head + 1);
      // The cards of another layer are drawn in the next frame.
      await eventually(async () => ({
        words: await card.innerText(),
        reach: Number((await card.locator(".channel-reach").innerText()).replace(/[^\d.]/g, "")),
      }), ({ words, reach }) => words.includes(head.role) && Math.abs(reach / head.reach - 1) < 0.05,
      `layer ${layer + 1}, head ${head.head + 1}: the engine says "${head.role}", reach ${head.reach}`);
    }
  }
}));
