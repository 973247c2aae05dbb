import assert from "node:assert/strict";
import { test } from "node:test";
import { FIELDS, bendHeads, bentHeads, coupleHeads, editedRows, faultsInWords, leftOut, readLink, sealedLink, untouched, writeLink } from "../../www/js/link/link.js";
import { fileName } from "../../www/js/model/file-name.js";
import { SETTINGS, settingsFor } from "../../www/js/train/presets.js";

/** @typedef {import("../../www/js/link/link.js").SharedPage} SharedPage */

/** @param {string} fragment */
function read(fragment) {
  const found = readLink(fragment);
  assert.ok(found, fragment);
  return found;
}

/** A page on which nothing is as it was. @returns {SharedPage} */
function touched() {
  const page = untouched();
  page.choices = { data: "stories", tokenizer: "bpe", pieces: 700, size: "medium", changed: {}, base: "Mine: 2 of 3-0a1b2c3d" };
  for (const setting of SETTINGS) {
    const preset = settingsFor("stories", "medium")[setting.key];
    const other = setting.options?.find(({ value }) => value !== preset)?.value ?? (preset === setting.max ? setting.min : setting.max);
    /** @type {any} */ (page.choices.changed)[setting.key] = other;
  }
  page.prompt = "Once upon a time: 1+1=2 & 100 % “ü” 😀\n";
  page.settings = { temperature: 1.25, greedy: true, top_k: 40, top_p: 0.5, repetition_penalty: 1.15, seed: 4_294_967_295, max_tokens: 77, stop: ["\n\n", "a,b&c=d"], at_limit: "run_on" };
  page.model = "Names, 240 steps: mine";
  page.heads = [
    { layer: 0, head: 2, change: { frequency: 1.25 } },
    { layer: 1, head: 0, change: { damping: 0.0001, phase: -3.1416, gain: 0 } },
    { layer: 11, head: 15, change: { frequency: -20, damping: 1e-4, phase: 0.30000001192092896 } },
  ];
  page.rows = [{ layer: 0, head: 1, weights: [0.25, 0.75] }, { layer: 2, head: 0, weights: [1, 0] }, { layer: 11, head: 1, weights: [0.0001, 0.9999] }];
  return page;
}

test("an untouched page has an empty fragment, and a page on which everything differs comes back whole", () => {
  assert.equal(writeLink(untouched()), "");
  assert.equal(readLink(""), null);
  const link = writeLink(touched());
  assert.match(link, /^[\w.~!$&'()*+,;=:@/?%-]+$/, "a fragment may have these characters");
  assert.deepEqual(read(`#${link}`), { page: touched(), faults: [] });
});

test("each setting alone comes back alone, and every setting that a training has is among them", () => {
  const keys = FIELDS.map(({ key }) => key);
  assert.equal(new Set(keys).size, keys.length, "a key stands for two settings");
  for (const field of FIELDS) {
    if (field.key === "heads" || field.key === "coupling") continue;
    const page = untouched();
    field.set(page, field.get(touched()));
    const link = writeLink(page);
    assert.equal(link.split("&").length, 1, link);
    assert.ok(link.startsWith(`${field.key}=`), link);
    assert.deepEqual(read(link), { page, faults: [] });
  }
  for (const { key } of SETTINGS) {
    const page = untouched();
    /** @type {any} */ (page.choices.changed)[key] = touched().choices.changed[key];
    assert.deepEqual(read(writeLink(page)).page.choices.changed, page.choices.changed, key);
  }
});

test("a link is readable", () => {
  const page = untouched();
  Object.assign(page.choices, { data: "shakespeare", size: "medium", changed: { steps: 500, seed: 3 } });
  page.settings.temperature = 0.5;
  page.heads = [{ layer: 0, head: 2, change: { frequency: 1.25, gain: 0 } }];
  assert.equal(writeLink(page), "text=shakespeare&size=medium&steps=500&train-seed=3&temp=0.5&heads=Shakespeare:1.3.f1.25.g0");
});

test("a setting that makes no sense yet is not written, nor is a prompt that no link can hold", () => {
  const page = untouched();
  page.choices.changed = { steps: NaN, batch_size: 10_000 };
  page.prompt = "x".repeat(100_000);
  assert.equal(writeLink(page), "");
  page.prompt = "half \ud83d";
  assert.equal(read(writeLink(page)).page.prompt, "half \ufffd");
});

test("what is out of range or unknown is left out and named; the rest holds", () => {
  const { page, faults } = read("steps=5&temp=9&size=huge&colour=red&seed=3&text=own&length=1.5&top-k&peak-lr=0x1&batch-size=Infinity&context=&dropout=1e-1&seed=4");
  assert.deepEqual(page.choices, { ...untouched().choices, data: "own", changed: { dropout: 0.1 } });
  assert.deepEqual(page.settings, { ...untouched().settings, seed: 3 });
  const words = faults.join("\n");
  for (const pattern of [
    /^steps=5: Steps takes a whole number from 10 to 200,000$/m, /^temp=9: expected a number from 0 to 2$/m, /^size=huge: expected one of small, medium, large, published$/m,
    /^colour=red: this page has no such setting$/m, /^length=1.5: expected a whole number from 1 to/m, /^top-k: it has no value$/m,
    /^peak-lr=0x1: Learning rate takes/m, /^batch-size=Infinity: /m, /^context=: /m, /^seed=4: it stands there twice/m,
  ]) assert.match(words, pattern);
  assert.equal(faults.length, 10);
  assert.match(faultsInWords(faults), /; and 5 more\. Everything else in it holds\.$/);
});

test("a link tells which model a training goes on from, by its name and its numbers", () => {
  const page = untouched();
  page.choices.base = "Shakespeare-0a1b2c3d";
  assert.equal(writeLink(page), "from=Shakespeare-0a1b2c3d");
});

test("heads that make no sense are left out, and say why", () => {
  for (const [text, why] of [
    ["1.3.f1.25", /model's name/], [":1.3.f1", /model's name/], ["S:", /expected heads such as/], ["S:1.3", /expected heads such as/], ["S:1.3.x4", /expected heads such as/],
    ["S:0.3.f1", /count from 1/], ["S:1.3.f99", /frequency of head 3 in layer 1: expected a number from -20 to 20, found 99/], ["S:1.3.d0", /damping/], ["S:1.3.g2", /gain/],
    ["S:1.3.fNaN", /expected heads/], ["S:1.3.f1e999", /frequency/], ["S:1.3.f1,", /expected heads/], ["S:9999.3.f1", /expected heads/], ["%:1.3.f1", /percent signs/],
    [`S:${"1.1.f1,".repeat(5000)}1.1.f1`, /at most 4096 heads/],
  ]) {
    const { page, faults } = read(`heads=${text}`);
    assert.deepEqual(page.heads, [], String(text));
    assert.match(faults.join(), /** @type {RegExp} */ (why));
  }
  const { page, faults } = read("model=mine&heads=yours:1.1.f1");
  assert.deepEqual([page.model, page.heads], ["mine", []]);
  assert.match(faults.join(), /they belong to yours, and the link is for mine/);
});

test("a model from an address travels with its address, which people can read, and with what was bent in it", () => {
  const page = untouched();
  page.address = page.model = "https://example.org/models/small_waves.safetensors?a=b&c";
  assert.equal(writeLink(page), "model=https://example.org/models/small%5Fwaves.safetensors%3Fa%3Db%26c");
  assert.deepEqual(read(writeLink(page)), { page, faults: [] });
  // As somebody types it.
  assert.equal(read("model=https://example.org/m.safetensors&seed=3").page.address, "https://example.org/m.safetensors");
  assert.equal(read("model=./models/m.safetensors").page.address, "./models/m.safetensors");
  page.model = "small_waves";
  page.heads = [{ layer: 0, head: 0, change: { gain: 0 } }];
  assert.match(writeLink(page), /^model=https:.*&heads=small%5Fwaves:1\.1\.g0$/);
  assert.deepEqual(read(writeLink(page)), { page, faults: [] });
  page.address = `https://example.org/${"x".repeat(1000)}`;
  assert.doesNotMatch(writeLink(page), /model=/);
});

test("couplings travel with the name of their model, alone or with its heads", () => {
  const page = untouched();
  page.rows = [{ layer: 0, head: 1, weights: [0.25, 0.75] }];
  assert.equal(writeLink(page), "coupling=Shakespeare:1.2_0.25_0.75");
  page.model = "Mine";
  page.heads = [{ layer: 0, head: 0, change: { gain: 0 } }];
  assert.equal(writeLink(page), "heads=Mine:1.1.g0&coupling=Mine:1.2_0.25_0.75");
  assert.deepEqual(read(writeLink(page)), { page, faults: [] });
});

test("couplings that make no sense are left out, and say why", () => {
  for (const [text, why] of [
    ["1.2_1_0", /model's name/], ["S:", /expected weights such as/], ["S:1.2", /expected weights such as/], ["S:1.2_x", /expected weights such as/], ["S:1.2_", /expected weights such as/],
    ["S:0.2_1_0", /count from 1/], ["S:1.2_1.5_-0.5", /from 0 to 1, found 1.5/], ["S:1.2_0.5_0.25", /weights of head 2 in layer 1: expected them to add up to 1, found 0.75/],
    ["S:1.2_NaN_1", /expected weights/], ["S:1.2_1e999_0", /from 0 to 1, found Infinity/], ["S:1.2_1_0,1.2_0_1", /each head once/], ["%:1.2_1_0", /percent signs/],
  ]) {
    const { page, faults } = read(`coupling=${text}`);
    assert.deepEqual([page.rows, page.model], [[], untouched().model], String(text));
    assert.match(faults.join(), /** @type {RegExp} */ (why));
  }
  const other = read("heads=yours:1.1.f1&coupling=mine:1.2_1_0");
  assert.match(other.faults.join(), /of one model, and the link names yours and mine/);
  assert.deepEqual([other.page.heads.length, other.page.rows.length, other.page.model], [1, 0, "yours"]);
  const { page, faults } = read("model=mine&coupling=yours:1.2_1_0");
  assert.deepEqual([page.model, page.rows], ["mine", []]);
  assert.match(faults.join(), /they belong to yours, and the link is for mine/);
});

test("couplings are told from the file's, and set anew in a model that has them", () => {
  const initial = [0.9, 0.1, 0.3, 0.7];
  const straight = [{ weights: initial, initial }, { weights: initial, initial }];
  assert.deepEqual(editedRows(straight), []);
  const edited = [straight[0], { weights: [0.9, 0.1, 0.5, 0.5], initial }];
  const rows = editedRows(edited);
  assert.deepEqual(rows, [{ layer: 1, head: 1, weights: [0.5, 0.5] }]);
  assert.deepEqual(coupleHeads(straight, rows), { couplings: edited, missing: 0 });
  assert.deepEqual(coupleHeads(edited, []), { couplings: straight, missing: 0 }, "what the link does not set is as in the file");
  const elsewhere = [{ layer: 2, head: 0, weights: [1, 0] }, { layer: 0, head: 2, weights: [1, 0] }, { layer: 0, head: 0, weights: [1, 0, 0] }];
  assert.deepEqual(coupleHeads(straight, elsewhere), { couplings: straight, missing: 3 });
});

test("hostile fragments break nothing", () => {
  for (const fragment of ["__proto__=1", "constructor=1&toString=2", "prompt=%E0%A4%A", "prompt=%", "=", "&&&=&", "text=__proto__", "size=constructor", `seed=${"9".repeat(10_000)}`, "a=".repeat(10_000), "x".repeat(1_000_000)]) {
    const found = readLink(fragment);
    if (!found) continue;
    assert.deepEqual({ ...found.page, model: untouched().model }, untouched(), fragment.slice(0, 40));
  }
  const { faults } = read(`prompt=${"x".repeat(100_000)}`);
  assert.match(faults.join(), /the whole link: it has 100,007 characters/);
  assert.ok(faults.every((fault) => fault.length < 200));
  assert.equal(readLink("#generate"), null, "a place on the page");
});

test("heads are told from the file's, and bent anew in a model that has them", () => {
  const initial = { frequency: 0.5, damping: 0.25, phase: 0, gain: 1 };
  const straight = [[{ ...initial, initial }, { ...initial, initial }]];
  assert.deepEqual(bentHeads(straight), []);
  const bent = [[straight[0][0], { ...initial, frequency: 2, gain: 0, initial }]];
  const heads = bentHeads(bent);
  assert.deepEqual(heads, [{ layer: 0, head: 1, change: { frequency: 2, gain: 0 } }]);
  assert.deepEqual(bendHeads(straight, heads), { layers: bent, missing: 0 });
  assert.deepEqual(bendHeads(bent, []), { layers: straight, missing: 0 }, "what the link does not bend is as in the file");
  assert.equal(bendHeads(straight, [{ layer: 3, head: 0, change: { gain: 0 } }]).missing, 1);
});

test("a model's file is named as the engine names it", () => {
  assert.equal(fileName("Names, 240 steps"), "names-240-steps.safetensors");
  assert.equal(fileName("Übung!"), "übung.safetensors");
  assert.equal(fileName("?"), "wavefield.safetensors");
});

/** What chats, mail and Markdown do to an address in a message: they leave signs at its end outside of it, or take pairs of signs for bold and slanted text. */
const CHATS = /** @type {Record<string, (text: string) => string>} */ ({
  "GitHub's Markdown": (text) => text.replace(/[?!.,:*_~'"]+$/, "").replace(/&[a-z0-9]+;$/i, "").replace(/\)+$/, ""),
  Slack: (text) => text.replace(/[.,;:!?'")\]}>*_~`]+$/, ""),
  WhatsApp: (text) => text.replace(/([*_~`])([^*_~`]+)\1/g, "$2").replace(/[^\p{L}\p{N}/=&#+%-]+$/u, ""),
  Discord: (text) => text.replace(/(\*\*|\*|~~|\|\|)(.+?)\1/g, "$2").replace(/[.,:;"')\]]+$/, ""),
  mail: (text) => text.replace(/[.,;:!?'")>\]+=-]+$/, ""),
  "a page's source": (text) => text.replaceAll("&", "&amp;"),
});

test("whatever the prompt is, the link survives every chat, and brings it whole", () => {
  let seed = 7;
  const random = (/** @type {number} */ below) => (seed = (seed * 48271) % 2147483647) % below;
  const signs = [..." .!?)'*_~\"\n\t`|<>[]{}\\^&=#%+,;:@/$-\u200d\u202e\u0000\ufeffüש😀"];
  const prompts = [...signs.flatMap((sign) => [`Stay${sign}`, `${sign}${sign}x${sign}${sign}`, `a ${sign}b${sign} c`, sign, "..." + sign.repeat(3)]), "*bold* _slanted_ ~struck~ **x** ||y||", "&amp; &end &without=prompt", "%41%", "http://x.y/(z)."];
  for (let i = 0; i < 400; i++) {
    prompts.push(Array.from({ length: 1 + random(12) }, () => (random(3) === 0 ? signs[random(signs.length)] : String.fromCodePoint([random(0x80), random(0xd800), 0xe000 + random(0x2000), 0x10000 + random(0x100000)][random(4)]))).join(""));
  }
  for (const prompt of prompts) {
    const page = untouched();
    page.prompt = prompt;
    // The last that is written: a prompt, a number, a name, a stop text.
    for (const change of [() => {}, () => { page.settings.seed = 12; }, () => { page.settings.stop = ["\n\n", prompt]; }, () => { page.heads = [{ layer: 0, head: 1, change: { phase: -1e-7 } }]; page.model = "It’s (mine)!"; }]) {
      change();
      const link = sealedLink(page);
      assert.match(link, /^[a-z][a-zA-Z0-9%+=&:,._-]*[a-zA-Z]$/, JSON.stringify(prompt));
      assert.doesNotMatch(link.replace(/(?<=\d)\./g, ""), /[.!?)('*~_]/, "only points inside numbers and entries");
      for (const [chat, cut] of Object.entries(CHATS)) assert.deepEqual(read(cut(`#${link}`)), { page, faults: [] }, `${chat}: ${JSON.stringify(prompt)}`);
    }
  }
});

test("links that were made before still open", () => {
  const { page, faults } = read("prompt=To+be,+or+not...+(that's+*it*!)~_&temp=0.5&heads=It's+mine:1.3.f1.25.g0&coupling=It's+mine:1.2_0.25_0.75");
  assert.deepEqual(faults, []);
  assert.equal(page.prompt, "To be, or not... (that's *it*!)~_");
  assert.deepEqual([page.model, page.heads.length, page.rows.length], ["It's mine", 1, 1]);
});

test("what is too long for a link is named, in it and to whoever makes it, and no link is longer than can be read", () => {
  const page = untouched();
  page.prompt = "x".repeat(8001);
  page.settings.seed = 3;
  assert.equal(sealedLink(page), "seed=3&without=prompt");
  assert.deepEqual(leftOut(page), ["the prompt"]);
  assert.deepEqual(read(sealedLink(page)).page.without, ["prompt"]);
  page.prompt = "x".repeat(8000);
  assert.deepEqual(leftOut(page), []);
  assert.deepEqual(read(sealedLink(page)), { page, faults: [] });
  // Short in letters, long in percent signs.
  page.prompt = "ש".repeat(8000);
  assert.deepEqual(leftOut(page), ["the prompt"]);
  page.prompt = "x".repeat(8000);
  page.model = "Mine";
  page.heads = Array.from({ length: 4000 }, (_, i) => ({ layer: i >> 3, head: i & 7, change: { frequency: 1 / 3, phase: 1 / 7 } }));
  assert.deepEqual(leftOut(page), ["the bent heads"]);
  const found = read(sealedLink(page));
  assert.deepEqual(found, { page: { ...page, heads: [], without: ["heads"] }, faults: [] });
  page.settings.stop = ["x".repeat(201)];
  assert.deepEqual(leftOut(page), ["the stop texts", "the bent heads"]);
  assert.deepEqual(read("without=prompt-nothing-seed&seed=2").page.without, ["prompt"]);
});
