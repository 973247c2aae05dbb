// Holding a training for one tab, so that two tabs never write to the same record.

/** How long a reloaded page waits for the page before it to let go. */
const PATIENCE_MS = 600;

/**
 * @param {string} name
 * @returns {Promise<(() => void) | null>} lets go again; null when another tab holds it
 */
export function claim(name) {
  if (!navigator.locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    const held = () => new Promise((/** @type {(_: void) => void} */ release) => resolve(() => release()));
    navigator.locks.request(name, { signal: AbortSignal.timeout(PATIENCE_MS) }, held).catch(() => resolve(null));
  });
}
