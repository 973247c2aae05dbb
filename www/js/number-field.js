// The one field for numbers: a text field that reads commas and points, takes what was typed when it is left or by Enter,
// shows what is used, and says what it changed. The browsers' own number field reads "0,7" as 7 or as nothing, by its
// language, and does not tell what was typed.

import { h, uniqueId } from "./dom.js";
import { readNumber, settleNumber, showNumber, stepNumber } from "./numbers.js";

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
 *
 * @typedef {object} NumberInput
 * @property {HTMLInputElement} field
 * @property {HTMLElement} note Where it says what it changed; belongs beside the field.
 * @property {(value: number) => void} set Shows another number, without calling back; NaN leaves a strict field as it is.
 * @property {() => void} clear Empties it.
 * @property {() => number} typed What stands in it now, used or not; NaN where that is no number.
 */

/** The field that has the focus. @type {(() => void) | null} */ let commitFocused = null;
let listening = false;

/**
 * Some presses do not move the focus (a button in Safari), and a page that is closed moves none: what was typed is taken
 * before either.
 */
function listenOnce() {
  if (listening) return;
  listening = true;
  for (const kind of ["click", "submit"]) document.addEventListener(kind, () => commitFocused?.(), true);
  addEventListener("pagehide", () => commitFocused?.(), true);
}

/** @param {NumberInputOptions} options @returns {NumberInput} */
export function numberInput(options) {
  const { label, id, describedBy, min, max, step, whole = false, digits, strict = false, moving = false, onInput = () => {}, onTyping = () => {} } = options;
  listenOnce();
  const note = h("span", { class: "field-note", id: uniqueId("note"), "aria-live": "polite" });
  const field = h("input", {
    type: "text", role: "spinbutton", class: "number", id, dir: "ltr", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    // A keypad for numbers has no minus.
    inputmode: min < 0 ? null : whole ? "numeric" : "decimal",
    "aria-label": label, "aria-valuemin": min, "aria-valuemax": max, "aria-describedby": [describedBy, note.id].filter(Boolean).join(" "),
  });
  let current = options.value ?? NaN;
  /** What stands in the field when nothing was typed since. */ let shown = "";
  const say = (/** @type {string} */ words) => { if (note.textContent !== words) note.textContent = words; };
  const dirty = () => field.value !== shown;
  const judge = (/** @type {boolean} */ valid) => { if (!strict) field.setAttribute("aria-invalid", String(!valid)); };
  const show = () => {
    shown = showNumber(current, digits);
    field.value = shown;
    if (Number.isFinite(current)) field.setAttribute("aria-valuenow", String(current));
    else field.removeAttribute("aria-valuenow");
  };
  const use = (/** @type {number} */ value) => {
    current = value;
    show();
    onInput(value);
  };

  const commit = () => {
    if (!dirty()) return;
    const typed = field.value;
    judge(true);
    if (strict) return commitStrictly(typed);
    const { value, said } = settleNumber(typed, options, current);
    const same = value === current;
    current = value;
    show();
    say(said);
    if (!same) onInput(value);
  };
  const commitStrictly = (/** @type {string} */ typed) => {
    const { value, said } = settleNumber(typed, options, NaN);
    const read = readNumber(typed, whole)?.value ?? NaN;
    const does = value === read || (!whole && value === Number(read.toPrecision(10)));
    current = does ? value : read;
    // What does not do stays as it was typed.
    if (does) show();
    else {
      shown = typed;
      field.removeAttribute("aria-valuenow");
    }
    say(does ? said : "");
    onInput(current);
  };

  field.addEventListener("input", () => {
    const read = readNumber(field.value, whole);
    judge(read !== null && read.value >= min && read.value <= max && (!whole || Number.isInteger(read.value)));
    say("");
    onTyping();
  });
  field.addEventListener("focus", () => { commitFocused = commit; });
  field.addEventListener("blur", () => {
    commitFocused = null;
    commit();
  });
  field.addEventListener("change", commit);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") return commit();
    if (event.key === "Escape") {
      if (!dirty() && note.textContent === "") return;
      // What was typed is taken back; whatever else Escape closes stays open.
      event.stopPropagation();
      event.preventDefault();
      field.value = shown;
      judge(true);
      say("");
      onTyping();
      return;
    }
    const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (steps === undefined) return;
    event.preventDefault();
    say("");
    judge(true);
    const from = readNumber(field.value, whole)?.value ?? current;
    const next = stepNumber(dirty() ? from : current, steps, step, options);
    if (next !== current || dirty()) use(next);
    onTyping();
  });
  show();
  return {
    field, note,
    set(next) {
      if (strict && !Number.isFinite(next)) return;
      // A number that is half typed is not rewritten under the hand: it is taken, or taken back, later.
      const untouched = !dirty();
      if (untouched && !moving && !Object.is(next, current)) say("");
      current = next;
      if (untouched) show();
      else shown = showNumber(current, digits);
    },
    clear() {
      current = NaN;
      say("");
      show();
    },
    typed: () => readNumber(field.value, whole)?.value ?? NaN,
  };
}
