// The Race panel: two models of equal size on the same text, trained in turn, and the published table with measured
// numbers in it. This file only wires.

import { Engine, startWorker } from "../engine/client.js";
import { h, whenSeen } from "../page/dom.js";
import { loadDataSet } from "../text/data-sets.js";
import { RaceForm } from "./form.js";
import { ourRaces } from "./ours.js";
import { makePlan } from "./plan.js";
import { speedOf } from "./results.js";
import { RaceRun } from "./run.js";
import { RaceStore } from "./store.js";
import { RaceView } from "./view.js";

/** @typedef {import("../page/app.js").App} App */

const CHOICES = "race-choices";

/** An engine of its own, on the processor: the page's model and its training stay as they are. */
function openEngine() {
  const started = startWorker("wavefield-race");
  return { engine: new Engine(() => started), close: () => started.worker.terminate() };
}

/** @typedef {{ run: RaceRun, open: (id: string) => void }} RacePlace  open: shows a race that is kept, by its plan's id */

/** @param {HTMLElement} root @param {App} app @returns {RacePlace} */
export function mountRace(root, app) {
  const store = new RaceStore(app.storage);
  const run = new RaceRun({
    openEngine, store,
    textOf: ({ choices: { data } }) => (data === "own" ? store.text() : loadDataSet(data)),
    disturbed: () => app.state.get("training"),
  });
  const form = new RaceForm(app, measured, changed, begin);
  const view = new RaceView(app, run, repeat, raceOn);
  let kept = "";
  let mayForget = false;

  root.replaceChildren(
    h("header", { class: "panel-head" }, h("h2", { id: "race-title" }, "Race"),
      h("p", { class: "panel-hint" }, "The same text, the same batches, the same size: a Wave Field model against a standard Transformer.")),
    h("div", { class: "race-box train-box" }, h("div", { class: "race-bench" }, h("div", { class: "race-setup" }, form.element, howItIsFair()), view.element)));

  /** @type {import("./form.js").Measured} */
  function measured({ choices, entrants }, entrant) {
    const like = run.results.find(({ plan }) => plan.choices.size === choices.size && plan.choices.settings.context === choices.settings.context);
    if (!like) return null;
    const index = like.plan.entrants.findIndex(({ architecture, model }) => architecture === entrants[entrant].architecture && model.field_size === entrants[entrant].model.field_size);
    return like.heats.filter((heat) => heat.entrant === index).map(speedOf).findLast((speed) => speed > 0) ?? null;
  }

  function changed() {
    mayForget = false;
    form.problem.textContent = "";
    lock();
    const now = JSON.stringify(form.kept);
    if (now === kept) return;
    kept = now;
    app.storage.set(CHOICES, form.kept);
  }

  /** What was chosen at the last visit is known: before, it would take the place of what is chosen now. */
  let known = false;
  function lock() {
    form.lock(run.busy || !known);
    form.start.textContent = mayForget ? "Start all the same" : run.busy ? "Racing…" : "Start the race";
  }

  async function begin() {
    await form.waits.while(() => restored.then(() => form.begin()));
    if (run.busy) return;
    form.problem.textContent = form.text.asks ? "" : form.fault;
    if (form.fault) return form.focusProblem();
    if (run.unfinished && !mayForget) {
      mayForget = true;
      form.problem.textContent = "The race that was stopped would be forgotten. Go on with it, or start another one all the same.";
      return lock();
    }
    mayForget = false;
    try {
      view.attend();
      const text = await form.text.text();
      const { tokens } = form.text;
      const bytes_per_token = tokens ? new TextEncoder().encode(text).length / tokens : null;
      await run.start({ ...makePlan(form.choices, new Date().toISOString().replace(/[-:]|\..*/g, "").replace("T", "-")), bytes_per_token }, text);
    } catch (error) {
      form.problem.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  /** @param {import("./results.js").Result} result */
  async function repeat({ plan: { choices, seeds, trials } }) {
    const { data, tokenizer, pieces, size, lineUp, settings } = choices;
    await form.restore({ text: { data, tokenizer, pieces }, size, lineUp, changed: settings, trials: choices.trials });
    form.setSeed((trials?.seed ?? seeds[seeds.length - 1]) + 1);
    await begin();
  }

  /** @param {import("./results.js").Result} result @param {import("./plan.js").LineUpId} lineUp */
  async function raceOn({ plan: { choices, seeds } }, lineUp) {
    const { data, tokenizer, pieces, size, settings: { steps, context, batch_size } } = choices;
    await form.restore({ text: { data, tokenizer, pieces }, size, lineUp, changed: { steps, context, batch_size, seeds: seeds.length, seed: seeds[0] }, trials: choices.trials });
    await begin();
  }

  whenSeen(root, () => ourRaces().then((races) => view.setOurs(races), ({ message }) => view.lackOurs(message)));

  let state = run.state;
  run.onChange(() => {
    if (run.state === state) return;
    state = run.state;
    form.refresh();
    lock();
  });
  addEventListener("pagehide", () => run.save());
  document.addEventListener("freeze", () => run.save());
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && run.save());
  lock();
  const restored = restore();
  return { run, open: (id) => view.open(id) };

  async function restore() {
    await app.storage.get(CHOICES).then((choices) => form.restore(choices)).finally(() => {
      known = true;
      lock();
    });
    kept = JSON.stringify(form.kept);
    await run.restore();
    form.changed();
    whenSeen(root, () => form.begin());
  }
}

function howItIsFair() {
  return h("details", { class: "race-details" }, h("summary", null, "How the race is run"),
    h("ul", { class: "race-notes" },
      h("li", null, "Width, depth and heads are the same; the Transformer's feed-forward layer is made so much wider that both learn equally many numbers."),
      h("li", null, "Both get the same batches in the same order, the same schedule (warm-up, then a cosine down to a hundredth) and the same optimiser (AdamW, weight decay 0.01)."),
      h("li", null, "They take turns, a slice of steps each, and only one trains at a time. Speed is measured while it trains, without pauses, measurements and the engine's first two seconds."),
      h("li", null, "Both run on one thread of the processor, in an engine of the race's own. Another training in this page at the same time makes both slower."),
      h("li", null, "For both the held-back loss is that of the same 48 pieces of the last tenth of the text. It is an estimate: small differences may be due to which pieces they are.")));
}
