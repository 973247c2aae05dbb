// The first view as it stands in index.html before any script runs: the page's own panels, laid out when it is built, with
// what is recorded in them. Its drawings stand there as SVG in their canvases' place.

import { parseHTML } from "linkedom";

/** The width at which drawings are recorded; they are stretched to whatever room there is. */
const WIDTH = 240;
const HEIGHT = 72;
/** Points that lie no further off the way are left out. */
const FLAT = 0.15;
/** What only a page that runs needs. */
const DROPPED = ["title", "id", "for", "name", "style", "role", "tabindex", "autocomplete", "autocapitalize", "spellcheck", "inputmode", "step"];

const PANELS = ["generate", "waves", "files"];

const round = (/** @type {number} */ value) => Number(value.toFixed(1));

/** Takes the place of a canvas's context: keeps what is drawn, as paths. */
class Recording {
  /** @type {Map<string, string>} The paths by how they are drawn. */ #paths = new Map();
  /** @type {number[][][]} The lines of the present path. */ #lines = [];
  /** @type {number[][]} Dots: x, y, radius. */ #dots = [];
  #dash = "";
  strokeStyle = "";
  fillStyle = "";
  lineWidth = 1;
  globalAlpha = 1;

  setTransform() {}
  clearRect() { this.#paths.clear(); }
  save() {}
  restore() {}
  fillText() {}
  fillRect() {}
  measureText() { return { width: 0 }; }
  setLineDash(/** @type {number[]} */ dash) { this.#dash = dash.join(" "); }
  beginPath() { [this.#lines, this.#dots] = [[], []]; }
  moveTo(/** @type {number} */ x, /** @type {number} */ y) { this.#lines.push([[x, y]]); }
  lineTo(/** @type {number} */ x, /** @type {number} */ y) {
    const line = this.#lines.at(-1);
    if (line) line.push([x, y]);
    else this.moveTo(x, y);
  }
  arc(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ radius) { this.#dots.push([x, y, radius]); }

  stroke() {
    this.#keep({ stroke: this.strokeStyle, "stroke-width": String(round(this.lineWidth)), "stroke-dasharray": this.#dash }, this.#lines.map(pathOf).join(""));
  }

  fill() {
    this.#keep({ fill: this.fillStyle, stroke: "none" }, this.#lines.map(pathOf).join(""));
    // A line without a length and with round ends, which stays round however the drawing is stretched.
    for (const [x, y, radius] of this.#dots) {
      this.#keep({ stroke: this.fillStyle, "stroke-width": String(round(2 * radius)), "stroke-linecap": "round" }, `M${round(x)} ${round(y)}h0`);
    }
  }

  /** @param {Record<string, string>} style @param {string} path */
  #keep(style, path) {
    if (path === "") return;
    const look = Object.entries({ ...style, opacity: this.globalAlpha === 1 ? "" : String(this.globalAlpha) })
      .filter(([, value]) => value !== "").map(([name, value]) => `${name}="${value}"`).join(" ");
    this.#paths.set(look, (this.#paths.get(look) ?? "") + path);
  }

  /** @param {string} kind  the canvas's class */
  svg(kind) {
    const paths = [...this.#paths].map(([look, path]) => `<path ${look} d="${path}"/>`).join("");
    return `<svg class="${kind} still" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none">${paths}</svg>`;
  }
}

/** A line without the points that lie on the way of the others anyway. @param {number[][]} points @returns {number[][]} */
function thinned(points) {
  const [[x, y], [endX, endY]] = [points[0], points[points.length - 1]];
  const length = Math.hypot(endX - x, endY - y) || 1;
  const off = points.map(([px, py]) => Math.abs((px - x) * (endY - y) - (py - y) * (endX - x)) / length);
  const furthest = off.indexOf(Math.max(...off));
  if (off[furthest] < FLAT) return [points[0], points[points.length - 1]];
  return [...thinned(points.slice(0, furthest + 1)), ...thinned(points.slice(furthest)).slice(1)];
}

/** A line from point to point, by the steps between them. @param {number[][]} points */
function pathOf(points) {
  const [first, ...rest] = thinned(points);
  let [x, y] = first.map(round);
  let path = `M${x} ${y}`;
  for (const [nextX, nextY] of rest) {
    const [dx, dy] = [round(nextX - x), round(nextY - y)];
    path += dy === 0 ? `h${dx}` : dx === 0 ? `v${dy}` : `l${dx}${dy < 0 ? "" : " "}${dy}`;
    [x, y] = [round(x + dx), round(y + dy)];
  }
  return path;
}

/** Answers to whatever is asked of it, and does nothing. @type {any} */
const NOBODY = new Proxy(() => {}, { get: (_, key) => (key === Symbol.toPrimitive ? () => "" : NOBODY), apply: () => NOBODY });
const OBSERVER = class { observe() {} };

/** Lays the panels out as a page does that has no engine yet. */
async function layOut() {
  const [{ State }, { recorded }, { mountGenerate }, { mountWaves }, { mountHeader }] = await Promise.all([
    import("./js/page/state.js"), import("./js/page/recorded.js"), import("./js/generate/generate.js"), import("./js/waves/waves.js"), import("./js/model/header.js"),
  ]);
  const state = new State();
  state.set("coming", { bytes: 0, total: recorded()?.bytes ?? null });
  const app = { state, engine: NOBODY, heads: NOBODY, models: NOBODY, address: NOBODY };
  [mountGenerate, mountWaves, mountHeader].forEach((mount, i) => mount(/** @type {HTMLElement} */ (document.getElementById(PANELS[i])), /** @type {any} */ (app)));
}

/** Leaves of a panel what is seen of it. @param {Element} panel @param {Element} kept  is for everyone, not for the eye alone */
function tidy(panel, kept) {
  for (const element of [...panel.querySelectorAll("*")]) {
    if (element.hasAttribute("hidden")) element.remove();
    else for (const name of element.getAttributeNames()) if (DROPPED.includes(name) || name.startsWith("aria-")) element.removeAttribute(name);
  }
  for (const element of panel.children) {
    if (element.contains(kept)) continue;
    element.setAttribute("inert", "");
    element.setAttribute("aria-hidden", "true");
  }
}

/**
 * The page with its first view in it: what `index.html` has in its place stays in it, as the note at the recorded text.
 * @param {string} page  with what is recorded (js/page/recorded.js)
 */
export async function withFirstView(page) {
  const { document, window } = parseHTML(page);
  /** @type {(() => void)[]} */ const frame = [];
  /** @type {Map<Element, Recording>} */ const recordings = new Map();
  Object.assign(globalThis, {
    document, window, Node: window.Node, Element: window.Element, addEventListener: () => {},
    requestAnimationFrame: (/** @type {() => void} */ draw) => frame.push(draw),
    matchMedia: () => ({ matches: false, addEventListener: () => {} }),
    // A colour stays what it is in either theme.
    getComputedStyle: (/** @type {HTMLElement} */ element) => element.style,
    MutationObserver: OBSERVER, IntersectionObserver: OBSERVER,
    ResizeObserver: class {
      /** @param {(entries: object[]) => void} tell */
      constructor(tell) { this.tell = tell; }
      observe() { frame.push(() => this.tell([{ contentRect: { width: WIDTH, height: HEIGHT } }])); }
    },
  });
  window.HTMLCanvasElement.prototype.getContext = /** @type {any} */ (/** @this {Element} */ function () {
    if (!recordings.has(this)) recordings.set(this, new Recording());
    return recordings.get(this);
  });
  const sentence = [...(document.getElementById("generate")?.children ?? [])];
  document.getElementById("generate")?.replaceChildren();
  await layOut();
  while (frame.length > 0) frame.shift()?.();
  const note = document.querySelector("#generate .recorded");
  if (!note) throw new Error("The first view is to have a recorded text, at whose end the sentence of index.html stands.");
  for (const id of PANELS) tidy(/** @type {Element} */ (document.getElementById(id)), note);
  note.replaceChildren(...sentence);
  for (const [canvas, recording] of recordings) {
    const holder = document.createElement("div");
    holder.innerHTML = recording.svg(canvas.getAttribute("class") ?? "");
    canvas.replaceWith(/** @type {Element} */ (holder.firstElementChild));
  }
  for (const id of PANELS) {
    const inside = document.getElementById(id)?.innerHTML ?? "";
    page = page.replace(new RegExp(`(<(\\w+)[^>]* id="${id}"[^>]*>)[^]*?(</\\2>)`), (_, start, _tag, end) => start + inside + end);
  }
  return page;
}
