// Trainings that are kept but cannot be shown: each says why, and can be downloaded as it lies there, or deleted.

import { download } from "../files/out.js";
import { writeZip } from "../files/zip.js";
import { h } from "../page/dom.js";
import { fileStem } from "../train/words.js";

/** @typedef {import("./library.js").RunLibrary} RunLibrary */
/** @typedef {Awaited<ReturnType<RunLibrary["broken"]>>} Broken */

const SURE = "Delete it for good";

export class BrokenRuns {
  #library;
  #shown = "";
  element = h("ul", { class: "runs-list runs-broken", "aria-label": "Trainings that cannot be shown" });

  /** @param {RunLibrary} library */
  constructor(library) {
    this.#library = library;
  }

  /** @param {Broken} broken */
  show(broken) {
    const look = JSON.stringify(broken);
    if (look === this.#shown) return;
    this.#shown = look;
    this.element.replaceChildren(...broken.map((one) => this.#row(one)));
  }

  /** @param {Broken[number]} one */
  #row({ id, name, why }) {
    const problem = h("p", { class: "train-problem", role: "alert" });
    const act = (/** @type {() => Promise<void>} */ task) => () => task().catch((error) => { problem.textContent = error instanceof Error ? error.message : String(error); });
    // It cannot be taken back, so it takes two presses.
    const forget = h("button", { type: "button", class: "small", onclick: () => {
      if (forget.textContent === SURE) return act(() => this.#library.forget(id))();
      forget.textContent = SURE;
      problem.textContent = "It cannot be had back.";
    } }, "Delete");
    return h("li", { class: "runs-row runs-deleted" },
      h("p", null, h("strong", null, name ? `"${name}" cannot be shown.` : "A training cannot be shown."), ` In what is kept of it, ${why} Nothing of it is lost: download it, or delete it.`),
      h("button", { type: "button", class: "small", onclick: act(async () => download(await writeZip(await this.#library.pieces(id)), `${fileStem(name || "training")}-as-kept.zip`)) }, "Download what is there"),
      forget,
      problem);
  }
}
