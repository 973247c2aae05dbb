// The scaling lab's worker: an engine of its own, so that the page's text and a training go on. It takes one order,
// measures length by length, and is ended by the page.

import { expected, isTraining, LENGTHS, pointsOf, waysOf } from "../scaling/growth.js";
import { offerHere, openAdapter, wordsOf } from "./adapter.js";
import { loadEngine } from "./engine.js";

/**
 * @typedef {import("../scaling/growth.js").Measured} Measured
 * @typedef {import("../scaling/growth.js").Way} Way
 * @typedef {import("../scaling/growth.js").ScalingOrder} ScalingOrder
 * @typedef {import("../scaling/growth.js").ScalingNews} ScalingNews
 * @typedef {import("../../pkg/wavefield.js").ScalingLab} ScalingLab
 */

/** @param {ScalingNews} news */
const tell = (news) => self.postMessage(news);

self.onmessage = async ({ data }) => {
  try {
    await measureAll(data);
    tell({ type: "done" });
  } catch (error) {
    console.error(error);
    const broken = error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
    tell({ type: "failed", message: broken ? "The engine came upon a fault of its own, or there was not enough memory." : `${wordsOf(error)}.` });
  }
};

/** @param {ScalingOrder} order */
async function measureAll(order) {
  const engine = await loadEngine();
  const { lab, adapter } = await openLab(engine, order.backend);
  const { width, heads } = order.layer;
  await lab.verify(width, heads);
  tell({ type: "begins", adapter });
  /** @type {Measured[]} */
  const measured = [];
  for (const length of LENGTHS.filter((length) => length <= order.longest)) {
    for (const mixing of waysOf(order.training)) await measureOne(lab, order, mixing, length, measured);
  }
}

/** @param {typeof import("../../pkg/wavefield.js")} engine @param {"cpu" | "gpu"} backend */
async function openLab(engine, backend) {
  if (backend === "cpu") return { lab: new engine.ScalingLab(), adapter: null };
  const gpu = await openAdapter(offerHere(), engine.open_gpu, (late) => late.free());
  const { name, driver, software } = gpu.report();
  const adapter = `${name}${driver ? `, ${driver}` : ""}${software ? " (software that runs on the processor: its times say nothing of a graphics card)" : ""}`;
  return { lab: engine.ScalingLab.on_gpu(gpu), adapter };
}

/** @param {ScalingLab} lab @param {ScalingOrder} order @param {Way} mixing @param {number} length @param {Measured[]} measured Is added to. */
async function measureOne(lab, { layer, limit }, mixing, length, measured) {
  const points = pointsOf(measured, mixing);
  const seconds = expected(mixing, points, length);
  if (seconds !== null && seconds > limit) return tell({ type: "left_out", leftOut: { mixing, length, expected: seconds, why: "slow" } });
  tell({ type: "measures", mixing, length });
  let promise;
  try {
    promise = isTraining(mixing) ? lab.measure_training({ architecture: mixing === "train_wave" ? "wave" : "standard", length, ...layer })
      : lab.measure({ mixing, length, ...layer });
  } catch (error) {
    // Refused before anything was allocated: the lengths after it will say the same.
    if (error instanceof WebAssembly.RuntimeError) throw error;
    return tell({ type: "left_out", leftOut: { mixing, length, expected: seconds, why: "memory", message: wordsOf(error) } });
  }
  const found = { ...await promise, mixing };
  measured.push(found);
  tell({ type: "measured", measured: found });
}
