// Texts being generated in the worker: each at its pace, with its tokens sent in batches.

import { makeEvent } from "../engine/protocol.js";

/**
 * @typedef {import("../engine/protocol.js").GeneratedToken} GeneratedToken
 * @typedef {import("../engine/protocol.js").GenerateResult} GenerateResult
 * @typedef {import("../engine/protocol.js").Requests["generate"]["payload"]} Order
 * @typedef {import("../../pkg/wavefield.js").Session} Session
 */

/** Milliseconds between two batches: about every other frame. */
const BATCH_INTERVAL = 30;
/** Milliseconds that one text may work in one turn. */
const TURN = 12;
/** Tokens between two looks at the clock. */
const STRIDE = 8;
/** Seconds of text that a text which fell behind may catch up on; more would come as a flood. */
const CATCH_UP = 0.25;

class Text {
  /** @type {GeneratedToken[]} */ batch = [];
  batchSeconds = 0;
  /** Bytes that the engine keeps of it. */ stateBytes = 0;
  tokens = 0;
  seconds = 0;
  sentAt = 0;
  /** When the next token is due. */ due = 0;

  /** @param {string} run @param {number} id The request to answer at the end. @param {number} pace */
  constructor(run, id, pace) {
    this.run = run;
    this.id = id;
    this.pace = pace;
  }
}

export class Texts {
  /** @type {Map<string, Text>} */ #texts = new Map();
  #session;
  #turns;
  #reply;
  #fail;

  /**
   * @param {Session} session
   * @param {import("./turns.js").Turns} turns
   * @param {(id: number, value: GenerateResult) => void} reply
   * @param {(id: number, error: unknown) => void} fail
   */
  constructor(session, turns, reply, fail) {
    this.#session = session;
    this.#turns = turns;
    this.#reply = reply;
    this.#fail = fail;
    turns.add(this);
  }

  /** @param {Order} order @param {number} id */
  start({ run, prompt, written = [], past_stop = false, settings, original, pace }, id) {
    const began = performance.now();
    this.#session.run_start(run, { prompt, written, past_stop, settings, original });
    const text = new Text(run, id, pace);
    text.seconds = (performance.now() - began) / 1000;
    text.due = performance.now();
    this.#texts.set(run, text);
    this.#turns.wake();
  }

  /** @param {string} run @param {number} pace */
  setPace(run, pace) {
    const text = this.#texts.get(run);
    if (!text) return;
    text.pace = pace;
    text.due = performance.now();
    this.#turns.wake();
  }

  /** @param {string} run @param {GenerateResult["reason"]} reason */
  end(run, reason) {
    const text = this.#texts.get(run);
    if (!text) return;
    this.#texts.delete(run);
    this.#session.run_stop(run);
    this.#send(text);
    this.#reply(text.id, { reason, tokens: text.tokens, seconds: text.seconds });
  }

  /** @param {GenerateResult["reason"]} reason */
  endAll(reason) {
    for (const run of [...this.#texts.keys()]) this.end(run, reason);
  }

  /** @param {number} now @returns {number} */
  turn(now) {
    let wait = Infinity;
    for (const text of [...this.#texts.values()]) wait = Math.min(wait, this.#advance(text, now));
    return wait;
  }

  /** @param {Text} text @param {number} now */
  #advance(text, now) {
    const interval = text.pace > 0 ? 1000 / text.pace : 0;
    text.due = Math.max(text.due, now - CATCH_UP * 1000);
    try {
      const until = performance.now() + TURN;
      while (performance.now() < until && (interval === 0 || text.due <= now)) {
        const most = interval === 0 ? STRIDE : Math.min(STRIDE, 1 + Math.floor((now - text.due) / interval));
        const began = performance.now();
        const { tokens, state_bytes, reason } = this.#session.run_step(text.run, most);
        const seconds = (performance.now() - began) / 1000;
        text.batch.push(...tokens);
        text.stateBytes = state_bytes;
        text.tokens += tokens.length;
        text.seconds += seconds;
        text.batchSeconds += seconds;
        text.due += interval * tokens.length;
        if (reason) {
          this.end(text.run, reason);
          return Infinity;
        }
      }
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error;
      this.#texts.delete(text.run);
      this.#fail(text.id, error);
      return Infinity;
    }
    if (text.batch.length > 0 && now - text.sentAt >= BATCH_INTERVAL) this.#send(text);
    if (interval === 0) return 0;
    const sendIn = text.batch.length > 0 ? BATCH_INTERVAL - (now - text.sentAt) : Infinity;
    return Math.max(0, Math.min(text.due - now, sendIn));
  }

  /** @param {Text} text */
  #send(text) {
    if (text.batch.length === 0) return;
    self.postMessage(makeEvent("tokens", {
      run: text.run, tokens: text.batch, engine_tokens: text.batch.length, engine_seconds: text.batchSeconds, state_bytes: text.stateBytes,
    }));
    text.batch = [];
    text.batchSeconds = 0;
    text.sentAt = performance.now();
  }
}
