// "Copy link": the page's address for the clipboard.

import { h } from "../page/dom.js";
import { copyText } from "../files/out.js";

/** @param {import("../page/app.js").App} app @returns {HTMLButtonElement} */
export function shareButton(app) {
  const button = h("button", { type: "button", class: "share-button", title: "Copy a link to this page as it is set now" }, h("span", null, "Copy "), "link");
  button.addEventListener("click", async () => {
    const link = app.address.write();
    // At once, while the press still allows it; what the link carries is said after that.
    const copied = await copyText(link).then(() => true, () => false);
    app.sayLink(button, link, copied).catch(({ message }) => app.notify({ kind: "info", key: "share", title: copied ? "The link is copied." : link, message }));
  });
  return button;
}
