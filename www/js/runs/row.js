// One training in the list: what it is, and what can be done with it.

import { h, uniqueId } from "../page/dom.js";
import { canHold } from "../page/focus.js";
import { legendKey } from "../train/progress/parts.js";
import { loss, room } from "../train/words.js";
import { sizeOf } from "./library.js";

/**
 * @typedef {import("./library.js").RunCard} RunCard
 * @typedef {{ letter: string, colour: string, dash: number[] }} Mark  tells it apart in the chart
 *
 * @typedef {object} Shown
 * @property {RunCard} card
 * @property {string} state       in words
 * @property {number} step
 * @property {boolean} here       this tab has it open
 * @property {boolean} elsewhere  another tab has it open
 * @property {boolean} stored     it survives closing the tab
 * @property {string} mayOpen     why it cannot be opened now; empty when it can
 * @property {boolean} unfinished  it can be gone on with
 * @property {boolean} busy       the engine is at work on a training of this tab
 * @property {boolean} mayDelete
 * @property {Mark | null} mark
 *
 * @typedef {"open" | "goOn" | "last" | "best" | "settings" | "download" | "remove"} Action
 * @typedef {{ act: (action: Action, id: string) => void, rename: (id: string, name: string) => void, select: (id: string, on: boolean) => void }} Wishes
 */

/** @param {number} value */
const number = (value) => value.toLocaleString("en-GB");
const DATE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const LONGEST_NAME = 100;

export class RunRow {
  #wishes;
  /** @type {RunCard | null} */
  #card = null;
  #look = "";

  /** @param {string} id @param {Wishes} wishes */
  constructor(id, wishes) {
    this.#wishes = wishes;
    this.id = id;
    const button = (/** @type {Action} */ action, /** @type {string} */ label) => h("button", { type: "button", class: "small", onclick: () => wishes.act(action, id) }, label);
    this.select = h("input", { type: "checkbox", id: uniqueId("run"), onchange: () => wishes.select(id, this.select.checked) });
    this.key = h("span", { class: "runs-key" });
    this.name = h("input", {
      class: "runs-name", dir: "auto", translate: "no", maxlength: LONGEST_NAME, spellcheck: "false", autocomplete: "off", "aria-label": "Name of the training",
      onchange: () => this.#rename(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    });
    this.about = h("p", { class: "runs-about" });
    this.state = h("p", { class: "runs-state" });
    this.figures = { steps: h("dd", null), best: h("dd", null), size: h("dd", null) };
    this.buttons = {
      open: button("open", "Open"), goOn: button("goOn", "Go on"), last: button("last", "Write with the last"), best: button("best", "Write with the best"),
      settings: button("settings", "Use these settings"), download: button("download", "Download"), remove: button("remove", "Delete"),
    };
    const { open, goOn, ...more } = this.buttons;
    const figure = (/** @type {string} */ label, /** @type {HTMLElement} */ value) => h("div", null, h("dt", null, label), value);
    this.element = h("li", { class: "runs-row" },
      h("label", { class: "runs-select", title: "Compare it, and draw it in the charts" }, this.select, h("span", { class: "visually-hidden" }, "Compare"), this.key),
      h("div", { class: "runs-what" }, this.name, this.about),
      this.state,
      h("dl", { class: "runs-figures" }, figure("Steps", this.figures.steps), figure("Lowest loss, held back", this.figures.best), figure("Size", this.figures.size)),
      h("div", { class: "runs-main" }, open, goOn),
      h("details", { class: "runs-more" }, h("summary", null, "More"), h("div", { class: "runs-actions" }, Object.values(more))));
  }

  /** @param {Shown} shown */
  show(shown) {
    const look = JSON.stringify({ ...shown, card: [shown.card.savedAt, shown.card.name] });
    if (look === this.#look) return;
    this.#look = look;
    const { card, state, step, here, elsewhere, stored, mark, busy, unfinished, mayOpen } = shown;
    const { name, about, buttons, figures } = this;
    this.#card = card;
    this.element.classList.toggle("runs-here", here);
    if (document.activeElement !== name) name.value = card.name;
    name.readOnly = elsewhere;
    about.textContent = [card.plan.data_name, card.choices.base ? "" : `${card.choices.size} model`, DATE.format(card.createdAt)].filter(Boolean).join(" · ");
    this.state.textContent = [state, !stored && "kept only until this tab is closed"].filter(Boolean).join(", ");
    this.state.classList.toggle("runs-unsafe", !stored);
    figures.steps.textContent = `${number(step)} of ${number(card.plan.train.steps)}`;
    figures.best.textContent = loss(card.lowest?.loss);
    figures.best.title = card.lowest ? `Nats a token, at step ${number(card.lowest.step)}` : "";
    figures.size.textContent = room(sizeOf(card));
    this.select.checked = mark !== null;
    this.key.replaceChildren(...(mark ? [h("strong", null, mark.letter), legendKey({ name: "", steps: [], values: [], width: 2, rings: true, ...mark })] : []));
    buttons.open.textContent = here ? "Show" : "Open";
    buttons.open.disabled = !here && mayOpen !== "";
    buttons.open.title = mayOpen && !here ? mayOpen : "Show its curves and what it writes, under Train";
    buttons.goOn.hidden = !unfinished;
    buttons.goOn.disabled = mayOpen !== "";
    buttons.goOn.title = mayOpen || "Train on from where it was kept";
    this.#offerModels(card);
    buttons.settings.disabled = busy;
    buttons.settings.title = busy ? "The form is locked while a training goes on" : "Fill the form with its text, size and settings";
    buttons.download.title = "As one file, to keep or to go on with elsewhere";
    buttons.remove.disabled = !shown.mayDelete;
    buttons.remove.title = elsewhere ? "Another tab has it open" : shown.mayDelete ? "" : "Stop or pause it first";
  }

  /** @param {RunCard} card */
  #offerModels({ last, best }) {
    const { buttons } = this;
    buttons.last.disabled = last === null;
    buttons.last.textContent = last ? `Write with the last (step ${number(last.step)})` : "Write with the last";
    // The same model twice is no choice.
    buttons.best.disabled = best === null || best.step === last?.step;
    buttons.best.textContent = best ? `Write with the best (step ${number(best.step)})` : "Write with the best";
    buttons.best.title = best ? `Kept right after the measurement at step ${number(best.evaluatedAt)}, loss ${loss(best.loss)} nats a token on held-back text${best.step === last?.step ? ": it is the last, too" : ""}` : "None was kept";
  }

  #rename() {
    const name = this.name.value.trim();
    if (!this.#card) return;
    if (name === "") this.name.value = this.#card.name;
    else if (name !== this.#card.name) this.#wishes.rename(this.id, name);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape" && this.#card) this.name.value = this.#card.name;
    if (event.key !== "Escape" && event.key !== "Enter") return;
    // What was typed counts, and the focus goes on to what can be done with the training, which this very key does not press.
    event.preventDefault();
    (Object.values(this.buttons).find(canHold) ?? this.select).focus();
  }
}
