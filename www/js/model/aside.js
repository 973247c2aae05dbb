// Models that hurt when they were opened by themselves, or that the engine refused: kept, and not opened by themselves
// again. The page says so at each visit, until the person has opened or deleted them.

import { download } from "../files/out.js";
import { fileName } from "./file-name.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {{ name: string, bytes: ArrayBuffer, trained?: boolean }} Kept
 */

/** Before what tells a model from others. */
const ASIDE = "model-aside/";

/** Tells one model from another well enough. @param {Kept} kept */
export const idOf = ({ name, bytes }) => `${name}:${bytes.byteLength}`;

/** Whether it is a model as this page keeps it. @param {any} kept @returns {kept is Kept} */
export const isKept = (kept) => kept?.bytes instanceof ArrayBuffer && typeof kept.name === "string";

export class Aside {
  #app;
  #open;

  /**
   * @param {Pick<App, "storage" | "notify" | "opening">} app
   * @param {(bytes: ArrayBuffer, name: string) => Promise<unknown>} open
   */
  constructor(app, open) {
    this.#app = app;
    this.#open = open;
  }

  /** @param {Kept} kept @param {string} why @param {readonly string[]} instead  keys of what it was */
  async put(kept, why, instead) {
    const { name, bytes } = kept;
    const key = ASIDE + idOf(kept);
    await this.#app.storage.setAll({ [key]: { name, bytes, why } }, instead);
    this.#say(key, { name, bytes }, why);
  }

  /** Tells of those that earlier visits put aside. */
  async tell() {
    const { storage } = this.#app;
    for (const key of await storage.keys(ASIDE)) {
      const kept = await storage.get(key);
      if (isKept(kept)) this.#say(key, kept, String(/** @type {any} */ (kept).why ?? ""));
      else await storage.delete(key);
    }
  }

  /** @param {string} key @param {Kept} kept @param {string} why */
  #say(key, kept, why) {
    const { notify, storage } = this.#app;
    const { name, bytes } = kept;
    notify({
      kind: "error", key, title: `${name}, which was open before, is not opened by itself.`,
      message: `${why} It is still kept in this browser; what is open is another model.`,
      actions: [
        { label: "Open it all the same", run: () => this.#try(key, kept) },
        { label: "Download it", run: () => {
          download(bytes, fileName(name));
          this.#say(key, kept, why);
        } },
        { label: "Delete it", run: () => storage.delete(key) },
      ],
    });
  }

  /** @param {string} key @param {Kept} kept */
  async #try(key, kept) {
    const { opening, storage } = this.#app;
    await opening.mark("model", idOf(kept), kept.name);
    try {
      await this.#open(kept.bytes, kept.name);
      await storage.delete(key);
    } catch (error) {
      this.#say(key, kept, error instanceof Error ? error.message : String(error));
    }
    opening.alive("model");
  }
}
