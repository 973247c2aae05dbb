// Messages to the person: they stay until they are dismissed or replaced.

import { h } from "./dom.js";

/** @typedef {import("./app.js").Notice} Notice */

/**
 * @param {HTMLElement} root
 * @returns {{notify: (notice: Notice) => void, dismiss: (key: string) => void}}
 */
export function makeNotices(root) {
  /** @type {Map<string, HTMLElement>} */ const keyed = new Map();
  const dismiss = (/** @type {string} */ key) => {
    keyed.get(key)?.remove();
    keyed.delete(key);
  };
  const notify = (/** @type {Notice} */ { kind, title, message, action, actions = action ? [action] : [], lasting, key }) => {
    const remove = () => {
      element.remove();
      if (key && keyed.get(key) === element) keyed.delete(key);
    };
    const element = h("div", { class: `notice notice-${kind}`, role: kind === "error" ? "alert" : "status" },
      h("p", null, h("strong", null, title), message && ` ${message}`),
      h("div", { class: "notice-actions" },
        actions.map(({ label, run }) => h("button", { type: "button", onclick: () => { remove(); run(); } }, label)),
        !lasting && h("button", { type: "button", class: "quiet", onclick: remove }, "Dismiss")));
    const old = key ? keyed.get(key) : null;
    if (key) keyed.set(key, element);
    if (old) old.replaceWith(element);
    else root.append(element);
  };
  return { notify, dismiss };
}
