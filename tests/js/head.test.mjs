// What the build writes into the page's head: its policy, and its own address, of which what a link shows elsewhere needs a
// whole one.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { withAddress, withPolicy } from "../../www/head.mjs";

const PAGE = '<head>\n  <meta property="og:image" content="./assets/card-1.png">\n</head>';

test("where the page's address is known the picture has a whole one, with or without a slash at the end", () => {
  const page = withAddress(PAGE, "https://example.org/playground");
  assert.match(page, /og:image" content="https:\/\/example\.org\/playground\/assets\/card-1\.png"/);
  assert.match(page, /og:url" content="https:\/\/example\.org\/playground\/"/);
  assert.equal(withAddress(PAGE, "https://example.org/playground/"), page);
});

test("where it is not known the page stays as it is", () => {
  assert.equal(withAddress(PAGE), PAGE);
  assert.equal(withAddress(PAGE, ""), PAGE);
});

test("what is no whole address is refused, and the sentence says what is expected", () => {
  for (const address of ["example.org", "/playground/", "ftp://example.org/", "https://example.org/?a", "https://example.org/#a"]) {
    assert.throws(() => withAddress(PAGE, address), new RegExp(`PUBLIC_URL is to be the page's whole address.*"${address.replace("?", "\\?")}"`));
  }
});

test("the policy names each script and style that stands in the page by its hash, no data, and development's script by its nonce", () => {
  const inPage = { first: "a();", second: "b();", style: "p { color: red }" };
  const page = withPolicy(`<meta charset="utf-8"><script>${inPage.first}</script><script nomodule>${inPage.second}</script><style>${inPage.style}</style>` +
    '<script type="module" src="./main.js"></script><script type="application/json" id="x">{}</script><script nonce="{{NONCE}}">c();</script>');
  const policy = Object.fromEntries((/Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1] ?? "").split("; ").map((part) => [part.split(" ")[0], part.split(" ").slice(1)]));
  const [first, second, style] = Object.values(inPage).map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  assert.deepEqual(policy["script-src"], ["'self'", "'wasm-unsafe-eval'", first, second, "'nonce-{{NONCE}}'"]);
  assert.deepEqual(policy["style-src"], ["'self'", style]);
  assert.deepEqual(policy["default-src"], ["'none'"]);
});

test("hosts of models that whoever builds the page lists may be asked for files, and what is no host is refused", () => {
  const policyOf = (/** @type {string | undefined} */ listed) => /connect-src ([^;]+)/.exec(withPolicy('<meta charset="utf-8">', listed))?.[1];
  assert.equal(policyOf(undefined), "'self'");
  assert.equal(policyOf(" https://models.example  http://localhost:8000 "), "'self' https://models.example http://localhost:8000");
  for (const wrong of ["models.example", "https://models.example/", "*", "'unsafe-inline'", "data:", "https://a.example; script-src *"]) {
    assert.throws(() => policyOf(wrong), /MODEL_ORIGINS lists hosts such as https:\/\/models\.example/, wrong);
  }
});
