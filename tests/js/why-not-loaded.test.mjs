// Each way in which a script or the engine does not load is told apart.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { ensureLanguage } from "../../www/js/page/language.js";
import { whyNotLoaded } from "../../www/js/page/why-not-loaded.js";

const JS = "text/javascript; charset=utf-8";
const WASM = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
/** @typedef {{type?: string, body?: string | Buffer, status?: number, location?: string, length?: number}} File */
/** @type {Record<string, File>} */
const WHOLE = {
  "/js/worker.js": { type: JS, body: 'import { a } from "./a.js";\nconst b = () => import("../pkg/b.js");' },
  "/js/a.js": { type: "application/javascript", body: "export const a = 1;" },
  "/pkg/b.js": { type: JS, body: "fetch(new URL('b_bg.wasm', import.meta.url));" },
  "/pkg/b_bg.wasm": { type: "application/octet-stream", body: WASM },
};

/** What is said where these files are others. @param {import("node:test").TestContext} t @param {Record<string, File>} files */
async function said(t, files) {
  const server = createServer((request, response) => {
    const { type = JS, body = "", status = 200, location } = { ...WHOLE, ...files }[request.url ?? ""] ?? { status: 404, type: "text/plain" };
    response.writeHead(status, { "Content-Type": type, ...(location && { Location: location }) }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
  t.after(() => server.close());
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return whyNotLoaded(`http://127.0.0.1:${port}/js/worker.js`);
}

test("where all is well, nothing is found", async (t) => {
  assert.equal(await said(t, {}), null);
});

test("the file that is wrong is named, however deep it lies", async (t) => {
  assert.match(await said(t, { "/js/worker.js": { status: 404 } }) ?? "", /"worker.js" is missing: the server answered 404/);
  assert.match(await said(t, { "/js/a.js": { type: "text/plain", body: "export const a = 1;" } }) ?? "", /sends "a.js" as "text\/plain".*"text\/javascript"/);
  assert.match(await said(t, { "/js/worker.js": { type: "text/html", body: "<!doctype html>Sign in" } }) ?? "", /In the place of "worker.js" came a web page.*sign in/);
  assert.match(await said(t, { "/js/a.js": { body: "" } }) ?? "", /"a.js" came empty/);
  assert.match(await said(t, { "/pkg/b_bg.wasm": { status: 503 } }) ?? "", /"b_bg.wasm" is missing: the server answered 503/);
});

test("WebAssembly may come damaged, cut short, or as a web page", async (t) => {
  assert.match(await said(t, { "/pkg/b_bg.wasm": { type: "application/wasm", body: WASM.subarray(0, 6) } }) ?? "", /damaged or cut short \(6 bytes\)/);
  assert.match(await said(t, { "/pkg/b_bg.wasm": { type: "application/wasm", body: Buffer.from("version https://git-lfs") } }) ?? "", /damaged or cut short/);
  assert.match(await said(t, { "/pkg/b_bg.wasm": { type: "text/html", body: "<html>" } }) ?? "", /came a web page/);
});

test("without a connection that is what is said", async () => {
  assert.match(await whyNotLoaded("http://127.0.0.1:9/js/worker.js") ?? "", /could not be fetched: there is no connection/);
});

test("a language that is none gives way to the page's; any other stays", () => {
  for (const [language, then] of [["c", "en-GB"], ["en_US.UTF-8", "en-GB"], ["", "en-GB"], ["de-AT", "de-AT"], ["ar", "ar"]]) {
    const browser = { language };
    ensureLanguage(browser);
    assert.equal(browser.language, then, language);
  }
});
