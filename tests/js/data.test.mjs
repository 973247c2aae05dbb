import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { MAX_FILE_BYTES, adviceFor, problemWith, readTextFile, shuffleLines, summarise, tidyText } from "../../www/js/data.js";

test("shuffled lines are the same lines, in another order, always the same one", async () => {
  const text = await readFile(new URL("../../www/data/names.txt", import.meta.url), "utf8");
  const shuffled = shuffleLines(text);
  assert.equal(shuffled, shuffleLines(text));
  assert.notEqual(shuffled.slice(0, 100), text.slice(0, 100));
  const sorted = (/** @type {string} */ lines) => lines.split("\n").filter(Boolean).sort();
  assert.deepEqual(sorted(shuffled), sorted(text));
});

test("a text is tidied: line ends, the byte-order mark, half characters", () => {
  assert.equal(tidyText("\ufeffa\r\nb\rc"), "a\nb\nc");
  assert.equal(tidyText("x\ud83dy\ude00z😀"), "x\ufffdy\ufffdz😀");
});

test("a text is counted in characters, not in code units", () => {
  assert.deepEqual(summarise("a😀a"), { characters: 3, distinct: ["a", "😀"] });
});

test("a problem with a text is said in words, with what would do", () => {
  assert.match(problemWith(summarise(""), 32, "character") ?? "", /no text yet/);
  assert.match(problemWith(summarise("aaaa"), 32, "character") ?? "", /only one kind of character/);
  const short = problemWith(summarise("abc".repeat(12)), 32, "character") ?? "";
  assert.match(short, /36 characters/);
  assert.match(short, /at least 37/);
  assert.equal(problemWith(summarise(`${"ab".repeat(18)}a`), 32, "character"), null);
});

test("advice names what is worth knowing", () => {
  assert.match(adviceFor(summarise("abc".repeat(200)), "character"), /little text/);
  const many = Array.from({ length: 1200 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join("").repeat(20);
  assert.match(adviceFor(summarise(many), "character"), /Word pieces/);
  assert.equal(adviceFor(summarise("abc ".repeat(10_000)), "character"), "");
});

test("a file is read as text, or refused in words", async () => {
  const file = (/** @type {BlobPart} */ content, name = "a.txt") => new File([content], name);
  assert.equal(await readTextFile(file("héllo\r\n")), "héllo\n");
  assert.equal(await readTextFile(file(new Uint8Array([0xff, 0xfe, 0x61, 0, 0x62, 0]))), "ab");
  await assert.rejects(readTextFile(file("")), /"a.txt" is empty/);
  await assert.rejects(readTextFile(file(new Uint8Array([0x61, 0xe9, 0x62]))), /not text in UTF-8/);
  await assert.rejects(readTextFile(file(new Uint8Array([0x61, 0, 0x62]), "b.bin")), /"b.bin" is not a text file/);
  const big = /** @type {File} */ ({ name: "c.txt", size: MAX_FILE_BYTES + 1 });
  await assert.rejects(readTextFile(big), /up to 20 MB/);
});
