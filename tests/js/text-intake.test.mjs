import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_FILE_BYTES } from "../../www/js/text/data-sets.js";
import { UnknownEncoding, summarise, takeFile, takeFiles, takeString, toBlob } from "../../www/js/text/intake.js";
import "./engine.mjs";

/** @param {BlobPart} content */
const file = (content) => new File([content], "a.txt");
/** @param {string} text @param {boolean} big  the high byte first */
function utf16(text, big) {
  const bytes = new Uint8Array(2 * text.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), !big);
  return bytes;
}
/** @param {BlobPart} content @param {string | null} [encoding] */
const take = async (content, encoding = null) => (await takeFile(file(content), "a.txt", encoding)).pieces.join("");

test("a string is tidied: line ends, the byte-order mark, half characters", async () => {
  const tidied = async (/** @type {string} */ text) => (await takeString(text, "")).pieces.join("");
  assert.equal(await tidied("\ufeffa\r\nb\rc"), "a\nb\nc");
  assert.equal(await tidied("x\ud83dy\ude00z😀"), "x\ufffdy\ufffdz😀");
  assert.equal(await tidied(""), "");
});

test("a text is counted in characters, not in code units", () => {
  assert.deepEqual(summarise("a😀a"), { characters: 3, distinct: ["a", "😀"], counts: [2, 1] });
});

test("UTF-8 and UTF-16 are recognised, with a byte-order mark and without", async () => {
  assert.equal(await take("héllo\n"), "héllo\n");
  assert.equal(await take("\ufeffhéllo\n"), "héllo\n");
  for (const text of ["Hello there.\n", "Жил-был старик со старухой\n", "从前有一个国王，他有三个女儿。\n"]) {
    for (const big of [false, true]) {
      assert.equal(await take(utf16(text, big)), text);
      assert.equal(await take(utf16(`\ufeff${text}`, big)), text);
    }
  }
});

test("other line ends become plain ones, and that is said", async () => {
  const taken = await takeFile(file("a\r\nb\rc\n"), "a.txt", null);
  assert.equal(taken.pieces.join(""), "a\nb\nc\n");
  assert.match(taken.notes.join(" "), /line ends/);
  assert.deepEqual((await takeFile(file("a\nb\n"), "a.txt", null)).notes, []);
});

test("what is no text is refused, and said to be what it is", async () => {
  await assert.rejects(take(""), /"a.txt" is empty/);
  await assert.rejects(take("%PDF-1.7\n"), /"a.txt" is a PDF/);
  await assert.rejects(take(Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0)), /a ZIP archive/);
  await assert.rejects(take(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10)), /a picture/);
  await assert.rejects(take("{\\rtf1 x}"), /RTF/);
  await assert.rejects(take(Uint8Array.of(0x61, 0, 0x62, 0x63, 0, 0)), /not known here.*plain text is needed/);
  assert.equal(await take(`${"text ".repeat(20_000)}\0`), "text ".repeat(20_000), "a zero byte late in the file");
  await assert.rejects(take(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xff)), /damaged or cut short/);
  const big = /** @type {File} */ ({ name: "c.txt", size: MAX_FILE_BYTES + 1, slice: () => new Blob(["text"]) });
  await assert.rejects(takeFile(big, "c.txt", null), /up to 50 MB/);
  const gone = /** @type {File} */ ({ size: 10, slice: () => ({ arrayBuffer: () => Promise.reject(new Error("gone")) }) });
  await assert.rejects(takeFile(gone, "c.txt", null), /moved, changed or closed/);
  assert.equal(await take("BM, RIFF and GIF8 begin this text."), "BM, RIFF and GIF8 begin this text.");
});

/** The same words, as these encodings write them. */
const OLDER = {
  "windows-1252": [0x4c, 0x65, 0x20, 0x67, 0x61, 0x72, 0xe7, 0x6f, 0x6e, 0x20, 0xe9, 0x74, 0x61, 0x69, 0x74, 0x20, 0x6c, 0xe0], // Le garçon était là
  "windows-1250": [0x67, 0xea, 0x9c, 0x6c, 0xb9, 0x20, 0x6a, 0x61, 0x9f, 0xf1, 0x20, 0xbf, 0xf3, 0xb3, 0xe6], // gęślą jaźń żółć
  "iso-8859-2": [0x67, 0xea, 0xb6, 0x6c, 0xb1, 0x20, 0x6a, 0x61, 0xbc, 0xf1, 0x20, 0xbf, 0xf3, 0xb3, 0xe6],
  "windows-1251": [0xc6, 0xe8, 0xeb, 0x2d, 0xe1, 0xfb, 0xeb, 0x20, 0xf1, 0xf2, 0xe0, 0xf0, 0xe8, 0xea], // Жил-был старик
  "koi8-r": [0xf6, 0xc9, 0xcc, 0x2d, 0xc2, 0xd9, 0xcc, 0x20, 0xd3, 0xd4, 0xc1, 0xd2, 0xc9, 0xcb],
  shift_jis: [0x82, 0xde, 0x82, 0xa9, 0x82, 0xb5, 0x82, 0xa0, 0x82, 0xe9, 0x82, 0xc6, 0x82, 0xb1, 0x82, 0xeb, 0x82, 0xc9], // むかしあるところに
  gbk: [0xcb, 0xfb, 0xd3, 0xd0, 0xd2, 0xbb, 0xb8, 0xf6, 0xb4, 0xf3, 0xb9, 0xfa, 0xb5, 0xc4, 0xc8, 0xcb], // 他有一个大国的人
};

test("a file in an older encoding is asked about, the likeliest first, and read as the person says", async () => {
  for (const [encoding, codes] of Object.entries(OLDER)) {
    const bytes = Uint8Array.of(...codes, 10, 0x65, 0x6e, 0x64, 10);
    const error = await take(bytes).catch((reason) => reason);
    assert.ok(error instanceof UnknownEncoding, `${encoding}: ${error}`);
    assert.equal(error.choices[0].encoding, encoding);
    const text = new TextDecoder(encoding).decode(bytes);
    assert.ok(error.choices[0].sample.startsWith(text.split("\n")[0]), error.choices[0].sample);
    assert.ok(error.choices.length >= 5);
    assert.equal(await take(bytes, encoding), text);
  }
});

/** @param {string} text @param {string} encoding  with a byte for each character */
function inBytes(text, encoding) {
  const table = new TextDecoder(encoding).decode(Uint8Array.from({ length: 256 }, (_, byte) => byte));
  return Uint8Array.from(text, (character) => table.indexOf(character));
}

test("two encodings that have capitals where the other has small letters are told apart", async () => {
  const russian = "над морем тихо, только ветер ходит по песку";
  const belarusian = "Тры вялікія вярблюды";
  for (const [text, encoding] of [[russian, "koi8-r"], [russian, "windows-1251"], [belarusian, "windows-1251"]]) {
    const error = await take(inBytes(text, encoding)).catch((reason) => reason);
    assert.equal(error.choices[0].encoding, encoding, error.choices[0].sample);
  }
});

test("the sample comes from where the file stops being UTF-8, however late that is", async () => {
  const bytes = new Uint8Array(700_000).fill(0x61);
  for (let i = 0; i < bytes.length; i += 50) bytes[i] = 10;
  bytes.set(OLDER["windows-1251"], 600_001);
  const error = await take(bytes).catch((reason) => reason);
  assert.equal(error.choices[0].encoding, "windows-1251");
  assert.match(error.choices[0].sample, /Жил-был старик/);
});

test("characters that a chosen encoding does not have are counted", async () => {
  const { pieces, notes } = await takeFile(file(Uint8Array.of(0x61, 0x81, 0xff, 0x62)), "a.txt", "shift_jis");
  assert.match(pieces.join(""), /\ufffd/);
  assert.match(notes.join(" "), /could not be read so/);
});

test("a byte that is no UTF-8 can be read so, and where it makes no sense in any other encoding that comes first", async () => {
  const latin = await take("caf\xe9 noir\n".split("").map((c) => c.charCodeAt(0)).reduce((all, code) => Uint8Array.of(...all, code), new Uint8Array())).catch((reason) => reason);
  assert.equal(latin.choices[0].encoding, "windows-1252");
  assert.ok(latin.choices.slice(0, 5).some((/** @type {{ encoding: string }} */ { encoding }) => encoding === "utf-8"));
  const line = new TextEncoder().encode("The tide is low and the mud is warm.\n");
  const odd = Uint8Array.of(...line, 0xff, ...line);
  const asked = await take(odd).catch((reason) => reason);
  assert.equal(asked.choices[0].encoding, "utf-8");
  assert.match(await take(odd, "utf-8"), /warm\.\n\ufffdThe/);
});

test("several files are one text, in the order of their names, each on a line of its own", async () => {
  const files = [new File(["two"], "2.txt"), new File(["one\r\n"], "1.txt"), new File([Uint8Array.of(0x63, 0x61, 0x66, 0xe9)], "10.txt")];
  const asked = await takeFiles(files, new Map()).catch((reason) => reason);
  assert.ok(asked instanceof UnknownEncoding && asked.file === files[2]);
  const taken = await takeFiles(files, new Map([[files[2], "windows-1252"]]));
  assert.equal(taken.pieces.join(""), "one\ntwo\ncafé");
  assert.deepEqual(taken.summary, summarise("one\ntwo\ncafé"));
  assert.equal(taken.name, "1.txt and 2 more");
  assert.match(taken.notes.join(" "), /1\.txt: Its line ends.*10\.txt: Read as windows-1252/);
  assert.deepEqual(taken.parts, [{ name: "1.txt", characters: 4 }, { name: "2.txt", characters: 3 }, { name: "10.txt", characters: 4 }]);
});

test("a large text comes in pieces that are whole again, with progress, and can be left", async () => {
  const text = "Großmutter😀\r\n".repeat(100_000);
  /** @type {number[]} */
  const shares = [];
  const taken = await takeFile(file(text), "a.txt", null, { onProgress: (share) => shares.push(share) });
  const expected = text.replaceAll("\r\n", "\n");
  assert.equal(taken.pieces.join(""), expected);
  assert.deepEqual(taken.summary, summarise(expected));
  assert.ok(shares.length > 5 && shares.at(-1) === 1);
  assert.equal(await (await toBlob(taken.pieces)).text(), expected);
  assert.equal((await takeString(text, "")).pieces.join(""), expected);

  const way = new AbortController();
  const left = takeFile(file(text), "a.txt", null, { signal: way.signal, onProgress: () => way.abort() });
  await assert.rejects(left, { name: "AbortError" });
});
