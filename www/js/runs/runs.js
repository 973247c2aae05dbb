// The list of all trainings that this browser keeps. It shows what the library holds and passes on what a person wishes.

import { LossHistory } from "../charts/series.js";
import { download } from "../files/out.js";
import { bounded } from "../page/bounded.js";
import { atMostEvery, h } from "../page/dom.js";
import { STATE_WORDS } from "../train/progress/view.js";
import { fileStem, room } from "../train/words.js";
import { BrokenRuns } from "./broken.js";
import { wrongInCard } from "./check.js";
import { comparison } from "./compare.js";
import { ENDING, readRun, writeRun } from "./file.js";
import { UNDO_MS, freeName, newId, sizeOf } from "./library.js";
import { heldTrainings } from "./locks.js";
import { RunRow } from "./row.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("./library.js").RunCard} RunCard
 * @typedef {import("./row.js").Action} Action
 * @typedef {import("./row.js").Mark} Mark
 * @typedef {import("../train/progress/quantities.js").Overlay} Overlay
 * @typedef {import("../train/run.js").TrainRun} TrainRun
 *
 * @typedef {object} Hooks
 * @property {(overlays: Overlay[]) => void} onOverlays  these are to be drawn beside the training that is shown
 * @property {() => void} onOpened
 * @property {(card: RunCard, text: string | null) => void} onSettings  the form is to be filled with these
 */

const OPEN = "runs-open";
const RENDER_MS = 1000;
/** How long the browser may take to say how much it holds. */
const ASKED_MS = 1000;
/** A tab that is closed says nothing of what it lets go. */
const LOOK_AGAIN_MS = 2000;
/** Told apart without colour by letter and dash. The first colour is near that of the validation curve. @type {readonly Omit<Mark, "letter">[]} */
const MARKS = [
  { colour: "--head-1", dash: [10, 4] }, { colour: "--head-2", dash: [2, 3] }, { colour: "--head-3", dash: [10, 4, 2, 4] }, { colour: "--head-6", dash: [16, 4] },
  { colour: "--head-4", dash: [4, 4] }, { colour: "--head-7", dash: [12, 3, 2, 3, 2, 3] }, { colour: "--head-5", dash: [7, 2] }, { colour: "--head-0", dash: [2, 7] },
];

/** What the browser says of its storage; null where it does not say. @template T @param {Promise<T> | undefined} answer @returns {Promise<T | null>} */
const asked = async (answer) => (answer ? bounded(answer, ASKED_MS).catch(() => null) : null);

/** @param {number} slot @returns {Mark} */
const markOf = (slot) => ({ ...MARKS[slot], letter: String.fromCharCode(65 + slot) });

export class RunsView {
  #app;
  #run;
  #library;
  #hooks;
  /** @type {Map<string, RunRow>} */
  #rows = new Map();
  /** @type {RunCard[]} */
  #cards = [];
  /** Which of the marks each chosen training has. @type {Map<string, number>} */
  #chosen = new Map();
  /** What was deleted a moment ago. @type {Map<string, HTMLElement>} */
  #deleted = new Map();
  /** Those that cannot be shown. */
  #broken;
  /** What the overlays were made of. */
  #drawn = "";
  #comparing = false;
  #toggledOnce = false;
  #wanted = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #lookAgain;
  /** @type {Promise<void> | null} */
  #rendering = null;

  /** @param {App} app @param {TrainRun} run @param {Hooks} hooks */
  constructor(app, run, hooks) {
    this.#app = app;
    this.#run = run;
    this.#library = run.library;
    this.#hooks = hooks;
    this.#broken = new BrokenRuns(run.library);
    this.count = h("span", { class: "runs-count" });
    this.picker = h("input", { type: "file", multiple: true, hidden: true, "aria-label": "Exported training", onchange: () => this.#picked() });
    this.compare = h("button", { type: "button", "aria-expanded": "false", onclick: () => this.#toggleCompare() }, "Compare");
    this.hint = h("p", { class: "train-hint" });
    this.list = h("ul", { class: "runs-list", "aria-label": "Your trainings" });
    this.table = h("div", { hidden: true });
    this.storage = h("p", { class: "train-hint runs-storage" });
    this.problem = h("p", { class: "train-problem runs-problem", role: "alert" });
    this.element = h("details", { class: "runs", ontoggle: () => this.#toggled() },
      h("summary", null, h("h3", null, "Your trainings"), " ", this.count),
      h("div", { class: "runs-box" },
        h("div", { class: "runs-tools" }, this.compare, h("button", { type: "button", onclick: () => this.picker.click() }, "Import"), this.picker, this.hint),
        this.problem, this.#broken.element, this.list, this.table, this.storage));
    const render = atMostEvery(RENDER_MS, () => this.#render());
    this.#library.onChange(render);
    run.onChange(render);
    app.storage.onChange(render);
    app.files.takeTrainings((files) => this.#import(files));
  }

  async restore() {
    const open = await this.#app.storage.get(OPEN);
    // The person may have been quicker.
    if (!this.#toggledOnce) this.element.open = open === true;
    await this.#render();
  }

  #toggled() {
    this.#toggledOnce = true;
    this.#app.storage.set(OPEN, this.element.open);
    this.#render();
  }

  /** Resolves once all is shown as it is now. */
  #render() {
    this.#wanted = true;
    this.#rendering ??= this.#renderWanted().finally(() => (this.#rendering = null));
    return this.#rendering;
  }

  async #renderWanted() {
    while (this.#wanted) {
      this.#wanted = false;
      await this.#renderAll();
    }
  }

  async #renderAll() {
    const [cards, broken, held] = await Promise.all([this.#library.cards(), this.#library.broken(), heldTrainings()]);
    this.#cards = cards;
    this.#broken.show(broken);
    for (const id of this.#chosen.keys()) if (!cards.some((card) => card.id === id)) this.#chosen.delete(id);
    this.count.textContent = cards.length === 0 ? "" : `${cards.length}, ${room(cards.reduce((sum, card) => sum + sizeOf(card), 0))}`;
    this.#renderRows(held);
    clearTimeout(this.#lookAgain);
    if (cards.some(({ id }) => held.has(id) && id !== this.#run.id)) this.#lookAgain = setTimeout(() => this.#render(), LOOK_AGAIN_MS);
    this.#renderTools();
    await Promise.all([this.#renderOverlays(), this.#renderTable(held), this.#renderStorage()]);
  }

  /** @param {ReadonlySet<string>} held */
  #renderRows(held) {
    const run = this.#run;
    const working = run.state === "starting" || run.state === "running";
    for (const card of this.#cards) {
      const { id } = card;
      const here = id === run.id;
      const elsewhere = !here && held.has(id);
      const row = this.#rows.get(id) ?? new RunRow(id, { act: (action) => this.#act(action, id), rename: (_, name) => this.#library.update(id, { name }), select: (_, on) => this.#select(id, on) });
      this.#rows.set(id, row);
      const slot = this.#chosen.get(id);
      row.show({
        card, here, elsewhere, state: this.#stateOf(card, elsewhere), step: here ? run.facts.step : card.step, stored: this.#library.isStored(card),
        mayOpen: elsewhere ? "Another tab has it open" : working ? "A training is going on in this tab: pause it or stop it first" : "",
        busy: run.busy, mayDelete: !elsewhere && !(here && working), mark: slot === undefined ? null : markOf(slot),
      });
    }
    const ids = new Set(this.#cards.map(({ id }) => id));
    for (const id of this.#rows.keys()) if (!ids.has(id)) this.#rows.delete(id);
    const wanted = [...this.#deleted.values(), ...this.#cards.map(({ id }) => /** @type {RunRow} */ (this.#rows.get(id)).element)];
    // Only what is not in its place is moved: moving takes the focus away.
    wanted.forEach((element, i) => {
      if (this.list.children[i] !== element) this.list.insertBefore(element, this.list.children[i] ?? null);
    });
    while (this.list.childElementCount > wanted.length) this.list.lastElementChild?.remove();
  }

  /** @param {RunCard} card @param {boolean} elsewhere */
  #stateOf({ id, state, step, plan }, elsewhere) {
    if (id === this.#run.id) return STATE_WORDS[this.#run.state];
    if (elsewhere) return "Open in another tab";
    if (state === "done" || step >= plan.train.steps) return STATE_WORDS.done;
    return STATE_WORDS[state === "stopped" ? "stopped" : "interrupted"];
  }

  #renderTools() {
    const chosen = this.#chosen.size;
    this.compare.disabled = chosen < 2;
    this.compare.setAttribute("aria-expanded", String(this.#comparing && chosen > 1));
    this.compare.textContent = chosen < 2 ? "Compare" : this.#comparing ? "Hide the comparison" : `Compare the ${chosen} chosen`;
    this.hint.textContent = this.#cards.length === 0
      ? "Each training that you start is kept here until you delete it. One that was exported elsewhere can be imported, or dropped on this page."
      : chosen > 0 && !this.#run.id ? "The chosen ones are drawn beside the training that is shown: open one." : "Tick those to draw in the chart and to compare.";
  }

  /** @param {string} id @param {boolean} on */
  #select(id, on) {
    const taken = new Set(this.#chosen.values());
    const free = MARKS.findIndex((_, slot) => !taken.has(slot));
    if (!on) this.#chosen.delete(id);
    else if (free >= 0) this.#chosen.set(id, free);
    this.problem.textContent = on && free < 0 ? `Up to ${MARKS.length} can be drawn at once. Untick one first.` : "";
    this.#render();
  }

  async #renderOverlays() {
    const chosen = this.#cards.filter(({ id }) => this.#chosen.has(id) && id !== this.#run.id);
    const key = JSON.stringify([this.#run.id, ...chosen.map(({ id, name, savedAt }) => [id, name, savedAt, this.#chosen.get(id)])]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const overlays = await Promise.all(chosen.map(async ({ id, name }) => {
      const curves = await this.#curvesOf(id, name);
      const { letter, colour, dash } = markOf(this.#chosen.get(id) ?? 0);
      const history = curves?.history ?? { width: 1, sums: [], counts: [] };
      return { name: `${letter} ${name}`, colour, dash, ...LossHistory.from(history).points(), evaluations: curves?.facts.evaluations ?? [] };
    }));
    if (key === this.#drawn) this.#hooks.onOverlays(overlays);
  }

  /** Curves that cannot be shown keep no others from being drawn. @param {string} id @param {string} name */
  async #curvesOf(id, name) {
    try {
      return await this.#library.curves(id);
    } catch (error) {
      this.problem.textContent = `"${name}": ${error instanceof Error ? error.message : error}`;
      return undefined;
    }
  }

  #toggleCompare() {
    this.#comparing = !this.#comparing;
    this.#render();
  }

  /** @param {ReadonlySet<string>} held */
  async #renderTable(held) {
    const chosen = this.#cards.filter(({ id }) => this.#chosen.has(id));
    this.table.hidden = !this.#comparing || chosen.length < 2;
    if (this.table.hidden) return;
    const compared = await Promise.all(chosen.map(async (card) => {
      const here = card.id === this.#run.id;
      const facts = here ? this.#run.facts : (await this.#curvesOf(card.id, card.name))?.facts;
      return facts ? [{ letter: markOf(this.#chosen.get(card.id) ?? 0).letter, card, facts, state: this.#stateOf(card, !here && held.has(card.id)) }] : [];
    }));
    const table = comparison(compared.flat());
    // A table that is being scrolled through stays while nothing changes.
    if (table.innerHTML !== this.table.firstElementChild?.innerHTML) this.table.replaceChildren(table);
  }

  async #renderStorage() {
    if (!this.element.open) return;
    const { storage } = this.#app;
    const [estimate, safe] = await Promise.all([asked(navigator.storage?.estimate?.()), asked(navigator.storage?.persisted?.())]);
    const known = estimate?.usage !== undefined && estimate.quota
      ? `The browser holds ${room(estimate.usage)} for this page, of up to ${room(estimate.quota)}. ` : "";
    const promise = safe ? "It has promised to keep them until you delete them." : "It may clear them when this device runs short of space: export what you want to be sure of.";
    this.storage.textContent = storage.persistent ? `${known}${promise}` : storage.reason;
  }

  /** @param {Action} action @param {string} id */
  async #act(action, id) {
    this.problem.textContent = "";
    try {
      const card = await this.#library.card(id);
      if (!card) throw new Error("This training was deleted in another tab.");
      if (action === "open") await this.#open(id);
      else if (action === "last" || action === "best") await this.#generate(card, action);
      else if (action === "settings") this.#hooks.onSettings(card, (await this.#library.text(id)) ?? null);
      else if (action === "export") download(await writeRun(await this.#library.whole(card)), `${fileStem(card.name)}${ENDING}`);
      else await this.#remove(card);
    } catch (error) {
      this.problem.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  /** @param {string} id */
  async #open(id) {
    await this.#run.open(id);
    this.#hooks.onOpened();
  }

  /** @param {RunCard} card @param {"last" | "best"} which */
  async #generate(card, which) {
    const bytes = await this.#library.bytes(card, which);
    await this.#app.models.openBytes(bytes.buffer, which === "best" ? `${card.name}, the best` : card.name);
    this.#app.show("write");
    this.#app.announce("The trained model is open. Write with it.");
  }

  /** @param {RunCard} card */
  async #remove({ id, name }) {
    if (id === this.#run.id) this.#run.close();
    const end = () => {
      clearTimeout(timer);
      this.#deleted.delete(id);
      this.#render();
    };
    const undo = h("button", { type: "button", class: "small", onclick: async () => {
      await this.#library.takeBack(id);
      end();
      await this.#render();
      this.#rows.get(id)?.name.focus();
    } }, "Undo");
    this.#deleted.set(id, h("li", { class: "runs-row runs-deleted" }, h("p", null, `"${name}" was deleted.`), undo));
    const timer = setTimeout(end, UNDO_MS);
    await this.#library.remove(id);
    await this.#render();
    undo.focus();
    this.#app.announce(`${name} was deleted. It can be taken back for ten seconds.`);
  }

  #picked() {
    const files = [...(this.picker.files ?? [])];
    this.picker.value = "";
    if (files.length > 0) this.#app.files.take(files);
  }

  /** @param {File[]} files */
  async #import(files) {
    this.problem.textContent = "";
    this.element.open = true;
    const problems = [];
    for (const file of files) {
      try {
        await this.#take(file);
      } catch (error) {
        problems.push(`"${file.name}" could not be imported. ${error instanceof Error ? error.message : error}`);
      }
    }
    this.problem.textContent = problems.join(" ");
    if (problems.length > 0) this.problem.scrollIntoView({ block: "nearest" });
  }

  /** @param {File} file */
  async #take(file) {
    const { card, curves, bytes, text } = await readRun(file, newId());
    card.name = freeName(card.name, new Set(this.#cards.map(({ name }) => name)));
    const wrong = wrongInCard(card);
    if (wrong) throw new Error(wrong);
    const stored = await this.#library.add(card, curves, bytes, text);
    await this.#render();
    this.#app.announce(`${card.name} is among your trainings.`);
    if (!stored) throw new Error(`It is among your trainings, but only until this tab is closed: ${this.#app.storage.reason}`);
    this.#rows.get(card.id)?.element.scrollIntoView({ block: "nearest" });
  }
}
