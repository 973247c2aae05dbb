import { launchChromium } from "./chromium.mjs";
import { serve } from "./server.mjs";
const [out, size = "desktop", scheme = "light", measure = ""] = process.argv.slice(2);
const server = await serve();
const browser = await launchChromium();
const context = await browser.newContext({ viewport: size === "phone" ? { width: 390, height: 844 } : { width: 1440, height: 900 }, colorScheme: /** @type {any} */ (scheme) });
const page = await context.newPage();
page.on("console", (m) => console.log(m.type(), m.text()));
page.on("pageerror", (e) => console.log("uncaught", e.stack));
await page.goto(server.url);
if (size === "phone") await page.getByRole("tab", { name: "Lab" }).click();
await page.locator("#lab").scrollIntoViewIfNeeded();
await page.locator("#lab").getByRole("radio", { name: "Heads", exact: true }).check({ force: true });
await page.locator(".heads-headline").filter({ hasText: /./ }).waitFor();
await page.getByRole("button", { name: "Stop", exact: true }).first().click().catch(() => {});
if (measure) {
  const t = Date.now();
  await page.getByRole("button", { name: "Measure every head" }).click();
  if (measure === "all") await page.locator('.heads [data-state="rested"]').waitFor({ timeout: 200000 });
  else await page.waitForTimeout(Number(measure));
  console.log("measured ms", Date.now() - t);
}
await page.waitForTimeout(800);
console.log(await page.locator(".heads-headline").innerText());
for (const w of await page.locator(".heads-words, .heads .figure-caption, .heads-chosen").allInnerTexts()) console.log("-", w);
await page.locator("#lab").screenshot({ path: out });
await browser.close(); server.close();
