// Browsers that test files share, one after the other: starting one costs a second, and a file needs none of its own.
// Each is one file's alone while that runs.

import { createServer, request } from "node:http";
import { launchChromium, playwright, serveChromium } from "./chromium.mjs";

/** Where a test file's process finds the pool. */
const ADDRESS = "WAVEFIELD_BROWSERS";

/** @typedef {{server: import("playwright-core").BrowserServer, flags: string, lent: boolean}} Lent */

/** Lends browsers until it is closed; `env` is what the processes that borrow need. */
export async function openPool() {
  /** @type {Lent[]} */
  const browsers = [];
  /** @param {string} flags */
  async function lend(flags) {
    const free = browsers.find((browser) => !browser.lent && browser.flags === flags);
    if (free) return Object.assign(free, { lent: true });
    const server = await serveChromium(flags ? flags.split(" ") : []);
    const made = { server, flags, lent: true };
    browsers.push(made);
    // One that broke down is not lent again.
    server.on("close", () => browsers.splice(browsers.indexOf(made), 1));
    return made;
  }
  const door = createServer(async (asking, answer) => {
    try {
      const browser = await lend(new URL(asking.url ?? "/", "http://localhost").searchParams.get("flags") ?? "");
      answer.on("close", () => (browser.lent = false));
      // The answer stays open: it ends with the process that borrows.
      answer.write(`${browser.server.wsEndpoint()}\n`);
    } catch (error) {
      answer.writeHead(500).end(String(error));
    }
  });
  await new Promise((resolve) => door.listen(0, "127.0.0.1", () => resolve(null)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (door.address());
  return {
    env: { [ADDRESS]: `http://127.0.0.1:${port}/` },
    close: async () => {
      door.closeAllConnections();
      door.close();
      await Promise.all([...browsers].map(({ server }) => server.close()));
    },
  };
}

/** A browser of the pool where there is one, and otherwise its own. @param {string[]} flags */
export async function borrowBrowser(flags) {
  const pool = process.env[ADDRESS];
  if (!pool) return { browser: await launchChromium(flags), giveBack: () => {} };
  const { endpoint, giveBack } = await new Promise((/** @type {(lent: {endpoint: string, giveBack: () => void}) => void} */ resolve, reject) => {
    const asking = request(`${pool}?flags=${encodeURIComponent(flags.join(" "))}`, { agent: false }, (answer) => {
      answer.setEncoding("utf8").once("data", (/** @type {string} */ text) => {
        if (answer.statusCode === 200) resolve({ endpoint: text.trim(), giveBack: () => asking.destroy() });
        else reject(new Error(text));
      });
      answer.on("error", () => {});
    });
    asking.on("error", reject).end();
  });
  return { browser: await (await playwright()).connect(endpoint), giveBack };
}
