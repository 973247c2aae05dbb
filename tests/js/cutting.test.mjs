import assert from "node:assert/strict";
import { test } from "node:test";
import { summarise } from "../../www/js/text/intake.js";
import { asCharacters, asPieces, mostFrequent } from "../../www/js/train/cutting.js";
import { engine } from "./engine.mjs";

const PROSE = "the theme of the thesis\n\tNaïve 漢字 😀 “quoted” ".repeat(30);
/** @param {string} text */
const taken = (text) => ({ name: "", pieces: [text.slice(0, 100), text.slice(100)], summary: summarise(text), notes: [] });

test("characters are numbered, counted and split as the engine does it", () => {
  for (const share of [0.01, 0.1, 0.37, 0.5]) {
    const { vocabulary, texts, counts, beginning, tokens, learned } = asCharacters(taken(PROSE), share);
    const info = new engine.Session().prepare_data(PROSE, "character", 0, share);
    assert.deepEqual({ vocabulary, texts, counts, beginning, tokens, learned }, {
      vocabulary: info.vocabulary, texts: info.texts, counts: info.counts, beginning: info.beginning, tokens: info.tokens, learned: info.train_tokens,
    });
  }
});

test("word pieces are told as the engine learned them; of a beginning only, what the whole comes to is an estimate", () => {
  const session = new engine.Session();
  const info = session.prepare_data(PROSE, "bpe", 290, 0.2);
  const cutting = asPieces(info, info.characters);
  assert.ok(cutting.exact && cutting.tokens === info.tokens && cutting.learned === info.train_tokens);
  assert.equal(cutting.beginning.map((id) => cutting.texts[id]).join(""), PROSE.slice(0, cutting.beginning.map((id) => cutting.texts[id]).join("").length));
  assert.equal(cutting.counts.reduce((sum, count) => sum + count, 0), info.tokens);
  // Another share: the pieces are those that were learned before.
  const again = session.prepare_data(PROSE, "bpe", 290, 0.4);
  assert.deepEqual(again.texts, info.texts);
  assert.ok(again.train_tokens < info.train_tokens);
  // Other texts and sizes have pieces of their own.
  for (const [text, size] of /** @type {const} */ ([[PROSE.replaceAll("theme", "throne"), 290], [PROSE, 270], [PROSE, 290]])) {
    assert.deepEqual(session.prepare_data(text, "bpe", size, 0.2).texts, new engine.Session().prepare_data(text, "bpe", size, 0.2).texts);
  }
  const part = asPieces(info, 4 * info.characters);
  assert.deepEqual([part.exact, part.tokens, part.learned], [false, 4 * info.tokens, 4 * info.train_tokens]);
});

test("the most frequent come first, of equals the first, and none that is not met", () => {
  assert.deepEqual(mostFrequent({ vocabulary: 5, texts: [], counts: [2, 0, 5, 2, 1], beginning: [], tokens: 10, learned: 9, exact: true }, 3), [2, 0, 3]);
  assert.deepEqual(mostFrequent({ vocabulary: 2, texts: [], counts: [0, 1], beginning: [], tokens: 1, learned: 1, exact: true }, 3), [1]);
});
