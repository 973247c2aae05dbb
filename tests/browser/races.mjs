// The races that the page shows before a visitor has run any: run here in the page itself, as a visitor would, and written
// to www/data/races.json. A race that is in the file already is left as it is, so that this can be stopped and goes on.
//
//     node tests/browser/races.mjs            runs what is missing
//     node tests/browser/races.mjs --anew     runs all of them again

import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { coarser } from "../../www/js/race/ours.js";
import { PLAIN } from "./chromium.mjs";
import { borrowBrowser } from "./pool.mjs";
import { serve } from "./server.mjs";
import { kept } from "./wait.mjs";

const FILE = fileURLToPath(new URL("../../www/data/races.json", import.meta.url));
const RACES = [
  { data: "Shakespeare", lineUp: "Tuned" },
  { data: "Shakespeare", lineUp: "As published" },
];
const SEEDS = 3;

/** @typedef {import("../../www/js/race/results.js").Result} Result */

const before = process.argv.includes("--anew") ? [] : JSON.parse(await readFile(FILE, "utf8").catch(() => "[]"));
const server = await serve();
const { browser, giveBack } = await borrowBrowser(PLAIN);
/** @type {Result[]} */ const results = [];
try {
  for (const { data, lineUp } of RACES) {
    const found = before.find((/** @type {Result} */ { plan: { choices } }) => choices.data_name === data && choices.lineUp === (lineUp === "Tuned" ? "tuned" : "published"));
    results.push(found ?? await run(data, lineUp));
    await writeFile(FILE, `${JSON.stringify(results)}\n`);
  }
} finally {
  await browser.close();
  giveBack();
  server.close();
}

/** @param {string} data @param {string} lineUp @returns {Promise<Result>} */
async function run(data, lineUp) {
  const page = await browser.newPage();
  await page.goto(`${server.url}#race`);
  const race = page.locator("#race");
  await race.getByRole("radio", { name: data }).check();
  await race.getByRole("radio", { name: new RegExp(`^${lineUp}`) }).check();
  await race.locator("summary", { hasText: "Settings of the race" }).click();
  await race.getByLabel("Seeds", { exact: true }).fill(String(SEEDS));
  await race.getByRole("button", { name: "Start the race" }).click();
  const state = page.locator(".race-run");
  for (let said = ""; (await state.getAttribute("data-state")) !== "done"; await new Promise((wake) => setTimeout(wake, 10_000))) {
    const now = await race.locator(".race-where").innerText();
    if (now !== said) console.log(`${data}, ${lineUp}: ${now}`);
    said = now;
    if ((await state.getAttribute("data-state")) === "failed") throw new Error(await race.locator(".race-note").innerText());
  }
  const [result] = /** @type {Result[]} */ (await kept(page, "race-results", (/** @type {Result[] | undefined} */ all) => !!all?.[0]));
  await page.close();
  const machine = `${cpus()[0].model.trim()}, Chromium ${browser.version().split(".")[0]}`;
  return { ...result, heats: result.heats.map(coarser), ours: { machine } };
}
