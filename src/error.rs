//! Every failure that comes from outside the program: a file, a setting, a text.
//!
//! A programmer's mistake panics instead. Each message says what was expected, what was found and
//! what to do, because the page shows it to a person as it is.

use crate::memory::in_words;
use std::fmt;

/// What went wrong with something that came from outside.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A configuration value is out of range or breaks a law of the model.
    Config {
        /// The setting's name, as in the configuration file.
        field: &'static str,
        /// What would do, what was found, and what to change.
        message: String,
    },
    /// A checkpoint file could not be understood.
    Checkpoint {
        /// The tensor or part of the file at fault.
        part: String,
        /// What was expected, what was found, and what to do.
        message: String,
    },
    /// A tokenizer file could not be understood, or a text could not be encoded.
    Tokenizer {
        /// What was expected, what was found, and what to do.
        message: String,
    },
    /// The training text is unusable (too short, too few tokens, a token the model does not have).
    Data {
        /// What was expected, what was found, and what to do.
        message: String,
    },
    /// The model's own numbers have overflowed, so that it says nothing any more.
    Model {
        /// What was expected, what was found, and what to do.
        message: String,
    },
    /// It would take more memory than may be taken ([`crate::memory`]); nothing was allocated.
    Memory {
        /// What would take it, as the beginning of a sentence.
        what: String,
        /// Bytes that it would take, and that may be taken.
        needed: u64,
        budget: u64,
        /// What to do.
        advice: String,
    },
    /// A GPU is missing, was lost or refused.
    Device {
        /// What happened.
        message: String,
    },
    /// A file could not be read or written.
    File {
        /// The file's path.
        path: String,
        /// The system's word on it.
        message: String,
    },
}

/// The result of anything that can fail for an outside reason.
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Config { field, message } => write!(f, "{field}: {message}"),
            Error::Checkpoint { part, message } => write!(f, "checkpoint, {part}: {message}"),
            Error::Tokenizer { message } => write!(f, "tokenizer: {message}"),
            Error::Data { message } => write!(f, "text: {message}"),
            Error::Model { message } => write!(f, "model: {message}"),
            Error::Memory {
                what,
                needed,
                budget,
                advice,
            } => {
                let [needed, budget] = [needed, budget].map(|bytes| in_words(*bytes));
                write!(
                    f,
                    "{what} takes about {needed} of memory, and at most {budget} may be taken: \
                     {advice}"
                )?;
                // A page has no such option.
                let more = ", or allow more with --memory";
                f.write_str(if cfg!(target_arch = "wasm32") {
                    ""
                } else {
                    more
                })
            }
            Error::Device { message } => write!(f, "{message}"),
            Error::File { path, message } => write!(f, "{path}: {message}"),
        }
    }
}

impl std::error::Error for Error {}
