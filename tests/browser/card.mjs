// Makes www/card.png, the picture that other pages show beside a link to this one: the built page's first view with a text
// of a fixed seed, in the size that they ask for.
//
//     node tests/browser/card.mjs

import { fileURLToPath } from "node:url";
import { PLAIN, launchChromium } from "./chromium.mjs";
import { settle, write } from "./parts.mjs";
import { serve } from "./server.mjs";
import { noteRequests, words } from "./wait.mjs";

const [server, browser] = await Promise.all([serve(), launchChromium(PLAIN)]);
const page = await browser.newPage({ viewport: { width: 1200, height: 630 }, colorScheme: "light", reducedMotion: "reduce" });
await noteRequests(page);
await page.goto(server.url);
await settle(page, { length: 120, seed: 1 });
await write(page);
await words(page.locator("#files"), /No leak/);
// As it is opened: nothing under the pointer, nothing in focus, nothing scrolled.
await page.evaluate(() => {
  /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
  for (const element of document.querySelectorAll("*")) element.scrollTop = 0;
});
await page.mouse.move(0, 0);
await page.screenshot({ path: fileURLToPath(new URL("../../www/card.png", import.meta.url)) });
await browser.close();
server.close();
