// What is said of a link that was copied: what it carries and what not; and the link itself, where the browser does not copy.

import { copyText, download } from "../files/out.js";
import { anythingBent } from "../model/bent.js";
import { h, uniqueId } from "../page/dom.js";
import { SHIPPED } from "../model/models.js";
import { fileName } from "../model/file-name.js";
import { readable } from "../text/prompts.js";
import { leftOut } from "./link.js";
import { shareText } from "./picture.js";
import { asPython } from "./python.js";

/** @typedef {import("./link.js").SharedPage} SharedPage */

/** @param {import("../page/app.js").App} app @param {HTMLElement} button  that was pressed @param {string} link @param {boolean} copied */
export function sayLink(app, button, link, copied) {
  const { address, notify, showQr, state } = app;
  const { page } = address;
  const message = contents(page);
  const qr = () => {
    showQr(link, longParts(page)).catch(({ message }) => notify({ kind: "error", key: "qr", title: "The QR code could not be made.", message }));
  };
  const actions = [...(PICTURED.includes(state.get("place")) ? [{ label: PICTURE, run: () => picture(app) }] : []), { label: "QR code", run: qr },
    ...(state.get("place") === "write" && state.get("model") ? [{ label: "Copy as Python", run: () => copyPython(app) }] : [])];
  // No clipboard here (not https, or it was refused): the person copies it by hand.
  if (!copied) return showLink(state, button, link, message, actions);
  notify({ kind: "info", key: "share", title: leftOut(page).length > 0 ? "The link is copied, but not all of this page fits into it." : "The link is copied.", message, actions });
}

/** Where there is a text to be seen. */
const PICTURED = ["write", "lab"];
const PICTURE = "Picture to share";

/** @param {import("../page/app.js").App} app */
const picture = (app) => shareText(app).catch(({ message }) => app.notify({ kind: "error", key: "card", title: "The picture could not be made.", message }));

/** The text under Write as a program; a file where the browser does not let the page copy. @param {import("../page/app.js").App} app */
async function copyPython({ announce, notify, state }) {
  const model = state.get("model");
  if (!model) return;
  const program = asPython({ prompt: readable(state.get("prompt"), model).text, settings: state.get("settings"), file: fileName(model.name), bent: anythingBent(state) });
  try {
    await copyText(program);
  } catch {
    return download(new Blob([program], { type: "text/x-python" }), fileName(model.name).replace(/safetensors$/, "py"));
  }
  announce("The program is copied.");
  notify({ kind: "info", key: "python", title: "A program in Python is copied that writes this text.", message: `It needs the package of this project (python/), and the model beside it as ${fileName(model.name)}: download that here, in 32-bit floats.` });
}

/** Signs of a part of a link that are worth a word. */
const LONG = 200;

/** What makes a link long, in words. @param {SharedPage} page */
const longParts = (page) => Object.entries({
  "the prompt": page.prompt.length, "the bent heads": 20 * page.heads.length, "the couplings": page.rows.reduce((sum, { weights }) => sum + 8 * weights.length, 0),
  "the stop texts": page.settings.stop.join("").length,
}).filter(([, length]) => length > LONG).map(([name]) => name);

/** What the link carries, and what it does not. @param {SharedPage} page */
function contents(page) {
  const { choices, model, heads, rows, prompt } = page;
  const without = leftOut(page);
  const bent = heads.length === 0 || without.includes("the bent heads") ? "" : heads.length === 1 ? ", the bent head" : `, the ${heads.length} bent heads`;
  const coupled = rows.length === 0 || without.includes("the couplings") ? "" : rows.length === 1 ? ", the coupling of one head" : `, the coupling of ${rows.length} heads`;
  const own = choices.data === "own" ? " Your own text is not in it." : "";
  const file = page.address ? " The model is fetched from its address, once whoever opens the link says so."
    : model === SHIPPED.name
    ? " A model that you trained travels as a file: open it, download it and send the file; dropping it on this page opens it."
    : ` Whoever opens it needs the model, too: download it and send ${fileName(model)} along; dropping it on this page opens it.`;
  const carried = without.includes("the prompt") ? "" : "the prompt, ";
  const size = without.includes("the prompt") ? ` (${prompt.length.toLocaleString("en-GB")} characters)` : "";
  const missing = without.length === 0 ? "" : ` Too long for a link, and so not in it: ${without.join(", ").replace("the prompt", `the prompt${size}`)}. Send that along by itself.`;
  return `It carries ${carried}the sampling settings with their seed${bent}${coupled} and the choices under Train.${missing}${own}${file}`;
}

/** @param {import("../page/state.js").State} state @param {HTMLElement} button @param {string} link @param {string} message @param {{label: string, run: () => void}[]} actions */
function showLink(state, button, link, message, actions) {
  document.querySelector(".share-link")?.remove();
  const field = h("input", { id: uniqueId("link"), type: "text", class: "text-input", readonly: true, value: link });
  // It lies over the page, so it goes as soon as a person turns to something else.
  const over = new AbortController();
  const leave = () => {
    over.abort();
    stop();
    element.remove();
  };
  const stop = state.on("place", leave);
  document.addEventListener("pointerdown", ({ target }) => { if (!element.contains(/** @type {Node} */ (target))) leave(); }, { signal: over.signal });
  const close = () => {
    leave();
    button.focus();
  };
  const element = h("div", { class: "share-link", role: "group", "aria-label": "Link to this page" },
    h("label", { for: field.id }, "The browser does not let the page copy by itself. Copy this link:"), field,
    h("p", { class: "field-hint" }, message),
    h("div", { class: "notice-actions" }, actions.map(({ label, run }) => h("button", { type: "button", onclick: run }, label)), h("button", { type: "button", onclick: close }, "Close")));
  element.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  (button.closest(".masthead-tools") ?? document.body).append(element);
  field.focus();
  field.select();
}
