// Pictures of the built page, to look at: desktop and phone, light and dark.
//
//     node tests/browser/screenshot.mjs OUTDIR [PLACE]
//
// PLACE is the name of a place to go to first, such as Train.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launchChromium } from "./chromium.mjs";
import { serve } from "./server.mjs";

const SIZES = { "1440x900": { width: 1440, height: 900 }, "390x844": { width: 390, height: 844 } };

const [folder, place] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node tests/browser/screenshot.mjs OUTDIR [PLACE]");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
const server = await serve();
const browser = await launchChromium();
for (const [name, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const context = await browser.newContext({ viewport, colorScheme });
    const page = await context.newPage();
    page.on("console", (message) => console.log(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => console.log(`uncaught: ${error.message}`));
    await page.goto(server.url);
    if (place) await page.getByRole("link", { name: place, exact: true }).click();
    // Time for the model to load and the first text to be written.
    await page.waitForTimeout(2500);
    const path = join(folder, `${place ? `${place.toLowerCase()}-` : ""}${name}-${colorScheme}.png`);
    await page.screenshot({ path, fullPage: true });
    console.log(path);
    await context.close();
  }
}
await browser.close();
server.close();
