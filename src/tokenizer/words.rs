//! Cutting a text into words, before byte pairs are merged within each.
//!
//! The cuts are those of GPT-2, which `tokenizer.json` calls `ByteLevel`. As a regular expression:
//!
//! ```text
//! 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//! ```
//!
//! Every character falls into one of its classes, so the words, put together, are the text.

use super::unicode::{Class, class_of};

/// The words of a text, in order.
pub(super) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Words { rest: text }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let length = contraction(self.rest)
            .or_else(|| run(self.rest))
            .unwrap_or_else(|| white_space(self.rest));
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(word)
    }
}

/// `'s|'t|'re|'ve|'m|'ll|'d`
fn contraction(text: &str) -> Option<usize> {
    match text.as_bytes() {
        [b'\'', b's' | b't' | b'm' | b'd', ..] => Some(2),
        [b'\'', b'r' | b'v', b'e', ..] | [b'\'', b'l', b'l', ..] => Some(3),
        _ => None,
    }
}

/// ` ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+`
fn run(text: &str) -> Option<usize> {
    let lead = usize::from(text.starts_with(' '));
    let body = &text[lead..];
    let class = class_of(body.chars().next()?);
    if class == Class::Space {
        return None;
    }
    let end = body.char_indices().find(|&(_, c)| class_of(c) != class);
    Some(lead + end.map_or(body.len(), |(at, _)| at))
}

/// `\s+(?!\S)|\s+`: the last one of several is left to the word that follows it.
fn white_space(text: &str) -> usize {
    let mut last = 0;
    for (at, c) in text.char_indices() {
        if class_of(c) != Class::Space {
            return if last > 0 { last } else { at };
        }
        last = at;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        Words::new(text).collect()
    }

    #[test]
    fn letters_numbers_and_the_rest_part() {
        assert_eq!(
            words("Hello, world42!"),
            ["Hello", ",", " world", "42", "!"]
        );
        assert_eq!(
            words("don't we'll 'seen"),
            ["don", "'t", " we", "'ll", " '", "seen"]
        );
    }

    #[test]
    fn the_last_of_several_spaces_goes_with_the_next_word() {
        assert_eq!(
            words("a   b\n\nc \t"),
            ["a", "  ", " b", "\n", "\n", "c", " \t"]
        );
        assert_eq!(words("a\r\n b"), ["a", "\r\n", " b"]);
        assert_eq!(words("\u{3000}\u{a0}x"), ["\u{3000}", "\u{a0}", "x"]);
    }

    #[test]
    fn combining_marks_are_no_letters() {
        assert_eq!(
            words("e\u{301}a \u{301}"),
            ["e", "\u{301}", "a", " \u{301}"]
        );
        assert_eq!(words("ⓐb"), ["ⓐ", "b"]);
    }

    #[test]
    fn words_put_together_are_the_text() {
        let text: String = (0..=0x10_ffff)
            .step_by(7)
            .filter_map(char::from_u32)
            .collect();
        assert_eq!(Words::new(&text).collect::<String>(), text);
        assert!(Words::new(&text).all(|word| !word.is_empty()));
        assert_eq!(words(""), [""; 0]);
    }
}
