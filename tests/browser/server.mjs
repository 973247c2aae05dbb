// A static file server such as any web host: no special headers, and the page in a sub-folder, so that
// an absolute URL or a need for cross-origin isolation shows at once.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../../dist", import.meta.url));

/** @type {Record<string, string>} */
const TYPES = {
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
  ".woff2": "font/woff2",
};

/**
 * The file that a URL names, or null if there is none.
 * @param {string} folder @param {string} prefix @param {string} url
 */
async function fileFor(folder, prefix, url) {
  const path = decodeURIComponent(new URL(url, "http://localhost").pathname);
  if (!path.startsWith(prefix)) return null;
  // normalize() of an absolute path cannot climb out of it.
  const inside = normalize(`/${path.slice(prefix.length)}`);
  const file = join(folder, inside.endsWith("/") ? `${inside}index.html` : inside);
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
    /** Also drops connections that the browser keeps open. */
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
