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
 * Every view: what it is asked and what it says.
 * @typedef {object} Observations
 * @property {{payload: Passage, value: CutText}} text
 * @property {{payload: Passage, value: {ids: Uint32Array}}} encoding The tokens of a text of any length.
 */

/** @typedef {keyof Observations} ViewName */

/**
 * @template {ViewName} V
 * @param {import("./engine.js").Engine} engine @param {V} view @param {Observations[V]["payload"]} payload
 * @returns {Promise<Observations[V]["value"]>}
 */
export const observe = (engine, view, payload) => engine.request("observe", { view, payload });
