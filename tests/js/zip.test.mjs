import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { crc32, readZip, writeZip } from "../../www/js/files/zip.js";

const FILES = { "run.json": new Blob(['{"a": 1}']), "last.safetensors": new Blob([new Uint8Array(100_000).map((_, i) => i * 31)]), "ä.txt": new Blob([""]) };

/** @param {Blob} blob @returns {Promise<Uint8Array<ArrayBuffer>>} */
const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer());

/** @param {(bytes: Uint8Array<ArrayBuffer>, view: DataView, end: number) => Uint8Array<ArrayBuffer> | void} change */
async function damaged(change) {
  const bytes = await bytesOf(await writeZip(FILES));
  return new Blob([change(bytes, new DataView(bytes.buffer), bytes.length - 22) ?? bytes]);
}

/** Reads all of it. @param {Blob} zip */
async function readAll(zip) {
  const { names, file } = await readZip(zip);
  return Promise.all(names.map(file));
}

test("the checksum is CRC-32", async () => {
  assert.equal(await crc32(new Blob(["123456789"])), 0xcbf43926);
  assert.equal(await crc32(new Blob([])), 0);
  // In pieces as in one.
  const long = new Uint8Array(9 * 2 ** 20).fill(7);
  assert.equal(await crc32(new Blob([long])), await crc32(new Blob([long.subarray(0, 5), long.subarray(5)])));
});

test("what was packed comes out as it was", async () => {
  const { names, file } = await readZip(await writeZip(FILES));
  assert.deepEqual(names, Object.keys(FILES));
  for (const [name, blob] of Object.entries(FILES)) assert.deepEqual(await bytesOf(await file(name)), await bytesOf(blob));
  await assert.rejects(file("best.safetensors"), /"best.safetensors" is missing/);
});

test("another program unpacks it", async (t) => {
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
  } catch {
    return t.skip("there is no Python here to unpack it with");
  }
  const folder = mkdtempSync(join(tmpdir(), "zip-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "a.zip"), await bytesOf(await writeZip(FILES)));
  execFileSync("python3", ["-m", "zipfile", "-t", "a.zip"], { cwd: folder });
  execFileSync("python3", ["-m", "zipfile", "-e", "a.zip", "out"], { cwd: folder });
  for (const [name, blob] of Object.entries(FILES)) assert.deepEqual(new Uint8Array(readFileSync(join(folder, "out", name))), await bytesOf(blob));
});

test("whatever is wrong with a ZIP is said, whole or cut anywhere", async () => {
  const whole = await bytesOf(await writeZip(FILES));
  for (let length = 0; length < whole.length; length += length < 200 || length > whole.length - 300 ? 1 : 997) {
    await assert.rejects(readAll(new Blob([whole.subarray(0, length)])), /cut short|damaged/, `cut at ${length}`);
  }
  const central = (/** @type {DataView} */ view, /** @type {number} */ end) => view.getUint32(end + 16, true);
  /** @type {[RegExp, Parameters<typeof damaged>[0]][]} */
  const cases = [
    [/run.json.*checksum is wrong/, (bytes) => { bytes[30 + 8] ^= 1; }],
    [/table of files lies outside/, (_, view, end) => view.setUint32(end + 16, 0x7fff_ffff, true)],
    [/table of files lies outside/, (_, view, end) => view.setUint32(end + 12, 0x7fff_ffff, true)],
    [/table of files lies outside/, (_, view, end) => view.setUint16(end + 10, 999, true)],
    [/another kind than this page reads/, (_, view, end) => view.setUint16(end + 10, 0xffff, true)],
    [/another kind than this page reads/, (_, view, end) => view.setUint32(end + 16, 0xffff_ffff, true)],
    [/larger in its table than in the file/, (_, view, end) => { view.setUint32(central(view, end) + 20, 0xffff_fff0, true); view.setUint32(central(view, end) + 24, 0xffff_fff0, true); }],
    [/makes no sense/, (_, view, end) => view.setUint32(central(view, end) + 20, 1, true)],
    [/makes no sense/, (_, view, end) => view.setUint16(central(view, end) + 28, 0xffff, true)],
    [/compressed/, (_, view, end) => view.setUint16(central(view, end) + 10, 8, true)],
    [/encrypted/, (_, view, end) => view.setUint16(central(view, end) + 8, 1, true)],
    [/not where its table says/, (_, view, end) => view.setUint32(central(view, end) + 42, 5, true)],
    // The last file's own header, which stands before the table.
    [/cut short/, (_, view, end) => view.setUint16(central(view, end) - 36 + 26, 0xffff, true)],
  ];
  for (const [message, change] of cases) await assert.rejects(readAll(await damaged(change)), message);
});

test("two files that share their bytes, or their name, are refused", async () => {
  const blob = new Blob([new Uint8Array(500)]);
  const bytes = await bytesOf(await writeZip({ a: blob, b: new Blob(["12"]) }));
  const view = new DataView(bytes.buffer);
  const second = view.getUint32(bytes.length - 22 + 16, true) + 46 + 1;
  for (const offset of [20, 24]) view.setUint32(second + offset, 500, true);
  view.setUint32(second + 42, 0, true);
  await assert.rejects(readAll(new Blob([bytes])), /larger in its table/);
  const twice = await bytesOf(await writeZip({ a: blob, b: blob }));
  twice[new DataView(twice.buffer).getUint32(twice.length - 22 + 16, true) + 46 + 1 + 46] = "a".charCodeAt(0);
  await assert.rejects(readAll(new Blob([twice])), /two files called "a"/);
});

test("random bytes are never taken for a ZIP", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const bytes = await bytesOf(await writeZip(FILES));
    // A few bytes at the end, where the tables are, come out otherwise.
    let state = seed * 2654435761;
    for (let i = 0; i < 4; i++) {
      state = (state * 1664525 + 1013904223) >>> 0;
      bytes[bytes.length - 1 - (state % 250)] = state >>> 24;
    }
    try {
      const files = await readAll(new Blob([bytes]));
      assert.ok(files.every((file) => file.size <= 100_000));
    } catch (error) {
      assert.ok(error instanceof Error && error.message.length > 20 && !(error instanceof RangeError), `${seed}: ${error}`);
    }
  }
});
