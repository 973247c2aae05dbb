// What a link carries of a model: in what its heads and couplings differ from its file, and the same laid over a model again.

import { isRowEdited, rowOf } from "../model/couplings.js";

/**
 * @typedef {import("../engine/protocol.js").Head} Head
 * @typedef {import("../engine/protocol.js").HeadInfo} HeadInfo
 * @typedef {import("../engine/protocol.js").CouplingInfo} CouplingInfo
 * @typedef {{ layer: number, head: number, change: Partial<Head> }} BentHead  counted from 0
 * @typedef {{ layer: number, head: number, weights: number[] }} CoupledRow  what one head takes of each; counted from 0
 */

export const HEAD_KEYS = /** @type {const} */ (["frequency", "damping", "phase", "gain"]);

/** @param {HeadInfo[][]} layers @returns {BentHead[]} what differs from the file */
export function bentHeads(layers) {
  return layers.flatMap((heads, layer) => heads.flatMap((info, head) => {
    const changed = HEAD_KEYS.filter((name) => info[name] !== info.initial[name]);
    return changed.length === 0 ? [] : [{ layer, head, change: Object.fromEntries(changed.map((name) => [name, info[name]])) }];
  }));
}

/**
 * A model's heads, bent as a link says.
 * @param {HeadInfo[][]} layers @param {BentHead[]} bent
 * @returns {{ layers: HeadInfo[][], missing: number }}  missing: how many heads this model does not have
 */
export function bendHeads(layers, bent) {
  const result = layers.map((heads) => heads.map((info) => ({ ...info, ...info.initial })));
  let missing = 0;
  for (const { layer, head, change } of bent) {
    const info = result[layer]?.[head];
    if (info) Object.assign(info, change);
    else missing++;
  }
  return { layers: result, missing };
}

/** @param {readonly CouplingInfo[]} couplings @returns {CoupledRow[]} what differs from the file */
export const editedRows = (couplings) => couplings.flatMap((coupling, layer) =>
  rowOf(coupling.weights, 0).flatMap((_, head) => (isRowEdited(coupling, head) ? [{ layer, head, weights: rowOf(coupling.weights, head) }] : [])));

/**
 * A model's couplings, set as a link says.
 * @param {readonly CouplingInfo[]} couplings @param {readonly CoupledRow[]} rows
 * @returns {{ couplings: CouplingInfo[], missing: number }}  missing: how many rows this model has no place for
 */
export function coupleHeads(couplings, rows) {
  const result = couplings.map(({ initial }) => ({ weights: [...initial], initial }));
  let missing = 0;
  for (const { layer, head, weights } of rows) {
    const coupling = result[layer];
    const at = head * weights.length;
    if (coupling && weights.length ** 2 === coupling.weights.length && at < coupling.weights.length) coupling.weights.splice(at, weights.length, ...weights);
    else missing++;
  }
  return { couplings: result, missing };
}
