//! Text, one token after another.
//!
//! [`Decoder`] is the recurrent view of the model: with z = e^(-α+iω), one complex number S for
//! each layer, head and channel,
//!
//! ```text
//! S(cell)   = z·S(cell-1) + deposit(cell)
//! heard(cell) = gain·Re(e^(iφ)·S(cell)) / max(Σ|κ|, 1e-8)
//! ```
//!
//! and interference is a running sum. A token costs the same wherever it stands, and the state is
//! a few kilobytes whatever the length of the text. A token between two cells deposits in both and
//! listens at both, with the weights 1-f and f; the causality law (see [`crate::config`]) keeps the
//! next token off the first of them. Σ|κ| runs over the G cells of the field, as in training.
//!
//! A near field adds the states of three tokens a layer to what is kept.
//!
//! A standard Transformer has no such view: its decoder keeps the keys and values of every token
//! (see [`StateSize`]), attends to all of them, and cannot run on past its learned positions.
//!
//! # What the state means when the physics changes
//! The state is always *the whole context as heard under the current physics*. After a head was
//! bent, muted or trained, [`Decoder::physics_changed`] marks the state, and before the next token
//! the context is read anew. The result is that of the parallel forward with the new values, and
//! does not depend on when the change came. Past the context limit with [`AtLimit::RunOn`] there
//! is no such reading: the old waves are kept as they are, and move and sound under the new
//! physics from then on.
//!
//! # At the context limit
//! When max_seq_len tokens were read and another comes, [`AtLimit::Reread`] reads the last half
//! (rounded down) of the context again, from position 0, and goes on behind it.
//! [`AtLimit::RunOn`] keeps the waves and goes on at the same stride.
//!
//! # Same bits everywhere
//! The decoder sums in a fixed order in plain float32 and float64 and uses no function of the
//! system, so native and WebAssembly builds give the same logits to the last bit, and so the same
//! text for the same seed. Prompts therefore do not go through the kernels of training: their tokens go through the
//! weights in blocks and through the waves in order, which also needs no field.

mod cache;
mod decoder;
mod generation;
mod interference;
mod linear;
mod near;
mod physics;
mod sampler;
mod settings;
mod waves;

pub use cache::StateSize;
pub use decoder::{AtLimit, Decoder};
pub use generation::{Alternative, EndReason, GeneratedToken, Generation};
pub use sampler::{Choice, Sampler, likeliest_tokens};
pub use settings::{GenerationSettings, SamplingSettings};
