// "From an address": a model on the web, or beside the page. What is known of it stands there first; it comes when the person
// presses Open. Where the page's policy permits no other hosts, it says so, and how the file can be opened all the same.

import { h, uniqueId, write } from "../page/dom.js";
import { room } from "../train/words.js";
import { addressIn, fetchModel, lookAt, mayAsk, nameFrom } from "./remote.js";

/** @typedef {import("../page/app.js").App} App */

/** @param {App} app @param {string} [address]  that a link asks for */
export function openFromAddress(app, address = "") {
  // A second press while the first was still loading this part.
  if (document.querySelector(".from-address")) return;
  new FromAddress(app, address).open();
}

/** @param {unknown} error */
const messageOf = (error) => {
  const words = error instanceof Error ? error.message : String(error);
  return /[.!?]$/.test(words) ? words : `${words}.`;
};

class FromAddress {
  #app;
  #work = new AbortController();
  /** What stands there has been looked at, and can be opened. @type {URL | null} */ #known = null;
  #field = h("input", { id: uniqueId("address"), class: "text-input", type: "url", inputmode: "url", spellcheck: "false", autocomplete: "off", translate: "no", dir: "ltr", placeholder: "https://" });
  #words = h("p", { role: "status" });
  #fault = h("p", { class: "inline-fault", role: "alert", hidden: true });
  #how = h("div", { hidden: true });
  #bar = h("progress", { "aria-label": "Fetching the model", hidden: true });
  #go = h("button", { type: "submit", class: "primary" }, "Look");
  #stop = h("button", { type: "button", hidden: true, onclick: () => this.#halt("It was stopped, and nothing was opened.") }, "Stop");
  #close = h("button", { type: "button", onclick: () => this.element.close() }, "Close");

  /** @param {App} app @param {string} address */
  constructor(app, address) {
    this.#app = app;
    this.#field.value = address;
    this.element = h("dialog", { class: "model-file from-address", "aria-labelledby": "from-address-title" },
      h("form", { novalidate: true, onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.#press(); } },
        h("h2", { id: "from-address-title" }, "Open a model from an address"),
        h("label", { for: this.#field.id }, "Address of a .safetensors file"), this.#field,
        this.#words, this.#how, this.#bar, this.#fault,
        h("div", { class: "model-file-buttons" }, this.#go, this.#stop, this.#close)));
    this.#field.addEventListener("input", () => this.#changed());
    this.element.addEventListener("close", () => {
      this.#work.abort();
      this.element.remove();
    });
  }

  open() {
    document.body.append(this.element);
    this.element.showModal();
    this.#changed();
    const url = addressIn(this.#field.value);
    // The page's own host is asked at every visit: it may be asked how large a file is.
    if (url && url.origin === location.origin) this.#look(url);
  }

  /** Another address stands there. */
  #changed() {
    this.#work.abort();
    this.#known = null;
    this.#say();
    const url = addressIn(this.#field.value);
    this.#how.hidden = true;
    write(this.#go, "Look");
    if (this.#field.value.trim() === "") return this.#say("Nothing is fetched before you press Open. A tokenizer.json beside the file is fetched with it where the file has none of its own.");
    if (!url) return this.#say("That is no address yet. One begins with https://");
    if (!mayAsk(url)) return this.#explain(url);
    this.#say(url.origin === location.origin ? "It lies on this page's own host. Nothing was fetched yet."
      : `It lies at ${url.host}. Nothing was asked of that host yet: Look asks it how large the file is, and Open fetches it. It learns your address then, as any host does.`);
  }

  /** The page may not ask that host. @param {URL} url */
  #explain(url) {
    const file = h("button", { type: "button", class: "small", onclick: () => {
      this.element.close();
      document.querySelector(/** @type {"input"} */ ("input[type=file][aria-label='File to open']"))?.click();
    } }, "Open a file");
    this.#how.replaceChildren(
      h("p", null, `This page may fetch files from its own host (${location.host}) only: its policy forbids all others, so that nothing that you write can leave it. The model opens all the same:`),
      h("ol", null,
        h("li", null, "Download it: ", h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer", translate: "no" }, nameFrom(url)), ` at ${url.host}.`),
        h("li", null, "Open the file here, or drop it on the page. ", file)),
      h("p", { class: "field-hint" }, "Whoever hosts this page can permit hosts of models: docs/hosting.md says how."));
    this.#how.hidden = false;
    this.#go.disabled = true;
  }

  #press() {
    const url = addressIn(this.#field.value);
    if (!url || !mayAsk(url)) return this.#changed();
    if (this.#known?.href === url.href) this.#open(url);
    else this.#look(url);
  }

  /** @param {URL} url */
  async #look(url) {
    this.#begin(`${url.host} is being asked.`);
    const { signal } = this.#work;
    try {
      const { bytes } = await lookAt(url, signal);
      if (signal.aborted) return;
      this.#known = url;
      this.#say(`${nameFrom(url)}, ${bytes === null ? "of a size that its host does not tell" : room(bytes)}, at ${url.host}. It is fetched when you press Open.`);
      write(this.#go, "Open");
    } catch (error) {
      if (!signal.aborted) this.#say("", messageOf(error));
    }
  }

  /** @param {URL} url */
  async #open(url) {
    const { models, notify, show } = this.#app;
    this.#begin("The model is being fetched.");
    this.#bar.hidden = this.#stop.hidden = false;
    this.#bar.removeAttribute("value");
    const { signal } = this.#work;
    try {
      const files = await fetchModel(url, signal, (bytes, total) => {
        if (total !== null) this.#bar.value = bytes / total;
        write(this.#words, `${(bytes / 1e6).toFixed(1)} ${total === null ? "MB so far" : `of ${(total / 1e6).toFixed(1)} MB`}`);
      });
      if (signal.aborted) return;
      write(this.#words, "It is being opened.");
      this.#stop.hidden = true;
      const info = await models.openFiles(files, this.#nameOf(url), { address: url.href });
      // Whoever closed this meanwhile is told, and stays where they are.
      const left = signal.aborted;
      this.element.close();
      notify({ kind: "info", key: "open", title: `${info.name} is open.`, message: [...info.notes, "The model that comes with the page is one click away, at the top."].join(" ") });
      if (!left) show("write");
    } catch (error) {
      if (signal.aborted) return void (this.#stop.hidden && notify({ kind: "error", key: "open", title: "The model could not be opened.", message: messageOf(error) }));
      this.#work.abort();
      this.#say("", messageOf(error));
    }
  }

  /** What a link calls the model that it asks for, or what its address says. @param {URL} url */
  #nameOf(url) {
    const { model, address = "" } = this.#app.address.page;
    return address !== model && addressIn(address)?.href === url.href ? model : nameFrom(url);
  }

  /** @param {string} words */
  #begin(words) {
    this.#work.abort();
    this.#work = new AbortController();
    this.#say(words);
    this.#go.disabled = true;
  }

  /** @param {string} why */
  #halt(why) {
    this.#work.abort();
    this.#say(why);
    this.#go.focus();
  }

  /** @param {string} [words] @param {string} [fault] */
  #say(words = "", fault = "") {
    write(this.#words, words);
    write(this.#fault, fault);
    this.#fault.hidden = fault === "";
    this.#bar.hidden = this.#stop.hidden = true;
    this.#go.disabled = false;
  }
}
