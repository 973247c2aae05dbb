// The page in WebKitGTK: an ordinary session of MiniBrowser, which nothing can drive, so the page drives itself; and a
// private one, which is what WebDriver opens.
//
//     node --test tests/browser/webkit.mjs

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Builder, Capabilities } from "selenium-webdriver";
import { checkFirst, checkSecond, chromiumsText } from "./smoke/checks.mjs";
import { serveSmoke } from "./smoke/server.mjs";

const DRIVER = "/usr/bin/WebKitWebDriver";
const XVFB = "/usr/bin/Xvfb";

/** WebKitGTK's own small browser, wherever the system keeps it. */
function findMiniBrowser() {
  for (const folder of ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/libexec", "/usr/lib"]) {
    if (!existsSync(folder)) continue;
    for (const kind of readdirSync(folder).filter((name) => name.startsWith("webkit"))) {
      const program = join(folder, kind, "MiniBrowser");
      if (existsSync(program)) return program;
    }
  }
}

const browser = findMiniBrowser();
const missing = [[DRIVER, "webkit2gtk-driver"], [XVFB, "xvfb"], [browser ?? "", "webkit2gtk-driver"]].find(([path]) => !existsSync(path));
const skip = missing ? `no WebKitGTK to drive is installed here (on Debian: apt-get install ${missing[1]})` : false;

/** Starts a program that ends with the tests. @param {string} program @param {string[]} args @param {NodeJS.ProcessEnv} env @param {import("node:child_process").StdioOptions} [stdio] */
function start(program, args, env, stdio = "ignore") {
  const child = spawn(program, args, { env, stdio });
  process.once("exit", () => child.kill("SIGKILL"));
  return child;
}

/** @returns {Promise<number>} */
const freePort = () => new Promise((resolve) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = /** @type {import("node:net").AddressInfo} */ (probe.address());
    probe.close(() => resolve(port));
  });
});

/** A screen to draw on; Xvfb says which number it took. @returns {Promise<NodeJS.ProcessEnv>} */
async function openScreen() {
  const screen = start(XVFB, ["-displayfd", "3", "-screen", "0", "1440x900x24", "-nolisten", "tcp"], process.env, ["ignore", "ignore", "ignore", "pipe"]);
  stops.push(() => screen.kill());
  const number = await new Promise((resolve, reject) => {
    screen.once("exit", () => reject(new Error("Xvfb did not start")));
    screen.stdio[3]?.once("data", (data) => resolve(String(data).trim()));
  });
  // A language that is no valid tag, as minimal systems have it.
  return { ...process.env, DISPLAY: `:${number}`, LANG: "C", HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home, WEBKIT_DISABLE_COMPOSITING_MODE: "1", LIBGL_ALWAYS_SOFTWARE: "1" };
}

const home = mkdtempSync(join(tmpdir(), "webkit-"));
/** @type {(() => void)[]} */ const stops = [() => rmSync(home, { recursive: true, force: true })];
/** @type {Awaited<ReturnType<typeof serveSmoke>>} */ let server;
/** @type {NodeJS.ProcessEnv} */ let env;
/** @type {string} */ let text;
before(async () => {
  if (skip) return;
  server = await serveSmoke();
  [env, text] = await Promise.all([openScreen(), chromiumsText(server)]);
});
after(() => {
  server?.close();
  for (const stop of stops.reverse()) stop();
});

test("WebKitGTK writes, bends, trains, goes on exactly in a new process, exports and imports", { skip }, async () => {
  /** @param {"first" | "second"} part */
  const drive = async (part) => {
    const heard = server.hear(part);
    heard.catch(() => {}); // Told below.
    const window = start(/** @type {string} */ (browser), [server.url(part)], env);
    try {
      return await heard;
    } finally {
      const ended = new Promise((resolve) => window.once("exit", resolve));
      window.kill();
      await ended;
    }
  };
  const first = await drive("first");
  checkFirst(first, text);
  checkSecond(first, await drive("second"));
});

test("a private window of WebKitGTK writes, trains, keeps while it is open, and draws its curves", { skip }, async (t) => {
  const port = await freePort();
  const service = start(DRIVER, [`--port=${port}`], env);
  const capabilities = new Capabilities({ browserName: "MiniBrowser", "webkitgtk:browserOptions": { binary: browser, args: ["--automation"] } });
  const driver = await connected(() => new Builder().usingServer(`http://127.0.0.1:${port}`).withCapabilities(capabilities).build());
  t.after(async () => {
    await driver.quit();
    service.kill();
  });
  const drive = async (/** @type {"first" | "second"} */ part) => {
    const heard = server.hear(part);
    heard.catch(() => {}); // Told below.
    await driver.get(server.url(part));
    return heard;
  };
  const first = await drive("first");
  checkFirst(first, text);
  const second = await drive("second");
  checkSecond(first, second);
  assert.ok(second.curves.drawn > 0, "the charts' library draws where the language is no valid tag");
});

/** The driver's port opens a moment after it started. @template T @param {() => Promise<T>} connect @returns {Promise<T>} */
async function connected(connect) {
  for (let left = 100; ; left--) {
    try {
      return await connect();
    } catch (error) {
      if (left === 0 || !/ECONNREFUSED/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
