// The QR code of a link: what stands on the page and what is downloaded is read by another library, and is the link.

import assert from "node:assert/strict";
import { test } from "node:test";
import jsqr from "jsqr";
import { downloaded, openPage } from "./launch.mjs";
import { generatePanel, settle } from "./parts.mjs";
import { eventually, words } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

// The package is no module: what it gives is in its "default".
const read = /** @type {typeof jsqr} */ (/** @type {any} */ (jsqr).default ?? jsqr);

/** What a reader finds in a picture of dark on light. @param {Page} page @param {Buffer} picture @param {string} type @returns {Promise<string | undefined>} */
async function found(page, picture, type) {
  const { width, height, data } = await page.evaluate(async ({ bytes, type }) => {
    const url = `data:${type};base64,${bytes}`;
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return { width: canvas.width, height: canvas.height, data: Array.from(data) };
  }, { bytes: picture.toString("base64"), type });
  return read(Uint8ClampedArray.from(data), width, height, { inversionAttempts: "dontInvert" })?.data;
}

for (const colors of /** @type {const} */ (["light", "dark"])) {
  test(`in ${colors} colours the code on the page, its PNG and its SVG are the link, dark on light`, async (t) => {
    // Pictures for the test itself are no files of the page, which its policy allows alone.
    const page = await openPage(t, { colors });
    const reader = await page.context().newPage();
    await settle(page, { seed: 12 });
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.locator(".notice, .share-link", { hasText: /link/ }).getByRole("button", { name: "QR code" }).first().click();
    const dialog = page.getByRole("dialog", { name: "Link as a QR code" });
    await dialog.getByRole("img", { name: "The link as a QR code" }).waitFor();
    const link = await dialog.getByRole("textbox", { name: "The link" }).inputValue();
    assert.match(link, /^http.*#.*seed=12/);
    assert.equal(await found(reader, await dialog.locator(".qr-code").screenshot(), "image/png"), link, "as it stands there");
    for (const [kind, type] of [["PNG", "image/png"], ["SVG", "image/svg+xml"]]) {
      const { name, bytes } = await downloaded(page, () => dialog.getByRole("button", { name: `Download ${kind}` }).click());
      assert.equal(name, `wave-field-link.${kind.toLowerCase()}`);
      assert.equal(await found(reader, bytes, type), link, kind);
    }
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });
}

test("a link that is too long has no code, and the page says how long is too long and why it is", async (t) => {
  const page = await openPage(t);
  await settle(page, { prompt: "A long prompt. ".repeat(100) });
  await eventually(() => generatePanel(page).getByLabel("Prompt", { exact: true }).inputValue(), (prompt) => prompt.length === 1500);
  await page.getByRole("button", { name: "Copy link" }).click();
  await page.locator(".notice, .share-link", { hasText: /link/ }).getByRole("button", { name: "QR code" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Link as a QR code" });
  await words(dialog, /This link has [\d,]+ signs, and a code that a phone's camera reads from a screen holds up to 850\. What makes it long: the prompt\. Send the link itself\./);
  assert.equal(await dialog.locator(".qr-code").count(), 0);
  assert.match(await dialog.getByRole("textbox", { name: "The link" }).inputValue(), /prompt=A\+long/);
});
