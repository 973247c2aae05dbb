// The pictures of the six steps. They share the piece that is followed and the token that is chosen in it.

import { Figure } from "../../charts/figure.js";
import { observe } from "../../engine/observations.js";
import { TokenStrip } from "../../lab/tokens.js";
import { tokenAt } from "../../lab/whatif/places.js";
import { drawTokenBars } from "../../lab/whatif/token-bars.js";
import { h, write, writeQuoting } from "../../page/dom.js";
import { visible } from "../../page/signs.js";
import { percent, spoken } from "../../page/token-view.js";
import { BlameTable } from "./blame.js";
import { drawChanges } from "./changes.js";
import { gains, placeOf, rowOf } from "./data.js";
import { DrawnPieces } from "./drawn.js";
import { ForecastBars } from "./forecast.js";
import { surprise } from "./words.js";

/**
 * @typedef {import("./data.js").StepSeen} StepSeen
 * @typedef {import("./data.js").Row} Row
 */

const BARS = 170;
const [DRAW, PREDICT, SCORE, BLAME, MOVE, AGAIN] = [0, 1, 2, 3, 4, 5];
/** Tokens that are walked along while it plays. */
const WALK = { moves: 10, pause: 800 };

export class StepPictures {
  #app;
  #fail;
  /** @type {StepSeen | null} */ #seen = null;
  #step = DRAW;
  #row = 0;
  /** @type {Row | null} */ #piece = null;
  /** The place whose forecast is shown. */ #asked = -1;
  #blame = new BlameTable();
  #forecast = new ForecastBars();
  #score = h("p", { class: "step-score" });
  #select = h("select", { onchange: () => this.#follow(this.#select.selectedIndex) });
  #which = h("label", { class: "step-choice" }, "Follow ", this.#select);

  /** What the strip of tokens asks of the lab. */
  #pointer = { token: -1, point: (/** @type {number} */ token) => this.#point(token) };
  #strip = new TokenStrip(this.#pointer);
  #drawn = new DrawnPieces((row) => this.#follow(row));

  /** @param {import("../../page/app.js").App} app @param {(error: unknown) => void} fail */
  constructor(app, fail) {
    this.#app = app;
    this.#fail = fail;
    this.losses = this.#bars("batch-surprise", "How surprising each token of a piece was", (context, width, height) => drawTokenBars(context, width, height, {
      tokens: this.#coming.map(visible), amounts: this.#piece?.before ?? [], unit: "nats", mean: this.#seen?.losses[0] ?? 0, chosen: this.#place,
    }), () => `Surprise at each of the ${this.#coming.length} places of piece ${this.#row + 1}, in nats; the dashed line is the mean of the whole batch, ${this.#seen?.losses[0].toFixed(3)}.`);
    this.changes = this.#bars("batch-again", "How the surprise changed at each token of a piece", (context, width, height) => drawChanges(context, width, height, {
      tokens: this.#coming.map(visible), before: this.#piece?.before ?? [], after: this.#piece?.after ?? [], chosen: this.#place,
    }), () => `Change of the surprise at each of the ${this.#coming.length} places of piece ${this.#row + 1}, in nats: blue and down is better, orange and up is worse.`);
    this.element = h("div", { class: "step-pictures" }, this.#which, this.#drawn.element, this.#strip.element, this.#score, this.#forecast.element, this.losses.element, this.changes.element, this.#blame.element);
  }

  /** @param {string} name @param {string} title @param {import("../../charts/figure.js").Draw} draw @param {() => string} describe */
  #bars(name, title, draw, describe) {
    const figure = new Figure({
      name, title: () => title, draw, describe, height: BARS,
      table: () => ({ head: ["place", "token that comes", "nats before", "nats after"], rows: this.#coming.map((token, i) => [i + 1, token, this.#piece?.before[i] ?? 0, this.#piece?.after[i] ?? 0]) }),
    });
    const { canvas } = figure;
    canvas.addEventListener("click", ({ offsetX }) => {
      const place = tokenAt(offsetX, canvas.clientWidth, this.#coming.length);
      if (place >= 0) this.#point(place + 1);
    });
    return figure;
  }

  /** The tokens that come at the places of the piece. */
  get #coming() {
    return this.#piece?.tokens.slice(1) ?? [];
  }

  get #place() {
    return placeOf(this.#pointer.token);
  }

  /** @param {StepSeen} seen */
  take(seen) {
    this.#seen = seen;
    this.#select.replaceChildren(...seen.starts.map((start, row) => h("option", null, `piece ${row + 1} of ${seen.rows}, from token ${(start + 1).toLocaleString("en-GB")}`)));
    this.#row = 0;
    this.#piece = rowOf(seen, 0);
    this.#pointer.token = Math.ceil(seen.length / 2);
    this.#asked = -1;
  }

  /** @param {number} step */
  show(step) {
    const seen = this.#seen;
    if (!seen) return;
    this.#step = step;
    this.#which.hidden = step === BLAME || step === MOVE;
    this.#select.selectedIndex = this.#row;
    this.#drawn.element.hidden = step !== DRAW;
    this.#strip.element.hidden = ![PREDICT, SCORE, AGAIN].includes(step);
    this.#score.hidden = step !== SCORE;
    this.#forecast.element.hidden = step !== PREDICT && step !== AGAIN;
    this.losses.element.hidden = step !== SCORE;
    this.changes.element.hidden = step !== AGAIN;
    this.#blame.element.hidden = step !== BLAME && step !== MOVE;
    if (step === DRAW) this.#drawn.show(seen, this.#row);
    else if (step === BLAME || step === MOVE) this.#blame.show(seen, step === BLAME ? "gradient" : "moved");
    else this.#showTokens();
  }

  #showTokens() {
    const { before, after, tokens } = /** @type {Row} */ (this.#piece);
    const most = Math.max(...before);
    const share = (/** @type {number} */ token) => (token === 0 ? 0 : before[token - 1] / most);
    const gain = gains(before, after);
    this.#strip.show(tokens, this.#step === PREDICT ? null : this.#step === SCORE
      ? { shares: tokens.map((_, token) => share(token)), say: (token) => (token === 0 ? "it is read only." : `a surprise of ${surprise(before[token - 1])}.`) }
      : { shares: tokens.map((_, token) => (token === 0 ? 0 : gain[token - 1])), say: (token) => (token === 0 ? "it is read only." : changeInWords(before[token - 1], after[token - 1])) });
    if (this.#step === SCORE) this.losses.update();
    if (this.#step === AGAIN) this.changes.update();
    this.#showPlace();
  }

  /** What is told of the chosen token. */
  #showPlace() {
    const { before, tokens } = /** @type {Row} */ (this.#piece);
    const place = this.#place;
    if (this.#step === SCORE) {
      const chance = Math.exp(-before[place]);
      writeQuoting(this.#score, `${quoted(tokens[place + 1])} had a chance of ${percent(chance)}. Its surprise is −ln ${chance.toPrecision(3)} = ${surprise(before[place])}.`);
      return;
    }
    this.#ask(place);
  }

  /** @param {number} place  of the piece */
  async #ask(place) {
    const [seen, row, step] = [this.#seen, this.#row, this.#step];
    const at = row * (seen?.length ?? 0) + place;
    this.#asked = at;
    try {
      const { choices } = await observe(this.#app.engine, "step_place", { place: at });
      if (this.#asked !== at || seen !== this.#seen || step !== this.#step) return;
      this.#forecast.show(/** @type {Row} */ (this.#piece).tokens.slice(0, place + 1), choices, { both: step === AGAIN });
    } catch (error) {
      if (seen === this.#seen && this.#asked === at) this.#fail(error);
    }
  }

  /** @param {number} row */
  #follow(row) {
    if (!this.#seen || row === this.#row) return;
    this.#row = row;
    this.#piece = rowOf(this.#seen, row);
    this.show(this.#step);
  }

  /** @param {number} token */
  #point(token) {
    if (token < 0 || token === this.#pointer.token) return;
    this.#pointer.token = token;
    this.#strip.point();
    if (this.#step === SCORE) this.losses.redraw();
    if (this.#step === AGAIN) this.changes.redraw();
    this.#showPlace();
  }

  /** How a step plays. @param {number} step */
  score(step) {
    const { rows = 0, layers = 0 } = this.#seen ?? {};
    if (step === DRAW) return { moves: rows, pause: Math.min(250, 4000 / Math.max(rows, 1)) };
    if (step === BLAME) return { moves: layers + 2, pause: 500 };
    return step === MOVE ? { moves: 0, pause: 0 } : WALK;
  }

  /** @param {number} step @param {number} move  from 1 on */
  move(step, move) {
    if (step === DRAW) this.#drawn.light(move === this.#seen?.rows ? Infinity : move);
    else if (step === BLAME) this.#blame.flow(move);
    else if (this.#pointer.token < this.#coming.length) this.#point(this.#pointer.token + 1);
  }

  /** Nothing is waited for any more. */
  stop() {
    this.#seen = null;
    write(this.#score, "");
  }
}

/** @param {string} token */
const quoted = (token) => (spoken(token) === token ? `“${token}”` : spoken(token).replace(/^./, (first) => first.toUpperCase()));

/** @param {number} before @param {number} after */
function changeInWords(before, after) {
  const how = after < before ? "better" : after > before ? "worse" : "as before";
  return `${how}, ${before.toFixed(3)} → ${after.toFixed(3)} nats.`;
}
