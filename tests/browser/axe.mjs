// axe-core (https://github.com/dequelabs/axe-core) looks through a page for what screen readers, keyboards and weak eyes
// stumble over.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * What axe finds wrong with the page as it is, in a line each.
 * @param {import("playwright-core").Page} page @param {string[]} [only]  these rules
 * @param {string} [within]  a selector of what is looked at alone: what lies under an open menu is half covered, as it should be
 * @returns {Promise<string[]>}
 */
export async function violations(page, only, within) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(source);
  return page.evaluate(async ([only, within]) => {
    const { axe } = /** @type {any} */ (globalThis);
    const options = only ? { runOnly: { type: "rule", values: only } } : { runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] } };
    const found = await axe.run(within ?? document, { ...options, resultTypes: ["violations"] });
    return /** @type {any[]} */ (found.violations).flatMap(({ id, nodes }) => nodes.slice(0, 4).map((/** @type {any} */ { target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary.split("\n").slice(1).join(" ").trim()}`));
  }, /** @type {const} */ ([only, within]));
}
