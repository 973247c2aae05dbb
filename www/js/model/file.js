// The open model as a file: in how many bits a number, how large that is, and what it costs.

import { download } from "../files/out.js";
import { amountInWords } from "../lab/heads/words.js";
import { h, write } from "../page/dom.js";
import { optionCard } from "../page/option-card.js";
import { room } from "../train/words.js";
import { measureRounding } from "./rounding.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../engine/protocol.js").Precision} Precision
 * @typedef {import("../engine/observations.js").LossChange} LossChange
 *
 * @typedef {{id: Precision, label: string, about: string, suffix: string}} Choice `suffix` is what the file's name ends in.
 * @typedef {Choice & {element: HTMLElement, input: HTMLInputElement, size: HTMLElement, cost: HTMLElement}} Row
 */

/** @type {readonly Choice[]} */
const CHOICES = [
  { id: "f32", label: "32-bit floats", about: "Exactly the numbers that the page computes with.", suffix: "" },
  { id: "f16", label: "16-bit floats", about: "Each number rounded to about three digits.", suffix: "-16-bit" },
  { id: "int8", label: "8-bit rows", about: "The numbers of each row of a matrix rounded to 255 even steps. It opens here; most other programs do not know it.", suffix: "-8-bit" },
];

/** Nats that the fourth digit of a loss does not show. */
const UNSEEN = 0.00005;

/** What a file's loss is, against 32 bits. @param {Precision} precision @param {LossChange} found */
export function costInWords(precision, found) {
  const { after, low, high } = found;
  if (!Number.isFinite(after)) return "It has no loss: the model's own numbers overflow.";
  const loss = `Loss ${after.toFixed(4)} nats a token`;
  if (precision === "f32") return `${loss}.`;
  if (low === 0 && high === 0) return `${loss}, exactly as in 32 bits.`;
  if (low > -UNSEEN && high < UNSEEN) return `${loss}, as in 32 bits to the fourth digit.`;
  return `${loss}, ${amountInWords(found)} against 32 bits${low <= 0 && high >= 0 ? ": no difference can be told" : ""}.`;
}

/** Opens the choice over the page. @param {App} app */
export function offerModel(app) {
  // A second press while the first was still loading this part.
  if (document.querySelector(".model-file")) return;
  new ModelFile(app).open();
}

class ModelFile {
  #app;
  #stop = new AbortController();
  /** @type {Row[]} */ #rows = CHOICES.map((choice, i) => {
    const size = h("span", null, "…");
    const cost = h("span", { class: "model-file-cost" }, "Loss not measured yet.");
    const input = h("input", { type: "radio", name: "precision", value: choice.id, checked: i === 0 });
    const element = optionCard(input, choice.label, h("span", null, size, ` · ${choice.about} `, cost));
    return { ...choice, element, input, size, cost };
  });
  #options = h("fieldset", { class: "train-options" }, h("legend", { class: "visually-hidden" }, "Numbers of the file"), this.#rows.map(({ element }) => element));
  #bar = h("progress", { max: 1, value: 0, "aria-label": "Measuring the losses" });
  #halt = h("button", { type: "button", class: "small", onclick: () => this.#halted("Measuring was stopped. The files can be downloaded all the same.") }, "Stop measuring");
  #measuring = h("div", { class: "model-file-measuring", hidden: true }, h("span", null, "Measuring the losses"), this.#bar, this.#halt);
  #words = h("p", { class: "field-hint", role: "status" });
  #fault = h("p", { class: "inline-fault", role: "alert", hidden: true });
  #give = h("button", { type: "submit", class: "primary" }, "Download");
  #close = h("button", { type: "button", onclick: () => this.element.close() }, "Close");

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    const name = app.state.get("model")?.name ?? "";
    this.element = h("dialog", { class: "model-file", "aria-labelledby": "model-file-title" },
      h("form", { onsubmit: (/** @type {Event} */ event) => this.#download(event) },
        h("h2", { id: "model-file-title" }, "Download ", h("bdi", { translate: "no" }, name)),
        h("p", null, "One .safetensors file, with the waves as they are bent now. Fewer bits a number make it smaller; what that costs is measured here."),
        this.#options, this.#measuring, this.#words, this.#fault,
        h("div", { class: "model-file-buttons" }, this.#give, this.#close)));
    this.element.addEventListener("close", () => {
      this.#stop.abort();
      this.element.remove();
    });
    // It frees memory, which an engine that died has freed.
    this.#stop.signal.addEventListener("abort", () => app.engine.request("round_model", { precision: null }).catch(() => {}));
  }

  async open() {
    document.body.append(this.element);
    this.element.showModal();
    const { signal } = this.#stop;
    const rows = await this.#measureSizes();
    if (rows.length === 0) return this.#halted("");
    this.#measuring.hidden = false;
    try {
      const text = await measureRounding(this.#app, rows.map(({ id }) => id), {
        signal,
        onProgress: (share) => { this.#bar.value = share; },
        onFound: (precision, found) => {
          const row = rows.find(({ id }) => id === precision);
          if (row) write(row.cost, costInWords(precision, found));
        },
      });
      const muted = this.#app.state.get("heads").some((layer) => layer.some(({ gain }) => gain === 0));
      this.#halted(`Measured on ${text}, spread evenly; ± is the 95 % interval of the mean difference.${muted ? " Muting is not part of a file: all heads are heard in it, and were when this was measured." : ""}`);
    } catch (error) {
      if (!signal.aborted) this.#halted(`The losses were not measured: ${messageOf(error)}`);
    }
  }

  /** Nothing is measured any more; the keyboard stays in the dialog. @param {string} why */
  #halted(why) {
    this.#stop.abort();
    write(this.#words, why);
    if (document.activeElement === this.#halt) this.#give.focus();
    this.#measuring.hidden = true;
  }

  /** Says how large each file is. */
  async #measureSizes() {
    /** @type {Row[]} Those that can be made. */ const made = [];
    for (const row of this.#rows) {
      if (this.#stop.signal.aborted) break;
      try {
        row.size.textContent = room(await this.#app.engine.request("round_model", { precision: row.id }));
        made.push(row);
      } catch (error) {
        row.size.textContent = "cannot be made";
        write(row.cost, messageOf(error));
        row.input.disabled = true;
      }
    }
    this.#give.disabled = made.length === 0;
    return made;
  }

  /** @param {Event} event */
  async #download(event) {
    event.preventDefault();
    const row = this.#rows.find(({ input }) => input.checked) ?? this.#rows[0];
    this.#fault.hidden = true;
    try {
      const { bytes, filename } = await this.#app.engine.request("export_model", { precision: row.id });
      // A model that came from such a file has the ending in its name.
      const name = filename.replace(/\.safetensors$/, "");
      const whole = `${name.endsWith(row.suffix) ? name : name + row.suffix}.safetensors`;
      download(bytes, whole);
      this.#app.announce(`${whole} was handed to the browser's downloads.`);
      this.element.close();
    } catch (error) {
      write(this.#fault, `The file could not be made: ${messageOf(error)}`);
      this.#fault.hidden = false;
    }
  }
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));
