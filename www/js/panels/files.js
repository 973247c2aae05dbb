// The open model: its name and size, opening another (by button or by drop), and saving it.

import { h } from "../dom.js";
import { download } from "../text-out.js";
import { makeBadge } from "./badge.js";
import { shareButton } from "./share.js";

/** @typedef {import("../app.js").App} App */

/** A checkpoint larger than this is not for a browser. */
const LARGEST_FILE = 512 * 2 ** 20;

/** @param {HTMLElement} root @param {App} app */
export function mountFiles(root, app) {
  const { state } = app;
  const name = h("span", { class: "model-name", dir: "auto" }, "Loading the model");
  const size = h("span", { class: "model-size" }, " ");
  const picker = h("input", { type: "file", accept: ".safetensors", hidden: true, "aria-label": "Checkpoint file" });
  const open = h("button", { type: "button" }, "Open");
  open.title = "Open a checkpoint (.safetensors); dropping one on the page does the same";
  const save = h("button", { type: "button", disabled: true }, "Save");
  save.title = "Save the model, with its waves as they are bent now, as one .safetensors file";
  const shipped = h("button", { type: "button", hidden: true }, "Back to Shakespeare");

  open.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    const file = picker.files?.[0];
    // The same file chosen twice must count twice.
    picker.value = "";
    if (file) openFile(app, file);
  });
  save.addEventListener("click", () => saveModel(app));
  shipped.addEventListener("click", () => app.models.openShipped().catch((error) => refuse(app, "Shakespeare", error)));

  const show = () => {
    const model = state.get("model");
    save.disabled = state.get("engine") !== "ready" || !model;
    shipped.hidden = !model || app.models.isShipped;
    if (!model) {
      name.translate = true;
      name.textContent = state.get("engine") === "loading" ? "Loading the model" : "No model is open";
      return;
    }
    const { num_layers: layers, num_heads: heads } = model.config;
    name.translate = false;
    name.textContent = model.name;
    const kind = model.config.architecture === "standard" ? " · standard Transformer" : "";
    size.textContent = `${millions(model.parameters)} parameters · ${layers} × ${heads} heads${kind}`;
  };
  state.on("model", show);
  state.on("engine", show);
  root.append(
    h("div", { class: "model-card" }, h("div", { class: "model-title" }, name, makeBadge(app)), size),
    h("div", { class: "file-buttons" }, shipped, open, save, shareButton(app), themeToggle()), picker);
  show();
  acceptDrops(app);
}

/** @param {number} count */
function millions(count) {
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} million` : `${Math.round(count / 1000)} thousand`;
}

/** @param {App} app @param {File} file */
async function openFile(app, file) {
  if (file.size > LARGEST_FILE) {
    const error = new Error(`It is ${Math.round(file.size / 2 ** 20)} MB; this page opens checkpoints of up to ${LARGEST_FILE / 2 ** 20} MB.`);
    return refuse(app, file.name, error);
  }
  try {
    const info = await app.models.openBytes(await file.arrayBuffer(), file.name.replace(/\.safetensors$/i, ""));
    app.notify({ kind: "info", key: "open", title: `${info.name} is open.`, message: "The model that comes with the page is one click away, at the top." });
    app.show("generate");
  } catch (error) {
    refuse(app, file.name, error);
  }
}

/** @param {App} app @param {string} name @param {unknown} error */
function refuse(app, name, error) {
  const open = app.state.get("model")?.name;
  app.notify({
    kind: "error",
    key: "open",
    title: `${name} could not be opened.`,
    message: `${sentence(error instanceof Error ? error.message : String(error))}${open ? ` Nothing was lost: ${open} is still open.` : ""}`,
  });
}

/** @param {App} app */
async function saveModel(app) {
  try {
    const { bytes, filename } = await app.engine.request("export_model", {});
    download(bytes, filename);
    app.announce(`${filename} was handed to the browser's downloads.`);
  } catch (error) {
    app.notify({ kind: "error", key: "save", title: "The model could not be saved.", message: String(/** @type {Error} */ (error).message) });
  }
}

/** A file may be dropped anywhere on the page. @param {App} app */
function acceptDrops(app) {
  const veil = h("div", { class: "drop-veil", hidden: true, "aria-hidden": "true" }, h("p", null, "Drop a checkpoint to open it"));
  document.body.append(veil);
  const carriesFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  // A panel that takes files itself (a text to train on) handles and stops its own drops.
  document.addEventListener("dragover", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    veil.hidden = event.target instanceof Element && event.target.closest("[data-takes-files]") !== null;
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) veil.hidden = true; });
  document.addEventListener("drop", (event) => {
    veil.hidden = true;
    if (!carriesFile(event) || event.defaultPrevented) return;
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) openFile(app, file);
  });
}

const THEMES = /** @type {const} */ (["system", "light", "dark"]);
const THEME_KEY = "wavefield-theme";

/** System, light, dark, in turn. */
function themeToggle() {
  const root = document.documentElement;
  const now = () => /** @type {string} */ (root.dataset.theme ?? "system");
  const button = h("button", { type: "button", class: "theme-toggle" });
  const show = () => {
    button.textContent = { system: "◐", light: "○", dark: "●" }[now()] ?? "◐";
    button.title = `Theme: ${now() === "system" ? "as the system" : now()}`;
    button.setAttribute("aria-label", `${button.title}. Change it.`);
  };
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(/** @type {any} */ (now())) + 1) % THEMES.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem(THEME_KEY, next);
    } catch { /* storage is closed: the choice holds until the page is left */ }
    show();
  });
  show();
  return button;
}

/** An engine's message with its full stop. @param {string} message */
const sentence = (message) => (/[.!?]$/.test(message) ? message : `${message}.`);
