// A model from an address: what it is called, and which hosts the page may ask.

import assert from "node:assert/strict";
import { test } from "node:test";
import { addressIn, nameFrom, permittedIn } from "../../www/js/model/remote.js";

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

test("an address is one of the web, or begins where the page lies; a word alone is none", () => {
  Object.assign(globalThis, { location: new URL("https://example.org/playground/#train") });
  for (const [text, address] of [
    ["/models/m.safetensors", "https://example.org/models/m.safetensors"], ["./m", "https://example.org/playground/m"], ["../m", "https://example.org/m"],
    [" HTTPS://models.example/m#part ", "https://models.example/m"], ["//models.example/m", "https://models.example/m"],
    ["models.example/m", null], ["https://", null], ["ftp://models.example/m", null], ["javascript:alert(1)", null], ["", null], ["/", null],
  ]) assert.equal(addressIn(String(text))?.href ?? null, address, String(text));
});
