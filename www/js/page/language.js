// The browser's language, where it is none: some systems call it "c" or "en_US.UTF-8", which throws wherever a number is
// written in it. The chart library does so as soon as it is loaded.

/** How this page writes numbers and dates. */
export const PAGE = "en-GB";

/** @param {string} tag */
function isValid(tag) {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false; // A RangeError is the answer.
  }
}

/** Gives the browser a language that there is, if it has none. @param {{language: string}} [browser] */
export function ensureLanguage(browser = navigator) {
  if (!isValid(browser.language)) Object.defineProperty(browser, "language", { value: PAGE, configurable: true });
}
