//! Reading a text: decoding, tidying, and remembering what was changed.

use super::utf8::{Part, Utf8};
use super::{Encoding, grouped};
use crate::error::{Error, Result};

/// Bytes that show as the replacement character, of which more than one in so many is no accident.
const DAMAGED: u64 = 50;

/// Takes a text piece by piece, wherever it is cut.
pub struct Intake {
    name: String,
    /// Whether a person said so: then it is read so, whatever comes out.
    chosen: bool,
    encoding: Option<Encoding>,
    utf8: Utf8,
    /// Bytes of a character that is not whole yet.
    held: Vec<u8>,
    /// The first half of a character of UTF-16.
    half: Option<u16>,
    bytes: u64,
    tidy: Tidy,
    /// Characters, and bytes, that could not be read.
    lost: u64,
    lost_bytes: u64,
    first: Option<(u8, u64, u64)>,
    begun: bool,
}

impl Intake {
    /// An intake of bytes in an [`Encoding`] by its name, or of what somebody else decodes from
    /// another one. `chosen` is whether a person said that it is this one.
    pub fn new(name: &str, chosen: bool) -> Self {
        Intake {
            name: name.into(),
            chosen,
            encoding: Encoding::of(name),
            utf8: Utf8::default(),
            held: Vec::new(),
            half: None,
            bytes: 0,
            tidy: Tidy::default(),
            lost: 0,
            lost_bytes: 0,
            first: None,
            begun: false,
        }
    }

    /// Whether it decodes bytes itself.
    pub fn decodes(&self) -> bool {
        self.encoding.is_some()
    }

    /// Takes the next bytes; gives the text that is sure by now.
    ///
    /// # Panics
    /// Where the encoding is not one that is decoded here.
    pub fn push(&mut self, bytes: &[u8], last: bool) -> String {
        let encoding = self.encoding.expect("an encoding that is decoded here");
        let mut out = String::with_capacity(bytes.len() + 4);
        match encoding {
            Encoding::Utf8 => self.push_utf8(bytes, last, &mut out),
            Encoding::Utf16Le | Encoding::Utf16Be => {
                self.push_words::<2>(bytes, last, &mut out, encoding)
            }
            Encoding::Utf32Le | Encoding::Utf32Be => {
                self.push_words::<4>(bytes, last, &mut out, encoding)
            }
        }
        if last {
            self.tidy.end(&mut out);
        }
        out
    }

    /// Takes the next piece of a text that was decoded elsewhere. Halves of characters are U+FFFD in
    /// it by then.
    pub fn push_text(&mut self, text: &str, last: bool) -> String {
        let mut out = String::with_capacity(text.len());
        if !self.begun {
            self.begun = !text.is_empty();
            self.put(text.strip_prefix('\u{feff}').unwrap_or(text), &mut out);
        } else {
            self.put(text, &mut out);
        }
        if !self.name.is_empty() {
            self.lost += text.matches('\u{fffd}').count() as u64;
        }
        if last {
            self.tidy.end(&mut out);
        }
        out
    }

    fn put(&mut self, text: &str, out: &mut String) {
        self.tidy.push(text, out);
    }

    fn push_utf8(&mut self, bytes: &[u8], last: bool, out: &mut String) {
        let mut utf8 = std::mem::take(&mut self.utf8);
        utf8.push(bytes, last, |part| match part {
            Part::Text(text) => {
                self.bytes += text.len() as u64;
                let mark = !self.begun && text.starts_with('\u{feff}');
                self.begun |= !text.is_empty();
                self.put(if mark { &text[3..] } else { text }, out);
            }
            Part::Bad(bytes, _) => {
                self.begun = true;
                self.lose(bytes[0], bytes.len(), out);
                self.bytes += bytes.len() as u64;
            }
        });
        self.utf8 = utf8;
    }

    /// Units of two or four bytes.
    fn push_words<const N: usize>(
        &mut self,
        bytes: &[u8],
        last: bool,
        out: &mut String,
        encoding: Encoding,
    ) {
        let bytes = [std::mem::take(&mut self.held).as_slice(), bytes].concat();
        let (words, rest) = bytes.as_chunks::<N>();
        for word in words {
            let big = matches!(encoding, Encoding::Utf16Be | Encoding::Utf32Be);
            let fold = |value: u32, &byte: &u8| value << 8 | u32::from(byte);
            let value = match big {
                true => word.iter().fold(0, fold),
                false => word.iter().rev().fold(0, fold),
            };
            match N {
                2 => self.push_unit(value as u16, out),
                _ => self.push_char(char::from_u32(value), out),
            }
            self.bytes += N as u64;
        }
        self.held = rest.to_vec();
        if last {
            if self.half.take().is_some() || !self.held.is_empty() {
                self.lose(0, 1, out);
            }
            self.held.clear();
        }
    }

    fn push_unit(&mut self, unit: u16, out: &mut String) {
        if let Some(high) = self.half.take() {
            match char::decode_utf16([high, unit]).next() {
                Some(Ok(c)) => return self.push_char(Some(c), out),
                _ => self.push_char(None, out),
            }
        }
        match unit {
            0xd800..0xdc00 => self.half = Some(unit),
            _ => self.push_char(char::from_u32(u32::from(unit)), out),
        }
    }

    fn push_char(&mut self, c: Option<char>, out: &mut String) {
        match c {
            Some('\u{feff}') if !self.begun => {}
            Some(c) => self.put(c.encode_utf8(&mut [0; 4]), out),
            None => self.lose(0, 2, out),
        }
        self.begun = true;
    }

    fn lose(&mut self, byte: u8, count: usize, out: &mut String) {
        let line = self.tidy.line + 1;
        self.first.get_or_insert((byte, self.bytes, line));
        self.lost += 1;
        self.lost_bytes += count as u64;
        self.put("\u{fffd}", out);
    }

    /// What a person should know of how the text was read; after the last piece.
    ///
    /// # Errors
    /// [`Error::Data`] when too much of it could not be read.
    pub fn notes(&self) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        // One fault alone is no sign of another encoding, unless there is hardly anything else.
        let single = self.lost == 1 && self.bytes >= 20;
        if !self.chosen && !single && DAMAGED * self.lost_bytes > self.bytes {
            return Err(Error::Data {
                message: format!(
                    "it begins as {} but does not go on so: it is damaged or cut short; save it \
                     again as UTF-8, or choose another file",
                    self.shown_name()
                ),
            });
        }
        if self.encoding != Some(Encoding::Utf8) && !self.name.is_empty() {
            notes.push(format!("Read as {}.", self.shown_name()));
        }
        notes.extend(self.lost_note());
        notes.extend(self.tidy.notes());
        Ok(notes)
    }

    fn lost_note(&self) -> Option<String> {
        let several = self.lost > 1;
        let shows = if several { "show" } else { "shows" };
        if self.lost == 0 {
            return None;
        }
        let Some((byte, at, line)) = self.first else {
            let what = if several { "characters" } else { "character" };
            return Some(format!(
                "{} {what} could not be read so and {shows} as \u{fffd}: perhaps it is in another \
                 encoding.",
                grouped(self.lost)
            ));
        };
        let place = format!("byte {}, line {}", grouped(at + 1), grouped(line));
        Some(match (self.encoding, several) {
            (Some(Encoding::Utf8), false) if self.lost_bytes == 1 => format!(
                "One byte of {} is no UTF-8 (0x{byte:02X} at {place}) and shows as \u{fffd}.",
                grouped(self.bytes)
            ),
            (Some(Encoding::Utf8), _) => format!(
                "{} bytes of {} are no UTF-8 (the first, 0x{byte:02X}, at {place}) and {} as \
                 \u{fffd}.",
                grouped(self.lost_bytes),
                grouped(self.bytes),
                if several { "show" } else { "show together" }
            ),
            (_, false) => {
                format!("One character could not be read (at {place}) and shows as \u{fffd}.")
            }
            (_, true) => format!(
                "{} characters could not be read (the first at {place}) and show as \u{fffd}.",
                grouped(self.lost)
            ),
        })
    }

    fn shown_name(&self) -> &str {
        match self.encoding {
            Some(Encoding::Utf8) => "UTF-8",
            Some(Encoding::Utf16Le | Encoding::Utf16Be) => "UTF-16",
            Some(Encoding::Utf32Le | Encoding::Utf32Be) => "UTF-32",
            None => &self.name,
        }
    }
}

/// One kind of line end, and no NUL.
#[derive(Default)]
struct Tidy {
    /// A CR whose LF may be still to come.
    held: bool,
    returns: bool,
    nuls: u64,
    first_nul: Option<(u64, u64)>,
    line: u64,
    column: u64,
}

impl Tidy {
    fn push(&mut self, text: &str, out: &mut String) {
        let mut rest = text;
        while !rest.is_empty() {
            if self.held {
                self.held = false;
                self.new_line(out);
                rest = rest.strip_prefix('\n').unwrap_or(rest);
                continue;
            }
            let end = rest.find(['\r', '\n', '\0']).unwrap_or(rest.len());
            out.push_str(&rest[..end]);
            self.column += rest[..end].chars().count() as u64;
            match rest.as_bytes().get(end) {
                Some(b'\n') => self.new_line(out),
                Some(b'\r') => {
                    self.held = true;
                    self.returns = true;
                }
                Some(_) => {
                    self.nuls += 1;
                    self.column += 1;
                    self.first_nul.get_or_insert((self.line + 1, self.column));
                }
                None => return,
            }
            rest = &rest[end + 1..];
        }
    }

    fn new_line(&mut self, out: &mut String) {
        out.push('\n');
        self.line += 1;
        self.column = 0;
    }

    fn end(&mut self, out: &mut String) {
        if std::mem::take(&mut self.held) {
            self.new_line(out);
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some((line, column)) = self.first_nul {
            let place = format!("line {}, character {}", grouped(line), grouped(column));
            notes.push(match self.nuls {
                1 => format!("One NUL character was taken out ({place})."),
                count => format!(
                    "{} NUL characters were taken out (the first in {place}).",
                    grouped(count)
                ),
            });
        }
        if self.returns {
            notes.push(
                "Its line ends were those of another system (CR LF or CR) and are read as plain \
                 line ends."
                    .into(),
            );
        }
        notes
    }
}
