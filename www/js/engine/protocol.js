// The one place where messages between the page and the engine's worker are described, made and
// checked. Shapes are declared as types for the checker and as tables for the running page.

/**
 * What the engine itself takes and gives is declared in Rust, and written from there into pkg/wavefield.d.ts with its
 * comments; a change over there is an error here, where the page is checked.
 * @typedef {import("../../pkg/wavefield.js").Head} Head
 * @typedef {import("../../pkg/wavefield.js").HeadInfo} HeadInfo
 * @typedef {import("../../pkg/wavefield.js").CouplingInfo} CouplingInfo
 * @typedef {import("../../pkg/wavefield.js").ModelConfig} ModelConfig
 * @typedef {import("../../pkg/wavefield.js").ModelInfo} ModelInfo
 * @typedef {import("../../pkg/wavefield.js").Alternative} Alternative
 * @typedef {import("../../pkg/wavefield.js").GeneratedToken} GeneratedToken
 * @typedef {import("../../pkg/wavefield.js").WavePlace} WavePlace
 * @typedef {import("../../pkg/wavefield.js").TrainChange} TrainChange
 * @typedef {import("../../pkg/wavefield.js").TrainControl} TrainControl
 * @typedef {import("../../pkg/wavefield.js").Evaluation} Evaluation
 * @typedef {import("../../pkg/wavefield.js").AdapterReport} AdapterReport
 * @typedef {import("../../pkg/wavefield.js").DeviceCheck} DeviceCheck
 * @typedef {import("../../pkg/wavefield.js").DataInfo} DataInfo
 *
 * The engine has values of its own for settings that are missing. The page says all of them, but for those that are
 * nothing to choose, and the course of the learning rate, which older settings lack.
 * @typedef {Required<Omit<import("../../pkg/wavefield.js").GenerationSettings, "alternatives">>} GenerateSettings
 * @typedef {Required<Omit<import("../../pkg/wavefield.js").TrainConfig, "schedule" | "shards" | "physics_lr">>
 *   & Pick<import("../../pkg/wavefield.js").TrainConfig, "schedule">} TrainConfig
 * @typedef {import("../../pkg/wavefield.js").TrainOrder & import("../../pkg/wavefield.js").TrainPlan & {train: TrainConfig}} TrainStart
 *
 * `seconds` is the time spent inside the engine, not the time shown on the page.
 * @typedef {{reason: import("../../pkg/wavefield.js").Ended | "stopped", tokens: number, seconds: number}} GenerateResult
 *
 * Where to train: "auto" lets the faster one of those that compute right.
 * @typedef {"auto" | "cpu" | "gpu"} DeviceChoice
 *
 * @typedef {object} DeviceStatus
 * @property {DeviceChoice} choice
 * @property {"cpu" | "gpu"} backend What a training runs on now, or would begin on.
 * @property {"none" | "opening" | "proving" | "ready" | "racing" | "refused" | "lost"} phase Of the graphics adapter.
 * @property {string} why In words for the person.
 * @property {AdapterReport | null} adapter
 * @property {DeviceCheck[] | null} checks The adapter against the processor.
 * @property {{cpu: number | null, gpu: number | null}} speeds Tokens a second in training.
 * @property {number} workers That share each step on the processor.
 * @property {string} sharing Why so many, in words for the person; empty where there is no choice.
 *
 * What the numbers of a model's file are: 32-bit floats, 16-bit floats, or rows of 8-bit numbers.
 * @typedef {"f32" | "f16" | "int8"} Precision
 */

/**
 * Every request: what the page sends and what comes back.
 * @typedef {object} Requests
 * @property {{payload: {bytes: ArrayBuffer, name: string}, value: ModelInfo}} load_model
 * @property {{payload: {tensors: ArrayBuffer[], config: string | null, tokenizer: string | null, name: string}, value: ModelInfo}} load_files
 *   A model in several files: its safetensors file or its parts, and the texts of a config.json and a tokenizer.json.
 * @property {{payload: {precision?: Precision}, value: {bytes: Uint8Array<ArrayBuffer>, filename: string}}} export_model In 32 bits where nothing is said.
 * @property {{payload: {precision: Precision | null}, value: number}} round_model Keeps the model that opens from that file
 *   beside the open one, in the place of the last, and says of how many bytes the file is; null keeps none.
 * @property {{payload: {ids: Uint32Array, length: number}, value: Float64Array}} rounded_losses Its losses on windows of
 *   `length + 1` tokens each, in nats a token.
 * @property {{payload: {}, value: ModelInfo}} model_info
 * @property {{payload: {layer: number, heads: Head[]}, value: null}} set_heads
 * @property {{payload: {layer: number | null}, value: HeadInfo[][]}} reset_heads
 * @property {{payload: {layer: number, weights: number[]}, value: null}} set_coupling
 * @property {{payload: {layer: number | null}, value: CouplingInfo[]}} reset_couplings
 * @property {{payload: {run: string, prompt: string, written?: number[], past_stop?: boolean, settings: GenerateSettings, original: boolean, pace: number}, value: GenerateResult}} generate
 * @property {{payload: {run: string, pace: number}, value: null}} set_pace
 * @property {{payload: {run: string | null}, value: null}} stop_generation
 * @property {{payload: {prompt: string, count: number, original: boolean}, value: Alternative[]}} next_tokens
 * @property {{payload: {text: string, tokenizer: "character" | "bpe", vocab_size: number, validation_share?: number}, value: DataInfo}} prepare_data
 * @property {{payload: TrainStart, value: ModelInfo}} train_start
 * @property {{payload: {bytes: ArrayBuffer, text: string, measure?: boolean}, value: ModelInfo}} train_resume_from `measure`: before
 *   its next step it is measured, and writes.
 * @property {{payload: {}, value: null}} train_pause
 * @property {{payload: {}, value: null}} train_continue
 * @property {{payload: {}, value: null}} train_stop
 * @property {{payload: {}, value: {step: number, loss: number}}} train_step One step of a paused training.
 * @property {{payload: {peak_lr: number}, value: null}} train_set_rate
 * @property {{payload: {steps: number}, value: null}} train_set_steps How many it has in all. One that was done can go on.
 * @property {{payload: WavePlace & {value: number, again: boolean}, value: null}} train_set_head `again`: this goes on
 *   from the change before, as a slider does under a hand.
 * @property {{payload: WavePlace & {locked: boolean}, value: null}} train_set_lock
 * @property {{payload: {}, value: ModelInfo}} train_adopt
 * @property {{payload: {}, value: {bytes: Uint8Array<ArrayBuffer>, step: number, took: number}}} train_snapshot `took`:
 *   milliseconds that no step was made for it.
 * @property {{payload: {view: string, payload: object}, value: any}} observe What the lab looks at; observations.js has the views.
 * @property {{payload: {choice: DeviceChoice, page_has_gpu?: boolean}, value: null}} set_device
 *   `page_has_gpu`: whether the page itself has WebGPU; its workers may be without.
 * @property {{payload: {workers: number}, value: null}} set_workers How many workers share the steps of trainings
 *   on the processor, a power of two; 0 lets the engine find out.
 * @property {{payload: {how: "lose" | "shader" | "numbers" | "panic" | "software" | "products" | "helper"}, value: null}} break_device For
 *   tests: the graphics adapter is lost, compiles no shader or computes wrong numbers from now on, or the engine
 *   panics; or a software adapter is taken for a graphics card; or only matrix products are proven;
 *   or a worker that shares steps ends.
 */

/**
 * Every event that the worker sends unasked.
 * @typedef {object} Events
 * @property {{bytes: number}} loading How much of the engine has come.
 * @property {{version: string, simd: boolean}} ready
 * @property {{run: string, tokens: GeneratedToken[], engine_tokens: number, engine_seconds: number, state_bytes: number}} tokens
 *   `state_bytes` is what the engine keeps of the text so far.
 * @property {TrainProgress} train_progress
 * @property {{step: number} & Omit<Evaluation, "tokens">} train_evaluation
 * @property {{step: number, text: string}} train_sample
 * @property {{step: number, layers: Head[][]}} train_heads
 * @property {{reason: "done" | "stopped" | "early" | "failed", step: number, message?: string}} train_ended "early":
 *   validation has not got better for as long as was asked for; it can go on all the same.
 * @property {TrainControl} train_control After the beginning, and after every change.
 * @property {DeviceStatus} device
 * @property {{message: string}} fatal The engine died; nothing more will come from this worker.
 *
 * @typedef {object} TrainProgress
 * @property {number} step
 * @property {number} steps
 * @property {[number, number][]} losses [step, loss] since the last event.
 * @property {number} tokens_per_second
 * @property {number} seconds_left
 * @property {number} learning_rate
 * @property {number} gradient_norm
 * @property {"running" | "paused" | "done" | "stopped"} state
 */

/**
 * @typedef {keyof Requests} RequestType
 * @typedef {keyof Events} EventName
 * @typedef {{type: RequestType, id: number, payload: any}} RequestMessage
 * @typedef {{type: "reply", id: number, ok: true, value: unknown}
 *   | {type: "reply", id: number, ok: false, error: {message: string}}
 *   | {type: "event", event: EventName, detail: any}} WorkerMessage
 */

/** @typedef {(value: unknown) => boolean} Check */

/** @type {Check} */ const isNumber = (v) => typeof v === "number" && Number.isFinite(v);
/** @type {Check} */ const isCount = (v) => Number.isInteger(v) && /** @type {number} */ (v) >= 0;
/** @type {Check} */ const isText = (v) => typeof v === "string";
/** @type {Check} */ const isFlag = (v) => typeof v === "boolean";
/** @type {Check} */ const isBytes = (v) => v instanceof ArrayBuffer || ArrayBuffer.isView(v);
/** @type {Check} */ const isObject = (v) => typeof v === "object" && v !== null;
/** @type {(check: Check) => Check} */
const orNull = (check) => (v) => v === null || check(v);
/** @type {(check: Check) => Check} */
const optional = (check) => (v) => v === undefined || check(v);
/** @type {(...words: string[]) => Check} */
const oneOf = (...words) => (v) => words.includes(/** @type {string} */ (v));
/** @type {(check: Check) => Check} */
const listOf = (check) => (v) => Array.isArray(v) && v.every(check);
/** @type {(fields: Record<string, Check>) => Check} */
const record = (fields) => (v) =>
  isObject(v) && Object.entries(fields).every(([name, check]) => check(/** @type {any} */ (v)[name]));

/** @type {Check} */ const isShare = (v) => isNumber(v) && /** @type {number} */ (v) >= 0 && /** @type {number} */ (v) <= 1;
const isHead = record({ frequency: isNumber, damping: isNumber, phase: isNumber, gain: isNumber });
const isSettings = record({
  temperature: isNumber,
  top_k: isCount,
  top_p: isNumber,
  repetition_penalty: isNumber,
  seed: isCount,
  max_tokens: isCount,
  stop: listOf(isText),
  at_limit: oneOf("reread", "run_on"),
});

const place = { layer: isCount, head: isCount, number: oneOf("frequency", "damping", "phase") };

/** @type {Record<RequestType, Record<string, Check>>} */
const REQUESTS = {
  load_model: { bytes: isBytes, name: isText },
  load_files: { tensors: listOf(isBytes), config: orNull(isText), tokenizer: orNull(isText), name: isText },
  export_model: { precision: optional(isText) },
  round_model: { precision: orNull(isText) },
  rounded_losses: { ids: isBytes, length: isCount },
  model_info: {},
  set_heads: { layer: isCount, heads: listOf(isHead) },
  reset_heads: { layer: orNull(isCount) },
  set_coupling: { layer: isCount, weights: listOf(isShare) },
  reset_couplings: { layer: orNull(isCount) },
  generate: { run: isText, prompt: isText, written: optional(listOf(isCount)), past_stop: optional(isFlag), settings: isSettings, original: isFlag, pace: isNumber },
  set_pace: { run: isText, pace: isNumber },
  stop_generation: { run: orNull(isText) },
  next_tokens: { prompt: isText, count: isCount, original: isFlag },
  prepare_data: { text: isText, tokenizer: oneOf("character", "bpe"), vocab_size: isCount, validation_share: optional(isNumber) },
  train_start: {
    text: isText,
    data_name: isText,
    tokenizer: record({ kind: oneOf("character", "bpe"), vocab_size: isCount }),
    model: isObject,
    train: isObject,
    evaluate_every: isCount,
    sample_every: isCount,
    sample_prompt: isText,
    validation_share: optional(isNumber),
    patience: optional(isCount),
  },
  train_resume_from: { bytes: isBytes, text: isText, measure: optional(isFlag) },
  train_pause: {},
  train_continue: {},
  train_stop: {},
  train_step: {},
  train_set_rate: { peak_lr: isNumber },
  train_set_steps: { steps: isCount },
  train_set_head: { ...place, value: isNumber, again: isFlag },
  train_set_lock: { ...place, locked: isFlag },
  train_adopt: {},
  train_snapshot: {},
  observe: { view: isText, payload: isObject },
  set_device: { choice: oneOf("auto", "cpu", "gpu"), page_has_gpu: optional(isFlag) },
  set_workers: { workers: isCount },
  break_device: { how: oneOf("lose", "shader", "numbers", "panic", "software", "products", "helper") },
};

/** @type {EventName[]} */
const EVENTS = [
  "loading", "ready", "tokens", "train_progress", "train_evaluation", "train_sample", "train_heads",
  "train_control", "train_ended", "device", "fatal",
];

/**
 * Makes a request, and refuses one that the worker would not understand: that is a mistake in the
 * page, so it throws at the place where it was made.
 * @template {RequestType} T
 * @param {T} type
 * @param {number} id
 * @param {Requests[T]["payload"]} payload
 * @returns {RequestMessage}
 */
export function makeRequest(type, id, payload) {
  const message = { type, id, payload };
  const fault = faultInRequest(message);
  if (fault) throw new TypeError(fault);
  return message;
}

/**
 * @param {any} message
 * @returns {string | null} What is wrong with it, or null.
 */
export function faultInRequest(message) {
  if (!isObject(message) || !isCount(message.id)) return "a message without a number was sent to the engine";
  const fields = REQUESTS[/** @type {RequestType} */ (message.type)];
  if (!fields) return `the engine has no request called "${message.type}"`;
  if (!isObject(message.payload)) return `${message.type}: the payload is missing`;
  for (const [name, check] of Object.entries(fields)) {
    if (!check(message.payload[name])) return `${message.type}: "${name}" is missing or of the wrong kind`;
  }
  return null;
}

/** @param {number} id @param {unknown} value @returns {WorkerMessage} */
export const makeReply = (id, value) => ({ type: "reply", id, ok: true, value });

/** @param {number} id @param {string} message @returns {WorkerMessage} */
export const makeFailure = (id, message) => ({ type: "reply", id, ok: false, error: { message } });

/**
 * @template {EventName} E
 * @param {E} event
 * @param {Events[E]} detail
 * @returns {WorkerMessage}
 */
export const makeEvent = (event, detail) => ({ type: "event", event, detail });

/**
 * @param {any} message
 * @returns {message is WorkerMessage}
 */
export function isWorkerMessage(message) {
  if (!isObject(message)) return false;
  if (message.type === "event") return EVENTS.includes(message.event);
  return message.type === "reply" && isCount(message.id) && isFlag(message.ok);
}
