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
 * One head's field while the last N tokens of a text are read, on G cells; rows are times.
 * @typedef {object} FieldView
 * @property {number} times N.
 * @property {number} cells G.
 * @property {number} channel The channel that is seen, or the strongest one.
 * @property {number[]} shares Each channel's share in the energy of what is dropped.
 * @property {Float32Array} deposits (N)
 * @property {Float32Array} picked_up (N): after coupling, before the gate.
 * @property {Float32Array} kernel (G)
 * @property {Float32Array} frames (N, G)
 * @property {Float32Array} coupled (N, G)
 */

/**
 * Every view: what it is asked and what it says.
 * @typedef {object} Observations
 * @property {{payload: Passage, value: CutText}} text
 * @property {{payload: Passage & {layer: number, head: number, strength: boolean, channel: number | null}, value: FieldView}} field
 */

/** @typedef {keyof Observations} ViewName */

/**
 * @template {ViewName} V
 * @param {import("./engine.js").Engine} engine @param {V} view @param {Observations[V]["payload"]} payload
 * @returns {Promise<Observations[V]["value"]>}
 */
export const observe = (engine, view, payload) => engine.request("observe", { view, payload });
