// Which of the engine's two builds a worker loads. Workers that share a step must have the same one.

/** @typedef {typeof import("../pkg/wavefield.js")} EngineModule */

/** A module with one function whose body is `f32x4.relaxed_madd` of three zeros. */
const RELAXED = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // "\0asm", version 1
  0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, // types: () -> v128
  0x03, 0x02, 0x01, 0x00, // functions: one, of type 0
  0x0a, 0x13, 0x01, 0x11, 0x00, // code: one body of 17 bytes, no locals
  0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, // i8x16.splat of 0, thrice
  0xfd, 0x85, 0x02, 0x0b, // f32x4.relaxed_madd, end
);

/** The build with fused multiply-adds where the browser knows them, because it trains faster. @returns {Promise<EngineModule>} */
export async function engineModule() {
  const plain = () => import("../pkg/wavefield.js");
  if (!WebAssembly.validate(RELAXED)) return plain();
  return import("../pkg/wavefield_relaxed.js").catch(plain);
}
