// The graphics adapter: found, proven against the processor, and what a person is told of it. Where a
// training runs is decided here; lessons.js moves it.

import { TooLong, bounded } from "../page/bounded.js";
import { offerHere, openAdapter, wordsOf } from "./adapter.js";

/**
 * @typedef {import("../engine/protocol.js").DeviceChoice} DeviceChoice
 * @typedef {import("../engine/protocol.js").DeviceStatus} DeviceStatus
 * @typedef {import("../engine/protocol.js").DeviceCheck} DeviceCheck
 * @typedef {import("../../pkg/wavefield.js").OpenedGpu} OpenedGpu
 * @typedef {{cpu: number, gpu: number, right: boolean}} Race  Tokens a second, and whether the losses agree.
 */

export { wordsOf };

/** Milliseconds that the proof of an adapter may take. Most of it is the compilation of shaders, which a training needs as well. */
const PROOF_MS = 180_000;
/** So much faster the adapter must be to be worth a move. */
const WORTH = 1.1;
/**
 * Losses of the same step may differ by so much of them: the first one by rounding alone, the later ones by what the
 * optimiser makes of it, which divides by the size of gradients that are next to nothing.
 */
const LOSS_TOLERANCE = { first: 2e-5, later: 5e-3 };
/** So many losses of the device in one visit, and it is left alone. */
const MOST_LOSSES = 3;

/**
 * Whether the adapter's losses are those of the processor, step by step.
 * @param {number[]} found @param {number[]} expected
 */
export function lossesAgree(found, expected) {
  const near = (/** @type {number} */ loss, /** @type {number} */ i) =>
    Math.abs(loss - expected[i]) <= (i > 0 ? LOSS_TOLERANCE.later : LOSS_TOLERANCE.first) * (1 + Math.abs(expected[i]));
  return found.length === expected.length && found.every(near);
}

/** @param {Race} race */
export const gpuWins = ({ cpu, gpu, right }) => right && gpu >= WORTH * cpu;

const count = (/** @type {number} */ speed) => Math.round(speed).toLocaleString("en-GB");

/** What came of a race, in words. @param {Race} race */
export function wordsOfRace(race) {
  if (!race.right) return "The graphics card's losses are not those of the processor, so training stays on the processor.";
  const speeds = `${count(race.gpu)} tokens a second against ${count(race.cpu)}`;
  return gpuWins(race) ? `The graphics card trains faster: ${speeds}.` : `The processor trains faster here or as fast: the graphics card does ${speeds}.`;
}

/** The first check that fails. @param {DeviceCheck[]} checks */
export const failed = (checks) => checks.find(({ error, allowed }) => !(error <= allowed)) ?? null;

/** What is wrong, to go into a sentence. @param {DeviceCheck} check */
export const wordsOfCheck = ({ what, error, allowed }) => (Number.isFinite(error)
  ? `${what}: off by ${error.toExponential(1)}, where ${allowed.toExponential(0)} is allowed`
  : `${what}: no number, or written where nothing is due`);

export class Devices {
  #open;
  #tell;
  /** @type {OpenedGpu | null} */ #gpu = null;
  /** @type {DeviceStatus} */ #status = {
    choice: "auto", backend: "cpu", phase: "none", why: "", adapter: null, checks: null, speeds: { cpu: null, gpu: null },
    workers: 1, sharing: "",
  };
  /** Races by the shape of model and batch. @type {Map<string, Race>} */ #races = new Map();
  /** @type {"shader" | "numbers" | null} */ #sabotage = null;
  /** Whether a software adapter may race; for tests. */ #softwareToo = false;
  /** Whether matrix products are all that is proven; for tests. */ #productsAlone = false;
  #losses = 0;
  /** What every adapter has to pass, of this one. @type {DeviceCheck[]} */ #general = [];
  /** Shapes of trainings that the adapter was proven for. @type {Set<string>} */ #provenFor = new Set();
  #pageHas = false;
  /** @type {Promise<void> | null} */ #finding = null;
  /** Called when there is something new to decide. */ onNews = () => {};
  /** Called when the adapter is to be proven again at once. */ onDoubt = () => {};

  /**
   * @param {() => Promise<OpenedGpu>} open Finds and opens an adapter.
   * @param {(status: DeviceStatus) => void} tell
   */
  constructor(open, tell) {
    this.#open = open;
    this.#tell = tell;
  }

  get choice() {
    return this.#status.choice;
  }

  /** The adapter, if it is proven. */
  get gpu() {
    return this.#status.phase === "ready" || this.#status.phase === "racing" ? this.#gpu : null;
  }

  /** @param {Partial<DeviceStatus>} news */
  update(news) {
    this.#status = { ...this.#status, ...news };
    this.#tell(structuredClone(this.#status));
  }

  /** @param {DeviceChoice} choice @param {boolean} [pageHas] Whether the page itself has access to a graphics card. */
  choose(choice, pageHas = false) {
    this.#pageHas = pageHas;
    this.#losses = 0;
    const software = this.#status.adapter?.software ?? false;
    // A software adapter that was not even tried is, once it is asked for; and so is what failed before.
    const again = choice === "gpu" && !this.gpu;
    if (again || (choice === "auto" && software)) this.#drop();
    this.update({ choice, why: choice === "cpu" ? "You chose the processor." : this.#status.why });
    this.find();
    this.onNews();
  }

  /** Finds an adapter and proves it, unless that is not wanted or done already. */
  find() {
    if (this.choice === "cpu" || this.#gpu || this.#status.phase === "refused") return;
    this.#finding ??= this.#find().finally(() => {
      this.#finding = null;
      // What was chosen in the meantime may want more.
      this.find();
    });
  }

  async #find() {
    this.update({ phase: "opening", why: "A graphics card is being looked for." });
    let gpu;
    try {
      gpu = await openAdapter({ ...offerHere(), page: this.#pageHas }, this.#open, (late) => this.#openedLate(late));
    } catch (error) {
      return this.#refuse(/** @type {Error} */ (error).message);
    }
    await this.#try(gpu);
  }

  /** One that was given up answers after all: it is as good as if it had been quick, unless there is another by now. @param {OpenedGpu} gpu */
  #openedLate(gpu) {
    if (this.#gpu || this.#finding || this.choice === "cpu") return gpu.free();
    this.#finding = this.#try(gpu).finally(() => { this.#finding = null; });
  }

  /** Proves an adapter that was opened. @param {OpenedGpu} gpu */
  async #try(gpu) {
    const adapter = gpu.report();
    this.#gpu = gpu;
    this.update({ adapter });
    if (adapter.software && this.choice !== "gpu" && !this.#softwareToo) {
      return this.#refuse("The only graphics adapter here is software that itself runs on the processor, so training stays on the processor.");
    }
    this.update({ phase: "proving", why: "The graphics card is being compared with the processor." });
    try {
      if (this.#sabotage) gpu.sabotage(this.#sabotage);
      /** @type {DeviceCheck[]} */
      const checks = await bounded(gpu.prove(this.#productsAlone), PROOF_MS);
      this.#general = checks;
      this.update({ checks });
      const wrong = failed(checks);
      if (wrong) {
        return this.#refuse(`The graphics card computes wrong numbers (${wordsOfCheck(wrong)}), so training stays on the processor.`);
      }
    } catch (error) {
      const why = error instanceof TooLong ? `it has not answered in ${PROOF_MS / 1000} seconds` : wordsOf(error);
      return this.#refuse(`The graphics card failed its test (${why}), so training stays on the processor.`);
    }
    this.update({ phase: "ready", why: "The graphics card computes what the processor computes. Which one is faster shows when a training begins." });
    this.onNews();
  }

  /** @param {string} why */
  #refuse(why) {
    this.#drop();
    this.update({ phase: "refused", backend: "cpu", why });
  }

  #drop() {
    try {
      this.#gpu?.free();
    } catch {
      // A proof of it is still under way and holds it: it is freed once nobody has it any more.
    }
    this.#gpu = null;
    this.#provenFor.clear();
    this.#status = { ...this.#status, phase: "none" };
  }

  /**
   * Whether the adapter computes what a training of this shape needs besides; it is proven once.
   * @param {string} shape @param {(gpu: OpenedGpu) => Promise<DeviceCheck[]>} prove
   */
  async isProvenFor(shape, prove) {
    const { gpu } = this;
    if (!gpu || this.#productsAlone || this.#provenFor.has(shape)) return Boolean(gpu);
    const checks = await bounded(prove(gpu), PROOF_MS).catch((error) => {
      throw error instanceof TooLong ? new Error(`it has not answered in ${PROOF_MS / 1000} seconds`) : error;
    });
    if (this.gpu !== gpu) return false;
    this.update({ checks: [...this.#general, ...checks] });
    const wrong = failed(checks);
    if (wrong) this.#refuse(`The graphics card computes wrong numbers at this training's size (${wordsOfCheck(wrong)}), so training stays on the processor.`);
    else this.#provenFor.add(shape);
    return !wrong;
  }

  /**
   * Where a training of this shape belongs now.
   * @param {string} shape @returns {"cpu" | "gpu" | "race"}
   */
  placeFor(shape) {
    if (this.choice === "cpu" || !this.gpu) return "cpu";
    if (this.choice === "gpu") return "gpu";
    const race = this.#races.get(shape);
    if (!race) return "race";
    return gpuWins(race) ? "gpu" : "cpu";
  }

  /** @param {string} shape @param {Race} race */
  raced(shape, race) {
    this.#races.set(shape, race);
    const backend = gpuWins(race) ? "gpu" : "cpu";
    this.update({ phase: "ready", backend, why: wordsOfRace(race), speeds: { cpu: race.cpu, gpu: race.gpu } });
  }

  /**
   * The adapter is gone; another one is looked for, a few times, unless it is the one that cannot be trusted.
   * @param {string} why @param {{trusted?: boolean}} [options]
   */
  lost(why, { trusted = true } = {}) {
    this.#drop();
    this.update({ phase: "lost", backend: "cpu", why, adapter: null, checks: null });
    if (trusted && ++this.#losses < MOST_LOSSES) this.find();
  }

  /** For tests. @param {"lose" | "shader" | "numbers" | "software" | "products"} how */
  break(how) {
    if (how === "software") return void (this.#softwareToo = true);
    if (how === "products") return void (this.#productsAlone = true);
    if (how === "lose") return this.#gpu?.destroy();
    this.#sabotage = how;
    this.#gpu?.sabotage(how);
    this.onDoubt();
  }
}
