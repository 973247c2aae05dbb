//! How much memory may be taken, and what is said where that is too little.
//!
//! A configuration of a few bytes can ask for gigabytes. So whatever takes memory by numbers from
//! outside works out first how much, from those numbers alone, and asks here. What a model takes is
//! told by [`ModelConfig::memory`], what a batch or a text takes in it by
//! [`crate::model::network::Network::memory`].
//!
//! [`ModelConfig::memory`]: crate::config::ModelConfig::memory

use crate::error::{Error, Result};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that one model, training or view may take unless more is allowed: of the 4 GB that
/// WebAssembly can address a page must leave most to others.
pub const USUAL: u64 = if cfg!(target_arch = "wasm32") {
    512 << 20
} else {
    4 << 30
};

/// The one setting of the whole program: nothing that is computed depends on it.
static BUDGET: AtomicU64 = AtomicU64::new(USUAL);

/// Bytes that one model, training or view may take.
pub fn budget() -> u64 {
    BUDGET.load(Ordering::Relaxed)
}

/// Allows more or less.
pub fn set_budget(bytes: u64) {
    BUDGET.store(bytes, Ordering::Relaxed);
}

/// Refuses what takes more than the budget; `what` reads as the beginning of a sentence, `advice` as
/// its end.
///
/// # Errors
/// [`Error::Memory`] with both figures.
pub fn check(what: &str, needed: u64, advice: &str) -> Result<()> {
    check_within(budget(), what, needed, advice)
}

fn check_within(budget: u64, what: &str, needed: u64, advice: &str) -> Result<()> {
    if needed <= budget {
        return Ok(());
    }
    Err(Error::Memory {
        what: what.into(),
        needed,
        budget,
        advice: advice.into(),
    })
}

/// A number of bytes as a person reads it: `700 MB`, `5.1 GB`.
pub fn in_words(bytes: u64) -> String {
    let megabytes = bytes as f64 / f64::from(1 << 20);
    match megabytes {
        ..10.0 => format!("{:.1} MB", (10.0 * megabytes).ceil() / 10.0),
        ..1000.0 => format!("{:.0} MB", megabytes.ceil()),
        ..1e6 => format!("{:.1} GB", megabytes / 1024.0),
        _ => format!("{:.0} GB", megabytes / 1024.0),
    }
}

/// Reads a number of bytes as a person writes it: `8GB`, `512 MB`, `1.5g`; a bare number is bytes.
///
/// # Errors
/// [`Error::Config`] says how it is written.
pub fn from_words(text: &str) -> Result<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit = match text[digits.len()..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1024.0,
        "m" | "mb" => 1024.0 * 1024.0,
        "g" | "gb" => 1024.0 * 1024.0 * 1024.0,
        _ => f64::NAN,
    };
    match digits.parse::<f64>().map(|number| number * unit) {
        // 2^53 bytes are more than any machine has.
        Ok(bytes) if (1.0..9e15).contains(&bytes) => Ok(bytes as u64),
        _ => Err(Error::Config {
            field: "memory",
            message: format!(
                "must be a size such as 512MB or 8GB, but is {:?}",
                text.chars().take(40).collect::<String>()
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_both_figures() {
        let budget = 512 << 20;
        assert!(check_within(budget, "This model", budget, "open another").is_ok());
        let refused = check_within(budget, "This model", 5_476_083_302, "open another");
        let message = refused.unwrap_err().to_string();
        assert!(
            message.starts_with(
                "This model takes about 5.1 GB of memory, and at most 512 MB may be taken: open \
                 another"
            ),
            "{message}"
        );
        // Whatever was computed, and however it saturated.
        let refused = check_within(budget, "This model", u64::MAX, "open another");
        assert!(refused.unwrap_err().to_string().contains(" GB of memory"));
    }

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for (text, bytes) in [
            ("8GB", 8 << 30),
            ("512 MB", 512 << 20),
            ("1.5g", 3 << 29),
            (" 64kb ", 64 << 10),
            ("4096", 4096),
        ] {
            assert_eq!(from_words(text), Ok(bytes), "{text}");
        }
        for text in [
            "", "GB", "-1GB", "much", "1e30", "0", "NaN", "inf", "5 TBB", "8GB8",
        ] {
            let message = from_words(text).unwrap_err().to_string();
            assert!(message.contains("512MB or 8GB"), "{text}: {message}");
        }
        for (bytes, words) in [
            (1, "0.1 MB"),
            (512 << 20, "512 MB"),
            (8 << 30, "8.0 GB"),
            (u64::MAX, "17179869184 GB"),
        ] {
            assert_eq!(in_words(bytes), words);
        }
    }
}
