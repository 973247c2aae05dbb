// What the lists of this place have in common: a heading with how much there is, and a row each.

import { h, uniqueId, write } from "../page/dom.js";
import { DeletedRows } from "../page/deleted.js";
import { room } from "../train/words.js";

const DATE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
/** @param {number} milliseconds  since 1970; 0 where that is not known */
export const date = (milliseconds) => (milliseconds > 0 ? DATE.format(milliseconds) : "");

/**
 * @typedef {{ label: string, run: () => unknown, title?: string, disabled?: boolean }} Action
 * @typedef {{ id: string, name: string, about: string, state?: string, size?: number, actions: Action[] }} Item  size: bytes
 */

export class MinePart {
  /** What there is: how many, and how many bytes. Called after every change. @type {(count: number, bytes: number) => void} */
  onAmount = () => {};
  /** @type {Map<string, { element: HTMLElement, look: string }>} */ #rows = new Map();
  #count = h("span", { class: "runs-count" });
  #list;
  #problem = h("p", { class: "train-problem mine-problem", role: "alert" });
  #load;
  deleted = new DeletedRows(() => this.render(), (error) => this.#say(error));
  #turn = 0;
  /** What there is could not be looked for, which is said until it can. */ #lacks = false;

  /** @param {string} title @param {string} hint @param {() => Promise<Item[]>} load */
  constructor(title, hint, load) {
    this.#load = load;
    const id = uniqueId("mine");
    this.#list = h("ul", { class: "runs-list mine-list", "aria-labelledby": id });
    this.element = h("section", { class: "mine-part", hidden: true, "aria-labelledby": id },
      h("h3", { id }, title, " ", this.#count), h("p", { class: "train-hint" }, hint), this.#problem, this.#list);
  }

  /** Shows what there is now; out of sight it is not looked for. */
  async render() {
    if (this.element.closest(".behind")) return; // Coming into sight asks again.
    const turn = ++this.#turn;
    const items = await this.#load().then((found) => {
      if (this.#lacks) this.#problem.textContent = "";
      this.#lacks = false;
      return found;
    }, (error) => {
      this.#lacks = true;
      this.#say(error);
      return /** @type {Item[]} */ ([]);
    });
    if (turn !== this.#turn) return; // A later wish has been heard meanwhile.
    const bytes = items.reduce((sum, { size = 0 }) => sum + size, 0);
    write(this.#count, items.length === 0 ? "" : `${items.length}, ${room(bytes)}`);
    const wanted = [...this.deleted.elements, ...items.map((item) => this.#row(item))];
    for (const id of this.#rows.keys()) if (!items.some((item) => item.id === id)) this.#rows.delete(id);
    // Only what is not in its place is moved: moving takes the focus away.
    wanted.forEach((element, i) => {
      if (this.#list.children[i] !== element) this.#list.insertBefore(element, this.#list.children[i] ?? null);
    });
    while (this.#list.childElementCount > wanted.length) this.#list.lastElementChild?.remove();
    this.element.hidden = wanted.length === 0 && this.#problem.textContent === "";
    this.onAmount(items.length, bytes);
  }

  /** @param {Item} item */
  #row(item) {
    const { id, name, about, state = "", size, actions } = item;
    const known = this.#rows.get(id);
    const look = JSON.stringify({ ...item, actions: actions.map(({ label, title, disabled }) => [label, title, disabled]) });
    if (known?.look === look) return known.element;
    const buttons = actions.map(({ label, run, title, disabled }) => h("button", { type: "button", class: "small", title, disabled, "aria-label": `${label} ${name}`, onclick: () => this.#do(run) }, label));
    const had = [...(known?.element.querySelectorAll("button") ?? [])].findIndex((button) => button === document.activeElement);
    const inside = [h("div", { class: "mine-what" }, h("p", { class: "mine-name" }, h("bdi", { translate: "no" }, name)), h("p", { class: "runs-about" }, [about, size !== undefined && room(size)].filter(Boolean).join(" · ")), state && h("p", { class: "mine-state" }, state)),
      h("div", { class: "runs-actions" }, buttons)];
    const element = known?.element ?? h("li", { class: "mine-row" });
    element.replaceChildren(...inside.filter((child) => child instanceof Node));
    if (had >= 0) buttons[Math.min(had, buttons.length - 1)]?.focus({ preventScroll: true });
    this.#rows.set(id, { element, look });
    return element;
  }

  /** @param {() => unknown} action */
  async #do(action) {
    this.#problem.textContent = "";
    try {
      await action();
    } catch (error) {
      this.#say(error);
    }
    await this.render();
  }

  /** @param {unknown} error */
  #say(error) {
    this.#problem.textContent = error instanceof Error ? error.message : String(error);
  }

  /** The row of a deleted one, whose button has the focus. @param {string} name @param {() => unknown} takeBack */
  async offerBack(name, takeBack) {
    const undo = this.deleted.add(name, async () => {
      await takeBack();
      await this.render();
      /** @type {HTMLElement | null} */ (this.#list.querySelector("button:not(:disabled)"))?.focus();
    });
    await this.render();
    undo.focus();
  }
}
