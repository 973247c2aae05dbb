// Small models that tests open in the page, made by the page's own engine in two steps.

import { startBrowser } from "./launch.mjs";
import { HANG_MS, scrolled } from "./wait.mjs";

const MODEL = { architecture: "wave", embedding_dim: 16, num_layers: 2, num_heads: 4, ffn_dim: 32, max_seq_len: 17, field_size: 17, interference_interval: 2, position_scale: 1 };
const TRAIN = {
  batch_size: 2, seq_len: 16, steps: 2, warmup_steps: 1, peak_lr: 0.003, min_lr: 0.0003,
  weight_decay: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8, clip_norm: 1, dropout: 0, seed: 3,
};
/** A standard Transformer. */
export const STANDARD = { architecture: "standard", field_size: 0 };

/**
 * Models of names with all of its characters, as files; one engine makes them all.
 * @param {Partial<typeof MODEL>[]} models  what differs from a small model of waves with a cell for each token
 * @returns {Promise<Buffer[]>}
 */
export async function makeModels(models) {
  const { browser, server } = await startBrowser();
  const page = await browser.newPage();
  page.setDefaultTimeout(HANG_MS);
  await page.route("**/empty.html", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto(`${server.sources}empty.html`);
  const orders = models.map((model) => ({
    data_name: "Names", tokenizer: { kind: "character", vocab_size: 0 }, model: { ...MODEL, ...model }, train: TRAIN,
    evaluate_every: 0, sample_every: 0, sample_prompt: "\n",
  }));
  const files = await page.evaluate(async (orders) => {
    const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
    const { Engine } = await load("/sources/js/engine/client.js");
    const { loadDataSet } = await load("/sources/js/text/data-sets.js");
    const [engine, text] = [new Engine(), (await loadDataSet("names")).slice(0, 20_000)];
    const files = [];
    for (const order of orders) {
      const ended = new Promise((done) => { const off = engine.on("train_ended", () => { off(); done(null); }); });
      await engine.request("train_start", { ...order, text });
      await ended;
      await engine.request("train_adopt", {});
      files.push(Array.from((await engine.request("export_model", {})).bytes));
    }
    return files;
  }, orders);
  await page.context().close();
  return files.map((bytes) => Buffer.from(bytes));
}

/** Opens a model's file in the page, and waits until the page has scrolled to where the model writes. @param {import("playwright-core").Page} page @param {Buffer} buffer @param {string} [name] */
export async function openModel(page, buffer, name = "small") {
  await page.locator("input[type=file][aria-label='File to open']").setInputFiles({ name: `${name}.safetensors`, mimeType: "application/octet-stream", buffer });
  await page.locator(".model-name", { hasText: name }).waitFor();
  await page.locator(".notice", { hasText: `${name} is open.` }).waitFor();
  await scrolled(page);
}
