// What a safetensors file says of itself at its beginning. No DOM here.

/** @typedef {{ dtype: string, shape: number[], data_offsets: [number, number] }} Tensor */

/** Bytes of the header's length. */
export const PREFIX = 8;

/**
 * The header of a file that is known to be one.
 * @param {Uint8Array<ArrayBuffer>} file
 * @returns {{ metadata: Record<string, string>, tensors: Record<string, Tensor>, values: Uint8Array<ArrayBuffer> }}  values: a view of the file
 */
export function headerOf(file) {
  const end = PREFIX + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const { __metadata__: metadata, ...tensors } = JSON.parse(new TextDecoder().decode(file.subarray(PREFIX, end)));
  return { metadata: metadata ?? {}, tensors, values: file.subarray(end) };
}
