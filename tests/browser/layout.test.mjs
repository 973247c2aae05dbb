// The page at every width, by keyboard, and for a screen reader.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./launch.mjs";
import { firstText } from "./parts.mjs";

/** @param {import("playwright-core").Page} page */
const overhang = (page) => page.evaluate(() => {
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > width + 0.5 && !element.closest(".display, .visually-hidden"))
    .map((element) => `${element.tagName} ${element.className}`);
});

for (const width of [360, 390, 768, 900, 1120, 1440, 2200]) {
  test(`every part fits at ${width} px`, async (t) => {
    const page = await openPage(t, { size: { width, height: 800 } });
    await firstText(page);
    const tabs = page.getByRole("tab");
    const parts = (await tabs.count()) > 0 ? await tabs.allInnerTexts() : [""];
    for (const part of parts) {
      if (part) await page.getByRole("tab", { name: part }).click();
      assert.deepEqual(await overhang(page), [], part || "all parts");
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), part);
    }
  });
}

test("on a phone the tabs go by arrow keys and show one part each", async (t) => {
  const page = await openPage(t, { size: "phone" });
  await firstText(page);
  await page.getByRole("tab", { name: "Generate" }).focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.getByRole("tab", { name: "Waves" }).getAttribute("aria-selected"), "true");
  assert.equal(await page.locator("#waves").isVisible(), true);
  assert.equal(await page.locator("#generate").isVisible(), false);
  await page.keyboard.press("End");
  assert.equal(await page.locator("#scaling").isVisible(), true);
});

test("everything that can be operated has a name, and headings go down in order", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  const nameless = await page.evaluate(() => [...document.querySelectorAll("button, input, textarea, select, canvas[role], [tabindex='0']")]
    .filter((element) => element.checkVisibility())
    .filter((element) => {
      const labels = /** @type {HTMLInputElement} */ (element).labels;
      return !(element.getAttribute("aria-label") || element.textContent?.trim() || labels?.[0]?.textContent?.trim());
    })
    .map((element) => element.outerHTML.slice(0, 120)));
  assert.deepEqual(nameless, []);
  const levels = await page.evaluate(() => [...document.querySelectorAll("h1, h2, h3, h4")].filter((element) => element.checkVisibility()).map((element) => Number(element.tagName[1])));
  assert.equal(levels[0], 1);
  for (let i = 1; i < levels.length; i++) assert.ok(levels[i] <= levels[i - 1] + 1, `a heading of level ${levels[i]} after one of ${levels[i - 1]}`);
  for (const landmark of ["banner", "main", "contentinfo"]) assert.equal(await page.getByRole(/** @type {"main"} */ (landmark)).count(), 1, landmark);
});

test("the theme can be chosen and is kept", async (t) => {
  const page = await openPage(t, { colors: "light" });
  const toggle = page.getByRole("button", { name: /^Theme/ });
  await toggle.click();
  await toggle.click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.reload();
  assert.equal(await ground(), dark);
});
