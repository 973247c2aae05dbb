//! Wave Field language models.
pub mod config;
pub mod error;
pub use config::ModelConfig;
pub use error::{Error, Result};
