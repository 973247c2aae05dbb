// A file of the page on its way, counted as it comes.

/** Milliseconds between two counts. */
const TOLD_EVERY = 100;

/**
 * An answer's bytes, as they come.
 * @param {Response} response @param {(bytes: number) => void} tell  how many there are so far
 */
export async function arriving(response, tell) {
  const reader = response.body?.getReader();
  if (!reader) return response.arrayBuffer();
  const pieces = [];
  let length = 0;
  let told = performance.now();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const piece = /** @type {Uint8Array<ArrayBuffer>} */ (value);
    pieces.push(piece);
    length += piece.length;
    if (performance.now() - told < TOLD_EVERY) continue;
    told = performance.now();
    tell(length);
  }
  tell(length);
  return new Blob(pieces).arrayBuffer();
}
