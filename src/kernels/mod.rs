//! The operations that the model is made of, one a file: its contract, its CPU twin forward and
//! backward, and its tests. Beside it, in a file of the same name, lies its WGSL twin; `gelu` and the
//! residual are part of `matrix_product.wgsl`, which does them before a tile leaves its registers.
//! Shaders that share something have it in files of their own: `common`, `rows`, `fft` and
//! `field_lines`, `turns` and `wave`, `field_way`.
//! `tests/gpu` runs both twins of every operation.
//!
//! A kernel is a pure function over slices. Matrices are row-major; a gradient has the name of what
//! it belongs to with a `d` in front; "overwrites" and "adds to" are said at each output.

pub mod adamw;
pub mod attention;
pub mod couple_gate;
pub mod cross_entropy;
pub mod deposit;
pub mod direct_convolution;
pub mod dropout;
pub mod embedding;
pub mod field_convolution;
pub mod field_recurrence;
pub mod gelu;
pub mod interference;
#[cfg(any(target_arch = "wasm32", test))]
mod lanes;
pub mod layer_norm;
pub mod math;
pub mod matrix_product;
pub mod near_field;
pub mod parallel;
pub mod prefix_mean;
pub mod rotary;
pub mod swiglu;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(any(target_arch = "wasm32", test))]
mod tiled_product;
pub mod transforms;
pub mod wave_kernel;
pub mod wave_rotation;

pub use math::Real;
