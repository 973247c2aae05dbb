// The page at every width, by keyboard, and for a screen reader.

import assert from "node:assert/strict";
import { test } from "node:test";
import { onePage, openPage, SIZES } from "./launch.mjs";
import { firstText, go } from "./parts.mjs";
import { eventually, words } from "./wait.mjs";

const PLACES = /** @type {const} */ (["Write", "Stories", "Train", "Race", "Lab", "Long", "Mine"]);

/** What is wider than the window, but for a table of many columns, which scrolls by itself. @param {import("playwright-core").Page} page */
const overhang = (page) => page.evaluate(() => {
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > width + 0.5 && !element.closest(".display, .visually-hidden, .race-table"))
    .map((element) => `${element.tagName} ${element.className}`)
    .concat(document.documentElement.scrollWidth > width ? "the page" : []);
});

const shared = onePage({}, firstText);

test("every place fits at every width, in both themes, and is one press away", shared(async (page) => {
  for (const width of [320, 360, 390, 768, 900, 1120, 1440, 2200]) {
    await page.setViewportSize({ width, height: 800 });
    for (const place of PLACES) {
      await go(page, place);
      for (const colorScheme of /** @type {const} */ (["dark", "light"])) {
        await page.emulateMedia({ colorScheme });
        // Pictures follow the window a frame later.
        await eventually(() => overhang(page), [], `sticks out at ${width} px, ${colorScheme}: ${place}`);
      }
    }
  }
  await go(page, "Write");
}));

test("one place is seen at a time; each has an address, to which Back and Forward lead; what is set stays", shared(async (page) => {
  await page.setViewportSize(SIZES.desktop);
  const current = page.getByRole("navigation", { name: "Places" }).locator("[aria-current=page]");
  const hash = (/** @type {RegExp} */ wanted) => eventually(() => page.evaluate(() => location.hash), wanted);
  const seen = (/** @type {string} */ place, /** @type {string} */ panel) => Promise.all([
    words(current, place), page.locator(panel).waitFor(),
    eventually(() => page.locator("[data-place]:not(.behind)").count(), 1),
  ]);
  await seen("Write", "#generate");
  await page.locator("#generate").getByLabel("Seed", { exact: true }).fill("5");
  await page.keyboard.press("Enter");
  await hash(/^#seed=5&end$/);
  await go(page, "Train");
  await seen("Train", "#train");
  await hash(/^#train&seed=5&end$/);
  await eventually(() => page.title(), /^Train/);
  await go(page, "Lab");
  await seen("Lab", "#lab");
  await hash(/^#lab\/[a-z-]+&seed=5&end$/);
  await page.goBack();
  await seen("Train", "#train");
  await page.goBack();
  await seen("Write", "#generate");
  await hash(/^#seed=5&end$/);
  await page.goForward();
  await seen("Train", "#train");
  await page.reload();
  await seen("Train", "#train");
  assert.equal(await page.locator("#generate").getByLabel("Seed", { exact: true }).inputValue(), "5");
  // By keyboard: from the address field the content is two presses away, and so is any place within a few.
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await eventually(() => page.evaluate(() => document.activeElement?.id), "main");
  await seen("Train", "#train");
  await go(page, "Write");
  await page.locator("#generate").getByLabel("Seed", { exact: true }).fill("1");
  await page.keyboard.press("Enter");
  await hash(/^$/);
}));

for (const [size, what] of /** @type {const} */ ([["desktop", "all heads"], ["small", "the head"], ["phone", "the head"]])) {
  test(`text and waves are in sight without scrolling, with the handles of ${what} (${size})`, async (t) => {
    const page = await openPage(t, { size: size === "small" ? { width: 1024, height: 768 } : size });
    await firstText(page);
    const chosen = page.locator("#waves .channel-chosen");
    const places = [page.locator("#generate .displays"), page.locator(".chosen-words"), ...(size === "small" ? [] : [chosen.locator(".kernel-canvas"), chosen.getByRole("spinbutton", { name: "frequency" })])];
    if (size === "small") places.push(page.locator("#waves .kernel-canvas").first());
    // What is at the foot of the window hides what lies under it.
    const foot = size === "phone" ? (await page.getByRole("navigation", { name: "Places" }).boundingBox())?.y ?? 0 : page.viewportSize()?.height ?? 0;
    for (const place of places) {
      await eventually(() => place.boundingBox(), (box) => box !== null && box.y >= 0 && box.y + Math.min(box.height, 60) <= foot && box.height > 10, `${place} is out of sight`);
    }
    await words(page.locator(".chosen-words"), /^Head 5: .*the most of all heads\.$/);
  });
}

test("on a phone one head is shown at a time, and chosen by its number", async (t) => {
  const page = await openPage(t, { size: "phone" });
  await firstText(page);
  const shown = () => page.locator("#waves .channel:visible").evaluateAll((channels) => channels.map((channel) => channel.getAttribute("aria-label")));
  await eventually(shown, (names) => names.join() === "Head 5");
  await page.getByRole("group", { name: "Head", exact: true }).getByRole("button", { name: "Head 2" }).click();
  await eventually(shown, (names) => names.join() === "Head 2");
  await page.getByRole("button", { name: "Mute head 2" }).click();
  await words(page.locator(".chosen-words"), /^Head 2: muted\./);
  await page.getByRole("button", { name: "Reset all" }).click();
  await words(page.locator(".chosen-words"), /^Head 2: Hears/);
  // Every slider has room for a thumb to move.
  const widths = await page.locator("input[type=range]:visible").evaluateAll((all) => all.map((slider) => slider.getBoundingClientRect().width));
  assert.ok(widths.length >= 4 && widths.every((width) => width > 150), widths.join());
});

test("everything that can be operated has a name, and headings go down in order", shared(async (page) => {
  await page.setViewportSize(SIZES.desktop);
  // All of the page is mounted, the last part too.
  await page.locator("#scaling button").first().waitFor({ state: "attached" });
  for (const place of PLACES) {
    await go(page, place);
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
  }
  await go(page, "Write");
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
