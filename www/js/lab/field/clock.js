// The time that the field is seen at: it stands at a token, moves on from one to the next, or plays.

/** Tokens a second, at least, and the longest that a text plays by itself, in seconds. */
const PACE = 12;
const LONGEST = 14;
/** Milliseconds in which the picture moves on to the tokens just written: as long as they took to come, within these. */
const [SHORTEST_GLIDE, LONGEST_GLIDE] = [120, 600];

const still = matchMedia("(prefers-reduced-motion: reduce)");

export class FieldClock {
  /** The last token that has been read; between two of them while it moves. */ time = 0;
  /** Tokens there are. */ #count = 1;
  #frame = 0;
  /** The token that it moves to; where it stands still, the one it stands at. */ #goal = 0;
  #grown = 0;
  #playing = false;
  #onMove;
  #onState;
  #pace;

  /**
   * @param {() => void} onMove The time is another one.
   * @param {(playing: boolean) => void} onState
   * @param {(count: number) => number} [pace] At which so many tokens are played, in tokens a second.
   */
  constructor(onMove, onState, pace = (count) => Math.max(PACE, count / LONGEST)) {
    this.#onMove = onMove;
    this.#onState = onState;
    this.#pace = pace;
  }

  get token() {
    return Math.floor(this.time);
  }

  get playing() {
    return this.#playing;
  }

  get atEnd() {
    return this.token === this.#count - 1;
  }

  /** Whether the person asked for less motion. */
  static get still() {
    return still.matches;
  }

  /** There are so many tokens now; who looks at the newest goes on doing so. @param {number} count */
  grow(count) {
    const newest = this.#goal === this.#count - 1 && !this.#playing;
    const from = this.time;
    const since = performance.now() - this.#grown;
    if (count !== this.#count) this.#grown += since;
    this.#count = count;
    if (from > count - 1) this.stop();
    if (newest && count - 1 > from && count - 1 - from <= 24 && !still.matches) this.#move(count - 1, ((count - 1 - from) * 1000) / Math.max(SHORTEST_GLIDE, Math.min(LONGEST_GLIDE, since)));
    else if (newest || from > count - 1) this.#stand(count - 1);
  }

  /** @param {number} token */
  goTo(token) {
    this.stop();
    this.#stand(Math.max(0, Math.min(this.#count - 1, token)));
    this.#onMove();
  }

  /** From the present token to the end; from the first one where that is the end. */
  play() {
    this.stop();
    if (this.atEnd) this.time = 0;
    this.#playing = true;
    this.#onState(true);
    this.#move(this.#count - 1, this.#pace(this.#count));
  }

  /** Stands still at a token. */
  stop() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    // A glide is cut short where it was going to; who pauses wants to see where it is.
    this.time = this.#goal = this.#playing ? this.token : this.#goal;
    if (!this.#playing) return;
    this.#playing = false;
    this.#onState(false);
  }

  /** @param {number} token */
  #stand(token) {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.time = this.#goal = token;
  }

  /** @param {number} to @param {number} pace Tokens a second. */
  #move(to, pace) {
    cancelAnimationFrame(this.#frame);
    this.#goal = to;
    let last = performance.now();
    let exact = this.time;
    const turn = (/** @type {number} */ now) => {
      exact += (Math.max(0, now - last) * pace) / 1000;
      last = now;
      // A text that is being written grows while it plays.
      const end = this.#playing ? this.#count - 1 : this.#goal;
      this.time = Math.min(end, still.matches ? Math.floor(exact) : exact);
      this.#frame = this.time < end ? requestAnimationFrame(turn) : 0;
      this.#onMove();
      if (this.#frame === 0) this.stop();
    };
    this.#frame = requestAnimationFrame(turn);
  }
}
