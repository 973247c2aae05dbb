// The QR code of a link: another library reads the picture that is drawn, and finds the link.

import assert from "node:assert/strict";
import { test } from "node:test";
import jsqr from "jsqr";
import { encode } from "uqr";
import { LONGEST, codeOf, pathOf, svgOf, tooLongInWords } from "../../www/js/link/qr-picture.js";

// The package is no module: what it gives is in its "default".
const read = /** @type {typeof jsqr} */ (/** @type {any} */ (jsqr).default ?? jsqr);
const SCALE = 4;

/**
 * The picture as a camera has it, drawn from the path that the page draws.
 * @param {import("../../www/js/link/qr-picture.js").Code} code
 */
function pixels(code) {
  const side = SCALE * code.size;
  const data = new Uint8ClampedArray(4 * side * side).fill(255);
  for (const [, from, y, width, back] of pathOf(code).matchAll(/M(\d+) (\d+)h(\d+)v1H(\d+)z/g)) {
    assert.equal(back, from);
    for (let row = SCALE * Number(y); row < SCALE * (Number(y) + 1); row++) {
      for (let x = SCALE * Number(from); x < SCALE * (Number(from) + Number(width)); x++) data.fill(0, 4 * (row * side + x), 4 * (row * side + x) + 3);
    }
  }
  return { data, side };
}

const link = (/** @type {number} */ length) => `https://example.org/playground/#seed=11&prompt=${"ROMEO%3A".repeat(200)}`.slice(0, length - 3) + "end";

test("what is drawn is the link, however long it may be", () => {
  for (const length of [40, 150, 400, LONGEST]) {
    const text = link(length);
    assert.equal(text.length, length);
    const { data, side } = pixels(codeOf(text, encode));
    assert.equal(read(data, side, side, { inversionAttempts: "dontInvert" })?.data, text, `${length} signs, dark on light`);
  }
});

test("around it is a quiet zone of four modules, and the file is dark on light whatever it lies on", () => {
  const code = codeOf(link(60), encode);
  const quiet = code.data.every((row, y) => row.every((dark, x) => !dark || [x, y].every((at) => at >= 4 && at < code.size - 4)));
  assert.ok(quiet && code.data[4][4], "the code begins at the fifth module");
  const file = svgOf(code);
  assert.match(file, new RegExp(`viewBox="0 0 ${code.size} ${code.size}"`));
  assert.ok(file.indexOf('fill="#fff"') < file.indexOf(`d="${pathOf(code)}"`), "the light ground comes first");
});

test("a link that no phone would read from a screen has no code, and the page says how long is too long", () => {
  assert.equal(tooLongInWords(link(LONGEST), []), "");
  assert.match(tooLongInWords(link(LONGEST + 1), ["the prompt", "the bent heads"]), /This link has 851 signs, .* up to 850\. What makes it long: the prompt, the bent heads\. Send the link itself\./);
});
