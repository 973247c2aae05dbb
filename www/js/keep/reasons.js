// Why the browser keeps nothing, in words for the person: what is so, and what helps.

/**
 * frame: the page stands in a frame without an origin. off: storage is switched off. newer: the database is a newer
 * page's. blocked: an older page holds it. silent: no answer. full: no room. damaged: the browser cannot read its own
 * files. unreadable: a file that was to be kept cannot be read. other: anything else.
 * @typedef {"frame" | "off" | "newer" | "blocked" | "silent" | "full" | "damaged" | "unreadable" | "other"} Trouble
 */

/** A wait that had its end. */
export class Silence extends Error {
  constructor() {
    super("The browser's storage did not answer.");
    this.name = "Silence";
  }
}

/** A database that another tab holds open in an older version. */
export class Blocked extends Error {
  constructor() {
    super("The database is held by an older version of the page.");
    this.name = "Blocked";
  }
}

/** There is no IndexedDB here at all. */
export class Missing extends Error {
  constructor() {
    super("There is no IndexedDB.");
    this.name = "Missing";
  }
}

const ONLY_NOW = "Work is kept only until this tab is closed: download what you want to keep.";

/** @type {Record<Trouble, string>} */
const WORDS = {
  frame: `This page stands in a frame of another page that does not let it store anything. Open it in a tab of its own. ${ONLY_NOW}`,
  off: `The browser does not let this page store anything (cookies and site data are blocked for it, or this is a private window). Allow them for this address and reload. ${ONLY_NOW}`,
  newer: `What is kept here was written by a newer version of this page, and this one leaves it as it is. Reload the page to have the newest version. ${ONLY_NOW}`,
  blocked: `Another tab has an older version of this page open, which holds what is kept here. Close it, then reload. ${ONLY_NOW}`,
  silent: `The browser's storage does not answer: another tab of this page may be holding it, or this is a private window. Close other tabs of this page. ${ONLY_NOW}`,
  full: "The browser has no room left for this page. New work is kept only until this tab is closed: download what you want to keep.",
  damaged: `The browser cannot read what it keeps for this page (its files are damaged, or the disk is full). Start the browser anew; if that does not help, clear this site's data, which deletes what is kept here. ${ONLY_NOW}`,
  unreadable: "A file that was to be kept here could not be read: it was moved, changed or deleted since it was chosen. Choose it again.",
  other: `The browser refused to store something. ${ONLY_NOW}`,
};

/** @param {Trouble} trouble */
export const reasonOf = (trouble) => WORDS[trouble];

/** What each kind of failure goes by. @type {Record<string, Trouble>} */
const BY_NAME = {
  Silence: "silent", Blocked: "blocked", Missing: "off",
  SecurityError: "off", NotAllowedError: "off",
  // Older private windows of Firefox refuse to make the database.
  InvalidStateError: "off",
  QuotaExceededError: "full",
  VersionError: "newer",
  UnknownError: "damaged", NotFoundError: "damaged", DataError: "damaged", OperationError: "damaged",
  NotReadableError: "unreadable",
};

/** A frame without an origin has no storage, whatever the error says. */
const inFrame = () => globalThis.origin === "null" && globalThis.location?.protocol !== "file:";

/** @param {unknown} error @returns {Trouble} */
export function troubleOf(error) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  const trouble = BY_NAME[name] ?? "other";
  return (trouble === "off" || trouble === "other") && inFrame() ? "frame" : trouble;
}
