//! Wave Field language models.
pub mod backend;
pub mod bench;
pub mod checkpoint;
pub mod config;
pub mod decode;
pub mod diagnostics;
pub mod error;
pub mod kernels;
pub mod model;
pub mod rng;
pub mod tokenizer;
pub mod train;
#[cfg(target_arch = "wasm32")]
pub mod web;
pub use config::ModelConfig;
pub use error::{Error, Result};
