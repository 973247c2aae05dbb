// Puts the page's files together: Trunk runs it once the engine is built and index.html lies in its folder.
//
//     [PUBLIC_URL=https://example.org/playground/] [MODEL_ORIGINS="https://models.example"] node www/bundle.mjs FOLDER
//
// Everything that the page loads goes to FOLDER/assets under a name with a hash of its content, so that a host or a cache
// can never mix two versions; index.html alone keeps its name, and its addresses are set to those. Scripts name whatever
// else they need as `new URL("./a-file", import.meta.url)`: a worker is built on its own, any other file is taken as it is.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { withFirstView } from "./first-view.mjs";
import { withAddress, withPolicy } from "./head.mjs";
import { record } from "./record.mjs";

export const WWW = dirname(fileURLToPath(import.meta.url));
const PROJECT = dirname(WWW);
const ASSETS = "assets";
/** Where what lies beside the page's own folders in the built page comes from. @type {Record<string, string>} */
const ELSEWHERE = { pkg: join(PROJECT, "pkg"), models: join(PROJECT, "models"), "vendor/uplot": join(PROJECT, "node_modules/uplot/dist"), "vendor/svgcanvas": join(PROJECT, "node_modules/svgcanvas/dist"), "vendor/uqr": join(PROJECT, "node_modules/uqr/dist") };
const TARGET = ["es2022", "chrome111", "firefox115", "safari16.4"];
/** A file that a script names by its address. */
const ADDRESS = /new URL\(\s*(["'])(\.[^"'`]+|[\w-]+\.wasm)\1\s*,\s*import\.meta\.url\s*\)/g;
/** What index.html names. */
const NAMED = /(["'])\.\/((?:js|css|models|icons)\/[^"']+|manifest\.webmanifest|card\.png)\1/g;

/** A file of the page as it is in the project. @param {string} address  absolute, as if all lay in www/ */
export function sourceOf(address) {
  const inside = relative(WWW, address);
  const folder = Object.keys(ELSEWHERE).find((name) => inside.startsWith(`${name}/`));
  return folder ? join(ELSEWHERE[folder], inside.slice(folder.length + 1)) : address;
}

/** The same the other way round: where a file would lie if all lay in www/. @param {string} file */
function addressOf(file) {
  const found = Object.entries(ELSEWHERE).find(([, folder]) => file.startsWith(`${folder}/`));
  return found ? join(WWW, found[0], relative(found[1], file)) : file;
}

/**
 * Where a library sets a style as text, which the policy forbids, and how that is said so that it does not: by file.
 * @type {Record<string, [string, string]>}
 */
const RESTYLED = { "svgcanvas.esm.js": [`el.setAttribute("style", 'font:' + this.font)`, "el.style.font = this.font"] };

/** @param {string} source @param {string} name  of its file */
function restyled(source, name) {
  const [from, to] = RESTYLED[name] ?? ["", ""];
  if (!source.includes(from)) throw new Error(`${name} was to have "${from}", which www/bundle.mjs replaces, and has not: see how its version sets styles, and set RESTYLED accordingly.`);
  return source.replace(from, to);
}

export class Bundle {
  /** What was built, by its name in the assets. @type {Map<string, Uint8Array>} */ files = new Map();
  /** The name that each file got. @type {Map<string, Promise<string>>} */ #names = new Map();
  /** What the first view loads of each script. @type {Map<string, string[]>} */ #loads = new Map();

  /** @param {string} file  a script, a style sheet or anything else @returns {Promise<string>} its name in the assets */
  name(file) {
    const known = this.#names.get(file);
    if (known) return known;
    const name = /\.(js|css)$/.test(file) ? this.#build(file) : file.endsWith(".webmanifest") ? this.#manifest(file) : this.#take(file);
    this.#names.set(file, name);
    return name;
  }

  /** The chunks that a script cannot begin without. @param {string} name */
  loadsOf(name) {
    return this.#loads.get(name) ?? [];
  }

  /** The manifest of the installed page, whose addresses are seen from the assets. @param {string} file */
  async #manifest(file) {
    const manifest = JSON.parse(await readFile(file, "utf8"));
    for (const icon of manifest.icons) icon.src = `./${await this.name(resolve(dirname(file), icon.src))}`;
    for (const key of ["start_url", "scope"]) manifest[key] = relative(join(dirname(file), ASSETS), resolve(dirname(file), manifest[key])) + "/";
    return this.#take(file, Buffer.from(JSON.stringify(manifest)));
  }

  /** @param {string} file @param {Uint8Array} [bytes]  its content, where that is not as it lies there */
  async #take(file, bytes) {
    bytes ??= await readFile(file);
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8);
    const name = `${basename(file, extname(file))}-${hash}${extname(file)}`;
    this.files.set(name, bytes);
    return name;
  }

  /** @param {string} entry */
  async #build(entry) {
    const { outputFiles, metafile } = await esbuild.build({
      entryPoints: [entry],
      bundle: true,
      splitting: true,
      minify: true,
      format: "esm",
      target: TARGET,
      sourcemap: true,
      sourcesContent: true,
      metafile: true,
      write: false,
      outdir: ASSETS,
      absWorkingDir: PROJECT,
      entryNames: "[name]-[hash]",
      chunkNames: "[name]-[hash]",
      logLevel: "warning",
      plugins: [this.#plugin(entry)],
    });
    for (const { path, contents } of outputFiles) this.files.set(basename(path), contents);
    const outputs = Object.entries(metafile.outputs);
    const [path, { imports }] = /** @type {(typeof outputs)[number]} */ (outputs.find(([, { entryPoint }]) => entryPoint && join(PROJECT, entryPoint) === entry));
    this.#loads.set(basename(path), imports.filter(({ kind }) => kind === "import-statement").map((chunk) => basename(chunk.path)));
    return basename(path);
  }

  /** @param {string} entry @returns {esbuild.Plugin} */
  #plugin(entry) {
    /** What the entry loads later. @type {Set<string>} */
    const parts = new Set();
    return {
      name: "page",
      setup: (build) => {
        build.onResolve({ filter: /^\./ }, ({ path, importer, kind }) => {
          const file = sourceOf(resolve(dirname(addressOf(importer)), path));
          if (kind === "dynamic-import" && importer === entry) parts.add(file);
          return existsSync(file) ? { path: file } : undefined;
        });
        build.onLoad({ filter: /\.js$/ }, async ({ path }) => {
          const source = restyled(await readFile(path, "utf8"), basename(path));
          const names = await Promise.all([...source.matchAll(ADDRESS)].map(([, , address]) => this.name(sourceOf(resolve(dirname(addressOf(path)), address)))));
          const contents = source.replace(ADDRESS, () => `new URL("./${names.shift()}", import.meta.url)`);
          // As if a later part asked for all that came first: so that comes in one piece, and not in one for each set of parts
          // that share something.
          return { contents: parts.has(path) ? `${contents}\nimport ${JSON.stringify(entry)};` : contents, loader: "js" };
        });
      },
    };
  }
}

/**
 * The service worker, which has to lie beside index.html under a name that stays. It keeps all but the larger texts.
 * @param {string} page @param {string[]} names  of the assets
 */
async function serviceWorker(page, names) {
  const version = createHash("sha256").update(page).digest("hex").slice(0, 8);
  const [relaxed, plain] = [/^wavefield_relaxed/, /^wavefield(_bg)?-/].map((build) => names.filter((name) => build.test(name) && !name.endsWith(".map")));
  const all = names.filter((name) => /\.(js|css|safetensors|webmanifest)$|^(names|icon)-/.test(name) && !name.startsWith("wavefield"));
  const { outputFiles: [{ contents }] } = await esbuild.build({
    entryPoints: [join(WWW, "js/worker/offline.js")], bundle: true, minify: true, format: "iife", target: TARGET, write: false,
    define: { FILES: JSON.stringify({ version, all, relaxed, plain }) },
  });
  return contents;
}

/** @param {string} folder  with index.html in it */
async function bundle(folder) {
  const html = join(folder, "index.html");
  let page = await readFile(html, "utf8");
  const all = new Bundle();
  /** @type {Map<string, string>} */
  const names = new Map();
  for (const [, , address] of page.matchAll(NAMED)) names.set(address, await all.name(sourceOf(join(WWW, address))));
  page = page.replace(NAMED, (_, quote, address) => `${quote}./${ASSETS}/${names.get(address)}${quote}`);
  // What the first script cannot begin without is asked for together with it.
  const chunks = all.loadsOf(names.get("js/main.js") ?? "");
  page = page.replace("</head>", `${chunks.map((name) => `  <link rel="modulepreload" href="./${ASSETS}/${name}">\n`).join("")}</head>`);
  const first = JSON.stringify(await record(ELSEWHERE.pkg, join(ELSEWHERE.models, "shakespeare/model.safetensors"))).replaceAll("<", "\\u003c");
  page = page.replace("</body>", `<script type="application/json" id="recorded">${first}</script>\n</body>`);
  page = await withFirstView(page);
  page = withPolicy(withAddress(page, process.env.PUBLIC_URL), process.env.MODEL_ORIGINS);
  await mkdir(join(folder, ASSETS), { recursive: true });
  await writeFile(join(folder, "service-worker.js"), await serviceWorker(page, [...all.files.keys()]));
  await Promise.all([...all.files].map(([name, bytes]) => writeFile(join(folder, ASSETS, name), bytes)));
  await writeFile(html, page);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(resolve(process.argv[2] ?? process.env.TRUNK_STAGING_DIR ?? join(PROJECT, "dist")));
