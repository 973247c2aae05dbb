// The charts that are shown as one picture.

import { colour } from "../../charts/colours.js";
import { download } from "../../files/out.js";

/**
 * @typedef {import("../../charts/curve-axis.js").Line} Line
 * @typedef {{ title: string, chart: import("../../charts/curve.js").CurveChart }} Shown
 */

/**
 * Puts charts on one picture, each under its title, and saves it.
 * @param {string} heading @param {readonly Shown[]} shown @param {string} filename
 */
export async function savePicture(heading, shown, filename) {
  for (const { chart } of shown) chart.prepare();
  await new Promise((done) => requestAnimationFrame(done));
  const pictures = shown.flatMap(({ title, chart }) => (chart.picture ? [{ title, lines: chart.lines, ...chart.picture }] : []));
  if (pictures.length === 0) throw new Error("No chart has been drawn yet. Wait until a few steps are done, then download the picture again.");
  const { places, width, height } = arranged(pictures);
  const paper = document.createElement("canvas");
  paper.width = width;
  paper.height = height;
  const pen = new Pen(/** @type {CanvasRenderingContext2D} */ (paper.getContext("2d")));
  pen.ground(width, height);
  pen.write(heading, GAP, GAP + TITLE / 2, "600", "--ink");
  /** Lines whose looks are told nowhere yet, by name. @type {Map<string, Line>} */
  const untold = new Map();
  pictures.forEach(({ title, lines, canvas, top, height: tall, mark }, i) => {
    const [x, y] = places[i];
    const end = pen.write(title, x, y + TITLE / 2, "600", "--ink");
    const read = lines.filter(({ faint }) => !faint);
    const told = read.length < 2 || pen.keys(read, end + GAP, y + TITLE / 2, x + canvas.width / devicePixelRatio);
    for (const line of read) {
      if (told) untold.delete(line.name);
      else if (!pictures[0].lines.some(({ name }) => name === line.name)) untold.set(line.name, line);
    }
    pen.chart(canvas, x, y + TITLE, top, tall, mark);
  });
  pen.keys([...untold.values()], GAP, height / devicePixelRatio - GAP, Infinity);
  /** @type {Blob | null} */
  const file = await new Promise((resolve) => paper.toBlob(resolve, "image/png"));
  if (!file) throw new Error("The browser could not make a picture of the charts. Make the window smaller and download it again.");
  download(file, filename);
}

/** CSS pixels. */
const GAP = 16;
const TITLE = 24;

/**
 * One after the other, beside each other as far as there is room.
 * @param {readonly { canvas: HTMLCanvasElement }[]} pictures
 * @returns {{ places: [number, number][], width: number, height: number }} places in CSS pixels, the rest in the canvas's
 */
function arranged(pictures) {
  const ratio = devicePixelRatio;
  const width = Math.max(...pictures.map(({ canvas }) => canvas.width / ratio));
  let [x, y, high] = [GAP, GAP + TITLE, 0];
  /** @type {[number, number][]} */
  const places = pictures.map(({ canvas }) => {
    const [wide, tall] = [canvas.width / ratio, canvas.height / ratio];
    if (x > GAP && x + wide > width + GAP) [x, y, high] = [GAP, y + high + TITLE + GAP, 0];
    /** @type {[number, number]} */
    const place = [x, y];
    x += wide + GAP;
    high = Math.max(high, tall);
    return place;
  });
  return { places, width: (width + 2 * GAP) * ratio, height: (y + TITLE + high + GAP + TITLE) * ratio };
}

/** Writes and draws on a picture, in CSS pixels. */
class Pen {
  #context;

  /** @param {CanvasRenderingContext2D} context */
  constructor(context) {
    this.#context = context;
    context.scale(devicePixelRatio, devicePixelRatio);
    context.textBaseline = "middle";
  }

  /** @param {number} width @param {number} height */
  ground(width, height) {
    this.#context.fillStyle = colour("--display");
    this.#context.fillRect(0, 0, width, height);
  }

  /** @param {string} text @param {number} x @param {number} y @param {string} weight @param {string} ink @returns {number} where it ends */
  write(text, x, y, weight, ink) {
    this.#context.font = `${weight} 13px system-ui, sans-serif`;
    this.#context.fillStyle = colour(ink);
    this.#context.fillText(text, x, y);
    return x + this.#context.measureText(text).width;
  }

  /**
   * Names lines by their look, if there is room for all of them.
   * @param {readonly Line[]} lines @param {number} x @param {number} y @param {number} end @returns {boolean} whether there was
   */
  keys(lines, x, y, end) {
    const context = this.#context;
    const widths = lines.map(({ name }) => context.measureText(name).width + 40);
    if (widths.reduce((sum, width) => sum + width, x) > end) return false;
    for (const { name, colour: ink, dash = [], width } of lines) {
      context.strokeStyle = colour(ink);
      context.lineWidth = width;
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + 24, y);
      context.stroke();
      x = this.write(name, x + 28, y, "400", "--ink-2") + 12;
    }
    return true;
  }

  /** @param {HTMLCanvasElement} canvas @param {number} x @param {number} y @param {number} top @param {number} height @param {number | null} mark */
  chart(canvas, x, y, top, height, mark) {
    const ratio = devicePixelRatio;
    this.#context.drawImage(canvas, x, y, canvas.width / ratio, canvas.height / ratio);
    if (mark === null) return;
    this.#context.fillStyle = colour("--ink");
    this.#context.fillRect(x + mark / ratio, y + top / ratio, 1, height / ratio);
  }
}
