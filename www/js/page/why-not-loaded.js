// Why a script did not load. A browser says only that it did not; so the script is fetched again, with all that it asks
// for, until the file is found that is wrong. No DOM: the page and its workers use it.

/** Milliseconds that one file may take. */
const PATIENCE_MS = 20_000;
/** Types that browsers run as a module. */
const SCRIPT = /^(text|application)\/(x-)?(java|ecma|j)script/i;
/** What a module asks for: others that it imports, and WebAssembly. */
const ASKED = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']|new URL\(["']([^"']+\.wasm)["']/g;
/** "\0asm". */
const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/** @param {string} url */
const nameOf = (url) => new URL(url).pathname.split("/").pop() || url;

/**
 * @param {string | URL} script  a module's address
 * @returns {Promise<string | null>} a sentence for the person: what is wrong and what helps; null where nothing is found
 */
export async function whyNotLoaded(script) {
  const asked = new Set([String(script)]);
  for (const url of asked) {
    const found = await look(url);
    if (typeof found === "string") return found;
    for (const next of found.asks) asked.add(next);
  }
  return null;
}

/**
 * A part of the page's scripts that comes later.
 * @template Module
 * @param {Promise<Module>} importing @param {string} by  the module that asks for it @returns {Promise<Module>}
 * @throws {Error} with a sentence for the person: why it could not be loaded, and what helps
 */
export const orWhy = (importing, by) => importing.catch(async (error) => {
  throw new Error((await whyNotLoaded(by)) ?? (error instanceof Error ? error.message : String(error)));
});

/** @param {string} url @returns {Promise<string | {asks: string[]}>} what is wrong with it, or what it asks for */
async function look(url) {
  const name = nameOf(url);
  let response, bytes;
  try {
    response = await fetch(url, { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE_MS) });
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") return `"${name}" has not come in ${PATIENCE_MS / 1000} seconds. The connection is too slow or broken: reload the page when it is better.`;
    return `"${name}" could not be fetched: there is no connection to the page's server, or something in between (a blocker, a firewall) does not let it through. Reload the page when it does.`;
  }
  const type = response.headers.get("Content-Type") ?? "";
  return wrongAnswer(response, name) ?? (name.endsWith(".wasm") ? wrongWasm(response, bytes, name) : wrongScript(bytes, type, name)) ?? { asks: name.endsWith(".wasm") ? [] : asksOf(bytes, url) };
}

/** @param {Response} response @param {string} name */
function wrongAnswer({ ok, status, redirected, url, headers }, name) {
  if (!ok) return `"${name}" is missing: the server answered ${status}. If you put the page there, copy all of its files; otherwise reload the page after a while.`;
  const elsewhere = redirected && new URL(url).origin !== globalThis.location?.origin;
  if (elsewhere || /^text\/html/i.test(headers.get("Content-Type") ?? "")) {
    return `In the place of "${name}" came a web page, such as one to sign in to this network. Open any other page, sign in if you are asked to, and then reload this one.`;
  }
  return null;
}

/** @param {Uint8Array} bytes @param {string} type @param {string} name */
function wrongScript(bytes, type, name) {
  if (!SCRIPT.test(type)) return `The server sends "${name}" as "${type || "a file of no type"}", which browsers refuse to run. It must be sent as "text/javascript": that is set at the server.`;
  return bytes.length === 0 ? `"${name}" came empty. Reload the page; if you put it there, copy its files again.` : null;
}

/** @param {Response} response @param {Uint8Array<ArrayBuffer>} bytes @param {string} name */
function wrongWasm({ headers }, bytes, name) {
  const length = Number(headers.get("Content-Length"));
  const packed = headers.has("Content-Encoding");
  if (MAGIC.some((byte, i) => bytes[i] !== byte) || (!packed && length > bytes.length) || !WebAssembly.validate(bytes)) {
    return `"${name}" came damaged or cut short (${bytes.length.toLocaleString("en-GB")} bytes). Reload the page; if you put it there, copy its files again.`;
  }
  return null;
}

/** @param {Uint8Array} bytes @param {string} url */
const asksOf = (bytes, url) => [...new TextDecoder().decode(bytes).matchAll(ASKED)].map(([, script, wasm]) => new URL(script ?? wasm, url).href);
