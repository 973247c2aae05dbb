//! The report on characters that a vocabulary does not have.

use std::collections::HashSet;

use super::error;
use crate::{Error, Result};

/// The message names this many characters at most; a page has to show it.
const NAMED: usize = 100;

/// Refuses a text with characters that are not `known`.
pub(super) fn refuse_unknown(text: &str, known: impl Fn(char) -> bool) -> Result<()> {
    match text.chars().position(|c| !known(c)) {
        None => Ok(()),
        Some(first) => Err(report(text, first, &unknown_characters(text, known))),
    }
}

/// The distinct characters of a text that are not `known`, in the order of their first appearance.
pub(super) fn unknown_characters(text: &str, known: impl Fn(char) -> bool) -> Vec<char> {
    let mut seen = HashSet::new();
    text.chars()
        .filter(|&c| !known(c) && seen.insert(c))
        .collect()
}

fn report(text: &str, first: usize, unknown: &[char]) -> Error {
    let names: Vec<String> = unknown.iter().take(NAMED).map(|&c| name(c)).collect();
    let more = match unknown.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (line, column) = line_and_column(text, first);
    let (what, them) = match unknown.len() {
        1 => ("1 character".to_string(), "it"),
        count => (format!("{count} characters"), "them"),
    };
    error(format!(
        "expected only characters of this vocabulary, found {what} that it does not have: {}{more}. \
         The first stands at character {} of the text (line {line}, column {column}). Remove or \
         replace {them}, or use a model of word pieces, which reads any text.",
        names.join(", "),
        first + 1,
    ))
}

/// A character and its code point: some characters are invisible, or look like others.
fn name(c: char) -> String {
    let code = u32::from(c);
    if c.is_control() || c.is_whitespace() {
        format!("U+{code:04X}")
    } else {
        format!("\"{c}\" U+{code:04X}")
    }
}

/// Both from 1.
fn line_and_column(text: &str, character: usize) -> (usize, usize) {
    text.chars()
        .take(character)
        .fold((1, 1), |(line, column), c| match c {
            '\n' => (line + 1, 1),
            _ => (line, column + 1),
        })
}
