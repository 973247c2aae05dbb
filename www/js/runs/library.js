// All trainings that this browser keeps. No DOM of its own.
//
// A training lies under several keys: its card, which is all that a list needs, and apart from it what is heavy: curves
// and samples, the checkpoints by their steps, and the text where it is the person's own. Card, curves and checkpoint of
// one snapshot are written together or not at all, so what is found after a crash always fits together.

import { UNDO_MS } from "../keep/limits.js";
import { wrongInCard, wrongInCurves } from "./check.js";
import { ifFree } from "./locks.js";

/**
 * @typedef {import("../train/run.js").Facts} Facts
 * @typedef {import("../train/run.js").RunState} RunState
 * @typedef {import("../train/run.js").Plan} Plan
 * @typedef {import("../train/presets.js").Choices} Choices
 * @typedef {ReturnType<import("../charts/series.js").LossHistory["toJSON"]>} History
 * @typedef {ReturnType<import("../train/course.js").Course["toJSON"]>} CourseData
 * @typedef {{ facts: Facts, history: History, course?: CourseData }} Curves  older ones are without the course
 *
 * @typedef {{ step: number, size: number }} Checkpoint  size: bytes
 * @typedef {Checkpoint & { loss: number, evaluatedAt: number }} BestCheckpoint  taken right after the evaluation: some
 *   steps later where the engine was quicker
 *
 * @typedef {object} RunCard
 * @property {string} id
 * @property {string} name
 * @property {number} createdAt
 * @property {number} savedAt
 * @property {RunState} state  at the last snapshot
 * @property {number} step
 * @property {{ step: number, loss: number } | null} lowest  the lowest validation loss
 * @property {Choices} choices
 * @property {Plan} plan
 * @property {Checkpoint | null} last
 * @property {BestCheckpoint | null} best
 * @property {number} textSize  bytes; 0 where the page ships the text
 * @property {number} [deletedAt]  it can be taken back for a while
 *
 * @typedef {object} Snapshot
 * @property {RunState} state
 * @property {Plan} plan  a person may change it while it goes on
 * @property {Curves} curves
 * @property {Uint8Array<ArrayBuffer>} bytes  weights, moments, step and random state after `curves.facts.step`
 * @property {{ loss: number, step: number } | null} best  the evaluation that makes it the best one
 */

const CARD = "runs/";
const CURVES = "run-curves/";
const BYTES = "run-checkpoint/";
const TEXT = "run-text/";
/** How older versions kept the one training they had: everything under one key. */
const OLDER = { record: "train-run/", text: "train-text/" };
const CHANNEL = "wave-field-runs";

/** Ids begin with the time, so they sort by it. */
export const newId = () => `${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;

/** Bytes of a training on the disk; its curves are small beside them. @param {RunCard} card */
export const sizeOf = ({ last, best, textSize }) =>
  (last?.size ?? 0) + (best && best.step !== last?.step ? best.size : 0) + textSize;

export class RunLibrary {
  #storage;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {BroadcastChannel | null} */
  #otherTabs = null;
  /** Changes of cards, one after the other. @type {Promise<unknown>} */
  #turn = Promise.resolve();

  /** @param {import("../keep/storage.js").Storage} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  /** @param {() => void} listener  called after every change, other tabs' too */
  onChange(listener) {
    this.#listeners.add(listener);
    if (this.#otherTabs || typeof BroadcastChannel === "undefined") return;
    this.#otherTabs = new BroadcastChannel(CHANNEL);
    this.#otherTabs.onmessage = () => this.#tell();
  }

  /** Tells the other tabs that something about the trainings is new here, such as which one is held. */
  changed() {
    this.#otherTabs?.postMessage(null);
    this.#tell();
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }

  /** @returns {Promise<RunCard[]>} those that came last first, without deleted ones and those that cannot be shown */
  async cards() {
    const cards = [...(await this.#storage.getAll(CARD)).values()].filter((card) => wrongInCard(card) === "");
    return cards.filter(({ deletedAt }) => !deletedAt).sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  /** Those that cannot be shown, each with the reason in a sentence. @returns {Promise<{ id: string, name: string, why: string }[]>} */
  async broken() {
    const kept = await this.#storage.getAll(CARD);
    return [...kept].flatMap(([key, card]) => {
      const [why, name] = [wrongInCard(card), card?.name];
      return why && !(card?.deletedAt > 0) ? [{ id: key.slice(CARD.length), name: typeof name === "string" ? name.slice(0, 100) : "", why }] : [];
    });
  }

  /** Everything that is kept of one that cannot be shown, as it lies there. @param {string} id @returns {Promise<Record<string, Blob>>} */
  async pieces(id) {
    /** @type {Record<string, Blob>} */
    const files = {};
    for (const [name, key] of [["card.json", CARD + id], ["curves.json", CURVES + id]]) {
      files[name] = new Blob([JSON.stringify(await this.#storage.get(key), (_, value) => (ArrayBuffer.isView(value) ? [...(/** @type {Float32Array} */ (value))] : value), 1) ?? "null"]);
    }
    for (const key of await this.#storage.keys(`${BYTES}${id}/`)) files[`step-${key.split("/").at(-1)}.safetensors`] = new Blob([await this.#storage.get(key)]);
    const text = await this.text(id);
    if (typeof text === "string") files["text.txt"] = new Blob([text]);
    return files;
  }

  /** Forgets one that cannot be shown, for good. @param {string} id */
  forget(id) {
    return this.#inTurn(async () => {
      await this.#storage.setAll({}, [CARD + id, CURVES + id, TEXT + id, ...(await this.#storage.keys(`${BYTES}${id}/`))]);
    });
  }

  /** @param {string} id @returns {Promise<RunCard | null>} null where there is none that can be shown, or it was deleted */
  async card(id) {
    const card = await this.#storage.get(CARD + id);
    return card && !card.deletedAt && wrongInCard(card) === "" ? card : null;
  }

  /** @param {string} id @returns {Promise<Curves | undefined>} @throws {Error} where they cannot be shown */
  async curves(id) {
    const curves = await this.#storage.get(CURVES + id);
    const wrong = curves ? wrongInCurves(curves) : "";
    if (wrong) throw new Error(`What is kept of its curves cannot be shown: ${wrong} Its models can still be used; download it to look into it.`);
    return curves;
  }

  /** The person's own text that a training learns from. @param {string} id @returns {Promise<string | undefined>} */
  text(id) {
    return this.#storage.get(TEXT + id);
  }

  /** @param {RunCard} card @param {"last" | "best"} which @returns {Promise<Uint8Array<ArrayBuffer>>} a copy, to be given away */
  async bytes(card, which) {
    const checkpoint = card[which];
    const bytes = checkpoint && (await this.#storage.get(checkpointKey(card.id, checkpoint.step)));
    if (!bytes && this.#storage.silent) throw new Error(this.#storage.reason);
    if (!bytes) throw new Error(`Nothing of "${card.name}" is kept that could be opened. Train it again.`);
    return bytesOf(bytes);
  }

  /** All of a training. @param {RunCard} card */
  async whole(card) {
    const curves = await this.#storage.get(CURVES + card.id);
    if (!curves && this.#storage.silent) throw new Error(this.#storage.reason);
    if (!curves) throw new Error(`The curves of "${card.name}" are no longer kept here.`);
    /** @type {Partial<Record<"last" | "best", Blob>>} */
    const bytes = {};
    for (const which of /** @type {const} */ (["last", "best"])) if (card[which]) bytes[which] = new Blob([await this.bytes(card, which)]);
    return { card, curves, bytes, text: (await this.text(card.id)) ?? null };
  }

  /** Whether all of a training survives closing this tab. @param {RunCard} card */
  isStored({ id, last, best }) {
    const steps = [last, best].flatMap((checkpoint) => (checkpoint ? [checkpointKey(id, checkpoint.step)] : []));
    return [CARD + id, CURVES + id, TEXT + id, ...steps].every((key) => this.#storage.isStored(key));
  }

  /**
   * A new training, before its first snapshot.
   * @param {{ id: string, choices: Choices, plan: Plan }} run @param {Curves} curves
   * @param {string | null} text  null: the page ships it
   * @returns {Promise<RunCard>}
   */
  create({ id, choices, plan }, curves, text) {
    return this.#inTurn(async () => {
      const now = Date.now();
      const names = new Set((await this.cards()).map(({ name }) => name));
      /** @type {RunCard} */
      const card = {
        id, name: freeName(plan.data_name, names), createdAt: now, savedAt: now, state: "running", step: 0, lowest: null,
        choices, plan, last: null, best: null, textSize: text === null ? 0 : new Blob([text]).size,
      };
      await this.#storage.setAll({ [CARD + id]: card, [CURVES + id]: curves, ...(text !== null && { [TEXT + id]: text }) });
      return card;
    });
  }

  /**
   * Keeps a snapshot: it becomes the last one, and the best one if it is.
   * @param {string} id @param {Snapshot} snapshot
   * @returns {Promise<{ card: RunCard, stored: boolean } | null>} null where the training is gone
   */
  snapshot(id, { state, plan, curves, bytes, best }) {
    return this.#inTurn(async () => {
      const { facts } = curves;
      const before = await this.card(id);
      if (!before) return null;
      const last = { step: facts.step, size: bytes.byteLength };
      /** @type {RunCard} */
      const card = {
        ...before, state, plan, step: facts.step, savedAt: Date.now(), last,
        lowest: lowestOf(facts.evaluations, before.lowest),
        best: best ? { ...last, loss: best.loss, evaluatedAt: best.step } : before.best,
      };
      const needed = new Set([last.step, card.best?.step].map((step) => checkpointKey(id, step ?? -1)));
      const old = (await this.#storage.keys(`${BYTES}${id}/`)).filter((key) => !needed.has(key));
      const stored = await this.#storage.setAll({ [CARD + id]: card, [CURVES + id]: curves, [checkpointKey(id, last.step)]: bytes }, old);
      return { card, stored };
    });
  }

  /** @param {string} id @param {Partial<Pick<RunCard, "name" | "state" | "deletedAt">>} changes */
  update(id, changes) {
    return this.#inTurn(async () => {
      const card = await this.#storage.get(CARD + id);
      if (card) await this.#storage.set(CARD + id, { ...card, ...changes });
    });
  }

  /**
   * Takes in a training from elsewhere.
   * @param {RunCard} card @param {Curves} curves @param {Partial<Record<"last" | "best", Blob>>} bytes @param {string | null} text
   * @param {string[]} [instead]  keys that it takes the place of
   * @returns {Promise<boolean>} whether it will survive closing the tab
   */
  add(card, curves, bytes, text, instead = []) {
    return this.#inTurn(async () => {
      /** @type {Record<string, unknown>} */
      const values = { [CARD + card.id]: card, [CURVES + card.id]: curves };
      if (text !== null) values[TEXT + card.id] = text;
      for (const which of /** @type {const} */ (["best", "last"])) {
        const checkpoint = card[which];
        const file = bytes[which];
        if (checkpoint && file) values[checkpointKey(card.id, checkpoint.step)] = await bytesOf(file);
      }
      return this.#storage.setAll(values, instead);
    });
  }

  /** Deletes a training, which can be taken back for a while. @param {string} id */
  remove(id) {
    setTimeout(() => this.purge(), UNDO_MS + 100);
    return this.update(id, { deletedAt: Date.now() });
  }

  /** Takes a deletion back. @param {string} id */
  takeBack(id) {
    return this.update(id, { deletedAt: undefined });
  }

  /** Frees the room of what was deleted a while ago, and fills it with what had found none. */
  async purge() {
    /** @type {Map<string, RunCard>} */
    const cards = await this.#storage.getAll(CARD);
    for (const [key, card] of cards) {
      const id = key.slice(CARD.length);
      if (!card?.deletedAt || Date.now() - card.deletedAt < UNDO_MS) continue;
      await this.#storage.setAll({}, [CARD + id, CURVES + id, TEXT + id, ...(await this.#storage.keys(`${BYTES}${id}/`))]);
      cards.delete(key);
    }
    for (const card of cards.values()) if (wrongInCard(card) === "" && !this.isStored(card)) await this.#storeAgain(card.id);
    this.changed();
  }

  /** @param {string} id */
  #storeAgain(id) {
    return this.#inTurn(async () => {
      const keys = [CARD + id, CURVES + id, TEXT + id, ...(await this.#storage.keys(`${BYTES}${id}/`))];
      const values = await Promise.all(keys.map(async (key) => [key, this.#storage.isStored(key) ? undefined : await this.#storage.get(key)]));
      await this.#storage.setAll(Object.fromEntries(values.filter(([, value]) => value !== undefined)));
    });
  }

  /** Takes over what older versions of the page kept, unless one of them is at it in another tab. */
  async takeOver() {
    for (const key of await this.#storage.keys(OLDER.record)) {
      await ifFree(key.slice(OLDER.record.length), async () => {
        const record = await this.#storage.get(key); // Another tab may have been quicker.
        if (!record?.bytes || !record.facts || !record.plan) return;
        const text = await this.#storage.get(OLDER.text + record.id);
        const { card, curves, bytes } = fromOlder(record, typeof text === "string" ? text : null);
        if (wrongInCard(card) || wrongInCurves(curves)) return; // It stays where it is.
        await this.add(card, curves, { last: bytes }, text ?? null, [key, OLDER.text + record.id]);
      });
    }
  }

  /** @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  #inTurn(task) {
    const done = this.#turn.then(task);
    // Whoever asked is told of a failure; the next only waits for the end.
    this.#turn = done.catch(() => {});
    done.then(() => this.changed(), () => {});
    return done;
  }
}

/**
 * What is stored of a checkpoint, as bytes of its own. Older versions of the page stored blobs, which not every browser
 * keeps in a private window.
 * @param {Blob | Uint8Array<ArrayBuffer>} stored @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export const bytesOf = async (stored) => (stored instanceof Blob ? new Uint8Array(await stored.arrayBuffer()) : stored.slice());

/** @param {string} id @param {number} step */
const checkpointKey = (id, step) => `${BYTES}${id}/${step}`;

/**
 * @param {readonly { step: number, loss: number }[]} evaluations @param {{ step: number, loss: number } | null} known
 * @returns {{ step: number, loss: number } | null}
 */
export function lowestOf(evaluations, known) {
  let lowest = known;
  for (const { step, loss } of evaluations) if (Number.isFinite(loss) && (!lowest || !(lowest.loss <= loss))) lowest = { step, loss };
  return lowest;
}

/** @param {string} name @param {ReadonlySet<string>} taken @returns {string} the name, with a number if need be */
export function freeName(name, taken) {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name} ${number}`;
  return free;
}

/**
 * @param {{ id: string, savedAt: number, state: RunState, choices: Choices, plan: Plan, facts: Facts, history: History, course?: CourseData, bytes: Blob }} record
 * @param {string | null} text
 * @returns {{ card: RunCard, curves: Curves, bytes: Blob }}
 */
function fromOlder({ id, savedAt, state, choices, plan, facts, history, course, bytes }, text) {
  const last = { step: facts.step, size: bytes.size };
  // Ids began with the time.
  const createdAt = Number.parseInt(id, 10) || savedAt;
  const card = {
    id, name: plan.data_name, createdAt, savedAt, state, step: facts.step, lowest: lowestOf(facts.evaluations, null),
    choices, plan, last, best: null, textSize: text === null ? 0 : new Blob([text]).size,
  };
  return { card, curves: { facts, history, course }, bytes };
}
