// The engine's worker: listens before the engine is loaded, does the work in short turns, and serves
// messages between two turns.

import { faultInRequest, makeEvent, makeFailure, makeReply } from "../engine/protocol.js";
import { Crew } from "./crew.js";
import { Devices } from "./device.js";
import { loadEngine } from "./engine.js";
import { Texts } from "./texts.js";
import { Lessons } from "./lessons.js";
import { Turns } from "./turns.js";

/**
 * @typedef {import("../engine/protocol.js").RequestMessage} RequestMessage
 * @typedef {import("../engine/protocol.js").RequestType} RequestType
 * @typedef {import("./engine.js").EngineModule} EngineModule
 * @typedef {(payload: any, id: number) => unknown} Handler Gives the reply's value, a promise of it, or LATER.
 */

/** What was sent before the engine was there. @type {RequestMessage[] | null} */
let early = [];
/** @type {Record<RequestType, Handler> | null} */
let handlers = null;
let dead = false;

self.onmessage = ({ data }) => {
  if (early) early.push(data);
  else serve(data);
};

/** A reply that comes when the work is done. */
const LATER = Symbol("later");

/** @param {number} id @param {unknown} value */
function reply(id, value) {
  const message = makeReply(id, value);
  const bytes = /** @type {any} */ (value)?.bytes;
  self.postMessage(message, bytes instanceof Uint8Array ? [bytes.buffer] : []);
}

/** @param {number} id @param {unknown} error */
const fail = (id, error) => self.postMessage(makeFailure(id, wordsOf(error)));

/** @param {unknown} error */
const wordsOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Nothing can be trusted after a panic: the page is told, and starts another worker.
 * @param {unknown} error
 */
function die(error) {
  if (dead) return;
  dead = true;
  console.error(error);
  self.postMessage(makeEvent("fatal", { message: isPanic(error) ? "It came upon a fault of its own." : wordsOf(error) }));
}

/** A Rust panic ends as a trap; so does running out of memory. @param {unknown} error */
const isPanic = (error) => error instanceof WebAssembly.RuntimeError || error instanceof RangeError;

/** @param {RequestMessage} message */
function serve(message) {
  if (dead) return;
  const fault = faultInRequest(message);
  if (fault) return fail(message?.id ?? 0, fault);
  try {
    const value = /** @type {Record<RequestType, Handler>} */ (handlers)[message.type](message.payload, message.id);
    if (value instanceof Promise) value.then((value) => reply(message.id, value ?? null), (error) => refuse(message.id, error));
    else if (value !== LATER) reply(message.id, value ?? null);
  } catch (error) {
    refuse(message.id, error);
  }
}

/** @param {number} id @param {unknown} error */
function refuse(id, error) {
  if (isPanic(error)) die(error);
  else fail(id, error);
}

/** @param {EngineModule} engine @returns {Record<RequestType, Handler>} */
function makeHandlers(engine) {
  const session = new engine.Session();
  const turns = new Turns(die);
  const texts = new Texts(session, turns, reply, fail);
  const devices = new Devices(engine.open_gpu, (status) => self.postMessage(makeEvent("device", status)));
  const crew = new Crew(session, (news) => devices.update(news));
  const lessons = new Lessons(session, turns, devices, crew, die);
  return {
    load_model: ({ bytes, name }) => {
      const info = session.load_model(new Uint8Array(bytes), name);
      texts.endAll("stopped");
      return info;
    },
    load_files: ({ tensors, config, tokenizer, name }) => {
      const info = session.load_files(tensors.map((/** @type {ArrayBuffer} */ bytes) => new Uint8Array(bytes)), config ?? undefined, tokenizer ?? undefined, name);
      texts.endAll("stopped");
      return info;
    },
    export_model: ({ precision }) => ({ bytes: session.export_model(precision ?? "f32"), filename: session.export_name() }),
    round_model: ({ precision }) => session.round_model(precision),
    rounded_losses: ({ ids, length }) => session.rounded_losses(ids, length),
    model_info: () => session.model_info(),
    set_heads: ({ layer, heads }) => session.set_heads(layer, heads),
    reset_heads: ({ layer }) => session.reset_heads(layer ?? undefined),
    set_coupling: ({ layer, weights }) => session.set_coupling(layer, new Float32Array(weights)),
    reset_couplings: ({ layer }) => session.reset_couplings(layer ?? undefined),
    generate: (payload, id) => {
      texts.start(payload, id);
      return LATER;
    },
    set_pace: ({ run, pace }) => texts.setPace(run, pace),
    stop_generation: ({ run }) => (run === null ? texts.endAll("stopped") : texts.end(run, "stopped")),
    next_tokens: ({ prompt, count, original }) => session.next_tokens(prompt, count, original),
    prepare_data: ({ text, tokenizer, vocab_size, validation_share }) => session.prepare_data(text, tokenizer, vocab_size, validation_share),
    train_start: (payload) => lessons.start(payload),
    train_resume_from: ({ bytes, text, measure }) => lessons.resumeFrom(new Uint8Array(bytes), text, measure),
    train_pause: () => lessons.pause(),
    train_continue: () => lessons.goOn(),
    train_stop: () => lessons.stop(),
    train_step: () => lessons.step(),
    train_set_rate: ({ peak_lr }) => lessons.setRate(peak_lr),
    train_set_steps: ({ steps }) => lessons.setSteps(steps),
    train_set_head: (payload) => lessons.setHead(payload),
    train_set_lock: (payload) => lessons.setLock(payload),
    train_adopt: async () => {
      const info = await lessons.adopt();
      texts.endAll("stopped");
      return info;
    },
    train_snapshot: () => lessons.snapshot(),
    observe: async ({ view, payload }) => {
      const onGpu = payload.device === "gpu";
      const method = /** @type {any} */ (session)[`observe_${view}${onGpu ? "_on_gpu" : ""}`];
      if (!method) throw new Error(`The engine has no view called "${view}".`);
      if (payload.source === "training") await lessons.look();
      if (!onGpu) return method.call(session, payload);
      if (!devices.gpu) throw new Error("No graphics card is ready any more.");
      return method.call(session, payload, devices.gpu);
    },
    set_device: ({ choice, page_has_gpu }) => devices.choose(choice, page_has_gpu),
    set_workers: ({ workers }) => crew.choose(workers),
    break_device: ({ how }) => {
      if (how === "panic") engine.panic_for_test();
      else if (how === "helper") crew.breakHelper();
      else devices.break(how);
    },
  };
}

async function load() {
  let version;
  try {
    const engine = await loadEngine((bytes) => self.postMessage(makeEvent("loading", { bytes })));
    handlers = makeHandlers(engine);
    version = engine.version();
  } catch (error) {
    return die(error);
  }
  self.postMessage(makeEvent("ready", { version, simd: true }));
  const waiting = early ?? [];
  early = null;
  waiting.forEach(serve);
}

load();
