// A race between the processor and a graphics card: the same few steps of the training on both, then a few more on the
// graphics card. Nothing is lost by it: the steps that the processor did are kept.

import { lossesAgree } from "./device.js";

/**
 * @typedef {import("../../pkg/wavefield.js").PulledRun} PulledRun
 * @typedef {import("./device.js").Race} Race
 *
 * What a race does with a training that it has for itself.
 * @typedef {object} Racer
 * @property {(count: number) => Promise<{loss: number, fault: unknown}[]>} advance Does some steps; on a graphics card
 *   fewer where one comes to no number.
 * @property {() => Promise<PulledRun>} pull The training as it is now.
 * @property {(pulled: PulledRun, step: number) => void} keep Makes what was pulled at a step the copy to move from.
 * @property {(place: "cpu" | "gpu") => void} move Moves to a device, from the copy.
 * @property {() => number} reached The last step.
 */

/** Steps of a race, or fewer where they take longer than this. */
const RACE = { steps: 6, milliseconds: 300 };

/** A training that has fewer steps left is not worth it. */
export const WORTH_RACING = 4 * RACE.steps;

/**
 * @param {Racer} racer @param {number} tokens A step's.
 * @param {(race: Race) => boolean} judge Whether the graphics card keeps the training. Otherwise it is on the
 *   processor again, at the step that the processor had reached.
 */
export async function race(racer, tokens, judge) {
  const before = await racer.pull();
  /** @type {number[]} */
  const expected = [];
  const began = performance.now();
  do {
    expected.push(...(await racer.advance(1)).map(({ loss }) => loss));
    await breath();
  } while (expected.length < RACE.steps && performance.now() - began < RACE.milliseconds);
  const cpu = (performance.now() - began) / expected.length;
  const after = await racer.pull();
  const reached = racer.reached();
  racer.keep(before, reached - expected.length);
  try {
    racer.move("gpu");
    const found = (await racer.advance(expected.length)).map(({ loss }) => loss);
    let right = lossesAgree(found, expected);
    const timed = performance.now();
    // Whether it is the graphics card that comes to no number, the processor will tell.
    if (right) right = (await racer.advance(RACE.steps)).every(({ fault }) => !fault);
    const gpu = right ? (performance.now() - timed) / RACE.steps : Infinity;
    if (judge({ cpu: (1000 * tokens) / cpu, gpu: (1000 * tokens) / gpu, right })) {
      racer.keep(await racer.pull(), racer.reached());
      return after.free();
    }
  } catch (error) {
    racer.keep(after, reached);
    throw error; // It is on the graphics card still; whoever sees to that goes out from the copy.
  }
  // Steps that only the graphics card did are done again.
  racer.keep(after, reached);
  racer.move("cpu");
}

/** Lets the messages in that wait. */
const breath = () => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    resolve(null);
  };
  port2.postMessage(null);
});
