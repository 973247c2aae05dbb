// The list of all trainings that this browser keeps. It shows what the library holds and passes on what a person wishes.

import { download } from "../files/out.js";
import { atMostEvery, h } from "../page/dom.js";
import { DeletedRows } from "../page/deleted.js";
import { STATE_WORDS } from "../train/progress/view.js";
import { fileStem, room } from "../train/words.js";
import { BrokenRuns } from "./broken.js";
import { wrongInCard } from "./check.js";
import { ChosenRuns } from "./chosen.js";
import { ENDING, readRun, writeRun } from "./file.js";
import { freeName, newId, sizeOf } from "./library.js";
import { heldTrainings } from "./locks.js";
import { RunRow } from "./row.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("./library.js").RunCard} RunCard
 * @typedef {import("./row.js").Action} Action
 * @typedef {import("../train/train.js").TrainPlace} TrainPlace
 */

const RENDER_MS = 1000;
/** A tab that is closed says nothing of what it lets go. */
const LOOK_AGAIN_MS = 2000;

export class RunsView {
  #app;
  #train;
  #run;
  #library;
  /** @type {Map<string, RunRow>} */
  #rows = new Map();
  /** @type {RunCard[]} */
  #cards = [];
  /** What was deleted a moment ago. */
  #deleted = new DeletedRows(() => this.#render(), (error) => { this.problem.textContent = error instanceof Error ? error.message : String(error); });
  #chosen;
  /** Those that cannot be shown. */
  #broken;
  #wanted = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #lookAgain;
  /** @type {Promise<void> | null} */
  #rendering = null;
  /** What there is: how many, and how many bytes. Called after every change. @type {(count: number, bytes: number) => void} */
  onAmount = () => {};

  /** @param {App} app @param {TrainPlace} train  where one is shown */
  constructor(app, train) {
    this.#app = app;
    this.#train = train;
    this.#run = train.run;
    this.#library = train.run.library;
    this.#broken = new BrokenRuns(this.#library);
    this.#chosen = new ChosenRuns({
      run: this.#run, onOverlays: train.beside, onChange: () => this.#render(), onProblem: (words) => { this.problem.textContent = words; },
    });
    this.count = h("span", { class: "runs-count" });
    this.picker = h("input", { type: "file", multiple: true, hidden: true, "aria-label": "Training to open", onchange: () => this.#picked() });
    this.hint = h("p", { class: "train-hint" }, "Tick two or more to compare them.");
    this.list = h("ul", { class: "runs-list", "aria-label": "Your trainings" });
    this.problem = h("p", { class: "train-problem runs-problem", role: "alert" });
    this.tools = h("div", { class: "runs-tools" }, this.#chosen.button, this.hint);
    this.element = h("section", { class: "mine-part runs", "aria-label": "Trainings" },
      h("h3", null, "Trainings ", this.count), this.picker, this.problem, this.tools, this.#broken.element, this.list, this.#chosen.element);
    const render = atMostEvery(RENDER_MS, () => this.#render());
    this.#library.onChange(render);
    this.#run.onChange(render);
    app.storage.onChange(render);
    app.files.takeTrainings((files) => this.#takeAll(files));
    this.#render();
  }

  /** Shows what there is now. */
  refresh() {
    return this.#render();
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
    const bytes = cards.reduce((sum, card) => sum + sizeOf(card), 0);
    this.count.textContent = cards.length === 0 ? "" : `${cards.length}, ${room(bytes)}`;
    this.tools.hidden = cards.length < 2;
    this.element.hidden = cards.length + broken.length + this.#deleted.elements.length === 0 && this.problem.textContent === "";
    this.#renderRows(held);
    clearTimeout(this.#lookAgain);
    if (cards.some(({ id }) => held.has(id) && id !== this.#run.id)) this.#lookAgain = setTimeout(() => this.#render(), LOOK_AGAIN_MS);
    this.onAmount(cards.length, bytes);
    await this.#chosen.render(cards, (card) => this.#stateOf(card, card.id !== this.#run.id && held.has(card.id)));
  }

  /** @param {ReadonlySet<string>} held */
  #renderRows(held) {
    const run = this.#run;
    const working = run.state === "starting" || run.state === "running";
    for (const card of this.#cards) {
      const { id } = card;
      // While it is being taken up, it is not shown yet.
      const here = id === run.id && run.state !== "idle";
      const elsewhere = id !== run.id && held.has(id);
      const row = this.#rows.get(id) ?? new RunRow(id, { act: (action) => this.#act(action, id), rename: (_, name) => this.#library.update(id, { name }), select: (_, on) => this.#chosen.choose(id, on) });
      this.#rows.set(id, row);
      row.show({
        card, here, elsewhere, state: this.#stateOf(card, elsewhere), step: here ? run.facts.step : card.step, stored: this.#library.isStored(card),
        unfinished: !(here && working) && card.last !== null && (here ? run.facts.step : card.step) < card.plan.train.steps,
        mayOpen: elsewhere ? "Another tab has it open" : working ? "A training is going on in this tab: pause it or stop it first" : "",
        busy: run.busy, mayDelete: !elsewhere && !(here && working), mark: this.#chosen.markOf(id),
      });
    }
    const ids = new Set(this.#cards.map(({ id }) => id));
    for (const id of this.#rows.keys()) if (!ids.has(id)) this.#rows.delete(id);
    const wanted = [...this.#deleted.elements, ...this.#cards.map(({ id }) => /** @type {RunRow} */ (this.#rows.get(id)).element)];
    // Only what is not in its place is moved: moving takes the focus away.
    wanted.forEach((element, i) => {
      if (this.list.children[i] !== element) this.list.insertBefore(element, this.list.children[i] ?? null);
    });
    while (this.list.childElementCount > wanted.length) this.list.lastElementChild?.remove();
  }

  /** @param {RunCard} card @param {boolean} elsewhere */
  #stateOf({ id, state, step, plan }, elsewhere) {
    if (id === this.#run.id && this.#run.state !== "idle") return STATE_WORDS[this.#run.state];
    if (elsewhere) return "Open in another tab";
    if (state === "done" || step >= plan.train.steps) return STATE_WORDS.done;
    return STATE_WORDS[state === "stopped" ? "stopped" : "interrupted"];
  }

  /** @param {Action} action @param {string} id */
  async #act(action, id) {
    this.problem.textContent = "";
    try {
      const card = await this.#library.card(id);
      if (!card) throw new Error("This training was deleted in another tab.");
      if (action === "open" || action === "goOn") await this.#open(id, action === "goOn");
      else if (action === "last" || action === "best") await this.#generate(card, action);
      else if (action === "settings") this.#useSettings(card, (await this.#library.text(id)) ?? null);
      else if (action === "download") download(await writeRun(await this.#library.whole(card)), `${fileStem(card.name)}${ENDING}`);
      else await this.#remove(card);
    } catch (error) {
      this.problem.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  /** @param {string} id @param {boolean} goOn */
  async #open(id, goOn) {
    await this.#run.open(id);
    this.#app.show("train");
    this.#train.attend();
    if (goOn) await this.#run.goOn();
  }

  /** @param {RunCard} card @param {string | null} text */
  #useSettings(card, text) {
    this.#app.show("train");
    this.#train.useSettings(card, text);
  }

  /** @param {RunCard} card @param {"last" | "best"} which */
  async #generate(card, which) {
    const bytes = await this.#library.bytes(card, which);
    await this.#app.models.openBytes(bytes.buffer, which === "best" ? `${card.name}, the best` : card.name, { trained: true });
    this.#app.show("write");
    this.#app.announce("The trained model is open. Write with it.");
  }

  /** @param {RunCard} card */
  async #remove({ id, name }) {
    if (id === this.#run.id) this.#run.close();
    const undo = this.#deleted.add(name, async () => {
      await this.#library.takeBack(id);
      await this.#render();
      this.#rows.get(id)?.name.focus();
    });
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
  async #takeAll(files) {
    this.problem.textContent = "";
    const problems = [];
    for (const file of files) {
      try {
        await this.#take(file);
      } catch (error) {
        problems.push(`"${file.name}" could not be opened. ${error instanceof Error ? error.message : error}`);
      }
    }
    this.problem.textContent = problems.join(" ");
    await this.#render();
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
