// Trainings that hurt when they were shown by themselves: they stay among the kept ones, and are not shown by themselves
// again until the person opens them. No DOM of its own.

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../runs/library.js").RunCard} RunCard
 */

const ASIDE = "runs-aside";
/** Frames may not come in a tab that nobody sees. */
const FRAMES_MS = 2000;

/** Resolves once what was asked for has been drawn, and what that asked for in turn. */
async function frames() {
  const late = performance.now() + FRAMES_MS;
  const frame = () => new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, Math.max(late - performance.now(), 0));
  });
  await frame();
  await frame();
}

export class TrainAside {
  #app;
  /** Those that are not to be shown by themselves. @type {Set<string>} */
  ids = new Set();

  /** @param {Pick<App, "storage" | "notify" | "opening">} app */
  constructor(app) {
    this.#app = app;
  }

  /** Looks for what earlier visits left, before one is shown. @param {import("../runs/library.js").RunLibrary} library */
  async begin(library) {
    const { opening, storage } = this.#app;
    const kept = await storage.get(ASIDE);
    this.ids = new Set(Array.isArray(kept) ? kept.map(String).slice(-1000) : []);
    const hurt = opening.hurt("training");
    const card = hurt && (await library.card(hurt.id));
    if (card) await this.put(card, "The page stopped when it was shown the last time.");
  }

  /**
   * Shows a training, under a mark until the page has drawn it.
   * @param {RunCard} card @param {() => Promise<void>} show
   */
  async while({ id, name }, show) {
    const { opening } = this.#app;
    await opening.mark("training", id, name);
    try {
      await show();
      frames().then(() => opening.alive("training"));
    } catch (error) {
      opening.alive("training");
      throw error;
    }
  }

  /** @param {RunCard} card @param {string} why */
  async put({ id, name }, why) {
    this.ids.add(id);
    await this.#app.storage.set(ASIDE, [...this.ids]);
    this.#app.notify({ kind: "error", key: "training-aside", title: `The training "${name}" is not shown by itself.`,
      message: `${why} It is still kept: open, download or delete it under Mine.` });
  }

  /** The person has opened it, and it was shown. @param {string} id */
  async forgive(id) {
    if (this.ids.delete(id)) await this.#app.storage.set(ASIDE, [...this.ids]);
  }
}
