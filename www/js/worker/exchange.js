// How workers that share a step come to the sum of what each has computed: in rounds, in each of which
// every worker swaps its sum with one other and adds what it gets. After two rounds four workers have
// the same sum, after three eight. No memory is shared: buffers change hands.

/**
 * What both a session and a helper have.
 * @typedef {object} Sharer
 * @property {() => number} share_print
 * @property {(first: number, end: number) => void} share_begin
 * @property {(out: Float32Array) => void} share_take
 * @property {(from: Float32Array) => void} share_add
 *
 * @typedef {{print: number, values: Float32Array<ArrayBuffer>}} Message
 * @typedef {object} Round
 * @property {MessagePort} port To the worker that this round swaps with.
 * @property {Float32Array<ArrayBuffer> | null} buffer What came in last goes out next, so that nothing is allocated.
 * @property {Message | null} early What came in before it was waited for.
 * @property {((message: Message) => void) | null} take
 */

/** The exchange was given up while it was waited for. */
export class Closed extends Error {}

/** Another worker took too long. */
export class TooLate extends Error {}

export class Exchange {
  /** @type {Round[]} */ #rounds;
  #length;
  #open = true;
  /** @type {((error: Error) => void) | null} */ #giveUp = null;

  /** @param {MessagePort[]} ports One for each round. @param {number} length Numbers of a share. */
  constructor(ports, length) {
    this.#length = length;
    this.#rounds = ports.map((port) => ({ port, buffer: null, early: null, take: null }));
    for (const round of this.#rounds) {
      round.port.onmessage = ({ data }) => {
        if (round.take) round.take(data);
        else round.early = data;
        round.take = null;
      };
    }
  }

  /**
   * Adds what all others have to what the engine has.
   * @param {Sharer} engine
   * @param {number} print Of the run that the share was computed from.
   * @param {number} [patience] Milliseconds to wait for each.
   * @returns {Promise<boolean>} Whether all had the same run. If not, nothing has come of it.
   */
  async run(engine, print, patience = Infinity) {
    for (const round of this.#rounds) {
      if (!this.#open) throw new Closed();
      const mine = round.buffer ?? new Float32Array(this.#length);
      round.buffer = null;
      engine.share_take(mine);
      round.port.postMessage({ print, values: mine }, [mine.buffer]);
      const theirs = await this.#next(round, patience);
      if (theirs.print !== print) return false;
      engine.share_add(theirs.values);
      round.buffer = theirs.values;
    }
    return true;
  }

  /** @param {Round} round @param {number} patience @returns {Promise<Message>} */
  async #next(round, patience) {
    const { early } = round;
    round.early = null;
    if (early) return early;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    try {
      return await new Promise((resolve, reject) => {
        round.take = resolve;
        this.#giveUp = reject;
        if (patience < Infinity) timer = setTimeout(() => reject(new TooLate()), patience);
      });
    } finally {
      clearTimeout(timer);
      round.take = null;
      this.#giveUp = null;
    }
  }

  /** Ends it; whoever waits is told. */
  close() {
    this.#open = false;
    for (const { port } of this.#rounds) port.close();
    this.#giveUp?.(new Closed());
  }
}
