// The page's own address in the built page: what a link to it shows elsewhere needs a whole one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { withAddress } from "../../www/bundle.mjs";

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
