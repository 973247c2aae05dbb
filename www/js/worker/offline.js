// The service worker: keeps the page's files, so that it opens, writes and trains without a connection. By hand rather than
// with a library: names with hashes leave nothing to decide but which files there are, which the build writes in.

import { knowsRelaxedSimd } from "./wasm-features.js";

/**
 * The built page's files; the build puts them in the place of `FILES`.
 * @type {{version: string, all: string[], relaxed: string[], plain: string[]}}
 *   `all`: whatever is kept from the first visit on, but for the engine, of which a browser uses one of two builds.
 */
// @ts-expect-error: no such thing where the page is not built
const files = FILES;

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const CACHE = `wavefield-${files.version}`;
/** Milliseconds after which a page that does not come is the kept one. */
const PATIENCE_MS = 5000;

const PAGE = new URL("./", worker.location.href).href;
const ASSETS = new URL("./assets/", worker.location.href).href;

worker.oninstall = (event) => event.waitUntil(keepAll());
// This one begins when no page of an older version is open any more.
worker.onactivate = (event) => event.waitUntil(forgetOthers());
// A message that a training is over leads to the page that says so.
worker.onnotificationclick = (event) => {
  event.notification.close();
  event.waitUntil(worker.clients.matchAll({ type: "window" }).then(([page]) => page?.focus()));
};
worker.onfetch = (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate" && request.url.startsWith(PAGE)) event.respondWith(newest(request));
  // Whoever asks for a file anew looks for what is wrong with it.
  else if (request.url.startsWith(ASSETS) && !["no-cache", "no-store", "reload"].includes(request.cache)) event.respondWith(kept(request));
};

async function keepAll() {
  const cache = await caches.open(CACHE);
  const names = [...files.all, ...(knowsRelaxedSimd() ? files.relaxed : files.plain)];
  await Promise.all(names.map(async (name) => {
    // What an older version has under the same name is the same.
    const known = await caches.match(ASSETS + name);
    if (known) await cache.put(ASSETS + name, known);
    else await cache.add(ASSETS + name);
  }));
  await cache.add(new Request(PAGE, { cache: "no-cache" }));
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("wavefield-") && name !== CACHE).map((name) => caches.delete(name)));
}

/** The page as the server has it; where it does not answer, as it was kept. @param {Request} request */
async function newest(request) {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    const found = (await caches.match(request)) ?? (await caches.match(PAGE));
    if (found) return found;
    throw error;
  }
}

/** A file that never changes under its name. @param {Request} request */
async function kept(request) {
  const found = await caches.match(request.url);
  if (found) return found;
  const response = await fetch(request);
  if (response.ok && !/^text\/html/i.test(response.headers.get("Content-Type") ?? "")) {
    const cache = await caches.open(CACHE);
    await cache.put(request.url, response.clone());
  }
  return response;
}
