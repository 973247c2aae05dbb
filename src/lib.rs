//! Wave Field language models: attention by damped waves on a one-dimensional field, in O(N) over the
//! text in training and O(1) a token in decoding.
//!
//! # The model in brief
//!
//! N tokens sit on a field of G cells, token i at p_i = i·s with stride s = (G-1)/(M-1), M being the
//! context. In each layer every head h has a wave of its own, the kernel
//!
//! κ(t) = e^(-αt)·cos(ωt + φ) / max(Σ|κ|, 1e-8),  t = 0..G-1 cells,
//!
//! with learned frequency ω (radians a cell), damping α = softplus(a) (a cell) and phase φ
//! (radians). A token deposits its value times the length of its key; the field is convolved with
//! the kernel, causally; the tokens gather what reached them; heads are coupled by a softmax over a
//! learned H×H matrix, gated by a sigmoid, and projected. Around that: pre-norm residual layers with
//! a GELU feed-forward part, and after every few layers an interference module that lets a token
//! take on the mean of the text so far as far as it agrees with it. The formulas stand at the kernels
//! ([`kernels`]); the order in which they run stands in [`model::network`].
//!
//! The kernel is the real part of a damped rotation, so the convolution is exactly a recurrence as well,
//! with one complex number of state a channel. Whole texts are read that way, on the CPU and on a GPU
//! ([`kernels::field_recurrence`]), and [`decode`] generates text that way. Either can convolve by FFT
//! too ([`kernels::field_convolution`]), as the model was published; which of the two a GPU runs
//! [`backend::gpu::FieldMethod`] says. Tests hold all of them equal.
//!
//! Beside it stands what it is compared with ([`Architecture::Standard`]): a standard pre-norm
//! Transformer with learned positions and causal softmax attention. Everything but attention and
//! positions is the same code, so that a difference in what the two learn is a difference in how
//! their tokens hear each other. Its decoder keeps the keys and values of every token.
//!
//! Both have options, each off unless the configuration names it ([`ModelConfig`]): RMS norms, a SwiGLU
//! feed-forward part, a near field, with which keys and values are made of the last four tokens, and
//! rotary positions in the Transformer.
//!
//! # Conventions
//!
//! - Row-major float32; (rows, columns) means the columns are next to each other. Indices start at 0.
//! - B sequences of N tokens; T = B·N rows of tokens. D embedding, H heads, d = D/H, F feed-forward,
//!   V vocabulary, L layers, C = D/4 interference context. Head h owns channels h·d..(h+1)·d.
//! - FFTs are not normalised; the kernel's spectrum carries the 1/length. Lines are padded with
//!   zeros to at least twice their length, so that a convolution never wraps around.
//! - No logit depends on a later token. That holds for stride 1 and strides from 2 up, and any other
//!   configuration is refused ([`ModelConfig::validate`]); a model that breaks it to show what comes
//!   of it is made on purpose only ([`model::Model::leaking`]).
//! - The gradient of `x` is `dx`. Parameter gradients are added to, all others overwritten, unless a
//!   kernel says otherwise.
//! - Random numbers are functions of (seed, stream, counter) ([`rng`]); there is no hidden state.
//! - What comes from outside and is wrong gives an [`Error`] that says what was expected, what was
//!   found and what to do. A panic is a programmer's mistake.
//!
//! # Where things are
//!
//! | module | what |
//! | --- | --- |
//! | [`config`], [`error`], [`rng`] | a model's shape and its laws; failures; random numbers |
//! | [`memory`] | how much may be taken, asked before it is |
//! | [`kernels`] | one operation a file: contract, CPU forward and backward, test; its WGSL twin |
//! | [`backend`] | operations as plain data; the CPU and the GPU that run them |
//! | [`model`] | parameter table; forward and backward over a backend; reading whole texts |
//! | [`decode`] | the recurrent view: state, one step, sampling, text |
//! | [`train`] | a step, the schedule, batches, evaluation |
//! | [`tokenizer`] | characters and byte-level BPE, as `tokenizer.json` |
//! | [`recognise`], [`intake`] | what a file is, by its content; texts from files |
//! | [`checkpoint`] | safetensors files under the public release's names |
//! | [`diagnostics`] | observers that look at a model and change nothing |
//! | [`bench`] | the shapes at which speed is measured |
//! | [`lesson`] | what comes of a model that looks ahead |
//! | [`scaling`] | how time grows with the length of a text |
//! | `web` | the session that the page's worker holds (wasm only) |
//!
//! What goes to the page derives `Tsify`: that writes its TypeScript declaration into `pkg/wavefield.d.ts`.
//!
//! The models are Wave Field V3.5 and its baseline as the public release computes them; `tests/fixtures`
//! pins that.

pub mod backend;
pub mod bench;
pub mod checkpoint;
pub mod config;
pub mod decode;
pub mod diagnostics;
pub mod error;
pub mod intake;
pub mod kernels;
pub mod lesson;
pub mod memory;
pub mod model;
pub mod recognise;
pub mod rng;
pub mod scaling;
pub mod tokenizer;
pub mod train;
#[cfg(target_arch = "wasm32")]
pub mod web;

pub use config::{Architecture, ModelConfig};
pub use error::{Error, Result};
