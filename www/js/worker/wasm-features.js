// What a browser's WebAssembly knows, asked with the smallest modules that need it.

/** A module with one function of no parameters that gives a v128. @param {...number} body */
const withBody = (...body) => Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // "\0asm", version 1
  0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, // types: () -> v128
  0x03, 0x02, 0x01, 0x00, // functions: one, of type 0
  0x0a, body.length + 4, 0x01, body.length + 2, 0x00, ...body, 0x0b, // code: one body, no locals, end
);
/** `i8x16.splat` of 0. */
const ZERO = [0x41, 0x00, 0xfd, 0x0f];

export const knowsSimd = () => WebAssembly.validate(withBody(...ZERO));
/** `f32x4.relaxed_madd` of three zeros. */
export const knowsRelaxedSimd = () => WebAssembly.validate(withBody(...ZERO, ...ZERO, ...ZERO, 0xfd, 0x85, 0x02));
