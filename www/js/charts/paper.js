// What pictures that are saved have in common.

/** Breaks a text into lines of at most a width, in the context's font. @param {CanvasRenderingContext2D} context @param {string} text @param {number} width @returns {string[]} */
export function wrapped(context, text, width) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(" ")) {
    const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length && context.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} a PNG */
export const asPng = (canvas) => new Promise((resolve, reject) => canvas.toBlob(
  (blob) => (blob ? resolve(blob) : reject(new Error("The browser could not make the picture. Make the window smaller and try again."))), "image/png"));
