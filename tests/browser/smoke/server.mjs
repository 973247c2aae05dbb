// The page with the script that drives it, and an ear for what that script tells.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { serve } from "../server.mjs";
import { HANG_MS } from "../wait.mjs";

/** @typedef {{part: string, what: string, value: any}} Told */

const DRIVER = new URL("./drive.mjs", import.meta.url);
/** A short training, and a text that is written at once. */
const SETTINGS = "text=names&size=small&batch-size=4&context=16&dropout=0.1&evaluate-every=0&sample-every=0&prompt=ROMEO:&seed=7&length=40";
/** Steps on a graphics card that may be software. */
const STEPS = { card: 20, else: 500 };

export async function serveSmoke() {
  const page = await serve();
  /** @type {Told[]} */
  const told = [];
  /** @type {Set<(news: Told) => void>} */
  const listeners = new Set();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/smoke/report") {
      let body = "";
      for await (const piece of request) body += piece;
      response.writeHead(204).end();
      const news = JSON.parse(body);
      told.push(news);
      for (const listener of [...listeners]) listener(news);
    } else if (pathname === "/smoke/drive.mjs") {
      response.writeHead(200, { "Content-Type": "text/javascript" }).end(await readFile(DRIVER));
    } else {
      const answer = await fetch(new URL(pathname, page.url));
      let bytes = Buffer.from(await answer.arrayBuffer());
      if (pathname === "/playground/") bytes = Buffer.from(bytes.toString().replace("</head>", '<script type="module" src="../smoke/drive.mjs"></script></head>'));
      response.writeHead(answer.status, { "Content-Type": answer.headers.get("Content-Type") ?? "text/plain", "Content-Length": bytes.length }).end(bytes);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    /** @param {"text" | "first" | "second" | "card"} part @param {string} [host] */
    url: (part, host = "127.0.0.1") => `http://${host}:${port}/playground/?part=${part}#${SETTINGS}&steps=${part === "card" ? STEPS.card : STEPS.else}`,
    /**
     * All that is told of a part, by what it is of. @param {string} part @returns {Promise<Record<string, any>>}
     * @throws {Error} the part failed, or something went wrong in the page
     */
    hear: (part) => new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        listeners.delete(listen);
        const mine = told.splice(0).filter((news) => news.part === part);
        return Object.fromEntries(mine.map(({ what, value }) => [what, value]));
      };
      const timer = setTimeout(() => reject(new Error(`"${part}" is not over; so far: ${JSON.stringify(stop())}`)), HANG_MS);
      const listen = (/** @type {Told} */ { what, value }) => {
        if (what === "over") resolve(stop());
        else if (what === "failed" || what === "error") reject(new Error(`${value}\nso far: ${JSON.stringify(stop())}`));
      };
      listeners.add(listen);
    }),
    close: () => {
      server.closeAllConnections();
      server.close();
      page.close();
    },
  };
}
