// The Train panel: choose a text, a size and settings; start; watch it learn; write with it. This file only wires.

import { atMostEvery, h, oncePerFrame, whenSeen, write } from "../page/dom.js";
import { wrongInChoices } from "../runs/check.js";
import { keepAwake } from "./awake.js";
import { OpenBase, baseName } from "./base.js";
import { deviceBlock } from "./device.js";
import { Forgetting } from "./forgetting.js";
import { textName } from "./onward.js";
import { changesIn } from "./presets.js";
import { TrainView } from "./progress/view.js";
import { TrainRun } from "./run.js";
import { TrainSettings } from "./settings.js";
import { TrainText } from "./text.js";
import { Waits } from "./waits.js";

/**
 * @typedef {import("../page/app.js").App} App
 *
 * @typedef {object} TrainPlace
 * @property {() => Promise<TrainRun>} training  this tab's training, once what an earlier visit left of it is taken up
 * @property {TrainRun} run
 * @property {import("./own.js").OwnText} own  the person's own text in the form
 * @property {() => void} attend  moves the person to the training
 * @property {(card: import("../runs/library.js").RunCard, text: string | null) => void} useSettings  fills the form with a training's;
 *   `text` where that is the person's own
 * @property {() => void} useOwnText  chooses the person's own text in the form
 * @property {(overlays: import("./progress/quantities.js").Overlay[]) => void} beside  draws others beside the training that is shown
 */

const CHOICES = "train-choices";
const COUNT_MS = 1000;

/** @param {HTMLElement} root @param {App} app @returns {TrainPlace} */
export function mountTrain(root, app) {
  const run = new TrainRun(app);
  const base = new OpenBase(app, () => { if (known) changed(); });
  const settings = new TrainSettings(() => changed(), base);
  const text = new TrainText(app, () => changed());
  const view = new TrainView(app, run);
  const forgetting = new Forgetting(run);
  view.status.note.after(keepAwake(run, app.state));
  const start = h("button", { type: "submit", class: "primary train-start" }, "Start training");
  const startProblem = h("p", { class: "train-problem train-start-problem", role: "alert" });
  const waits = new Waits(text, start);
  // The three that matter come first: text, size, Start. The rest is for whoever wants to know.
  const fields = [text.element, settings.sizeElement, text.reading, settings.settingsElement];
  const form = h("form", { class: "train-setup", novalidate: true, onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); begin(); } },
    text.element, settings.sizeElement, h("div", { class: "train-start-row" }, start, waits.element, startProblem, settings.estimate),
    text.reading, settings.settingsElement, deviceBlock(app, () => run.facts.tokensPerSecond));
  const bench = h("div", { class: "train-bench" }, form, view.element);
  root.replaceChildren(
    h("header", { class: "panel-head" }, h("h2", { id: "train-title" }, "Train"),
      h("p", { class: "panel-hint" }, "Teach a small model of your own, in this browser, from a text that never leaves it.")),
    h("div", { class: "train-box" }, keptLink(run), bench));

  let kept = "";
  /** What was chosen at the last visit is known: before, it would take the place of what is chosen now. */
  let known = false;
  function changed() {
    text.setModel(base.model);
    settings.setData(text.choice.data, text.vocabulary);
    const { context, validation_share } = settings.settings;
    if (Number.isFinite(context) && Number.isFinite(validation_share)) text.setSplit(context, validation_share);
    startProblem.textContent = "";
    waits.update();
    lock();
    const choices = { ...text.choice, size: settings.size, changed: settings.changed, ...(base.name && { base: base.name }) };
    const now = JSON.stringify(choices);
    if (now === kept) return;
    kept = now;
    app.state.set("choices", choices);
    app.storage.set(CHOICES, choices);
  }

  /** @param {import("../runs/library.js").RunCard} card @param {string | null} own  the text, where it is the person's own */
  function useSettings({ name, choices: { data, size, tokenizer, pieces, settings: used, base: from }, plan }, own) {
    base.ask(from && baseName(from.name, from.digest));
    text.use({ data, tokenizer, pieces }, own === null || data !== "own" ? null : new File([own], `${textName(plan.data_name)}.txt`));
    settings.restore(data, size, changesIn(data, size, used, base.shape));
    changed();
    attendForm();
    app.announce(`The form holds the settings of ${name}.`);
  }

  function attendForm() {
    start.focus({ preventScroll: true });
    form.scrollIntoView({ block: "nearest" });
  }

  async function begin() {
    await waits.while(() => restored.then(() => text.begin()));
    const from = await base.take().catch(() => null); // An engine that died says so itself.
    if (run.busy) return;
    if (text.problem || !settings.valid || (base.chosen && !from)) {
      // A question is said at the button already.
      startProblem.textContent = text.asks ? "" : text.problem || base.problem || "One of the settings does not do: see below its field.";
      if (text.problem) text.focusProblem();
      else settings.focusProblem();
      return;
    }
    startProblem.textContent = "";
    const choices = { ...text.choice, size: settings.size, settings: settings.settings, ...(from && { base: base.base }) };
    try {
      view.attend();
      await run.start(choices, await text.text(), text.name, from);
      if (from) forgetting.begin(from.file);
    } catch (error) {
      startProblem.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  function lock() {
    for (const field of fields) {
      for (const fieldset of [field, ...field.querySelectorAll("fieldset")]) if (fieldset instanceof HTMLFieldSetElement) fieldset.disabled = run.busy || !known;
    }
    start.disabled = run.busy;
    start.textContent = run.state === "paused" ? "Paused" : run.busy ? "Training…" : run.state === "idle" ? "Start training" : "Train another";
    arrange();
  }

  /** Where there is room for one column only, a training comes before the form that could start another. */
  function arrange() {
    const oneColumn = !getComputedStyle(bench).gridTemplateColumns.includes(" ");
    const runFirst = oneColumn && run.state !== "idle";
    if (runFirst === (bench.firstElementChild === view.element)) return;
    const { activeElement } = document;
    if (runFirst) bench.append(form);
    else bench.prepend(form);
    if (form.contains(activeElement) && activeElement instanceof HTMLElement) activeElement.focus({ preventScroll: true });
  }
  // Not while sizes are being told: it changes some, which browsers report as an error.
  new ResizeObserver(oncePerFrame(arrange)).observe(bench);

  let locked = run.state;
  run.onChange(() => {
    // What only reports a step changes nothing here, and laying the form out anew takes time from the training.
    if (run.state === locked) return;
    locked = run.state;
    lock();
  });
  run.onChange(() => {
    if (!run.busy) run.machine().then((machine) => settings.setMachine(machine));
  });
  lock();
  const restored = restore().finally(() => text.acceptFiles());
  return {
    run, own: text.own, useSettings,
    training: () => restored.then(() => run),
    attend: () => view.attend(),
    useOwnText: () => {
      text.use({ ...text.choice, data: "own" }, null);
      changed();
      attendForm();
    },
    beside: (overlays) => { view.curves.overlays = overlays; },
  };

  async function restore() {
    await restoreChoices().finally(() => {
      known = true;
      lock();
      if (base.chosen) changed();
    });
    settings.setMachine(await run.machine());
    await run.restore();
    view.render();
    // The text is read only once the panel is looked at: the page's first text comes first.
    whenSeen(root, () => text.begin());
  }

  async function restoreChoices() {
    const choices = app.state.get("choices") ?? await app.storage.get(CHOICES);
    if (choices && !wrongInChoices(choices)) {
      app.state.set("choices", { ...choices, changed: choices.changed ?? {} });
      base.ask(choices.base);
      settings.restore(choices.data, choices.size, choices.changed ?? {});
      kept = JSON.stringify(choices);
      await text.restore(choices);
    }
  }
}

/** How many trainings are kept, and the way to them. @param {TrainRun} run */
function keptLink({ library }) {
  const link = h("a", { href: "#mine", "data-to": "mine" });
  const line = h("p", { class: "train-kept", hidden: true }, link);
  const show = atMostEvery(COUNT_MS, async () => {
    const { length } = await library.cards();
    line.hidden = length === 0;
    write(link, `${length === 1 ? "1 training is" : `${length.toLocaleString("en-GB")} trainings are`} kept: Mine`);
  });
  library.onChange(show);
  show();
  return line;
}
