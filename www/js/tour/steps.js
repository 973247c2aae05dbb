// The guided tour's six steps: what each says, where on the page it points, and what it does there. Whatever a step bends
// it bends back, also when the person leaves in the middle.

import { periodInTokens, stride } from "../engine/physics.js";
import { stretched } from "../waves/drag.js";

/**
 * @typedef {import("../page/app.js").App} App
 *
 * @typedef {object} Step
 * @property {string} title
 * @property {string[]} words Paragraphs; a word between asterisks is explained there.
 * @property {(app: App) => void} go Brings the part of the page into view.
 * @property {string} target What is ringed, as a selector.
 * @property {string} action What the step can do, for its button.
 * @property {(app: App, signal: AbortSignal) => Promise<string>} act Does it; what was to be seen, in words.
 */

/** Milliseconds for one way of a wave, and how long it stays there. */
const SWEEP = 1600;
const STAY = 1500;
/** Milliseconds for which one head is heard alone. */
const ALONE = 6000;
/** What the frequency is multiplied by. */
const STRETCH = 1 / 2;

/** @type {readonly Step[]} */
export const STEPS = [
  {
    title: "What is a damped wave?",
    words: [
      "The model reads a text in small pieces, its *tokens*; this one's are single characters. To guess the next one, it listens to those before. Each line here is a *head*, one of the listeners of a layer.",
      "A head hears through a *damped wave*, a swing that dies away. Now is at the right edge, the past runs to the left. *Damping* α says how fast the wave fades, *frequency* ω how fast it swings, *phase* φ where in its swing it begins.",
    ],
    go: (app) => app.show("write"),
    target: "#waves .channel-chosen",
    action: "Stretch it and let it go",
    act: stretchAndBack,
  },
  {
    title: "All tokens share one field",
    words: [
      "The tokens sit in a row on a line of *cells*, the *field*. Each drops what it has to say there, its wave spreads towards the tokens to come, and each token picks up what reaches it.",
    ],
    go: (app) => app.show("lab", "field"),
    target: "#lab .lab-stage canvas",
    action: "Play the waves",
    act: async (app) => {
      app.show("lab", "field");
      // It may be playing already, as it does when it is first seen.
      const play = document.querySelector("#lab .field-play");
      if (play instanceof HTMLButtonElement && play.textContent === "Play") play.click();
      return "Each token drops its part when it is read, and its wave runs on to the right.";
    },
  },
  {
    title: "What is kept of the text?",
    words: [
      "There is a quick way to work out what reaches a token. All that was dropped so far is kept as one *arrow* for each channel of a head. From token to token it turns (ω) and shrinks (α), then the token kicks it, and its shadow on a line (φ) is what the head hears. That is exact, not nearly so.",
      "So the whole text, however long, is a fixed list of numbers, the *state*, and twice the text takes twice the time. A standard Transformer keeps every token and compares each with all before it: four times the time.",
    ],
    go: (app) => app.show("lab", "memory"),
    target: "#lab .memory-stage",
    action: "Play the arrow",
    act: async (app) => {
      app.show("lab", "memory");
      // It may be playing already, as it does when it is first seen.
      const play = document.querySelector("#lab .memory-play");
      if (play instanceof HTMLButtonElement && play.textContent === "Play") play.click();
      return "A curve, and it has turned and shrunk; a straight line, and a token has kicked it. The thick bar is what is heard.";
    },
  },
  {
    title: "Every head listens in its own way",
    words: [
      "Some waves die within a few tokens: they hear the spelling of a word. Others carry far. Nobody told them to; training moved them there.",
      "*Mute* a head, or hear it *solo*, and the text goes on without the others of its layer. Under Lab, What-if measures how much worse the model gets.",
    ],
    go: (app) => app.show("write"),
    target: "#generate .displays",
    action: "Hear one head alone",
    act: hearOneAlone,
  },
  {
    title: "Can it look ahead?",
    words: [
      "While it learns, the whole text lies before the model. If a wave reached backwards, each token would hear the answer it is to guess. Every score would look perfect, and the model could not write: when it writes, there is no next token to hear.",
      "So this page checks: it changes one token and compares all that the model said before it. Nothing may change but the last digits, which is *rounding*.",
    ],
    go: (app) => app.show("lab", "causality"),
    target: "#lab .lab-stage canvas",
    action: "Measure it",
    act: async (app) => {
      app.show("lab", "causality");
      // It measures by itself when it is opened; then there is nothing to press.
      const measure = document.querySelector("#lab .causality-measure");
      if (measure instanceof HTMLButtonElement) measure.click();
      return "Each dot is one changed token: how much earlier guesses moved. The line is the most that rounding explains.";
    },
  },
  {
    title: "Train your own",
    words: [
      "A new model knows nothing. In *training* it guesses the next token of a text, over and over, and is corrected. Its *loss* says how surprised it was; *perplexity* says the same as a number of tokens it hesitated between.",
      "A tiny model learns to invent names within a minute, on this device. You can watch its waves move as it learns, and then open it here.",
    ],
    go: (app) => app.show("train"),
    target: "#train .train-start-row",
    action: "Start training",
    act: async (app) => {
      app.show("train");
      press("#train .train-start-row button", "A training is running already: its curve stands beside the form.");
      return "The curve falls as it learns. When it is done, open the model and let it write.";
    },
  },
];

/** Uses one of the page's own buttons. @param {string} selector @param {string} otherwise Said where it cannot be pressed. */
function press(selector, otherwise) {
  const button = document.querySelector(selector);
  if (!(button instanceof HTMLButtonElement) || button.disabled || button.hidden) throw new Error(otherwise);
  button.click();
}

/** @param {number} milliseconds @param {AbortSignal} signal Ends the wait early. @returns {Promise<void>} */
const wait = (milliseconds, signal) => new Promise((resolve) => {
  if (signal.aborted) return resolve();
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
});

/** The layer that is shown, and its heads. @param {App} app */
function shownHeads({ state }) {
  const layer = state.get("layer");
  const heads = state.get("heads")[layer];
  if (!heads) throw new Error("The open model has no waves. Go back to Shakespeare, at the top, and try again.");
  return { layer, heads };
}

/** The wave of the head that is marked is stretched to twice its length, and comes back. @param {App} app @param {AbortSignal} signal @returns {Promise<string>} */
async function stretchAndBack(app, signal) {
  const { layer, heads } = shownHeads(app);
  const channels = [...document.querySelectorAll("#waves .channel")];
  const index = Math.max(0, channels.findIndex((channel) => channel.classList.contains("channel-chosen")));
  const wave = heads[index];
  const { frequency, phase } = wave;
  const config = /** @type {import("../engine/protocol.js").ModelInfo} */ (app.state.get("model")).config;
  const bent = (/** @type {number} */ share) => stretched(wave, stride(config), STRETCH ** share);
  const set = (/** @type {number} */ share) => app.heads.bend(layer, index, bent(share));
  const swing = (/** @type {typeof wave} */ head) => periodInTokens(head, config).toFixed(1);
  const frames = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : SWEEP / 40;
  app.state.set("sweeping", true);
  try {
    for (let i = 1; i <= frames && !signal.aborted; i++) {
      set(i / frames);
      await wait(40, signal);
    }
    await wait(STAY, signal);
  } finally {
    // Not through the powers: the very numbers it had.
    app.heads.bend(layer, index, { frequency, phase });
    app.state.set("sweeping", false);
  }
  return `Head ${index + 1} swings once in ${swing(wave)} tokens; stretched, once in ${swing({ ...wave, ...bent(1) })}. It is back as it was.`;
}

/** The farthest-reaching head is heard alone while the text goes on. @param {App} app @param {AbortSignal} signal @returns {Promise<string>} */
async function hearOneAlone(app, signal) {
  const { layer, heads } = shownHeads(app);
  const index = heads.reduce((best, head, i) => (head.damping < heads[best].damping ? i : best), 0);
  const alone = app.heads.isSolo(layer, index);
  if (!app.state.get("generating")) press("#generate .actions .primary", "The model is still being opened. Try again in a moment.");
  app.state.set("sweeping", true);
  if (!alone) app.heads.toggleSolo(layer, index);
  try {
    await wait(ALONE, signal);
  } finally {
    if (!alone && app.heads.isSolo(layer, index)) app.heads.toggleSolo(layer, index);
    app.state.set("sweeping", false);
  }
  return `For six seconds layer ${layer + 1} heard through head ${index + 1} alone. Now all its heads are heard again.`;
}
