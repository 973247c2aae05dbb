// The menu of models: the one that comes with the page, those that were trained here, a file; and the open one as a file.

import { h, uniqueId } from "../page/dom.js";
import { orWhy } from "../page/why-not-loaded.js";
import { SHIPPED } from "./models.js";

/** @typedef {import("../page/app.js").App} App */

/** @param {App} app @param {HTMLElement} name  of the open model: what the menu's button shows */
export function modelMenu(app, name) {
  const { state, models, files, notify } = app;
  const picker = h("input", { type: "file", multiple: true, hidden: true, "aria-label": "File to open" });
  const list = h("ul", { class: "model-list" });
  const save = h("button", { type: "button", title: "As one .safetensors file, with its waves as they are bent now" }, "Download this model");
  const open = h("button", { type: "button", title: "A model (.safetensors), a training of this page or a text; dropping one on the page does the same" }, "Open a file");
  const menu = h("div", { class: "model-menu", id: uniqueId("models"), role: "group", "aria-label": "Models", hidden: true }, list, h("div", { class: "model-menu-files" }, open, save));
  const button = h("button", { type: "button", class: "model-button", "aria-expanded": "false", "aria-controls": menu.id, title: "Open another model, or download this one" },
    h("span", { class: "visually-hidden" }, "Models. Open: "), name, h("span", { class: "model-more", "aria-hidden": "true" }, "▾"));

  const show = (/** @type {boolean} */ shown) => {
    menu.hidden = !shown;
    button.setAttribute("aria-expanded", String(shown));
    if (shown) fill();
  };
  const close = () => {
    if (menu.contains(document.activeElement)) button.focus();
    show(false);
  };
  /** Says why a model could not be opened. @param {string} name @param {Promise<unknown>} opening */
  const orSay = (name, opening) => opening.catch((error) => files.refuse(name, error));

  /** @param {string} name @param {string} about @param {boolean} isOpen @param {() => Promise<unknown>} choose */
  const entry = (name, about, isOpen, choose) => h("li", null, h("button", {
    type: "button", "aria-current": isOpen && "true", onclick: () => {
      close();
      if (!isOpen) orSay(name, choose());
    },
  }, h("span", { dir: "auto", translate: "no" }, name), h("small", null, isOpen ? `${about}, open` : about)));

  async function fill() {
    const now = state.get("model");
    const own = now === null || models.isShipped ? "" : now.name;
    const shipped = entry(SHIPPED.name, "comes with this page", now !== null && own === "", () => models.openShipped());
    save.disabled = state.get("engine") !== "ready" || !now;
    list.replaceChildren(shipped);
    try {
      const { trainedModels } = await orWhy(import("./trained.js"), import.meta.url);
      const trained = await trainedModels(app);
      const others = own && !trained.some(({ name }) => name === own) ? [entry(own, "from a file", true, async () => {})] : [];
      list.replaceChildren(shipped, ...others, ...trained.map(({ name, about, open }) => entry(name, about, name === own, open)));
    } catch (error) {
      list.append(h("li", { class: "inline-fault" }, error instanceof Error ? error.message : String(error)));
    }
  }

  button.addEventListener("click", () => show(menu.hidden !== false));
  open.addEventListener("click", () => {
    close();
    picker.click();
  });
  save.addEventListener("click", () => {
    close();
    app.offerModel().catch(({ message }) => notify({ kind: "error", key: "save", title: "The model could not be saved.", message }));
  });
  picker.addEventListener("change", () => {
    const chosen = [...(picker.files ?? [])];
    // The same file chosen twice must count twice.
    picker.value = "";
    if (chosen.length > 0) files.take(chosen);
  });
  const element = h("div", { class: "model-chooser" }, button, menu, picker);
  element.addEventListener("keydown", (event) => { if (event.key === "Escape" && !menu.hidden) close(); });
  // Whoever turns to something else is done with it.
  document.addEventListener("pointerdown", ({ target }) => { if (!menu.hidden && target instanceof Node && !element.contains(target)) show(false); });
  element.addEventListener("focusout", ({ relatedTarget }) => { if (relatedTarget instanceof Node && !element.contains(relatedTarget)) show(false); });
  return element;
}
