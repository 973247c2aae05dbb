// The one field for numbers: a text field that reads commas and points, takes what was typed when it is left or by Enter,
// shows what is used, and says what it changed. The browsers' own number field reads "0,7" as 7 or as nothing, by its
// language, and does not tell what was typed.

import { h, uniqueId } from "./dom.js";
import { MOST_DIGITS, readNumber, settleNumber, showNumber, stepNumber } from "./numbers.js";

/**
 * @typedef {object} NumberInputOptions
 * @property {string} [label] Read out; where there is none, a label element names the field.
 * @property {string} [id]
 * @property {string} [describedBy] Ids of what else explains the field.
 * @property {number} min
 * @property {number} max
 * @property {number | "any"} step What an arrow key changes; a page key ten times as much.
 * @property {boolean} [whole]
 * @property {number} [multiple]
 * @property {number} [decimals] After the point, of what is typed.
 * @property {number} [value] NaN or nothing: the field is empty.
 * @property {number} [digits] After the point, of numbers that were computed.
 * @property {boolean} [strict] Whoever owns the field refuses what does not do, in words of its own: it stays as it was
 *   typed, and `onInput` has it as it is, NaN where it is no number. Otherwise it is made to do, and the field says how.
 * @property {boolean} [moving] The number changes by itself all the time: what was said of the last typing stays.
 * @property {(value: number) => void} [onInput] Called with what is used from now on.
 * @property {() => void} [onTyping] Called at every key, before anything is used.
 */

/** The field that has the focus. @type {{field: HTMLInputElement, commit: () => void} | null} */ let focused = null;
let listening = false;
/** Digits that every field of the page has room for. */
const ROOM = 7;

/**
 * Some presses do not move the focus (a button in Safari), and a page that is closed moves none: what was typed is taken
 * before either.
 */
function listenOnce() {
  if (listening) return;
  listening = true;
  const commit = (/** @type {Event} */ { target }) => { if (target !== focused?.field) focused?.commit(); };
  for (const kind of ["click", "submit"]) document.addEventListener(kind, commit, true);
  addEventListener("pagehide", commit, true);
  // What is said of a number that is taken by a press may move the button from under it: the press stays the button's.
  document.addEventListener("pointerdown", ({ target, pointerId }) => {
    if (focused && target instanceof Element) target.closest("button")?.setPointerCapture(pointerId);
  }, true);
}

export class NumberInput {
  #options;
  /** What is used. */ #current;
  /** What stands in the field when nothing was typed since. */ #shown = "";
  /** Where it says what it changed; belongs beside the field. */
  note = h("span", { class: "field-note", id: uniqueId("note"), "aria-live": "polite" });

  /** @param {NumberInputOptions} options */
  constructor(options) {
    listenOnce();
    const { label, id, describedBy, min, max, whole, value = NaN } = options;
    this.#options = options;
    this.#current = value;
    this.field = h("input", {
      type: "text", role: "spinbutton", class: "number", id, dir: "ltr", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
      // A keypad for numbers has no minus.
      inputmode: min < 0 ? null : whole ? "numeric" : "decimal",
      "aria-label": label, "aria-valuemin": min, "aria-valuemax": max, "aria-describedby": [describedBy, this.note.id].filter(Boolean).join(" "),
    });
    this.field.addEventListener("focus", () => { focused = { field: this.field, commit: this.#commit }; });
    this.field.addEventListener("blur", () => {
      focused = null;
      this.#commit();
    });
    this.field.addEventListener("change", this.#commit);
    this.field.addEventListener("input", () => this.#onInput());
    this.field.addEventListener("keydown", (event) => this.#onKey(event));
    this.#show();
  }

  /** What stands in the field now, used or not; NaN where that is no number. */
  get typed() {
    return readNumber(this.field.value, this.#options.whole)?.value ?? NaN;
  }

  /** Shows another number, without calling back; NaN leaves a strict field as it is. @param {number} next */
  set(next) {
    const { strict, moving, digits } = this.#options;
    if (strict && !Number.isFinite(next)) return;
    // A number that is half typed is not rewritten under the hand: it is taken, or taken back, later.
    if (Object.is(next, this.#current)) return;
    const untouched = !this.#dirty;
    if (untouched && !moving) this.#say("");
    this.#current = next;
    if (untouched) this.#show();
    else this.#shown = showNumber(next, digits);
  }

  /** Empties it. */
  clear() {
    this.#current = NaN;
    this.#say("");
    this.#show();
  }

  get #dirty() {
    return this.field.value !== this.#shown;
  }

  /** @param {string} words */
  #say(words) {
    if (this.note.textContent !== words) this.note.textContent = words;
  }

  /** Whoever owns a strict field marks it. @param {boolean} valid */
  #judge(valid) {
    if (!this.#options.strict) this.field.setAttribute("aria-invalid", String(!valid));
  }

  #show() {
    this.#shown = showNumber(this.#current, this.#options.digits);
    this.field.value = this.#shown;
    // A narrow field may not have room for all digits.
    this.field.title = this.#shown.length > ROOM ? this.#shown : "";
    if (Number.isFinite(this.#current)) this.field.setAttribute("aria-valuenow", String(this.#current));
    else this.field.removeAttribute("aria-valuenow");
  }

  #commit = () => {
    if (!this.#dirty) return;
    this.#judge(true);
    if (this.#options.strict) return this.#commitStrictly();
    const { value, said } = settleNumber(this.field.value, this.#options, this.#current);
    const same = value === this.#current;
    this.#current = value;
    this.#show();
    this.#say(said);
    if (!same) this.#options.onInput?.(value);
  };

  /** What does not do stays as it was typed. */
  #commitStrictly() {
    const read = this.typed;
    const { value, said } = settleNumber(this.field.value, this.#options, NaN);
    const does = value === read || (!this.#options.whole && value === Number(read.toPrecision(MOST_DIGITS)));
    this.#current = does ? value : read;
    if (does) this.#show();
    else {
      this.#shown = this.field.value;
      this.field.removeAttribute("aria-valuenow");
    }
    this.#say(does ? said : "");
    this.#options.onInput?.(this.#current);
  }

  #onInput() {
    const { min, max, whole, onTyping } = this.#options;
    const { typed } = this;
    this.#judge(typed >= min && typed <= max && (!whole || Number.isInteger(typed)));
    this.#say("");
    onTyping?.();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (event.key === "Enter") this.#commit();
    else if (event.key === "Escape") this.#takeBack(event);
    else if (steps !== undefined) {
      event.preventDefault();
      this.#step(steps);
    }
  }

  /** What was typed is taken back; whatever else Escape closes stays open. @param {KeyboardEvent} event */
  #takeBack(event) {
    if (!this.#dirty && this.note.textContent === "") return;
    event.stopPropagation();
    event.preventDefault();
    this.field.value = this.#shown;
    this.#judge(true);
    this.#say("");
    this.#options.onTyping?.();
  }

  /** @param {number} count */
  #step(count) {
    const { step, onInput, onTyping } = this.#options;
    const from = this.#dirty && Number.isFinite(this.typed) ? this.typed : this.#current;
    const next = stepNumber(from, count, step, this.#options);
    this.#judge(true);
    this.#say("");
    const same = next === this.#current;
    this.#current = next;
    this.#show();
    if (!same) onInput?.(next);
    onTyping?.();
  }
}
