// Waits that have an end, for what a browser may never answer.

/** A wait that had its end. */
export class TooLong extends Error {}

/**
 * @template T @param {Promise<T>} work @param {number} milliseconds
 * @param {(late: T) => void} [onLate] is given what comes after the end
 * @returns {Promise<T>}
 */
export function bounded(work, milliseconds, onLate = () => {}) {
  return new Promise((resolve, reject) => {
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      reject(new TooLong());
    }, milliseconds);
    work.then((value) => {
      clearTimeout(timer);
      if (over) onLate(value);
      else resolve(value);
    }, (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}
