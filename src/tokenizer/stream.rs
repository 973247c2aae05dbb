//! Text from ids as they come.

use super::{REPLACEMENT, Tokenizer};

/// Holds back the bytes of a character until its last one has come.
///
/// All that [`Utf8Stream::push`] and at the end [`Utf8Stream::finish`] return, put together, is
/// what [`Tokenizer::decode`] gives for the same ids.
#[derive(Clone, Debug, Default)]
pub struct Utf8Stream {
    /// The beginning of one character: 3 bytes at most between two calls.
    pending: Vec<u8>,
}

impl Utf8Stream {
    /// Takes the next token and returns the longest text that is certain by now; it may be empty.
    pub fn push(&mut self, tokenizer: &Tokenizer, id: u32) -> String {
        tokenizer.append_bytes(id, &mut self.pending);
        let mut text = String::new();
        let mut held = 0;
        let mut chunks = self.pending.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            if chunk.invalid().is_empty() {
                continue;
            }
            if chunks.peek().is_none() && is_beginning(chunk.invalid()) {
                held = chunk.invalid().len();
            } else {
                text.push_str(REPLACEMENT);
            }
        }
        self.pending.drain(..self.pending.len() - held);
        text
    }

    /// Ends the stream: a character that was never completed shows as U+FFFD.
    pub fn finish(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending.clear();
        text
    }
}

/// Whether more bytes could still make a character of these.
fn is_beginning(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}
