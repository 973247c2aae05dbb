// The one training that this tab holds, out of all that the browser keeps.

import { newId } from "../runs/library.js";
import { hold } from "../runs/locks.js";

/** @typedef {import("../runs/library.js").RunCard} RunCard */

/** How long to wait for another page to let go: a page that was just reloaded does so soon, on a busy machine later. */
export const PATIENCE_MS = { first: 500, then: 30_000 };
/** Survives a reload of this tab, and nothing else. */
const OPEN = "train-open";

export class HeldRun {
  #library;
  #release = () => {};
  /** The training that this tab holds; empty when none. */
  id = "";
  /** Whether another tab holds the one that this tab would go on with. */
  elsewhere = false;

  /** Called when another tab took the training that this one held: this tab was frozen for a while. */
  onLost = () => {};

  /** @param {import("../runs/library.js").RunLibrary} library */
  constructor(library) {
    this.#library = library;
  }

  /** A new training's id, held by this tab. */
  async begin() {
    const id = newId();
    // Nobody else asks for it; a busy machine may take long all the same, and it must never be kept under another's id.
    const release = await hold(id, AbortSignal.timeout(PATIENCE_MS.then), () => this.#lost(id));
    this.#become(id, release ?? (() => {}));
    return id;
  }

  /**
   * Holds a training instead of the one before; keeps that where another tab has the new one.
   * @param {string} id @param {AbortSignal} [patience]
   * @returns {Promise<boolean>} whether this tab holds it
   */
  async take(id, patience = AbortSignal.timeout(PATIENCE_MS.first)) {
    if (id === this.id) return true;
    const release = await hold(id, patience, () => this.#lost(id));
    if (!release) return false;
    this.#become(id, release);
    return true;
  }

  /** Holds none. */
  letGo() {
    this.#become("", () => {});
  }

  /**
   * Takes the training that this tab had before its reload, or else the newest.
   * @param {AbortSignal} patience  ends the waiting for another tab to let go
   * @param {ReadonlySet<string>} [aside]  those that are not to be taken
   * @returns {Promise<RunCard | null>}
   */
  async restore(patience, aside = new Set()) {
    const cards = (await this.#library.cards()).filter(({ id }) => !aside.has(id));
    const [newest] = cards.toSorted((a, b) => b.savedAt - a.savedAt);
    const wanted = cards.find(({ id }) => id === remembered()) ?? newest;
    this.elsewhere = false;
    if (!wanted) return null;
    this.elsewhere = !(await this.take(wanted.id, patience));
    // The other tab may have written on until it let go.
    return this.elsewhere ? null : this.#library.card(wanted.id);
  }

  /** @param {string} id */
  #lost(id) {
    if (id === this.id) this.onLost();
  }

  /** @param {string} id @param {() => void} release */
  #become(id, release) {
    this.#release();
    this.#release = release;
    this.id = id;
    try {
      sessionStorage.setItem(OPEN, id);
    } catch { /* storage is closed: the newest is taken after a reload */ }
    this.#library.changed();
  }
}

function remembered() {
  try {
    return sessionStorage.getItem(OPEN);
  } catch {
    return null;
  }
}
