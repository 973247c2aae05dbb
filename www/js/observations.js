// What the lab asks of the engine: the views of a model while it reads a text. The engine has a method
// "observe_…" for each. Types only, and how to ask.

/**
 * Which model is looked at: the open one as it is bent, as its file has it, or the one in training.
 * @typedef {"bent" | "original" | "training"} Source
 * @typedef {{source: Source, text: string}} Passage
 *
 * How the end of a text is cut into tokens. `positions` are cells of the field; none for a standard Transformer. `step`
 * is how far the model in training was, and null for an open one.
 * @typedef {{tokens: string[], ids: number[], dropped: number, config: import("./protocol.js").ModelConfig,
 *   step?: number | null, positions: Float32Array}} CutText
 *
 * How large the tokens' states are at each place on their way, and what becomes of a layer's deposits; the formulas are
 * in src/diagnostics/energy.rs. Lists over places and tokens or heads and tokens go token by token within a place or head.
 * @typedef {{layer: number, part: "start" | "attention" | "feed_forward" | "interference"}} Place
 * @typedef {{deposited: number, scattered: number, reached: number, propagated: number, gathered: number, coupled: number,
 *   gated: number, openness: number, scatter_difference: number, kernel_sum: number, kernel_absolute: number,
 *   wave_difference: number, beyond: number, bound: number}} HeadEnergy
 * @typedef {{heads: HeadEnergy[], openness: Float32Array, gate: [number, number], row_difference: number, columns: number[],
 *   coupling_change: number}} WaveEnergy
 * @typedef {{layer: number, places: Place[], norms: Float32Array, added: Float32Array, along: Float32Array,
 *   scale: {before: [number, number], after: [number, number]}, waves: WaveEnergy | null}} Energy
 */

/**
 * One head's field while the last N tokens of a text are read, on G cells; rows are times.
 * @typedef {object} FieldView
 * @property {number} times N.
 * @property {number} cells G.
 * @property {number} channel The channel that is seen, or the strongest one.
 * @property {number[]} shares Each channel's share in the energy of what is dropped.
 * @property {Float32Array} deposits (N)
 * @property {Float32Array} gathered (N)
 * @property {Float32Array} kernel (G)
 * @property {Float32Array} frames (N, G)
 * @property {Float32Array} coupled (N, G)
 */

/**
 * Every view: what it is asked and what it says.
 * @typedef {object} Observations
 * @property {{payload: Passage, value: CutText}} text
 * @property {{payload: Passage & {layer: number, head: number, strength: boolean, channel: number | null}, value: FieldView}} field
 * @property {{payload: Passage & {layer: number}, value: Energy}} energy
 */

/** @typedef {keyof Observations} ViewName */

/**
 * @template {ViewName} V
 * @param {import("./engine.js").Engine} engine @param {V} view @param {Observations[V]["payload"]} payload
 * @returns {Promise<Observations[V]["value"]>}
 */
export const observe = (engine, view, payload) => engine.request("observe", { view, payload });
