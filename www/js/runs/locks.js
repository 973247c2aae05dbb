// A training is held by one tab at a time, so that two tabs never write to the same one.

import * as locks from "../keep/locks.js";

/** Known to older versions of the page too, which may be open in another tab. */
const LOCK = "wave-field-train-run/";

/**
 * @param {string} id  of a training @param {AbortSignal} patience  ends the waiting
 * @param {() => void} [onLost]  another tab took it all the same, while this one was frozen
 * @returns {Promise<(() => void) | null>} lets go again; null when another tab holds it
 */
export const hold = (id, patience, onLost) => locks.hold(LOCK + id, patience, onLost);

/**
 * Does something with a training that no tab holds; leaves it be where one does.
 * @param {string} id @param {() => Promise<void>} task
 */
export const ifFree = (id, task) => locks.ifFree(LOCK + id, task);

/** The trainings that a tab holds, this one or another. @returns {Promise<Set<string>>} */
export async function heldTrainings() {
  return new Set((await locks.heldNames(LOCK)).map((name) => name.slice(LOCK.length)));
}
