// While a training runs: the screen stays on where the browser allows it, the tab's title and the link to it say how far it
// is, wherever the person is, and whoever asked for it is told when it is over.

import { h } from "../page/dom.js";

/** @typedef {import("./run.js").TrainRun} TrainRun */

const PROGRESS = /^(?:\d+ % · |Done · )/;
const bare = () => document.title.replace(PROGRESS, "");

/** @param {TrainRun} run @returns {HTMLElement} the question whether to be told */
export function keepAwake(run) {
  /** @type {WakeLockSentinel | null} */ let lock = null;
  let asking = false;
  let was = run.state;
  const known = typeof Notification === "function";
  const told = h("input", { type: "checkbox", onchange: async () => {
    // Asked once, by the person's own press; a refusal is the browser's to remember.
    if (told.checked && Notification.permission !== "granted") told.checked = (await Notification.requestPermission().catch(() => "denied")) === "granted";
    if (!told.checked && Notification.permission === "denied") note.textContent = "This browser does not let the page send messages. That can be changed in its settings.";
  } });
  const note = h("span", { class: "train-hint", role: "status" });
  const question = h("p", { class: "train-tell", hidden: true }, h("label", { class: "check" }, told, "Tell me when it is over"), note);

  async function hold() {
    const wanted = run.state === "running" && document.visibilityState === "visible";
    if (!wanted) {
      await lock?.release().catch(() => {}); // It is gone already.
      lock = null;
    } else if (!lock && !asking && navigator.wakeLock) {
      asking = true;
      // Refused where power is low; then the screen goes dark as ever, and training goes on.
      lock = await navigator.wakeLock.request("screen").catch(() => null);
      asking = false;
      lock?.addEventListener("release", () => { lock = null; });
      if (run.state !== "running") hold();
    }
  }

  function over() {
    if (document.visibilityState === "visible") return;
    document.title = `Done · ${bare()}`;
    if (known && told.checked && Notification.permission === "granted") {
      const { plan, facts } = run;
      try {
        new Notification("The training is over.", { body: `${plan?.data_name ?? "The model"}, ${facts.step.toLocaleString("en-GB")} steps.`, tag: "wavefield-training" });
      } catch { /* Phones have them from service workers only. The title says it. */ }
    }
  }

  /** @param {string} words  "" where nothing runs */
  function mark(words) {
    for (const link of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.places [data-to="train"]'))) {
      if (words) link.dataset.done = words;
      else delete link.dataset.done;
    }
  }

  run.onChange(() => {
    const { state, facts, plan } = run;
    if (state === "running") {
      const percent = Math.floor((100 * facts.step) / (plan?.train.steps ?? 1));
      const title = `${percent} % · ${bare()}`;
      if (document.title !== title) document.title = title;
      mark(`${percent} %`);
    } else if (was === "running") {
      mark("");
      document.title = bare();
      if (state === "done" || state === "failed" || state === "stopped") over();
    }
    question.hidden = !known || state !== "running";
    if (state !== was) {
      was = state;
      hold();
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && run.state !== "running") document.title = bare();
    hold();
  });
  return question;
}
