// Books without the licence that Project Gutenberg puts around them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { booksIn, maybeBooks } from "../../www/js/text/gutenberg.js";

const book = (/** @type {string} */ title, /** @type {string} */ text, the = "THE") => `The Project Gutenberg eBook of ${title}\n\nThis ebook is for the use of anyone\n\n*** START OF ${the} PROJECT GUTENBERG EBOOK ${title} ***\n\n\n${text}\n\n*** END OF ${the} PROJECT GUTENBERG EBOOK ${title} ***\n\nSection 1. General Terms\n`;

test("what stands between the marks is the book", () => {
  assert.equal(booksIn(book("EMMA", "Emma Woodhouse, handsome,\nclever, and rich.")), "Emma Woodhouse, handsome,\nclever, and rich.\n");
  assert.equal(booksIn(book("EMMA", "* * *\n\n*** A chapter ***", "THIS")), "* * *\n\n*** A chapter ***\n");
  assert.equal(booksIn(book("EMMA", "one").replaceAll("\n", "\r\n")), "one\n");
});

test("several books follow each other; a cut one goes to its end", () => {
  assert.equal(booksIn(book("EMMA", "one") + book("PERSUASION", "two")), "one\n\ntwo\n");
  assert.equal(booksIn(book("EMMA", "one").split("*** END")[0]), "one\n");
});

test("any other text is left alone", () => {
  assert.equal(booksIn("A poem.\n*** END OF THE PROJECT GUTENBERG EBOOK ***"), null);
  assert.equal(booksIn(""), null);
  assert.ok(maybeBooks(["a", "… the project gutenberg ebook of …"]));
  assert.ok(!maybeBooks(["a poem"]));
});
