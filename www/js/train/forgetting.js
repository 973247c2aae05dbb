// What a model forgets that goes on with another text: its loss on the text that it had learned, before its first step and as it
// goes on. An engine of its own reads the models that are kept, so that neither the training nor the open model waits for it.

import { Engine, startWorker } from "../engine/client.js";
import { observe } from "../engine/observations.js";
import { joined, validation } from "../text/validation.js";

/**
 * @typedef {import("./run.js").TrainRun} TrainRun
 * @typedef {import("../text/validation.js").Validation} Validation
 * @typedef {{ before: number, loss: number, step: number }} OldText  losses in nats a token
 */

/** Windows of the text that are read: the same ones each time, so that what differs is the model. */
const WINDOWS = 16;
/** Milliseconds between two readings while training goes on. */
const EVERY_MS = 5000;

/** @param {readonly number[]} losses */
const mean = (losses) => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;

export class Forgetting {
  #run;
  /** @type {{ engine: Engine, close: () => void } | null} */
  #aside = null;
  /** @type {Validation | null} */
  #windows = null;
  /** The training that is looked at. */
  #id = "";
  #busy = false;
  /** The training of which it could not be measured: it is not tried again. */ #failed = "";
  /** An engine that is closed answers nothing any more: who waited for it is forgotten. */ #turn = 0;
  #readAt = -Infinity;

  /** @param {TrainRun} run */
  constructor(run) {
    this.#run = run;
    run.onChange(() => this.#look());
  }

  /** A training has begun. @param {Uint8Array<ArrayBuffer>} file  of the model that it goes on from */
  async begin(file) {
    this.#close();
    const { id, choices } = this.#run;
    if (!choices?.base?.old || choices.base.old === choices.data) return;
    this.#id = id;
    await this.#read(file, 0);
  }

  /** Reads the newest model that is kept, if it is time. */
  async #look() {
    const run = this.#run;
    const { savedStep, live, busy, state, facts: { old } } = run;
    if (this.#busy || run.id === this.#failed) return;
    if (run.id !== this.#id) this.#close();
    // What is not going on was measured when it did.
    if (!old || !live || savedStep === null) return;
    this.#id = run.id;
    if (savedStep === old.step) return busy ? undefined : this.#close();
    if (state === "running" && performance.now() - this.#readAt < EVERY_MS) return;
    this.#busy = true;
    const card = await run.library.card(run.id);
    const file = card && (await run.library.bytes(card, "last").catch(() => null));
    this.#busy = false;
    if (card?.last && file) await this.#read(file, card.last.step);
  }

  /** @param {Uint8Array<ArrayBuffer>} file @param {number} step */
  async #read(file, step) {
    const run = this.#run;
    const id = this.#id;
    this.#busy = true;
    const turn = this.#turn;
    try {
      const loss = await this.#loss(file);
      if (id !== run.id || turn !== this.#turn) return;
      run.forgets({ before: run.facts.old?.before ?? loss, loss, step });
      // The last one is kept, too.
      if (run.live && run.state !== "running") await run.save();
    } catch {
      // There is no room for another engine, or the text is not to be had: its place stays empty.
      this.#failed = id;
      this.#close();
    } finally {
      if (turn === this.#turn) this.#busy = false;
      this.#readAt = performance.now();
    }
    this.#look();
  }

  /** @param {Uint8Array<ArrayBuffer>} file */
  async #loss(file) {
    const { choices, plan } = this.#run;
    if (!choices?.base?.old || !plan) throw new Error("This training has no older text.");
    this.#aside ??= openEngine();
    const { engine } = this.#aside;
    await engine.request("load_model", { bytes: file.slice().buffer, name: "In training" });
    this.#windows ??= await validation({ engine }, "original", choices.base.old, plan.train.seq_len);
    const { windows, length } = this.#windows;
    const { losses } = await observe(engine, "whatif_losses", { before: "file", side: "before", ids: joined(windows.slice(0, WINDOWS)), length });
    return mean([...losses]);
  }

  #close() {
    this.#aside?.close();
    this.#aside = null;
    this.#windows = null;
    this.#id = "";
    this.#busy = false;
    this.#turn++;
  }
}

function openEngine() {
  const started = startWorker("wavefield-older-text");
  return { engine: new Engine(() => started), close: () => started.worker.terminate() };
}
