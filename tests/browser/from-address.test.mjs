// A model from an address: nothing is fetched before the person presses Open, its size stands there first, and what goes wrong
// is said in a sentence that helps.

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openPage, startBrowser } from "./launch.mjs";
import { DIST, serve } from "./server.mjs";
import { makeModels } from "./small-models.mjs";
import { channel, firstText, generatePanel } from "./parts.mjs";
import { HANG_MS, eventually, words } from "./wait.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** The page's own host has it beside the page. */
const HERE = "/sources/models/shakespeare/model.safetensors";

/** @param {Page} page */
const dialog = (page) => page.getByRole("dialog", { name: "Open a model from an address" });
/** @param {Page} page @param {string} name */
const press = (page, name) => dialog(page).getByRole("button", { name, exact: true }).click();

/** What is asked of a host from now on. @param {Page} page @param {RegExp} of @returns {string[]} */
function asked(page, of) {
  /** @type {string[]} */ const all = [];
  page.on("request", (request) => { if (of.test(request.url())) all.push(`${request.method()} ${new URL(request.url()).pathname}`); });
  return all;
}

/** Asks for an address by the menu. @param {Page} page @param {string} address */
async function ask(page, address) {
  await page.getByRole("button", { name: /^Models\./ }).click();
  await page.getByRole("button", { name: "From an address…" }).click();
  await dialog(page).getByLabel("Address of a .safetensors file").fill(address);
}

test("a link to a model beside the page says where it is and how large, and opens it with its bends at a press", async (t) => {
  /** @type {string[]} */ let requests = [];
  const page = await openPage(t, { path: `#model=${HERE}&heads=shakespeare:1.2.f1.5.g0&seed=3&end`, before: async (page) => { requests = asked(page, /\/sources\//); } });
  await firstText(page);
  const notice = page.locator(".notice", { hasText: "This link asks for a model from an address" });
  await words(notice, new RegExp(`${HERE}.*Nothing was fetched from there`, "s"));
  assert.deepEqual(requests, []);
  await notice.getByRole("button", { name: "Look at it" }).click();
  await words(dialog(page).getByRole("status"), /^shakespeare, \d\.\d MB, at 127\.0\.0\.1:\d+\. It is fetched when you press Open\.$/);
  assert.deepEqual(requests, [`HEAD ${HERE}`]);
  await press(page, "Open");
  await page.locator(".notice", { hasText: "shakespeare is open." }).waitFor();
  await dialog(page).waitFor({ state: "detached" });
  assert.deepEqual(requests, [`HEAD ${HERE}`, `GET ${HERE}`]);
  await eventually(() => channel(page, 2).getByRole("spinbutton", { name: "frequency" }).inputValue(), "1.5");
  await page.locator("[aria-label='Mute head 2'][aria-pressed=true]").waitFor();
  await eventually(() => generatePanel(page).getByLabel("Seed", { exact: true }).inputValue(), "3");
  // The link that the page has now is that very link, with the whole address.
  await eventually(() => page.evaluate(() => location.hash), new RegExp(`model=http://127.0.0.1:\\d+${HERE}&heads=shakespeare:1\\.2\\.f1\\.5\\.g0`));
  await page.reload();
  await firstText(page);
  await words(page.locator(".model-name"), "shakespeare");
  await eventually(() => page.evaluate(() => location.hash), /model=http:.*&heads=shakespeare:1\.2\.f1\.5\.g0/);
  assert.deepEqual(requests.length, 2, "a reload fetches nothing: the model is kept");
});

test("an address with no model says what is there instead, and the model that was open stays", async (t) => {
  const page = await openPage(t, { expected: [/404/, /ERR_INTERNET_DISCONNECTED/] });
  await firstText(page);
  const fault = dialog(page).getByRole("alert");
  await ask(page, "/sources/models/nothing/model.safetensors");
  await press(page, "Look");
  await words(fault, "There is no model at this address (the host answers 404). See whether the address is whole.");
  await dialog(page).getByLabel("Address of a .safetensors file").fill("/playground/index.html");
  await fault.waitFor({ state: "hidden" });
  await press(page, "Look");
  await press(page, "Open");
  await words(fault, /What is at this address is .*(page|HTML).*A model is one \.safetensors file\./i);
  await dialog(page).getByLabel("Address of a .safetensors file").fill("models.example/waves.safetensors");
  await words(dialog(page).getByRole("status"), /That is no address yet/);
  // Larger than any model that this page opens: it is not fetched at all.
  await page.route("**/huge.safetensors", (route) => route.fulfill({ status: 200, headers: { "content-length": String(2 ** 30) }, body: "" }));
  await dialog(page).getByLabel("Address of a .safetensors file").fill("/sources/huge.safetensors");
  await press(page, "Look");
  await words(fault, "It is 1,024 MB; this page opens models of up to 512 MB.");
  await page.context().setOffline(true);
  await dialog(page).getByLabel("Address of a .safetensors file").fill(HERE);
  await press(page, "Look");
  await words(fault, "There is no connection. Try again when there is one.");
  await page.context().setOffline(false);
  await press(page, "Close");
  await words(page.locator(".model-name"), "Shakespeare");
});

test("what is being fetched can be stopped", async (t) => {
  const page = await openPage(t);
  await firstText(page);
  await ask(page, HERE);
  await press(page, "Look");
  await dialog(page).getByRole("button", { name: "Open", exact: true }).waitFor();
  /** @type {() => void} */ let release = () => {};
  const held = new Promise((resolve) => { release = () => resolve(null); });
  await page.route(`**${HERE}`, async (route) => {
    await held;
    await route.continue().catch(() => {}); // Nobody waits for it any more.
  });
  await press(page, "Open");
  await press(page, "Stop");
  await words(dialog(page).getByRole("status"), "It was stopped, and nothing was opened.");
  release();
  await words(page.locator(".model-name"), "Shakespeare");
  await press(page, "Open");
  await page.locator(".notice", { hasText: "shakespeare is open." }).waitFor();
});

test("another host is not asked, for the page's policy permits its own only, and the page says how the model opens all the same", async (t) => {
  const page = await openPage(t, { path: "#model=https://models.invalid/waves/model.safetensors" });
  await firstText(page);
  await page.locator(".notice", { hasText: "https://models.invalid" }).getByRole("button", { name: "Look at it" }).click();
  await words(dialog(page), /This page may fetch files from its own host \(127\.0\.0\.1:\d+\) only.*Download it: waves at models\.invalid.*Open the file here/s);
  assert.equal(await dialog(page).getByRole("link", { name: "waves" }).getAttribute("href"), "https://models.invalid/waves/model.safetensors");
  assert.ok(await dialog(page).getByRole("button", { name: "Look" }).isDisabled());
  // That nothing left the page's host, openPage has watched.
});

/** A model's file without its tokenizer, and that. @param {Buffer} file */
function apart(file) {
  const end = 8 + Number(file.readBigUInt64LE());
  const { __metadata__: { tokenizer, ...metadata }, ...tensors } = JSON.parse(file.subarray(8, end).toString());
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata, ...tensors }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return { model: Buffer.concat([length, header, file.subarray(end)]), tokenizer: Buffer.from(tokenizer) };
}

/** A host of models beside the page's, which lets other pages read some of them. @param {import("node:test").TestContext} t @param {Record<string, Buffer | null>} files  null: it has none */
async function host(t, files) {
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const file = files[path];
    const open = path.startsWith("/open/") ? { "Access-Control-Allow-Origin": "*" } : {};
    if (!file) return response.writeHead(404, open).end();
    response.writeHead(200, { ...open, "Content-Length": file.length }).end(request.method === "HEAD" ? undefined : file);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
  t.after(() => server.close());
  return `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
}

/** The page as it is built with MODEL_ORIGINS, but for what else the build does. @param {import("node:test").TestContext} t @param {string} origin */
async function pageThatMayAsk(t, origin) {
  const folder = await mkdtemp(join(tmpdir(), "wavefield-"));
  await cp(DIST, folder, { recursive: true });
  const html = join(folder, "index.html");
  await writeFile(html, (await readFile(html, "utf8")).replace("connect-src 'self'", `connect-src 'self' ${origin}`));
  const server = await serve({ folder });
  const { browser } = await startBrowser();
  const context = await browser.newContext({ serviceWorkers: "block" });
  context.setDefaultTimeout(HANG_MS);
  t.after(async () => {
    await context.close();
    server.close();
    await rm(folder, { recursive: true });
  });
  const page = await context.newPage();
  await page.goto(server.url);
  return page;
}

test("a host that whoever built the page permits gives the model, and the tokenizer beside it; one that lets nobody read says so", async (t) => {
  const { model, tokenizer } = apart((await makeModels([{}]))[0]);
  const origin = await host(t, { "/open/small/model.safetensors": model, "/open/small/tokenizer.json": tokenizer, "/open/bare/model.safetensors": model, "/closed/model.safetensors": model });
  const page = await pageThatMayAsk(t, origin);
  await firstText(page);
  const requests = asked(page, /\/(?:open|closed)\//);
  await ask(page, `${origin}/closed/model.safetensors`);
  await words(dialog(page).getByRole("status"), /Nothing was asked of that host yet: Look asks it how large the file is/);
  assert.deepEqual(requests, []);
  await press(page, "Look");
  await words(dialog(page).getByRole("alert"), /cannot be reached, or it does not let other pages read its files \(CORS\)\. Download the file from there and open it here\./);
  await dialog(page).getByLabel("Address of a .safetensors file").fill(`${origin}/open/bare/model.safetensors`);
  await press(page, "Look");
  await press(page, "Open");
  await words(dialog(page).getByRole("alert"), /carries no vocabulary/);
  await dialog(page).getByLabel("Address of a .safetensors file").fill(`${origin}/open/small/model.safetensors`);
  await press(page, "Look");
  await press(page, "Open");
  await page.locator(".notice", { hasText: "small is open." }).waitFor();
  assert.deepEqual(requests.slice(-3), ["HEAD /open/small/model.safetensors", "GET /open/small/model.safetensors", "GET /open/small/tokenizer.json"]);
});
