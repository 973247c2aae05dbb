// The page at every width, by keyboard, and for a screen reader.

import assert from "node:assert/strict";
import { test } from "node:test";
import { onePage, openPage, SIZES } from "./launch.mjs";
import { firstText } from "./parts.mjs";
import { eventually } from "./wait.mjs";

/** The page's parts, each of which has a tab where there is room for one only. */
const PARTS = 6;

/** What is wider than the window. @param {import("playwright-core").Page} page */
const overhang = (page) => page.evaluate(() => {
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > width + 0.5 && !element.closest(".display, .visually-hidden"))
    .map((element) => `${element.tagName} ${element.className}`)
    .concat(document.documentElement.scrollWidth > width ? "the page" : []);
});

const shared = onePage({}, firstText);

test("every part fits at every width, in both themes", shared(async (page) => {
  for (const width of [360, 390, 768, 900, 1120, 1440, 2200]) {
    await page.setViewportSize({ width, height: 800 });
    // The tabs are there where they are needed.
    const tabs = page.getByRole("tab");
    await eventually(() => tabs.count(), width < 900 ? PARTS : 0, `tabs at ${width} px`);
    const parts = width < 900 ? await tabs.allInnerTexts() : [""];
    for (const part of parts) {
      if (part) await page.getByRole("tab", { name: part }).click();
      for (const colorScheme of /** @type {const} */ (["dark", "light"])) {
        await page.emulateMedia({ colorScheme });
        // Pictures follow the window a frame later.
        await eventually(() => overhang(page), [], `sticks out at ${width} px, ${colorScheme}: ${part || "all parts"}`);
      }
    }
  }
}));

test("on a phone the tabs go by arrow keys and show one part each", shared(async (page) => {
  await page.setViewportSize(SIZES.phone);
  await page.getByRole("tab", { name: "Generate" }).focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.getByRole("tab", { name: "Waves", selected: true }).waitFor();
  await page.locator("#waves").waitFor();
  await page.locator("#generate").waitFor({ state: "hidden" });
  await page.keyboard.press("End");
  await page.locator("#scaling").waitFor();
}));

test("everything that can be operated has a name, and headings go down in order", shared(async (page) => {
  await page.setViewportSize(SIZES.desktop);
  // All of the page is mounted, the last part too.
  await page.locator("#scaling button").first().waitFor();
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
}));

test("the theme can be chosen and is kept", async (t) => {
  const page = await openPage(t, { colors: "light" });
  const light = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const toggle = page.getByRole("button", { name: /^Theme/ });
  await toggle.click();
  await toggle.click();
  await eventually(() => page.evaluate(() => document.documentElement.dataset.theme), "dark");
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  // Colours may fade from one to the other.
  const dark = await eventually(ground, (colour) => colour !== light);
  await page.reload();
  await eventually(ground, dark);
  // The window's frame has the ground's colour.
  const frame = () => page.evaluate(() => {
    const metas = [...document.querySelectorAll("meta[name=theme-color]")].map((meta) => /** @type {HTMLMetaElement} */ (meta));
    const probe = document.createElement("p");
    probe.style.color = metas.find(({ media }) => matchMedia(media).matches)?.content ?? "";
    return probe.style.color;
  });
  await eventually(frame, dark);
  await page.getByRole("button", { name: /^Theme/ }).click();
  await eventually(frame, light);
});
