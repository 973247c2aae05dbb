// What the build writes into the page's head: what the page may do, and where it is.

import { createHash } from "node:crypto";

/**
 * What the page may do, by directive of its Content-Security-Policy: load its own files, and nothing else. The engine is in
 * workers, which the browsers of the tests do not hold to it; one that does lets them have WebAssembly.
 */
const POLICY = {
  "default-src": ["'none'"],
  "script-src": ["'self'", "'wasm-unsafe-eval'"],
  "style-src": ["'self'"],
  "img-src": ["'self'"],
  "connect-src": ["'self'"],
  "worker-src": ["'self'"],
  "manifest-src": ["'self'"],
  "base-uri": ["'none'"],
  "form-action": ["'none'"],
};
/** Scripts and styles that stand in the page itself, but for what is only data. */
const INLINE = /<(script|style)((?![^>]*(?: src=| type="application\/json"))[^>]*)>([^]*?)<\/\1>/g;
const CHARSET = /<meta charset="utf-8">/;

/**
 * The hosts that a visitor may open models from besides the page's own, for its policy.
 * @param {string} [listed]  origins with spaces between them
 */
function originsIn(listed = "") {
  const origins = listed.split(/\s+/).filter(Boolean);
  for (const origin of origins) {
    if (!URL.canParse(origin) || !/^https?:$/.test(new URL(origin).protocol) || new URL(origin).origin !== origin) {
      throw new Error(`MODEL_ORIGINS lists hosts such as https://models.example, with spaces between them and nothing after their names, and has "${origin}".`);
    }
  }
  return origins;
}

/** The page with its policy, which names what stands in it by a hash. @param {string} page @param {string} [modelOrigins] */
export function withPolicy(page, modelOrigins) {
  const policy = structuredClone(POLICY);
  policy["connect-src"].push(...originsIn(modelOrigins));
  for (const [, tag, attributes, content] of page.matchAll(INLINE)) {
    // Development's own script is changed while it is served, and so is its nonce.
    const nonce = /nonce="([^"]+)"/.exec(attributes)?.[1];
    policy[tag === "script" ? "script-src" : "style-src"].push(nonce ? `'nonce-${nonce}'` : `'sha256-${createHash("sha256").update(content).digest("base64")}'`);
  }
  const content = Object.entries(policy).map(([directive, sources]) => [directive, ...sources].join(" ")).join("; ");
  if (!CHARSET.test(page)) throw new Error('The page has no <meta charset="utf-8">, after which its policy stands.');
  return page.replace(CHARSET, (charset) => `${charset}\n  <meta http-equiv="Content-Security-Policy" content="${content}">`);
}

/**
 * The page with its own address in it, which those who show a link to it need: they take no relative one.
 * @param {string} page @param {string} [address]
 */
export function withAddress(page, address) {
  if (!address) return page;
  const base = URL.canParse(address) ? new URL(address) : null;
  if (!base || !/^https?:$/.test(base.protocol) || base.search || base.hash) {
    throw new Error(`PUBLIC_URL is to be the page's whole address, such as https://example.org/playground/, and is "${address}". Set it so, or leave it out.`);
  }
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  page = page.replace(/(<meta property="og:image" content=")([^"]+)"/, (_, start, picture) => `${start}${new URL(picture, base)}"`);
  return page.replace("</head>", () => `  <meta property="og:url" content="${base}">\n  <link rel="canonical" href="${base}">\n</head>`);
}
