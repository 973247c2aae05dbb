// Texts of any script and with any sign in them: on the page, under a translation, and on their way out.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { openEmpty, openPage } from "./launch.mjs";
import { generatePanel, settle, write } from "./parts.mjs";

/** @typedef {import("playwright-core").Page} Page */

const CONTROL = await readFile(new URL("../fixtures/control_characters.txt", import.meta.url), "utf8");

test("a picture with any text in it is saved as SVG that an XML parser reads, with stand-ins for what XML cannot hold", async (t) => {
  const page = await openEmpty(t);
  const found = await page.evaluate(async (text) => {
    const { Figure } = await import(/** @type {string} */ (new URL("/sources/js/charts/figure.js", document.baseURI).href));
    const figure = new Figure({
      name: "any-text", height: 60, title: () => `Title \u0000 <b>&amp; “\u05e9\u05dc\u05d5\u05dd”`, describe: () => `${text}\ud83d\ufffe“\u0633\u0644\u0627\u0645”`,
      draw: (/** @type {CanvasRenderingContext2D} */ context) => context.fillText("a\u000cb\u0003 -->", 10, 10), table: () => ({ head: [], rows: [] }),
    });
    figure.element.style.width = "400px";
    document.body.append(figure.element);
    figure.update();
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const file = await figure.svg();
    const parsed = new DOMParser().parseFromString(file, "image/svg+xml");
    const picture = new Image();
    picture.src = URL.createObjectURL(new Blob([new TextEncoder().encode(file)], { type: "image/svg+xml" }));
    await picture.decode();
    return { error: parsed.querySelector("parsererror")?.textContent ?? null, words: parsed.documentElement.textContent ?? "", width: picture.naturalWidth, caption: figure.element.querySelector("figcaption")?.innerHTML };
  }, CONTROL.slice(0, 400));
  assert.equal(found.error, null);
  assert.match(found.words, /Title ␀ <b>&amp; \u2068“שלום”\u2069/);
  assert.match(found.words, /␌second page␃ ?ends here/);
  assert.match(found.words, /a␌b␃ -->/);
  assert.match(found.words, /<U\+D83D><U\+FFFE>\u2068“سلام”\u2069/);
  assert.ok(found.width > 0, "the browser draws it");
  assert.match(found.caption ?? "", /<bdi translate="no">“سلام”<\/bdi>$/);
});

test("Arabic and Hebrew run their own way, and the arrow keys go where they point", async (t) => {
  const page = await openEmpty(t);
  await page.evaluate(async () => {
    for (const sheet of ["page/tokens", "page/base", "generate/generate"]) {
      const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL(`/sources/css/${sheet}.css`, document.baseURI).href });
      document.head.append(link);
      await new Promise((resolve) => { link.onload = resolve; });
    }
    const { TokenView } = await import(/** @type {string} */ (new URL("/sources/js/page/token-view.js", document.baseURI).href));
    const view = new TokenView("Text", () => {});
    view.scroller.id = "view";
    document.body.append(view.element);
    /** @type {any} */ (globalThis).showText = (/** @type {string} */ prompt, /** @type {string[]} */ tokens) => {
      view.clear(prompt);
      view.append(tokens.map((text, id) => ({ text, id, probability: 0.5, alternatives: [] })));
    };
  });
  const show = (/** @type {string} */ prompt, /** @type {string} */ text) => page.evaluate(([a, b]) => /** @type {any} */ (globalThis).showText(a, [...b]), [prompt, text]);
  const chosen = () => page.evaluate(() => {
    const token = /** @type {HTMLElement | null} */ (document.querySelector(".token-current"));
    const box = token?.getBoundingClientRect();
    return { at: Number(token?.dataset.token ?? -1), left: box?.left ?? 0, top: box?.top ?? 0 };
  });
  const press = async (/** @type {string} */ key) => {
    await page.locator("#view").press(key);
    return chosen();
  };

  for (const text of ["שלום לכולם", "سلام عليكم"]) {
    await show("", text);
    const first = await press("Home");
    assert.equal(first.at, 0);
    assert.ok(first.left > 300, "it begins on the right");
    assert.equal((await press("ArrowLeft")).at, 1);
    assert.equal((await press("ArrowLeft")).at, 2);
    assert.equal((await press("ArrowRight")).at, 1);
    await press("ArrowRight");
    assert.equal((await press("ArrowRight")).at, 0);
  }
  // Both on one line: from left to right, and every token once.
  await show("ab ", "cd שלום 12 ef");
  await press("Home");
  const seen = [0];
  let last = await chosen();
  for (;;) {
    const next = await press("ArrowRight");
    if (next.at === last.at) break;
    assert.ok(next.left > last.left, `${next.at} after ${last.at}`);
    seen.push(next.at);
    last = next;
  }
  assert.equal(new Set(seen).size, 13);
  // A new line has a way of its own.
  await show("", "abc\nשלום");
  await press("Home");
  for (const at of [1, 2, 3]) assert.equal((await press("ArrowRight")).at, at);
  assert.equal((await press("End")).at, 7);
  assert.equal((await press("ArrowRight")).at, 6);
  const box = await chosen();
  assert.ok(box.left > 300);
});

test("the prompt and one's own texts run as what is typed into them", async (t) => {
  const page = await openPage(t);
  await settle(page, { length: 5 });
  for (const field of [generatePanel(page).getByLabel("Prompt", { exact: true }), page.locator("#train .train-own textarea"), page.locator(".lab-own")]) {
    assert.equal(await field.getAttribute("dir"), "auto");
    assert.equal(await field.getAttribute("translate"), "no");
  }
  await generatePanel(page).getByLabel("Prompt", { exact: true }).fill("سلام");
  assert.equal(await generatePanel(page).getByLabel("Prompt", { exact: true }).evaluate((field) => getComputedStyle(field).direction), "rtl");
});

/** What a browser's translation does: every text that may be translated is wrapped, and changed. @param {Page} page */
const translate = (page) => page.evaluate(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = /** @type {HTMLElement} */ (node.parentElement);
    if (parent.translate === false || ["SCRIPT", "STYLE", "TEXTAREA"].includes(parent.tagName) || !node.nodeValue?.trim()) continue;
    texts.push(node);
  }
  for (const text of texts) {
    const [outer, inner] = [document.createElement("font"), document.createElement("font")];
    text.parentElement?.replaceChild(outer, text);
    outer.append(inner);
    inner.textContent = (text.nodeValue ?? "").toUpperCase();
  }
  document.documentElement.lang = "de";
  return texts.length;
});

test("a translated page: what the model wrote stays as it wrote it, and everything still works", async (t) => {
  const page = await openPage(t);
  await settle(page);
  const text = await write(page);
  await page.locator(".inspector-title", { hasText: "Next token" }).waitFor();
  const names = await page.locator(".bar-name").allInnerTexts();
  assert.ok((await translate(page)) > 100);
  assert.equal(await page.locator(".token font, .token-prompt font, .bar-name font, .model-name font, .lab-token font").count(), 0);
  assert.deepEqual(await page.locator(".bar-name").allInnerTexts(), names);
  assert.equal(await page.locator(".token-text:visible").evaluate((view) => [...view.querySelectorAll(".token")].map((token) => token.textContent).join("")), text);
  await page.locator(".token").nth(3).hover();
  await page.locator(".inspector-title", { hasText: "had" }).waitFor();
  assert.equal(await page.locator(".inspector-title bdi").innerText(), `“${(await page.locator(".token").nth(3).innerText()).replace(" ", "␣") || "⏎"}”`);
  const seed = generatePanel(page).getByRole("spinbutton", { name: "Seed" });
  await seed.fill("1,5");
  await seed.press("Enter");
  assert.equal(await seed.inputValue(), "2");
  await seed.fill("7");
  await page.locator("#generate .primary").click();
  await page.waitForFunction(() => document.querySelector("#generate .primary")?.textContent?.toLowerCase() === "write");
  assert.equal(await page.locator(".token-text:visible").evaluate((view) => [...view.querySelectorAll(".token")].map((token) => token.textContent).join("")), text);
});
