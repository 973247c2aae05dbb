//! UTF-8 in pieces that may be cut anywhere.

/// What comes out of a file that should be UTF-8.
pub enum Part<'a> {
    Text(&'a str),
    /// Bytes that are no UTF-8, as many as one replacement character stands for; whether the file
    /// ends within them.
    Bad(&'a [u8], bool),
}

/// Keeps what a piece was cut through until the next one comes.
#[derive(Default)]
pub struct Utf8 {
    held: Vec<u8>,
}

impl Utf8 {
    /// Takes the next piece and gives its parts in order.
    pub fn push(&mut self, bytes: &[u8], last: bool, mut part: impl FnMut(Part<'_>)) {
        let joined;
        let bytes = if self.held.is_empty() {
            bytes
        } else {
            joined = [self.held.as_slice(), bytes].concat();
            self.held.clear();
            &joined
        };
        let mut rest = bytes;
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => return part(Part::Text(text)),
                Err(error) => {
                    let (valid, bad) = rest.split_at(error.valid_up_to());
                    if let Ok(text) = std::str::from_utf8(valid) {
                        part(Part::Text(text));
                    }
                    match error.error_len() {
                        Some(length) => {
                            part(Part::Bad(&bad[..length], false));
                            rest = &bad[length..];
                        }
                        None if last => return part(Part::Bad(bad, true)),
                        None => {
                            self.held = bad.to_vec();
                            return;
                        }
                    }
                }
            }
        }
    }
}
