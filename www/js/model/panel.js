// The open model: its name and size, opening another (by button or by drop), and saving it.

import { acceptDrops } from "../files/drops.js";
import { shareButton } from "../link/button.js";
import { h } from "../page/dom.js";
import { makeBadge } from "./badge.js";

/** @typedef {import("../page/app.js").App} App */

/** @param {HTMLElement} root @param {App} app */
export function mountFiles(root, app) {
  const { state } = app;
  const name = h("span", { class: "model-name", dir: "auto" }, "Loading the model");
  const size = h("span", { class: "model-size" }, " ");
  const bar = h("progress", { class: "model-coming", "aria-label": "Loading the model", hidden: true });
  const picker = h("input", { type: "file", multiple: true, hidden: true, "aria-label": "File to open" });
  const open = h("button", { type: "button" }, "Open");
  open.title = "Open a model (.safetensors), a training of this page or a text; dropping one on the page does the same";
  const save = h("button", { type: "button", disabled: true }, "Save");
  save.title = "Download the model, with its waves as they are bent now, as one .safetensors file";
  const shipped = h("button", { type: "button", hidden: true }, "Back to Shakespeare");

  open.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    const files = [...(picker.files ?? [])];
    // The same file chosen twice must count twice.
    picker.value = "";
    if (files.length > 0) app.files.take(files);
  });
  save.addEventListener("click", () => app.offerModel().catch(({ message }) => app.notify({ kind: "error", key: "save", title: "The model could not be saved.", message })));
  shipped.addEventListener("click", () => app.models.openShipped().catch((error) => app.files.refuse("Shakespeare", error)));

  const show = () => {
    const model = state.get("model");
    save.disabled = state.get("engine") !== "ready" || !model;
    shipped.hidden = !model || app.models.isShipped;
    const coming = model ? null : state.get("coming");
    bar.hidden = !coming;
    if (!model) {
      name.translate = true;
      name.textContent = coming || state.get("engine") === "loading" ? "Loading the model" : "No model is open";
      size.textContent = coming ? amount(coming) : " ";
      if (coming?.total) bar.value = coming.bytes / coming.total;
      else bar.removeAttribute("value");
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
  state.on("coming", show);
  root.append(
    h("div", { class: "model-card" }, h("div", { class: "model-title" }, name, makeBadge(app)), size, bar),
    h("div", { class: "file-buttons" }, shipped, open, save, shareButton(app), themeToggle()), picker);
  show();
  acceptDrops(app);
}

/** How much of a model has come. @param {{bytes: number, total: number | null}} coming */
function amount({ bytes, total }) {
  const megabytes = (/** @type {number} */ count) => (count / 1e6).toFixed(1);
  return total === null ? `${megabytes(bytes)} MB so far` : `${megabytes(bytes)} of ${megabytes(total)} MB`;
}

/** @param {number} count */
function millions(count) {
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} million` : `${Math.round(count / 1000)} thousand`;
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
    // The window's frame has the theme's colour, too.
    for (const meta of /** @type {NodeListOf<HTMLMetaElement>} */ (document.querySelectorAll("meta[data-scheme]"))) {
      const { scheme } = meta.dataset;
      meta.media = now() === "system" ? `(prefers-color-scheme: ${scheme})` : now() === scheme ? "all" : "not all";
    }
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
