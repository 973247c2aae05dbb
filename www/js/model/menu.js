// The menu of models: the one that comes with the page, those that were trained here, a file; and the open one as a file.

import { h } from "../page/dom.js";
import { SHIPPED } from "./models.js";
import { keptModels } from "./kept.js";

/** @typedef {import("../page/app.js").App} App */

/**
 * @param {App} app @param {HTMLElement} chooser  holds the button and the menu @param {HTMLButtonElement} button  opens and closes it
 * @param {HTMLInputElement} picker  of files
 */
export function modelMenu(app, chooser, button, picker) {
  const { state, models, files, notify } = app;
  const list = h("ul", { class: "model-list" });
  const save = h("button", { type: "button", title: "As one .safetensors file, with its waves as they are bent now" }, "Download this model");
  const open = h("button", { type: "button", title: "A model (.safetensors), a training of this page or a text; dropping one on the page does the same" }, "Open a file");
  const from = h("button", { type: "button", title: "A model on the web, or beside this page; its size is shown before it is fetched" }, "From an address…");
  const mine = h("a", { class: "model-menu-mine", href: "#mine", "data-to": "mine", title: "All that this browser keeps: trainings, models, texts, races", onclick: () => close() }, "All of yours: Mine");
  const menu = h("div", { class: "model-menu", role: "group", "aria-label": "Models", hidden: true }, list, h("div", { class: "model-menu-files" }, open, from, save, mine));

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
      orSay(name, choose());
    },
  }, h("span", { dir: "auto", translate: "no" }, name), h("small", null, isOpen && about !== "the open model" ? `${about}, open` : about)));

  async function fill() {
    const now = state.get("model");
    const own = now === null || models.isShipped ? "" : now.name;
    const shipped = entry(SHIPPED.name, "comes with this page", now !== null && own === "", async () => { if (own !== "" || now === null) await models.openShipped(); });
    save.disabled = state.get("engine") !== "ready" || !now;
    list.replaceChildren(shipped);
    try {
      const kept = await keptModels(app);
      const others = own && !kept.some(({ isOpen }) => isOpen) ? [entry(own, "the open model", true, async () => {})] : [];
      list.replaceChildren(shipped, ...others, ...kept.map(({ name, about, isOpen, open }) => entry(name, about, isOpen, open)));
    } catch (error) {
      list.append(h("li", { class: "inline-fault" }, error instanceof Error ? error.message : String(error)));
    }
  }

  button.addEventListener("click", () => show(menu.hidden !== false));
  open.addEventListener("click", () => {
    close();
    picker.click();
  });
  from.addEventListener("click", () => {
    close();
    app.openAddress().catch(({ message }) => notify({ kind: "error", key: "open", title: "A model from an address could not be asked for.", message }));
  });
  save.addEventListener("click", () => {
    close();
    app.offerModel().catch(({ message }) => notify({ kind: "error", key: "save", title: "The model could not be downloaded.", message }));
  });
  chooser.addEventListener("keydown", (event) => { if (event.key === "Escape" && !menu.hidden) close(); });
  // Whoever turns to something else is done with it.
  document.addEventListener("pointerdown", ({ target }) => { if (!menu.hidden && target instanceof Node && !chooser.contains(target)) show(false); });
  chooser.addEventListener("focusout", ({ relatedTarget }) => { if (relatedTarget instanceof Node && !chooser.contains(relatedTarget)) show(false); });
  chooser.append(menu);
  show(true);
}
