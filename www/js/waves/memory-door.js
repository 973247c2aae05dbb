// The door to how it remembers, where the waves are: a small dial beside each head, turned on by every token that is
// written, with the spiral that a kick runs down; and a link. It comes later than the waves, into room that is free.

import { Surface } from "../charts/surface.js";
import { headColour } from "../charts/colours.js";
import { stride } from "../engine/physics.js";
import { drawSpiral } from "../lab/memory/dial.js";
import { wantHead } from "../lab/memory/wanted.js";
import { atMostEvery, h } from "../page/dom.js";

/** Milliseconds between two turns of the dials. */
const INTERVAL = 80;
const TO = { href: "#lab/memory", "data-to": "lab", "data-view": "memory" };
const WORDS = "How it remembers";
const MORE = "Watch the memory of each wave turn, fade and take in token after token";
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {import("../page/app.js").App} app */
export function mountMemoryDoor(app) {
  const { state } = app;
  const waves = /** @type {HTMLElement} */ (document.getElementById("waves"));
  /** @type {WeakMap<Element, Surface>} */ const made = new WeakMap();
  /** Tokens written so far. */ let count = 0;
  let last = state.get("recent").length;

  /** @param {number} index */
  function makeDial(index) {
    const canvas = h("canvas", { class: "memory-tiny", "aria-hidden": "true", title: `${MORE}: head ${index + 1}`, onclick: () => {
      wantHead(index);
      app.show("lab", "memory");
    } });
    const surface = new Surface(canvas, (context, width, height) => {
      const head = state.get("heads")[state.get("layer")]?.[index];
      const model = state.get("model");
      if (!head || !model) return;
      const cells = stride(model.config);
      drawSpiral(context, width, height, { head, stride: cells, angle: still.matches ? 0 : head.frequency * cells * count, tint: head.gain > 0 ? headColour(index) : "--line-strong" });
    });
    return { canvas, surface };
  }

  function draw() {
    waves.querySelectorAll(".channel-id").forEach((element, index) => {
      const known = made.get(element);
      if (known) return known.redraw();
      const { canvas, surface } = makeDial(index);
      made.set(element, surface);
      element.append(canvas);
    });
  }

  const link = (/** @type {string} */ kind) => h("a", { ...TO, class: `memory-door ${kind}`, title: MORE }, WORDS);
  waves.querySelector(".context-row")?.append(link("memory-door-wide"));
  waves.querySelector(".channels")?.after(link("memory-door-narrow"));
  const turn = atMostEvery(INTERVAL, draw);
  state.on("recent", ({ length }) => {
    // As many as there are more, or fewer where an earlier token is pointed at; where the oldest are let go of for new ones, one.
    count = length === 0 ? 0 : count + (length - last || 1);
    last = length;
    turn();
  });
  for (const key of /** @type {const} */ (["model", "layer", "heads"])) state.on(key, draw);
  draw();
}
