// How much this browser keeps for the page, how much it may, whether it promised to keep it, and what to do when it is full.

import { bounded } from "../page/bounded.js";
import { h, write } from "../page/dom.js";
import { room } from "../train/words.js";

/** How long the browser may take to say how much it holds. */
const ASKED_MS = 1000;
/** From this share on it is time to make room. */
const NEARLY_FULL = 0.8;

/** What the browser says of its storage; null where it does not say. @template T @param {Promise<T> | undefined} answer @returns {Promise<T | null>} */
const asked = async (answer) => (answer ? bounded(answer, ASKED_MS).catch(() => null) : null);

/** A share that can be seen. */
const LEAST_SHOWN = 0.01;

/** @typedef {{ what: string, bytes: number }} Amount  what: one of these, in words, such as "3 trainings" */

export class MineRoom {
  #storage;
  #own = h("span", null);
  #all = h("span", null);
  #meter = h("meter", { min: 0, max: 1, high: NEARLY_FULL, optimum: 0, hidden: true, "aria-label": "Share of the room for this page that is used" });
  #advice = h("p", { class: "mine-advice", hidden: true });
  #promise = h("span", null);
  #ask = h("button", { type: "button", class: "small", hidden: true, onclick: () => this.#persist() }, "Ask it to keep it");
  element = h("div", { class: "mine-room", role: "group", "aria-label": "Room in this browser" },
    h("p", null, this.#own, " ", this.#all, this.#meter), this.#advice, h("p", { class: "mine-promise runs-storage" }, this.#promise, " ", this.#ask));

  /** @param {import("../keep/storage.js").Storage} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  /** @param {readonly Amount[]} amounts */
  async show(amounts) {
    const storage = this.#storage;
    const there = amounts.filter(({ what }) => what !== "");
    const total = there.reduce((sum, { bytes }) => sum + bytes, 0);
    write(this.#own, there.length === 0 ? "" : `Yours: ${room(total)}${there.length > 1 ? ` (${there.map(({ what, bytes }) => `${what} ${room(bytes)}`).join(", ")})` : ` in ${there[0].what}`}.`);
    const [estimate, safe] = await Promise.all([asked(navigator.storage?.estimate?.()), asked(navigator.storage?.persisted?.())]);
    const { usage, quota } = estimate ?? {};
    const known = usage !== undefined && quota !== undefined && quota > 0;
    write(this.#all, known ? `The browser holds ${room(usage)} for this page, with the page itself, and may hold ${room(quota)}.` : "The browser does not say how much it may keep.");
    // A bar that is all but empty says nothing that the figures do not.
    this.#meter.hidden = !known || usage / quota < LEAST_SHOWN;
    if (known) this.#meter.value = usage / quota;
    const full = storage.full || (known && usage / quota > NEARLY_FULL);
    this.#advice.hidden = !full && storage.persistent;
    write(this.#advice, full ? "There is hardly any room left. Download what you want to keep elsewhere, then delete what you no longer need here: it is free ten seconds later. Room on this device's disk helps, too." : storage.reason);
    write(this.#promise, !storage.persistent && !storage.full ? "" : safe ? "It has promised to keep it until you delete it." : "It may clear that when this device runs short of space: download what you want to be sure of.");
    this.#ask.hidden = safe !== false || !storage.persistent || typeof navigator.storage?.persist !== "function" || there.length === 0;
  }

  async #persist() {
    const kept = await asked(navigator.storage.persist());
    write(this.#promise, kept ? "It has promised to keep it until you delete it." : "The browser did not promise it; some do so only for pages that are visited often or are installed. Download what you want to be sure of.");
    if (!kept) return;
    this.#ask.hidden = true;
    this.#promise.tabIndex = -1;
    this.#promise.focus();
  }
}
