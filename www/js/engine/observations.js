// What the lab asks of the engine: the views of a model while it reads a text. The engine has a method
// "observe_…" for each. Types only, and how to ask.

/**
 * @typedef {import("../../pkg/wavefield.js").Session} Session
 * @typedef {import("../../pkg/wavefield.js").Source} Source
 * @typedef {import("../../pkg/wavefield.js").Passage} Passage
 * @typedef {import("../../pkg/wavefield.js").CutText} CutText
 * @typedef {import("../../pkg/wavefield.js").Place} Place
 * @typedef {import("../../pkg/wavefield.js").HeadEnergy} HeadEnergy
 * @typedef {import("../../pkg/wavefield.js").WaveEnergy} WaveEnergy
 * @typedef {import("../../pkg/wavefield.js").Energy} Energy
 * @typedef {import("../../pkg/wavefield.js").Before} Before
 * @typedef {import("../../pkg/wavefield.js").Parted} Parted
 * @typedef {import("../../pkg/wavefield.js").LossChange} LossChange
 * @typedef {import("../../pkg/wavefield.js").HeadReport} HeadReport
 * @typedef {import("../../pkg/wavefield.js").Contribution} Contribution
 * @typedef {import("../../pkg/wavefield.js").Taken} Taken
 * @typedef {import("../../pkg/wavefield.js").FieldView} FieldView
 * @typedef {import("../../pkg/wavefield.js").ModuleView} InterferenceModule
 * @typedef {import("../../pkg/wavefield.js").CouplingView} CouplingView
 * @typedef {import("../../pkg/wavefield.js").Judged} Leak
 * @typedef {import("../../pkg/wavefield.js").Probe} Probe
 * @typedef {import("../../pkg/wavefield.js").CausalityPlan} CausalityPlan
 */

/**
 * A view's name is that of the engine's method without the "observe_". What a view asks of a graphics card, it asks
 * with `device: "gpu"`.
 * @typedef {Exclude<{[M in keyof Session]: M extends `observe_${infer V}` ? V : never}[keyof Session], "causality_on_gpu">} ViewName
 *
 * Every view: what it is asked and what it says.
 * @typedef {{[V in ViewName]: {
 *   payload: Parameters<Session[`observe_${V}`]>[0] & {device?: "gpu"},
 *   value: ReturnType<Session[`observe_${V}`]> extends void ? null : ReturnType<Session[`observe_${V}`]>,
 * }}} Observations
 */

/**
 * @template {ViewName} V
 * @param {import("./client.js").Engine} engine @param {V} view @param {Observations[V]["payload"]} payload
 * @returns {Promise<Observations[V]["value"]>}
 */
export const observe = (engine, view, payload) => engine.request("observe", { view, payload });
