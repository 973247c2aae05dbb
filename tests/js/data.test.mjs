import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { test } from "node:test";
import { DATA_SETS, adviceFor, learnedFrom, problemWith, shuffleLines, fewestCharacters } from "../../www/js/text/data-sets.js";
import { summarise } from "../../www/js/text/intake.js";
import { engine } from "./engine.mjs";

test("shuffled lines are the same lines, in another order, always the same one", async () => {
  const text = await readFile(new URL("../../www/data/names.txt", import.meta.url), "utf8");
  const shuffled = shuffleLines(text);
  assert.equal(shuffled, shuffleLines(text));
  assert.notEqual(shuffled.slice(0, 100), text.slice(0, 100));
  const sorted = (/** @type {string} */ lines) => lines.split("\n").filter(Boolean).sort();
  assert.deepEqual(sorted(shuffled), sorted(text));
});

test("every shipped text is there, trainable, and named in the notice with its licence", async () => {
  const notice = await readFile(new URL("../../www/data/README.md", import.meta.url), "utf8");
  for (const { file, origin } of DATA_SETS) {
    if (file === null) continue;
    const text = await readFile(file, "utf8");
    assert.equal(problemWith(summarise(text), 128, "character"), null, file.href);
    assert.ok(notice.includes(basename(file.pathname)), file.href);
    assert.match(origin, /public.domain|CDLA-Sharing-1\.0/);
  }
});

test("a problem with a text is said in words, with what would do", () => {
  assert.match(problemWith(summarise(""), 32, "character") ?? "", /no text yet/);
  assert.match(problemWith(summarise("aaaa"), 32, "character") ?? "", /only one kind of character/);
  const short = problemWith(summarise("abc".repeat(12)), 32, "character") ?? "";
  assert.match(short, /36 characters/);
  assert.match(short, /at least 37/);
  assert.equal(problemWith(summarise(`${"ab".repeat(18)}a`), 32, "character"), null);
  assert.match(problemWith(summarise(`${"ab".repeat(18)}a`), 32, "character", 0.5) ?? "", /at least 65/, "half is held back");
});

test("the shortest text is the engine's: it takes that, and not one character less", () => {
  for (const context of [1, 2, 8, 32, 100]) {
    for (const share of [0.01, 0.05, 0.1, 0.25, 0.5, 0.9]) {
      const fewest = fewestCharacters(context, share);
      const takes = (/** @type {number} */ characters) => {
        const { train_tokens, validation_tokens } = new engine.Session().prepare_data("ab".repeat(characters).slice(0, characters), "character", 0, share);
        return train_tokens >= context + 1 && validation_tokens >= 2;
      };
      assert.ok(takes(fewest), `${fewest} characters, a context of ${context}, ${share} held back`);
      assert.ok(!takes(fewest - 1), `${fewest - 1} characters, a context of ${context}, ${share} held back`);
    }
  }
});

test("a text is split as the engine splits it: the last share of its characters, rounded", () => {
  assert.equal(learnedFrom(2160, 0.1), 1944);
  assert.equal(learnedFrom(1_115_394, 0.1), 1_003_855);
});

test("advice names what is worth knowing", () => {
  assert.match(adviceFor(summarise("abc".repeat(200)), "character"), /little text/);
  const many = Array.from({ length: 1200 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join("").repeat(20);
  assert.match(adviceFor(summarise(many), "character"), /Word pieces/);
  assert.equal(adviceFor(summarise("abc ".repeat(10_000)), "character"), "");
});
