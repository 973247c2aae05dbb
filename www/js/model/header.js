// The open model in the header: its name, which is the menu of models, its size and its badge; and the page's own tools.

import { acceptDrops } from "../files/drops.js";
import { shareButton } from "../link/button.js";
import { h, write } from "../page/dom.js";
import { anythingBent } from "./bent.js";

/** @typedef {import("../page/app.js").App} App */

/** @param {HTMLElement} root @param {App} app */
export function mountHeader(root, app) {
  const { state } = app;
  const name = h("span", { class: "model-name", dir: "auto" }, "Opening the model");
  const size = h("span", { class: "model-size" }, " ");
  const bar = h("progress", { class: "model-coming", "aria-label": "Opening the model", hidden: true });
  const back = h("button", { type: "button", class: "model-back", hidden: true }, "Back to Shakespeare");
  back.addEventListener("click", () => app.models.openShipped().catch((error) => app.files.refuse("Shakespeare", error)));

  const picker = h("input", { type: "file", multiple: true, hidden: true, "aria-label": "File to open", onchange: () => {
    const chosen = [...(picker.files ?? [])];
    // The same file chosen twice must count twice.
    picker.value = "";
    if (chosen.length > 0) app.files.take(chosen);
  } });
  const button = h("button", { type: "button", class: "model-button", "aria-expanded": "false", title: "Open another model, or download this one" },
    h("span", { class: "visually-hidden" }, "Models. Open: "), name, h("span", { class: "model-more", "aria-hidden": "true" }, "▾"));
  const chooser = h("div", { class: "model-chooser" }, button, picker);
  // The menu comes when it is first wanted, and from then on opens and closes by itself.
  const first = () => {
    button.removeEventListener("click", first);
    app.openMenu(chooser, button, picker).catch(({ message }) => {
      button.addEventListener("click", first);
      app.notify({ kind: "error", key: "menu", title: "The menu of models could not be loaded.", message });
    });
  };
  button.addEventListener("click", first);

  const show = () => {
    const model = state.get("model");
    back.hidden = !model || app.models.isShipped;
    const coming = model ? null : state.get("coming");
    bar.hidden = !coming;
    if (!model) {
      name.translate = true;
      write(name, coming || state.get("engine") === "loading" ? "Opening the model" : "No model is open");
      write(size, coming ? amount(coming) : " ");
      if (coming?.total) bar.value = coming.bytes / coming.total;
      else bar.removeAttribute("value");
      return;
    }
    const { num_layers: layers, num_heads: heads } = model.config;
    name.translate = false;
    write(name, model.name);
    const kind = model.config.architecture === "standard" ? " · standard Transformer" : "";
    // First, for the end of the line is cut where there is little room.
    const bent = anythingBent(state) ? "bent · " : "";
    write(size, `${bent}${millions(model.parameters)} parameters · ${layers} × ${heads} heads${kind}`);
  };
  for (const key of /** @type {const} */ (["model", "engine", "coming", "heads", "couplings"])) state.on(key, show);
  root.append(
    h("div", { class: "model-card" }, h("div", { class: "model-title" }, chooser), size, bar),
    back, shareButton(app), themeToggle());
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
