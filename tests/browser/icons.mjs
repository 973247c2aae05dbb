// Makes the page's icons in www/icons/ from its one drawing, icon.svg. Run it when the drawing has changed.
//
//     node tests/browser/icons.mjs

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { PLAIN, launchChromium } from "./chromium.mjs";

const ICONS = fileURLToPath(new URL("../../www/icons/", import.meta.url));
const drawing = await readFile(`${ICONS}icon.svg`, "utf8");
// A system cuts a maskable icon to its own shape: the ground goes to the edges, and the wave keeps inside the circle that is
// never cut, whose radius is two fifths of the width.
const maskable = drawing.replace(' rx="7"', "").replace("<path ", '<path transform="translate(16 16) scale(.8) translate(-16 -16)" ');

const browser = await launchChromium(PLAIN);
for (const [name, svg, size] of /** @type {const} */ ([["icon-192", drawing, 192], ["icon-512", drawing, 512], ["icon-maskable-512", maskable, 512]])) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>html { background: none } body { margin: 0 } svg { display: block; width: ${size}px }</style>${svg}`);
  await page.screenshot({ path: `${ICONS}${name}.png`, omitBackground: true });
  await page.close();
}
await browser.close();
