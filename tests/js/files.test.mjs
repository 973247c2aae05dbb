// What becomes of files that were dropped or picked, with the engine itself, without a page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Files } from "../../www/js/files/files.js";
import { engine } from "./engine.mjs";

const fixture = (/** @type {string} */ name) => readFileSync(new URL(`../fixtures/files/${name}`, import.meta.url));
const file = (/** @type {string} */ name, /** @type {BlobPart} */ bytes) => new File([bytes], name);

/** The page's part of it: what was opened, said and taken. */
function bench() {
  const session = new engine.Session();
  /** @type {{ title: string, message?: string }[]} */
  const said = [];
  /** @type {string[]} */
  const trainings = [];
  /** @type {string[][]} */
  const texts = [];
  /** @type {any} */
  const app = {
    models: {
      openFiles: async (/** @type {{ tensors: ArrayBuffer[], config: string | null, tokenizer: string | null }} */ { tensors, config, tokenizer }, /** @type {string} */ name) =>
        session.load_files(tensors.map((bytes) => new Uint8Array(bytes)), config ?? undefined, tokenizer ?? undefined, name),
    },
    notify: (/** @type {{ title: string }} */ notice) => said.push(notice),
    show: () => {},
    state: { get: () => ({ name: "Shakespeare" }), restore: () => {} },
  };
  const files = new Files(app);
  const place = /** @type {any} */ ({ setAttribute: () => {}, closest: () => place });
  files.takeTexts(place, (taken) => texts.push(taken.map(({ name }) => name)));
  files.takeTrainings((taken) => trainings.push(...taken.map(({ name }) => name)));
  return { files, place, said, texts, trainings, last: () => said[said.length - 1] };
}

/** The special tokens' model, with its vocabulary taken out of it. */
function apart() {
  const whole = fixture("special_token.safetensors");
  const length = Number(whole.readBigUInt64LE(0));
  const header = JSON.parse(whole.subarray(8, 8 + length).toString());
  const { tokenizer } = header.__metadata__;
  delete header.__metadata__.tokenizer;
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return { bare: Buffer.concat([size, text, whole.subarray(8 + length)]), tokenizer };
}

test("a model opens whatever it is called, and what was odd about it is said", async () => {
  const { files, place, last } = bench();
  for (const name of ["poem.txt", "archive.zip", "no ending"]) {
    for (const target of [null, place]) {
      await files.take([file(name, fixture("prefix_orig_mod.safetensors"))], target);
      assert.match(last().title, /is open/);
      assert.match(last().message ?? "", /The prefix `_orig_mod\.` \(a compiled PyTorch model\) was taken off every name\./);
    }
  }
});

test("a model and its tokenizer come together in any order, or one after the other", async () => {
  const { bare, tokenizer } = apart();
  const [model, vocabulary] = [file("m", bare), file("t", tokenizer)];
  for (const together of [[model, vocabulary], [vocabulary, model]]) {
    const { files, last } = bench();
    await files.take(together);
    assert.match(last().title, /^m is open/);
  }
  const { files, last } = bench();
  await files.take([model]);
  assert.match(last().title, /^m could not be opened/);
  assert.match(last().message ?? "", /tokenizer\.json that belongs to it.*Nothing was lost: Shakespeare is still open/);
  await files.take([vocabulary]);
  assert.match(last().title, /^m is open/);
  await files.take([vocabulary]);
  assert.match(last().title, /waits for its model/);
  await files.take([model]);
  assert.match(last().title, /^m is open/);
});

test("texts go to the place that they were dropped on, and none is lost beside other files", async () => {
  const { files, place, texts, said } = bench();
  await files.take([file("one.safetensors", "The tide is low."), file("two", "The mud is warm.")]);
  await files.take([file("three.zip", "A third text.")], place);
  assert.deepEqual(texts, [["one.safetensors", "two"], ["three.zip"]]);
  assert.equal(said.length, 0);
  await files.take([file("four", "A fourth text."), file("a.pdf", "%PDF-1.7\n"), file("b", "")]);
  assert.deepEqual(texts[2], ["four"]);
  assert.match(said[0].title, /2 files could not be opened/);
  assert.match(said[0].message ?? "", /"a\.pdf": It is a PDF document.*"b": It is an empty file/);
  // What was chosen as a text and is none is the text's place to say.
  await files.take([file("c.pdf", "%PDF-1.7\n")], place);
  assert.deepEqual(texts[3], ["c.pdf"]);
});

test("a file that cannot be read, and no file at all, are said", async () => {
  const { files, last } = bench();
  await files.take([]);
  assert.match(last().title, /no file in it/);
  const gone = /** @type {any} */ ({ name: "gone", size: 10, slice: () => ({ arrayBuffer: () => Promise.reject(new Error("gone")) }) });
  await files.take([gone]);
  assert.match(last().title, /gone could not be opened/);
  assert.match(last().message ?? "", /moved, changed or closed/);
});
