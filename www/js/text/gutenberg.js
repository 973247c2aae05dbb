// Books of Project Gutenberg stand between two marks; before and after them are notes and a licence of three thousand
// words, which a model would learn, too. No DOM.

const START = /\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK[^*]{0,400}\*\*\*[^\S\n]*\n?/gi;
const END = /\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK/i;

/**
 * The books alone, one or several after each other; null where there is no such mark.
 * @param {string} text @returns {string | null}
 */
export function booksIn(text) {
  const starts = [...text.matchAll(START)];
  if (starts.length === 0) return null;
  const books = starts.map(({ index, 0: mark }, i) => {
    const rest = text.slice(index + mark.length, starts[i + 1]?.index);
    const end = END.exec(rest);
    return (end ? rest.slice(0, end.index) : rest).trim();
  });
  return `${books.join("\n\n")}\n`;
}

/** Whether it is worth a look. @param {readonly string[]} pieces */
export const maybeBooks = (pieces) => pieces.some((piece) => /PROJECT GUTENBERG EBOOK/i.test(piece));
