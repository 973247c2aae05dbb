// Which head a person asked for elsewhere on the page, before the view is there to be told.

let wanted = -1;

/** @param {number} head */
export const wantHead = (head) => { wanted = head; };

/** It is asked for once. @returns {number} -1: none */
export function wantedHead() {
  const head = wanted;
  wanted = -1;
  return head;
}
