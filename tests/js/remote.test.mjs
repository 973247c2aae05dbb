// A model from an address: what it is called, and which hosts the page may ask.

import assert from "node:assert/strict";
import { test } from "node:test";
import { nameFrom, permittedIn } from "../../www/js/model/remote.js";

test("a model is called after its file, or after the folder where the file's name says nothing", () => {
  for (const [address, name] of [
    ["https://example.org/models/small-waves.safetensors", "small-waves"],
    ["https://example.org/models/shakespeare/model.safetensors", "shakespeare"],
    ["https://hub.example/somebody/waves/resolve/main/model.safetensors?download=true", "waves"],
    ["https://example.org/b%C3%BCcher.SafeTensors", "bücher"],
    ["https://example.org/model.safetensors", "example.org"],
    ["https://example.org/", "example.org"],
    ["https://example.org/%E0%A4%A.safetensors", "%E0%A4%A"],
    [`https://example.org/${"x".repeat(300)}`, "x".repeat(60)],
  ]) assert.equal(nameFrom(new URL(address)), name);
});

test("the hosts that may be asked are those of the page's policy", () => {
  assert.deepEqual(permittedIn("default-src 'none'; connect-src 'self' https://models.example http://localhost:8000; worker-src 'self'"), ["https://models.example", "http://localhost:8000"]);
  assert.deepEqual(permittedIn("connect-src 'self'"), []);
  assert.deepEqual(permittedIn(""), []);
});
