//! The engine as those who use it see it, and its command line: one program, so that what is generic is
//! compiled once for all of them.

mod causality;
mod cli;
mod cli_files;
mod field;
mod golden;
#[path = "../golden_cases/mod.rs"]
mod golden_cases;
mod hostile_checkpoints;
mod release_checkpoints;
mod stream_parallel;
mod tokenizer;
mod tolerant_checkpoints;
