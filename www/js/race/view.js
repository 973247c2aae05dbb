// The race as it goes, and what came of it: state and controls, chart, table, outcome, files. Drawn at most once a frame,
// and only while it can be seen.

import { download, tableFile } from "../files/out.js";
import { ask } from "../page/ask.js";
import { h, oncePerFrame, VERBATIM, write } from "../page/dom.js";
import { focusKeeper } from "../page/focus.js";
import { RaceChart } from "./chart.js";
import { racePicture } from "./picture.js";
import { chartWords, hasTransformer, linesOf, nameOf, nextRace, notes, outcome, tableRows, textsOf, toCsv, toJson, trialRows, whereItIs, whyAhead } from "./results.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("./run.js").RaceRun} RaceRun
 * @typedef {import("./run.js").RaceState} RaceState
 * @typedef {import("./results.js").Result} Result
 * @typedef {Pick<Result, "plan" | "heats" | "disturbed" | "ours">} Race
 */

/** @type {Record<RaceState, string>} */
const STATE_WORDS = {
  idle: "No race yet", starting: "Getting ready", running: "Racing", stopping: "Stopping", stopped: "Stopped",
  interrupted: "Interrupted", failed: "Interrupted by a fault", done: "Finished",
};
/** Drawing takes time from the training on a small machine. */
const DRAWING_MS = 250;

export class RaceView {
  #app;
  #run;
  /** A kept race that is looked at, while none is run. @type {Result | null} */ #chosen = null;
  /** Races that we ran. @type {Result[]} */ #ours = [];
  #problem = "";
  /** What the table shows. */ #figured = "";
  /** @type {RaceState} */ #said = "idle";
  #drawnAt = 0;
  /** @type {RaceState | null} */ #drawnState = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #waiting;

  /**
   * @param {App} app @param {RaceRun} run @param {(result: Result) => void} repeat
   * @param {(result: Result, lineUp: import("./plan.js").LineUpId) => void} next  the same text and size in another line-up
   */
  constructor(app, run, repeat, next) {
    this.#app = app;
    this.#run = run;
    this.word = h("strong", null);
    this.where = h("span", { class: "race-where" });
    this.note = h("p", { class: "race-note" });
    this.bar = h("progress", { class: "train-bar", max: 1, value: 0, "aria-label": "Share of the race that is done" });
    this.stop = h("button", { type: "button", onclick: () => run.stop() }, "Stop");
    this.goOn = h("button", { type: "button", class: "primary", onclick: () => this.#do(() => run.goOn()) }, "Go on");
    this.discard = h("button", { type: "button", class: "quiet", onclick: () => this.#do(() => run.discard()) }, "Forget it");
    this.again = h("button", { type: "button", onclick: () => this.#shown && "finishedAt" in this.#shown && repeat(/** @type {Result} */ (this.#shown)) }, "Repeat with other seeds");
    this.next = h("button", { type: "button", hidden: true, onclick: () => {
      const shown = this.#shown;
      if (shown && "finishedAt" in shown) next(/** @type {Result} */ (shown), nextRace(shown.plan).lineUp);
    } });
    this.why = h("p", { class: "race-why" });
    this.texts = h("div", { class: "race-texts" });
    this.kept = h("select", { onchange: () => this.#choose() });
    this.keptLabel = h("label", { class: "race-kept" }, "Race shown ", this.kept);
    this.host = h("div", { class: "race-chart", role: "img", "aria-label": "Loss against steps" });
    this.legend = h("p", { class: "race-legend" });
    this.outcome = h("p", { class: "race-outcome" });
    this.table = h("div", { class: "race-table", tabindex: 0, role: "region", "aria-label": "The race in figures" });
    this.trialRows = h("tbody", null);
    this.trials = h("details", { class: "race-trials" }, h("summary", null, "Learning rates that were tried"),
      h("table", null, h("thead", null, h("tr", null, ["Model", "Learning rate", "Loss, held back"].map((name) => h("th", { scope: "col" }, name)))), this.trialRows));
    this.notes = h("ul", { class: "race-notes" });
    const files = /** @type {const} */ (["CSV", "JSON", "PNG"]);
    this.files = files.map((kind) => h("button", { type: "button", class: "small", onclick: () => this.#do(() => this.#save(kind)) }, kind));
    this.saving = h("div", { class: "race-files", role: "group", "aria-label": "Download the race" }, h("span", null, "Download as"), this.files);
    this.lacking = h("p", { role: "status" });
    this.empty = emptyState(this.lacking);
    this.figures = h("div", { class: "race-figures" },
      h("section", { class: "race-block" }, h("div", { class: "asked" }, h("h3", null, "Result"), ask("Perplexity", "Bits a byte", "Confidence interval")), this.outcome, this.why),
      h("section", { class: "race-block" }, h("div", { class: "asked" }, h("h3", null, "Loss, in nats a token"), ask("Loss", "Nat")), this.legend, this.host),
      h("section", { class: "race-block" }, h("h3", null, "What they write, and all figures"), this.texts, this.table, this.trials, this.notes),
      this.saving);
    const controls = [this.stop, this.goOn, this.next, this.again, this.discard];
    this.status = h("div", { class: "race-status", tabindex: -1, role: "group", "aria-label": "The race" },
      h("p", { class: "race-status-line" }, this.word, " ", this.where),
      h("div", { class: "race-controls", role: "group", "aria-label": "Control of the race" }, this.stop, this.goOn, this.discard, this.next, this.again),
      this.bar, this.note);
    this.keepFocus = focusKeeper(this.status, () => controls, this.status);
    this.element = h("div", { class: "race-run" }, this.status, this.keptLabel, this.empty, this.figures);
    this.chart = new RaceChart(this.host);
    run.onChange(this.render);
    document.addEventListener("visibilitychange", this.render);
    new ResizeObserver(this.render).observe(this.element);
  }

  /** What is to be seen: the race under way, or one that is kept. @returns {Race | Result | null} */
  get #shown() {
    const { plan, heats, disturbed, result, results, state } = this.#run;
    if (state !== "done" && state !== "idle" && plan) return { plan, heats, disturbed };
    const chosen = this.#all.find((one) => one.plan.id === this.#chosen?.plan.id);
    return chosen ?? result ?? results[0] ?? this.#ours[0] ?? null;
  }

  /** What there is to look at: the visitor's own races, then ours. */
  get #all() {
    return [...this.#run.results, ...this.#ours];
  }

  /** @param {Result[]} results  races that we ran */
  setOurs(results) {
    this.#ours = results;
    this.render();
  }

  /** Why ours are not there. @param {string} message */
  lackOurs(message) {
    this.lacking.textContent = message;
  }

  /** Draws in the next frame; while nothing but the figures move, a few times a second are enough. */
  render = () => {
    const rest = this.#drawnState === this.#run.state ? DRAWING_MS - (performance.now() - this.#drawnAt) : 0;
    if (rest <= 0) return this.#draw();
    this.#waiting ??= setTimeout(this.#draw, rest);
  };

  #draw = oncePerFrame(() => {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    this.#drawnAt = performance.now();
    if (this.#drawnState !== this.#run.state) this.#chosen = null;
    this.#drawnState = this.#run.state;
    this.#announce();
    if (this.element.clientWidth === 0) return; // On a tab that is not shown; resizing asks again.
    this.keepFocus(() => this.#renderStatus());
    this.#renderKept();
    const shown = this.#shown;
    this.empty.hidden = shown !== null;
    this.figures.hidden = shown === null;
    if (shown) this.#renderRace(shown);
  });

  /** Moves the person to the race that begins. */
  attend() {
    this.status.focus({ preventScroll: true });
    this.status.scrollIntoView({ block: "nearest" });
  }

  /** Runs what a button asks for; a failure is shown in words. @param {() => unknown} action */
  async #do(action) {
    this.#problem = "";
    try {
      await action();
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      this.#app.announce(this.#problem);
    }
    this.render();
  }

  /** Shows one that is kept. @param {string} id  its plan's */
  open(id) {
    this.#chosen = this.#run.results.find(({ plan }) => plan.id === id) ?? null;
    this.attend();
    this.render();
  }

  #choose() {
    this.#chosen = this.#all[this.kept.selectedIndex] ?? null;
    this.render();
  }

  #renderStatus() {
    const run = this.#run;
    const { state, plan, heats } = run;
    this.element.dataset.state = state;
    const under = state !== "idle" && state !== "done";
    const ours = !under && this.#shown !== null && "ours" in this.#shown && this.#shown.ours;
    this.word.textContent = ours ? "A race that we ran" : STATE_WORDS[state];
    this.where.textContent = plan && under ? whereItIs(plan, heats) : "";
    this.bar.value = state === "done" ? 1 : run.share;
    this.bar.hidden = state === "idle";
    this.stop.hidden = !run.busy;
    this.stop.disabled = state !== "running";
    this.goOn.hidden = this.discard.hidden = !run.unfinished;
    this.again.hidden = this.next.hidden = under || this.#shown === null;
    if (this.#shown) {
      write(this.next, nextRace(this.#shown.plan).label);
      write(this.again, ours ? "Run it here, with other seeds" : "Repeat with other seeds");
    }
    this.note.textContent = this.#problem || this.#words();
    this.note.classList.toggle("race-problem", this.#problem !== "" || state === "failed");
  }

  #words() {
    const run = this.#run;
    const unsafe = this.#app.storage.persistent ? "" : ` ${this.#app.storage.reason}`;
    const slow = this.#app.state.get("training") ? " A training is under way in the Train part too: both are slower, and the speeds in the table come out too low." : "";
    switch (run.state) {
      case "idle":
        return `${run.message}${slow}${unsafe}`.trim();
      case "starting":
        return "An engine is started for the race, beside the page's own.";
      case "running":
        return `${run.left.sentence(slow ? "a training is under way here, too" : undefined)} You can leave this tab: the race goes on.${slow}${unsafe}`;
      case "stopping":
        return "It is being kept as it is now.";
      case "stopped":
        return `It goes on exactly from here.${unsafe}`;
      case "interrupted":
        return "The page was closed or reloaded. The race was kept and goes on exactly from there.";
      case "failed":
        return `${run.message}${run.unfinished ? " The race was kept as it was a little before." : ""}`;
      case "done":
        return `The last five races are kept in this browser, under Mine.${unsafe}`;
    }
  }

  #renderKept() {
    const { results, state } = this.#run;
    const all = this.#all;
    this.keptLabel.hidden = all.length === 0 || (state !== "idle" && state !== "done");
    const names = all.map(nameOf);
    if (names.join("\n") !== [...this.kept.options].map((option) => option.text).join("\n")) {
      const options = names.map((name) => h("option", null, name));
      const group = (/** @type {string} */ label, /** @type {HTMLElement[]} */ some) => some.length > 0 && h("optgroup", { label }, some);
      this.kept.replaceChildren(...[group("Run in this browser", options.slice(0, results.length)), group("Run by us", options.slice(results.length))].filter((part) => part !== false));
    }
    const shown = this.#shown;
    this.kept.selectedIndex = Math.max(0, all.findIndex((result) => result.plan.id === shown?.plan.id));
  }

  /** @param {Race} race */
  #renderRace(race) {
    const { plan, heats } = race;
    this.chart.show(linesOf(plan, heats), plan.choices.settings.steps);
    this.host.setAttribute("aria-label", chartWords(plan, heats));
    if (this.legend.dataset.plan !== plan.id) this.legend.replaceChildren(...legend(plan));
    this.legend.dataset.plan = plan.id;
    this.outcome.textContent = outcome(plan, heats) || "The table fills as the race goes; the outcome comes with the first pair that is done.";
    write(this.why, whyAhead(plan, heats));
    this.#renderTexts(textsOf(plan, heats));
    this.#renderFigures(race);
    for (const button of this.files) button.disabled = !heats.some(({ step }) => step > 0);
  }

  /** Written anew only where something changed: a person may be reading or copying. @param {Race} race */
  #renderFigures(race) {
    const { plan, heats } = race;
    const rows = tableRows(plan, heats);
    const tried = trialRows(plan, heats);
    const said = notes(race);
    const now = JSON.stringify([plan.id, rows, tried, said]);
    if (now === this.#figured) return;
    this.#figured = now;
    this.table.replaceChildren(raceTable(plan, rows));
    this.trials.hidden = tried.length === 0;
    this.trialRows.replaceChildren(...tried.map(({ label, rate, loss, failed }) => h("tr", null,
      h("th", { scope: "row" }, label), h("td", null, String(rate)), h("td", null, failed ? "failed" : loss === null ? "–" : loss.toFixed(4)))));
    this.notes.replaceChildren(...said.map((words) => h("li", null, words)));
  }

  /** @param {"CSV" | "JSON" | "PNG"} kind */
  async #save(kind) {
    const shown = this.#shown;
    if (!shown) return;
    const result = { version: /** @type {const} */ (1), finishedAt: Date.now(), ...shown };
    const name = `wave-field-race-${result.plan.choices.lineUp}-${result.plan.id}`;
    if (kind === "CSV") return download(tableFile(toCsv(result)), `${name}.csv`);
    if (kind === "JSON") return download(toJson(result), `${name}.json`);
    const chart = this.chart.canvas;
    if (!chart) throw new Error("The picture needs the chart, which is not drawn yet. Try again in a moment.");
    download(await racePicture(result, chart), `${name}.png`);
  }

  /** What they write at the end. @param {{ label: string, text: string }[]} texts */
  #renderTexts(texts) {
    const key = JSON.stringify(texts);
    if (this.texts.dataset.of === key) return;
    this.texts.dataset.of = key;
    this.texts.replaceChildren(...texts.map(({ label, text }, i) => h("section", { class: `race-text race-key-${i}` },
      h("h4", null, `${label} writes`), h("blockquote", VERBATIM, text.trim()))));
  }

  /** Says the turning points to a screen reader, and nothing in between. */
  #announce() {
    const { state, plan, heats, message } = this.#run;
    if (state === this.#said) return;
    this.#said = state;
    if (state === "idle" || state === "starting" || state === "stopping") return;
    this.#app.announce(`Race: ${STATE_WORDS[state]}. ${state === "done" && plan ? outcome(plan, heats) : message}`);
  }
}

/** @param {HTMLElement} lacking */
function emptyState(lacking) {
  return h("div", { class: "race-empty" }, lacking,
    h("p", null, "A race trains two models of the same size on the same text, batch for batch, and fills in the table that the author of the Wave Field model published."),
    h("p", null, "That table says: a standard Transformer reaches a perplexity of 5.9 and Wave Field V3.5 one of 6.2 (5 % more), with work that grows as n² against n log n. ", ask("Perplexity")));
}

/** @param {import("./plan.js").Plan} plan */
const legend = ({ entrants, seeds }) => [
  ...entrants.map(({ label }, i) => h("span", { class: `race-key race-key-${i}` },
    h("i", { class: "race-key-train", "aria-hidden": "true" }), `${label}, training `, h("i", { class: "race-key-validation", "aria-hidden": "true" }), "held back")),
  seeds.length > 1 && h("span", null, "Lines are means over the seeds; bars go from the best seed to the worst."),
].filter((part) => part !== false);

/** @param {import("./plan.js").Plan} plan @param {import("./results.js").Row[]} rows */
function raceTable(plan, rows) {
  const claimed = hasTransformer(plan);
  const head = (/** @type {string} */ text, quiet = false) => h("th", { scope: "col", class: quiet && "race-published" }, text);
  return h("table", null,
    h("caption", { class: "visually-hidden" }, `Measured here${claimed ? ", beside what was published" : ""}`),
    h("thead", null,
      claimed && h("tr", null, h("td", null), h("th", { scope: "colgroup", colspan: plan.entrants.length }, "Measured here"), h("th", { scope: "colgroup", colspan: plan.entrants.length, class: "race-published" }, "Published")),
      h("tr", null, h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, "What")), plan.entrants.map(({ label }) => head(label)), claimed && plan.entrants.map(({ label }) => head(label, true)))),
    h("tbody", null, rows.map(({ name, hint, cells, published }) => h("tr", null,
      h("th", { scope: "row" }, name, h("small", null, hint)),
      cells.map(({ main, spread }) => h("td", null, main, spread && h("small", null, spread))),
      published.map((claim) => h("td", { class: "race-published" }, claim))))));
}
