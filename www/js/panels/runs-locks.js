// A training is held by one tab at a time, so that two tabs never write to the same one.

/** Known to older versions of the page too, which may be open in another tab. */
const LOCK = "wave-field-train-run/";

/**
 * @param {string} id  of a training @param {AbortSignal} patience  ends the waiting
 * @returns {Promise<(() => void) | null>} lets go again; null when another tab holds it
 */
export function hold(id, patience) {
  if (!globalThis.navigator?.locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    const held = () => new Promise((/** @type {(_: void) => void} */ release) => resolve(() => release()));
    navigator.locks.request(LOCK + id, { signal: patience }, held).catch(() => resolve(null));
  });
}

/**
 * Does something with a training that no tab holds; leaves it be where one does.
 * @param {string} id @param {() => Promise<void>} task
 */
export async function ifFree(id, task) {
  if (!globalThis.navigator?.locks) return task();
  await navigator.locks.request(LOCK + id, { ifAvailable: true }, (lock) => (lock ? task() : undefined));
}

/** The trainings that a tab holds, this one or another. @returns {Promise<Set<string>>} */
export async function heldTrainings() {
  const { held = [] } = (await globalThis.navigator?.locks?.query()) ?? {};
  return new Set(held.flatMap(({ name }) => (name?.startsWith(LOCK) ? [name.slice(LOCK.length)] : [])));
}
