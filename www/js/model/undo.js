// Undo and redo of bends: whatever changes them is a step, one a gesture, whether a hand, a button or a link did it. The steps
// of each model are kept with it.

import { changed, inWords, MOST_STEPS, soundSteps, taken } from "./changes.js";
import { BEND_STEPS, keyOf } from "./models.js";

/**
 * @typedef {import("./changes.js").Change} Change
 * @typedef {{ undo: Change[], redo: Change[] }} Steps
 */

/** Milliseconds after the last step until they are kept. */
const KEEP_AFTER = 400;
const BENT_AGAIN = "bent-again";
/** The places that show what is bent. */
const SEEN_AT = ["write", "lab", "story"];
/** What has an undo of its own. */
const TYPED = "input:not([type=range], [type=radio], [type=checkbox]), textarea, select, [contenteditable]";

/** @param {import("../page/app.js").App} app */
export function mountUndo(app) {
  const { announce, couplings, dismiss, heads, models, notify, state, storage } = app;
  const [undo, redo] = /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll("#waves .undo button")]);
  /** By model, for this visit. @type {Map<string, Steps>} */ const known = new Map();
  /** @type {Steps} */ let steps = { undo: [], redo: [] };
  let key = "";
  /** Something is pressed, so that what changes belongs together. */ let held = false;
  let applying = false;
  let now = take();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;

  function take() {
    return taken({ heads: state.get("heads"), couplings: state.get("couplings"), marks: (layer, head) => [Number(heads.isMuted(layer, head)), Number(heads.isSolo(layer, head))] });
  }

  /** What has changed since is a step. */
  function close() {
    if (applying || state.get("sweeping")) return;
    const before = now;
    now = take();
    const change = changed(before, now);
    if (!change) return;
    steps.undo = [...steps.undo, change].slice(-MOST_STEPS);
    steps.redo = [];
    show();
  }

  function show() {
    for (const [button, list, verb] of /** @type {const} */ ([[undo, steps.undo, "Undo"], [redo, steps.redo, "Redo"]])) {
      const last = list.at(-1);
      // A button that is pressed keeps the focus, though there is nothing more to undo.
      button.disabled = !last && document.activeElement !== button;
      button.setAttribute("aria-disabled", String(!last));
      const words = last ? `${verb} ${inWords(last)}` : `Nothing to ${verb.toLowerCase()}`;
      button.title = `${words} (${verb === "Undo" ? "Ctrl+Z" : "Ctrl+Shift+Z"})`;
      button.setAttribute("aria-label", words);
    }
    known.set(key, steps);
    clearTimeout(timer);
    const [at, value] = [BEND_STEPS + key, steps];
    timer = setTimeout(() => (value.undo.length + value.redo.length > 0 ? storage.set(at, value) : storage.delete(at)).catch(() => {}), KEEP_AFTER);
  }

  /** @param {"undo" | "redo"} way */
  function go(way) {
    close();
    const change = steps[way].pop();
    if (!change) return;
    const side = way === "undo" ? "was" : "is";
    applying = true;
    for (const { layer, head, [side]: [frequency, damping, phase, gain, muted, solo] } of change.heads) {
      heads.put(layer, head, { frequency, damping, phase, gain }, muted === 1, solo === 1);
    }
    for (const { layer, [side]: weights } of change.mixes) couplings.set(layer, [...weights]);
    applying = false;
    now = take();
    steps[way === "undo" ? "redo" : "undo"].push(change);
    // Where it happened is shown.
    const layers = new Set(change.heads.map(({ layer }) => layer));
    if (layers.size === 1) state.set("layer", change.heads[0].layer);
    announce(`${way === "undo" ? "Undone" : "Done again"}: ${inWords(change)}.`);
    show();
  }

  async function opened() {
    clearTimeout(timer);
    now = take();
    key = keyOf(models.source);
    const mine = key;
    steps = known.get(key) ?? { undo: [], redo: [] };
    const { linked, bentAgain } = models;
    models.linked = null;
    models.bentAgain = false;
    if (!known.has(key)) {
      known.set(key, steps);
      const found = soundSteps(await storage.get(BEND_STEPS + key).catch(() => null), linked ? before(linked) : take());
      if (mine !== key) return;
      // What was done while it was read comes after.
      steps.undo = [...found.undo, ...steps.undo];
      if (steps.undo.length === found.undo.length) steps.redo = found.redo;
    }
    if (linked) {
      const change = changed(before(linked), now);
      if (change) steps = { undo: [...steps.undo, change].slice(-MOST_STEPS), redo: [] };
    }
    show();
    const name = state.get("model")?.name;
    // It speaks of the open model only.
    dismiss(BENT_AGAIN);
    if (!bentAgain) return;
    notify({ kind: "info", key: BENT_AGAIN, title: `${name} is bent as you left it.`, message: "What you bend is kept with each model.", action: { label: "As in its file", run: () => {
      heads.reset(null);
      couplings.reset(null);
    } } });
  }

  /** How the open model was bent before a link came. @param {import("./models.js").Bends} bends */
  function before({ heads: bent, couplings: mixes }) {
    const [infos, mixed] = [state.get("heads"), state.get("couplings")];
    const fits = bent?.length === infos.length;
    return taken({
      heads: infos.map((layer, l) => layer.map((head, i) => ({ ...head, ...head.initial, ...(fits && bent[l][i]) }))),
      couplings: mixed.map((mix, l) => ({ ...mix, weights: mixes?.[l]?.weights ?? mix.initial })),
      marks: (layer, head) => [Number(fits && bent[layer][head]?.gain === 0), 0],
    });
  }

  for (const name of /** @type {const} */ (["heads", "couplings"])) state.on(name, () => { if (!held) queueMicrotask(close); });
  state.on("sweeping", (sweeping) => { if (!sweeping) close(); });
  state.on("model", opened);
  const press = () => { held = true; };
  const release = () => {
    held = false;
    close();
  };
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, press, true);
  // What a field takes as it is left is not part of what comes next.
  document.addEventListener("focusout", close);
  for (const kind of ["pointerup", "pointercancel", "keyup", "blur"]) addEventListener(kind, release, kind !== "blur");
  document.addEventListener("keydown", (event) => {
    const letter = event.key.toLowerCase();
    const way = letter === "z" ? (event.shiftKey ? "redo" : "undo") : letter === "y" && !event.shiftKey ? "redo" : null;
    if (!way || !(event.ctrlKey || event.metaKey) || event.altKey || !SEEN_AT.includes(state.get("place"))) return;
    if (document.activeElement?.matches(TYPED) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    go(way);
  });
  undo.addEventListener("click", () => go("undo"));
  redo.addEventListener("click", () => go("redo"));
  if (state.get("model")) opened();
}
