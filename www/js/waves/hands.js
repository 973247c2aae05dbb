// The hands' side of a drawn wave: a mouse takes the drawing itself; three handles on it are for fingers and keys, too.

import { fit } from "../charts/kernel.js";
import { norm, stride } from "../engine/physics.js";
import { h } from "../page/dom.js";
import { dragged, faded, follow, KEY_TURN, meant, rising, stepped, TURN_PX, turned } from "./drag.js";
import { isShort, MOUSE, placeHandles, TOUCH } from "./handles.js";

/**
 * @typedef {import("./drag.js").Wave} Wave
 * @typedef {import("./drag.js").Grip} Grip
 * @typedef {import("./handles.js").Hold} Hold
 * @typedef {Pick<import("../charts/kernel.js").KernelData, "head" | "file" | "config" | "lags">} Shown  what is drawn
 */

/** Pixels from which on a line leads from a handle to what it holds. */
const LED_PX = 8;

/** The handles, in the order of the keyboard. @type {Record<Hold, {sign: string, does: string, title: string, keys: string[]}>} */
const HANDLES = {
  frequency: { sign: "ω", does: "stretch its wave. Left and right change the frequency.", title: "Drag sideways for the frequency", keys: ["ArrowLeft", "ArrowRight"] },
  damping: { sign: "α", does: "let its wave carry further or fade sooner. Up and down change the damping.", title: "Drag up or away to let it carry further (damping)", keys: ["ArrowUp", "ArrowDown"] },
  phase: { sign: "φ", does: "turn its phase, up and down.", title: "Drag up and down for the phase", keys: ["ArrowUp", "ArrowDown"] },
};
const HOLDS = /** @type {Hold[]} */ (Object.keys(HANDLES));

/**
 * Makes a drawn wave one's own to bend.
 * @param {HTMLCanvasElement} canvas @param {string} name  of the head
 * @param {() => Shown | null} now @param {(change: Partial<Wave>) => void} bend
 * @returns {{elements: Element[], place: () => void}} what belongs over the drawing, and what has it follow the wave
 */
export function bendByHand(canvas, name, now, bend) {
  const isTouched = matchMedia("(pointer: coarse)");
  canvas.title = "Drag the wave: sideways to stretch it, up to let it carry further, down to let it fade";
  const handles = /** @type {Record<Hold, HTMLButtonElement>} */ (Object.fromEntries(HOLDS.map((hold) => {
    const { sign, does, title } = HANDLES[hold];
    return [hold, h("button", { type: "button", class: `wave-handle ${hold}-handle`, "aria-label": `${name}: ${does}`, title }, h("span", null, sign))];
  })));
  const leads = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  leads.setAttribute("class", "wave-leads");
  leads.setAttribute("aria-hidden", "true");
  const lines = HOLDS.map(() => leads.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "line")));
  /** @type {import("./handles.js").Held | null} */ let held = null;
  /** For what they stand where they do. @type {unknown[]} */ let placed = [];

  const drawnNow = () => {
    const shown = now();
    return shown && { wave: shown.head, lags: shown.lags, stride: stride(shown.config) };
  };
  const kind = () => (isTouched.matches ? TOUCH : MOUSE);

  /** The drawing as the handles see it; null where nothing is drawn yet. @returns {import("./handles.js").Drawing | null} */
  function drawing() {
    const shown = now();
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!shown || width < 2 || height < 2) return null;
    const { middle, scale } = fit(shown, height);
    return { wave: shown.head, stride: stride(shown.config), lags: shown.lags, width, height, middle, amplitude: scale / norm(shown.head, shown.config.field_size) };
  }

  function place() {
    const shown = now();
    const next = [shown?.head, shown?.file, shown?.lags, canvas.clientWidth, canvas.clientHeight, kind(), held?.x];
    if (next.every((value, i) => Object.is(value, placed[i]))) return;
    placed = next;
    const seen = drawing();
    if (!seen) return;
    const places = placeHandles(seen, kind(), held);
    HOLDS.forEach((hold, i) => {
      const { at, on } = places[hold];
      handles[hold].style.transform = `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px)`;
      const isLed = Math.hypot(at.x - on.x, at.y - on.y) > LED_PX;
      for (const [key, value] of Object.entries({ x1: at.x, y1: at.y, x2: isLed ? on.x : at.x, y2: isLed ? on.y : at.y })) lines[i].setAttribute(key, value.toFixed(1));
    });
  }

  const grip = (/** @type {PointerEvent} */ { clientX, clientY }) => {
    const found = drawnNow();
    const { left, width } = canvas.getBoundingClientRect();
    return found && { ...found, x: clientX - left, y: clientY, width, left };
  };
  // A finger on the drawing scrolls the page.
  follow(canvas, (event) => {
    const from = event.pointerType === "touch" ? null : grip(event);
    return from && (({ clientX, clientY }) => bend(dragged(from, clientX - from.left, clientY)));
  });
  /** What a drag of each does. @type {Record<Hold, (from: Grip, x: number, y: number) => Partial<Wave>>} */
  const moves = {
    frequency: (from, x) => dragged(from, x, from.y),
    damping: faded,
    phase: (from, _, y) => turned(from.wave, -rising(from.wave) * meant(y - from.y)),
  };
  for (const hold of HOLDS) {
    follow(handles[hold], (event) => {
      const from = grip(event);
      const seen = drawing();
      if (!from || !seen) return null;
      const { x } = placeHandles(seen, kind())[hold].at;
      const short = isShort(seen, kind());
      return ({ clientX, clientY }) => {
        const to = clientX - from.left;
        held = { hold, x: x + meant(to - from.x), short };
        bend(moves[hold](from, to, clientY));
        place();
      };
    }, () => {
      held = null;
      place();
    });
    handles[hold].addEventListener("keydown", (event) => {
      const found = event.ctrlKey || event.metaKey || event.altKey || !HANDLES[hold].keys.includes(event.key) ? null : drawnNow();
      const next = found && (hold === "phase" ? turned(found.wave, (event.key === "ArrowUp" ? 1 : -1) * KEY_TURN * TURN_PX) : stepped(found, event.key));
      if (!next) return;
      event.preventDefault();
      bend(next);
    });
  }
  new ResizeObserver(place).observe(canvas);
  return { elements: [leads, ...HOLDS.map((hold) => handles[hold])], place };
}
