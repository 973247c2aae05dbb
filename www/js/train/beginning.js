// How a training begins from a model: it is taken up like any other, from a snapshot, which is made here. That of step 0
// is the model's own file with moments that are zero, as those of a new training are, and with the training's plan.

import { PREFIX, headerOf } from "../files/safetensors.js";

/**
 * @typedef {import("../engine/protocol.js").TrainStart} TrainStart
 * @typedef {import("../files/safetensors.js").Tensor} Tensor
 */

/** Of what the public release has and no training moves (src/checkpoint/release.rs): the norms, and a third of each of these. */
const UNUSED = /^interference_modules\.\d+\.norm\./;
const WITH_QUERIES = /\.qkv_proj\./;
/** How a batch is cut for workers to share it (TrainConfig::divide): so many pieces at most, of so many tokens at least. */
const PIECES = { most: 8, tokens: 128 };

/** @param {{ batch_size: number, seq_len: number }} train */
export function shardsOf({ batch_size, seq_len }) {
  const worth = Math.floor((batch_size * seq_len) / PIECES.tokens);
  return 2 ** Math.floor(Math.log2(Math.max(1, Math.min(worth, batch_size, PIECES.most))));
}

/**
 * A snapshot of step 0 of a training that goes on from a model.
 * @param {Uint8Array<ArrayBuffer>} file  the model's, in 32 bits @param {Omit<TrainStart, "text">} order
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function firstSnapshot(file, { data_name, train, validation_share, patience, evaluate_every, sample_every, sample_prompt }) {
  const { metadata, tensors, values } = headerOf(file);
  let end = values.length;
  /** @type {Record<string, Tensor>} */
  const moments = {};
  for (const moment of ["first", "second"]) {
    for (const [name, { shape: [rows, ...others], dtype, data_offsets: [from, to] }] of Object.entries(tensors)) {
      if (UNUSED.test(name)) continue;
      const used = WITH_QUERIES.test(name) ? 2 / 3 : 1;
      const bytes = (to - from) * used;
      moments[`optimizer.${moment}_moment.${name}`] = { dtype, shape: rows === undefined ? [] : [rows * used, ...others], data_offsets: [end, end + bytes] };
      end += bytes;
    }
  }
  const told = {
    ...metadata, "trainer.step": "0", "trainer.config": JSON.stringify({ ...train, shards: shardsOf(train) }),
    training_plan: JSON.stringify({ data_name, validation_share, patience, evaluate_every, sample_every, sample_prompt }),
  };
  const header = new TextEncoder().encode(JSON.stringify({ __metadata__: told, ...tensors, ...moments }));
  const begin = PREFIX + PREFIX * Math.ceil(header.length / PREFIX);
  const snapshot = new Uint8Array(begin + end);
  new DataView(snapshot.buffer).setBigUint64(0, BigInt(begin - PREFIX), true);
  snapshot.fill(" ".charCodeAt(0), PREFIX, begin).set(header, PREFIX);
  snapshot.set(values, begin);
  return snapshot;
}
