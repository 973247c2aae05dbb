// Finds a Chromium or Chrome and starts it without a window. Run by itself, it prints which one.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The first is Chromium without its window, which opens a page in half the time. */
const NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MAC_APPS = ["Google Chrome", "Chromium"].map((app) => `/Applications/${app}.app/Contents/MacOS/${app}`);

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export async function playwright() {
  // Playwright reads this when it is imported. `make test` puts a browser there if there is no other.
  process.env.PLAYWRIGHT_BROWSERS_PATH ??= join(ROOT, ".tools", "browsers");
  return (await import("playwright-core")).chromium;
}

/** The browser to test with: $CHROMIUM, or the first that is installed. */
export async function findChromium() {
  const chosen = process.env.CHROMIUM;
  if (chosen) {
    if (isProgram(chosen)) return chosen;
    throw new Error(`CHROMIUM is ${chosen}, which is not a program. Set it to a Chromium's or Chrome's path.`);
  }
  const folders = (process.env.PATH ?? "").split(delimiter);
  const candidates = [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...MAC_APPS];
  const found = candidates.find(isProgram);
  if (found) return found;
  const downloaded = (await playwright()).executablePath();
  if (isProgram(downloaded)) return downloaded;
  throw new Error("No Chromium or Chrome was found. Install one, or set CHROMIUM to its path.");
}

/**
 * Flags for WebGPU where there is no graphics card. A shader's shared memory is zeroed by a loop: SwiftShader compiles the
 * other way, one store for each number, for six times as long as all the rest.
 */
export const SWIFTSHADER = [
  "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader",
  "--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension",
];

/** Flags for what wants no graphics card: imitating one to draw the page takes a sixth of a test's time. */
export const PLAIN = ["--disable-gpu"];

/** What Playwright starts a browser with. @param {string[]} flags More of the browser's own flags. */
async function launchOptions(flags) {
  const args = ["--disable-dev-shm-usage", ...flags];
  // Chromium's sandbox refuses to run as root.
  if (process.getuid?.() === 0) args.push("--no-sandbox");
  return { executablePath: await findChromium(), args };
}

/** @param {string[]} [flags] */
export const launchChromium = async (flags = []) => (await playwright()).launch(await launchOptions(flags));

/** The same for other processes to connect to. @param {string[]} [flags] */
export const serveChromium = async (flags = []) => (await playwright()).launchServer(await launchOptions(flags));

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await findChromium());
