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
 * What the bent model is compared with: its file's model, or the one that the person pinned.
 * @typedef {"file" | "pinned"} Before
 *
 * Forecasts compared, at every token of a text. `moved` has six a token: those that gained most, then those that lost
 * most, 2^32 - 1 where there are fewer; `followed` is the token that comes next in the text.
 * @typedef {{bits: Float32Array, moved: Uint32Array, moved_before: Float32Array, moved_after: Float32Array,
 *   followed_before: Float32Array, followed_after: Float32Array}} Parted
 *
 * A mean over windows of the one loss less the other, in nats a token, with its 95 % interval.
 * @typedef {{mean: number, standard_error: number, low: number, high: number, before: number, after: number}} LossChange
 */

/**
 * A head in words and numbers, as `src/diagnostics/heads.rs` tells it; `period` is null where the wave never turns.
 * @typedef {{layer: number, head: number, frequency: number, damping: number, phase: number, reach: number,
 *   period: number | null, role: string}} HeadReport
 * What muting a head does to the loss on so many windows; null before it was read once.
 * @typedef {LossChange & {windows: number}} Contribution
 *
 * What differs: heads, and layers whose heads mix otherwise. Another number is another bending.
 * @typedef {{number: number, same: boolean, couplings: number[],
 *   heads: {layer: number, head: number, before: import("./protocol.js").Head, after: import("./protocol.js").Head}[]}} Taken
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
 * How a layer's heads mix: `weights[i·H + h]` is what head i takes of head h's field; `loudness` is the root mean square
 * of each field, and `taken` how large a part of what head i takes is head h's.
 * @typedef {{weights: Float32Array, loudness: Float32Array, taken: Float32Array}} LayerCoupling
 *
 * An interference module: how far each token agrees with the mean of the text so far, -1 to 1, how strongly it takes it
 * on, how open the gate is, and how large what is added is beside the stream.
 * @typedef {{layer: number, temperature: number, alignment: Float32Array, strength: Float32Array, gate: Float32Array,
 *   added: Float32Array}} InterferenceModule
 *
 * @typedef {{layers: LayerCoupling[], modules: InterferenceModule[]}} CouplingView
 * What exchanging token `position` (from 0) of a text does: the largest change of a logit before it and from it on,
 * in units of `scale`, the largest logit of all.
 * @typedef {{length: number, position: number, before: number, after: number, scale: number,
 *   verdict: "no_leak" | "leak" | "saw_nothing" | "not_numbers"}} Leak
 *
 * What to measure: a probe is a text with one token exchanged in a copy each. A leak is above `threshold`; a change
 * below `seen` was too small to tell.
 * @typedef {{length: number, positions: number[]}} Probe
 * @typedef {{probes: Probe[], threshold: number, seen: number, config: import("./protocol.js").ModelConfig}} CausalityPlan
 */

/**
 * Every view: what it is asked and what it says.
 * @typedef {object} Observations
 * @property {{payload: Passage, value: CutText}} text
 * @property {{payload: Passage & {layer: number, head: number, strength: boolean, channel: number | null}, value: FieldView}} field
 * @property {{payload: Passage & {layer: number, head: number | null, first: number, count: number},
 *   value: {loudness: Float32Array, share: Float32Array, weights: Float32Array}}} influence What so many tokens heard of
 *   every token in a layer, rows one after another; weights of a standard Transformer alone.
 * @property {{payload: Passage & {first: number, count: number},
 *   value: {strength: Float32Array, support: Float32Array, targets: string[], losses: number[]}}} influence_gradient
 * @property {{payload: Passage, value: {ids: Uint32Array}}} encoding The tokens of a text of any length.
 * @property {{payload: Passage & {before: Before}, value: Parted}} whatif
 * @property {{payload: Passage & {before: Before}, value: null}} whatif_before Half of the work for `whatif`.
 * @property {{payload: {}, value: null}} whatif_pin
 * @property {{payload: {before: Before}, value: Taken}} whatif_take Compares the model as it is bent now, until the next time.
 * @property {{payload: {before: Before, side: "before" | "after", prompt: string, settings: import("./protocol.js").GenerateSettings, begin: boolean, most: number},
 *   value: {tokens: import("./protocol.js").GeneratedToken[], ended: boolean}}} whatif_text
 * @property {{payload: {before: Before, side: "before" | "after", ids: Uint32Array, length: number}, value: {losses: Float64Array}}} whatif_losses
 *   Of windows of `length + 1` tokens each, in nats a token.
 * @property {{payload: {before: Float64Array, after: Float64Array}, value: LossChange}} whatif_change Of the same windows.
 * @property {{payload: Passage & {layer: number}, value: Energy}} energy
 * @property {{payload: Passage, value: CouplingView}} coupling
 * @property {{payload: {source: Source}, value: {config: import("./protocol.js").ModelConfig, fingerprint: string,
 *   heads: HeadReport[], starts: HeadReport[], gains: number[]}}} heads Layer by layer; `starts` are those of a fresh model,
 *   and the fingerprint is another one where anything that the model computes with is.
 * @property {{payload: {source: Source, length: number}, value: {readings: number}}} heads_begin Keeps the model as it is now,
 *   to measure on windows of `length` tokens, each with so many readings.
 * @property {{payload: {window: Uint32Array, most: number}, value: {done: boolean, changes: (Contribution | null)[]}}} heads_advance
 *   Up to `most` readings of a window; the window is done.
 * @property {{payload: {}, value: null}} heads_end
 * @property {{payload: Passage & {thorough: boolean}, value: CausalityPlan}} causality_plan
 * @property {{payload: Passage & Probe & {again?: boolean, device?: "gpu"}, value: Leak[] | null}} causality On the
 *   processor in pieces: null until the last one; `again` asks for the next.
 */

/** @typedef {keyof Observations} ViewName */

/**
 * @template {ViewName} V
 * @param {import("./client.js").Engine} engine @param {V} view @param {Observations[V]["payload"]} payload
 * @returns {Promise<Observations[V]["value"]>}
 */
export const observe = (engine, view, payload) => engine.request("observe", { view, payload });
