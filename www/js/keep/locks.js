// One tab at a time: by the browser's locks, and where it has none (a page over http) by records that tabs share.

import { Leases } from "./leases.js";
import { storage } from "./storage.js";

const CHANNEL = "wave-field-leases";
/** Milliseconds that the browser may take to list its locks. */
const LIST_MS = 2000;

/** @typedef {() => void} Release */

/** Outside a page there are no other tabs. */
const alone = typeof document === "undefined";
/** @returns {LockManager | undefined} */
const browserLocks = () => globalThis.navigator?.locks;

/** @type {Leases | null} */
let shared = null;
function leases() {
  if (shared) return shared;
  shared = new Leases(storage, typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL));
  const look = () => shared?.check();
  addEventListener("pagehide", () => shared?.releaseAll());
  // A page that was left, or frozen in the background, comes back with what it held: it may be another tab's by now.
  addEventListener("pageshow", ({ persisted }) => persisted && look());
  document.addEventListener("resume", look);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
  return shared;
}

/** A frame without an origin has locks that refuse. @param {unknown} error */
const unusable = (error) => error instanceof DOMException && ["SecurityError", "InvalidStateError", "NotSupportedError"].includes(error.name);

/**
 * Takes a thing for this tab; waits while another one holds it.
 * @param {string} name @param {AbortSignal | null} patience  ends the waiting; null: it is free, or it is not
 * @param {() => void} [onLost]  another tab took it all the same, while this one was frozen
 * @returns {Promise<Release | null>} lets go again; null when another tab holds it
 */
export async function hold(name, patience, onLost) {
  const locks = browserLocks();
  const byRecord = () => (alone ? () => {} : leases().hold(name, patience ?? AbortSignal.abort(), onLost));
  if (!locks) return byRecord();
  try {
    return await new Promise((resolve, reject) => {
      const held = (/** @type {Lock | null} */ lock) =>
        (lock ? new Promise((/** @type {(_: void) => void} */ release) => resolve(() => release())) : resolve(null));
      locks.request(name, patience ? { signal: patience } : { ifAvailable: true }, held).catch(reject);
    });
  } catch (error) {
    return unusable(error) ? byRecord() : null;
  }
}

/**
 * Does something with a thing that no tab holds; leaves it be where one does.
 * @param {string} name @param {() => Promise<void>} task
 */
export async function ifFree(name, task) {
  const release = await hold(name, null);
  if (!release) return;
  try {
    await task();
  } finally {
    release();
  }
}

/** What tabs hold, this one or another. @param {string} prefix @returns {Promise<string[]>} the names that start so */
export async function heldNames(prefix) {
  const locks = browserLocks();
  if (!locks) return alone ? [] : leases().held(prefix);
  try {
    const none = new Promise((/** @type {(none: LockManagerSnapshot) => void} */ resolve) => setTimeout(resolve, LIST_MS, {}));
    const { held = [] } = await Promise.race([locks.query(), none]);
    return held.flatMap(({ name }) => (name?.startsWith(prefix) ? [name] : []));
  } catch (error) {
    if (unusable(error)) return leases().held(prefix);
    throw error;
  }
}
