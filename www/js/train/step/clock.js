// Playing the six steps: each moves for a while, and then the next one comes.

/**
 * How a step plays: so many moves, and milliseconds from one to the next.
 * @typedef {{moves: number, pause: number}} Score
 *
 * @typedef {object} Player
 * @property {() => number} step  which of them is shown
 * @property {(step: number) => Score} score
 * @property {(move: number) => void} move  from 1 on
 * @property {() => void} next  shows the next step
 * @property {() => boolean} seen  whether anybody can see it
 * @property {(playing: boolean) => void} told
 */

/** Milliseconds that a step stands when it has moved, so that its sentences can be read. */
export const READ_MS = 6500;

export class StepClock {
  #player;
  #last;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #move = 0;
  playing = false;

  /** @param {Player} player @param {number} steps */
  constructor(player, steps) {
    this.#player = player;
    this.#last = steps - 1;
  }

  play() {
    this.playing = true;
    this.#player.told(true);
    this.#begin();
  }

  stop() {
    clearTimeout(this.#timer);
    if (!this.playing) return;
    this.playing = false;
    this.#player.told(false);
  }

  #begin() {
    this.#move = 0;
    this.#wait();
  }

  #wait() {
    const { moves, pause } = this.#player.score(this.#player.step());
    this.#timer = setTimeout(() => this.#turn(), this.#move < moves ? pause : READ_MS);
  }

  #turn() {
    if (!this.#player.seen()) return this.stop();
    const { moves } = this.#player.score(this.#player.step());
    if (this.#move < moves) {
      this.#player.move(++this.#move);
      this.#wait();
    } else if (this.#player.step() < this.#last) {
      this.#player.next();
      this.#begin();
    } else this.stop();
  }
}
