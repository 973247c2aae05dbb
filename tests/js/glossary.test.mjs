import assert from "node:assert/strict";
import { test } from "node:test";
import { TERMS } from "../../www/js/page/glossary.js";

test("the glossary is in the order of the alphabet, without a term twice, in whole sentences", () => {
  const names = TERMS.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)].sort((a, b) => a.localeCompare(b, "en")));
  for (const { name, words } of TERMS) assert.match(words, /^[\p{Lu}α-ω].{20,200}\.$/u, name);
});

test("each term has a link that is well formed, and leads to a page over https", () => {
  for (const { name, link } of TERMS) {
    const url = new URL(link);
    assert.equal(url.href, link, name);
    assert.equal(url.protocol, "https:", name);
    assert.match(url.host, /^(en\.wikipedia|arxiv)\.org$/, name);
    assert.match(url.pathname, url.host === "arxiv.org" ? /^\/abs\/\d{4}\.\d{5}$/ : /^\/wiki\/[A-Z][^\s?#]+$/, name);
  }
});
