// What the engine is made of: bytes of code by crate, and within the project's own by module, before wasm-opt takes
// its part. The names are those in the file that cargo leaves; what pkg/ holds has none. Build the engine first.
//
//     node tests/size.mjs [target/wasm32-unknown-unknown/release/wavefield.wasm]

import { readFileSync } from "node:fs";

const file = process.argv[2] ?? new URL("../target/wasm32-unknown-unknown/release/wavefield.wasm", import.meta.url);
const bytes = readFileSync(file);
let at = 8;

/** The next whole number, in WebAssembly's LEB128. */
function number() {
  for (let value = 0, shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return value;
  }
}

/** The next text. */
function text() {
  const length = number();
  return bytes.toString("utf8", at, (at += length));
}

/** The limits of an imported table or memory. */
function skipLimits() {
  const kind = bytes[at++];
  number();
  if (kind & 1) number();
}

/** How many functions are imported: they have the first numbers. */
function importedFunctions() {
  let functions = 0;
  for (let left = number(); left > 0; left--) {
    text();
    text();
    const kind = bytes[at++];
    if (kind === 0) { functions++; number(); }
    else if (kind === 1) { at++; skipLimits(); }
    else if (kind === 2) skipLimits();
    else at += 2;
  }
  return functions;
}

let imported = 0;
let data = 0;
/** @type {number[]} */
const sizes = [];
/** @type {Map<number, string>} */
const names = new Map();
while (at < bytes.length) {
  const section = bytes[at++];
  const end = number() + at;
  if (section === 2) imported = importedFunctions();
  if (section === 11) data = end - at;
  if (section === 10) {
    for (let left = number(); left > 0; left--) {
      const size = number();
      sizes.push(size);
      at += size;
    }
  }
  if (section === 0 && text() === "name") {
    while (at < end) {
      const kind = bytes[at++];
      const part = number() + at;
      if (kind === 1) for (let left = number(); left > 0; left--) names.set(number(), text());
      at = part;
    }
  }
  at = end;
}
if (names.size === 0) throw new Error(`${file} has no names: expected the file that cargo leaves, before wasm-bindgen`);

/** Where a function belongs: the first path in its name. @param {string} name */
function place(name) {
  // `_ZN4core3fmt…E`: every part after its length; in a part, `..` for `::` and `$LT$` for `<`.
  const parts = [];
  for (let from = 3; /\d/.test(name[from] ?? ""); ) {
    const length = parseInt(name.slice(from));
    from += String(length).length;
    parts.push(name.slice(from, (from += length)));
  }
  const path = parts.join("::").replaceAll("..", "::").replace(/\$\w+\$|^_/g, " ").replace(/^[\s_]*(mut |dyn )?\s*/, "");
  const [crate, module] = (/^[\w:]+/.exec(path)?.[0] ?? "the rest: the standard library as it comes, and what wasm-bindgen takes out").split("::");
  return crate === "wavefield" ? `${crate}::${module}` : crate;
}

/** @type {Map<string, number>} */
const places = new Map();
let code = 0;
for (const [index, size] of sizes.entries()) {
  const where = place(names.get(imported + index) ?? "");
  places.set(where, (places.get(where) ?? 0) + size);
  code += size;
}
console.log(`${code} bytes of code in ${sizes.length} functions, ${data} of data`);
for (const [where, size] of [...places].sort((a, b) => b[1] - a[1]).slice(0, 30)) console.log(`${String(size).padStart(8)}  ${where}`);
