// A static file server such as any web host: no special headers, and the page in a sub-folder, so that
// an absolute URL or a need for cross-origin isolation shows at once. Beside it lie its sources, module by module, for tests
// of a module alone and for looking at what a page keeps; nothing in the page may ask for them.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { sourceOf, WWW } from "../../www/bundle.mjs";

/** Where the sources are served. */
const SOURCES = "/sources/";
export const DIST = fileURLToPath(new URL("../../dist", import.meta.url));

/** @type {Record<string, string>} */
export const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".md": "text/plain; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/**
 * The file that a URL names, or null if there is none.
 * @param {string} folder @param {string} prefix @param {string} url
 */
async function fileFor(folder, prefix, url) {
  const path = decodeURIComponent(new URL(url, "http://localhost").pathname);
  const root = [prefix, SOURCES].find((start) => path.startsWith(start));
  if (!root) return null;
  // normalize() of an absolute path cannot climb out of it.
  const inside = normalize(`/${path.slice(root.length)}`);
  const file = root === SOURCES ? sourceOf(join(WWW, inside)) : join(folder, inside.endsWith("/") ? `${inside}index.html` : inside);
  const info = await stat(file).catch(() => null);
  return info?.isFile() ? { file, size: info.size } : null;
}

/**
 * Serves `folder` on a free port.
 * @param {{folder?: string, prefix?: string, port?: number}} [options]
 */
export async function serve({ folder = DIST, prefix = "/playground/", port = 0 } = {}) {
  const server = createServer(async (request, response) => {
    const found = await fileFor(folder, prefix, request.url ?? "/").catch(() => null);
    if (!found) {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("not found\n");
      return;
    }
    response.writeHead(200, {
      "Content-Type": TYPES[extname(found.file)] ?? "application/octet-stream",
      "Content-Length": found.size,
    });
    if (request.method === "HEAD") response.end();
    else createReadStream(found.file).pipe(response);
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(null)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}${prefix}`,
    /** Where an empty page has the page's modules beside it. */
    sources: `http://127.0.0.1:${address.port}${SOURCES}`,
    /** Also drops connections that the browser keeps open. */
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
