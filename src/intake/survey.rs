//! How a file is to be read, found out from all of its bytes.

use super::utf8::{Part, Utf8};
use super::{Encoding, grouped};
use crate::error::{Error, Result};

/// So much of the beginning is looked at for UTF-16.
const HEAD: usize = 64 * 1024;

/// How a file is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// In this encoding; single faults are left for the notes.
    Reads(Encoding),
    /// It is in some older encoding, which one its bytes do not tell: for the person to say.
    Unclear {
        /// Where the first byte is that is not UTF-8, from 0.
        at: u64,
        /// The same in words, and what helps.
        words: String,
    },
}

/// Counts what speaks for an encoding and what against it.
#[derive(Default)]
pub struct Survey {
    head: Vec<u8>,
    bytes: u64,
    utf8: Utf8,
    nuls: u64,
    controls: u64,
    lines: u64,
    /// Characters beyond ASCII that are right in UTF-8: in other encodings they hardly ever come about.
    beyond: u64,
    /// Stretches and bytes that are no UTF-8.
    faults: u64,
    bad: u64,
    first: Option<Fault>,
    /// Whether the last fault is that the file ends within a character.
    cut: bool,
}

struct Fault {
    at: u64,
    byte: u8,
    line: u64,
}

impl Survey {
    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.count(bytes, false);
    }

    fn count(&mut self, bytes: &[u8], last: bool) {
        let mut utf8 = std::mem::take(&mut self.utf8);
        utf8.push(bytes, last, |part| match part {
            Part::Text(text) => self.count_text(text),
            Part::Bad(bytes, end) => {
                self.first.get_or_insert(Fault {
                    at: self.bytes,
                    byte: bytes[0],
                    line: self.lines + 1,
                });
                self.faults += 1;
                self.bad += bytes.len() as u64;
                self.bytes += bytes.len() as u64;
                self.cut = end;
            }
        });
        self.utf8 = utf8;
    }

    fn count_text(&mut self, text: &str) {
        for &byte in text.as_bytes() {
            match byte {
                0 => self.nuls += 1,
                b'\n' => self.lines += 1,
                // Tabs, line ends, form feeds; 0x1a and 0x1b end texts and colour terminals.
                b'\t' | 0x0b..=0x0d | 0x1a | 0x1b => {}
                ..0x20 | 0x7f => self.controls += 1,
                0xc0.. => self.beyond += 1,
                _ => {}
            }
        }
        self.bytes += text.len() as u64;
    }

    /// Says how the file is to be read.
    ///
    /// # Errors
    /// [`Error::Data`] when it is no text.
    pub fn finish(mut self) -> Result<Finding> {
        self.count(&[], true);
        if let Some(encoding) = self.marked() {
            return Ok(Finding::Reads(encoding));
        }
        let strange = self.nuls + self.controls + if self.nuls > 0 { self.bad } else { 0 };
        // One fault in twenty bytes is a damaged text; a single one is that in any.
        if strange > 1 && 20 * strange > self.bytes.max(20) {
            if self.nuls > 0
                && let Some(encoding) = unmarked_utf16(&self.head, 10 * self.bad > self.bytes)
            {
                return Ok(Finding::Reads(encoding));
            }
            if self.nuls > 0 || 10 * strange > self.bytes {
                return Err(Error::Data {
                    message:
                        "expected a plain text, found bytes that are none; choose a file that \
                              a text editor can show"
                            .into(),
                });
            }
        }
        match &self.first {
            Some(fault) if !self.is_utf8() => Ok(self.unclear(fault)),
            _ => Ok(Finding::Reads(Encoding::Utf8)),
        }
    }

    /// Whether the faults are single ones in what is UTF-8 otherwise.
    fn is_utf8(&self) -> bool {
        self.faults == 0
            || self.beyond >= 2 * self.faults
            || (self.cut && self.faults == 1 && self.beyond > 0)
    }

    fn unclear(&self, fault: &Fault) -> Finding {
        let words = format!(
            "expected text in UTF-8, found the byte 0x{:02X} at byte {} (line {}), which is none; it \
             is in an older encoding, such as windows-1252, or damaged there: save it as UTF-8, or say \
             which encoding it is in",
            fault.byte,
            grouped(fault.at + 1),
            grouped(fault.line)
        );
        Finding::Unclear {
            at: fault.at,
            words,
        }
    }

    /// The encoding that a byte-order mark names.
    fn marked(&self) -> Option<Encoding> {
        let head = self.head.as_slice();
        let whole = |encoding| {
            let mut words = head.as_chunks::<4>().0.iter().map(|&word| match encoding {
                Encoding::Utf32Le => u32::from_le_bytes(word),
                _ => u32::from_be_bytes(word),
            });
            words.all(|word| char::from_u32(word).is_some())
        };
        match head {
            [0xff, 0xfe, 0, 0, ..] if whole(Encoding::Utf32Le) => Some(Encoding::Utf32Le),
            [0, 0, 0xfe, 0xff, ..] if whole(Encoding::Utf32Be) => Some(Encoding::Utf32Be),
            [0xff, 0xfe, ..] => Some(Encoding::Utf16Le),
            [0xfe, 0xff, ..] => Some(Encoding::Utf16Be),
            [0xef, 0xbb, 0xbf, ..] => Some(Encoding::Utf8),
            _ => None,
        }
    }
}

/// UTF-16 without a mark. Read in the wrong order of bytes, or where it is none, it has characters
/// that no text has; and its zeros are halves of letters, blanks and line ends, or, where the bytes
/// are no UTF-8 either (`foreign`), of any character that ends in one.
fn unmarked_utf16(head: &[u8], foreign: bool) -> Option<Encoding> {
    let zeros = head.iter().filter(|&&byte| byte == 0).count();
    if zeros == 0 {
        // They come later, after what reads as a text: it is none.
        return None;
    }
    let reads = |encoding| {
        let units = head.as_chunks::<2>().0.iter().map(|&pair| match encoding {
            Encoding::Utf16Le => u16::from_le_bytes(pair),
            _ => u16::from_be_bytes(pair),
        });
        let (mut all, mut strange, mut plain, mut halves, mut usual) = (0, 0, 0, 0, 0);
        for c in char::decode_utf16(units) {
            all += 1;
            let Ok(c) = c else {
                strange += 1;
                continue;
            };
            let is_plain =
                matches!(c, '\t' | '\n' | '\r' | '\u{c}' | ' '..='~' | '\u{a0}'..='\u{ff}');
            let is_private = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}'..='\u{ffff}');
            plain += usize::from(is_plain);
            halves += usize::from(u32::from(c) % 256 == 0);
            strange += usize::from(is_private || (c.is_control() && !is_plain));
            usual += usize::from(
                is_plain
                    || c.is_alphanumeric()
                    || matches!(c, '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}'),
            );
        }
        let explained = plain + if foreign { halves } else { 0 };
        // The head may cut through the last character.
        let sound =
            all > 0 && 100 * (strange - strange.min(1)) <= all && 5 * explained >= 4 * zeros;
        sound.then_some((strange, all - usual, all - plain, encoding))
    };
    let both = [Encoding::Utf16Le, Encoding::Utf16Be]
        .into_iter()
        .filter_map(reads);
    let best = both.min_by_key(|&(strange, unusual, rest, _)| (strange, unusual, rest));
    best.map(|(.., encoding)| encoding)
}
