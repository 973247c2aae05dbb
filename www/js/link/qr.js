// The link as a QR code, over the page: to be read from the screen by a phone, or downloaded.

import { encode } from "../../vendor/uqr/index.mjs";
import { copyText, download } from "../files/out.js";
import { h, uniqueId, write } from "../page/dom.js";
import { codeOf, pathOf, svgOf, tooLongInWords } from "./qr-picture.js";

/** Pixels of a module in the PNG. */
const SCALE = 8;
const SVG = "http://www.w3.org/2000/svg";

/** @param {import("./qr-picture.js").Code} code */
function drawn(code) {
  const make = (/** @type {string} */ tag, /** @type {Record<string, string | number>} */ attributes) => {
    const element = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    return element;
  };
  const svg = make("svg", { class: "qr-code", viewBox: `0 0 ${code.size} ${code.size}`, role: "img", "aria-label": "The link as a QR code", "shape-rendering": "crispEdges" });
  svg.append(make("path", { fill: "#fff", d: `M0 0h${code.size}v${code.size}H0z` }), make("path", { fill: "#000", d: pathOf(code) }));
  return svg;
}

/** @param {import("./qr-picture.js").Code} code @returns {Promise<Blob>} */
function pngOf(code) {
  const canvas = h("canvas", { width: SCALE * code.size, height: SCALE * code.size });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(SCALE, SCALE);
  context.fillStyle = "#000";
  context.fill(new Path2D(pathOf(code)));
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The browser could not make the picture. Download the SVG instead."))), "image/png"));
}

/** @param {string} link @param {readonly string[]} long  what makes it long, in words */
export function showQr(link, long) {
  document.querySelector(".qr")?.remove();
  const wrong = tooLongInWords(link, long);
  const code = wrong ? null : codeOf(link, encode);
  const title = uniqueId("qr");
  const text = h("textarea", { class: "qr-link", rows: 3, readonly: true, translate: "no", dir: "ltr", spellcheck: "false", "aria-label": "The link" });
  text.value = link;
  const said = h("p", { class: "field-hint", role: "status" });
  const orSay = (/** @type {Promise<unknown>} */ action, done = "") => action.then(() => write(said, done), (error) => write(said, error instanceof Error ? error.message : String(error)));
  const button = (/** @type {string} */ label, /** @type {() => void} */ press) => h("button", { type: "button", onclick: press }, label);
  const copy = button("Copy link", () => orSay(copyText(link).catch(() => {
    text.select();
    throw new Error("The browser does not let the page copy by itself: the link is marked, copy it from there.");
  }), "The link is copied."));
  /** @type {HTMLDialogElement} */
  const dialog = h("dialog", { class: "model-file qr", "aria-labelledby": title }, h("div", { class: "model-file-body" },
    h("h2", { id: title }, "Link as a QR code"),
    h("p", null, code ? "Whoever reads it with a phone's camera opens this page as it is set now." : wrong),
    text, said,
    h("div", { class: "model-file-buttons" }, code && [
      button("Download SVG", () => download(svgOf(code), "wave-field-link.svg")),
      button("Download PNG", () => orSay(pngOf(code).then((blob) => download(blob, "wave-field-link.png")))),
    ], copy, h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "Close"))));
  if (code) text.before(drawn(code));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
