// The page's address: what a link brought is laid over what the browser kept, and from then on the address follows what
// is set, so that it is a link to this very page at any time.

import { OWN_TEXT } from "../text/data-sets.js";
import { atMostEvery } from "../page/dom.js";
import { addressOf, placeIn, VIEWS } from "../page/places.js";
import { bendHeads, bentHeads, coupleHeads, editedRows, faultsInWords, leftOut, readLink, sealedLink, untouched } from "./link.js";
import { fileName } from "../model/file-name.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../engine/protocol.js").HeadInfo} HeadInfo
 * @typedef {import("../engine/protocol.js").CouplingInfo} CouplingInfo
 * @typedef {import("../engine/protocol.js").ModelInfo} ModelInfo
 * @typedef {import("./link.js").SharedPage} SharedPage
 * @typedef {import("../page/places.js").Place} Place
 */

/** Browsers refuse an address that changes much more often. */
const INTERVAL_MS = 500;
/** Marks the entries of the browser's history that this page wrote. */
const OURS = "wavefield";
/** Where a tab keeps what was set after its address was written for the last time. */
const LEFT = "wavefield-left";

/** An address as it is asked for; "" for what is none, such as one that was cut short. @param {string} address */
function hrefOf(address) {
  try {
    return new URL(address, location.href).href;
  } catch {
    return ""; // The link's model is another one, which is said.
  }
}

const onTour = () => /^#tour(?:-\d+)?$/.test(location.hash);

export class Address {
  #app;
  #begun = location.hash;
  #at = placeIn(location.hash);
  /** Marks this link's entries in the browser's history; those of another link, pasted before or after, have another mark. */
  #mark = history.state?.[OURS] ?? Math.random().toString(36).slice(2);
  #link = readLink(this.#at.settings);
  /** What the link asks of a model that is not open yet. @type {Pick<SharedPage, "model" | "address" | "heads" | "rows"> | null} */
  #awaited = this.#link?.page ?? null;
  /** Whether the person was told that another model is open. */
  #told = false;
  /** The address as this page wrote it. */
  #written = "";
  /** Whether something else was opened since. */
  #elsewhere = false;

  /** @param {Pick<App, "state" | "heads" | "couplings" | "models" | "notify" | "storage" | "opening" | "say">} app */
  constructor(app) {
    this.#app = app;
  }

  /** Lays the link over what was kept; before the panels are made. */
  async begin() {
    this.#arrive(this.#at);
    if (!this.#link) {
      this.#sayNowhere(this.#at);
      return this.#takeUp();
    }
    const { opening, state, notify } = this.#app;
    const { hash } = location;
    // The address may have been written anew meanwhile: what it says counts.
    const hurt = opening.hurt("link");
    if (hurt && JSON.stringify(readLink(placeIn(hurt.id).settings)?.page) === JSON.stringify(this.#link.page)) return this.#leaveBe(hash);
    await opening.mark("link", hash, "the link");
    const { page, faults } = this.#link;
    const own = { prompt: state.get("prompt"), stop: state.get("settings").stop };
    const without = page.without ?? [];
    state.set("choices", page.choices);
    // What was too long for the link is kept as it is here; in the browser that made it, that is the very thing.
    if (!without.includes("prompt")) state.set("prompt", page.prompt);
    state.set("settings", without.includes("stop") ? { ...page.settings, stop: own.stop } : page.settings);
    if (!this.#takeUp()) this.#tellOfPrompt(own.prompt);
    this.#tellOfLength(without, own);
    if (faults.length > 0) {
      notify({ kind: "error", key: "link", title: "Parts of this link were left out.", message: faultsInWords(faults) });
    } else if (page.choices.data === "own") this.#tellOfText();
  }

  /** An address that leads nowhere is said. @param {{ place: Place | null, settings: string }} at */
  #sayNowhere({ place, settings }) {
    if (!place && settings && !onTour() && !document.getElementById(settings)) this.#app.say("nowhere", settings);
  }

  /** The page stopped when it was opened by this link. @param {string} hash */
  #leaveBe(hash) {
    this.#link = this.#awaited = null;
    this.#app.say("leftBe", hash);
  }

  /** What was set in this very tab just before it was left: its address had no time to follow. @returns {boolean} whether there was something */
  #takeUp() {
    try {
      const left = JSON.parse(sessionStorage.getItem(LEFT) ?? "null");
      if (typeof left?.prompt !== "string" || left.address !== location.href) return false;
      const { state } = this.#app;
      state.restore({ prompt: left.prompt, settings: left.settings });
      return state.get("prompt") === left.prompt;
    } catch {
      // No such storage here, or something else in it: the link is all there is.
      return false;
    }
  }

  #leave() {
    const { state } = this.#app;
    try {
      sessionStorage.setItem(LEFT, JSON.stringify({ address: this.#written, prompt: state.get("prompt"), settings: state.get("settings") }));
    } catch { /* No such storage here, or no room: the last half second is lost. */ }
  }

  /** A prompt of one's own that gave way to the link's can be had back. @param {string} own */
  #tellOfPrompt(own) {
    const { state } = this.#app;
    const plain = untouched().prompt;
    if (own === state.get("prompt") || own === plain || own.trim() === "") return;
    this.#app.say("otherPrompt", own, state.get("prompt"));
  }

  /** @param {readonly string[]} without @param {{ prompt: string, stop: string[] }} own */
  #tellOfLength(without, own) {
    // Whoever has such a long prompt made the link, or has no use for the news.
    const missing = without.filter((key) => !(key === "prompt" && leftOut({ ...untouched(), prompt: own.prompt }).length > 0));
    if (missing.length === 0) return;
    this.#app.say("without", missing);
  }

  /** A link to a person's own text is no news to that person. */
  async #tellOfText() {
    if (!(await this.#app.storage.get(OWN_TEXT))?.text) this.#app.say("othersText");
  }

  /**
   * What the link asks for in a model that is being opened, before its first token.
   * @param {ModelInfo} info
   * @returns {{ heads: HeadInfo[][], couplings: CouplingInfo[] } | null}  null: it says nothing of this model
   */
  askedOf(info) {
    if (!this.#awaited || !this.#isAsked(info)) return null;
    const { layers, missing } = bendHeads(info.layers, this.#awaited.heads);
    const coupled = coupleHeads(info.couplings, this.#awaited.rows);
    this.#awaited = null;
    if (missing + coupled.missing > 0) this.#app.say("missing", info.name, missing, coupled.missing);
    return { heads: layers, couplings: coupled.couplings };
  }

  /** Whether a model is the link's: from its address, or a file of its name. @param {ModelInfo} info */
  #isAsked({ name }) {
    const { model, address } = /** @type {Pick<SharedPage, "model" | "address">} */ (this.#awaited);
    const { models } = this.#app;
    if (address && models.address === hrefOf(address)) return true;
    return fileName(name) === fileName(model) && !(address && models.isShipped);
  }

  /** Has the address follow what is set. */
  follow() {
    const { state } = this.#app;
    const write = atMostEvery(INTERVAL_MS, () => this.write());
    for (const key of /** @type {const} */ (["choices", "prompt", "settings", "model", "heads", "couplings"])) state.on(key, write);
    // At once: whoever reloads the page comes back to where it was.
    for (const key of /** @type {const} */ (["place", "labView", "story"])) state.on(key, () => { this.write(); });
    state.on("model", (info) => this.#opened(info));
    this.#opened(state.get("model"));
    addEventListener("hashchange", () => this.#entered());
    // Somebody was quicker than the page.
    if (location.hash !== this.#begun) this.#entered();
    write();
    addEventListener("pagehide", () => this.#leave());
  }

  /** Writes the address as it has to be now. @returns {string} the whole of it */
  write() {
    const { state } = this.#app;
    const place = state.get("place");
    const fragment = [addressOf(place, VIEWS[place] && state.get(VIEWS[place])), sealedLink(this.page)].filter(Boolean).join("&");
    const url = new URL(location.href);
    url.hash = fragment;
    // An untouched page has no "#" either.
    const address = fragment === "" ? url.href.replace(/#$/, "") : url.href;
    // Somebody has just gone elsewhere, which is heard of in a moment; or a step of the tour has the address to itself.
    if (onTour() || (this.#written !== "" && location.href !== this.#written)) return address;
    this.#written = address;
    if (address !== location.href || !history.state?.[OURS]) history.replaceState({ [OURS]: this.#mark }, "", address);
    return address;
  }

  /** Whoever had the address to itself gives it back. */
  takeBack() {
    this.#written = location.href;
    this.write();
  }

  /** Goes to a place, from where the browser's Back leads here again. @param {Place} place @param {string} [view]  of those that it has */
  go(place, view = "") {
    const { state } = this.#app;
    const moves = place !== state.get("place") || (place === "story" && view !== state.get("story"));
    if (!moves || onTour()) return this.#arrive({ place, view });
    this.write();
    history.pushState({ [OURS]: this.#mark }, "", location.href);
    this.#arrive({ place, view });
    this.takeBack();
  }

  /** The lab comes back to the view that it was left at; the stories do not. @param {{ place: Place | null, view: string }} at */
  #arrive({ place, view }) {
    const { state } = this.#app;
    const views = place && VIEWS[place];
    if (views && (view || place === "story")) state.set(views, view);
    state.set("place", place ?? "write");
  }

  /** All that a link to this page carries. @returns {SharedPage} */
  get page() {
    const { state } = this.#app;
    const plain = untouched();
    const info = state.get("model");
    const opened = info ? { model: info.name, address: this.#app.models.address, heads: bentHeads(state.get("heads")), rows: editedRows(state.get("couplings")) } : plain;
    return {
      // What the link asked for stays in the address until something else is opened.
      ...(this.#awaited && !this.#elsewhere ? this.#awaited : opened),
      choices: state.get("choices") ?? plain.choices,
      prompt: state.get("prompt"),
      settings: state.get("settings"),
    };
  }

  /** @param {ModelInfo | null} info */
  #opened(info) {
    if (!info || !this.#awaited) return;
    const { heads, couplings, state } = this.#app;
    const asked = this.askedOf(info);
    if (asked) {
      asked.couplings.forEach(({ weights }, layer) => couplings.set(layer, weights));
      bentHeads(asked.heads).forEach(({ layer, head, change: { gain, ...wave } }) => {
        heads.bend(layer, head, wave);
        if (gain === 0 && state.get("heads")[layer][head].gain !== 0) heads.toggleMute(layer, head);
      });
      return;
    }
    this.#elsewhere = this.#told;
    if (this.#told) return;
    this.#told = true;
    this.#app.say("otherModel", info.name, this.#awaited);
  }

  /** A place was chosen, or another link was put into the address of this page. */
  #entered() {
    const at = placeIn(location.hash);
    // Any other anchor, such as that of the tour, is none of a place.
    if (!at.place && at.settings !== "" && !readLink(at.settings)) {
      this.#sayNowhere(at);
      return onTour() ? undefined : this.takeBack();
    }
    // Back and Forward go from place to place; what was set meanwhile stays.
    if (history.state?.[OURS] === this.#mark || !readLink(at.settings)) {
      this.#arrive(at);
      return this.takeBack();
    }
    if (!this.#app.state.get("training")) return location.reload();
    // Until then the address is this page's.
    const { hash } = location;
    this.takeBack();
    this.#app.say("otherLink", hash);
  }
}
