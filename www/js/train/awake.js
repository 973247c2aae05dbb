// While a training runs: the screen stays on where the browser allows it, the tab's title and the link to it say how far it
// is, wherever the person is, and whoever asked for it is told when it is over.

import { h } from "../page/dom.js";

/** @typedef {import("./run.js").TrainRun} TrainRun */

const PROGRESS = /^(?:\d+ % · |Done · )/;
const OVER = "The training is over.";
const bare = () => document.title.replace(PROGRESS, "");

/**
 * @param {TrainRun} run @param {import("../page/state.js").State} state
 * @returns {HTMLElement} the question whether to be told
 */
export function keepAwake(run, state) {
  /** @type {WakeLockSentinel | null} */ let lock = null;
  let asking = false;
  let was = run.state;
  // Phones have messages from the service worker only, which is there once the page is kept for use without a connection.
  const known = typeof Notification === "function" && "serviceWorker" in navigator;
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
    if (!known || !told.checked || Notification.permission !== "granted") return;
    const { plan, facts } = run;
    const body = `${plan?.data_name ?? "The model"}, ${facts.step.toLocaleString("en-GB")} steps.`;
    const message = { body, tag: "wavefield-training" };
    navigator.serviceWorker.getRegistration()
      .then((worker) => (worker ? worker.showNotification(OVER, message) : void new Notification(OVER, message)))
      .catch(() => {}); // The title says it all the same.
  }

  /** @param {string} words  "" where nothing runs */
  function mark(words) {
    for (const link of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.places [data-to="train"]'))) {
      if (words) link.dataset.done = words;
      else delete link.dataset.done;
    }
  }

  /** How far it is, in the title and at the link to it. */
  function say() {
    if (run.state !== "running") return;
    const done = `${Math.floor((100 * run.facts.step) / (run.plan?.train.steps ?? 1))} %`;
    const title = `${done} · ${bare()}`;
    if (document.title !== title) document.title = title;
    mark(done);
  }

  // Another place has another title.
  state.on("place", say);
  run.onChange(() => {
    say();
    if (run.state === was) return;
    if (was === "running") {
      document.title = bare();
      mark("");
      // One that failed may go on in a new engine.
      if (run.state === "done" || run.state === "stopped") over();
    }
    was = run.state;
    question.hidden = !known || was !== "running";
    hold();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && run.state !== "running") document.title = bare();
    hold();
  });
  return question;
}
