// A picture to show to a friend, 1200 by 630: what was found, a drawing of it, and where it can be tried. It is made in the
// page, and goes out by the system's own way of sharing, or as a file where there is none.

import { download } from "../files/out.js";
import { isolated } from "../page/signs.js";
import { colour } from "./colours.js";
import { drawKernel } from "./kernel.js";
import { asPng, wrapped } from "./paper.js";

/**
 * @typedef {object} Card
 * @property {string} name  the file's stem
 * @property {string} link  where it can be tried: a whole address
 * @property {string} title
 * @property {string[]} lines  what was found, in sentences
 * @property {{name: string, text: string}[]} [texts]  what a model wrote, one or two
 * @property {(context: CanvasRenderingContext2D, width: number, height: number) => void} [draw]  in CSS pixels
 */

const WIDTH = 1200;
const HEIGHT = 630;
const EDGE = 48;
const SANS = "system-ui, sans-serif";
const SERIF = "ui-serif, Georgia, serif";
/** Drawings are made for the page, where letters are smaller. */
const SCALE = 1.5;
/** Characters of an address that can be read off a picture, and of one that goes along in a message. */
const LONGEST = { read: 50, sent: 2000 };

/** What it leads to without what is set there, where all of it is too long. @param {string} link @param {number} most */
const shortened = (link, most) => (link.length <= most ? link : link.split("#")[0]);

/** The address of a place of this page. @param {string} fragment */
export const linkTo = (fragment) => new URL(`#${fragment}`, location.href).href;

/** @param {Card} card @returns {Promise<Blob>} a PNG */
export function cardPicture({ title, lines, texts = [], draw, link }) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = colour("--display");
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.textBaseline = "top";
  let y = EDGE - 8;
  const write = (/** @type {string} */ text, /** @type {string} */ font, /** @type {number} */ height, /** @type {string} */ ink, { x = EDGE, width = WIDTH - 2 * EDGE, most = 3 } = {}) => {
    context.font = font;
    context.fillStyle = colour(ink);
    const all = text.split("\n").flatMap((line) => wrapped(context, line, width));
    all.slice(0, most).forEach((line, i) => context.fillText(line, x, y + i * height, width));
    return Math.min(all.length, most) * height;
  };
  y += write(isolated(title), `600 44px ${SANS}`, 54, "--ink", { most: 2 }) + 6;
  for (const line of lines) y += write(isolated(line), `26px ${SANS}`, 36, "--ink-2") + 4;
  y += 14;
  const foot = HEIGHT - EDGE - 26;
  const room = foot - 20 - y;
  const below = draw && texts.length > 0 ? room * 0.42 : draw ? room : 0;
  const width = (WIDTH - 2 * EDGE - (texts.length - 1) * 40) / Math.max(1, texts.length);
  texts.forEach(({ name, text }, i) => {
    const x = EDGE + i * (width + 40);
    const top = y;
    y += write(name, `600 22px ${SANS}`, 32, "--ink-3", { x, width, most: 1 });
    write(isolated(text.trim().replace(/\n\s*\n/g, "\n")), `27px ${SERIF}`, 36, "--ink", { x, width, most: Math.max(1, Math.floor((room - below - 32) / 36)) });
    y = top;
  });
  if (draw) {
    context.save();
    context.translate(EDGE, foot - 20 - below);
    context.scale(SCALE, SCALE);
    context.textBaseline = "alphabetic";
    draw(context, (WIDTH - 2 * EDGE) / SCALE, below / SCALE);
    context.restore();
  }
  y = foot;
  context.textAlign = "left";
  context.textBaseline = "top";
  write(`Wave Field playground · ${shortened(link.replace(/^https?:\/\//, ""), LONGEST.read)}`, `24px ${SANS}`, 30, "--ink-3", { most: 1 });
  return asPng(canvas);
}

/** @param {Pick<import("../page/app.js").App, "notify">} app @param {Card} card */
export async function shareCard({ notify }, card) {
  try {
    const blob = await cardPicture(card);
    const files = [new File([blob], `${card.name}.png`, { type: "image/png" })];
    const url = shortened(card.link, LONGEST.sent);
    if (navigator.canShare?.({ files }) && (await given({ files, title: card.title, text: `${card.title} ${url}` }))) return;
    download(blob, `${card.name}.png`);
    notify({ kind: "info", key: "card", title: "The picture is downloaded.", message: "It is 1200 by 630 pixels large, as most places show it beside a link." });
  } catch (error) {
    notify({ kind: "error", key: "card", title: "The picture could not be made.", message: error instanceof Error ? error.message : String(error) });
  }
}

/** Hands it to the system's own way of sharing. @param {ShareData} data @returns {Promise<boolean>} false where the browser does not do so now: it was asked too long after the press */
async function given(data) {
  try {
    await navigator.share(data);
    return true;
  } catch (error) {
    // Whoever closes the system's list of ways to share has changed their mind.
    if (error instanceof DOMException && error.name === "AbortError") return true;
    if (error instanceof DOMException && error.name === "NotAllowedError") return false;
    throw error;
  }
}

/** @typedef {Pick<import("./kernel.js").KernelData, "head" | "file" | "heard" | "index"> & {name: string}} NamedKernel */

/** Pixels over a kernel for its name, and between two. */
const NAME = 16;
const APART = 16;

/**
 * Draws kernels beside each other, each under its name.
 * @param {CanvasRenderingContext2D} context @param {number} width @param {number} height
 * @param {readonly NamedKernel[]} kernels @param {import("../engine/protocol.js").ModelConfig} config @param {number} lags
 */
export function drawKernels(context, width, height, kernels, config, lags) {
  const each = (width - (kernels.length - 1) * APART) / kernels.length;
  kernels.forEach(({ name, ...kernel }, i) => {
    context.save();
    context.translate(i * (each + APART), 0);
    context.font = `600 12px ${SANS}`;
    context.fillStyle = colour("--ink-3");
    context.textBaseline = "top";
    context.fillText(name, 0, 0, each);
    context.translate(0, NAME);
    drawKernel(context, each, height - NAME, { ...kernel, config, lags, weights: [] });
    context.restore();
  });
}
