import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { csv } from "../../www/js/files/csv.js";
import { fileNameOf, tableFile } from "../../www/js/files/out.js";
import { directionOf, isolated, quotedParts, visible, xmlText } from "../../www/js/page/signs.js";
import { tokenBeside } from "../../www/js/page/token-walk.js";
import { heardOf, lengthInWords, missingInWords, readable } from "../../www/js/text/prompts.js";

test("what nobody can see has a stand-in, and no two of them look alike", () => {
  for (const [text, shown] of [
    ["", "∅"], ["a b", "a␣b"], ["\n", "⏎"], ["\t", "⇥"], ["\u0000", "␀"], ["\f", "␌"], ["\u0003", "␃"], ["\r", "␍"], ["\u007f", "␡"], ["\u0085", "<U+0085>"], ["\u00a0", "<U+00A0>"],
    ["\u200b", "<U+200B>"], ["\ufeff", "<U+FEFF>"], ["\u202e", "<U+202E>"], ["\ud83d", "<U+D83D>"], ["\udc00", "<U+DC00>"], ["\u0301", "◌\u0301"], ["e\u0301", "e\u0301"],
    ["\u{1f468}\u200d\u{1f469}", "\u{1f468}\u200d\u{1f469}"], ["سلام", "سلام"], ["<0xE2>", "<0xE2>"],
  ]) assert.equal(visible(text), shown, JSON.stringify(text));
  const all = Array.from({ length: 0x2100 }, (_, code) => visible(String.fromCharCode(code)));
  assert.equal(new Set(all).size, all.length);
});

test("XML holds what is left of any text", async () => {
  const pages = await readFile(new URL("../fixtures/control_characters.txt", import.meta.url), "utf8");
  const illegal = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u;
  assert.match(pages, illegal);
  for (const text of [pages, String.fromCharCode(...Array.from({ length: 0x10000 }, (_, code) => code).filter((code) => code < 0xd800 || code > 0xdfff)), "\ud800", "\udc00x", "x\ud83d"]) assert.doesNotMatch(xmlText(text), illegal);
  assert.equal(xmlText("a\tb\r\nc \u{1f600} é ש"), "a\tb\r\nc \u{1f600} é ש");
});

test("no cell of a table is taken for a formula, numbers stay numbers, and a file says that it is UTF-8", async () => {
  const cells = ["=1+1", "+1+1", "-b", "@c", "\uff1dA1", " =1", "\t=1", "-1.5", "+3", "-1e-8", "1,5", "=a\"b", "−2", "\u0000", "a\u000cb", "ש", "-", "a=b"];
  const written = csv({ head: ["text"], rows: [...cells.map((cell) => [cell]), [-0.25], [-3e-8]] });
  assert.equal(written, "text\n'=1+1\n'+1+1\n'-b\n'@c\n'\uff1dA1\n' =1\n\"'\t=1\"\n-1.5\n+3\n-1e-8\n\"1,5\"\n\"'=a\"\"b\"\n−2\n␀\na␌b\nש\n'-\na=b\n-0.25\n-3e-8\n");
  assert.deepEqual([...new Uint8Array(await tableFile(written).arrayBuffer()).slice(0, 4)], [0xef, 0xbb, 0xbf, "t".charCodeAt(0)]);
});

test("a file's name is one that every system takes", () => {
  for (const [name, is] of [
    ["names-240-steps.safetensors", "names-240-steps.safetensors"], ["a/b\\c:d*e?.csv", "a-b-c-d-e-.csv"], ["con.csv", "wave-field-con.csv"], [".csv", "wave-field.csv"], ["..\u0000\u202egpj.csv", "gpj.csv"],
    [" x .svg", "x.svg"], ["x\ud83d.png", "x.png"], ["سلام.csv", "سلام.csv"], [`${"ü".repeat(500)}.csv`, `${"ü".repeat(120)}.csv`], ["x.wavefield-run", "x.wavefield-run"], ["", "wave-field"],
  ]) assert.equal(fileNameOf(name), is, JSON.stringify(name));
});

test("a quotation runs its own way, and is told from the sentence round it", () => {
  assert.equal(isolated("Token 3, “x”: 12 %."), "Token 3, “x”: 12 %.");
  assert.equal(isolated("Token 3, “ש”: 12 %."), "Token 3, \u2068“ש”\u2069: 12 %.");
  assert.deepEqual(quotedParts("Token 3, “x”, from \"y\"."), ["Token 3, ", "“x”", ", from ", "\"y\"", "."]);
  assert.deepEqual(["abc", "12 ש a", "سلام", "", "12"].map(directionOf), ["ltr", "rtl", "rtl", "ltr", "ltr"]);
});

/** Tokens on lines; each has the place at which it is seen. @param {[string, number, number][]} seats text, line, left */
const seated = (seats) => /** @type {HTMLElement[]} */ (/** @type {unknown} */ (seats.map(([text, line, left]) => ({
  getBoundingClientRect: () => ({ left, right: left + (text === "" ? 0 : 1), top: line * 10, bottom: line * 10 + 8 }),
}))));

test("the left arrow goes to the token on the left", () => {
  const beside = (/** @type {string[]} */ texts, /** @type {number} */ from, /** @type {-1 | 1} */ side, before = "") => tokenBeside(seated(texts.map((text, i) => [text, 0, i])), texts, from, side, before);
  assert.equal(beside([..."abc"], 1, -1), 0);
  assert.equal(beside([..."שלום"], 1, -1), 2, "Hebrew: the next one");
  assert.equal(beside([..."שלום"], 1, 1), 0);
  assert.equal(beside([".", "."], 0, -1, "سلام"), 1, "a line that begins in Arabic goes on that way");
  assert.equal(beside([".", "\n", "a", "b"], 3, -1, "سلام"), 2, "the next paragraph has a way of its own");
  // "ab אב c" as it is seen: a b ב א c.
  const texts = ["a", "b", "א", "ב", "c"];
  const spans = seated([["a", 0, 0], ["b", 0, 1], ["א", 0, 3], ["ב", 0, 2], ["c", 0, 4]]);
  const walk = [0];
  for (let i = 0; i < 5; i++) walk.push(tokenBeside(spans, texts, walk[i], 1));
  assert.deepEqual(walk, [0, 1, 3, 2, 4, 5], "every token once, from left to right");
  assert.equal(tokenBeside(spans, texts, 3, -1), 1);
});

const model = /** @type {any} */ ({ name: "Names", vocabulary_kind: "character", tokens: ["\n", "a", "b", "é"], config: { max_seq_len: 8 } });

test("letters that a model lacks are left out of what it reads, and named", () => {
  assert.deepEqual(readable("ab\né", model), { text: "ab\né", missing: [] });
  const found = readable("aXb 😀X\ud83d", model);
  assert.deepEqual(found, { text: "ab", missing: ["X", " ", "😀", "\ud83d"] });
  assert.equal(missingInWords(found, "Names"), "Names does not know “X”, “␣”, “😀”, “<U+D83D>”. It reads the prompt without them. Your prompt stays as you typed it.");
  assert.match(missingInWords(readable("R", model), "Names"), /Nothing is left of the prompt without it/);
  assert.equal(missingInWords({ text: "ab", missing: [] }, "Names"), "");
  assert.deepEqual(readable("Xé\udc00", { ...model, vocabulary_kind: "bpe" }), { text: "Xé", missing: ["\udc00"] });
});

test("of a prompt that is longer than the context it is said what counts, as the engine reads it", () => {
  // Token by token: at the limit the last half is read again, and one more goes on from there.
  const slowly = (/** @type {number} */ tokens, /** @type {number} */ limit) => {
    let heard = 0;
    for (let i = 0; i < tokens; i++) heard = heard === limit ? Math.floor(limit / 2) + 1 : heard + 1;
    return heard;
  };
  for (const limit of [2, 7, 8, 257]) for (let tokens = 0; tokens < 5 * limit; tokens++) assert.equal(heardOf(tokens, { ...model.config, max_seq_len: limit }, "reread"), slowly(tokens, limit));
  assert.equal(heardOf(100, model.config, "run_on"), 100);
  assert.equal(heardOf(100, { ...model.config, architecture: "standard" }, "run_on"), heardOf(100, model.config, "reread"));
  assert.equal(lengthInWords(9, model, "reread"), "The prompt has 9 tokens, and Names hears 8 at once: only the last 5 of it count.");
  assert.equal(lengthInWords(8, model, "reread"), "");
});
