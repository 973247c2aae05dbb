// What the browser does not keep can be taken along as a file.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readZip } from "../../www/js/files/zip.js";
import { Storage } from "../../www/js/keep/storage.js";
import { unkeptFile } from "../../www/js/runs/unkept.js";
import { FakeDisk, installKeyRange } from "./fake-disk.mjs";

installKeyRange();

test("nothing is offered where all is kept, or where there is nothing of a person's own", async () => {
  const kept = new Storage(new FakeDisk().factory);
  await kept.set("train-own-text", { name: "a.txt", text: "abc" });
  assert.equal(await unkeptFile(kept), null);
  const memory = new Storage(null);
  await memory.set("state", { prompt: "" });
  assert.equal(await unkeptFile(memory), null);
});

test("one text comes as a text; several things come together, with the settings", async () => {
  const storage = new Storage(null);
  await storage.set("train-own-text", { name: "a.txt", text: new Blob(["abc"]) });
  const alone = await unkeptFile(storage);
  assert.deepEqual([alone?.name, await alone?.bytes.text()], ["your-own-text.txt", "abc"]);
  await storage.setAll({ model: { name: "Mine", bytes: new Uint8Array([1, 2]).buffer }, state: { prompt: "x" }, "lease/y": {} });
  const all = await unkeptFile(storage);
  assert.equal(all?.name, "wave-field-not-kept.zip");
  const { names, file } = await readZip(/** @type {Blob} */ (all?.bytes));
  assert.deepEqual(names, ["your-own-text.txt", "mine.safetensors", "settings.json"]);
  assert.deepEqual(JSON.parse(await (await file("settings.json")).text()), { state: { prompt: "x" } });
});
