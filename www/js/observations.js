// What the lab asks of the engine: the views of a model while it reads a text. The engine has a method
// "observe_…" for each. Types only, and how to ask.

/**
 * Which model is looked at: the open one as it is bent, as its file has it, or the one in training.
 * @typedef {"bent" | "original" | "training"} Source
 * @typedef {{source: Source, text: string}} Passage
 *
 * How the end of a text is cut into tokens. `positions` are cells of the field; none for a standard Transformer.
 * @typedef {{tokens: string[], ids: number[], dropped: number, config: import("./protocol.js").ModelConfig,
 *   positions: Float32Array}} CutText
 */

/**
 * How a layer's heads mix: `weights[i·H + h]` is what head i takes of head h's field; `loudness` is the root mean square
 * of each field, and `taken` how large a part of what head i takes is head h's.
 * @typedef {{weights: Float32Array, loudness: Float32Array, taken: Float32Array}} LayerCoupling
 *
 * An interference module: how far each token agrees with the mean of the text so far, -1 to 1, how strongly it takes it
 * on, how open the gate is, and how large what is added is beside the stream.
 * @typedef {{layer: number, temperature: number, alignment: Float32Array, strength: Float32Array, gate: Float32Array,
 *   added: Float32Array}} InterferenceModule
 *
 * @typedef {{tokens: string[], layers: LayerCoupling[], modules: InterferenceModule[]}} CouplingView
 */

/**
 * Every view: what it is asked and what it says.
 * @typedef {object} Observations
 * @property {{payload: Passage, value: CutText}} text
 * @property {{payload: Passage, value: CouplingView}} coupling
 */

/** @typedef {keyof Observations} ViewName */

/**
 * @template {ViewName} V
 * @param {import("./engine.js").Engine} engine @param {V} view @param {Observations[V]["payload"]} payload
 * @returns {Promise<Observations[V]["value"]>}
 */
export const observe = (engine, view, payload) => engine.request("observe", { view, payload });
